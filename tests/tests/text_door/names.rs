//! Names and texts with invisible or misleading characters.

use crate::PASSWORD;
use landline_tests::TestServer;

#[test]
fn x8_lookalike_names_are_refused() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "lobby");
    for name in ["ALICE\u{1bc9d}x", "alice\u{1bc9d}", "ᴀlice", "alice\u{e0041}", "alice\u{483}", "ａlice"] {
        let mut guest = test_server.connect();
        guest.send(&format!("{name}_lobby"));
        let answer = guest.line();
        assert!(answer.starts_with("400 ") || answer.starts_with("403 That name (or one"), "{name:?}: {answer}");
        let mut account = test_server.connect();
        for line in ["REGISTER", name, PASSWORD] {
            account.send(line);
        }
        account.expect("ALIAS?");
        account.expect("PASSWORD?");
        let answer = account.line();
        assert!(answer.starts_with("ERROR: 400 ") || answer.starts_with("ERROR: 403 That name (or"), "{answer}");
        let mut program = test_server.connect();
        program.send("format json");
        program.send(&format!("{{\"type\":\"guest\",\"user\":\"{name}\"}}"));
        program.expect_start("{\"type\":\"system\"");
        let answer = program.expect_start("{\"type\":\"auth_fail\"");
        assert!(answer.contains("name_bad") || answer.contains("name_taken"), "{answer}");
    }
    alice.send("/join lobby\u{1bc9d}");
    alice.expect_start("ERROR: 400 ");
    alice.expect_nothing();
}

#[test]
fn x8_existing_account_with_a_now_invalid_name_signs_in() {
    let mut test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    test_server.stop();
    let file = test_server.data().join("accounts.json");
    let accounts = std::fs::read_to_string(&file).expect("accounts.json");
    std::fs::write(&file, accounts.replace("\"alice\"", "\"ᴀlice\"")).expect("accounts.json");
    test_server.restart();
    test_server.login("ᴀlice", PASSWORD).quit();
}

#[test]
fn x8_invisible_text_counts_as_empty() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "lobby");
    let mut bob = test_server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    for text in ["\u{3164}", "\u{3164} \u{2800}\u{ffa0}", "\u{e0041}\u{e0042}", "\u{1d159}", "\u{301}"] {
        bob.send(text);
        bob.expect_nothing();
        for command in ["/all", "/pm alice"] {
            bob.send(&format!("{command} {text}"));
            bob.expect_start("ERROR: 400 Empty message.");
        }
    }
    bob.send(&format!("a{}b\u{e0041}\u{e0042}", "\u{301}".repeat(1_800)));
    alice.expect(&format!("bob: a{}b", "\u{301}".repeat(8)));
    alice.expect_nothing();
}
