//! Direct messages to online and offline users.

use landline_tests::{Client, TestServer};

const PASSWORD: &str = "correct horse";
const QUEUED: &str = "INFO: bob is offline. Message queued for delivery.";

/// Starts a server with an account for bob, who is offline.
fn server() -> TestServer {
    let server = TestServer::default();
    server.register("bob", PASSWORD);
    server
}

/// Returns sender and text of the next message from the mailbox, which has a time.
#[track_caller]
fn queued_message(client: &mut Client) -> String {
    let line = client.expect_start("[PM 2");
    let (time, said) = line.split_once("] ").expect("the end of the time");
    assert_eq!(time.len(), "[PM 2026-11-21 14:22".len(), "{line}");
    said.to_owned()
}

#[test]
fn online_users_receive_direct_messages_at_once() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut carol = server.guest("carol", "ops");
    let mut bob = server.login("bob", PASSWORD);
    alice.drain_lines();
    alice.send("message carol hi");
    alice.send("/pm BOB hello");
    carol.until("[PM] alice: hi");
    bob.expect("[PM] alice: hello");
    alice.expect_nothing();
}

#[test]
fn offline_account_receives_messages_at_the_next_sign_in_once_and_in_order() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    for i in 0..5 {
        alice.send(&format!("message bob number {i}"));
        alice.expect(QUEUED);
    }
    let mut bob = server.login("bob", PASSWORD);
    for i in 0..5 {
        assert_eq!(queued_message(&mut bob), format!("alice: number {i}"));
    }
    alice.until("bob has connected");
    alice.send("/pm bob now");
    bob.expect("[PM] alice: now");
    bob.quit();
    server.login("bob", PASSWORD).expect_nothing();
}

#[test]
fn mailbox_survives_a_restart() {
    let mut server = server();
    let mut alice = server.guest("alice", "lobby");
    alice.send("message bob hi");
    alice.expect(QUEUED);
    server.restart();
    let mut bob = server.login("bob", PASSWORD);
    assert_eq!(queued_message(&mut bob), "alice: hi");
    server.restart();
    server.login("bob", PASSWORD).expect_nothing();
}

#[test]
fn other_receivers_are_refused() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    alice.send("message nobody hi");
    alice.expect_start("ERROR: 404 nobody is not online");
    alice.send("message alice hi");
    alice.expect("ERROR: 400 That is you. Nothing was done.");
    alice.send("message bob");
    alice.expect_nothing();
}

#[test]
fn messages_per_sender_and_per_receiver_are_limited() {
    let server = TestServer::new(|config| {
        config.limits.mail_per_sender = 2;
        config.limits.mail_per_receiver = 3;
    });
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let mut carol = server.guest("carol", "ops");
    alice.drain_lines();
    for i in 0..2 {
        alice.send(&format!("message bob {i} from alice"));
        alice.expect(QUEUED);
    }
    alice.send("message bob one more");
    alice.expect("ERROR: 403 Not delivered: too many of your messages wait for bob already.");
    // A new session under the same name has the same limit.
    alice.quit();
    let mut alice = server.guest("alice", "lobby");
    alice.send("message bob one more");
    alice.expect("ERROR: 403 Not delivered: too many of your messages wait for bob already.");
    carol.drain_lines();
    carol.send("message bob from carol");
    carol.expect(QUEUED);
    carol.send("message bob one more");
    carol.expect("ERROR: 403 Not delivered: too many messages wait for bob already.");
    let mut bob = server.login("bob", PASSWORD);
    let got = [queued_message(&mut bob), queued_message(&mut bob), queued_message(&mut bob)];
    assert_eq!(got, ["alice: 0 from alice", "alice: 1 from alice", "carol: from carol"]);
    bob.quit();
    alice.until("bob has left");
    alice.send("message bob again");
    alice.expect(QUEUED);
}

#[test]
fn guests_leave_mailbox_space_for_accounts() {
    let mut server = TestServer::new(|config| {
        config.limits.mail_per_receiver = 3;
        config.limits.mail_for_accounts = 2;
    });
    server.register("bob", PASSWORD);
    server.register("friend", PASSWORD);
    for name in ["one", "two", "three"] {
        let mut guest = server.guest(name, "lobby");
        guest.send(&format!("message bob from {name}"));
        guest.until(QUEUED);
        guest.quit();
    }
    // The limits count the stored messages, so they also hold after a restart.
    server.restart();
    let full = "ERROR: 403 Not delivered: too many messages wait for bob already.";
    let mut guest = server.guest("four", "lobby");
    guest.send("message bob one more");
    guest.until(full);
    let mut friend = server.login("friend", PASSWORD);
    for answer in [QUEUED, QUEUED, full] {
        friend.send("message bob please call me");
        friend.until(answer);
    }
    let mut bob = server.login("bob", PASSWORD);
    let got: Vec<String> = (0..5).map(|_| queued_message(&mut bob)).collect();
    let call = "friend: please call me";
    assert_eq!(got, ["one: from one", "two: from two", "three: from three", call, call]);
    bob.quit();
    friend.until("bob has left");
    guest.send("message bob again");
    guest.until(QUEUED);
}

