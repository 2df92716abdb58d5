//! Line 4: somebody who joins sees nothing said before and everything after; whoever leaves, switches the room or the
//! format in the middle of the talk misses nothing and hears nothing twice.

use crate::flood::{Flood, Listen, number};
use crate::party::{ROOM, server};
use landline_tests::{Client, TestServer};

/// Numbers that follow each other without a gap or a double. Returns the first, if there is one.
#[track_caller]
fn contiguous(lines: &[String]) -> Option<usize> {
    let numbers: Vec<usize> = lines.iter().filter_map(|line| number(line)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    numbers.first().copied()
}

fn talk(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| client.until_talk()).collect()
}

/// In rooms whose speakers run the cycles, and in rooms that flushers serve.
fn both_ways(command: &str, test: impl Fn(&TestServer, &Flood)) {
    for inline in [16, 0] {
        let server = server(inline);
        Flood::during(&server, command, |flood| test(&server, flood));
    }
}

#[test]
fn line_4_who_signs_in_hears_everything_from_there_on() {
    both_ways("", |server, flood| {
        for _ in 0..40 {
            let before = flood.heard();
            let mut newcomer = server.guest("newcomer", ROOM);
            let after = flood.not_yet_said();
            let lines = talk(&mut newcomer, 100);
            let first = contiguous(&lines).unwrap();
            assert!(before <= first && first <= after, "{before} <= {first} <= {after}");
            newcomer.quit();
        }
    });
}

#[test]
fn line_4_who_joins_and_leaves_hears_what_was_said_in_between() {
    both_ways("", |server, flood| {
        let mut guest = server.guest("guest", "elsewhere");
        for _ in 0..40 {
            let before = flood.heard();
            guest.send(&format!("/join {ROOM}"));
            let early = guest.lines_to(&format!("INFO: You are in {ROOM} now"));
            assert_eq!(contiguous(&early), None, "talk of the room before the room");
            let mut lines = talk(&mut guest, 50);
            guest.send("/leave");
            lines.extend(guest.lines_to(&format!("INFO: You left {ROOM}")));
            assert!(contiguous(&lines).unwrap() >= before);
            guest.expect("INFO: You are in elsewhere now");
            flood.wait_for_more();
            let late = guest.lines_so_far();
            assert_eq!(contiguous(&late), None, "talk of a room that was left");
        }
    });
}

#[test]
fn line_4_the_prefix_flips_once_at_a_join() {
    both_ways("", |server, flood| {
        let prefix = format!("[{ROOM}] ");
        let mut guest = server.guest("guest", ROOM);
        let mut lines = talk(&mut guest, 20);
        for _ in 0..30 {
            guest.send("/join elsewhere");
            let flip = lines.len();
            lines.extend(guest.lines_to("INFO: You are in elsewhere now"));
            let far = lines[flip..].iter().position(|line| line.starts_with(&prefix)).map_or(lines.len(), |n| flip + n);
            lines.extend(talk(&mut guest, 20));
            assert!(lines[..far].iter().all(|line| !line.starts_with('[')));
            assert!(lines[far..].iter().all(|line| line.starts_with(&prefix)));
            contiguous(&lines);
            lines.drain(..lines.len() - 1);
            flood.wait_for_more();

            guest.send(&format!("/join {ROOM}"));
            lines.extend(guest.lines_to(&format!("INFO: You are in {ROOM} now")));
            let near = lines.iter().position(|line| !line.starts_with(&prefix)).unwrap_or(lines.len());
            lines.extend(talk(&mut guest, 20));
            assert!(lines[near..].iter().all(|line| !line.starts_with('[')));
            contiguous(&lines);
            lines.drain(..lines.len() - 1);
        }
    });
}

/// Switches the format to and fro. All talk before an acknowledgement is in one form, or already in the other; all talk
/// after it is in the other.
fn switch_formats(server: &TestServer) {
    let mut guest = server.guest("guest", ROOM);
    let mut lines = talk(&mut guest, 20);
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
            // Presence as well as talk.
            lines.push(guest.line());
        }
        assert!(lines[flip..].iter().all(is_new), "after {command}: {:#?}", &lines[flip..]);
        contiguous(&lines);
        lines.drain(..lines.len() - 1);
    }
}

#[test]
fn line_4_a_change_of_format_loses_nothing_and_holds_from_its_answer_on() {
    both_ways("", |server, _| switch_formats(server));
}

#[test]
fn line_4_a_change_of_format_holds_for_what_is_said_to_everybody_too() {
    both_ways("/all ", |server, _| switch_formats(server));
}

#[test]
fn line_4_a_change_of_format_holds_for_private_messages_too() {
    let server = server(0);
    let mut guest = server.guest("guest", ROOM);
    let mut bob = server.guest("bob", "elsewhere");
    guest.until("bob has connected");
    for round in 0..200 {
        let json = round % 2 == 0;
        bob.send_bytes(format!("/pm guest <{round}>\n").repeat(20).as_bytes());
        guest.send(if json { "format json" } else { "format text" });
        guest.until(if json { r#"{"type":"system","event":"format""# } else { "INFO: events" });
        bob.lines_so_far();
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
