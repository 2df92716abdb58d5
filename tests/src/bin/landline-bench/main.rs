//! `landline-bench`: how much a server carries, with exact accounts. See docs/PERFORMANCE.md.

mod args;
mod guard;
mod host;
mod print;

use anyhow::{Context, bail};
use args::{Args, Task};
use clap::Parser;
use host::Host;
use landline_tests::bench::{Cell, Figures, Kind, Target, open_files, run};
use print::{Measured, Printer};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.task {
        Some(Task::Serve { clients, history }) => host::serve(clients, history).map(|()| true),
        None if args.guard => guard::guard(&args.options()),
        None => measure(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("landline-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cells that were asked for. False when one of them failed, or not everything was right in it.
fn measure(args: &Args) -> anyhow::Result<bool> {
    if cfg!(debug_assertions) {
        eprintln!("landline-bench: this is a debug build; its figures mean nothing. Use cargo run --release");
    }
    let mut printer = Printer::new(args.json, args.text_bytes);
    let mut all_right = true;
    for (number, cell) in args.cells().into_iter().enumerate() {
        match measured(args, number, &cell) {
            Ok(measured) => {
                all_right &= measured.is_exact();
                printer.figures(&measured);
            }
            Err(error) => {
                all_right = false;
                printer.failure(&cell, &error);
            }
        }
    }
    Ok(all_right)
}

/// Runs a cell; if somebody in it never reads, once more without them.
fn measured(args: &Args, number: usize, cell: &Cell) -> anyhow::Result<Measured> {
    let calm = cell.calm().map(|calm| once(args, &format!("{number}c"), &calm)).transpose()?;
    let (cell, figures, note) = once(args, &number.to_string(), cell)?;
    Ok(Measured { cell, figures, calm: calm.map(|(_, figures, _)| figures), note })
}

/// Runs a cell, with as many people as there is place for, and says if that is fewer.
fn once(args: &Args, number: &str, cell: &Cell) -> anyhow::Result<(Cell, Figures, Option<String>)> {
    let ours = (open_files(), "the limit on open files (ulimit -n)");
    if let Some(address) = args.address {
        let (cell, note) = fitting(cell, ours)?;
        let tag = format!("-{}-{number}", std::process::id());
        let target = Target { address, process: args.server_pid, tag };
        let figures = run(&cell, &target, &args.options())?;
        return Ok((cell, figures, note));
    }
    let host = Host::start(cell.connections(), args.history).context("starting a server")?;
    let (cell, note) = fitting(cell, ours.min((host.clients, &host.why)))?;
    let target = Target { address: host.address, process: Some(host.process()), tag: String::new() };
    let figures = run(&cell, &target, &args.options())?;
    Ok((cell, figures, note))
}

/// The cell with at most as many people as there are places, and a word about what sets that bound.
fn fitting(cell: &Cell, (places, why): (usize, &str)) -> anyhow::Result<(Cell, Option<String>)> {
    let needed = cell.connections();
    if needed <= places {
        return Ok((cell.clone(), None));
    }
    if matches!(cell.kind, Kind::Talk { .. }) || places < 2 {
        bail!("{} needs {needed} connections, and {why} allows {places}: raise that", cell.name);
    }
    Ok((cell.of(places), Some(format!("only {places} of {needed} people fit: {why}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_tests::bench::CELLS;

    #[test]
    fn fewer_people_come_where_fewer_fit_and_that_is_said() {
        let cell = |name: &str| CELLS.iter().find(|cell| cell.name == name).unwrap();
        let (fits, note) = fitting(cell("join-5000"), (5_000, "x")).unwrap();
        assert_eq!((fits.members, note), (5_000, None));
        let (fewer, note) = fitting(cell("idle-10000"), (900, "the limit on x")).unwrap();
        assert_eq!((fewer.members, fewer.label()), (900, "idle-900".to_owned()));
        assert!(note.unwrap().contains("900 of 10000 people fit: the limit on x"));
        let error = fitting(cell("stalled"), (100, "the limit on x")).unwrap_err().to_string();
        assert!(error.contains("101") && error.contains("the limit on x allows 100"), "{error}");
    }
}
