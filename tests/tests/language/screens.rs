//! What the full screen shows of all this, in a real terminal.

use crate::{PASSWORD, landline, on_screen, with_account};
use landline_tests::{Terminal, TestServer};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use tempfile::TempDir;

/// alice's program, which remembers her rooms in a folder.
fn alice(server: SocketAddr, folder: &Path) -> Terminal {
    on_screen(with_account(server, "alice").env("XDG_STATE_HOME", folder))
}

/// A row of the list at the left: a conversation, and how much is new there.
fn has_entry(screen: &vt100::Screen, name: &str, count: &str) -> bool {
    let rows = screen.rows(0, 20);
    let entries: Vec<Vec<String>> = rows.map(|row| row.split_whitespace().map(str::to_owned).collect()).collect();
    entries.iter().any(|words| words.iter().any(|word| word == name) && words.last().is_some_and(|word| word == count))
}

#[test]
fn a11_an_account_comes_back_to_its_rooms_and_to_what_is_new() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    test_server.register("alice", PASSWORD);
    let (mut bob, mut carol) = (test_server.guest("bob", "lobby"), test_server.guest("carol", "ops"));
    let mut first = alice(test_server.address(), folder.path());
    bob.send("before");
    first.wait_for("before");
    first.press("/join ops\r");
    first.wait_for(" ops  2 here");
    first.press("/quit\r");
    first.wait_for("ended-0");
    first.expect_restored();
    bob.send("and what does @alice say?");
    // In ops nothing was said while alice was there.
    carol.send("one");
    carol.send("two");
    carol.drain_lines();
    bob.send("/pm alice for you");
    bob.drain_lines();

    let mut again = alice(test_server.address(), folder.path());
    again.until("what is new, in the list", |screen| {
        has_entry(screen, "mentions", "1") && has_entry(screen, "ops", "2") && has_entry(screen, "bob", "@1")
    });
    again.until("a rule above what is new", |screen| {
        let rows: Vec<String> = screen.rows(0, 110).collect();
        let at = |text: &str| rows.iter().position(|row| row.contains(text));
        let (old, rule, new) = (at("before"), at("── new ──"), at("and what does @alice say?"));
        old.is_some() && old < rule && rule < new
    });
    again.press("/join ops\r");
    again.wait_for(" ops  2 here");
    again.press("I am back\r");
    carol.until("alice: I am back");
}

#[test]
fn a4_what_is_typed_behind_accept_is_private() {
    for (ask, tab, what) in [
        ("/connect alice", "~ bob", "off the record, stored nowhere"),
        ("/direct alice", "🔒 bob", "encrypted · compare"),
    ] {
        let test_server = TestServer::default();
        let mut carol = test_server.guest("carol", "lobby");
        let mut bob = on_screen(&landline(test_server.address(), "bob"));
        let mut alice = on_screen(&landline(test_server.address(), "alice"));
        // The answer says that the server has taken the program's key.
        for terminal in [&mut bob, &mut alice] {
            terminal.press("/users\r");
            terminal.wait_for("3 online");
        }
        // A stored conversation with the same user is shown.
        bob.press("/pm alice stored\r");
        alice.wait_for("2 bob");
        alice.press("\x1b2");
        bob.press(&format!("{ask}\r"));
        alice.wait_for(tab);
        alice.press("/accept bob\r");
        alice.wait_for(what);
        alice.press("a secret\r");
        bob.wait_for(&tab.replace("bob", "alice"));
        bob.press("\x1b3");
        bob.wait_for("a secret");
        alice.until("the secret is out", |screen| {
            screen.rows(0, 110).any(|row| row.contains("alice │ a secret") && !row.contains(['○', '·']))
        });
        alice.press("/close\r");
        alice.wait_for("is closed; this is bob");
        alice.press("typed on\r");
        alice.wait_for("Enter again sends it");
        bob.press("/quit\r");
        bob.wait_for("ended-0");
        // Nothing of it is stored: it is in no history.
        alice.press("\x15/search secret\r");
        alice.wait_for("nothing was found");
        carol.expect_start("bob has connected");
        assert!(carol.drain_lines().iter().all(|line| !line.contains("secret") && !line.contains("typed on")));
    }
}

#[test]
fn d5_leaving_with_unsent_lines_is_asked_about_and_they_are_named() {
    for keys in ["/quit\r", "\x03"] {
        let mut test_server = TestServer::default();
        let mut alice = on_screen(&landline(test_server.address(), "alice"));
        test_server.stop();
        alice.wait_for("reconnecting in");
        alice.press("important offline message\r");
        alice.wait_for("1 line unsent");
        alice.press("/query bob\r");
        alice.wait_for("messages, stored by the server");
        alice.press("and one for bob\r");
        alice.wait_for("2 lines unsent");
        alice.press(keys);
        alice.wait_for("2 lines are unsent");
        alice.press(keys);
        alice.wait_for("ended-1");
        for text in [
            "landline: not sent to lobby: important offline message",
            "landline: not sent to bob: and one for bob",
            "landline: 2 lines were not sent",
        ] {
            alice.wait_for(text);
        }
        alice.expect_restored();
    }
}

#[test]
fn d5_lines_that_wait_for_the_rate_are_not_dropped_either() {
    let test_server = TestServer::new(|config| config.rate = Some((10, std::time::Duration::from_secs(5))));
    let mut bob = test_server.guest("bob", "lobby");
    let mut alice = on_screen(&landline(test_server.address(), "alice"));
    bob.expect("alice has connected to the chatroom");
    let lines: Vec<String> = (1..=20).map(|n| format!("line {n}")).collect();
    alice.press(&format!("\x1b[200~{}\x1b[201~", lines.join("\r")));
    alice.wait_for("20 lines were pasted");
    alice.press("\x1bl");
    alice.wait_for("unsent");
    alice.press("/quit\r");
    alice.wait_for("lines are unsent");
    alice.press("/quit\r");
    alice.wait_for("ended-1");
    let mut heard = Vec::new();
    loop {
        match bob.line() {
            line if line.starts_with("alice has left") => break,
            line => heard.extend(line.strip_prefix("alice: ").map(str::to_owned)),
        }
    }
    assert_eq!(heard, lines[..heard.len()], "each once, in order");
    let unsent = lines.len() - heard.len();
    assert!(unsent > 0);
    alice.wait_for(&format!("{unsent} lines were not sent"));
}

#[test]
fn d5_a_line_is_sent_when_the_server_is_back_before_leaving() {
    let free = TcpListener::bind("127.0.66.13:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut test_server = TestServer::new(|config| (config.bind, config.ports) = (free.ip(), vec![free.port()]));
    let mut alice = on_screen(&landline(test_server.address(), "alice"));
    test_server.stop();
    alice.wait_for("reconnecting in");
    alice.press("important\r");
    alice.wait_for("1 line unsent");
    alice.press("/quit\r");
    alice.wait_for("1 line is unsent");
    test_server.restart();
    let mut bob = test_server.guest("bob", "lobby");
    bob.until("alice: important");
    alice.until("it is out", |screen| {
        screen.rows(0, 110).any(|row| row.contains("│ important") && !row.contains(['○', '·']))
    });
    alice.press("/quit\r");
    alice.wait_for("ended-0");
}
