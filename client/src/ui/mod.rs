//! The ways in which people see it.

pub mod clock;
pub mod enter;
pub mod first;
pub mod plain;
pub mod signals;
pub mod tui;
