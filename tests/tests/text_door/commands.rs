//! Commands of signed-in text clients.

use landline_common::command::{Audience, commands};
use landline_tests::{Client, TestServer};
use serde_json::Value;

/// Returns alice and bob, signed in to the room `room`.
fn alice_and_bob(test_server: &TestServer) -> (Client, Client) {
    let mut alice = test_server.guest("alice", "room");
    let bob = test_server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    (alice, bob)
}

/// Asserts the exact answer to each line.
#[track_caller]
fn expect_answers(client: &mut Client, cases: &[(&str, &str)]) {
    for (line, answer) in cases {
        client.send(line);
        assert_eq!(client.line(), *answer, "{line}");
    }
    client.expect_nothing();
}

/// Asserts that each line is refused with this code. Returns the refusals.
#[track_caller]
fn expect_refusals(client: &mut Client, code: u16, lines: &[&str]) -> Vec<String> {
    let mut refusals = Vec::new();
    for line in lines {
        client.send(line);
        let answer = client.line();
        assert!(answer.starts_with(&format!("ERROR: {code} ")), "{line}: {answer}");
        refusals.push(answer);
    }
    client.expect_nothing();
    refusals
}

#[test]
fn lists() {
    let test_server = TestServer::default();
    let (alice, bob) = alice_and_bob(&test_server);
    let mut carol = test_server.guest("carol", "Ops");
    let global = "Online clients: alice, bob, carol";
    expect_answers(
        &mut carol,
        &[
            ("online clients", global),
            ("Online Clients", global),
            ("/users", global),
            ("/MEMBERS", global),
            ("/who", global),
            ("whoelse", "Online clients: alice, bob"),
            ("/others", "Online clients: alice, bob"),
            ("/who room", "In room: alice, bob"),
            ("/who oPS", "In Ops: carol"),
            ("/rooms", "Rooms: Ops (1), room (2)"),
            ("/chats", "Private chats: none"),
        ],
    );
    expect_refusals(&mut carol, 404, &["/who nowhere", "/who no_where"]);
    bob.quit();
    alice.quit();
    carol.until("alice has left the chatroom");
    expect_answers(&mut carol, &[("whoelse", "Online clients: none"), ("/rooms", "Rooms: Ops (1)")]);
}

#[test]
fn ping_and_help() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "lobby");
    expect_answers(&mut alice, &[("/ping", "PONG"), ("/ping x", "PONG x"), ("/PING a b", "PONG a b")]);
    for help in ["help", "/help", "HELP", "/?"] {
        alice.send(help);
        let lines = alice.drain_lines();
        assert!((8..=12).contains(&lines.len()), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("/help all")), "{lines:?}");
    }
    alice.send("/help all");
    let lines = alice.drain_lines();
    for topic in commands().filter(|topic| topic.audience == Audience::Users) {
        let start = format!("INFO: {}", topic.usage);
        assert!(lines.iter().any(|line| line.starts_with(&start) && line.contains(topic.help)), "{start}");
    }
    for asked in ["/help join", "/help /JOIN"] {
        alice.send(asked);
        assert!(alice.expect_start("INFO: /join ROOM").len() > 20);
        alice.expect_nothing();
    }
    expect_refusals(&mut alice, 404, &["/help dance"]);
}

#[test]
fn talk_in_several_rooms() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&test_server);
    expect_answers(&mut bob, &[("/join Ops", "INFO: You are in Ops now")]);
    alice.send("/join ops");
    alice.expect("INFO: You are in Ops now");
    bob.expect("alice joined Ops");
    alice.send("hello ops");
    bob.expect("alice: hello ops");
    expect_answers(&mut bob, &[("/join room", "INFO: You are in room now")]);
    alice.send("hello again");
    bob.expect("[Ops] alice: hello again");
    bob.send("hello room");
    alice.expect("[room] bob: hello room");
    bob.send("/all hello both");
    alice.expect("[all] bob: hello both");
    alice.send("/leave room");
    alice.expect("INFO: You left room");
    bob.expect("alice left room");
    bob.send("nobody hears");
    alice.expect_nothing();
    alice.send("/leave");
    alice.expect("INFO: You left Ops");
    alice.expect("INFO: You are in no room now. /join ROOM takes you into one.");
    bob.expect("alice left Ops");
    expect_refusals(&mut alice, 404, &["hello?", "/leave", "/leave Ops", "/say x", "/hooray"]);
    expect_refusals(&mut alice, 400, &["/join", "/join a_b", "/join a b", "/join pm"]);
    bob.expect_nothing();
}

#[test]
fn number_of_rooms_per_user_is_limited() {
    let test_server = TestServer::new(|config| config.limits.rooms_per_person = 2);
    let mut alice = test_server.guest("alice", "room");
    expect_answers(&mut alice, &[("/join ops", "INFO: You are in ops now")]);
    expect_refusals(&mut alice, 403, &["/join third"]);
    expect_answers(&mut alice, &[("/join room", "INFO: You are in room now")]);
}

#[test]
fn text_is_said_and_unknown_slash_words_are_refused() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&test_server);
    let talk = ["exit strategy?", "help me with this", "block the door", "online clients are many", "exits", " /quit"];
    for line in talk {
        alice.send(line);
        bob.expect(&format!("alice: {line}"));
    }
    for (line, heard) in [
        ("/say /quit", "/quit"),
        ("/say exit", "exit"),
        ("alice: exit", "exit"),
        ("ALICE: /quit", "/quit"),
        ("/hooray", "Hooray! 🎉"),
        ("//etc/hosts", "/etc/hosts"),
        ("bob: hi", "bob: hi"),
    ] {
        alice.send(line);
        bob.expect(&format!("alice: {heard}"));
    }
    let refusals = expect_refusals(&mut alice, 400, &["/jion room", "/", "/quit now", "/pm bob", "/ hi", "/rooms x"]);
    assert!(refusals[0].contains("/jion") && refusals[0].contains("/help"), "{refusals:?}");
    assert!(refusals[0].contains("Did you mean /join?"), "{refusals:?}");
    bob.expect_nothing();
}

