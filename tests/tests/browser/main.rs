//! A real browser and the server: Debian's Chromium.

mod attacks;
mod load;
mod page;
mod pages;

const PASSWORD: &str = "correct horse";
