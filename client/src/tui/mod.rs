//! The presenter of the full screen: reads keys, runs the loop around the pure model in `chat`, and draws its state.

mod files;
mod input;
mod painter;
mod run;
pub mod setup;
mod terminal;
pub mod theme;
mod view;

pub use run::{ScreenOptions, TerminalGuard, run};
