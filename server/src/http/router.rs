//! Answers requests: the rules for all of them, and the table of addresses.
//!
//! A new address is a row of [`ROUTES`] with a function that makes its answer. The files of the page are in
//! [`web_files`].

use super::authority::{Authority, Scheme};
use super::exchange::Exchange;
use super::headers::Method;
use super::host_rules::check_origin;
use super::request::Request;
use super::response::{Response, Status, refusal};
use super::upgrade::{Upgrade, upgrade};
use super::{page, qr};
use crate::web_files;
use serde_json::json;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send the response.
    Respond(Response),
    /// Send the head, then speak WebSocket.
    Upgrade(Upgrade),
}

/// An address of this server.
#[derive(Debug)]
struct Route {
    path: &'static str,
    /// All methods but OPTIONS, which every address has.
    methods: &'static [Method],
    handle: fn(Exchange<'_>) -> Answer,
}

/// Seconds for which a browser remembers the web port of a server.
const REDIRECT_SECONDS: u32 = 3_600;

const READ: &[Method] = &[Method::Get, Method::Head];

/// The addresses of this server.
const ROUTES: &[Route] = &[
    Route { path: "/", methods: READ, handle: |exchange| Answer::Respond(home(exchange)) },
    Route { path: "/health", methods: READ, handle: |exchange| Answer::Respond(health(exchange)) },
    Route { path: "/qr.svg", methods: READ, handle: |exchange| Answer::Respond(qr::respond(exchange)) },
    Route { path: "/ws", methods: READ, handle: open_websocket },
];

/// The route of each file of the page, whatever its path.
const FILE: &Route = &Route { path: "", methods: READ, handle: |exchange| Answer::Respond(file(exchange)) };

impl Route {
    /// Returns the value of `Allow`.
    fn allow(&self) -> String {
        let names: Vec<String> = self.methods.iter().chain([&Method::Options]).map(ToString::to_string).collect();
        names.join(", ")
    }
}

/// Answers a request.
#[must_use]
pub fn answer(exchange: Exchange<'_>) -> Answer {
    let answer = match check(exchange) {
        Ok(route) => (route.handle)(exchange),
        Err(response) => Answer::Respond(response),
    };
    match answer {
        Answer::Respond(response) => Answer::Respond(response.for_request(exchange.request)),
        upgrade @ Answer::Upgrade(_) => upgrade,
    }
}

/// Refuses a request before its body arrives, for a client that asks first (`Expect: 100-continue`). Returns `None` if the
/// client may send it.
#[must_use]
pub fn refuse_body(exchange: Exchange<'_>) -> Option<Response> {
    // The client may send the body nevertheless, and it must not be read as a request.
    check(exchange).err().map(|response| response.for_request(exchange.request).and_close())
}

/// Applies the rules for all requests, and finds the route.
///
/// # Errors
/// The response that needs no route, in most cases a refusal.
fn check(exchange: Exchange<'_>) -> Result<&'static Route, Response> {
    let Exchange { request, server, connection, .. } = exchange;
    server.hosts.check(request)?;
    if connection.must_encrypt {
        return Err(demand_tls(request));
    }
    if !request.method.is_safe() {
        check_origin(request, connection)?;
    }
    if request.path == "*" {
        return Err(Response::new(Status::NoContent, "", Vec::new()).with_header("Allow", "GET, HEAD, OPTIONS"));
    }
    let file = || web_files::find(&request.path).map(|_| FILE);
    let route = ROUTES.iter().find(|route| route.path == request.path).or_else(file).ok_or_else(not_found)?;
    match request.method {
        Method::Options => Err(Response::new(Status::NoContent, "", Vec::new()).with_header("Allow", route.allow())),
        method if route.methods.contains(&method) => Ok(route),
        method => Err(refusal(
            Status::MethodNotAllowed,
            format_args!("{method} is not possible here (use {})", route.allow()),
        )
        .with_header("Allow", route.allow())),
    }
}

fn not_found() -> Response {
    refusal(Status::NotFound, "no such page (open / to see how to join the chat)")
}

/// Sends a browser to the encrypted address. Other requests are refused: the client has already sent their content in the
/// clear, and must learn that.
fn demand_tls(request: &Request) -> Response {
    match &request.host {
        Some(host) if matches!(request.method, Method::Get | Method::Head) => {
            refusal(Status::PermanentRedirect, "moved: this server demands encryption (use https instead of http)")
                .with_header("Location", location(Scheme::Https, host, request))
        }
        _ => refusal(
            Status::Forbidden,
            "request refused: it was not encrypted, and this server demands that (use https instead of http)",
        ),
    }
}

/// Answers `/`: the page, or at a main port the way to it. A browser opens spare connections to the port of a page, and the
/// main port greets them. The later requests of that page would fail on these connections.
fn home(exchange: Exchange<'_>) -> Response {
    let Some(address) = exchange.address_at_web_port() else { return page::respond(exchange) };
    let page = location(exchange.scheme(), &address, exchange.request);
    // Temporary, since the web port may change. Kept for a while, since the browser may have a greeted connection from this
    // visit, on which the next visit would fail.
    refusal(Status::TemporaryRedirect, format_args!("the page is at another port (open {page} instead)"))
        .with_header("Location", page)
        .cached_for(REDIRECT_SECONDS)
        .and_close()
}

/// Returns the URL of a request at another scheme or port.
fn location(scheme: Scheme, authority: &Authority, request: &Request) -> String {
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}{}{query}", request.path)
}

/// Answers with a file of the page.
fn file(exchange: Exchange<'_>) -> Response {
    web_files::find(&exchange.request.path).map_or_else(not_found, |file| page::respond_file(file, exchange))
}

fn health(Exchange { server, users, .. }: Exchange<'_>) -> Response {
    let body = json!({
        "status": "ok",
        "name": server.name,
        "page": web_files::page_digest(),
        "users": users,
        "version": server.version,
    });
    Response::new(Status::Ok, "application/json", format!("{body}\n").into_bytes())
}

fn open_websocket(exchange: Exchange<'_>) -> Answer {
    match check_origin(exchange.request, exchange.connection).and_then(|()| upgrade(exchange.request)) {
        Ok(upgrade) => Answer::Upgrade(upgrade),
        Err(response) => Answer::Respond(response),
    }
}

#[cfg(test)]
pub(super) mod tests;
