//! The command line: arguments, configuration file, the remembered last session, and the launch.

pub mod args;
pub mod config;
mod error_hints;
mod last_session;
pub mod launch;
mod prompts;
pub mod trust;
