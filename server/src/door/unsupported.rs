//! Recognizes HTTP and TLS at the text door, so that their contents are never carried out as commands.
//!
//! A web page can make a visitor's browser connect here (`preconnect`), wait for the greeting, and send a POST with a
//! body that the page chooses. The request line and the headers would count as wrong answers, and the lines of the body
//! would sign in and talk. So the first line of HTTP, or the first record of TLS, ends the connection. This holds at
//! any point of the sign-in and however the network splits the bytes.
//!
//! Only messages before the sign-in are checked: signed-in users may quote HTTP.

use landline_common::lines::Framing;

/// Most bytes without a line end. A client that signs in sends far fewer.
const LONGEST_OPEN_LINE: usize = 16 << 10;

/// Checks the messages of one client until it is signed in.
#[derive(Debug, Default)]
pub(super) struct Unsupported {
    /// The bytes of an unframed client since its last line end: each of its reads may be a piece of a line.
    open_line: String,
}

impl Unsupported {
    /// Checks one message, together with the open line of an unframed client. Returns true if it is, or completes, a
    /// line of another protocol. With `is_answer`, headers are allowed, since an alias or a password may look like one;
    /// a request line is not.
    pub(super) fn detect(&mut self, message: &str, framing: Framing, is_answer: bool) -> bool {
        let has_header = !is_answer && message.split('\n').any(is_header);
        if framing != Framing::Unframed {
            return has_header || is_unsupported(message);
        }
        self.open_line.push_str(message);
        let found = has_header || self.open_line.split('\n').any(is_unsupported);
        let last = self.open_line.rfind('\n').map_or(0, |at| at + 1);
        self.open_line.drain(..last);
        found || self.open_line.len() > LONGEST_OPEN_LINE
    }
}

/// Returns true for an HTTP request line or the start of a TLS record (type 22, major version 3; RFC 8446, section
/// 5.1).
fn is_unsupported(line: &str) -> bool {
    is_request(line) || line.starts_with("\u{16}\u{3}")
}

/// Returns true for a request line: `METHOD TARGET HTTP/1.1` (RFC 9112, section 3).
fn is_request(line: &str) -> bool {
    let version = line.trim_end().rsplit_once([' ', '\t']).map(|(_, version)| version);
    version.and_then(|version| version.strip_prefix("HTTP/")).is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit()) && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

/// Returns true for a line that looks like a header, `Name: value` (RFC 9112, section 5). The name has ASCII letters,
/// digits and hyphens only; the RFC allows more.
fn is_header(line: &str) -> bool {
    let is_token = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    line.split_once(':').is_some_and(|(name, _)| is_token(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(messages: &[&str], framing: Framing) -> bool {
        let mut unsupported = Unsupported::default();
        messages.iter().any(|message| unsupported.detect(message, framing, true))
    }

    #[test]
    fn x1_request_is_detected_however_it_is_split() {
        for line in ["POST / HTTP/1.1", "GET /a%20b?x=y_z HTTP/1.0\r", "PRI * HTTP/2.0", "junkOPTIONS * HTTP/1.1"] {
            assert!(found(&[line], Framing::Lines), "{line}");
            for at in 1..line.len() - 3 {
                let (one, other) = line.split_at(at);
                assert!(found(&["LOGIN\n", one, other, "\nHost: x\n\nx_lobby\n"], Framing::Unframed), "{line} at {at}");
            }
        }
        assert!(found(&["\u{16}\u{3}\u{1}\u{2}"], Framing::Lines), "TLS");
        assert!(found(&["x".repeat(9_000).as_str(), "x".repeat(9_000).as_str()], Framing::Unframed), "endless");
    }

    #[test]
    fn x1_sign_in_messages_pass() {
        for line in ["alice_lobby", "LOGIN", "a pass: phrase", "HTTP/1.1", "I like HTTP/x", "my HTTP/1.1 password", ""]
        {
            assert!(!found(&[line], Framing::Lines), "{line}");
        }
        let mut unsupported = Unsupported::default();
        assert!(unsupported.detect("Host: 10.0.0.1:12345", Framing::Lines, false));
        assert!(!unsupported.detect("UDP_PORT: 5051", Framing::Lines, false));
        assert!(
            !unsupported.detect("Host: 10.0.0.1", Framing::Lines, true),
            "a header among answers may be a password"
        );
        for (answer, is_answer) in [("LOGIN", false), ("alice", true), ("pass: word", true), ("LOGIN", false)] {
            assert!(!unsupported.detect(answer, Framing::Unframed, is_answer), "{answer}");
        }
    }
}
