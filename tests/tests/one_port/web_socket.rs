//! WebSockets at the server's ports: the handshake, talk, resuming, and the reason of each close.

use crate::http::ways;
use crate::raw_web_socket::{CLOSE, PING, PONG, RawWebSocket, TEXT, frame};
use landline_tests::{Client, ObjectClient, TestServer, TlsTunnel, WebSocketClient, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// Returns the code and the reason of the server's close frame.
fn closed(client: &mut WebSocketClient) -> (u16, String) {
    let frame = client.close_frame().expect("a close frame");
    (frame.code.into(), frame.reason.to_string())
}

/// Signs in alice, once her earlier session has ended.
fn alice(server: &TestServer) -> WebSocketClient {
    eventually("the name is free", || server.server().context().hub.user_count() == 0);
    let mut client = WebSocketClient::connect(server.web_address());
    client.sign_in("alice", "hall");
    client
}

#[test]
fn events_are_those_of_format_json() {
    let server = TestServer::default();
    for (number, (way, address)) in ways(&server).into_iter().enumerate() {
        let room = format!("hall{number}");
        let mut frames = WebSocketClient::connect(address);
        frames.sign_in(&format!("alice{number}"), &room);
        let mut lines = ObjectClient::connect(&server);
        lines.sign_in(json!({ "type": "guest", "user": format!("bob{number}"), "room": room }));
        let mut carol = server.guest(&format!("carol{number}"), &room);
        carol.send("grüße \u{1f600} \"\\");
        carol.send("/topic numbers");
        carol.send("/quit");
        let is_begin = |event: &Value| event["event"] == "connected" && event["user"] == format!("carol{number}");
        let is_end = |event: &Value| event["event"] == "disconnected";
        let mut by_frames = vec![frames.receive_until(is_begin)];
        let mut by_lines = vec![std::iter::from_fn(|| Some(lines.receive())).find(is_begin).expect("an event")];
        while !by_frames.last().is_some_and(is_end) {
            by_frames.push(frames.receive());
        }
        while !by_lines.last().is_some_and(is_end) {
            by_lines.push(lines.receive());
        }
        assert_eq!(by_frames, by_lines, "{way}");
        assert!(by_frames.iter().any(|event| event["text"] == "grüße \u{1f600} \"\\"), "{by_frames:?}");
    }
}

#[test]
fn labels_are_answered_also_of_messages_that_are_too_long() {
    let server = TestServer::default();
    let mut client = alice(&server);
    client.send(&json!({ "label": "1", "type": "say", "room": "hall", "text": "hello" }).to_string());
    let said = client.receive_until(|event| event["label"] == "1");
    assert_eq!((&said["text"], &said["done"]), (&json!("hello"), &json!(true)));
    client.send(&json!({ "label": "2", "type": "say", "room": "hall", "text": "x".repeat(100_000) }).to_string());
    assert_eq!(client.receive_until(|event| event["label"] == "2")["cause"], "line_too_long");
    client.send("a line");
    client.receive_until(|event| event["text"] == "a line");
}

#[test]
fn messages_may_come_with_the_handshake() {
    let server = TestServer::default();
    for (way, address) in ways(&server) {
        let sign_in = br#"{"type":"guest","user":"early","room":"hall","label":"1"}"#;
        let quit = br#"{"type":"quit"}"#;
        let mut client = RawWebSocket::connect_and_send(address, &[frame(TEXT, sign_in), frame(TEXT, quit)].concat());
        client.until_text("auth_ok");
        assert_eq!(client.close_reason(), Some((1000, "quit".into())), "{way}");
    }
}

#[test]
fn session_goes_on_over_another_websocket_and_the_first_hears_it() {
    let server = TestServer::default();
    for round in 0..20 {
        let user = format!("alice{round}");
        let sign_in = |client: &mut WebSocketClient, object: Value| {
            client.send(&object.to_string());
            client.receive_until(|event| event["type"] == "auth_ok")
        };
        let mut first = WebSocketClient::connect(server.web_address());
        let begun = sign_in(&mut first, json!({ "type": "guest", "user": user, "room": "hall" }));
        let mut second = WebSocketClient::connect(server.address());
        let resumed = sign_in(&mut second, json!({ "type": "resume", "token": begun["token"] }));
        assert_eq!((&resumed["username"], &resumed["resumed"]), (&json!(user), &json!(true)));
        assert_eq!(closed(&mut first), (4001, "resumed_elsewhere".into()));
        // A connection that is lost, without the closing handshake.
        second.socket.get_ref().shutdown(std::net::Shutdown::Both).expect("a socket");
        let mut third = WebSocketClient::connect(server.web_address());
        let again = sign_in(&mut third, json!({ "type": "resume", "token": resumed["token"] }));
        assert_eq!(again["resumed"], true);
    }
}

#[test]
fn close_tells_why_the_session_has_ended() {
    let mut server = TestServer::new(|config| {
        config.rate = Some((5, Duration::from_secs(600)));
        config.limits.dropped_lines = 5;
    });
    let mut client = alice(&server);
    client.send(&json!({ "type": "quit" }).to_string());
    assert_eq!(closed(&mut client), (1000, "quit".into()));

    let mut client = alice(&server);
    server.server().moderator().kick("alice", "").expect("a user");
    assert_eq!(closed(&mut client), (1008, "kicked".into()));

    let mut client = alice(&server);
    for _ in 0..20 {
        client.send("flood");
    }
    assert_eq!(closed(&mut client), (1008, "flooding".into()));

    let mut client = alice(&server);
    let mut unsigned = WebSocketClient::connect(server.web_address());
    server.stop();
    assert_eq!(closed(&mut client), (1001, "closed by the server".into()));
    assert_eq!(closed(&mut unsigned), (1001, "closed by the server".into()));
    server.restart();

    let mut client = alice(&server);
    let mut unsigned = WebSocketClient::connect(server.web_address());
    server.server().moderator().ban("alice", None, "").expect("a user");
    assert_eq!(closed(&mut client), (1008, "banned".into()));
    assert_eq!(closed(&mut unsigned), (1008, "banned".into()));
}

/// Browsers show the code of the close that they receive, and wait for the end of the connection.
#[test]
fn close_of_the_client_is_answered_and_the_connection_ends() {
    let server = TestServer::default();
    for (way, address) in ways(&server) {
        for (payload, answer) in [(&b"\x03\xe9going"[..], &b"\x03\xe9"[..]), (b"\x0b\xb8", b"\x0b\xb8"), (b"", b"")] {
            for is_signed_in in [false, true] {
                let mut client = match is_signed_in {
                    true => RawWebSocket::signed_in(address, "alice"),
                    false => RawWebSocket::connect(address),
                };
                client.send(CLOSE, payload);
                let last = std::iter::from_fn(|| client.next_frame()).last();
                assert_eq!(last, Some((CLOSE, answer.to_vec())), "{way}");
                drop(client);
                eventually("the name is free", || server.server().context().hub.user_count() == 0);
            }
        }
    }
}

#[test]
fn five_useless_messages_or_a_long_silence_end_the_sign_in() {
    let server = TestServer::new(|config| config.limits.answer_seconds = 1);
    let mut client = WebSocketClient::connect(server.web_address());
    for number in 0..5 {
        client.send(if number % 2 == 0 { "alice_hall" } else { r#"{"type":"say","room":"hall","text":"hi"}"# });
    }
    for number in 0..5 {
        let cause = if number % 2 == 0 { "how_to_sign_in" } else { "bad_object" };
        assert_eq!(client.receive()["cause"], cause);
    }
    assert_eq!(closed(&mut client), (1008, "not signed in".into()));
    // Pings and parts of messages extend nothing.
    let mut client = RawWebSocket::connect(server.web_address());
    let mut begin = Some(frame(0x01, b"{"));
    while client.try_send_bytes(&[frame(PING, b""), begin.take().unwrap_or_default()].concat()) {
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn silent_client_is_pinged_and_ended_unless_it_answers() {
    let server = TestServer::new(|config| {
        config.limits.websocket_ping_seconds = 1;
        config.limits.idle_warning_seconds = 1;
        config.timeout = Duration::from_secs(4);
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut lost = RawWebSocket::signed_in(server.web_address(), "lost");
            assert_eq!(lost.close_reason(), Some((1008, "connection lost".into())));
        });
        scope.spawn(|| {
            let mut idle = RawWebSocket::signed_in(server.web_address(), "idle");
            // Pongs keep the connection, and are no sign of the user.
            let mut pings = 0;
            let close = loop {
                match idle.next_frame().expect("a frame") {
                    (PING, payload) => {
                        pings += 1;
                        idle.send(PONG, &payload);
                    }
                    (CLOSE, payload) => break payload,
                    _ => {}
                }
            };
            assert_eq!((&close[2..], pings >= 2), (&b"idle"[..], true), "{pings} pings");
        });
        scope.spawn(|| {
            let mut active = RawWebSocket::signed_in(server.web_address(), "active");
            for _ in 0..6 {
                while !matches!(active.next_frame(), Some((PING, _))) {}
                active.send(TEXT, br#"{"type":"say","room":"hall","text":"hello"}"#);
            }
        });
    });
}

#[test]
fn pages_of_other_servers_open_no_websocket() {
    let server = TestServer::default();
    let (web, tunnel) = (server.web_address(), TlsTunnel::to(server.web_address()).address());
    for (address, origin, is_own) in [
        (web, format!("http://{web}"), true),
        (web, format!("https://{web}"), false),
        (web, format!("http://localhost:{}", web.port()), false),
        (web, "http://evil.example".into(), false),
        (web, "null".into(), false),
        (web, String::new(), false),
        (tunnel, format!("https://{tunnel}"), true),
        (tunnel, format!("http://{tunnel}"), false),
    ] {
        match WebSocketClient::try_connect(address, &[("Origin", &origin)]) {
            Ok(_) => assert!(is_own, "{origin:?} is let in"),
            Err(why) => assert!(!is_own && why.contains("403"), "{origin:?}: {why}"),
        }
    }
}

#[test]
fn sub_protocol_is_chosen_if_one_is_offered() {
    let server = TestServer::default();
    let connect =
        |offer: &str| WebSocketClient::try_connect(server.web_address(), &[("Sec-WebSocket-Protocol", offer)]);
    let (_, response) = connect("chat, landline.v1").expect("a handshake");
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "landline.v1");
    let why = connect("chat").map(|_| ()).expect_err("a refusal");
    assert!(why.contains("400"), "{why}");
    let (mut client, response) = WebSocketClient::connect_with(server.web_address(), &[]);
    assert!(!response.headers().contains_key("Sec-WebSocket-Protocol"));
    client.sign_in("alice", "hall");
}

#[test]
fn a_session_moves_between_lines_and_frames() {
    let server = TestServer::default();
    let mut frames = WebSocketClient::connect(server.web_address());
    frames.send(&json!({ "type": "guest", "user": "alice", "room": "hall", "acks": true }).to_string());
    let begun = frames.receive_until(|event| event["type"] == "auth_ok");
    let mut lines = ObjectClient::of(Client::connect(server.address()));
    let resumed = lines.sign_in(json!({ "type": "resume", "token": begun["token"], "acks": true }));
    assert_eq!(closed(&mut frames).0, 4001);
    let mut again = WebSocketClient::connect(server.web_address());
    again.send(&json!({ "type": "resume", "token": resumed[0]["token"], "acks": true }).to_string());
    assert_eq!(again.receive_until(|event| event["type"] == "auth_ok")["username"], "alice");
    assert_eq!(lines.until("cause", "resumed_elsewhere")["type"], "system");
}