#[test]
fn every_kind_of_client_receives_mail() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let mut queue = |text: &str| {
        alice.send(&format!("message bob {text}"));
        alice.until(QUEUED);
    };
    queue("by LanTalk");
    let mut bob = Client::connect(server.lantalk_address());
    bob.expect_start("{\"type\":\"auth_request\"");
    bob.send(&format!("{{\"username\":\"bob\",\"password\":\"{PASSWORD}\"}}"));
    bob.expect_start("{\"type\":\"auth_ok\"");
    let line = bob.expect_start("{\"type\":\"pm\"");
    assert!(line.contains("\"from_user\":\"alice\"") && line.contains("] by LanTalk\""), "{line}");
    bob.send("{\"type\":\"message\",\"text\":\"/quit\"}");
    while bob.next_line().is_some() {}

    queue("by Chat77");
    queue("twice");
    let mut bob = server.unframed();
    bob.expect("Authorise MODE? (REGISTER/LOGIN)\n");
    bob.exchange("LOGIN", "ALIAS?");
    bob.exchange("bob", "PASSWORD?");
    bob.exchange(PASSWORD, "AUTH_SUCCESS");
    for text in ["] alice: by Chat77", "] alice: twice"] {
        let line = bob.recv();
        assert!(line.starts_with("[PM 2") && line.ends_with(text), "{line}");
    }
    bob.send("exit");
    while !bob.recv().is_empty() {}

    queue("by JSON");
    let mut bob = server.connect();
    for line in ["format json", "LOGIN", "bob", PASSWORD] {
        bob.send(line);
    }
    let line = bob.until("{\"type\":\"pm\"");
    assert!(line.contains("\"kept\":true") && line.contains("\"text\":\"by JSON\"") && line.contains("\"id\":"));
}

#[test]
fn several_pages_of_mail_arrive_in_order() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let long = "x".repeat(1_900);
    for i in 0..50 {
        alice.send(&format!("message bob {i} {long}"));
        alice.expect(QUEUED);
    }
    let mut bob = server.login("bob", PASSWORD);
    for i in 0..50 {
        assert_eq!(queued_message(&mut bob), format!("alice: {i} {long}"));
    }
    bob.expect_nothing();
}

#[test]
fn messages_undelivered_by_a_broken_connection_return_to_the_mailbox() {
    let server = TestServer::new(|config| {
        config.limits.backlog_bytes = 64 << 10;
        config.limits.send_buffer_bytes = 4 << 10;
        // High limits: until a busy machine notices the broken connection, many messages return to the mailbox.
        config.limits.mail_per_sender = 10_000;
        config.limits.mail_per_receiver = 10_000;
    });
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let stuck = server.login("bob", PASSWORD);
    alice.until("bob has connected");
    // Bob does not read. When his backlog is full, the server resets his connection and queues later messages.
    let long = "x".repeat(1_900);
    let mut sent = 0;
    loop {
        alice.send(&format!("message bob {sent} {long}"));
        sent += 1;
        let lines = alice.drain_lines();
        if lines.iter().any(|line| line == QUEUED) {
            break;
        }
        assert!(sent < 2_000 && !lines.iter().any(|line| line.starts_with("ERROR")), "{sent}: {lines:?}");
    }
    drop(stuck);
    let mut bob = server.login("bob", PASSWORD);
    let first: usize = queued_message(&mut bob).split(' ').nth(1).expect("a number").parse().expect("a number");
    for i in first + 1..sent {
        assert_eq!(queued_message(&mut bob), format!("alice: {i} {long}"));
    }
    bob.drain_lines();
    // The kernel had taken the messages before `first`. No message is missing between them and the mailbox.
    assert!(first > 0 && first < sent - 1, "{first} of {sent}");
}

#[test]
fn sender_is_told_when_a_returned_message_exceeds_the_mailbox() {
    let server = TestServer::new(|config| {
        config.limits.backlog_bytes = 64 << 10;
        config.limits.send_buffer_bytes = 4 << 10;
        config.limits.mail_per_sender = 1;
    });
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let _stuck = server.login("bob", PASSWORD);
    alice.until("bob has connected");
    let long = "x".repeat(1_900);
    let why = "ERROR: 500 Your last message could not be stored. Talk was heard, but is not in the history; messages \
               to one user may be lost.";
    let told = (0..1_000).any(|_| {
        alice.send(&format!("message bob {long}"));
        alice.drain_lines().iter().any(|line| line == why)
    });
    assert!(told);
}

#[test]
fn mail_pages_after_a_format_change_use_the_new_format() {
    let server = TestServer::new(|config| config.limits.mail_per_sender = 400);
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    for i in 0..200 {
        alice.send(&format!("message bob {i}"));
        alice.expect(QUEUED);
    }
    let mut bob = server.login("bob", PASSWORD);
    bob.send("format json");
    let mut changed = false;
    let mut got = 0;
    while got < 200 {
        let line = bob.line();
        if line.contains("\"event\":\"format\"") {
            changed = true;
        } else {
            assert_eq!(line.starts_with('{'), changed, "{line}");
            got += 1;
        }
    }
}
