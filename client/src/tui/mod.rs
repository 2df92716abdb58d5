//! The full screen.

mod files;
mod input;
mod painter;
mod run;
pub mod setup;
mod terminal;
pub mod theme;
mod view;

pub use run::{TerminalGuard, run};