#[test]
fn commands_about_unknown_users_and_oneself_are_refused() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&test_server);
    let unknown = ["message zoe hi", "connect to zoe", "accept connection zoe", "reject connection zoe"];
    for refusal in expect_refusals(&mut alice, 404, &[&unknown[..], &["end private zoe"]].concat()) {
        assert!(refusal.contains("zoe") && refusal.contains("/say"), "{refusal}");
    }
    for refusal in expect_refusals(&mut alice, 404, &["/pm zoe hi", "/msg zoe hi", "/connect zoe"]) {
        assert!(refusal.contains("zoe") && !refusal.contains("/say"), "{refusal}");
    }
    let oneself = ["message alice hi", "connect to ALICE", "accept connection alice", "reject connection alice"];
    let more = ["private txt alice hi", "end private alice", "/pm аlice hi"];
    expect_refusals(&mut alice, 400, &[&oneself[..], &more].concat());
    for to in ["bob", "BOB", "bоb"] {
        alice.send(&format!("message {to} hi"));
        bob.expect("[PM] alice: hi");
    }
    for person in [&mut alice, &mut bob] {
        person.expect_nothing();
    }
}

#[test]
fn direct_chats_need_a_client_with_keys() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&test_server);
    let bare = ["startprivate bob", "private bob hi", "stopprivate bob"];
    let slash = ["/direct bob", "/direct-say bob hi", "/direct-stop bob"];
    for refusal in expect_refusals(&mut alice, 403, &[&bare[..], &slash].concat()) {
        assert!(refusal.contains("landline") && refusal.contains("/connect bob"), "{refusal}");
    }
    expect_refusals(&mut alice, 400, &["/direct-key k", "/direct-accept bob k a"]);
    expect_refusals(&mut alice, 404, &["/direct zoe", "/direct-accept bob k 10.0.0.1:5"]);
    bob.expect_nothing();
}

#[test]
fn quit_words_end_the_session() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "room");
    for word in ["exit", "LOGOUT", "/quit", "/exit", "/q", "/logout"] {
        let mut alice = test_server.guest("alice", "room");
        alice.send_bytes(format!("bye\n{word}\nnever said\n").as_bytes());
        alice.expect("INFO: Goodbye!");
        alice.expect_closed();
        for line in ["alice has connected to the chatroom", "alice: bye", "alice has left the chatroom"] {
            bob.expect(line);
        }
    }
    bob.expect_nothing();
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))
}

#[test]
fn format_switches_to_json_and_back() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&test_server);
    for ask in ["/format JSON", "format json"] {
        alice.send(ask);
        alice.expect(r#"{"type":"system","event":"format","text":"json"}"#);
    }
    let mut last = 0;
    for text in ["one", "two \"quoted\" \\ ü"] {
        alice.send(text);
        bob.expect(&format!("alice: {text}"));
        let own = json(&alice.line());
        let id = own["id"].as_u64().expect("an id");
        assert!(id > last && id < 1 << 53, "{id} after {last}");
        last = id;
        assert_eq!([&own["type"], &own["room"], &own["user"], &own["text"]], ["message", "room", "alice", text]);
        assert!(own["ts"].as_str().is_some_and(|ts| ts.len() == 5) && own["at"].is_i64(), "{own}");
    }
    bob.send("/pm alice psst");
    let direct = json(&alice.line());
    assert_eq!([&direct["type"], &direct["from_user"], &direct["text"]], ["pm", "bob", "psst"]);
    alice.send("/pm zoe hi");
    let refused = json(&alice.line());
    assert_eq!((&refused["type"], &refused["code"]), (&"error".into(), &404.into()));
    bob.quit();
    let left = json(&alice.line());
    assert_eq!([&left["type"], &left["event"], &left["user"]], ["system", "disconnected", "bob"]);
    expect_answers(
        &mut alice,
        &[("format text", "INFO: events come as text now"), ("/users", "Online clients: alice")],
    );
    alice.send("not back");
    alice.expect_nothing();
}

#[test]
fn talk_that_looks_like_a_program_line_is_refused_each_time() {
    let test_server = TestServer::default();
    let (mut alice, mut bob) = (test_server.guest("alice", "lobby"), test_server.guest("bob", "lobby"));
    alice.expect("bob has connected to the chatroom");
    alice.send("UDP_PORT:5051");
    alice.expect("INFO: not supported here");
    for line in ["UDP_PORT: 5051 is taken", "FILE_END| is odd", "group txt is broken"] {
        alice.send(line);
        alice.expect(
            "ERROR: 400 That begins like a line of another program and was not said. /say TEXT sends any text.",
        );
    }
    // A program's line is answered only once.
    alice.send("UDP_PORT:5052");
    alice.send("/say UDP_PORT: 5051 is taken");
    bob.expect("alice: UDP_PORT: 5051 is taken");
    alice.expect_nothing();
}

#[test]
fn bare_command_word_in_a_sentence_is_refused_with_a_hint_at_say() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "lobby");
    let _bob = test_server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    for line in [
        "private life is good",
        "message nobody is lost",
        "connect to nobody",
        "accept connection bob",
        "end private bob",
        "block nobody",
        "startprivate bob",
        "stopprivate bob",
    ] {
        alice.send(line);
        let answer = alice.line();
        assert!(answer.starts_with("ERROR: ") && answer.contains("/say TEXT"), "{line}: {answer}");
    }
}
