//! LanTalk's defects, as far as they can arise at the text door.

use crate::{again, knock};
use landline_tests::TestServer;

// L3: when a name signs in again after a kick, and then the old socket dies, the new user is removed.
#[test]
fn l3_an_old_sessions_end_removes_nobody_else() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "room");
    for round in 0..40 {
        let (mut alice, _) = again(&server, "alice");
        alice.send("/connect bob");
        let (mut old, _) = (alice, bob.until("PRIVATE_REQUEST_FROM:alice"));
        old.send("last words");
        old.reset();
        let (mut alice, _) = again(&server, "alice");
        bob.send(&format!("/pm alice are you there? {round}"));
        alice.until(&format!("[PM] bob: are you there? {round}"));
        bob.send("hello");
        alice.until("bob: hello");
        // She has not asked anybody.
        bob.send("/accept alice");
        bob.until("ERROR: 404 alice has not asked");
        bob.send("/who room");
        assert_eq!(bob.until("In room: "), "In room: bob, alice");
        alice.quit();
    }
}

// L8: names that look like somebody's else, other case, and the server's own name are accepted.
#[test]
fn l8_look_alikes_are_refused() {
    let server = TestServer::new(|config| config.name = "Clubhouse".into());
    server.register("Paula", "password");
    let alice = server.guest("Alice", "room");
    for name in ["alice", "ALICE", "Аlice", "аlice", "AIice", "Al1ce", "aⅼice", "Аӏісе"] {
        let (mut client, answer) = knock(&server, &format!("{name}_room"));
        assert!(answer.starts_with("403 "), "{name}: {answer}");
        client.expect_closed();
    }
    for name in
        ["paula", "PAULA", "Раulа", "Pau1a", "clubhouse", "CLUBHOUSE", "Сlubhоuse", "C1ubhouse", "server", "INFO"]
    {
        let (mut client, answer) = knock(&server, &format!("{name}_room"));
        assert!(answer.starts_with("403 "), "{name}: {answer}");
        client.expect_closed();
        let (mut client, _) = knock(&server, "REGISTER");
        client.send_bytes(format!("{name}\npassword\n").as_bytes());
        client.expect("PASSWORD?");
        client.expect_start("ERROR: 403 ");
    }
    let (mut owner, _) = knock(&server, "LOGIN");
    owner.send_bytes(b"paula\npassword\n");
    owner.until("AUTH_SUCCESS");
    owner.send("/users");
    assert_eq!(owner.until("Online"), "Online clients: Alice, Paula", "shown as they were registered");
    alice.quit();
    let (_, answer) = knock(&server, "аlice_room");
    assert!(answer.starts_with("200 "), "a name that nobody has any more: {answer}");
}
