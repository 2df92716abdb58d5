//! A request, once it is whole.

use super::authority::Authority;
use super::headers::{Headers, Method};

/// A request with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor_version: u8,
    /// The host that it asks for. Only HTTP/1.0 may name none.
    pub host: Option<Authority>,
    /// The path, which begins with `/`, or `*` for `OPTIONS *`. Visible ASCII characters, not decoded.
    pub path: String,
    /// The text behind the first `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: Headers,
    /// The client wants to send further requests on this connection.
    pub keeps_alive: bool,
    /// The body.
    pub body: Vec<u8>,
}
