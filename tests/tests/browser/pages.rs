//! The server's own page in a browser, and a chat over its WebSocket.

use crate::page::serve_page;
use landline_tests::{Browser, Direction, Recorder, TestServer};
use serde_json::json;
use std::net::SocketAddr;

/// Opens a WebSocket to the server of the page. Collects its events, and how it ended. Returns the state of the socket and
/// its sub-protocol.
const OPEN_SOCKET: &str = "
    window.events = [];
    window.ending = null;
    window.socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/ws`, 'landline.v1');
    socket.onmessage = message => events.push(JSON.parse(message.data));
    socket.onclose = close => { ending = [close.code, close.reason, close.wasClean]; };
    await new Promise(done => { socket.onopen = socket.onerror = done; });
    return [socket.readyState, socket.protocol]";

/// Returns the facts of the page about its server.
const FACTS: &str = "return JSON.parse(document.getElementById('server').textContent)";

/// Waits for three times the silence after which a main port greets. Then sends several requests at once, so that the
/// browser uses its spare connections too. Returns the statuses.
const FETCH_AFTER_SILENCE: &str = "
    await new Promise(done => setTimeout(done, 1000));
    const get = () => fetch('/health', { cache: 'no-store' }).then(answer => answer.status, String);
    return Promise.all([get(), get(), get()])";

/// Returns a script that opens a WebSocket at `address`. It returns `open`, or the code of the end.
fn try_socket(address: SocketAddr) -> String {
    format!(
        "const socket = new WebSocket('ws://{address}/ws', 'landline.v1');
         return new Promise(done => {{
             socket.onopen = () => done('open');
             socket.onclose = close => done(close.code);
         }})"
    )
}

/// Opens a WebSocket in the page, and signs in as a guest.
#[track_caller]
pub fn sign_in(browser: &Browser, name: &str) {
    assert_eq!(browser.eval(OPEN_SOCKET), json!([1, "landline.v1"]), "{name}");
    send(browser, &json!({ "type": "guest", "user": name, "room": "lobby" }));
    browser.wait_until("events.some(event => event.type == 'auth_ok')");
}

fn send(browser: &Browser, object: &serde_json::Value) {
    browser.eval(&format!("socket.send(JSON.stringify({object}))"));
}

#[test]
fn page_loads_at_the_web_port_and_at_the_main_port() {
    let Some(browser) = Browser::start(&[]) else { return };
    let server = TestServer::default();
    let web = server.web_address();
    // The main port twice: it greets the spare connections of the first visit.
    for address in [web, server.address(), server.address(), web] {
        browser.open(&format!("http://{address}/?from=test"));
        assert_eq!(browser.eval("return location.href"), format!("http://{web}/?from=test"), "{address}");
        assert_eq!(browser.eval(FACTS)["port"], server.address().port());
        let rules = browser.eval("return document.styleSheets[0].cssRules.length");
        assert!(rules.as_u64() > Some(0), "the policy allows the style: {rules}");
        assert_eq!(browser.eval(FETCH_AFTER_SILENCE), json!([200, 200, 200]), "{address}");
    }
}

#[test]
fn web_port_never_greets_a_spare_connection() {
    let Some(browser) = Browser::start(&[]) else { return };
    let server = TestServer::default();
    let recorder = Recorder::new(server.web_address());
    browser.open(&format!("http://{}/", recorder.address()));
    assert_eq!(browser.eval(FETCH_AFTER_SILENCE), json!([200, 200, 200]));
    let recordings = recorder.recordings();
    assert!(recordings.len() > 1, "the requests used one connection only");
    for recording in recordings {
        assert_eq!(recording[0].0, Direction::ToServer, "{recording:?}");
    }
}

#[test]
fn browser_chats_over_a_websocket_with_nc() {
    let Some(browser) = Browser::start(&[]) else { return };
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    browser.open(&format!("http://{}/", server.web_address()));
    sign_in(&browser, "wendy");
    alice.until("wendy has connected to the chatroom");
    // Longer than a small frame, and more than ASCII.
    let long = "häßlich 👍🏽 ".repeat(40);
    send(&browser, &json!({ "type": "say", "room": "lobby", "text": long.trim_end(), "label": "2" }));
    alice.until(&format!("wendy: {}", long.trim_end()));
    browser.wait_until("events.some(event => event.type == 'message' && event.label == '2')");
    alice.send("hello from nc");
    browser.wait_until("events.some(event => event.user == 'alice' && event.text == 'hello from nc')");
    assert_eq!(browser.eval("return ending"), serde_json::Value::Null);
}

#[test]
fn websocket_of_a_foreign_page_is_refused() {
    let Some(browser) = Browser::start(&[]) else { return };
    let server = TestServer::default();
    let mut witness = server.guest("witness", "lobby");
    let page = serve_page("<!doctype html><p>hello".to_owned());
    // A page of another site, one of the same site but another origin, and one without an origin (`null`).
    for url in [format!("http://localhost:{page}/"), format!("http://127.0.0.1:{page}/"), "data:text/html,<p>hi".into()]
    {
        browser.open(&url);
        for address in [server.web_address(), server.address()] {
            // A refused handshake: the page learns no reason.
            assert_eq!(browser.eval(&try_socket(address)), 1006, "{url} {address}");
        }
    }
    witness.expect_nothing();
    browser.open(&format!("http://{}/", server.web_address()));
    assert_eq!(browser.eval(&try_socket(server.web_address())), "open", "the own page");
}

#[test]
fn closed_websocket_tells_the_page_a_code_and_a_reason() {
    let Some(browser) = Browser::start(&[]) else { return };
    let mut server = TestServer::default();
    browser.open(&format!("http://{}/", server.web_address()));
    sign_in(&browser, "wendy");
    send(&browser, &json!({ "type": "quit" }));
    browser.wait_until("ending");
    assert_eq!(browser.eval("return ending"), json!([1000, "quit", true]));
    sign_in(&browser, "wanda");
    server.stop();
    browser.wait_until("ending");
    assert_eq!(browser.eval("return ending"), json!([1001, "closed by the server", true]));
}

#[test]
fn encrypted_page_chats_over_an_encrypted_websocket() {
    // The browser would warn of the certificate, which the server has made itself.
    let Some(browser) = Browser::start(&["--ignore-certificate-errors"]) else { return };
    let server = TestServer::default();
    let web = server.web_address();
    for (address, name) in [(web, "wendy"), (server.address(), "wanda")] {
        browser.open(&format!("https://{address}/"));
        assert_eq!(browser.eval("return location.href"), format!("https://{web}/"));
        assert_eq!(browser.eval(FACTS)["encrypted"], true);
        assert_eq!(browser.eval(FETCH_AFTER_SILENCE), json!([200, 200, 200]), "{address}");
        sign_in(&browser, name);
        assert_eq!(browser.eval("return socket.url"), format!("wss://{web}/ws"));
        let mut reader = server.guest(&format!("reader{name}"), "lobby");
        send(&browser, &json!({ "type": "say", "room": "lobby", "text": "hello" }));
        reader.until(&format!("{name}: hello"));
        reader.send("hello from nc");
        browser.wait_until("events.some(event => event.text == 'hello from nc')");
    }
}
