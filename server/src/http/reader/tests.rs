use super::*;
use crate::http::body::{IGNORED_BYTES, LINE_BYTES};
use crate::http::head::MAX_HEADERS;
use crate::http::headers::Method;
use proptest::prelude::*;

/// Returns all requests in `pieces`, and the refusal if there is one.
pub fn received(pieces: &[&[u8]]) -> (Vec<Request>, Option<Response>) {
    let mut reader = RequestReader::new(&Limits::default());
    let mut requests = Vec::new();
    for piece in pieces {
        reader.append(piece);
        while let Some(received) = reader.advance() {
            match received {
                Received::Request(request) => requests.push(request),
                Received::ExpectsContinue(_) => {}
                Received::Refused(refused) => return (requests, Some(refused)),
            }
        }
        let limits = Limits::default();
        let most = limits::count(limits.http_head_bytes) + piece.len();
        assert!(reader.buffer.len() <= most, "{} bytes wait", reader.buffer.len());
    }
    (requests, None)
}

/// Returns the only request in `text`.
pub fn request(text: &str) -> Request {
    let (mut requests, refused) = received(&[text.as_bytes()]);
    assert_eq!((requests.len(), &refused), (1, &None), "{text}");
    requests.remove(0)
}

/// Returns the status of the refusal of `bytes`, and the number of requests in front of it.
fn refusal_of(bytes: &[u8]) -> (usize, Option<Status>) {
    let (requests, refused) = received(&[bytes]);
    assert!(refused.as_ref().is_none_or(Response::ends_connection), "a refusal must end the connection");
    (requests.len(), refused.map(|refused| refused.status()))
}

#[test]
fn browser_request_is_read() {
    let request = request(
        "GET /f/a%20b?x=1?2 HTTP/1.1\r\nHost: Box:8080\r\nUser-Agent: x\r\nAccept: */*\r\nX-Name:  \u{e9}\t \r\n\r\n",
    );
    assert_eq!((request.method, request.minor_version), (Method::Get, 1));
    assert_eq!((request.path.as_str(), request.query.as_deref()), ("/f/a%20b", Some("x=1?2")));
    assert_eq!(request.host.unwrap().to_string(), "box:8080");
    assert_eq!(request.headers.only("x-name"), Ok(Some("\u{e9}")));
    assert!(request.keeps_alive && request.body.is_empty());
}

#[test]
fn bodies_are_read_by_length_and_by_chunks() {
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "transfer-encoding: Chunked\r\n\r\n0002\r\nhe\r\n3;a=b;c=\"d\"\r\nllo\r\n000\r\nX-Sum: 1\r\nY: 2\r\n\r\n",
    ] {
        let text = format!("POST /a HTTP/1.1\r\nHost: h\r\n{body}GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
        let (requests, refused) = received(&[text.as_bytes()]);
        assert_eq!(refused, None, "{body}");
        let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, ["/a", "/b"], "{body}");
        assert_eq!(requests[0].body, b"hello", "{body}");
        assert!(!requests[1].headers.has("X-Sum"), "trailers are dropped");
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(received(&pieces), (requests, None), "{body}, byte by byte");
    }
}

#[test]
fn targets_have_the_forms_of_the_rfc() {
    for (line, host, path, query) in [
        ("GET http://h:81/a?b", "h:81", "/a", Some("b")),
        ("GET HTTP://H:81", "h:81", "/", None),
        ("GET https://h:81?b", "h:81", "/", Some("b")),
        ("GET //h:81/a", "h:81", "//h:81/a", None),
        ("OPTIONS *", "h:81", "*", None),
    ] {
        let request = request(&format!("{line} HTTP/1.1\r\nHost: h:81\r\n\r\n"));
        assert_eq!(request.host.unwrap().to_string(), host, "{line}");
        assert_eq!((request.path.as_str(), request.query.as_deref()), (path, query), "{line}");
    }
    assert_eq!(request("GET http://h/ HTTP/1.1\r\nHost: h:80\r\n\r\n").path, "/", "the default port");
    assert_eq!(request("GET http://h/ HTTP/1.0\r\n\r\n").host.unwrap().to_string(), "h");
}

