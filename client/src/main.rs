//! `landline`: arguments, and what the exit code says: 0 left, 1 refused or unreachable, 2 bad usage.

mod args;
mod connection;
mod plain;

use args::Args;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let talk = || {
        let connection = connection::Connection::open(&args.server()?, &args.identity()?)?;
        plain::run(connection)
    };
    match talk() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("landline: {error:#}");
            ExitCode::from(if error.is::<args::BadUsage>() { 2 } else { 1 })
        }
    }
}
