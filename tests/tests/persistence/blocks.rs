//! Blocking users.

use landline_tests::TestServer;

const PASSWORD: &str = "correct horse";

#[test]
fn nothing_of_a_blocked_user_reaches_the_blocker() {
    let server = TestServer::default();
    let (mut bob, mut eve, mut carol) =
        (server.guest("bob", "lobby"), server.guest("eve", "lobby"), server.guest("carol", "lobby"));
    bob.drain_lines();
    bob.send("block eve");
    bob.expect("INFO: eve is blocked");
    eve.drain_lines();
    for line in ["hello", "/all hello all", "/join ops", "hello ops", "/join lobby"] {
        eve.send(line);
    }
    eve.send("message bob psst");
    eve.until("ERROR: 403 Not delivered: bob blocks you.");
    eve.send("connect to bob");
    eve.expect("ERROR: 403 Not delivered: bob blocks you.");
    carol.send("done");
    carol.drain_lines();
    assert_eq!(bob.drain_lines(), ["carol: done"]);

    bob.send("/unblock EVE");
    bob.expect("INFO: eve is unblocked");
    eve.send("hello again");
    bob.expect("eve: hello again");
}

#[test]
fn blocked_user_does_not_see_the_blocker() {
    let server = TestServer::default();
    server.register("bob", PASSWORD);
    let mut eve = server.guest("eve", "lobby");
    let mut bob = server.login("bob", PASSWORD);
    eve.expect("bob has connected to the chatroom");
    bob.send("block eve");
    bob.expect("INFO: eve is blocked");
    for (command, answer) in [
        ("whoelse", "Online clients: none"),
        ("/users", "Online clients: eve"),
        ("/who lobby", "In lobby: eve"),
        ("whoelsesince 1000", "Online in the last 1000 s: none"),
    ] {
        eve.send(command);
        eve.expect(answer);
    }
    bob.send("/join ops");
    bob.send("/join lobby");
    bob.send("i am here");
    eve.expect("bob: i am here");
    bob.quit();
    eve.send("whoelsesince 1000");
    eve.expect("Online in the last 1000 s: none");
    // The block is stored with the account, and applies from the beginning of a session.
    let bob = server.login("bob", PASSWORD);
    eve.expect_nothing();
    bob.quit();
    eve.send("message bob hi");
    eve.expect("ERROR: 403 Not delivered: bob blocks you.");
    let mut bob = server.login("bob", PASSWORD);
    bob.send("/block");
    bob.expect("Blocked: eve");
    bob.send("/unblock eve");
    bob.expect("INFO: eve is unblocked");
    eve.send("whoelse");
    eve.expect("Online clients: bob");
}

#[test]
fn block_survives_a_restart_and_covers_later_sign_ins() {
    let mut server = TestServer::default();
    for name in ["bob", "eve"] {
        server.register(name, PASSWORD);
    }
    let mut bob = server.login("bob", PASSWORD);
    // Accounts can be blocked while they are offline.
    bob.send("/block eve");
    bob.expect("INFO: eve is blocked");
    server.restart();
    let mut bob = server.login("bob", PASSWORD);
    let mut eve = server.login("eve", PASSWORD);
    eve.send("hello");
    eve.expect_nothing();
    bob.expect("eve has connected to the chatroom");
    bob.expect_nothing();
}

#[test]
fn blocks_of_a_guest_end_with_the_session() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    let mut eve = server.guest("eve", "lobby");
    bob.send("/block eve");
    bob.until("INFO: eve is blocked");
    bob.quit();
    let mut bob = server.guest("bob", "lobby");
    eve.drain_lines();
    eve.send("hello");
    bob.expect("eve: hello");
}

#[test]
fn blocking_ends_private_chats_and_requests() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "a");
    let mut eve = server.guest("eve", "b");
    bob.drain_lines();
    eve.send("connect to bob");
    bob.expect("PRIVATE_REQUEST_FROM:eve");
    bob.expect("INFO: eve wants an off-the-record chat. /accept eve or /reject eve");
    bob.send("accept connection eve");
    bob.expect("PRIVATE_CONNECTED:eve");
    bob.send("block eve");
    bob.expect("PRIVATE_ENDED:eve:ended by command");
    eve.until("PRIVATE_ENDED:bob:ended by command");
    eve.send("private txt bob still there?");
    eve.expect_start("ERROR: 403 You have no off-the-record chat with bob");
    bob.expect("INFO: eve is blocked");
    bob.send("connect to eve");
    bob.expect("ERROR: 403 You block eve and could not read the answer. /unblock eve first.");
}

#[test]
fn impossible_blocks_are_refused() {
    let server = TestServer::new(|config| config.limits.blocks_per_person = 1);
    let mut bob = server.guest("bob", "lobby");
    let _others = [server.guest("eve", "a"), server.guest("mallory", "a")];
    bob.drain_lines();
    for (command, answer) in [
        ("/block", "Blocked: none"),
        ("block bob", "ERROR: 400 That is you. Nothing was done."),
        ("block nobody", "ERROR: 404 nobody is not online. /users lists who is; /say TEXT sends any text."),
        ("unblock eve", "ERROR: 404 You do not block eve. /block lists the users you block."),
        ("block eve", "INFO: eve is blocked"),
        ("block EVE", "ERROR: 403 You block 1 users, the maximum. /unblock one first."),
        ("block mallory", "ERROR: 403 You block 1 users, the maximum. /unblock one first."),
    ] {
        bob.send(command);
        bob.expect(answer);
    }
}