/// Heads and bodies that two programs could read in two ways, or that cost too much.
#[test]
fn attacks_are_refused_and_end_the_connection() {
    use Status::{BadRequest, ContentTooLarge, HeadersTooLarge, MethodNotAllowed, NotImplemented, UriTooLong};
    let post = |rest: &str| format!("POST / HTTP/1.1\r\nHost: h\r\n{rest}");
    let get = |rest: &str| format!("GET / HTTP/1.1\r\nHost: h\r\n{rest}\r\n");
    let chunked = |rest: &str| post(&format!("Transfer-Encoding: chunked\r\n\r\n{rest}"));
    let attacks = [
        ("two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), BadRequest),
        ("two equal lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), BadRequest),
        ("list of lengths", post("Content-Length: 1, 1\r\n\r\na"), BadRequest),
        ("signed length", post("Content-Length: +1\r\n\r\na"), BadRequest),
        ("negative length", post("Content-Length: -1\r\n\r\na"), BadRequest),
        ("hexadecimal length", post("Content-Length: 0x1\r\n\r\na"), BadRequest),
        ("empty length", post("Content-Length:\r\n\r\n"), BadRequest),
        ("length over 64 bits", post("Content-Length: 99999999999999999999999\r\n\r\n"), ContentTooLarge),
        ("long body", post("Content-Length: 65537\r\n\r\n"), ContentTooLarge),
        ("length and coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BadRequest),
        ("coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), BadRequest),
        ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), BadRequest),
        ("coding and identity", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"), BadRequest),
        ("list of codings", post("Transfer-Encoding: gzip, chunked\r\n\r\n"), BadRequest),
        ("unknown coding", post("Transfer-Encoding: xchunked\r\n\r\n"), BadRequest),
        ("quoted coding", post("Transfer-Encoding: \"chunked\"\r\n\r\n"), BadRequest),
        ("coding with a tab", post("Transfer-Encoding: \x0bchunked\r\n\r\n"), BadRequest),
        ("coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(), BadRequest),
        ("blank before the colon", post("Content-Length : 1\r\n\r\na"), BadRequest),
        ("tab before the colon", post("Transfer-Encoding\t: chunked\r\n\r\n"), BadRequest),
        ("continued line", get("X: a\r\n b\r\n"), BadRequest),
        ("continued first header", "GET / HTTP/1.1\r\n Host: h\r\n\r\n".into(), BadRequest),
        ("header without a colon", get("X\r\n"), BadRequest),
        ("header without a name", get(": x\r\n"), BadRequest),
        ("name beyond ASCII", get("Ho\u{17f}t: x\r\n"), BadRequest),
        ("null in a value", get("X: a\0b\r\n"), BadRequest),
        ("escape in a value", get("X: \x1b[2J\r\n"), BadRequest),
        ("delete in a value", get("X: \x7f\r\n"), BadRequest),
        ("bare CR in a value", get("X: a\rb\r\n"), BadRequest),
        ("bare LF ends", "GET / HTTP/1.1\nHost: h\n\n".into(), BadRequest),
        ("one bare LF", "GET / HTTP/1.1\r\nHost: h\n\r\n".into(), BadRequest),
        ("LF before the end", "GET / HTTP/1.1\r\nHost: h\r\n\n".into(), BadRequest),
        ("CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n".into(), BadRequest),
        ("two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("no host", "GET / HTTP/1.1\r\n\r\n".into(), BadRequest),
        ("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n".into(), BadRequest),
        ("two hosts", get("Host: h\r\n"), BadRequest),
        ("two hosts in 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n".into(), BadRequest),
        ("user in the host", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n".into(), BadRequest),
        ("list of hosts", "GET / HTTP/1.1\r\nHost: h, g\r\n\r\n".into(), BadRequest),
        ("path in the host", "GET / HTTP/1.1\r\nHost: h/a\r\n\r\n".into(), BadRequest),
        ("target of another host", "GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("target of another port", "GET http://h:81/ HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("user in the target", "GET http://h@g/ HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("target of another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("target without a slash", "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("star for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("target beyond ASCII", "GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n".into(), Status::VersionNotSupported),
        ("tab in the line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("blank first", " GET / HTTP/1.1\r\nHost: h\r\n\r\n".into(), BadRequest),
        ("HTTP/0.9", "GET /\r\n\r\n".into(), BadRequest),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), Status::VersionNotSupported),
        ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n".into(), Status::VersionNotSupported),
        ("unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n".into(), NotImplemented),
        ("method in lower case", "get / HTTP/1.1\r\nHost: h\r\n\r\n".into(), NotImplemented),
        ("tunnel", "CONNECT h:25 HTTP/1.1\r\nHost: h:25\r\n\r\n".into(), MethodNotAllowed),
        ("unknown expectation", post("Expect: 200-ok\r\nContent-Length: 1\r\n\r\n"), Status::ExpectationFailed),
        ("long address", format!("GET /{} HTTP/1.1\r\n", "a".repeat(8 << 10)), UriTooLong),
        ("long header", get(&format!("X: {}\r\n", "a".repeat(8 << 10))), HeadersTooLarge),
        ("endless header", post(&"a".repeat(9 << 10)), HeadersTooLarge),
        ("many headers", get(&"X: a\r\n".repeat(MAX_HEADERS)), HeadersTooLarge),
        ("chunk without a size", chunked("\r\nhello\r\n"), BadRequest),
        ("chunk with a sign", chunked("+5\r\nhello\r\n"), BadRequest),
        ("chunk with 0x", chunked("0x5\r\nhello\r\n"), BadRequest),
        ("chunk with a blank", chunked("5 \r\nhello\r\n"), BadRequest),
        ("chunk behind a blank", chunked(" 5\r\nhello\r\n"), BadRequest),
        ("chunk with bare LF", chunked("5\nhello\r\n"), BadRequest),
        ("chunk with bare CR", chunked("5;a\rb\r\nhello\r\n"), BadRequest),
        ("chunk longer than its size", chunked("4\r\nhello\r\n"), BadRequest),
        ("chunk that ends in LF", chunked("5\r\nhello\n0\r\n\r\n"), BadRequest),
        ("chunk of 64 bits", chunked("10000000000000005\r\nhello\r\n"), BadRequest),
        ("chunk of 32 bits", chunked("ffffffff\r\n"), ContentTooLarge),
        ("chunk over the limit", chunked("10001\r\n"), ContentTooLarge),
        ("chunks over the limit", chunked(&format!("8000\r\n{}\r\n8001\r\n", "a".repeat(0x8000))), ContentTooLarge),
        ("long extension", chunked(&format!("5;{}\r\nhello\r\n", "a".repeat(LINE_BYTES))), BadRequest),
        ("many extensions", chunked(&format!("1;{}\r\na\r\n", "a".repeat(999)).repeat(9)), BadRequest),
        ("null in an extension", chunked("5;\0\r\nhello\r\n"), BadRequest),
        ("trailer with bare LF", chunked("0\r\nX: a\n\r\n"), BadRequest),
        ("many trailers", chunked(&format!("0\r\n{}", "X: a\r\n".repeat(IGNORED_BYTES / 4 + 1))), BadRequest),
        ("TLS", "\x16\x03\x01\x02\r\n\r\n".into(), BadRequest),
    ];
    for (what, bytes, status) in attacks {
        assert_eq!(refusal_of(bytes.as_bytes()), (0, Some(status)), "{what}");
        let mut behind = get("").into_bytes();
        behind.extend_from_slice(bytes.as_bytes());
        let expected = if what.starts_with("two empty lines") { (1, Some(BadRequest)) } else { (1, Some(status)) };
        assert_eq!(refusal_of(&behind), expected, "{what}, behind a request");
        let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
        let (requests, refused) = received(&pieces);
        assert_eq!((requests.len(), refused.map(|r| r.status())), (0, Some(status)), "{what}, byte by byte");
    }
}

#[test]
fn bounds_are_reached_without_a_refusal() {
    let limits = Limits::default();
    let body = "a".repeat(limits::count(limits.http_body_bytes));
    let text = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(request(&text).body, body.as_bytes());
    let half = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    let text = format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{half}{half}0\r\n\r\n");
    assert_eq!(request(&text).body, body.as_bytes());

    let extension = "x".repeat(LINE_BYTES - "1;\r\n".len());
    let chunks = format!("1;{extension}\r\na\r\n").repeat(8);
    let trailer = "x".repeat(IGNORED_BYTES - 8 * (extension.len() + 1));
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    request(&format!("{head}{chunks}0\r\n{trailer}\r\n\r\n"));
    let over = format!("{head}{chunks}0\r\nx{trailer}\r\n\r\n");
    assert_eq!(refusal_of(over.as_bytes()), (0, Some(Status::BadRequest)));

    request(&format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: a\r\n".repeat(MAX_HEADERS - 1)));
    let frame = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n".len();
    let fill = "a".repeat(limits::count(limits.http_head_bytes) - frame);
    request(&format!("GET / HTTP/1.1\r\nHost: h\r\nX: {fill}\r\n\r\n"));
    let over = format!("GET / HTTP/1.1\r\nHost: h\r\nX: a{fill}\r\n\r\n");
    assert_eq!(refusal_of(over.as_bytes()), (0, Some(Status::HeadersTooLarge)));
    let line = "a".repeat(limits::count(limits.http_head_bytes));
    assert_eq!(refusal_of(&line.as_bytes()[1..]), (0, None));
    assert_eq!(refusal_of(line.as_bytes()), (0, Some(Status::UriTooLong)));
}

#[test]
fn empty_line_between_requests_is_dropped() {
    let text = "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(refusal_of(text.as_bytes()), (2, None));
}

#[test]
fn client_that_expects_to_go_on_is_told_first() {
    let mut reader = RequestReader::new(&Limits::default());
    reader.append(b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    assert!(matches!(reader.advance(), Some(Received::ExpectsContinue(request)) if request.path == "/a"));
    assert_eq!(reader.advance(), None);
    assert_eq!(reader.phase(), Phase::Body);
    reader.append(b"hi");
    assert!(matches!(reader.advance(), Some(Received::Request(request)) if request.body == b"hi"));
    for nothing_to_wait_for in [
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.0\r\nExpect: magic\r\nContent-Length: 1\r\n\r\na",
    ] {
        reader.append(nothing_to_wait_for.as_bytes());
        assert!(matches!(reader.advance(), Some(Received::Request(_))), "{nothing_to_wait_for}");
    }
    reader.append(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
    assert!(matches!(reader.advance(), Some(Received::Refused(r)) if r.status() == Status::ContentTooLarge));
}

#[test]
fn phases_follow_the_bytes() {
    let mut reader = RequestReader::new(&Limits::default());
    for (bytes, requests, phase) in [
        ("", 0, Phase::Idle),
        ("\r\n", 0, Phase::Idle),
        ("G", 0, Phase::Head),
        ("ET / HTTP/1.1\r\nHost: h\r\n", 0, Phase::Head),
        ("\r\n", 1, Phase::Idle),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", 0, Phase::Body),
        ("h", 0, Phase::Body),
        ("iGET", 1, Phase::Head),
        (" / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 2, Phase::Idle),
    ] {
        reader.append(bytes.as_bytes());
        let count = std::iter::from_fn(|| reader.advance().map(|_| ())).count();
        assert_eq!((count, reader.phase()), (requests, phase), "{bytes:?}");
    }
    let limits = Limits::default();
    let seconds = [Phase::Idle, Phase::Head, Phase::Body].map(|phase| phase.time_limit(&limits).as_secs());
    assert_eq!(seconds, [limits.http_idle_seconds, limits.http_head_seconds, limits.http_body_seconds]);
    assert_eq!(request_timeout().status(), Status::RequestTimeout);
    assert!(request_timeout().ends_connection());
}

#[test]
fn nothing_is_read_behind_a_refusal() {
    let mut reader = RequestReader::new(&Limits::default());
    reader.append(b"x\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(matches!(reader.advance(), Some(Received::Refused(_))));
    reader.append(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(reader.advance(), None);
    assert_eq!(reader.into_rest(), b"");
}

#[test]
fn bytes_behind_an_upgrade_are_handed_over() {
    let mut reader = RequestReader::new(&Limits::default());
    reader.append(b"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n\x81\x85frame");
    assert!(matches!(reader.advance(), Some(Received::Request(_))));
    assert_eq!(reader.into_rest(), b"\x81\x85frame");
}

/// Parts of requests, whole and broken, so that random sequences reach most of the code.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let parts: Vec<&'static [u8]> = vec![
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        b"HEAD /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nHost: h\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"0\r\n\r\n",
        b"ffff\r\n",
    ];
    prop_oneof![
        6 => prop::sample::select(parts).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), 0..10_000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

proptest! {
    #[test]
    fn every_cut_gives_the_same(
        fragments in prop::collection::vec(fragment(), 0..6),
        cuts in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let bytes = fragments.concat();
        let mut rest = &bytes[..];
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, other) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = other;
        }
        pieces.extend(rest.chunks(4_096));
        prop_assert_eq!(received(&pieces), received(&[&bytes]));
    }

    #[test]
    fn written_request_is_read_back(
        path in "/[a-zA-Z0-9/._%-]{0,40}",
        names in prop::collection::vec("X-[A-Za-z0-9]{1,12}", 0..10),
        value in "[!-~]([ -~]{0,60}[!-~])?",
        body in prop::collection::vec(any::<u8>(), 0..300),
        chunk in 1..100_usize,
        is_chunked in any::<bool>(),
    ) {
        let mut bytes = format!("PUT {path} HTTP/1.1\r\nHost: h:1\r\n");
        for name in &names {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = if is_chunked {
            let mut bytes = format!("{bytes}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
            for chunk in body.chunks(chunk) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            bytes
        } else {
            let mut bytes = format!("{bytes}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
            bytes.extend_from_slice(&body);
            bytes
        };
        bytes.extend_from_slice(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
        let (requests, refused) = received(&[&bytes]);
        prop_assert_eq!(refused, None);
        prop_assert_eq!(requests.len(), 2);
        prop_assert_eq!(&requests[0].path, &path);
        prop_assert_eq!(&requests[0].body, &body);
        for name in &names {
            prop_assert!(requests[0].headers.all(name).all(|found| found == value));
        }
        prop_assert_eq!(&requests[1].path, "/next");
    }
}
