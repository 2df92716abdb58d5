//! The full screen.

mod files;
pub mod first;
mod input;
mod painter;
mod run;
mod terminal;
pub mod theme;
mod view;

pub use run::{Taken, run};
