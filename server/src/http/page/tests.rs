use super::*;
use crate::http::exchange::ServerFacts;
use crate::http::reader::tests::request;
use crate::http::router::tests::facts;
use landline_common::tls::ServerKey;
use serde_json::Value;

const PLAIN: ConnectionFacts =
    ConnectionFacts { is_encrypted: false, is_proxied: false, must_encrypt: false, is_main_port: false };

fn key() -> ServerKey {
    "0123456789abcdef".repeat(4).parse().unwrap()
}

fn page(server: &ServerFacts, connection: ConnectionFacts, host: &str) -> String {
    page_with(server, connection, host, Some(key()))
}

fn page_with(server: &ServerFacts, connection: ConnectionFacts, host: &str, key: Option<ServerKey>) -> String {
    let request = request(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    render(web_files::template(), Exchange { request: &request, server, users: 2, key, connection })
}

/// Returns the text of the element that begins with `start`.
fn element<'h>(html: &'h str, start: &str, end: &str) -> &'h str {
    html.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// Returns the facts of the page as its scripts read them.
fn facts_of(html: &str) -> Value {
    let block = element(html, "<script type=\"application/json\" id=\"server\">", "</script>");
    assert!(!block.contains('<'), "{block}");
    serde_json::from_str(block).unwrap()
}

#[test]
fn template_has_each_slot_once_and_in_order() {
    let mut rest = web_files::template();
    for slot in SLOTS {
        assert_eq!(web_files::template().matches(slot.start).count(), 1, "{}", slot.start);
        rest = rest.split_once(slot.start).expect(slot.start).1.split_once(slot.end).expect(slot.end).1;
    }
    let html = page(&facts(), PLAIN, "box");
    assert!(html.starts_with("<!doctype html>") && html.ends_with(rest), "{html}");
}

#[test]
fn page_without_scripts_tells_how_to_join() {
    let html = page(&facts(), PLAIN, "192.168.1.20:8080");
    let html = element(&html, "<noscript>", "</noscript>");
    for expected in [
        "<h1>Class 7b</h1>",
        "2 users are online. Guests may join; no account is needed.",
        "<code>landline 192.168.1.20</code>",
        "<code>openssl s_client -connect 192.168.1.20:12345 -quiet</code>",
        "<code>nc 192.168.1.20 12345</code>",
        "<code>ws://192.168.1.20:8080/ws</code>",
        "then type NAME_ROOM, for example alice_lobby",
        "This connection is not encrypted",
        &format!("<code>{}</code>", key().fingerprint()),
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
}

#[test]
fn commands_fit_the_address_and_the_server() {
    let other_port = ServerFacts { text_port: Some(4_000), ..facts() };
    let html = page(&other_port, PLAIN, "[::1]:8080");
    for expected in ["landline [::1]:4000<", "-connect [::1]:4000 -quiet<", "nc ::1 4000<", "ws://[::1]:8080/ws<"] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    let encrypted = ConnectionFacts { is_encrypted: true, ..PLAIN };
    let html = page(&ServerFacts { requires_tls: true, ..facts() }, encrypted, "box");
    assert!(html.contains("<code>wss://box/ws</code>") && html.contains("This connection is encrypted."), "{html}");
    assert!(!html.contains("<code>nc "), "{html}");
    let html = page_with(&ServerFacts { has_password: true, ..facts() }, PLAIN, "box", None);
    assert!(!html.contains("openssl") && !html.contains("digits"), "{html}");
    assert!(html.contains("you need this server&#39;s password"), "{html}");
    let html = page(&ServerFacts { text_port: None, ..facts() }, PLAIN, "box");
    assert!(!html.contains("<code>nc ") && !html.contains("<code>landline "), "{html}");
    let proxied = ConnectionFacts { is_proxied: true, ..PLAIN };
    assert!(page(&facts(), proxied, "box").contains("comes through a proxy"));
}

#[test]
fn request_without_a_host_gets_the_own_address() {
    let request = request("GET / HTTP/1.0\r\n\r\n");
    let exchange = Exchange { request: &request, server: &facts(), users: 1, key: None, connection: PLAIN };
    let html = render(web_files::template(), exchange);
    assert!(html.contains("<code>nc 10.0.0.1 12345</code>") && html.contains("One user is online."), "{html}");
}

#[test]
fn scripts_get_the_facts() {
    let server = facts();
    let expected = json!({
        "name": "Class 7b",
        "users": 2,
        "password": false,
        "encrypted": false,
        "accounts": true,
        "history": true,
        "page": web_files::page_digest(),
        "port": 12_345,
        "key": key().fingerprint(),
        "limits": {
            "name_chars": 24,
            "room_chars": 32,
            "message_chars": 2_000,
            "message_lines": 50,
            "password_min_bytes": 8,
            "password_max_bytes": 72,
            "rooms": 32,
            "history": 200,
            "take_back_seconds": 600,
        },
    });
    assert_eq!(facts_of(&page(&server, PLAIN, "box")), expected);
    let server = ServerFacts { has_password: true, has_history: false, text_port: None, ..server };
    let read = facts_of(&page_with(&server, ConnectionFacts { is_encrypted: true, ..PLAIN }, "box", None));
    let values = ["password", "encrypted", "history", "port", "key"].map(|name| read[name].clone());
    assert_eq!(values, [json!(true), json!(true), json!(false), Value::Null, Value::Null]);
}

#[test]
fn name_of_the_server_is_text() {
    let name = "</title></script><b><!--<script>alert(1)</script>&amp;\"'<noscript>";
    let html = page(&ServerFacts { name: name.into(), ..facts() }, PLAIN, "box");
    let escaped = "&#60;/title&#62;&#60;/script&#62;&#60;b&#62;&#60;!--&#60;script&#62;alert(1)&#60;/script&#62;\
                   &#38;amp;&#34;&#39;&#60;noscript&#62;";
    assert_eq!(element(&html, "<title>", "</title>"), escaped);
    assert_eq!(element(&html, "<h1>", "</h1>"), escaped);
    assert_eq!(facts_of(&html)["name"], name);
    assert_eq!(html.matches("<script").count(), web_files::template().matches("<script").count(), "{html}");
    assert!(!html.contains("<b>") && !html.contains("<!--"), "{html}");
}

#[test]
fn policy_allows_files_and_connections_of_this_server_alone() {
    let respond_at = |host: &str, connection| {
        let request = request(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = respond(Exchange { request: &request, server: &facts(), users: 2, key: None, connection });
        String::from_utf8(response.to_bytes()).unwrap()
    };
    let text = respond_at("box:8080", PLAIN);
    let policy = "\r\nContent-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://box:8080; \
        img-src 'self' data:; manifest-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'\r\n";
    assert!(text.contains(policy), "{text}");
    assert!(text.contains("Content-Type: text/html; charset=utf-8\r\n"), "{text}");
    let text = respond_at("[::1]", ConnectionFacts { is_encrypted: true, ..PLAIN });
    assert!(text.contains("; connect-src 'self' wss://[::1]; "), "{text}");
}
