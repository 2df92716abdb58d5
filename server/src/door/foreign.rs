//! Recognizes protocols that are not spoken at the text door, so that nothing they carry is obeyed.
//!
//! A web page can make a visitor's browser connect here (`preconnect`), wait for the greeting, and send a POST whose
//! body the page chooses. The request line and the headers would be three wrong answers, and the lines of the body
//! would sign in and talk. So the first line that belongs to HTTP, or the first record of TLS, ends the connection,
//! whatever came before it and however the network has cut it.
//!
//! This looks at lines before the sign-in only: users of a chat quote HTTP.

use landline_common::lines::Framing;

/// More than this without a line end is no answer of a client that signs in.
const LONGEST_OPEN_LINE: usize = 16 << 10;

/// Watches what one client sends until it is signed in.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// What an unframed client has sent since its last line end: each of its reads may be a piece of a line.
    open_line: String,
}

impl Foreign {
    /// Takes one message. True if it is, or completes, a line of another protocol. `is_answer`: a header may be an
    /// alias or a password, a request line may not.
    pub(super) fn is_in(&mut self, message: &str, framing: Framing, is_answer: bool) -> bool {
        let is_named = !is_answer && message.split('\n').any(is_header);
        if framing != Framing::Unframed {
            return is_named || is_foreign(message);
        }
        self.open_line.push_str(message);
        let found = is_named || self.open_line.split('\n').any(is_foreign);
        let last = self.open_line.rfind('\n').map_or(0, |at| at + 1);
        self.open_line.drain(..last);
        found || self.open_line.len() > LONGEST_OPEN_LINE
    }
}

fn is_foreign(line: &str) -> bool {
    is_request(line) || line.starts_with("\u{16}\u{3}")
}

/// `METHOD TARGET HTTP/1.1` (RFC 9112, section 3).
fn is_request(line: &str) -> bool {
    let version = line.trim_end().rsplit_once([' ', '\t']).map(|(_, version)| version);
    version.and_then(|version| version.strip_prefix("HTTP/")).is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit()) && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

/// `Name: value` (RFC 9112, section 5).
fn is_header(line: &str) -> bool {
    let is_token = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    line.split_once(':').is_some_and(|(name, _)| is_token(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(messages: &[&str], framing: Framing) -> bool {
        let mut foreign = Foreign::default();
        messages.iter().any(|message| foreign.is_in(message, framing, true))
    }

    #[test]
    fn x1_a_request_is_seen_however_it_is_cut() {
        for line in ["POST / HTTP/1.1", "GET /a%20b?x=y_z HTTP/1.0\r", "PRI * HTTP/2.0", "junkOPTIONS * HTTP/1.1"] {
            assert!(seen(&[line], Framing::Lines), "{line}");
            for at in 1..line.len() - 3 {
                let (one, other) = line.split_at(at);
                assert!(seen(&["LOGIN\n", one, other, "\nHost: x\n\nx_lobby\n"], Framing::Unframed), "{line} at {at}");
            }
        }
        assert!(seen(&["\u{16}\u{3}\u{1}\u{2}"], Framing::Lines), "TLS");
        assert!(seen(&["x".repeat(9_000).as_str(), "x".repeat(9_000).as_str()], Framing::Unframed), "endless");
    }

    #[test]
    fn x1_what_signs_in_is_not_foreign() {
        for line in ["alice_lobby", "LOGIN", "a pass: phrase", "HTTP/1.1", "I like HTTP/x", "my HTTP/1.1 password", ""]
        {
            assert!(!seen(&[line], Framing::Lines), "{line}");
        }
        let mut foreign = Foreign::default();
        assert!(foreign.is_in("Host: 10.0.0.1:12345", Framing::Lines, false));
        assert!(!foreign.is_in("UDP_PORT: 5051", Framing::Lines, false));
        assert!(!foreign.is_in("Host: 10.0.0.1", Framing::Lines, true), "it may be a password");
        for (answer, is_answer) in [("LOGIN", false), ("alice", true), ("pass: word", true), ("LOGIN", false)] {
            assert!(!foreign.is_in(answer, Framing::Unframed, is_answer), "{answer}");
        }
    }
}
