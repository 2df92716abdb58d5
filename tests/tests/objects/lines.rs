//! A9: messages of several lines, each of which counts for the rate.

use crate::JsonClient;
use landline_server::config::Config;
use landline_tests::TestServer;
use serde_json::json;
use std::time::Duration;

const CODE: &str = "def f(x):\n    if x:\n\n        return 1";

fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        config.lantalk_port = Some(0);
        change(config);
    })
}

fn lines(n: usize) -> String {
    vec!["x"; n].join("\n")
}

#[test]
fn a9_every_rendering_shows_several_lines() {
    let server = server(|_| {});
    let mut bob = server.guest("bob", "lobby");
    let mut lan = server.lantalk("lan");
    let mut tcp = server.unframed();
    tcp.exchange("tcp_lobby", "200");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let mut carol = JsonClient::guest(&server, "carol", "lobby");
    bob.until("carol has connected");
    let typed = "\n\ndef f(x):  \r\n\tif x:\n\n\t    return\t1\u{1b}[2J\n\n";
    let answer = alice.ask(&json!({"type": "say", "room": "lobby", "text": typed, "label": "1"}));
    assert_eq!((answer.len(), &answer[0]["text"]), (1, &json!(CODE)));
    assert_eq!(carol.until("message")["text"], CODE);
    for line in CODE.split('\n') {
        bob.expect(&format!("alice: {line}"));
    }
    let flat = "def f(x): if x: return 1";
    assert!(lan.until(r#"{"type":"message""#).ends_with(&format!(r#""text":"{flat}"}}"#)));
    while tcp.recv() != format!("alice - {flat}") {}
    for (to, object) in [
        ("[PM] alice: ", json!({"type": "pm", "to": "bob", "text": CODE})),
        ("[all] alice: ", json!({"type": "all", "text": CODE})),
    ] {
        alice.send(&object);
        for line in CODE.split('\n') {
            bob.expect(&format!("{to}{line}"));
        }
    }
}

#[test]
fn a9_each_line_counts_and_the_retry_time_covers_all_lines() {
    let server = server(|config| config.rate = Some((10, Duration::from_secs(3_600))));
    let mut bob = server.guest("bob", "lobby");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let say = |n: usize, label: &str| json!({"type": "say", "room": "lobby", "text": lines(n), "label": label});
    let cause = |program: &mut JsonClient, n: usize, label: &str| program.ask(&say(n, label))[0]["cause"].clone();
    assert_eq!(cause(&mut alice, 6, "1"), json!(null));
    let refused = alice.ask(&say(5, "2"));
    assert_eq!((&refused[0]["cause"], &refused[0]["done"]), (&json!("throttled"), &json!(true)));
    assert!(refused[0]["retry_ms"].as_u64().is_some_and(|ms| ms > 3_000_000), "{refused:?}");
    assert_eq!(cause(&mut alice, 4, "3"), json!(null));
    assert_eq!(cause(&mut alice, 1, "4"), "throttled");
    bob.until("alice has connected");
    assert_eq!([0; 10].map(|_| bob.line()), ["alice: x"; 10]);
    let mut carol = JsonClient::guest(&server, "carol", "lobby");
    assert_eq!(cause(&mut carol, 50, "1"), json!(null), "a message above the rate passes when nothing was sent lately");
    assert_eq!(cause(&mut carol, 1, "2"), "throttled");
    let mut dora = JsonClient::guest(&server, "dora", "lobby");
    let refused = dora.ask(&say(51, "1"));
    assert_eq!((&refused[0]["cause"], &refused[0]["count"]), (&json!("too_many_lines"), &json!(50)));
}

#[test]
fn a9_the_prefix_of_each_line_counts_for_the_address() {
    let server = server(|config| {
        config.rate = Some((1_000, Duration::from_secs(5)));
        config.max_clients_per_ip = Some(64);
        config.limits.address_bytes = 4_096;
        config.limits.address_said_seconds = 3_600;
    });
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let say = |label: &str| json!({"type": "say", "room": "lobby", "text": lines(50), "label": label});
    assert_eq!(alice.ask(&say("1"))[0]["type"], "message");
    assert_eq!(
        alice.ask(&say("2"))[0]["cause"],
        "throttled",
        "99 bytes become about 2,200 for clients that read lines"
    );
}
