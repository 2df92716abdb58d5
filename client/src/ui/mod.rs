//! The ways in which people see it.

mod clock;
pub mod enter;
pub mod first;
pub mod plain;
pub mod signals;
pub mod tui;
