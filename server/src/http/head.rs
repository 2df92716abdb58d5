//! The head of a request: its rules beyond the grammar, which `httparse` checks.
//!
//! | refused | why |
//! |---|---|
//! | bare CR or LF ([`find_head_end`]) | other programs may take it for a line end, or not |
//! | continued lines, blanks before the colon, control characters | the same (RFC 9112, section 5) |
//! | two lengths, or a length and a coding | the body ends at two places (RFC 9112, section 6.3) |
//! | any coding but `chunked`, or any in HTTP/1.0 | the end of the body is unknown |
//! | no `Host`, or two (RFC 9112, section 3.2) | the host rules would judge another one |
//! | a URL as target whose host is not that of `Host` | the same |

use super::authority::{Authority, Scheme};
use super::headers::{Headers, Method, Repeated};
use super::request::Request;
use super::response::{Response, Status, refusal};
use landline_common::limits;

/// Most headers of a request; browsers send about 15.
pub const MAX_HEADERS: usize = 64;

/// The end of the body, by the head (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// So many bytes; 0 without a body.
    Known(usize),
    /// Chunks until an empty one.
    Chunked,
}

/// A parsed head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: Request,
    pub(super) length: BodyLength,
    pub(super) expects_continue: bool,
}

/// Makes the refusal of a malformed request. It ends the connection: the beginning of the next request is unknown.
pub(super) fn malformed(why: &str) -> Response {
    refusal(Status::BadRequest, format_args!("malformed request: {why}")).and_close()
}

/// Returns the position behind the first line end in `bytes` at or behind `from`, or `None` if none is complete.
///
/// # Errors
/// CR or LF without the other one.
pub(super) fn find_line_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Response> {
    let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr2(b'\r', b'\n', rest)).map(|at| from + at) else {
        return Ok(None);
    };
    match (bytes[at], bytes.get(at + 1)) {
        (b'\r', Some(b'\n')) => Ok(Some(at + 2)),
        (b'\r', None) => Ok(None),
        _ => Err(malformed("a line ends in CR or LF alone (end each line in CR LF)")),
    }
}

/// Searches for the empty line that ends a head of at most `limit` bytes. Returns the position behind it. `line` is the
/// beginning of the first line that is not whole: the next search goes on there and not at the beginning, however often the
/// network cuts the head.
///
/// # Errors
/// The head is too long, or has a wrong line end.
pub(super) fn find_head_end(bytes: &[u8], line: &mut usize, limit: usize) -> Result<Option<usize>, Response> {
    let within = &bytes[..bytes.len().min(limit)];
    while let Some(end) = find_line_end(within, *line)? {
        let is_empty = end - *line == 2;
        *line = end;
        if is_empty {
            return Ok(Some(end));
        }
    }
    if bytes.len() < limit {
        return Ok(None);
    }
    let (status, what) = match *line {
        0 => (Status::UriTooLong, "the address"),
        _ => (Status::HeadersTooLarge, "its headers"),
    };
    Err(refusal(status, format_args!("request too large: {what} may have {limit} bytes (send less)")).and_close())
}

/// Parses a whole head.
pub(super) fn parse(bytes: &[u8], body_limit: usize) -> Result<Head, Response> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut slots);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(malformed("it has no request line")),
        Err(error) => return Err(refuse_error(error)),
    }
    let (Some(method), Some(target), Some(minor_version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(malformed("it has no request line"));
    };
    let mut headers = Headers::default();
    for header in parsed.headers.iter() {
        headers.push(header.name, String::from_utf8_lossy(header.value));
    }
    let Some(method) = Method::parse(method) else {
        return Err(refusal(Status::NotImplemented, "unknown method (use GET, HEAD or OPTIONS)").and_close());
    };
    let host = parse_host(&headers, minor_version)?;
    let target = Target::parse(method, target, host)?;
    let length = parse_length(&headers, minor_version, body_limit)?;
    let has_body = length != BodyLength::Known(0);
    let expects_continue = minor_version > 0 && parse_expectation(&headers)? && has_body;
    let closes = headers.has_token("Connection", "close");
    let keeps_alive = !closes && (minor_version > 0 || headers.has_token("Connection", "keep-alive"));
    let Target { host, path, query } = target;
    let request = Request { method, minor_version, host, path, query, headers, keeps_alive, body: Vec::new() };
    Ok(Head { request, length, expects_continue })
}

