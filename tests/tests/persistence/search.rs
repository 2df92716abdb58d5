//! Searching the history.

use landline_tests::TestServer;

#[test]
fn search_shows_twenty_matches_newest_first() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    for i in 0..30 {
        alice.send(&format!("the deploy number {i} is green"));
        alice.send("something else");
    }
    alice.drain_lines();
    alice.send("/search Deploy");
    let mut found = alice.drain_lines();
    let end = found.pop().expect("an answer");
    assert_eq!(found.len(), 20);
    assert!(found[0].starts_with("[ops 2") && found[0].ends_with("alice: the *deploy* number 29 is green"));
    let next = end.strip_prefix("INFO: 20 messages; more: ").unwrap_or_else(|| panic!("{end}"));
    assert!(next.starts_with("/search before ") && next.ends_with(" Deploy"), "{next}");
    alice.send(next);
    let found = alice.drain_lines();
    assert_eq!(found.len(), 11);
    assert!(found[0].ends_with("number 9 is green") && found[9].ends_with("number 0 is green"), "{found:?}");
}

#[test]
fn search_covers_only_visible_messages() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "dev");
    alice.send("the needle in ops");
    alice.send("/all a needle for all");
    alice.send("message bob a needle for bob");
    bob.until("[PM] alice: a needle for bob");
    let mut eve = server.guest("eve", "dev");
    eve.send("/search needle");
    assert_eq!(eve.drain_lines().len(), 2, "the message to all, and the last line");
    bob.drain_lines();
    bob.send("/search needle");
    assert_eq!(bob.drain_lines().len(), 3);
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
    bob.send("/search needle");
    assert_eq!(bob.drain_lines().len(), 4);
}

#[test]
fn search_input_is_never_query_syntax() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    alice.send("plain words, 100% \"quoted\" * AND (more)");
    alice.drain_lines();
    for words in ["\"quoted\"", "AND", "(more)", "plain AND words", "100%", "PLAIN wor", "NEAR(plain words)", "text:x"]
    {
        alice.send(&format!("/search {words}"));
        let answer = alice.drain_lines();
        assert!(answer.last().is_some_and(|end| end.starts_with("INFO: ")), "{words}: {answer:?}");
    }
    for nothing in ["\"\"", "*", "%", "()", "' OR 1=1 --"] {
        alice.send(&format!("/search {nothing}"));
        let answer = alice.drain_lines();
        let is_told = answer[0].starts_with("ERROR: 400 The search text has no word.") || nothing.contains("OR");
        assert!(answer.len() == 1 && is_told, "{nothing}: {answer:?}");
    }
}

#[test]
fn any_part_is_found_of_texts_without_blanks_emoji_and_words() {
    let test_server = TestServer::default();
    let mut alice = test_server.guest("alice", "ops");
    for (text, words, marked) in [
        ("人人生而自由，在尊严和权利上一律平等", "权利", "人人生而自由，在尊严和*权利*上一律平等"),
        ("病院は機能していない", "機能", "病院は*機能*していない"),
        ("สวัสดีครับ", "ครับ", "สวัสดี*ครับ*"),
        ("🙂 smile", "🙂", "*🙂* smile"),
        ("die Fehlermeldungen kamen", "meldung", "die *Fehlermeldungen* kamen"),
    ] {
        alice.send(text);
        alice.send(&format!("/search {words}"));
        let answer = alice.drain_lines();
        assert!(answer.len() == 2 && answer[0].ends_with(&format!("alice: {marked}")), "{words}: {answer:?}");
    }
}
