//! Limits of lines and messages of text clients.

use landline_tests::TestServer;

#[test]
fn lines_above_8192_bytes_are_refused() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "room");
    let mut bob = test_server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    let padded = |bytes: usize| format!("hello{}", " ".repeat(bytes - 5));
    for end in ["", "\r"] {
        bob.send(&format!("{}{end}", padded(8_192)));
        alice.expect("bob: hello");
        bob.send(&format!("{}{end}", padded(8_193)));
        assert!(bob.expect_start("ERROR: 413 ").contains("8192 bytes"));
    }
    bob.send(&padded(1_000_000));
    bob.expect_start("ERROR: 413 ");
    bob.send("still here");
    alice.expect("bob: still here");
    for person in [&mut alice, &mut bob] {
        person.expect_nothing();
    }
}

#[test]
fn messages_above_2000_characters_are_refused() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "room");
    let mut bob = test_server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    for character in ["x", "ü", "👍"] {
        let most = character.repeat(2_000);
        for (send, hear) in [("", "bob: "), ("/all ", "[all] bob: "), ("/pm alice ", "[PM] bob: ")] {
            bob.send(&format!("{send}{most}"));
            assert!(alice.line() == format!("{hear}{most}"), "{send}2,000 × {character}");
            bob.send(&format!("{send}{most}{character}"));
            assert!(bob.expect_start("ERROR: 413 ").contains("2000 characters"));
        }
    }
    for person in [&mut alice, &mut bob] {
        person.expect_nothing();
    }
}

#[test]
fn too_long_line_at_sign_in_is_refused() {
    let test_server = TestServer::default();
    let long = "x".repeat(8_193);
    let mut client = test_server.connect();
    client.send(&long);
    client.expect_start("400 ");
    client.expect_closed();
    let mut client = test_server.connect();
    client.send("LOGIN");
    client.expect("ALIAS?");
    client.send(&long);
    client.expect_start("413 ");
    client.expect_closed();
}

#[test]
fn control_and_invisible_characters_are_removed() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "room");
    let mut bob = test_server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    for (said, heard) in [
        (&b"a\ttab"[..], "a tab"),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b", "red \u{fffd}"),
        (b"bell\x07 nul\0 cr\rback\x08", "bell nul cr back"),
        ("over\u{202e}ride \u{200b}\u{feff}x".as_bytes(), "override x"),
        (b"bad \xff\xc3 utf-8 \xf0\x9f", "bad \u{fffd}\u{fffd} utf-8 \u{fffd}"),
        ("👩‍👩‍👧 grüße".as_bytes(), "👩‍👩‍👧 grüße"),
    ] {
        bob.send_bytes(&[said, b"\n"].concat());
        alice.expect(&format!("bob: {heard}"));
    }
    bob.send("\u{1b}[2J\u{200b}");
    bob.send("/ping \u{1b}[2Jx");
    bob.expect("PONG x");
    bob.send("/\u{1b}[2Jjion");
    let refused = bob.expect_start("ERROR: 400 ");
    assert!(refused.chars().all(|c| !c.is_control()), "{refused:?}");
    alice.expect_nothing();
}
