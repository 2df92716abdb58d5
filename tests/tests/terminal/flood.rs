//! Ten thousand lines at once.

use crate::alice_and_bob;
use std::fs;
use std::time::{Duration, Instant};

const LINES: usize = 10_000;
/// The longest between a key and its echo, in a build that is not optimised and on a machine that tests keep busy.
const ECHO: Duration = Duration::from_millis(1_000);
/// With a full conversation.
const MEMORY_KB: u64 = 60 << 10;

#[test]
fn keys_are_echoed_while_a_room_is_flooded() {
    let (_house, mut alice, process, mut bob) = alice_and_bob(80, 24);
    let talk: String = (0..LINES).map(|i| format!("line {i} of a room in which very much is said\n")).collect();
    bob.send_bytes(talk.as_bytes());
    let mut typed = String::new();
    for letter in "abcdefghij".chars() {
        typed.push(letter);
        let begun = Instant::now();
        alice.press(&letter.to_string());
        alice.until("the echo of a key", |screen| screen.contents().contains(&format!("❯ {typed}")));
        assert!(begun.elapsed() < ECHO, "{letter} took {:?}", begun.elapsed());
    }
    alice.wait_for(&format!("line {} of", LINES - 1));
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb: u64 = memory.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).expect("a number");
        assert!(kb < MEMORY_KB, "{kb} kB");
    }
}
