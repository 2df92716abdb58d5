//! What users tell of themselves: actions, absences, `/whois`.

use super::{claim, owned_server, refused};
use landline_tests::{ObjectClient, TestServer};
use serde_json::json;

#[test]
fn action_is_shown_in_the_form_of_each_door_and_stays_in_the_history() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut bob = server.guest("bob", "lobby");
    let mut lan = server.lantalk("lan");
    let mut program = ObjectClient::connect(&server);
    program.sign_in(json!({"type": "guest", "user": "prog", "room": "lobby"}));
    let mut unframed = server.unframed();
    unframed.exchange("tcp_lobby", "200");
    let mut alice = server.guest("alice", "lobby");
    unframed.expect("alice has connected to the chatroom");
    for (line, text) in [
        ("/me waves", "/me waves"),
        ("/ME waves", "/ME waves"),
        ("//me waves", "/me waves"),
        ("/say /me waves", "/me waves"),
        ("alice: /me waves", "/me waves"),
    ] {
        alice.send(line);
        assert_eq!(bob.until("* "), "* alice waves", "{line}");
        unframed.expect("* alice waves");
        let heard = lan.until("{\"type\":\"message\"");
        assert!(heard.contains(r#""user":"alice","text":"* alice waves""#), "{heard}");
        assert_eq!(program.until("type", "message")["text"], text, "{line}");
    }
    alice.send("/say  /me is a word");
    assert_eq!(bob.until("alice: "), "alice:  /me is a word");
    lan.send(r#"{"type":"message","text":"/me bows"}"#);
    assert_eq!(bob.until("* "), "* lan bows");
    alice.send("/pm bob /me winks");
    assert_eq!(bob.until("[PM] "), "[PM] * alice winks");
    alice.send("/all /me sings");
    assert_eq!(bob.until("[all] "), "[all] * alice sings");
    program.request(json!({"type": "say", "room": "lobby", "text": "/me nods\nINFO: you have been kicked"}));
    assert_eq!(bob.until("* "), "* prog nods");
    bob.expect("* prog INFO: you have been kicked");
    bob.send("/history 2");
    assert!(bob.until("[lobby ").ends_with("] * prog nods"));
    bob.send("/search winks");
    assert!(bob.until("[PM ").ends_with("] * alice to bob *winks*"));
}

#[test]
fn action_is_talk_in_every_rule() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob");
    for line in ["/me waves", "//me waves", "/all /me waves"] {
        assert!(refused(&mut bob, line).contains("403 You are muted"), "{line}");
    }
    alice.send("/unmute bob");
    assert!(refused(&mut bob, "/me").contains("400 Usage: /me TEXT"));
    let lines = alice.drain_lines();
    assert!(lines.iter().all(|line| !line.starts_with("* ")), "{lines:?}");
}

#[test]
fn away_user_is_told_of_to_each_sender_once_on_every_door() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob", "room": "lobby"}));
    let mut alice = server.guest("alice", "lobby");
    let mut lan = server.lantalk("lan");
    let mut unframed = server.unframed();
    unframed.exchange("tcp_lobby", "200");
    let answer = bob.request(json!({"type": "away", "text": "lunch \u{1b}[31m"}));
    assert_eq!([&answer[0]["cause"], &answer[0]["word"]], ["away_set", "lunch"]);
    alice.send("/pm bob are you there?");
    assert_eq!(alice.until("INFO: bob"), "INFO: bob is away: lunch");
    alice.send("/pm bob well");
    alice.expect_nothing();
    alice.send("/connect bob");
    alice.expect("INFO: Connection request sent to bob");
    lan.send(r#"{"type":"message","text":"/connect bob"}"#);
    while !lan.line().contains(r#""text":"bob is away: lunch""#) {}
    unframed.exchange("message bob hello", "INFO: bob is away: lunch");
    let mut program = ObjectClient::connect(&server);
    program.sign_in(json!({"type": "guest", "user": "prog", "room": "lobby"}));
    let answer = program.request(json!({"type": "pm", "to": "bob", "text": "hello"}));
    assert_eq!([&answer[0]["cause"], &answer[0]["user"], &answer[0]["word"]], ["user_away", "bob", "lunch"]);
    assert_eq!(answer[1]["type"], "ok");
    bob.drain_events();
    bob.request(json!({"type": "say", "room": "lobby", "text": "back"}));
    assert_eq!(bob.receive()["cause"], "here_again");
    bob.request(json!({"type": "say", "room": "lobby", "text": "really"}));
    let after: Vec<_> = bob.drain_events();
    assert!(after.iter().all(|event| event["cause"] != "here_again"), "{after:?}");
    let answer = program.request(json!({"type": "pm", "to": "bob", "text": "good"}));
    assert_eq!(answer.len(), 1, "{answer:?}");
    bob.request(json!({"type": "away", "text": "again"}));
    assert_eq!(bob.request(json!({"type": "away"}))[0]["cause"], "here_again");
}

#[test]
fn blocked_user_learns_nothing_of_an_absence_and_a_resumed_session_is_still_away() {
    let server = TestServer::default();
    let mut bob = ObjectClient::connect(&server);
    let token = bob.sign_in(json!({"type": "guest", "user": "bob", "room": "lobby"}))[0]["token"].clone();
    let mut eve = server.guest("eve", "lobby");
    let mut alice = server.guest("alice", "lobby");
    bob.request(json!({"type": "block", "to": "eve"}));
    bob.request(json!({"type": "away", "text": "lunch"}));
    for line in ["/pm bob hello", "/connect bob"] {
        assert!(refused(&mut eve, line).contains("403 Not delivered: bob blocks you"), "{line}");
    }
    assert!(eve.drain_lines().iter().all(|line| !line.contains("away")));
    drop(bob);
    alice.until("bob has left the chatroom");
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "resume", "token": token}));
    alice.send("/pm bob hello");
    assert_eq!(alice.until("INFO: bob"), "INFO: bob is away: lunch");
}

