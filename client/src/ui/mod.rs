//! The ways in which people see it.

pub mod tui;
