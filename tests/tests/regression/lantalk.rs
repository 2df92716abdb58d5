//! Defects of LanTalk that could arise at the text port.

use crate::{send_first, sign_in_again};
use landline_tests::TestServer;

// After a kick, a user signs in again under the same name. When the old socket ends, LanTalk 2.0 removes the new
// session.
#[test]
fn l3_end_of_an_old_session_removes_no_new_one() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "room");
    for round in 0..40 {
        let (mut alice, _) = sign_in_again(&server, "alice");
        alice.send("/connect bob");
        let mut old = alice;
        bob.until("PRIVATE_REQUEST_FROM:alice");
        old.send("last words");
        old.reset();
        let (mut alice, _) = sign_in_again(&server, "alice");
        bob.send(&format!("/pm alice are you there? {round}"));
        alice.until(&format!("[PM] bob: are you there? {round}"));
        bob.send("hello");
        alice.until("bob: hello");
        // The new alice has sent no request.
        bob.send("/accept alice");
        bob.until("ERROR: 404 alice has not asked");
        bob.send("/who room");
        assert_eq!(bob.until("In room: "), "In room: bob, alice");
        alice.quit();
    }
}

// LanTalk 2.0 accepts names that look like another user's name, differ in case only, or are the server's own.
#[test]
fn l8_look_alikes_are_refused() {
    let server = TestServer::new(|config| config.name = "Clubhouse".into());
    server.register("Paula", "password");
    let alice = server.guest("Alice", "room");
    for name in ["alice", "ALICE", "Аlice", "аlice", "AIice", "Al1ce", "aⅼice", "Аӏісе"] {
        let (mut client, answer) = send_first(&server, &format!("{name}_room"));
        assert!(answer.starts_with("403 "), "{name}: {answer}");
        client.expect_closed();
    }
    for name in
        ["paula", "PAULA", "Раulа", "Pau1a", "clubhouse", "CLUBHOUSE", "Сlubhоuse", "C1ubhouse", "server", "INFO"]
    {
        let (mut client, answer) = send_first(&server, &format!("{name}_room"));
        assert!(answer.starts_with("403 "), "{name}: {answer}");
        client.expect_closed();
        let (mut client, _) = send_first(&server, "REGISTER");
        client.send_bytes(format!("{name}\npassword\n").as_bytes());
        client.expect("PASSWORD?");
        client.expect_start("ERROR: 403 ");
    }
    let (mut owner, _) = send_first(&server, "LOGIN");
    owner.send_bytes(b"paula\npassword\n");
    owner.until("AUTH_SUCCESS");
    owner.send("/users");
    assert_eq!(owner.until("Online"), "Online clients: Alice, Paula", "names are shown as registered");
    alice.quit();
    let (_, answer) = send_first(&server, "аlice_room");
    assert!(answer.starts_with("200 "), "a name that is free again: {answer}");
}
