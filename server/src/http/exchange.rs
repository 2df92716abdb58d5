//! A request together with what its answer depends on.

use super::ConnectionFacts;
use super::authority::{Authority, Scheme};
use super::host_rules::AllowedHosts;
use super::request::Request;
use landline_common::Limits;
use landline_common::tls::ServerKey;

/// What answers tell about the server. It stays the same while the server runs.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// The server's name.
    pub name: String,
    /// The server's version.
    pub version: &'static str,
    /// Guests need the server's password.
    pub has_password: bool,
    /// The server keeps messages.
    pub has_history: bool,
    /// The main port, on which the text door is; `None` if there is none.
    pub text_port: Option<u16>,
    /// The web port; `None` if there is none.
    pub web_port: Option<u16>,
    /// Other machines must use TLS (`--require-tls`).
    pub requires_tls: bool,
    /// An address of this server, with the web port, for requests that name no host: `10.0.0.1:8080`.
    pub own_address: String,
    /// The names under which requests may ask for the server.
    pub hosts: AllowedHosts,
    /// The limits for users.
    pub limits: Limits,
}

impl ServerFacts {
    /// Returns the origin of the page for other machines: `http://10.0.0.1:8080`.
    #[must_use]
    pub fn own_origin(&self) -> String {
        let scheme = if self.requires_tls { Scheme::Https } else { Scheme::Http };
        format!("{scheme}://{}", self.own_address)
    }
}

/// A request with all that its answer depends on.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The request.
    pub request: &'a Request,
    /// The server.
    pub server: &'a ServerFacts,
    /// Users who are signed in.
    pub users: usize,
    /// The server's key; `None` if TLS is off. A reload of the operator's files may change it.
    pub key: Option<ServerKey>,
    /// The connection.
    pub connection: ConnectionFacts,
}

impl Exchange<'_> {
    /// Returns the scheme of the connection. Behind a proxy, the scheme of the browser is unknown.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.connection.is_encrypted { Scheme::Https } else { Scheme::Http }
    }

    /// Returns the address of the page by which the client has reached the server. At a main port that is the web port of
    /// the same host, see [`Exchange::address_at_web_port`]. `None` if the server does not know its own address either.
    #[must_use]
    pub fn address(&self) -> Option<Authority> {
        let named = self.address_at_web_port().or_else(|| self.request.host.clone());
        named.or_else(|| Authority::parse(&self.server.own_address))
    }

    /// Returns the address at the web port if the client came to another port. The ports of a proxy are its own, so its
    /// clients stay where they are.
    #[must_use]
    pub fn address_at_web_port(&self) -> Option<Authority> {
        let is_elsewhere = self.connection.is_main_port && !self.connection.is_proxied;
        let port = self.server.web_port.filter(|_| is_elsewhere)?;
        Some(Authority { host: self.request.host.as_ref()?.host.clone(), port: Some(port) })
    }
}
