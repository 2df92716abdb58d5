//! `--guard`: has the server become slower? It is compared to what the kernel takes for a bare send in the same run.

use super::host::Host;
use super::print::micros_each;
use anyhow::{Context, anyhow, bail};
use landline_server::config::History;
use landline_tests::bench::{CELLS, Judgement, Options, Target, WATCHED, Watched, floor, judge, run};
use std::time::Duration;

/// Each thing is measured so often, in turns, so that what else runs for a moment does not decide.
const ROUNDS: usize = 3;
/// As often at most, while something seems too slow: a machine may be busy for longer than a moment.
const MOST_ROUNDS: usize = 9;
/// How long the bare sends are measured in each round.
const SENDING: Duration = Duration::from_millis(300);
/// How long people talk in each round, of each cell.
const TALKING: Duration = Duration::from_secs(1);

/// Measures, prints a table, and says whether every cell costs what it may.
///
/// # Errors
/// It cannot be measured here, or a line was lost.
pub fn guard(options: &Options) -> anyhow::Result<bool> {
    if cfg!(debug_assertions) {
        bail!("a debug build is slow by itself; use cargo run --profile bench-guard");
    }
    let mut rounds = WATCHED.map(|_| Vec::new());
    let mut done = 0;
    loop {
        done += 1;
        let send = floor(SENDING)?;
        for (watched, rounds) in WATCHED.iter().zip(&mut rounds) {
            rounds.push((send, delivery(watched, options)?));
        }
        let judgements = WATCHED.iter().zip(&rounds).map(|(watched, rounds)| judge(watched, rounds));
        let judgements: Vec<Judgement> = judgements.collect();
        let over = judgements.iter().any(Judgement::is_over);
        if done >= MOST_ROUNDS || done >= ROUNDS && !over {
            print(&judgements, done);
            return Ok(!over);
        }
    }
}

fn print(judgements: &[Judgement], rounds: usize) {
    println!("{:<12}  {:>11}  {:>7}  {:>13}  {:>8}", "cell", "delivery us", "send us", "cost in sends", "at most");
    for (watched, judgement) in WATCHED.iter().zip(judgements) {
        let Judgement { send, delivery, cost, most } = judgement;
        let word = if judgement.is_over() { "  too slow" } else { "" };
        println!("{:<12}  {delivery:>11.3}  {send:>7.2}  {cost:>13.3}  {most:>8.3}{word}", watched.cell);
    }
    println!("CPU time, the least of {rounds} rounds");
}

/// The server's CPU time for one delivery of a cell, in microseconds.
fn delivery(watched: &Watched, options: &Options) -> anyhow::Result<f64> {
    let cell = CELLS.iter().find(|cell| cell.name == watched.cell);
    let cell = cell.ok_or_else(|| anyhow!("there is no cell called {}", watched.cell))?;
    let host = Host::start(cell.connections(), History::Off).context("starting a server")?;
    let target = Target { address: host.address, process: Some(host.process()), tag: String::new() };
    let figures = run(cell, &target, &Options { time: TALKING, ..*options })?;
    if !figures.verdict.is_exact() {
        bail!("{}: not every line arrived as it was said: {:?}", cell.name, figures.verdict);
    }
    let each = micros_each(figures.server.map(|spent| spent.cpu), &figures);
    each.context("the system does not say what CPU time a process has used; this works on Linux only")
}
