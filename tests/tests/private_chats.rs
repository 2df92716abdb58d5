//! Private chats of text clients: a request, then an answer.

use landline_tests::{Client, TestServer};
use std::sync::Barrier;

/// Signs in guests in one room. Each has received the notices about the others.
fn guests<const N: usize>(server: &TestServer, names: [&str; N]) -> [Client; N] {
    let mut here: Vec<Client> = Vec::new();
    for name in names {
        let newcomer = server.guest(name, "lobby");
        for client in &mut here {
            client.expect(&format!("{name} has connected to the chatroom"));
        }
        here.push(newcomer);
    }
    here.try_into().ok().expect("as many as names")
}

fn ask(from: &mut Client, to: &mut Client, (from_name, to_name): (&str, &str)) {
    from.send(&format!("connect to {to_name}"));
    from.expect(&format!("INFO: Connection request sent to {to_name}"));
    to.expect(&format!("PRIVATE_REQUEST_FROM:{from_name}"));
    to.expect(&format!("INFO: {from_name} wants an off-the-record chat. /accept {from_name} or /reject {from_name}"));
}

/// Opens a private chat between two clients.
fn connect(one: &mut Client, other: &mut Client, (one_name, other_name): (&str, &str)) {
    ask(one, other, (one_name, other_name));
    other.send(&format!("/accept {one_name}"));
    other.expect(&format!("PRIVATE_CONNECTED:{one_name}"));
    one.expect(&format!("PRIVATE_CONNECTED:{other_name}"));
}

/// Sends each line, and checks that the answer is an error with the code.
#[track_caller]
fn expect_refusals(client: &mut Client, cases: &[(&str, u16)]) {
    for (line, code) in cases {
        client.send(line);
        let answer = client.line();
        assert!(answer.starts_with(&format!("ERROR: {code} ")), "{line}: {answer}");
    }
}

#[test]
fn private_chat_is_between_two_users() {
    let server = TestServer::default();
    let [mut alice, mut bob, mut carol] = guests(&server, ["alice", "bob", "carol"]);
    connect(&mut alice, &mut bob, ("alice", "bob"));
    alice.send("private txt BOB hello");
    bob.expect("[Private] alice: hello");
    bob.send("/private hello yourself");
    alice.expect("[Private] bob: hello yourself");
    bob.send("/private alice hello yourself");
    alice.expect("[Private] bob: hello yourself");
    alice.send("/private word");
    bob.expect("[Private] alice: word");
    alice.send("my private chats");
    alice.expect("Private chats: bob");
    alice.send("end private bob");
    alice.expect("PRIVATE_ENDED:bob:ended by command");
    alice.expect("INFO: Private connection with bob ended");
    bob.expect("PRIVATE_ENDED:alice:ended by command");
    for client in [&mut alice, &mut bob] {
        client.send("/chats");
        client.expect("Private chats: none");
    }
    for client in [&mut alice, &mut bob, &mut carol] {
        client.expect_nothing();
    }
}

#[test]
fn rejecting_leaves_no_request_behind() {
    let server = TestServer::default();
    let [mut alice, mut bob] = guests(&server, ["alice", "bob"]);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    bob.send("reject connection alice");
    bob.expect("INFO: Rejected private request from alice");
    alice.expect("PRIVATE_REJECTED:bob");
    expect_refusals(&mut bob, &[("accept connection alice", 404), ("accept connection", 404)]);
    connect(&mut alice, &mut bob, ("alice", "bob"));
}

#[test]
fn no_chat_opens_without_consent() {
    let server = TestServer::default();
    let [mut alice, mut bob] = guests(&server, ["alice", "bob"]);
    let before = [
        ("private txt bob hi", 403),
        ("private txt hi", 404),
        ("end private bob", 404),
        ("accept connection bob", 404),
        ("accept connection", 404),
        ("reject connection bob", 404),
        ("reject connection", 404),
        ("connect to alice", 400),
        ("connect to zoe", 404),
        ("end private alice", 400),
        ("/private alice hi", 400),
    ];
    expect_refusals(&mut alice, &before);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    expect_refusals(&mut alice, &[("connect to bob", 400), ("accept connection bob", 404), ("private txt bob x", 403)]);
    expect_refusals(&mut bob, &[("private txt alice x", 403), ("end private alice", 404)]);
    bob.send("accept connection");
    bob.expect("PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:bob");
    expect_refusals(&mut alice, &[("connect to bob", 400), (&format!("private txt bob {}", "x".repeat(2_001)), 413)]);
    bob.expect_nothing();
}

#[test]
fn commands_without_a_name_need_exactly_one_candidate() {
    let server = TestServer::default();
    let [mut alice, mut bob, mut carol] = guests(&server, ["alice", "bob", "carol"]);
    ask(&mut alice, &mut carol, ("alice", "carol"));
    ask(&mut bob, &mut carol, ("bob", "carol"));
    expect_refusals(&mut carol, &[("accept connection", 400), ("reject connection", 400)]);
    carol.send("accept connection bob");
    carol.expect("PRIVATE_CONNECTED:bob");
    bob.expect("PRIVATE_CONNECTED:carol");
    carol.send("accept connection");
    carol.expect("PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:carol");
    let several = "ERROR: 400 Several off-the-record chats are open (alice, bob); nothing was sent. \
                   Name the user: /private USER TEXT or /end USER";
    for line in ["private txt hi", "/private I am here", "/end"] {
        carol.send(line);
        carol.expect(several);
    }
    carol.send("/chats");
    carol.expect("Private chats: alice, bob");
}

