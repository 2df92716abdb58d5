//! The places of HTTP connections, apart from those of clients that sign in, and addresses behind a proxy.

use crate::http_client::HttpClient;
use landline_tests::{Client, TestServer, WebSocketClient, neighbour};

/// A server with the default bounds on addresses.
fn server(http_per_address: u64) -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = None;
        config.limits.http_per_address = http_per_address;
        config.limits.http_idle_seconds = 60;
        config.limits.http_head_seconds = 60;
    })
}

#[test]
fn browsers_take_no_place_of_users_who_type_a_sign_in() {
    let server = server(200);
    let mut typing: Vec<_> = (0..16).map(|_| server.connect()).collect();
    for client in &mut typing {
        client.expect_start("Authorise MODE?");
    }
    // From the same address: some leave, some stay.
    let mut staying = Vec::new();
    for number in 0..100 {
        let mut client = HttpClient::connect(server.web_address());
        assert_eq!(client.get("/health").status, 200);
        if number % 2 == 0 {
            staying.push(client);
        }
    }
    for (number, client) in typing.iter_mut().enumerate() {
        client.send(&format!("user{number}_lobby"));
        client.until("200 ");
    }
    for client in &mut staying {
        assert_eq!(client.get("/health").status, 200);
    }
}

#[test]
fn idle_connections_are_replaced_before_busy_ones() {
    let server = server(2);
    let connect = || HttpClient::connect(server.web_address());
    let mut idle = connect();
    assert_eq!(idle.get("/health").status, 200);
    let mut busy = connect();
    // One read of the server: once the first request is answered, the half one behind it is known.
    let one_and_a_half = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n";
    assert!(busy.try_send(one_and_a_half));
    assert_eq!(busy.response().status, 200);
    let mut third = connect();
    assert_eq!(third.get("/health").status, 200);
    idle.expect_closed();
    assert!(third.try_send(one_and_a_half));
    assert_eq!(third.response().status, 200);
    // Both are busy, and the older one goes.
    let mut fourth = connect();
    assert_eq!(fourth.get("/health").status, 200);
    busy.expect_closed();
    assert!(third.try_send("\r\n"));
    assert_eq!(third.response().status, 200);
}

#[test]
fn websockets_that_do_not_sign_in_make_place_for_new_ones() {
    let server = server(3);
    let mut first = WebSocketClient::connect(server.web_address());
    let mut alice = WebSocketClient::connect(server.web_address());
    alice.sign_in("alice", "hall");
    // A session of the address allows one more: four do not sign in.
    let mut later: Vec<_> = (0..3).map(|_| WebSocketClient::connect(server.web_address())).collect();
    let mut newest = WebSocketClient::connect(server.web_address());
    assert_eq!(first.close_frame().map(|frame| frame.code.into()), Some(1001_u16));
    newest.sign_in("newest", "hall");
    for (number, client) in later.iter_mut().enumerate() {
        client.sign_in(&format!("later{number}"), "hall");
    }
    alice.send("still here");
    alice.receive_until(|event| event["text"] == "still here");
}

/// Sends a request as a proxy does, and returns the connection and the status.
fn forwarded(server: &TestServer, from: u16, hops: &str) -> (HttpClient, u16) {
    let mut client = HttpClient::connect_from(neighbour(from), server.web_address());
    client.try_send(format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {hops}\r\n\r\n"));
    let status = client.response().status;
    (client, status)
}

/// The proxy, and another machine.
const PROXY: u16 = 1;
const STRANGER: u16 = 2;

fn server_behind_a_proxy() -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = Some(2);
        config.trusted_proxies =
            vec![neighbour(PROXY).to_string().parse::<std::net::IpAddr>().expect("an address").into()];
    })
}

#[test]
fn bans_and_limits_hold_for_the_client_behind_a_trusted_proxy() {
    let server = server_behind_a_proxy();
    let moderator = server.server().moderator();
    moderator.ban("10.9.9.9", None, "").expect("a ban");
    assert_eq!(forwarded(&server, PROXY, "10.9.9.9").1, 403);
    assert_eq!(forwarded(&server, PROXY, "10.1.1.1, 10.9.9.9").1, 403);
    // The client itself writes the left end.
    assert_eq!(forwarded(&server, PROXY, "10.9.9.9, 10.1.1.1").1, 200);
    // One address has two places; the oldest connection that waits for a request gives way.
    let mut two = [forwarded(&server, PROXY, "10.1.1.2"), forwarded(&server, PROXY, "10.1.1.2")];
    assert_eq!(two.each_ref().map(|(_, status)| *status), [200, 200]);
    assert_eq!(forwarded(&server, PROXY, "10.1.1.2").1, 200);
    two[0].0.expect_closed();
    assert_eq!(forwarded(&server, PROXY, "10.1.1.3").1, 200);
    // A ban ends the connections of the client behind the proxy, and no others.
    let mut kept = forwarded(&server, PROXY, "10.1.1.4").0;
    let mut ended = forwarded(&server, PROXY, "10.1.1.5").0;
    moderator.ban("10.1.1.5", None, "").expect("a ban");
    ended.expect_closed();
    kept.request("GET", "/health", "X-Forwarded-For: 10.1.1.4\r\n");
    assert_eq!(kept.response().status, 200);
    // The same connection of the proxy, for a banned client.
    kept.request("GET", "/health", "X-Forwarded-For: 10.1.1.5\r\n");
    kept.expect_last(403);
}

#[test]
fn word_of_other_peers_about_an_address_is_ignored() {
    let server = server_behind_a_proxy();
    let moderator = server.server().moderator();
    moderator.ban("10.9.9.9", None, "").expect("a ban");
    // One address has two places, whatever it claims.
    let mut two = [forwarded(&server, STRANGER, "10.9.9.9"), forwarded(&server, STRANGER, "10.1.1.2")];
    assert_eq!(two.each_ref().map(|(_, status)| *status), [200, 200]);
    assert_eq!(forwarded(&server, STRANGER, "10.1.1.3").1, 200);
    two[0].0.expect_closed();
    moderator.ban(&neighbour(STRANGER).to_string(), None, "").expect("a ban");
    assert_eq!(forwarded(&server, STRANGER, "10.1.1.1").1, 403);
    // A client of the text door behind the proxy's address has no such word at all.
    let mut client = Client::connect_from(neighbour(PROXY), server.address());
    client.send("alice_lobby");
    client.expect_start("200 ");
}
