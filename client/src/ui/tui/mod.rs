//! The full screen.

mod input;
mod run;
mod signals;
mod terminal;
pub mod theme;
mod view;

pub use run::run;
