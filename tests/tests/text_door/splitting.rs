//! The network may split a client's bytes anywhere without changing their meaning.

use landline_tests::TestServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use std::time::Duration;

/// The limit of a line in bytes, low so that short scripts reach it.
const LINE_BYTES: u64 = 200;
/// Pause after a write, so that the server mostly reads it by itself.
const PAUSE: Duration = Duration::from_micros(200);
const MOST_PAUSES: usize = 300;
const SIGN_IN: &[u8] = b"alice_room\n";

/// Generates any byte but the one that begins a telnet command: the answers to these are no lines.
fn byte() -> impl Strategy<Value = u8> {
    0..0xff_u8
}

/// Generates a line with its end: talk, commands, invalid UTF-8, or a too long line.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let content = prop_oneof![
        4 => "[ a-zäß€𝄞\t]{0,30}".prop_map(String::into_bytes),
        2 => prop::collection::vec(byte().prop_filter("a line", |b| *b != b'\n'), 0..40),
        2 => prop::sample::select(vec!["/ping x", "/join ops", "/leave", "/nope", "/who", "format json", "alice: hi"])
            .prop_map(|command| command.as_bytes().to_vec()),
        1 => (190usize..210, "[xü]").prop_map(|(n, c)| c.repeat(n).into_bytes()),
        1 => (0usize..9_000).prop_map(|n| vec![b'x'; n]),
    ];
    let end = prop::sample::select(vec![&b"\n"[..], b"\r\n", b"\n\n", b"\r\r\n"]);
    (content, end).prop_map(|(mut line, end)| {
        line.extend_from_slice(end);
        line
    })
}

/// Generates a sign-in, some lines, and a last line that may lack its end.
fn script() -> impl Strategy<Value = Vec<u8>> {
    let last = prop::collection::vec(byte(), 0..10);
    (prop::collection::vec(line(), 0..30), last).prop_map(|(lines, last)| [SIGN_IN, &lines.concat(), &last].concat())
}

/// Splits `bytes` into writes of these lengths, cyclically. The first write is chosen so that the client stays framed.
fn cut<'b>(bytes: &'b [u8], first: usize, lengths: &[usize]) -> Vec<&'b [u8]> {
    let first = if first == 1 { 1 } else { first.max(SIGN_IN.len()).min(bytes.len()) };
    let (head, mut rest) = bytes.split_at(first);
    let mut writes = vec![head];
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (write, more) = rest.split_at(rest.len().min(*length));
        writes.push(write);
        rest = more;
    }
    writes
}

/// Returns the lines that the sender of these writes and another user in the room receive.
fn transcript(test_server: &TestServer, writes: &[&[u8]]) -> [Vec<String>; 2] {
    let mut watcher = test_server.guest("watcher", "room");
    let mut alice = test_server.connect();
    for (i, write) in writes.iter().enumerate() {
        alice.send_bytes(write);
        if i < MOST_PAUSES {
            std::thread::sleep(PAUSE);
        }
    }
    alice.end_sending();
    let own = std::iter::from_fn(|| alice.next_line()).map(|line| without_times(&line)).collect();
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "alice has left the chatroom") {
        heard.push(watcher.line());
    }
    watcher.quit();
    [own, heard]
}

/// Removes times and ids, which differ between runs.
fn without_times(line: &str) -> String {
    let Ok(Value::Object(mut object)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    for field in ["at", "ts", "id"] {
        object.remove(field);
    }
    Value::Object(object).to_string()
}

#[test]
fn splitting_of_writes_does_not_change_the_result() {
    let test_server = TestServer::new(|config| {
        config.limits.line_bytes = LINE_BYTES;
        // A long silence limit, so that a pause on a busy machine does not count as silence.
        config.limits.unframed_quiet_ms = 20_000;
    });
    let cuts = (prop_oneof![Just(1usize), 11usize..2_000], prop::collection::vec(1usize..600, 1..8));
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let run = runner.run(&(script(), cuts), |(bytes, (first, lengths))| {
        let at_once = transcript(&test_server, &[&bytes]);
        prop_assert_eq!(transcript(&test_server, &cut(&bytes, first, &lengths)), at_once);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
