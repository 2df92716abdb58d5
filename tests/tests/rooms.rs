//! Talk in rooms.

use landline_tests::TestServer;

#[test]
fn three_users_talk_in_one_room() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let mut carol = server.guest("carol", "Lobby");
    alice.expect("carol has connected to the chatroom");
    bob.expect("carol has connected to the chatroom");
    alice.send("hello");
    bob.expect("alice: hello");
    carol.expect("alice: hello");
    carol.send("hi alice");
    alice.expect("carol: hi alice");
    bob.expect("carol: hi alice");
    for client in [&mut alice, &mut bob, &mut carol] {
        client.expect_nothing();
    }
    bob.quit();
    alice.expect("bob has left the chatroom");
    carol.expect("bob has left the chatroom");
}

#[test]
fn announced_user_receives_all_later_lines() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    for i in 0..200 {
        let mut newcomer = server.connect();
        newcomer.send(&format!("p{i}_lobby"));
        alice.expect(&format!("p{i} has connected to the chatroom"));
        alice.send(&format!("hello p{i}"));
        newcomer.expect_start("200 ");
        newcomer.expect(&format!("alice: hello p{i}"));
        newcomer.quit();
        alice.expect(&format!("p{i} has left the chatroom"));
    }
}
