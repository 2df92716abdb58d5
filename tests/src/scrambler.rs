//! A server that speaks no known language: a proxy that replaces every sentence of the server by random words.
//!
//! Programs decide by causes and fields, never by sentences, which are for people and may change. A client that works
//! through a scrambler has matched no sentence. What users have said, names, ids and all other fields pass byte for
//! byte, and so do the token of a pong and the acknowledgement of `format`, which are no sentences.

use crate::Dice;
use crate::relay::{Carrier, Direction, Pair, Relay};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The proxy. Its connections end with it.
#[derive(Debug)]
pub struct Scrambler(Relay<Language>);

#[derive(Debug)]
struct Language {
    dice: Mutex<Dice>,
}

impl Scrambler {
    /// A proxy in front of `server` with the same random words in every run.
    pub fn new(server: SocketAddr) -> Scrambler {
        Scrambler(Relay::new(server, Language { dice: Mutex::new(Dice::new(77)) }))
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Language {
    /// One to six words of one to eight random letters.
    fn words(&self) -> String {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let mut word = |_| -> String {
            let letters = 1 + dice.roll(8);
            (0..letters).map(|_| char::from(b'a' + u8::try_from(dice.roll(26)).expect("a letter"))).collect()
        };
        let first = word(0);
        let more = first.len() % 6;
        std::iter::once(first).chain((0..more).map(&mut word)).collect::<Vec<_>>().join(" ")
    }
}

impl Carrier for Language {
    fn carry(&self, direction: Direction, pair: &Pair) {
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

/// A line of the server with other words in its sentence, if it has one.
fn scrambled(line: &str, words: impl FnOnce() -> String) -> Cow<'_, str> {
    let sentence = serde_json::from_str::<Value>(line).ok().and_then(|object| sentence_field(&object));
    match sentence.and_then(|field| value_of(line, field)) {
        Some(Range { start, end }) => Cow::Owned(format!("{}{}{}", &line[..start], words(), &line[end..])),
        None => Cow::Borrowed(line),
    }
}

/// The field of an object that has a sentence for people.
fn sentence_field(object: &Value) -> Option<&'static str> {
    match (object["type"].as_str()?, object["event"].as_str()) {
        // Programs compare these.
        ("system", Some("pong" | "format")) => None,
        ("system" | "error" | "auth_request", _) => Some("text"),
        ("auth_fail", _) => Some("reason"),
        _ => None,
    }
}

/// Where the string that is the value of a field of the outermost object stands, without its quotes.
fn value_of(object: &str, field: &str) -> Option<Range<usize>> {
    let bytes = object.as_bytes();
    let (mut depth, mut key, mut at) = (0, None, 0);
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

/// The place of the quote that ends a string.
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
    fn sentences_are_replaced_and_nothing_else() {
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
    fn what_users_say_and_what_programs_compare_stays() {
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
    fn a_server_behind_it_speaks_another_language() {
        let server = TestServer::default();
        let scrambler = Scrambler::new(server.address());
        let mut alice = Client::connect(scrambler.address());
        alice.send("format json");
        alice.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        alice.send("alice_lobby");
        alice.expect_start(r#"{"type":"auth_ok""#);
        alice.send("/say You are in ops now");
        assert!(alice.line().contains(r#""text":"You are in ops now""#), "it was said");
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
