//! The page at `/`: the server's name, and how to join.

use super::ConnectionFacts;
use super::authority::{Authority, Host};
use super::exchange::Exchange;
use super::response::{Response, Status};
use super::upgrade::PROTOCOL;
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
    // The page has no script. A user may try the WebSocket in the console of the browser.
    Response::new(Status::Ok, "text/html; charset=utf-8", html.into_bytes())
        .with_policy(&format!("style-src 'sha256-{hash}'; connect-src 'self'"))
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
    let address = address(exchange);
    if let (Some(Authority { host, .. }), Some(port)) = (&address, server.text_port) {
        push("<h2>How to join</h2>\n<dl>");
        for (title, command) in ways_to_join(exchange, host, port) {
            push(&format!("<dt>{title}</dt>\n<dd><code>{}</code></dd>", escape(&command)));
        }
        push("</dl>\n<p>In a terminal, then type NAME_ROOM, for example alice_lobby, and talk.</p>");
    }
    if let Some(address) = address {
        let scheme = if connection.is_encrypted { "wss" } else { "ws" };
        let socket = escape(&format!("{scheme}://{address}/ws"));
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
    push("</main>\n</body>\n</html>");
    html
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
