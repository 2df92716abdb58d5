//! Lists come in pages, which together show every name once.

use super::worst;
use landline_common::EventKind;
use landline_common::json;
use landline_tests::{Client, TestServer};

/// Starts a server with three names per page.
fn server() -> TestServer {
    TestServer::new(|config| config.limits.page_names = 3)
}

/// Signs in guests, one after another, in one room.
fn guests<const N: usize>(server: &TestServer, names: [&str; N], room: &str) -> [Client; N] {
    names.map(|name| server.guest(name, room))
}

fn json_guest(server: &TestServer, name: &str, room: &str) -> Client {
    let mut client = server.connect();
    client.send("format json");
    client.send(&format!("{name}_{room}"));
    while !client.line().contains("auth_ok") {}
    client
}

/// Sends `line`. Returns the answer without earlier presence lines.
fn ask(client: &mut Client, line: &str) -> Vec<String> {
    client.drain_lines();
    client.send(line);
    client.drain_lines()
}

#[test]
fn x2_a_single_page_is_in_the_order_of_sign_in() {
    let server = server();
    let mut here = guests(&server, ["zoe", "bob", "alice"], "ops");
    let zoe = &mut here[0];
    assert_eq!(ask(zoe, "/users"), ["Online clients: zoe, bob, alice"]);
    assert_eq!(ask(zoe, "/who OPS"), ["In ops: zoe, bob, alice"]);
    assert_eq!(ask(zoe, "whoelse"), ["Online clients: bob, alice"]);
    assert_eq!(ask(zoe, "/since 60"), ["Online in the last 60 s: bob, alice"]);
}

#[test]
fn x2_several_pages_are_in_the_order_of_names() {
    let server = server();
    let mut here = guests(&server, ["zoe", "Bob", "alice", "eve", "carol"], "ops");
    let zoe = &mut here[0];
    let page = ["Online clients: alice, Bob, carol", "INFO: and 2 more: /users after carol"];
    assert_eq!(ask(zoe, "/users"), page);
    assert_eq!(ask(zoe, "online clients"), page);
    assert_eq!(ask(zoe, "/users after carol"), ["Online clients: eve, zoe"]);
    assert_eq!(ask(zoe, "/users after CAROL"), ["Online clients: eve, zoe"]);
    assert_eq!(ask(zoe, "/users after b"), ["Online clients: Bob, carol, eve", "INFO: and 1 more: /users after eve"]);
    assert_eq!(ask(zoe, "/users after zz"), ["Online clients: none"]);
    assert_eq!(ask(zoe, "/others"), ["Online clients: alice, Bob, carol", "INFO: and 1 more: /others after carol"]);
    let page = ["In ops: alice, Bob, carol", "INFO: and 2 more: /who ops after carol"];
    assert_eq!(ask(zoe, "/who Ops"), page);
    assert_eq!(ask(zoe, "/who ops after carol"), ["In ops: eve, zoe"]);
    assert_eq!(
        ask(zoe, "/since 60"),
        ["Online in the last 60 s: alice, Bob, carol", "INFO: and 1 more: /since 60 after carol"]
    );
    assert_eq!(ask(zoe, "/since 60 after carol"), ["Online in the last 60 s: eve"]);
}

