//! The full screen.

mod input;
mod run;
mod terminal;
pub mod theme;
mod view;

pub use run::run;
