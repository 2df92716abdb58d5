//! What outlasts a loss: the session, the place in the list, the drawer that Back closes.

use crate::visitor::{PHONE, Screen, Visitor};
use landline_tests::{Client, ObjectClient, Program, TestServer};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

/// Returns a port of loopback that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Starts the server program with this web port. Returns it with the address of its main port.
fn start(data: &Path, web_port: u16) -> (Program, SocketAddr) {
    let mut command = Program::server();
    command.args(["--bind", "127.0.0.1", "--lantalk-port", "0", "--beacon-port", "0", "--rate", "off"]);
    Program::start_server(command.args(["--web-port", &web_port.to_string()]).arg("--data").arg(data))
}

/// Returns the texts in the history of the lobby.
fn stored_lines(client: &mut ObjectClient) -> Vec<Value> {
    let history = client.request(json!({ "type": "history", "room": "lobby", "last": 50 }));
    history.iter().filter(|object| object["event"] == "history").map(|object| object["text"].clone()).collect()
}

#[test]
fn lines_written_while_the_server_is_killed_and_started_again_arrive_once_and_in_order() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let web = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let (mut server, address) = start(folder.path(), web.port());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    let Some(visitor) = Visitor::guest(web, "bob", "lobby", PHONE) else { return };
    visitor.say("lobby", "before");
    alice.until("bob: before");
    let mut witness = ObjectClient::of(Client::connect(address));
    witness.sign_in(json!({ "type": "guest", "user": "witness", "room": "lobby" }));
    assert_eq!(stored_lines(&mut witness), ["before"]);
    server.signal("KILL");
    server.wait();
    visitor.wait_for("Reconnecting…");
    for line in ["one", "two", "three"] {
        visitor.say("lobby", line);
    }
    visitor.wait_for("Waiting");
    let (_server, address) = start(folder.path(), web.port());
    visitor.wait_until_gone("Waiting");
    visitor.wait_until_gone("Reconnecting…");
    visitor.wait_for_messages(&["before", "one", "two", "three"]);
    let mut witness = ObjectClient::of(Client::connect(address));
    witness.sign_in(json!({ "type": "guest", "user": "witness", "room": "lobby" }));
    assert_eq!(stored_lines(&mut witness), ["before", "one", "two", "three"]);
    witness.send(&json!({ "type": "say", "room": "lobby", "text": "hello again" }));
    visitor.wait_for_messages(&["before", "one", "two", "three", "hello again"]);
}

#[test]
fn page_that_loads_anew_shows_what_came_meanwhile_once() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.say("lobby", "before");
    alice.until("bob: before");
    visitor.browser.open("about:blank");
    alice.send("meanwhile");
    alice.expect_nothing();
    visitor.browser.open(&format!("http://{}/", server.web_address()));
    visitor.wait_for_messages(&["before", "meanwhile"]);
    visitor.say("lobby", "after");
    alice.until("bob: after");
    visitor.wait_for_messages(&["before", "meanwhile", "after"]);
    visitor.expect_no_errors();
}

#[test]
fn second_tab_asks_before_it_takes_the_session() {
    let server = TestServer::new(|config| config.name = "Room 12".into());
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.type_into("Write to lobby", "a draft");
    let first = visitor.browser.open_tab();
    visitor.show_page(server.web_address(), "/");
    visitor.wait_for("Room 12 is open in another tab.");
    visitor.tap("button", "Use it here");
    assert_eq!(visitor.value_of("Write to lobby"), "a draft");
    visitor.say("lobby", "from the second");
    alice.until("bob: from the second");
    visitor.browser.switch_to(&first);
    visitor.wait_for("Room 12 is open in another tab.");
    visitor.tap("button", "Use it here");
    visitor.say("lobby", "from the first");
    alice.until("bob: from the first");
    visitor.wait_for_messages(&["from the second", "from the first"]);
    // Neither tab has evicted the other since.
    assert_eq!(alice.drain_lines(), [""; 0]);
    visitor.expect_no_errors();
}

#[test]
fn back_closes_a_drawer_and_a_menu_and_not_the_chat() {
    let server = TestServer::default();
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", PHONE) else { return };
    let layers = "document.querySelectorAll('dialog').length";
    visitor.tap("button", "Rooms");
    visitor.wait_to_find("textbox", "Open or make a room");
    visitor.browser.back();
    visitor.browser.wait_until(&format!("{layers} === 0"));
    visitor.tap("button", "1 person");
    visitor.tap("button", "bob owner, you");
    visitor.browser.wait_until(&format!("{layers} === 2"));
    visitor.browser.back();
    visitor.browser.wait_until(&format!("{layers} === 1"));
    visitor.browser.back();
    visitor.browser.wait_until(&format!("{layers} === 0"));
    visitor.choose("Help");
    visitor.wait_for("Shift+Enter");
    visitor.browser.back();
    visitor.browser.wait_until(&format!("{layers} === 0"));
    visitor.wait_to_find("textbox", "Write to ops");
    assert_eq!(visitor.browser.eval("return location.hash"), "#ops");
    visitor.expect_no_errors();
}

#[test]
fn turned_phone_keeps_its_place() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    for number in 0..100 {
        alice.send(&format!(
            "line {number}: long enough to wrap on an upright phone, and to need one line on a turned one"
        ));
    }
    visitor.wait_for("line 99:");
    let at_end = "(log => log.scrollHeight - log.scrollTop - log.clientHeight < 2)(document.querySelector('.log'))";
    let first_seen = "const edge = document.querySelector('.log').getBoundingClientRect().top;
        return [...document.querySelectorAll('li.message .text')].find(text => text.getBoundingClientRect().bottom > edge).textContent";
    let turned = Screen { width: PHONE.height, height: PHONE.width, is_touch: true };
    visitor.browser.wait_until(at_end);
    visitor.set_screen(turned);
    visitor.browser.wait_until(&format!("innerWidth === {} && {at_end}", turned.width));
    visitor.set_screen(PHONE);
    visitor.browser.wait_until(&format!("innerWidth === {} && {at_end}", PHONE.width));
    visitor.browser.eval("document.querySelector('.log').scrollTop -= 2000");
    visitor.wait_to_find("button", "Newest messages");
    let before = visitor.browser.eval(first_seen);
    visitor.set_screen(turned);
    visitor.browser.wait_until(&format!("innerWidth === {}", turned.width));
    visitor.browser.eval("await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame)");
    assert_eq!(visitor.browser.eval(first_seen), before);
    visitor.expect_no_errors();
}
