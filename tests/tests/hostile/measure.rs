//! The figures of docs/RELIABILITY.md, by hand:
//! `cargo test --profile bench-guard -p landline-tests --test hostile -- --ignored --nocapture --test-threads=1`

use crate::{Pair, logins, never_reads, probing, reconnect, silent};
use landline_tests::House;
use landline_tests::bench::{Histogram, Target};
use std::time::{Duration, Instant};

/// Lines a second, as in a busy room.
const GAP: Duration = Duration::from_millis(5);

/// How long lines take from one to the other while `holds`; at least a thousand.
fn chat(talk: &mut Pair, mut holds: impl FnMut() -> bool) -> Histogram {
    let (mut times, mut lines) = (Histogram::default(), 0);
    while lines < 1_000 || holds() {
        let begun = Instant::now();
        talk.say();
        times.record(begun.elapsed());
        std::thread::sleep(GAP.saturating_sub(begun.elapsed()));
        lines += 1;
    }
    times
}

fn print(what: &str, times: &Histogram) {
    let at = |percent| times.percentile(percent).expect("times");
    println!("{what}: half of them {:?}, 99 of 100 {:?}, all {:?}", at(50), at(99), at(100));
}

#[test]
#[ignore = "a measurement"]
fn chat_and_sign_ins_beside_silent_connections() {
    for silent in [false, true] {
        let house = silent::patient_house(3_600);
        let mut talk = Pair::new(&house);
        let _crowd = if silent { silent::crowd(&house) } else { Vec::new() };
        let with = if silent { "with 1,500 silent ones" } else { "alone" };
        print(&format!("a line, {with}"), &chat(&mut talk, || false));
        let mut sign_ins = Histogram::default();
        for number in 0..200 {
            let begun = Instant::now();
            let client = silent::newcomer(&house, &format!("newcomer{number}"));
            sign_ins.record(begun.elapsed());
            client.quit();
        }
        print(&format!("a sign-in, {with}"), &sign_ins);
    }
}

#[test]
#[ignore = "a measurement"]
fn chat_beside_logins() {
    let house = logins::house();
    let mut talk = Pair::new(&house);
    print("a line, alone", &chat(&mut talk, || false));
    let times = std::thread::scope(|scope| {
        let house = &house;
        let guesses = scope.spawn(move || {
            // Four times 40 at once; each from addresses of its own.
            for round in 0..4 {
                let mut guesses: Vec<_> = (0..40).map(|n| logins::guess(house, round * 40 + n)).collect();
                guesses.iter_mut().for_each(|guess| _ = logins::answer(guess));
            }
        });
        chat(&mut talk, || !guesses.is_finished())
    });
    print("a line, beside 40 logins at a time", &times);
}

#[test]
#[ignore = "a measurement"]
fn a_thousand_with_and_without_one_who_never_reads() {
    for round in 0..3 {
        for stalled in [false, true] {
            let house = House::default();
            let target = Target { address: house.address(), process: None, tag: String::new() };
            let figures = never_reads::talked(&target, stalled, Duration::from_secs(3));
            assert!(figures.verdict.is_exact(), "{:?}", figures.verdict);
            let what = if stalled { "with one who never reads" } else { "without" };
            print(&format!("{round}, all have heard a line, {what}, cut off: {:?}", figures.cut), &figures.all);
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn wrong_passwords_by_name() {
    let [known, unknown, no_name] = probing::medians(&probing::house(), 101);
    println!("medians: an account {known:?}, no account {unknown:?}, no name {no_name:?}");
}

#[test]
#[ignore = "a measurement"]
fn two_hundred_come_back() {
    let mut house = reconnect::house();
    let mut crew = reconnect::gather(&house);
    for down in [0, 5, 60] {
        house.stop();
        std::thread::sleep(Duration::from_secs(down));
        house.restart();
        println!("after {down} s down, all were back {:?} later", reconnect::all_in(&house, &mut crew));
    }
}
