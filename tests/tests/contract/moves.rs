//! Line 4: a user who joins a room receives nothing said before and everything after. A user who leaves, or switches
//! the room or the format during the talk, misses nothing and receives nothing twice.

use crate::flood::{Flood, Listen, number};
use crate::party::{ROOM, server};
use landline_tests::{Client, TestServer};

/// Checks that the numbers of talk lines have no gap and no double. Returns the first number, if there is one.
#[track_caller]
fn expect_contiguous(lines: &[String]) -> Option<usize> {
    let numbers: Vec<usize> = lines.iter().filter_map(|line| number(line)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    numbers.first().copied()
}

fn next_talk(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| client.until_talk()).collect()
}

/// Runs `test` beside a flood, once where speakers run a room's cycles and once where flushers do.
fn both_ways(command: &str, test: impl Fn(&TestServer, &Flood)) {
    for inline in [16, 0] {
        let server = server(inline);
        Flood::during(&server, command, |flood| test(&server, flood));
    }
}

#[test]
fn line_4_new_session_receives_all_later_lines() {
    both_ways("", |server, flood| {
        for _ in 0..40 {
            let before = flood.heard();
            let mut newcomer = server.guest("newcomer", ROOM);
            let after = flood.not_yet_said();
            let lines = next_talk(&mut newcomer, 100);
            let first = expect_contiguous(&lines).unwrap();
            assert!(before <= first && first <= after, "{before} <= {first} <= {after}");
            newcomer.quit();
        }
    });
}

#[test]
fn line_4_member_receives_the_lines_between_join_and_leave() {
    both_ways("", |server, flood| {
        let mut guest = server.guest("guest", "elsewhere");
        for _ in 0..40 {
            let before = flood.heard();
            guest.send(&format!("/join {ROOM}"));
            let early = guest.lines_to(&format!("INFO: You are in {ROOM} now"));
            assert_eq!(expect_contiguous(&early), None, "talk of the room before the client joined it");
            let mut lines = next_talk(&mut guest, 50);
            guest.send("/leave");
            lines.extend(guest.lines_to(&format!("INFO: You left {ROOM}")));
            assert!(expect_contiguous(&lines).unwrap() >= before);
            guest.expect("INFO: You are in elsewhere now");
            flood.wait_for_more();
            let late = guest.drain_lines();
            assert_eq!(expect_contiguous(&late), None, "talk of the room after the client left it");
        }
    });
}

#[test]
fn line_4_room_prefix_changes_once_per_join() {
    both_ways("", |server, flood| {
        let prefix = format!("[{ROOM}] ");
        let mut guest = server.guest("guest", ROOM);
        let mut lines = next_talk(&mut guest, 20);
        for _ in 0..30 {
            guest.send("/join elsewhere");
            let flip = lines.len();
            lines.extend(guest.lines_to("INFO: You are in elsewhere now"));
            let marked =
                lines[flip..].iter().position(|line| line.starts_with(&prefix)).map_or(lines.len(), |n| flip + n);
            lines.extend(next_talk(&mut guest, 20));
            assert!(lines[..marked].iter().all(|line| !line.starts_with('[')));
            assert!(lines[marked..].iter().all(|line| line.starts_with(&prefix)));
            expect_contiguous(&lines);
            lines.drain(..lines.len() - 1);
            flood.wait_for_more();

            guest.send(&format!("/join {ROOM}"));
            lines.extend(guest.lines_to(&format!("INFO: You are in {ROOM} now")));
            let unmarked = lines.iter().position(|line| !line.starts_with(&prefix)).unwrap_or(lines.len());
            lines.extend(next_talk(&mut guest, 20));
            assert!(lines[unmarked..].iter().all(|line| !line.starts_with('[')));
            expect_contiguous(&lines);
            lines.drain(..lines.len() - 1);
        }
    });
}

/// Switches the format back and forth. Lines before an acknowledgment may be in either format, but never return to the
/// old one. All lines after it are in the new format.
fn switch_formats(server: &TestServer) {
    let mut guest = server.guest("guest", ROOM);
    let mut lines = next_talk(&mut guest, 20);
    let formats = [
        ("format json", r#"{"type":"system","event":"format","text":"json"}"#, true),
        ("format text", "INFO: events come as text now", false),
    ];
    for (command, answer, json) in formats.into_iter().cycle().take(60) {
        guest.send(command);
        lines.extend(guest.lines_to(answer));
        let is_new = |line: &String| line.starts_with('{') == json;
        let flip = lines.iter().position(is_new).unwrap_or(lines.len());
        for _ in 0..20 {
            // Presence lines count as well as talk.
            lines.push(guest.line());
        }
        assert!(lines[flip..].iter().all(is_new), "after {command}: {:#?}", &lines[flip..]);
        expect_contiguous(&lines);
        lines.drain(..lines.len() - 1);
    }
}

#[test]
fn line_4_format_change_loses_no_room_line() {
    both_ways("", |server, _| switch_formats(server));
}

#[test]
fn line_4_format_change_loses_no_global_line() {
    both_ways("/all ", |server, _| switch_formats(server));
}

#[test]
fn line_4_format_change_covers_direct_messages() {
    let server = server(0);
    let mut guest = server.guest("guest", ROOM);
    let mut bob = server.guest("bob", "elsewhere");
    guest.until("bob has connected");
    for round in 0..200 {
        let json = round % 2 == 0;
        bob.send_bytes(format!("/pm guest <{round}>\n").repeat(20).as_bytes());
        guest.send(if json { "format json" } else { "format text" });
        guest.until(if json { r#"{"type":"system","event":"format""# } else { "INFO: events" });
        bob.drain_lines();
        guest.send("/ping done");
        loop {
            let line = guest.line();
            assert_eq!(line.starts_with('{'), json, "{line}");
            if line.contains("done") {
                break;
            }
        }
    }
}