fn refuse_error(error: httparse::Error) -> Response {
    match error {
        httparse::Error::TooManyHeaders => refusal(
            Status::HeadersTooLarge,
            format_args!("request too large: it may have {MAX_HEADERS} headers (send fewer)"),
        )
        .and_close(),
        httparse::Error::Version => {
            refusal(Status::VersionNotSupported, "unknown version of HTTP (use HTTP/1.1)").and_close()
        }
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            malformed("a header has a character that it must not have")
        }
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => {
            malformed("its first line is not METHOD TARGET HTTP/1.1")
        }
    }
}

/// Reads `Host`, which HTTP/1.0 does not need.
fn parse_host(headers: &Headers, minor_version: u8) -> Result<Option<Authority>, Response> {
    match headers.only("Host") {
        Ok(None) if minor_version == 0 => Ok(None),
        Ok(None) => Err(malformed("it has no Host header")),
        Ok(Some(host)) => match Authority::parse(host) {
            Some(authority) => Ok(Some(authority)),
            None => Err(malformed("its Host header is not HOST or HOST:PORT")),
        },
        Err(Repeated) => Err(malformed("it has several Host headers")),
    }
}

/// Reads the end of the body.
fn parse_length(headers: &Headers, minor_version: u8, limit: usize) -> Result<BodyLength, Response> {
    let Ok(coding) = headers.only("Transfer-Encoding") else {
        return Err(malformed("it has several Transfer-Encoding headers"));
    };
    let Ok(length) = headers.only("Content-Length") else {
        return Err(malformed("it has several Content-Length headers"));
    };
    match (coding, length) {
        (Some(_), Some(_)) => Err(malformed("it has both Content-Length and Transfer-Encoding")),
        (Some(_), None) if minor_version == 0 => Err(malformed("HTTP/1.0 has no Transfer-Encoding")),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(BodyLength::Chunked),
        (Some(_), None) => Err(malformed("its Transfer-Encoding is not chunked")),
        (None, None) => Ok(BodyLength::Known(0)),
        (None, Some(length)) => {
            if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
                return Err(malformed("its Content-Length is not a number"));
            }
            // A number beyond 64 bits is beyond the limit, too.
            let length = length.parse().map_or(usize::MAX, limits::count);
            if length > limit { Err(too_large(limit)) } else { Ok(BodyLength::Known(length)) }
        }
    }
}

/// Makes the refusal of a body above `limit` bytes.
pub(super) fn too_large(limit: usize) -> Response {
    refusal(Status::ContentTooLarge, format_args!("request too large: its body may have {limit} bytes (send less)"))
        .and_close()
}

/// Returns true if the client waits for [`CONTINUE`](super::response::CONTINUE).
fn parse_expectation(headers: &Headers) -> Result<bool, Response> {
    let mut expectations = headers.list("Expect").peekable();
    let expects = expectations.peek().is_some();
    if expectations.all(|expectation| expectation.eq_ignore_ascii_case("100-continue")) {
        return Ok(expects);
    }
    Err(refusal(Status::ExpectationFailed, "unknown expectation (send the request without its Expect header)")
        .and_close())
}

/// The target of a request (RFC 9112, section 3.2).
struct Target {
    host: Option<Authority>,
    path: String,
    query: Option<String>,
}

impl Target {
    fn parse(method: Method, target: &str, host: Option<Authority>) -> Result<Target, Response> {
        if !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(malformed("its address has a character that it must not have"));
        }
        if method == Method::Connect {
            let refused = refusal(Status::MethodNotAllowed, "CONNECT refused: this server is no proxy (use GET)");
            return Err(refused.with_header("Allow", "GET, HEAD, OPTIONS").and_close());
        }
        if target == "*" && method == Method::Options {
            return Ok(Target { host, path: target.to_owned(), query: None });
        }
        if target.starts_with('/') {
            return Ok(Target::of_path(target, host));
        }
        let Some((scheme, rest)) = Scheme::strip(target) else {
            return Err(malformed("its address does not begin with /"));
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let own = Authority::parse(authority).filter(|own| host.as_ref().is_none_or(|host| own.is_same(host, scheme)));
        match own {
            Some(own) if path.starts_with('/') => Ok(Target::of_path(path, Some(own))),
            Some(own) => Ok(Target::of_path(&format!("/{path}"), Some(own))),
            None => Err(malformed("the host in its address is not that of its Host header")),
        }
    }

    fn of_path(text: &str, host: Option<Authority>) -> Target {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (text, None),
        };
        Target { host, path: path.to_owned(), query }
    }
}
