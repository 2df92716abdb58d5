//! Measurements for docs/RELIABILITY.md, run by hand:
//! `cargo test --profile bench-guard -p landline-tests --test hostile -- --ignored --nocapture --test-threads=1`

use crate::{ChatProbe, logins, never_reads, probing, reconnect, silent};
use landline_tests::bench::{Histogram, Rounds};
use landline_tests::{TestServer, eventually};
use std::time::{Duration, Instant};

/// Gap between lines: 200 a second, as in a busy room.
const GAP: Duration = Duration::from_millis(5);

/// Measures the latency of lines while `holds` returns true, of a thousand lines at least.
fn line_times(chat: &mut ChatProbe, mut holds: impl FnMut() -> bool) -> Histogram {
    let mut times = Histogram::default();
    let mut lines = 0;
    while lines < 1_000 || holds() {
        let begun = Instant::now();
        chat.say();
        times.record(begun.elapsed());
        std::thread::sleep(GAP.saturating_sub(begun.elapsed()));
        lines += 1;
    }
    times
}

fn print(label: &str, times: &Histogram) {
    let at = |percent| times.percentile(percent).expect("times");
    println!("{label}: half of them {:?}, 99 of 100 {:?}, all {:?}", at(50), at(99), at(100));
}

#[test]
#[ignore = "a measurement"]
fn chat_and_sign_ins_beside_silent_connections() {
    for silent in [false, true] {
        let server = silent::patient_server(3_600);
        let mut chat = ChatProbe::new(&server);
        let _crowd = if silent { silent::crowd(&server) } else { Vec::new() };
        let condition = if silent { "with 1,500 silent connections" } else { "alone" };
        print(&format!("a line, {condition}"), &line_times(&mut chat, || false));
        let mut sign_ins = Histogram::default();
        for number in 0..200 {
            let begun = Instant::now();
            let client = silent::newcomer(&server, &format!("newcomer{number}"));
            sign_ins.record(begun.elapsed());
            client.quit();
        }
        print(&format!("a sign-in, {condition}"), &sign_ins);
    }
}

#[test]
#[ignore = "a measurement"]
fn chat_beside_logins() {
    let server = logins::server();
    let mut chat = ChatProbe::new(&server);
    print("a line, alone", &line_times(&mut chat, || false));
    let times = std::thread::scope(|scope| {
        let server = &server;
        let guesses = scope.spawn(move || {
            // Four rounds of 40 guesses at once, each round from its own addresses.
            for round in 0..4 {
                let mut guesses: Vec<_> = (0..40).map(|n| logins::guess(server, round * 40 + n)).collect();
                guesses.iter_mut().for_each(|guess| _ = logins::answer(guess));
            }
        });
        line_times(&mut chat, || !guesses.is_finished())
    });
    print("a line, beside 40 logins at a time", &times);
}

/// Pairs of rounds: one with a client that never reads, one without.
const PAIRS: usize = 24;
/// Rank of the confidence interval: the true median of 24 ratios lies between the 7th and the 18th with 97 % certainty.
const CERTAIN: usize = 6;
/// Duration of a round: long enough that the server usually disconnects the client that never reads.
const ROUND: Duration = Duration::from_secs(3);
const PERCENTS: [u64; 2] = [50, 99];

/// Runs a round. Returns the time until all members have received half, and 99 of 100, of the lines, in milliseconds.
/// Also returns whether the server has disconnected the client that never reads.
fn round(server: &TestServer, rounds: &mut Rounds, stalled: bool) -> ([f64; 2], bool) {
    let user_count = || server.server().context().hub.user_count();
    let slow_reader = stalled.then(|| rounds.stall().expect("one more"));
    let round = rounds.talk().expect("talk");
    assert!(round.verdict.is_exact(), "{:?}", round.verdict);
    let cut = stalled && user_count() == never_reads::MEMBERS;
    if let Some(slow_reader) = slow_reader {
        rounds.leave(slow_reader);
    }
    eventually("only members that read are left", || user_count() == never_reads::MEMBERS);
    (PERCENTS.map(|percent| round.all.percentile(percent).expect("lines").as_secs_f64() * 1e3), cut)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
#[ignore = "a measurement"]
fn latency_with_and_without_a_client_that_never_reads() {
    let server = TestServer::default();
    let mut rounds = never_reads::rounds(&server, ROUND);
    round(&server, &mut rounds, false);
    let mut pairs = Vec::new();
    let mut cut = 0;
    for pair in 0..PAIRS {
        let mut both = [[0.0; 2]; 2];
        // Alternate the order, so that other load on the machine affects both alike.
        for stalled in [pair % 2 == 1, pair % 2 == 0] {
            let (times, was_cut) = round(&server, &mut rounds, stalled);
            both[usize::from(stalled)] = times;
            cut += usize::from(was_cut);
        }
        pairs.push(both);
    }
    println!("in {PAIRS} pairs of rounds, the client that never reads was disconnected {cut} times");
    for (at, percent) in PERCENTS.into_iter().enumerate() {
        let [without, with] = [0, 1].map(|which| sorted(pairs.iter().map(|both| both[which][at]))[PAIRS / 2]);
        let ratios = sorted(pairs.iter().map(|[without, with]| with[at] / without[at]));
        let [low, median, high] = [CERTAIN, PAIRS / 2, PAIRS - 1 - CERTAIN].map(|rank| ratios[rank]);
        let [least, most] = [ratios[0], ratios[PAIRS - 1]];
        println!(
            "{percent} of 100: {without:.1} ms without, {with:.1} ms with (time until all members have a line, median);"
        );
        println!("  with / without {median:.3}, surely {low:.3} to {high:.3}; single pairs {least:.3} to {most:.3}");
    }
}

#[test]
#[ignore = "a measurement"]
fn wrong_passwords_by_name() {
    let [known, unknown, no_name] = probing::medians(&probing::server(), 101);
    println!("medians: an account {known:?}, no account {unknown:?}, no name {no_name:?}");
}

#[test]
#[ignore = "a measurement"]
fn two_hundred_clients_reconnect() {
    let mut server = reconnect::server();
    let mut programs = reconnect::gather(&server);
    for down in [0, 5, 60] {
        server.stop();
        std::thread::sleep(Duration::from_secs(down));
        server.restart();
        println!("after {down} s down, all clients were back {:?} later", reconnect::all_in(&server, &mut programs));
    }
}
