//! docs/PROTOCOL.md is correct: the tests replay its transcripts, and compare its table of causes with the code.

use landline_common::Cause;
use landline_common::command::commands;
use landline_tests::{Client, TestServer};
use serde_json::{Map, Value, json};
use std::time::Duration;

fn protocol() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");
    std::fs::read_to_string(file).expect("docs/PROTOCOL.md")
}

/// Reads an object, with fixed values for fields that differ each time. A line of text stays as it is.
fn normalized(line: &str) -> Value {
    if !line.starts_with('{') {
        return line.into();
    }
    let mut fields: Map<String, Value> = serde_json::from_str(line).expect("an object");
    for (field, value) in &mut fields {
        match (field.as_str(), &value) {
            ("ts", _) => *value = json!("14:22"),
            ("at", _) => *value = json!(1_795_271_000_123_u64),
            ("id", _) => *value = json!(42),
            ("token", _) => *value = json!("0123456789abcdef0123456789abcdef"),
            ("next" | "text", Value::String(text)) if text.contains("/history before ") => {
                let (before, _) = text.split_once("/history before ").expect("an id");
                *value = json!(format!("{before}/history before 42"));
            }
            _ => {}
        }
    }
    Value::Object(fields)
}

/// Sends the lines with `>` and compares the answers with the lines with `<`.
fn replay(client: &mut Client, transcript: &str) {
    for line in transcript.lines() {
        match line.split_at(2) {
            ("> ", sent) => client.send(sent),
            ("< ", expected) => assert_eq!(normalized(&client.line()), normalized(expected), "{line}"),
            _ => panic!("{line}"),
        }
    }
}

#[test]
fn transcripts_of_the_protocol_are_correct() {
    let protocol = protocol();
    let transcripts = protocol.split("```transcript\n").skip(1).map(|part| part.split("```").next().unwrap());
    let mut played = 0;
    for transcript in transcripts {
        let server = TestServer::new(|config| config.rate = Some((10, Duration::from_secs(5))));
        replay(&mut server.connect(), transcript);
        played += 1;
    }
    assert!(played >= 2);
}

#[test]
fn protocol_lists_every_command() {
    let protocol = protocol();
    for spec in commands() {
        let word = spec.word();
        let object = word.replace('-', "_");
        let is_listed = [format!("`/{word}`"), format!("`/{word} "), format!("`{object}`")];
        assert!(is_listed.iter().any(|form| protocol.contains(form)), "docs/PROTOCOL.md lacks /{word}");
    }
}

#[test]
fn protocol_lists_every_cause() {
    let protocol = protocol();
    for cause in Cause::all().filter(|cause| *cause != Cause::Other) {
        let code = cause.code().map_or(String::new(), |code| code.to_string());
        let row = format!("| `{}` | {code} | {} |\n", cause.as_str(), cause.template());
        assert!(protocol.contains(&row), "docs/PROTOCOL.md lacks {row}");
    }
}
