use super::*;
use crate::http::exchange::ServerFacts;
use crate::http::reader::tests::request;
use crate::http::router::tests::facts;
use landline_common::tls::ServerKey;

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
    render(Exchange { request: &request, server, users: 2, key, connection })
}

#[test]
fn page_tells_how_to_join() {
    let html = page(&facts(), PLAIN, "192.168.1.20:8080");
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
    let html = render(Exchange { request: &request, server: &facts(), users: 1, key: None, connection: PLAIN });
    assert!(html.contains("<code>nc 10.0.0.1 12345</code>") && html.contains("One user is online."), "{html}");
}

#[test]
fn name_of_the_server_is_text() {
    let name = "</title><script>alert(1)</script>&amp;\"'";
    let html = page(&ServerFacts { name: name.into(), ..facts() }, PLAIN, "box");
    let escaped = "&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;amp;&#34;&#39;";
    assert_eq!(html.matches(escaped).count(), 2, "{html}");
    assert!(!html.contains("<script"), "{html}");
}

#[test]
fn policy_allows_the_style_and_connections_to_this_server() {
    let request = request("GET / HTTP/1.1\r\nHost: box\r\n\r\n");
    let response = respond(Exchange { request: &request, server: &facts(), users: 2, key: None, connection: PLAIN });
    let text = String::from_utf8(response.to_bytes()).unwrap();
    let style = text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = format!(
        "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         style-src 'sha256-{hash}'; \
         connect-src 'self'\r\n"
    );
    assert!(text.contains(&policy), "{text}");
    assert!(text.contains("Content-Type: text/html; charset=utf-8\r\n"), "{text}");
}
