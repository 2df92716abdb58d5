//! `landline`: arguments, and what the exit code says: 0 left or found, 1 refused, unreachable or none
//! found, 2 bad usage.

mod args;
mod connection;
mod discover;
mod plain;

use args::{Args, Task};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.task {
        None => talk(&args).map(|()| true),
        Some(Task::Discover(wanted)) => discover::run(wanted),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("landline: {error:#}");
            ExitCode::from(if error.is::<args::BadUsage>() { 2 } else { 1 })
        }
    }
}

fn talk(args: &Args) -> anyhow::Result<()> {
    let connection = connection::Connection::open(&args.server()?, &args.identity()?)?;
    plain::run(connection)
}
