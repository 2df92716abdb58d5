//! `landline`: arguments, and what the exit code says: 0 left or found, 1 refused, unreachable or none
//! found, 2 bad usage.

mod args;
mod connection;
mod discover;
mod link;
mod model;
mod plain;
mod ui;

use args::{Args, Task};
use clap::Parser;
use model::Settings;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use ui::tui::theme::{Depth, Palette, Theme, depth};

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

/// The full screen where there is one; lines where something else reads or writes.
fn talk(args: &Args) -> anyhow::Result<()> {
    let (server, who) = (args.server()?, args.identity()?);
    if !args.plain && io::stdin().is_terminal() && io::stdout().is_terminal() {
        let settings = Settings { bell: args.bell, notify: args.notify };
        return ui::tui::run(&server, who, settings, theme(args));
    }
    let connection = connection::Connection::open(&server, &who)?;
    plain::run(connection)
}

fn theme(args: &Args) -> Theme {
    let variable = |name| std::env::var(name).ok();
    let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
    match depth(no_color.as_deref(), colorterm.as_deref(), term.as_deref()) {
        Some(depth) if !args.no_color => Theme::new(args.theme, depth),
        _ => Theme::new(Palette::Mono, Depth::Sixteen),
    }
}