#[test]
fn x2_rooms_chats_and_blocks_come_in_pages() {
    let server = server();
    let names = ["bob", "carol", "dora", "eve"];
    let others = guests(&server, names, "ops");
    let mut alice = server.guest("alice", "lobby");
    for room in ["attic", "Barn", "cellar"] {
        alice.send(&format!("/join {room}"));
    }
    let page = ["Rooms: attic (1), Barn (1), cellar (1)", "INFO: and 2 more: /rooms after cellar"];
    assert_eq!(ask(&mut alice, "/rooms"), page);
    assert_eq!(ask(&mut alice, "/rooms after cellar"), ["Rooms: lobby (1), ops (4)"]);
    assert_eq!(ask(&mut alice, "/rooms after BARN"), ["Rooms: cellar (1), lobby (1), ops (4)"]);
    let mut kept = Vec::new();
    for (name, mut other) in names.into_iter().zip(others) {
        other.send("/connect alice");
        alice.until(&format!("PRIVATE_REQUEST_FROM:{name}"));
        alice.send(&format!("/accept {name}"));
        alice.send(&format!("/block nobody-{name}"));
        server.register(&format!("nobody-{name}"), "password");
        alice.send(&format!("/block nobody-{name}"));
        other.drain_lines();
        kept.push(other);
    }
    let page = ["Private chats: bob, carol, dora", "INFO: and 1 more: /chats after dora"];
    assert_eq!(ask(&mut alice, "my private chats"), page);
    assert_eq!(ask(&mut alice, "/chats after dora"), ["Private chats: eve"]);
    let page = ["Blocked: nobody-bob, nobody-carol, nobody-dora", "INFO: and 1 more: /block after nobody-dora"];
    assert_eq!(ask(&mut alice, "/block"), page);
    assert_eq!(ask(&mut alice, "/block after nobody-dora"), ["Blocked: nobody-eve"]);
}

#[test]
fn x2_every_rendering_has_the_command_for_the_next_page() {
    let server = TestServer::new(|config| {
        config.limits.page_names = 2;
        config.lantalk_port = Some(0);
    });
    let _guests = guests(&server, ["alice", "bob", "carol"], "lobby");
    let mut json = json_guest(&server, "json", "lobby");
    json.send("/users");
    let line = json.line();
    assert!(
        line.contains(r#""more":2,"next":"/users after bob","users":["alice","bob"],"unencrypted":["alice","bob"],"text":"and 2 more: /users"#),
        "{line}"
    );
    json.send("/users after bob");
    let line = json.line();
    assert!(line.contains(r#""after":"bob","users":["carol","json"],"unencrypted":["carol","json"],"text":"Online clients: carol, json""#), "{line}");
    let mut lantalk = server.lantalk("dora");
    lantalk.send(r#"{"type":"message","text":"/users"}"#);
    while !lantalk.line().contains(r#""text":"Online: alice, bob""#) {}
    assert!(lantalk.line().contains(r#""text":"and 3 more: /users after bob""#));
    let mut unframed = server.unframed();
    unframed.exchange("tcpchat_lobby", "200");
    unframed.send("/users");
    while unframed.recv() != "Online clients: alice, bob" {}
    unframed.expect("INFO: and 4 more: /users after bob");
}

/// Many guests of one address open rooms with the longest names, at a server with a small backlog.
#[test]
fn x2_a_client_that_lists_many_rooms_is_not_reset() {
    let server = TestServer::new(|config| {
        config.limits.backlog_bytes = 128 << 10;
        config.limits.send_buffer_bytes = 4 << 10;
    });
    let mut guests = Vec::new();
    for guest in 0..30 {
        let mut client = server.guest(&format!("guest{guest}"), "lobby");
        for room in 0..31 {
            client.send(&format!("/join {}", worst::room(31 * guest + room)));
        }
        client.drain_lines();
        guests.push(client);
    }
    let mut reader = json_guest(&server, "reader", "lobby");
    for _ in 0..30 {
        let mut command = "/rooms".to_owned();
        let mut rooms = Vec::new();
        loop {
            reader.send(&command);
            let Some(EventKind::Rooms { rooms: page, part }) = json::read(&reader.line()).map(|event| event.what)
            else {
                continue;
            };
            rooms.extend(page.into_iter().map(|(room, _)| room.into_owned()));
            match part.more {
                Some(more) => command = more.next.into_owned(),
                None => break,
            }
        }
        assert_eq!(rooms.len(), 30 * 31 + 1);
        assert!(rooms.is_sorted(), "names are out of order or repeated");
    }
}
