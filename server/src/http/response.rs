//! Responses, and their bytes (RFC 9112, section 4).
//!
//! Every response that has a body names its length. Each forbids scripts and guessed types, and is for pages of this server
//! only. No cache stores it, unless [`Response::cached_for`] or [`Response::revalidated`] allows that. A refusal is a status
//! and one sentence of plain text, so `curl` and a browser show the reason.

use super::headers::Method;
use super::request::Request;
use std::borrow::Cow;
use std::fmt;

/// The interim response that asks for the body of a request with `Expect: 100-continue` (RFC 9110, section 10.1.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The policy of a response without a page: the browser loads, runs and frames nothing.
const NO_CONTENT_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The type of plain text.
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! statuses {
    ($( $variant:ident = $code:literal $reason:literal; )+) => {
        /// A status of RFC 9110, section 15.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Status { $( #[doc = $reason] $variant = $code, )+ }

        impl Status {
            /// All statuses of this server.
            pub const ALL: &[Status] = &[ $( Status::$variant, )+ ];

            /// Returns the three digits.
            #[must_use]
            pub fn code(self) -> u16 {
                self as u16
            }

            /// Returns false for a response that never has a body. A 204 must not name a length (RFC 9110, section 8.6),
            /// and a 304 would have to name that of the response which it stands for.
            fn has_body(self) -> bool {
                !matches!(self, Status::NoContent | Status::NotModified)
            }

            /// Returns the reason phrase.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $( Status::$variant => $reason, )+ }
            }
        }
    };
}