#[test]
fn whois_tells_what_the_asker_may_know() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut alice = claim(&server, "alice");
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob", "room": "ops"}));
    bob.request(json!({"type": "join", "room": "den"}));
    bob.request(json!({"type": "open", "room": "den", "mode": "off"}));
    bob.request(json!({"type": "away", "text": "lunch"}));
    let mut carol = server.guest("carol", "ops");
    carol.drain_lines();
    carol.send("/whois BOB");
    carol.expect("INFO: bob is a guest, here for less than a minute, idle for less than a minute, by landline or another program of command objects, not encrypted");
    carol.expect("INFO: Away: lunch");
    carol.expect("INFO: Rooms: ops");
    carol.expect("INFO: bob is an owner of ops");
    carol.expect_nothing();
    alice.send("/whois bob");
    assert_eq!(alice.until("INFO: Rooms"), "INFO: Rooms: den, ops");
    alice.expect("INFO: Address: 127.0.0.1");
    let answer = bob.request(json!({"type": "whois", "to": "alice"}));
    let [event] = &answer[..] else { panic!("{answer:?}") };
    assert_eq!([&event["event"], &event["user"], &event["client"]], ["whois", "alice", "text"]);
    assert_eq!((&event["account"], &event["idle_minutes"]), (&json!(false), &json!(0)));
    assert_eq!((&event["member_of"], &event["standing"]), (&json!(["lobby"]), &json!(["server_owner"])));
    assert!(event["since"].as_i64().is_some_and(|ms| ms % 60_000 == 0), "{event}");
    assert!(event["address"].is_null(), "{event}");
    let mut lan = server.lantalk("lan");
    lan.send(r#"{"type":"message","text":"/whois bob"}"#);
    while !lan.line().contains(r#""text":"Away: lunch""#) {}
    assert!(refused(&mut carol, "/whois zed").contains("404 zed is not online"));
}

#[test]
fn whois_hides_blockers_and_tells_owners_of_sanctions_and_when_an_account_was_here() {
    let server = TestServer::default();
    server.register("dave", "correct horse");
    let mut dave = server.login("dave", "correct horse");
    let mut eve = server.guest("eve", "ops");
    dave.send("/block eve");
    dave.until("INFO: eve is blocked");
    assert!(refused(&mut eve, "/whois dave").contains("404 dave is not online"));
    dave.quit();
    assert!(refused(&mut eve, "/whois dave").contains("404 dave is not online"), "offline");
    let mut carol = server.guest("carol", "ops");
    carol.send("/whois dave");
    assert_eq!(carol.until("INFO: dave"), "INFO: dave is an account, offline for less than a minute");
    eve.send("/mute carol");
    carol.until("INFO: eve muted carol");
    eve.send("/whois carol");
    assert_eq!(eve.until("INFO: carol is m"), "INFO: carol is muted in ops");
    let mut frank = server.guest("frank", "ops");
    frank.send("/whois carol");
    assert!(frank.drain_lines().iter().all(|line| !line.contains("muted")));
}
