//! A real browser and the server: Debian's Chromium.

mod attacks;
mod page;

const PASSWORD: &str = "correct horse";
