//! `--require-tls`: clear text from another machine is refused in the words of each protocol, TLS is accepted.

use crate::http_client::HttpClient;
use crate::tls_client::TlsClient;
use landline_tests::{Client, Lan, TestServer, TlsTunnel, Unframed, WebSocketClient};

const REFUSAL: &str = "403 This server accepts encrypted connections only.";

#[test]
fn clear_text_from_another_machine_is_refused_and_tls_accepted() {
    let Some(mut lan) = Lan::new(1) else { return };
    let [here, there] = [lan.host(), lan.host()];
    lan.plug(here, 0, "10.79.0.1/24");
    lan.plug(there, 0, "10.79.0.2/24");
    lan.run_on(here, || {
        let server = TestServer::new(|config| {
            config.bind = [10, 79, 0, 1].into();
            config.require_tls = true;
            config.lantalk_port = Some(0);
        });
        lan.run_on(there, || {
            refuses_clear_text(&server);
            accepts_tls(&server);
        });
    });
}

fn refuses_clear_text(server: &TestServer) {
    for first in ["", "alice_lobby\n", "LOGIN\nalice\nsecret\n", "{\"type\":\"guest\",\"user\":\"alice\"}\n"] {
        let mut client = server.connect();
        client.send_bytes(first.as_bytes());
        client.expect_start(REFUSAL);
        client.expect_closed();
    }
    let mut program = Unframed::connect(server.address());
    program.send("alice_lobby");
    assert!(program.recv().starts_with(REFUSAL));
    program.expect("");
    for first in ["", "{\"username\":\"alice\",\"password\":\"\"}\n"] {
        let mut client = Client::connect(server.lantalk_address());
        client.send_bytes(first.as_bytes());
        client.expect_start("{\"type\":\"auth_fail\"");
        client.expect_closed();
    }
    for address in [server.web_address(), server.address()] {
        let mut client = HttpClient::connect(address);
        assert!(client.try_send(format!("GET /a?b=c HTTP/1.1\r\nHost: {address}\r\n\r\n")));
        let moved = client.response();
        let location = format!("https://{address}/a?b=c");
        assert_eq!((moved.status, moved.header("Location")), (308, Some(location.as_str())));
        client.request("POST", "/", "");
        assert_eq!(client.response().status, 403);
        let why = WebSocketClient::try_connect(address, &[]).map(|_| ()).expect_err("a refusal");
        assert!(why.contains("308"), "{why}");
    }
    assert_eq!(server.server().context().hub.user_count(), 0);
}

fn accepts_tls(server: &TestServer) {
    let mut alice = TlsClient::connect(server.address());
    alice.send("alice_lobby\n");
    alice.until("200 ");
    let mut page = HttpClient::connect(TlsTunnel::to(server.web_address()).address());
    let page = page.get("/");
    assert!(page.body.contains("This connection is encrypted.") && !page.body.contains("<code>nc "), "{page:?}");
    let mut bob = WebSocketClient::connect(TlsTunnel::to(server.address()).address());
    bob.sign_in("bob", "lobby");
    alice.until("bob has connected to the chatroom");
    let mut lantalk = Client::connect(TlsTunnel::to(server.lantalk_address()).address());
    lantalk.expect_start("{\"type\":\"auth_request\"");
}

#[test]
fn clients_of_the_same_machine_may_go_without() {
    let server = TestServer::new(|config| config.require_tls = true);
    server.guest("alice", "lobby").quit();
    assert_eq!(HttpClient::connect(server.web_address()).get("/").status, 200);
}
