//! The page at `/`: the template of the web page, completed by facts about the server. Without scripts it tells how to join
//! in other ways.

use super::ConnectionFacts;
use super::authority::{Authority, Host, Scheme};
use super::exchange::Exchange;
use super::headers::Method;
use super::negotiation::Content;
use super::response::Response;
use super::upgrade::PROTOCOL;
use crate::web_files::{self, WebFile, compress_page, digest_of};
use landline_common::limits::{NAME_CHARS, PASSWORD_MAX_BYTES, ROOM_CHARS};
use landline_common::service::MAIN_PORT;
use serde_json::json;
use std::fmt::Write as _;

/// Makes the page.
pub(super) fn respond(exchange: Exchange<'_>) -> Response {
    let html = render(web_files::template(), exchange);
    let digest = digest_of(html.as_bytes());
    let content = Content { content_type: "text/html; charset=utf-8", plain: html.as_bytes(), digest: &digest };
    let is_head = exchange.request.method == Method::Head;
    let response =
        content.respond(exchange.request, || if is_head { Vec::new() } else { compress_page(&html, &digest) });
    // No page is compressed only to tell its length.
    let is_unmade = is_head && response.header("Content-Encoding").is_some();
    let response = if is_unmade { response.without_length() } else { response };
    // Pages of other servers that open this one, or are opened by it, get no hold of its window.
    response.with_policy(&policy(exchange)).with_header("Cross-Origin-Opener-Policy", "same-origin")
}

/// Makes the response with a file.
pub(super) fn respond_file(file: &WebFile, exchange: Exchange<'_>) -> Response {
    let WebFile { content_type, content, digest, .. } = file;
    Content { content_type, plain: content, digest }.respond(exchange.request, || file.gzip.as_slice())
}

