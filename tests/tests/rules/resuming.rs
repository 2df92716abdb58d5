//! Users who resume their sessions in a burst while owners take them out.

use super::claim;
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Number of tries of each race.
const TRIES: usize = 6;

/// Resumes a session without a pause, while its last connection stands. Ends after the first resumption that is refused
/// or that began once `is_decided`. Returns the connection and its welcome.
fn resume_in_a_burst(
    server: &TestServer,
    mut client: ObjectClient,
    mut welcome: Value,
    is_decided: &AtomicBool,
) -> (ObjectClient, Value) {
    loop {
        let is_last = is_decided.load(SeqCst);
        let mut next = ObjectClient::connect(server);
        next.send(&json!({"type": "resume", "token": welcome["token"], "label": "resume"}));
        welcome = next.until("label", "resume");
        drop(std::mem::replace(&mut client, next));
        if is_last || welcome["type"] != "auth_ok" {
            return (client, welcome);
        }
    }
}

/// Lets `owner` send `command` while a user resumes its session in a burst. Returns the user's last connection and its
/// welcome.
fn race(
    server: &TestServer,
    owner: &mut Client,
    user: ObjectClient,
    welcome: Value,
    command: &str,
) -> (ObjectClient, Value) {
    let is_decided = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let burst = scope.spawn(|| resume_in_a_burst(server, user, welcome, &is_decided));
        owner.send(command);
        owner.send("/ping decided");
        owner.until("PONG decided");
        is_decided.store(true, SeqCst);
        burst.join().expect("the burst")
    })
}

#[test]
fn user_who_resumes_in_a_burst_does_not_escape_a_ban_from_the_server() {
    let server = TestServer::default();
    let mut alice = claim(&server, "alice");
    for i in 0..TRIES {
        let mut user = ObjectClient::connect(&server);
        let welcome = user.sign_in(json!({"type": "guest", "user": format!("u{i}"), "room": "lobby"})).remove(0);
        let (_, last) = race(&server, &mut alice, user, welcome, &format!("/ban u{i} everywhere"));
        assert_eq!(last["type"], "auth_fail", "{last}");
    }
}

#[test]
fn user_who_resumes_in_a_burst_does_not_escape_a_kick_from_a_closed_room() {
    let server = TestServer::default();
    let mut kara = server.guest("kara", "den");
    kara.send("/open off");
    kara.until("INFO: kara closed den");
    for i in 0..TRIES {
        let mut user = ObjectClient::connect(&server);
        let welcome = user.sign_in(json!({"type": "guest", "user": format!("u{i}"), "room": "lobby"})).remove(0);
        kara.send(&format!("/invite u{i}"));
        kara.until(&format!("INFO: u{i} may enter den"));
        user.request(json!({"type": "join", "room": "den"}));
        kara.until(&format!("u{i} joined den"));
        let (mut user, last) = race(&server, &mut kara, user, welcome, &format!("/kick u{i}"));
        assert_eq!(last["type"], "auth_ok", "{last}");
        let said = user.request(json!({"type": "say", "room": "den", "text": "still here"}));
        assert_eq!(said[0]["cause"], "not_in_room", "{said:?}");
    }
}
