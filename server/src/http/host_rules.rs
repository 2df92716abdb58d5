//! The host rules: which names of this server a request may use, and from which pages a browser may send it.
//!
//! A web page of the internet can make its own name point to an address of this network (DNS rebinding). The browser then
//! takes this server for the site of that page and lets the page read all answers. Such a request has the name of that
//! page in `Host`. So a name must be known; an address cannot be rebound.
//!
//! A web page can also send requests here under this server's own address. It cannot read the answers, but it could
//! write, and a WebSocket has no such protection at all. The browser names the page in `Origin`, which must therefore be
//! this server itself. `curl`, bots and webhooks send no `Origin`.

use super::ConnectionFacts;
use super::authority::{Authority, Host, Scheme};
use super::request::Request;
use super::response::{Response, Status, refusal};

/// The names under which a request may ask for this server. Addresses and `localhost` are always allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Host>);

impl AllowedHosts {
    /// Allows the name of this machine, alone and with `.local`, and the names that the operator gave by `--host`.
    /// Text that is no host name allows nothing.
    #[must_use]
    pub fn new(machine: &str, named: &[String]) -> AllowedHosts {
        let first_label = machine.split('.').next().unwrap_or_default();
        let own = [machine.to_owned(), first_label.to_owned(), format!("{first_label}.local")];
        let names = own.iter().filter(|_| !first_label.is_empty()).chain(named);
        AllowedHosts(names.filter_map(|name| Host::parse(name)).collect())
    }

    /// Returns true if a request may name this host.
    #[must_use]
    pub fn allows(&self, host: &Host) -> bool {
        match host {
            Host::Address(_) => true,
            Host::Name(name) => name == "localhost" || self.0.contains(host),
        }
    }

    /// Refuses a request for another name. A request of HTTP/1.0 may name no host; browsers always do.
    ///
    /// # Errors
    /// The response.
    pub fn check(&self, request: &Request) -> Result<(), Response> {
        match &request.host {
            Some(authority) if !self.allows(&authority.host) => Err(refusal(
                Status::MisdirectedRequest,
                format_args!(
                    "cannot answer for the name {}: this server does not know it (use the server's address instead of \
                     a name, or start the server with --host {})",
                    authority.host, authority.host
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses a request that a web page of another server makes a browser send. For WebSockets and for every method that
/// changes something.
///
/// # Errors
/// The response.
pub fn check_origin(request: &Request, connection: ConnectionFacts) -> Result<(), Response> {
    let is_own = match (request.headers.only("Origin"), &request.host) {
        (Ok(None), _) => true,
        (Ok(Some(origin)), Some(host)) => is_own_origin(origin, host, connection),
        (Ok(Some(_)), None) | (Err(_), _) => false,
    };
    if is_own {
        return Ok(());
    }
    Err(refusal(
        Status::Forbidden,
        "request refused: a web page of another server sent it (open this server's own page instead)",
    ))
}

/// Returns true if the page at `origin` came from this server. `null`, the origin of pages without one, is not.
fn is_own_origin(origin: &str, host: &Authority, connection: ConnectionFacts) -> bool {
    let Some((scheme, authority)) = Scheme::strip(origin) else { return false };
    let is_scheme = match scheme {
        Scheme::Https => connection.is_encrypted || connection.is_proxied,
        Scheme::Http => !connection.is_encrypted,
    };
    is_scheme && Authority::parse(authority).is_some_and(|authority| authority.is_same(host, scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reader::tests::request;

    #[test]
    fn names_must_be_known_and_addresses_need_not() {
        let hosts = AllowedHosts::new("Box.lan", &["chat.example".into(), "not a name".into()]);
        for known in ["10.1.2.3", "[fd00::1]", "LOCALHOST", "box.lan", "box", "box.local", "Chat.Example.", "127.0.0.1"]
        {
            assert!(hosts.allows(&Authority::parse(known).unwrap().host), "{known}");
        }
        for unknown in ["evil.example", "box.local.evil.example", "xbox", "example", "local", "127.1", "a.localhost"] {
            assert!(!hosts.allows(&Authority::parse(unknown).unwrap().host), "{unknown}");
        }
        assert_eq!(AllowedHosts::new("", &[]), AllowedHosts::default());
    }

    #[test]
    fn rebound_name_is_refused_with_the_way_out() {
        let refused = AllowedHosts::default().check(&request("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
        let text = String::from_utf8(refused.unwrap_err().to_bytes()).unwrap();
        assert!(text.starts_with("HTTP/1.1 421 "), "{text}");
        assert!(text.contains("use the server's address"), "{text}");
        assert!(text.contains("--host evil.example"), "{text}");
        assert!(AllowedHosts::default().check(&request("GET / HTTP/1.0\r\n\r\n")).is_ok());
    }

    #[test]
    fn origin_must_be_this_server() {
        const PLAIN: ConnectionFacts =
            ConnectionFacts { is_encrypted: false, is_proxied: false, must_encrypt: false, is_main_port: false };
        let encrypted = ConnectionFacts { is_encrypted: true, ..PLAIN };
        let proxied = ConnectionFacts { is_proxied: true, ..PLAIN };
        for (connection, host, origin, is_allowed) in [
            (PLAIN, "10.0.0.1:8080", "http://10.0.0.1:8080", true),
            (PLAIN, "10.0.0.1", "http://10.0.0.1", true),
            (PLAIN, "10.0.0.1:80", "http://10.0.0.1", true),
            (PLAIN, "box", "HTTP://BOX:80", true),
            (PLAIN, "[::1]:8080", "http://[::1]:8080", true),
            (PLAIN, "10.0.0.1:8080", "http://10.0.0.1", false),
            (PLAIN, "10.0.0.1:8080", "http://10.0.0.1:8081", false),
            (PLAIN, "10.0.0.1", "http://10.0.0.2", false),
            (PLAIN, "10.0.0.1", "http://10.0.0.1.evil.example", false),
            (PLAIN, "10.0.0.1", "http://10.0.0.1@evil.example", false),
            (PLAIN, "10.0.0.1", "http://10.0.0.1/", false),
            (PLAIN, "10.0.0.1", "https://10.0.0.1", false),
            (PLAIN, "10.0.0.1", "null", false),
            (PLAIN, "10.0.0.1", "", false),
            (PLAIN, "10.0.0.1", "10.0.0.1", false),
            (PLAIN, "10.0.0.1", "http://10.0.0.1, http://10.0.0.1", false),
            (PLAIN, "10.0.0.1", "chrome-extension://abc", false),
            (encrypted, "10.0.0.1:8080", "https://10.0.0.1:8080", true),
            (encrypted, "box", "https://box:443", true),
            (encrypted, "10.0.0.1:8080", "http://10.0.0.1:8080", false),
            (proxied, "chat.example", "https://chat.example", true),
            (proxied, "chat.example", "http://chat.example", true),
            (proxied, "127.0.0.1:8080", "https://chat.example", false),
        ] {
            let request = request(&format!("POST / HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\r\n"));
            assert_eq!(check_origin(&request, connection).is_ok(), is_allowed, "{host} {origin}");
        }
        let without = request("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(check_origin(&without, PLAIN).is_ok());
        let twice = request("POST / HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nOrigin: http://h\r\n\r\n");
        assert!(check_origin(&twice, PLAIN).is_err());
        let hostless = request("POST / HTTP/1.0\r\nOrigin: http://h\r\n\r\n");
        assert!(check_origin(&hostless, PLAIN).is_err());
    }
}
