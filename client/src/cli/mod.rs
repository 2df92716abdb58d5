//! The command line: arguments, configuration, what the last session was, and the launch.

pub mod args;
pub mod config;
mod error_hints;
mod last_session;
pub mod launch;
