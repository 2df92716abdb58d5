//! Old messages are shown in the local time that was valid at their date, also across a change to or from summer time.

use crate::{folder, guest, server, start, stop};
use landline_tests::{Program, Terminal};
use std::fs;

/// Central European time as a POSIX rule, so that no zone database is needed.
const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// One message in winter and one in summer, both on the previous day in UTC. In any season, one of them has another
/// offset than now.
const MESSAGES: &str = r#"{"id":1700000000001000,"at":"2026-01-09T23:30:00.000Z","offset_s":0,"room":"lobby","user":"ann","text":"in winter"}
{"id":1700000000002000,"at":"2026-07-01T22:30:00.000Z","offset_s":0,"room":"lobby","user":"ann","text":"in summer"}
"#;

#[test]
fn d9_messages_are_shown_in_the_local_time_of_their_date() {
    let folder = folder();
    let (data, file) = (folder.path().join("data"), folder.path().join("export.jsonl"));
    fs::write(&file, MESSAGES).expect("a file");
    let import = Program::server().arg("import").arg(&file).arg("--data").arg(&data).output().expect("running it");
    assert!(import.status.success(), "{import:?}");
    let (mut program, address) = start(server(&data).env("TZ", ZONE));

    let mut bob = guest(address, "bob");
    bob.send("/join lobby");
    bob.send("/history");
    bob.until("[lobby 2026-01-10 00:30] ann: in winter");
    bob.expect("[lobby 2026-07-02 00:30] ann: in summer");
    bob.send("/search summer");
    bob.until("[lobby 2026-07-02 00:30] ann: in *summer*");
    bob.send("format json");
    bob.send("/history");
    let winter = std::iter::repeat_with(|| bob.line()).find(|line| line.contains("in winter")).expect("the message");
    assert!(winter.contains("\"ts\":\"00:30\""), "{winter}");

    let mut terminal = Terminal::new(80, 24);
    let mut command = Program::client();
    command.args([&address.to_string(), "--name", "alice"]).env("TZ", ZONE);
    terminal.run(&command, "");
    terminal.until("days and times of their own moments", |screen| {
        let rows: Vec<String> = screen.rows(0, 80).collect();
        let at = |text: &str| rows.iter().position(|row| row.contains(text));
        let below = |day: &str, text: &str| at(day).is_some_and(|row| at(text) == Some(row + 1));
        below("Saturday 2026-01-10", "in winter")
            && below("Thursday 2026-07-02", "in summer")
            && rows.iter().filter(|row| row.contains("00:30")).count() == 2
    });
    stop(&mut program);
}