#[test]
fn first_word_that_names_no_user_belongs_to_the_text() {
    let server = TestServer::default();
    let [mut alice, mut bob, mut carol, mut dave] = guests(&server, ["alice", "bob", "carol", "dave"]);
    for line in ["/private I am here", "private txt I am here", "/private I"] {
        alice.send(line);
        alice.expect(
            "ERROR: 404 No off-the-record chat is open; nothing was sent. /connect USER asks for one, \
             /private USER TEXT speaks in it.",
        );
    }
    connect(&mut alice, &mut bob, ("alice", "bob"));
    for line in ["/private I am here", "private txt I am here"] {
        alice.send(line);
        bob.expect("[Private] alice: I am here");
    }
    // A name remains a name: the text is for that user alone.
    alice.send("/private carol our secret");
    alice.expect(
        "ERROR: 403 You have no off-the-record chat with carol. Nothing was sent. /connect carol asks for one.",
    );
    connect(&mut alice, &mut dave, ("alice", "dave"));
    dave.send("/quit");
    dave.expect("INFO: Goodbye!");
    alice.expect("PRIVATE_ENDED:dave:disconnected");
    for client in [&mut alice, &mut bob, &mut carol] {
        client.expect("dave has left the chatroom");
    }
    for line in ["/private dave our secret", "private txt dave our secret"] {
        alice.send(line);
        alice.expect("ERROR: 404 dave is not online. /users lists who is.");
    }
    alice.send("/end");
    alice.expect("PRIVATE_ENDED:bob:ended by command");
    alice.expect("INFO: Private connection with bob ended");
    bob.expect("PRIVATE_ENDED:alice:ended by command");
    alice.send("/end");
    alice.expect_start("ERROR: 404 No off-the-record chat is open");
    for client in [&mut alice, &mut bob, &mut carol] {
        client.expect_nothing();
    }
}

#[test]
fn only_lines_that_may_be_talk_are_answered_with_a_hint_at_say() {
    let server = TestServer::default();
    let [mut alice, _bob] = guests(&server, ["alice", "bob"]);
    alice.send("/query bob");
    alice.expect("ERROR: 400 No windows here: to write to bob, type /pm bob TEXT. Other lines still go to your room.");
    for (line, hints) in [
        ("message zoe hi", true),
        ("accept connection zoe", true),
        ("private matters are hard", true),
        ("private bob our secret", false),
        ("private txt bob our secret", false),
        ("/pm zoe hi", false),
        ("/accept zoe", false),
        ("/end zoe", false),
        ("/direct-say zoe hi", false),
    ] {
        alice.send(line);
        let answer = alice.line();
        assert!(answer.starts_with("ERROR: 40"), "{line}: {answer}");
        assert_eq!(answer.contains("/say TEXT sends any text."), hints, "{line}: {answer}");
    }
}

#[test]
fn simultaneous_requests_open_a_chat() {
    let server = TestServer::default();
    let [mut alice, mut bob] = guests(&server, ["alice", "bob"]);
    let together = Barrier::new(2);
    let ask = |client: &mut Client, other: &str| {
        together.wait();
        client.send(&format!("connect to {other}"));
        client.until(&format!("PRIVATE_CONNECTED:{other}"));
        together.wait();
        // Both requests were sent before, so no request is left.
        client.expect_nothing();
    };
    for _ in 0..100 {
        std::thread::scope(|scope| {
            scope.spawn(|| ask(&mut alice, "bob"));
            ask(&mut bob, "alice");
        });
        expect_refusals(&mut alice, &[("accept connection", 404)]);
        expect_refusals(&mut bob, &[("accept connection", 404)]);
        alice.send("end private bob");
        alice.expect("PRIVATE_ENDED:bob:ended by command");
        alice.expect("INFO: Private connection with bob ended");
        bob.expect("PRIVATE_ENDED:alice:ended by command");
    }
}

/// A user accepts while the other one leaves: the chat opens and then ends, or never opens.
#[test]
fn accepting_while_the_other_leaves_keeps_the_order() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    let together = Barrier::new(2);
    for _ in 0..50 {
        let mut alice = server.guest("alice", "lobby");
        bob.expect("alice has connected to the chatroom");
        ask(&mut alice, &mut bob, ("alice", "bob"));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                together.wait();
                alice.quit();
            });
            together.wait();
            bob.send("accept connection alice");
        });
        let mut heard = Vec::new();
        while heard.len() < 2 || heard.iter().all(|line| line != "alice has left the chatroom") {
            heard.push(bob.line());
        }
        heard.extend(bob.drain_lines());
        heard.retain(|line| line != "alice has left the chatroom");
        let connected = ["PRIVATE_CONNECTED:alice", "PRIVATE_ENDED:alice:disconnected"];
        assert!(heard == connected || (heard.len() == 1 && heard[0].starts_with("ERROR: 404 ")), "{heard:?}");
    }
}