statuses! {
    Ok = 200 "OK";
    NoContent = 204 "No Content";
    NotModified = 304 "Not Modified";
    TemporaryRedirect = 307 "Temporary Redirect";
    PermanentRedirect = 308 "Permanent Redirect";
    BadRequest = 400 "Bad Request";
    Forbidden = 403 "Forbidden";
    NotFound = 404 "Not Found";
    MethodNotAllowed = 405 "Method Not Allowed";
    RequestTimeout = 408 "Request Timeout";
    ContentTooLarge = 413 "Content Too Large";
    UriTooLong = 414 "URI Too Long";
    ExpectationFailed = 417 "Expectation Failed";
    MisdirectedRequest = 421 "Misdirected Request";
    UpgradeRequired = 426 "Upgrade Required";
    TooManyRequests = 429 "Too Many Requests";
    HeadersTooLarge = 431 "Request Header Fields Too Large";
    NotImplemented = 501 "Not Implemented";
    ServiceUnavailable = 503 "Service Unavailable";
    VersionNotSupported = 505 "HTTP Version Not Supported";
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: Status,
    headers: Vec<(&'static str, String)>,
    content_type: &'static str,
    policy: Cow<'static, str>,
    caching: Cow<'static, str>,
    body: Vec<u8>,
    omits_body: bool,
    omits_length: bool,
    ends_connection: bool,
    confirms_keep_alive: bool,
}

/// Makes a refusal: the status with one sentence for the user. The connection stays open, unless
/// [`Response::and_close`] is added.
#[must_use]
pub fn refusal(status: Status, sentence: impl fmt::Display) -> Response {
    Response::new(status, TEXT, format!("{} {sentence}\n", status.code()).into_bytes())
}

impl Response {
    /// Makes a response with a body.
    #[must_use]
    pub fn new(status: Status, content_type: &'static str, body: Vec<u8>) -> Response {
        Response {
            status,
            headers: Vec::new(),
            content_type,
            policy: Cow::Borrowed(NO_CONTENT_POLICY),
            caching: Cow::Borrowed("no-store"),
            body,
            omits_body: false,
            omits_length: false,
            ends_connection: false,
            confirms_keep_alive: false,
        }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// In debug builds, if the value has a control character: it could begin a header or a response of its own.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        let value = value.into();
        debug_assert!(!value.chars().any(char::is_control), "{name}: {value:?}");
        self.headers.push((name, value));
        self
    }

    /// Allows the page what `sources` names, in addition to nothing: `style-src 'sha256-…'`.
    #[must_use]
    pub fn with_policy(mut self, sources: &str) -> Response {
        self.policy = Cow::Owned(format!("{NO_CONTENT_POLICY}; {sources}"));
        self
    }

    /// Allows the browser to use the response again for `seconds`.
    #[must_use]
    pub fn cached_for(mut self, seconds: u32) -> Response {
        self.caching = Cow::Owned(format!("private, max-age={seconds}"));
        self
    }

    /// Allows the browser to use the response again after it has asked whether the response is still the same.
    #[must_use]
    pub fn revalidated(mut self) -> Response {
        self.caching = Cow::Borrowed("no-cache");
        self
    }

    /// Leaves out the length, for a response to HEAD whose body was not made (RFC 9110, section 8.6).
    #[must_use]
    pub fn without_length(mut self) -> Response {
        self.omits_length = true;
        self
    }

    /// Ends the connection behind this response.
    #[must_use]
    pub fn and_close(mut self) -> Response {
        self.ends_connection = true;
        self
    }

    /// Adapts the response to its request: no body for HEAD, and an open connection only as RFC 9112, section 9.3, allows.
    #[must_use]
    pub fn for_request(mut self, request: &Request) -> Response {
        self.omits_body = request.method == Method::Head;
        self.ends_connection |= !request.keeps_alive;
        self.confirms_keep_alive = request.minor_version == 0;
        self
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the value of a header that was added by [`Response::with_header`].
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns true if the connection ends behind this response.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        self.ends_connection
    }

    /// Returns the bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        use std::fmt::Write as _;
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status.code(), self.status.reason());
        let mut line = |name: &str, value: &str| {
            // Cannot fail: a String takes everything.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        if self.status.has_body() {
            line("Content-Type", self.content_type);
            if !self.omits_length {
                line("Content-Length", &self.body.len().to_string());
            }
        }
        line("Cache-Control", &self.caching);
        line("Content-Security-Policy", &self.policy);
        line("Cross-Origin-Resource-Policy", "same-origin");
        line("Referrer-Policy", "no-referrer");
        line("X-Content-Type-Options", "nosniff");
        for (name, value) in &self.headers {
            line(name, value);
        }
        if let Some(options) = self.connection_options() {
            line("Connection", &options);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if !self.omits_body && self.status.has_body() {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// Returns the value of `Connection`. A header `Upgrade` holds for this connection only, so it is named (RFC 9110,
    /// section 7.8).
    fn connection_options(&self) -> Option<String> {
        let options = [
            ("upgrade", self.header("Upgrade").is_some()),
            ("close", self.ends_connection),
            ("keep-alive", self.confirms_keep_alive && !self.ends_connection),
        ];
        let names: Vec<&str> = options.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// Returns the bytes of a refusal that ends the connection, for a client whose request was not read. A 503 asks the client
/// to wait for `retry_seconds`.
#[must_use]
pub fn final_refusal(status: Status, sentence: impl fmt::Display, retry_seconds: Option<u32>) -> Vec<u8> {
    let response = refusal(status, sentence).and_close();
    match retry_seconds {
        Some(seconds) => response.with_header("Retry-After", seconds.to_string()),
        None => response,
    }
    .to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reader::tests::request;

    fn text(response: &Response) -> String {
        String::from_utf8(response.to_bytes()).unwrap()
    }

    #[test]
    fn refusal_is_a_status_and_a_sentence() {
        let expected = "HTTP/1.1 404 Not Found\r\n\
            Content-Type: text/plain; charset=utf-8\r\n\
            Content-Length: 32\r\n\
            Cache-Control: no-store\r\n\
            Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
            Cross-Origin-Resource-Policy: same-origin\r\n\
            Referrer-Policy: no-referrer\r\n\
            X-Content-Type-Options: nosniff\r\n\
            \r\n\
            404 no such page: see / instead";
        assert_eq!(text(&refusal(Status::NotFound, "no such page: see / instead")).trim_end(), expected);
    }

    #[test]
    fn final_refusal_closes_and_tells_when_to_retry() {
        let bytes = final_refusal(Status::ServiceUnavailable, "server full: try again later", Some(10));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
        assert!(text.contains("\r\nRetry-After: 10\r\nConnection: close\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n503 server full: try again later\n"), "{text}");
        let banned = String::from_utf8(final_refusal(Status::Forbidden, "banned", None)).unwrap();
        assert!(!banned.contains("Retry-After"), "{banned}");
    }

    #[test]
    fn head_has_the_length_of_get_and_no_body() {
        let get = text(&refusal(Status::NotFound, "x").for_request(&request("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
        let head = text(&refusal(Status::NotFound, "x").for_request(&request("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")));
        assert_eq!(get.strip_suffix("404 x\n"), Some(head.as_str()));
    }

    #[test]
    fn responses_without_content_have_neither_length_nor_body() {
        for status in [Status::NoContent, Status::NotModified] {
            let response = text(&Response::new(status, TEXT, b"never sent".to_vec()));
            assert!(!response.contains("Content-Length") && response.ends_with("\r\n\r\n"), "{response}");
        }
    }

    #[test]
    fn connection_is_kept_as_the_version_and_the_client_ask() {
        for (version, header, expected) in [
            ("1.1", "", None),
            ("1.1", "Connection: close\r\n", Some("close")),
            ("1.1", "Connection: keep-alive, Close\r\n", Some("close")),
            ("1.0", "", Some("close")),
            ("1.0", "Connection: keep-alive\r\n", Some("keep-alive")),
            ("1.0", "Connection: keep-alive, close\r\n", Some("close")),
        ] {
            let request = request(&format!("GET / HTTP/{version}\r\nHost: h\r\n{header}\r\n"));
            let response = refusal(Status::NotFound, "x").for_request(&request);
            assert_eq!(response.connection_options().as_deref(), expected, "{version} {header}");
            assert_eq!(response.ends_connection(), expected == Some("close"), "{version} {header}");
        }
        let both = refusal(Status::UpgradeRequired, "x").with_header("Upgrade", "websocket").and_close();
        assert!(text(&both).contains("\r\nConnection: upgrade, close\r\n"));
    }

    #[test]
    fn statuses_have_unique_codes() {
        let mut codes: Vec<u16> = Status::ALL.iter().map(|status| status.code()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        codes.dedup();
        assert_eq!(codes.len(), Status::ALL.len());
    }
}
