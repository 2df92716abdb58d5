//! The page at `/`: the server's name, and how to join.

use super::ConnectionFacts;
use super::authority::{Authority, Host};
use super::exchange::Exchange;
use super::response::{Response, Status};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use landline_common::service::MAIN_PORT;
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;

/// The only style. The policy of the page names its hash, so a style in a server's name would not apply.
const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1a1a1a;--page:#fff;--soft:#f0f0f2;--dim:#5a5a62}\
@media(prefers-color-scheme:dark){:root{--text:#ececf0;--page:#16161a;--soft:#26262c;--dim:#a4a4ae}}\
body{margin:0;background:var(--page);color:var(--text);font:1.05rem/1.55 system-ui,sans-serif}\
main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere}\
h1{line-height:1.2}h2{font-size:1.1rem;margin-top:2rem}\
dt{color:var(--dim);margin-top:1rem}dd{margin:.25rem 0 0}\
code{display:block;background:var(--soft);border-radius:.4rem;padding:.6rem .8rem;\
font:1rem/1.5 ui-monospace,monospace;user-select:all}";

/// Makes the page.
pub(super) fn respond(exchange: Exchange<'_>) -> Response {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let html = render(exchange);
    Response::new(Status::Ok, "text/html; charset=utf-8", html.into_bytes())
        .with_policy(&format!("style-src 'sha256-{hash}'"))
}

/// Returns the address by which the browser has reached the server. A terminal on the same machine reaches it by that, too.
fn address(exchange: Exchange<'_>) -> Option<Authority> {
    exchange.request.host.clone().or_else(|| Authority::parse(&exchange.server.own_address))
}

fn render(exchange: Exchange<'_>) -> String {
    let Exchange { server, users, key, connection, .. } = exchange;
    let name = escape(&server.name);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n"
    );
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
    push(&format!("<p>This is a chat server. {users} {joining}</p>"));
    let ways = address(exchange).map(|address| ways_to_join(exchange, &address)).unwrap_or_default();
    if !ways.is_empty() {
        push("<h2>How to join</h2>\n<dl>");
        for (title, command) in ways {
            push(&format!("<dt>{title}</dt>\n<dd><code>{}</code></dd>", escape(&command)));
        }
        push("</dl>");
        if server.text_port.is_some() {
            push("<p>In a terminal, then type NAME_ROOM, for example alice_lobby, and talk.</p>");
        }
    }
    push("<h2>Encryption</h2>");
    push(&format!("<p>{}</p>", encryption(connection)));
    if let Some(key) = key {
        push(
            "<p>The key of this server has these digits. Compare them with those that the server shows at its start.</p>",
        );
        push(&format!("<p><code>{}</code></p>", key.fingerprint()));
    }
    push("</main>\n</body>\n</html>");
    html
}

/// Returns each way to join: its title, and what to type.
fn ways_to_join(exchange: Exchange<'_>, address: &Authority) -> Vec<(&'static str, String)> {
    let Exchange { server, key, connection, .. } = exchange;
    let mut ways = Vec::new();
    let host = &address.host;
    if let Some(port) = server.text_port {
        ways.push(("With the program landline", format!("landline {}", landline_address(host, port))));
        if key.is_some() {
            let target = host.with_port(port);
            ways.push(("In any terminal, encrypted", format!("openssl s_client -quiet -connect {target}")));
        }
        if !server.requires_tls {
            ways.push(("In any terminal, not encrypted", format!("nc {host} {port}")));
        }
    }
    let scheme = if connection.is_encrypted { "wss" } else { "ws" };
    ways.push(("With a program of your own, by WebSocket", format!("{scheme}://{address}/ws")));
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
