//! JSON output for programs.

use crate::{landline, outcome, piped};
use landline_tests::{Program, TestServer};
use serde_json::Value;
use std::process::Stdio;

#[test]
fn json_events_are_printed_as_sent_by_the_server() {
    let test_server = TestServer::default();
    let mut reference = test_server.connect();
    reference.send("format json");
    reference.send("ref_lobby");
    reference.until("{\"type\":\"auth_ok\"");
    let mut bot = Program::start(landline(&test_server, "bot").arg("--json"), Stdio::piped());
    let welcome: Value = serde_json::from_str(&bot.line().expect("a line")).expect("JSON");
    assert_eq!(
        (&welcome["type"], &welcome["username"], &welcome["room"]),
        (&"auth_ok".into(), &"bot".into(), &"lobby".into())
    );
    reference.until("{\"type\":\"system\"");
    let mut bob = test_server.guest("bob", "lobby");
    bob.send("hello \"bot\"");
    bob.send("/all grüße 日本");
    bot.type_line("my own");
    for _ in 0..4 {
        let line = bot.line().expect("a line");
        assert_eq!(line, reference.line());
    }
    bob.send("/pm bot psst");
    let direct: Value = serde_json::from_str(&bot.line().expect("a line")).expect("JSON");
    assert_eq!((&direct["type"], &direct["from_user"]), (&"pm".into(), &"bob".into()));
    bot.type_line("/pm nobody x");
    let refused: Value = serde_json::from_str(&bot.line().expect("a line")).expect("JSON");
    assert_eq!((&refused["type"], &refused["code"]), (&"error".into(), &404.into()));
}

#[test]
fn script_gets_its_own_message_with_an_id() {
    let test_server = TestServer::default();
    let (code, printed, complaint) = outcome(&piped(landline(&test_server, "ci").arg("--json"), "built\n"));
    assert_eq!((code, &*complaint), (0, ""));
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[1]["text"]), (2, &"built".into()));
    assert!(lines[1]["id"].as_u64().is_some_and(|id| id > 0));
}

#[test]
fn d6_scripts_send_command_objects() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    let objects = "{\"type\":\"say\",\"room\":\"lobby\",\"text\":\"one\\ntwo\",\"label\":\"mine\"}\n\
                   {\"type\":\"pm\",\"to\":\"nobody\",\"text\":\"x\",\"label\":\"other\"}\nplain talk\n";
    let (code, printed, complaint) = outcome(&piped(landline(&test_server, "bot").arg("--json"), objects));
    assert!(code == 1 && complaint.contains("1 line was refused"), "{complaint}");
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let labelled = |label: &str| lines.iter().find(|line| line["label"] == label).expect("an answer");
    assert_eq!((&labelled("mine")["text"], &labelled("mine")["done"]), (&"one\ntwo".into(), &true.into()));
    assert_eq!(labelled("other")["cause"], "no_such_user");
    assert_eq!(lines.iter().filter(|line| !line["label"].is_null()).count(), 2, "others have none: {printed}");
    for line in ["bot has connected to the chatroom", "bot: one", "bot: two", "bot: plain talk"] {
        bob.expect(line);
    }
}