/// Returns what the page may load: its own files, and connections to this server. Scripts cannot make HTML of text.
fn policy(exchange: Exchange<'_>) -> String {
    // Safari before 15.4 does not count a WebSocket as 'self'.
    let socket =
        exchange.address().map(|address| format!(" {}", socket_origin(exchange, &address))).unwrap_or_default();
    format!(
        "script-src 'self'; style-src 'self'; connect-src 'self'{socket}; img-src 'self' data:; manifest-src 'self'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

fn socket_origin(exchange: Exchange<'_>, address: &Authority) -> String {
    let scheme = if exchange.scheme() == Scheme::Https { "wss" } else { "ws" };
    format!("{scheme}://{address}")
}

/// A part of the template that the server replaces: what stands in front of it and behind it, and what writes it.
struct Slot {
    start: &'static str,
    end: &'static str,
    write: fn(Exchange<'_>, &mut String),
}

/// The parts that the server replaces, in the order of the template.
const SLOTS: [Slot; 3] = [
    Slot { start: "<title>", end: "</title>", write: |exchange, html| html.push_str(&escape(&exchange.server.name)) },
    Slot { start: "id=\"server\">", end: "</script>", write: |exchange, html| html.push_str(&facts(exchange)) },
    Slot { start: "<noscript>", end: "</noscript>", write: without_scripts },
];

/// Completes the template. What the server puts in is not searched again: it may be text of users.
fn render(mut template: &str, exchange: Exchange<'_>) -> String {
    let mut html = String::with_capacity(template.len() + 4_096);
    for slot in SLOTS {
        // A test checks that the template has each slot.
        let Some((before, slot_and_rest)) = template.split_once(slot.start) else { continue };
        html.push_str(before);
        html.push_str(slot.start);
        (slot.write)(exchange, &mut html);
        template = slot_and_rest.find(slot.end).map_or("", |at| &slot_and_rest[at..]);
    }
    html.push_str(template);
    html
}

/// Returns the facts for the scripts of the page, as JSON in an element `script`.
fn facts(Exchange { server, users, key, connection, .. }: Exchange<'_>) -> String {
    let limits = &server.limits;
    let facts = json!({
        "name": server.name,
        "users": users,
        "password": server.has_password,
        "encrypted": connection.is_encrypted,
        "accounts": true,
        "history": server.has_history,
        "page": web_files::page_digest(),
        "port": server.text_port,
        "key": key.map(|key| key.fingerprint()),
        "limits": {
            "name_chars": NAME_CHARS,
            "room_chars": ROOM_CHARS,
            "message_chars": limits.message_chars,
            "message_lines": limits.message_lines,
            "password_min_bytes": limits.password_min_bytes,
            "password_max_bytes": PASSWORD_MAX_BYTES,
            "rooms": limits.rooms_per_person,
            "history": limits.history_messages,
            "take_back_seconds": limits.take_back_seconds,
        },
    });
    // `</script` and `<!--` mean something in that element, also within a string.
    facts.to_string().replace('<', "\\u003c")
}

/// Writes the content for a browser without scripts.
fn without_scripts(exchange: Exchange<'_>, html: &mut String) {
    let Exchange { server, users, key, connection, .. } = exchange;
    let users = match users {
        0 => "No user is online.".to_owned(),
        1 => "One user is online.".to_owned(),
        users => format!("{users} users are online."),
    };
    let joining = match server.has_password {
        false => "Guests may join; no account is needed.",
        true => "To join, you need this server&#39;s password.",
    };
    let mut push = |text: &str| {
        html.push_str(text);
        html.push('\n');
    };
    push(&format!("<h1>{}</h1>", escape(&server.name)));
    push(&format!("<p>This is a chat server. {users} {joining} In this browser, scripts are switched off.</p>"));
    let address = exchange.address();
    if let (Some(Authority { host, .. }), Some(port)) = (&address, server.text_port) {
        push("<h2>How to join</h2>\n<dl>");
        for (title, command) in ways_to_join(exchange, host, port) {
            push(&format!("<dt>{title}</dt>\n<dd><code>{}</code></dd>", escape(&command)));
        }
        push("</dl>\n<p>In a terminal, then type NAME_ROOM, for example alice_lobby, and talk.</p>");
    }
    if let Some(address) = address {
        let socket = escape(&format!("{}/ws", socket_origin(exchange, &address)));
        push("<h2>For programs</h2>");
        push(&format!("<p>A WebSocket with the sub-protocol {PROTOCOL}:</p>\n<p><code>{socket}</code></p>"));
    }
    push("<h2>Encryption</h2>");
    push(&format!("<p>{}</p>", encryption(connection)));
    if let Some(key) = key {
        push(
            "<p>landline shows these digits when it first meets this server. Compare them with those that the server \
             shows at its start.</p>",
        );
        push(&format!("<p><code>{}</code></p>", key.fingerprint()));
    }
}

/// Returns each way to join: its title, and what to type.
fn ways_to_join(exchange: Exchange<'_>, host: &Host, port: u16) -> Vec<(&'static str, String)> {
    let Exchange { server, key, .. } = exchange;
    let mut ways = vec![("With the program landline", format!("landline {}", landline_address(host, port)))];
    if key.is_some() {
        // The address in the middle: a narrow page breaks the line before it, and not behind the hyphen of an option.
        let target = host.with_port(port);
        ways.push(("In any terminal, encrypted", format!("openssl s_client -connect {target} -quiet")));
    }
    if !server.requires_tls {
        ways.push(("In any terminal, not encrypted", format!("nc {host} {port}")));
    }
    ways
}

/// Returns the address that `landline` takes, without the port that it tries by itself.
fn landline_address(host: &Host, port: u16) -> String {
    if port == MAIN_PORT { Authority { host: host.clone(), port: None }.to_string() } else { host.with_port(port) }
}

fn encryption(connection: ConnectionFacts) -> &'static str {
    match connection {
        ConnectionFacts { is_encrypted: true, .. } => "This connection is encrypted.",
        ConnectionFacts { is_proxied: true, .. } => {
            "This connection comes through a proxy. Your browser shows whether it is encrypted up to there."
        }
        _ => "This connection is not encrypted: other machines on this network can read it.",
    }
}

/// Replaces the characters that mean something in HTML, in text and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                // Cannot fail: a String takes everything.
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
