//! Tells from the first words of a TCP peer which service it is: a Landline server, a port for LanTalk clients, or
//! another program that has the port.
//!
//! The words are only a hint for a sentence to the user; nothing is trusted or obeyed because of them.

use crate::clean::clean;
use crate::event::EventKind;
use crate::json;
use std::io::{Read, Write};

/// The TCP port of `landline-server` for `nc`, Chat77 and the bundled client, unless it was told otherwise.
pub const MAIN_PORT: u16 = 12_345;
/// The TCP port for LanTalk clients, LanTalk's own.
pub const LANTALK_PORT: u16 = 5_050;
/// The UDP port on which servers are found, LanTalk's own.
pub const BEACON_PORT: u16 = 5_051;

/// A line that a Landline server answers at once, and that signs nobody in.
const QUESTION: &[u8] = b"format json\n";
/// More bytes, and more reads, than the first words of any service take.
const MOST_BYTES: usize = 4_096;
const MOST_READS: usize = 8;
/// Characters of a foreign answer that are quoted.
const QUOTED: usize = 60;

/// What a TCP peer is, by its first words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// A Landline server.
    Landline,
    /// A port for LanTalk clients: Landline's, or LanTalk's own.
    LanTalk,
    /// Another program, with what is known of it in words: `it is an SSH server`.
    Foreign(String),
    /// Nothing that tells it, for example no words at all.
    Unknown,
}

impl Service {
    /// The service whose first words these are; without a whole line, what there is until the connection ended.
    #[must_use]
    pub fn from_greeting(words: &[u8]) -> Service {
        // A record of TLS: an alert or a handshake (RFC 8446, section 5.1).
        if let [0x14..=0x17, 3, ..] = words {
            return Service::Foreign("it is a TLS service".into());
        }
        let text = String::from_utf8_lossy(words);
        let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) else { return Service::Unknown };
        match json::read(line).map(|event| event.what) {
            Some(EventKind::AskAll { .. }) => return Service::LanTalk,
            Some(_) => return Service::Landline,
            None if is_landline_text(line) => return Service::Landline,
            None => {}
        }
        let quoted: String = clean(line).chars().take(QUOTED).collect();
        Service::Foreign(match line {
            _ if ["HTTP/", "<!DOCTYPE", "<html"].iter().any(|begin| line.starts_with(begin)) => {
                "it is a web server".into()
            }
            _ if line.starts_with("SSH-") => "it is an SSH server".into(),
            _ => format!("it answered {quoted:?}"),
        })
    }

    /// Asks the peer at the other end of `stream`, whose reads have a timeout, whether it is a Landline server.
    pub fn probe(mut stream: impl Read + Write) -> Service {
        if stream.write_all(QUESTION).is_err() {
            return Service::Unknown;
        }
        let (mut words, mut buffer) = (Vec::new(), [0; MOST_BYTES]);
        for _ in 0..MOST_READS {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => words.extend_from_slice(&buffer[..read]),
                _ => break,
            }
            if words.contains(&b'\n') || words.len() >= MOST_BYTES {
                break;
            }
        }
        Service::from_greeting(&words)
    }
}

/// A line that the text door says to a client whose `format json` it has not read yet.
fn is_landline_text(line: &str) -> bool {
    let is_refusal = line.strip_prefix("ERROR: ").is_some_and(|rest| {
        rest.split(' ').next().is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
    });
    is_refusal || line == "Authorise MODE? (REGISTER/LOGIN)" || line == "PASSWORD?" || line.starts_with("INFO: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(words: &[u8]) -> String {
        match Service::from_greeting(words) {
            Service::Foreign(what) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a20_services_are_told_by_their_first_words() {
        let acknowledged = b"{\"type\":\"system\",\"event\":\"format\",\"text\":\"json\"}\n";
        for words in [&acknowledged[..], b"Authorise MODE? (REGISTER/LOGIN)\n", b"ERROR: 503 no room\n"] {
            assert_eq!(Service::from_greeting(words), Service::Landline, "{}", String::from_utf8_lossy(words));
        }
        for words in [
            &b"{\"type\":\"auth_request\",\"ts\":\"14:22\",\"needs_password\":false}\n"[..],
            b"{\"type\": \"auth_request\", \"ts\": \"14:22\", \"needs_password\": true}\n",
        ] {
            assert_eq!(Service::from_greeting(words), Service::LanTalk);
        }
        assert_eq!(foreign(b"HTTP/1.1 400 Bad Request\r\n"), "it is a web server");
        assert_eq!(foreign(b"<!DOCTYPE HTML>\n"), "it is a web server");
        assert_eq!(foreign(b"SSH-2.0-OpenSSH_9.6\r\n"), "it is an SSH server");
        assert_eq!(foreign(&[0x15, 3, 1, 0, 2, 2, 70]), "it is a TLS service");
        assert_eq!(foreign(b"220 mail\x1b[2J ready\r\n"), "it answered \"220 mail ready\"");
        assert!(foreign("日".repeat(5_000).as_bytes()).chars().count() < 90);
        assert_eq!(
            (Service::from_greeting(b""), Service::from_greeting(b"\r\n ")),
            (Service::Unknown, Service::Unknown)
        );
    }

    /// A peer that says something in pieces, and then nothing more.
    struct ScriptedPeer(Vec<&'static [u8]>);

    impl Read for ScriptedPeer {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some(piece) = self.0.pop() else { return Ok(0) };
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    impl Write for ScriptedPeer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            assert_eq!(bytes, QUESTION);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a15_a_peer_is_asked_and_never_read_for_ever() {
        assert_eq!(
            Service::probe(ScriptedPeer(vec![b"2.0-x\r\n", b"SSH-"])),
            Service::Foreign("it is an SSH server".into())
        );
        assert_eq!(Service::probe(ScriptedPeer(vec![])), Service::Unknown);
        assert!(matches!(Service::probe(ScriptedPeer(vec![b"x"; 5_000])), Service::Foreign(_)));
    }
}
