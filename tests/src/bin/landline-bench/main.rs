//! `landline-bench`: measures how much load a server carries, and checks that each line arrives exactly once. See
//! docs/PERFORMANCE.md.

mod args;
mod guard;
mod host;
mod print;

use anyhow::{Context, bail};
use args::{BenchArgs, BenchTask};
use clap::Parser;
use host::Host;
use landline_tests::bench::{BenchTarget, Cell, CellKind, Figures, open_files, run};
use print::{Measured, Printer};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = BenchArgs::parse();
    let done = match args.task {
        Some(BenchTask::Serve { clients, history }) => host::serve(clients, history).map(|()| true),
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

/// Runs the selected cells. Returns false if one of them failed or had errors.
fn measure(args: &BenchArgs) -> anyhow::Result<bool> {
    if cfg!(debug_assertions) {
        eprintln!("landline-bench: this is a debug build; its figures are meaningless. Use cargo run --release");
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

/// Runs a cell. If a client in it never reads, first runs the cell without that client, for comparison.
fn measured(args: &BenchArgs, number: usize, cell: &Cell) -> anyhow::Result<Measured> {
    let calm = cell.calm().map(|calm| once(args, &format!("{number}c"), &calm)).transpose()?;
    let (cell, figures, note) = once(args, &number.to_string(), cell)?;
    Ok(Measured { cell, figures, calm: calm.map(|(_, figures, _)| figures), note })
}

/// Runs a cell once, with fewer clients if not all fit. Returns the cell as run, its figures, and a note in that case.
fn once(args: &BenchArgs, number: &str, cell: &Cell) -> anyhow::Result<(Cell, Figures, Option<String>)> {
    let ours = (open_files(), "the limit on open files (ulimit -n)");
    if let Some(address) = args.address {
        let (cell, note) = fitting(cell, ours)?;
        let tag = format!("-{}-{number}", std::process::id());
        let target = BenchTarget { address, process: args.server_pid, tag };
        let figures = run(&cell, &target, &args.options())?;
        return Ok((cell, figures, note));
    }
    let host = Host::start(cell.connections(), args.history).context("starting a server")?;
    let (cell, note) = fitting(cell, ours.min((host.clients, &host.why)))?;
    let target = BenchTarget { address: host.address, process: Some(host.process()), tag: String::new() };
    let figures = run(&cell, &target, &args.options())?;
    Ok((cell, figures, note))
}

/// Returns the cell with at most `places` connections, and a note if that is fewer. `why` names the limit.
fn fitting(cell: &Cell, (places, why): (usize, &str)) -> anyhow::Result<(Cell, Option<String>)> {
    let needed = cell.connections();
    if needed <= places {
        return Ok((cell.clone(), None));
    }
    if matches!(cell.kind, CellKind::Talk { .. }) || places < 2 {
        bail!("{} needs {needed} connections, but {why} allows {places}; raise that limit", cell.name);
    }
    Ok((cell.of(places), Some(format!("only {places} of {needed} clients fit: {why}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_tests::bench::CELLS;

    #[test]
    fn reduces_a_cell_to_the_limit_with_a_note() {
        let cell = |name: &str| CELLS.iter().find(|cell| cell.name == name).unwrap();
        let (fits, note) = fitting(cell("join-5000"), (5_000, "x")).unwrap();
        assert_eq!((fits.members, note), (5_000, None));
        let (fewer, note) = fitting(cell("idle-10000"), (900, "the limit on x")).unwrap();
        assert_eq!((fewer.members, fewer.label()), (900, "idle-900".to_owned()));
        assert!(note.unwrap().contains("900 of 10000 clients fit: the limit on x"));
        let error = fitting(cell("stalled"), (100, "the limit on x")).unwrap_err().to_string();
        assert!(error.contains("101") && error.contains("the limit on x allows 100"), "{error}");
    }
}
