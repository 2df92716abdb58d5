//! `--guard`: checks whether the server has become slower, by comparison with bare sends in the same run.

use super::host::Host;
use super::print::micros_each;
use anyhow::{Context, anyhow, bail};
use landline_server::config::History;
use landline_tests::bench::{BenchTarget, CELLS, Judgement, Options, WATCHED, Watched, floor, judge, run};
use std::time::Duration;

/// Minimum number of rounds. Sends and cells are measured in turns, so that a short load peak does not decide.
const MIN_ROUNDS: usize = 3;
/// Maximum number of rounds, used while a cell seems too slow: the machine may be busy for longer.
const MAX_ROUNDS: usize = 9;
/// Duration of the bare sends in each round.
const SEND_TIME: Duration = Duration::from_millis(300);
/// Duration of the talk of each cell in each round.
const TALK_TIME: Duration = Duration::from_secs(1);

/// Measures and prints a table. Returns whether the cost of each cell is within its limit.
///
/// # Errors
/// This is a debug build, the platform has no CPU times of processes, or a line was lost.
pub fn guard(options: &Options) -> anyhow::Result<bool> {
    if cfg!(debug_assertions) {
        bail!("a debug build is slow by itself; use cargo run --profile bench-guard");
    }
    let mut rounds = WATCHED.map(|_| Vec::new());
    let mut done = 0;
    loop {
        done += 1;
        let send = floor(SEND_TIME)?;
        for (watched, rounds) in WATCHED.iter().zip(&mut rounds) {
            rounds.push((send, delivery(watched, options)?));
        }
        let judgements = WATCHED.iter().zip(&rounds).map(|(watched, rounds)| judge(watched, rounds));
        let judgements: Vec<Judgement> = judgements.collect();
        let over = judgements.iter().any(Judgement::is_over);
        if done >= MAX_ROUNDS || done >= MIN_ROUNDS && !over {
            print(&judgements, done);
            return Ok(!over);
        }
    }
}

fn print(judgements: &[Judgement], rounds: usize) {
    println!("{:<12}  {:>11}  {:>7}  {:>13}  {:>8}", "cell", "delivery us", "send us", "cost in sends", "at most");
    for (watched, judgement) in WATCHED.iter().zip(judgements) {
        let Judgement { send, delivery, cost, most } = judgement;
        let note = if judgement.is_over() { "  too slow" } else { "" };
        println!("{:<12}  {delivery:>11.3}  {send:>7.2}  {cost:>13.3}  {most:>8.3}{note}", watched.cell);
    }
    println!("CPU time, the least of {rounds} rounds");
}

/// Runs a cell, and returns the server's CPU time for one delivery, in microseconds.
fn delivery(watched: &Watched, options: &Options) -> anyhow::Result<f64> {
    let cell = CELLS.iter().find(|cell| cell.name == watched.cell);
    let cell = cell.ok_or_else(|| anyhow!("unknown cell {}", watched.cell))?;
    let host = Host::start(cell.connections(), History::Off).context("starting a server")?;
    let target = BenchTarget { address: host.address, process: Some(host.process()), tag: String::new() };
    let figures = run(cell, &target, &Options { time: TALK_TIME, ..*options })?;
    if !figures.verdict.is_exact() {
        bail!("{}: some lines did not arrive as sent: {:?}", cell.name, figures.verdict);
    }
    let each = micros_each(figures.server.map(|spent| spent.cpu), &figures);
    each.context("the CPU time of the server is unknown; the guard works on Linux only")
}
