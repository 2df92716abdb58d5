//! A proxy that replaces every sentence of the server by random words.
//!
//! Clients must decide by causes and fields, never by sentences, which may change. A client that works through a
//! scrambler compares no sentence. Texts of users, names, ids and all other fields pass unchanged, also the token of a
//! pong and the acknowledgement of `format`, which are not sentences.

use crate::Rng;
use crate::relay::{Carrier, Direction, Relay, StreamPair};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Scrambler(Relay<Language>);

#[derive(Debug)]
struct Language {
    rng: Mutex<Rng>,
}

impl Scrambler {
    /// Starts a proxy in front of `server`. The random words are the same in every run.
    pub fn new(server: SocketAddr) -> Scrambler {
        Scrambler(Relay::new(server, Language { rng: Mutex::new(Rng::new(77)) }))
    }

    /// Returns the address for clients.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Language {
    /// Returns one to six words of one to eight random letters.
    fn words(&self) -> String {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let mut word = |_| -> String {
            let letters = 1 + rng.below(8);
            (0..letters).map(|_| char::from(b'a' + u8::try_from(rng.below(26)).expect("a letter"))).collect()
        };
        let first = word(0);
        let more = first.len() % 6;
        std::iter::once(first).chain((0..more).map(&mut word)).collect::<Vec<_>>().join(" ")
    }
}

impl Carrier for Language {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let (mut from, mut to) = pair.ends(direction);
        if direction == Direction::ToServer {
            let mut piece = [0; 16 << 10];
            while let Ok(read) = from.read(&mut piece) {
                if read == 0 {
                    return pair.end(direction);
                }
                if to.write_all(&piece[..read]).is_err() {
                    break;
                }
            }
            return pair.reset();
        }
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(read) = reader.read_until(b'\n', &mut line) {
            if read == 0 {
                return pair.end(direction);
            }
            let scrambled = match std::str::from_utf8(&line) {
                Ok(text) => Cow::Owned(scrambled(text, || self.words()).into_owned().into_bytes()),
                Err(_) => Cow::Borrowed(&line[..]),
            };
            if to.write_all(&scrambled).is_err() {
                break;
            }
            line.clear();
        }
        pair.reset();
    }
}

/// Replaces the sentence in a line of the server, if it has one.
fn scrambled(line: &str, words: impl FnOnce() -> String) -> Cow<'_, str> {
    let sentence = serde_json::from_str::<Value>(line).ok().and_then(|object| sentence_field(&object));
    match sentence.and_then(|field| value_of(line, field)) {
        Some(Range { start, end }) => Cow::Owned(format!("{}{}{}", &line[..start], words(), &line[end..])),
        None => Cow::Borrowed(line),
    }
}

/// Returns the name of the field that holds a sentence.
fn sentence_field(object: &Value) -> Option<&'static str> {
    match (object["type"].as_str()?, object["event"].as_str()) {
        // Clients compare these texts.
        ("system", Some("pong" | "format")) => None,
        ("system" | "error" | "auth_request", _) => Some("text"),
        ("auth_fail", _) => Some("reason"),
        _ => None,
    }
}

/// Returns the range of a string value of the outermost object, without the quotes.
fn value_of(object: &str, field: &str) -> Option<Range<usize>> {
    let bytes = object.as_bytes();
    let mut depth = 0;
    let mut key = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 1 => key = None,
            b'"' => {
                let inside = at + 1..end_of_string(bytes, at + 1)?;
                at = inside.end;
                match key {
                    None if depth == 1 => key = Some(&object[inside]),
                    Some(found) if depth == 1 && found == field => return Some(inside),
                    _ => {}
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns the index of the quote that ends a string.
fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, TestServer};

    #[test]
    fn replaces_sentences_and_nothing_else() {
        for (line, expected) in [
            (
                r#"{"type":"system","event":"info","cause":"entered","room":"ops","text":"You are in \"ops\" now","label":"7"}"#,
                r#"{"type":"system","event":"info","cause":"entered","room":"ops","text":"xyz","label":"7"}"#,
            ),
            (r#"{"text":"no","type":"error","code":404}"#, r#"{"text":"xyz","type":"error","code":404}"#),
            (r#"{"type":"auth_request", "text" : "ALIAS?"}"#, r#"{"type":"auth_request", "text" : "xyz"}"#),
            (
                r#"{"type":"auth_fail","cause":"name_taken","reason":"taken","text":"as is"}"#,
                r#"{"type":"auth_fail","cause":"name_taken","reason":"xyz","text":"as is"}"#,
            ),
            (
                r#"{"type":"system","event":"members","users":["text","a"],"text":"In ops: text, a"}"#,
                r#"{"type":"system","event":"members","users":["text","a"],"text":"xyz"}"#,
            ),
            (
                r#"{"type":"system","event":"private_ended","user":"bob","reason":"ended by command","text":"\\"}"#,
                r#"{"type":"system","event":"private_ended","user":"bob","reason":"ended by command","text":"xyz"}"#,
            ),
        ] {
            assert_eq!(scrambled(line, || "xyz".into()), expected);
        }
    }

    #[test]
    fn keeps_texts_of_users_and_compared_fields() {
        for line in [
            r#"{"type":"message","id":1,"room":"ops","user":"a","text":"You are in ops now"}"#,
            r#"{"type":"message","event":"history","id":1,"user":"a","text":"hi"}"#,
            r#"{"type":"pm","from_user":"a","text":"hi"}"#,
            r#"{"type":"system","event":"pong","text":"token"}"#,
            r#"{"type":"system","event":"format","text":"json"}"#,
            r#"{"type":"auth_ok","username":"a","text":"hi"}"#,
            r#"{"type":"ok","label":"1","done":true}"#,
            r#"{"type":"error","code":404}"#,
            "Authorise MODE? (REGISTER/LOGIN)",
            "{",
            "",
        ] {
            assert_eq!(scrambled(line, || unreachable!("{line}")), line);
        }
    }

    #[test]
    fn scrambles_the_sentences_of_a_real_server() {
        let server = TestServer::default();
        let scrambler = Scrambler::new(server.address());
        let mut alice = Client::connect(scrambler.address());
        alice.send("format json");
        alice.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        alice.send("alice_lobby");
        alice.expect_start(r#"{"type":"auth_ok""#);
        alice.send("/say You are in ops now");
        assert!(alice.line().contains(r#""text":"You are in ops now""#), "texts of users pass unchanged");
        alice.send("/join ops");
        let entered = alice.line();
        assert!(entered.contains(r#""cause":"entered""#) && entered.contains(r#""room":"ops""#), "{entered}");
        assert!(!entered.contains("You are in"), "{entered}");
        alice.send("/ping token");
        assert!(alice.line().contains(r#""event":"pong","text":"token""#));
        alice.send("/quit");
        let goodbye = alice.line();
        assert!(goodbye.contains(r#""cause":"goodbye""#) && !goodbye.contains("Goodbye"), "{goodbye}");
        alice.expect_closed();
    }
}