#[test]
fn request_to_a_requester_opens_a_chat() {
    let server = TestServer::default();
    let [mut alice, mut bob] = guests(&server, ["alice", "bob"]);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    bob.send("connect to alice");
    bob.expect("PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:bob");
    expect_refusals(&mut alice, &[("accept connection", 404)]);
    expect_refusals(&mut bob, &[("accept connection", 404)]);
}

#[test]
fn number_of_chats_is_limited() {
    let server = TestServer::new(|config| config.limits.privates_per_person = 1);
    let [mut alice, mut bob, mut carol] = guests(&server, ["alice", "bob", "carol"]);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    expect_refusals(&mut alice, &[("connect to carol", 403)]);
    expect_refusals(&mut carol, &[("connect to alice", 403), ("connect to bob", 403)]);
    bob.send("reject connection");
    bob.expect("INFO: Rejected private request from alice");
    alice.expect("PRIVATE_REJECTED:bob");
    connect(&mut carol, &mut bob, ("carol", "bob"));
}

#[test]
fn user_who_left_does_not_count() {
    let server = TestServer::new(|config| config.limits.privates_per_person = 1);
    let [mut alice, mut bob, mut carol, mut dora] = guests(&server, ["alice", "bob", "carol", "dora"]);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    ask(&mut dora, &mut carol, ("dora", "carol"));
    alice.quit();
    carol.quit();
    dora.until("carol has left the chatroom");
    bob.until("carol has left the chatroom");
    connect(&mut dora, &mut bob, ("dora", "bob"));
}

#[test]
fn leaving_ends_chats_and_requests_with_notices() {
    let server = TestServer::default();
    for (leave, how) in [(Client::quit as fn(Client), "quit"), (Client::reset, "reset"), (drop, "close")] {
        let [mut bob, mut carol, mut dora, mut alice] = guests(&server, ["bob", "carol", "dora", "alice"]);
        connect(&mut bob, &mut alice, ("bob", "alice"));
        ask(&mut carol, &mut alice, ("carol", "alice"));
        ask(&mut alice, &mut dora, ("alice", "dora"));
        leave(alice);
        bob.expect("PRIVATE_ENDED:alice:disconnected");
        carol.expect("INFO: alice is no longer available for private chat");
        for client in [&mut bob, &mut carol, &mut dora] {
            client.expect("alice has left the chatroom");
            client.expect_nothing();
        }
        expect_refusals(&mut bob, &[("private txt alice hi", 404), ("private txt hi", 404)]);
        expect_refusals(&mut dora, &[("accept connection", 404)]);
        bob.send("/chats");
        assert_eq!(bob.line(), "Private chats: none", "{how}");
        for client in [bob, carol, dora] {
            client.quit();
        }
    }
}

#[test]
fn next_user_with_a_name_inherits_no_chats() {
    let server = TestServer::default();
    let [mut bob, mut carol, mut dora, mut alice] = guests(&server, ["bob", "carol", "dora", "alice"]);
    connect(&mut bob, &mut alice, ("bob", "alice"));
    ask(&mut carol, &mut alice, ("carol", "alice"));
    ask(&mut alice, &mut dora, ("alice", "dora"));
    alice.quit();
    let mut alice = server.guest("alice", "lobby");
    for client in [&mut bob, &mut carol, &mut dora] {
        client.until("alice has connected to the chatroom");
    }
    expect_refusals(&mut bob, &[("private txt alice a secret", 403), ("end private alice", 404)]);
    expect_refusals(&mut dora, &[("accept connection alice", 404), ("accept connection", 404)]);
    expect_refusals(&mut alice, &[("accept connection carol", 404), ("private txt bob hi", 403)]);
    alice.send("/chats");
    alice.expect("Private chats: none");
    connect(&mut alice, &mut bob, ("alice", "bob"));
}

#[test]
fn requests_of_one_address_to_one_user_are_bounded() {
    let server = TestServer::new(|config| {
        config.limits.requests_per_address = 2;
        config.max_clients_per_ip = Some(16);
        config.rate = None;
    });
    let [mut alice, mut bob, mut carol] = guests(&server, ["alice", "bob", "carol"]);
    for _ in 0..2 {
        ask(&mut bob, &mut alice, ("bob", "alice"));
        // A block that is lifted takes the request back without a word to alice.
        for line in ["/block alice", "/unblock alice"] {
            bob.send(line);
            bob.expect_start("INFO: ");
        }
    }
    expect_refusals(&mut bob, &[("/connect alice", 429)]);
    expect_refusals(&mut carol, &[("/connect alice", 429)]);
    alice.expect_nothing();
    // The refused request is not open, and answers need no budget.
    alice.send("/accept bob");
    alice.expect_start("ERROR: 404 ");
    ask(&mut alice, &mut carol, ("alice", "carol"));
    carol.send("/connect alice");
    carol.expect("PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:carol");
    ask(&mut carol, &mut bob, ("carol", "bob"));
}
