//! A request together with what its answer depends on.

use super::ConnectionFacts;
use super::host_rules::AllowedHosts;
use super::request::Request;
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
