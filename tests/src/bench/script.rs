//! Names and messages of the clients of a run, and how to recognize the messages on arrival.

use super::run::Options;
use super::wire::MessageForm;
use memchr::{memchr, memmem};

/// Allowed bytes of a text: the token must fit, and a server accepts no more.
pub const TEXT_BYTES: std::ops::RangeInclusive<usize> = 16..=2_000;

/// Bytes of a token: `~`, two digits for the speaker, six for the number, `~`.
const TOKEN: usize = 10;
/// Digit 0. Digits are consecutive characters without the backslash, which JSON would escape.
const ZERO: u8 = b'0';
/// Bits per digit.
const BASE: u32 = 6;

/// Number of speakers that two digits can name.
#[cfg(test)]
pub const SPEAKERS: usize = 1 << (2 * BASE);

/// Names and messages of one run.
#[derive(Debug)]
pub struct Script {
    tag: String,
    rooms: usize,
    form: MessageForm,
    /// Text before the token of each speaker's lines on arrival.
    prefixes: Vec<Vec<u8>>,
    /// Text after the token.
    rest: Vec<u8>,
}

/// A received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// An unchanged line of this run.
    Line {
        /// The speaker.
        speaker: usize,
        /// Number of the line, counted per speaker.
        number: u32,
    },
    /// A line with a `~` that differs from all lines of this run.
    Damaged,
    /// What the server says before it has read a sign-in.
    Greeting,
    /// The answer to the sign-in.
    SignedIn,
    /// A client of this run has signed in.
    Connected(usize),
    /// A client of this run has left.
    Left(usize),
    /// So many clients have signed in.
    Gathered(u32),
    /// The answer to [`Script::ping`].
    Pong,
    /// A refusal or a warning.
    Failure,
    /// Any other message.
    Other,
}

impl Script {
    /// Creates the names and messages for `rooms` rooms, with `speakers` speakers. `tag` distinguishes the names of several
    /// runs.
    pub fn new(tag: &str, rooms: usize, speakers: usize, options: &Options) -> Script {
        let form = options.protocol.form;
        let rest = b"the-quick-brown-fox-jumps-over-the-lazy-dog-".iter().copied().cycle();
        let prefix = |speaker| match form {
            MessageForm::Text => format!("{}: ", name(speaker, tag)),
            MessageForm::JsonLines | MessageForm::WebSocket => {
                format!(r#""room":"{}","user":"{}","text":""#, room(speaker, rooms, tag), name(speaker, tag))
            }
        };
        Script {
            rooms,
            form,
            prefixes: (0..speakers).map(|speaker| prefix(speaker).into_bytes()).collect(),
            rest: rest.take(options.text_bytes.saturating_sub(TOKEN)).collect(),
            tag: tag.to_owned(),
        }
    }

    /// Returns the name of a client.
    pub fn name(&self, member: usize) -> String {
        name(member, &self.tag)
    }

    /// Returns the messages with which a client signs in. Clients are assigned to the rooms in turn.
    pub fn sign_in(&self, member: usize) -> Vec<String> {
        let (user, room) = (self.name(member), room(member, self.rooms, &self.tag));
        let object = format!(r#"{{"type":"guest","user":"{user}","room":"{room}"}}"#);
        match self.form {
            MessageForm::Text => vec![format!("{user}_{room}")],
            MessageForm::JsonLines => vec!["format json".to_owned(), object],
            MessageForm::WebSocket => vec![object],
        }
    }

    /// Returns a message that the server answers by [`Received::Pong`].
    pub fn ping(&self) -> &'static str {
        if self.is_json() { r#"{"type":"ping","token":"last"}"# } else { "/ping last" }
    }

    /// Returns whether speakers receive their own lines.
    pub fn echoes(&self) -> bool {
        self.is_json()
    }

    fn is_json(&self) -> bool {
        self.form != MessageForm::Text
    }

    /// Writes a speaker's message into `message`, replacing its content.
    pub fn write(&self, speaker: usize, number: u32, message: &mut Vec<u8>) {
        message.clear();
        if self.is_json() {
            let room = room(speaker, self.rooms, &self.tag);
            message.extend_from_slice(format!(r#"{{"type":"say","room":"{room}","text":""#).as_bytes());
        }
        message.push(b'~');
        message.extend(digits::<2>(u32::try_from(speaker).unwrap_or(u32::MAX)));
        message.extend(digits::<6>(number));
        message.push(b'~');
        message.extend_from_slice(&self.rest);
        if self.is_json() {
            message.extend_from_slice(JSON_END);
        }
    }

    /// Recognizes a received message, given without its line feed.
    pub fn read(&self, message: &[u8]) -> Received {
        let Some(at) = memchr(b'~', message) else { return self.read_other(message) };
        let whole = || {
            let (token, rest) = message[at..].split_at_checked(TOKEN)?;
            let speaker = usize::try_from(value(&token[1..3])?).ok()?;
            let number = u32::try_from(value(&token[3..9])?).ok()?;
            let (head, prefix) = message[..at].split_at_checked(at.checked_sub(self.prefixes.get(speaker)?.len())?)?;
            let is_framed = if self.is_json() { head.starts_with(JSON_TALK) } else { head.is_empty() };
            let rest = if self.is_json() { rest.strip_suffix(JSON_END)? } else { rest };
            (token[9] == b'~' && is_framed && self.prefixes[speaker] == prefix && rest == self.rest)
                .then_some(Received::Line { speaker, number })
        };
        whole().unwrap_or(Received::Damaged)
    }

    /// Recognizes a message that is no line.
    fn read_other(&self, message: &[u8]) -> Received {
        let recognized = if self.is_json() { self.read_event(message) } else { self.read_sentence(message) };
        recognized.unwrap_or(Received::Other)
    }

    fn read_sentence(&self, line: &[u8]) -> Option<Received> {
        if let Some((member, event)) = self.member(line) {
            return match event {
                b" has connected to the chatroom" => Some(Received::Connected(member)),
                b" has left the chatroom" => Some(Received::Left(member)),
                _ => None,
            };
        }
        // A batched notice: `+37 joined, 12 left: …`.
        if let Some(gathered) = line.strip_prefix(b"+") {
            return Some(Received::Gathered(u32::try_from(number(gathered)?.0).ok()?));
        }
        let beginnings: [(&[u8], Received); 5] = [
            (b"200", Received::SignedIn),
            (b"PONG last", Received::Pong),
            (b"Authorise MODE?", Received::Greeting),
            (b"INFO: ", Received::Failure),
            (b"ERROR: ", Received::Failure),
        ];
        beginnings.into_iter().find(|(beginning, _)| line.starts_with(beginning)).map(|(_, received)| received)
    }

    fn read_event(&self, object: &[u8]) -> Option<Received> {
        let user = || Some(self.member(behind(object, br#""user":""#)?)?.0);
        match quoted(behind(object, br#"{"type":""#)?)? {
            b"auth_ok" => return Some(Received::SignedIn),
            b"error" | b"auth_fail" => return Some(Received::Failure),
            b"system" => {}
            _ => return None,
        }
        match quoted(behind(object, br#""event":""#)?)? {
            b"format" => Some(Received::Greeting),
            b"pong" => Some(Received::Pong),
            b"connected" => user().map(Received::Connected),
            b"disconnected" => user().map(Received::Left),
            b"gathered" => Some(Received::Gathered(u32::try_from(number(behind(object, br#""joined":"#)?)?.0).ok()?)),
            _ => None,
        }
    }

    /// Parses the name of a client of this run. Returns the client and the text behind its name.
    fn member<'m>(&self, text: &'m [u8]) -> Option<(usize, &'m [u8])> {
        let (member, rest) = number(text.strip_prefix(b"u")?)?;
        Some((member, rest.strip_prefix(self.tag.as_bytes())?))
    }
}

/// Beginning of an event with talk.
const JSON_TALK: &[u8] = br#"{"type":"message","#;
/// End of an object whose last member is a string.
const JSON_END: &[u8] = br#""}"#;

/// Returns the bytes behind the first `mark`.
fn behind<'m>(message: &'m [u8], mark: &[u8]) -> Option<&'m [u8]> {
    Some(&message[memmem::find(message, mark)? + mark.len()..])
}

/// Returns the bytes before the next quotation mark.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    Some(&text[..memchr(b'"', text)?])
}

/// Parses the number at the beginning of a text. Returns it and the text behind it.
fn number(text: &[u8]) -> Option<(usize, &[u8])> {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    Some((std::str::from_utf8(&text[..end]).ok()?.parse().ok()?, &text[end..]))
}

fn room(member: usize, rooms: usize, tag: &str) -> String {
    format!("bench-{}{tag}", member % rooms)
}

fn name(member: usize, tag: &str) -> String {
    format!("u{member}{tag}")
}

fn digits<const N: usize>(mut value: u32) -> [u8; N] {
    let mut digits = [ZERO; N];
    for digit in digits.iter_mut().rev() {
        *digit += (value & 63) as u8;
        *digit += u8::from(*digit >= b'\\');
        value >>= BASE;
    }
    digits
}

fn value(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = digit.wrapping_sub(u8::from(*digit > b'\\')).wrapping_sub(ZERO);
        (digit < 64).then_some(value << BASE | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::super::wire::ClientProtocol;
    use super::*;
    use std::time::Duration;

    fn script(tag: &str, rooms: usize, speakers: usize, text_bytes: usize, form: MessageForm) -> Script {
        let protocol = ClientProtocol { tls: false, form };
        let options = Options { time: Duration::ZERO, text_bytes, patience: Duration::ZERO, protocol };
        Script::new(tag, rooms, speakers, &options)
    }

    /// Returns the line as the server sends it to others.
    fn heard(script: &Script, speaker: usize, number: u32) -> Vec<u8> {
        let mut message = Vec::new();
        script.write(speaker, number, &mut message);
        let name = script.name(speaker);
        if script.form == MessageForm::Text {
            return [format!("{name}: ").as_bytes(), &message].concat();
        }
        let object: serde_json::Value = serde_json::from_slice(&message).unwrap();
        assert_eq!(object["type"], "say");
        let (room, text) = (&object["room"], &object["text"]);
        format!(r#"{{"type":"message","ts":"14:22","at":17,"id":42,"room":{room},"user":"{name}","text":{text}}}"#)
            .into()
    }

    const FORMS: [MessageForm; 2] = [MessageForm::Text, MessageForm::JsonLines];

    #[test]
    fn recognizes_its_own_lines() {
        for form in FORMS {
            let script = script("-7", 3, 300, 64, form);
            for (speaker, number) in [(0, 0), (299, u32::MAX), (63, 64), (44, 0o5354)] {
                let line = heard(&script, speaker, number);
                assert_eq!(script.read(&line), Received::Line { speaker, number });
                assert!(
                    line.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'\\'),
                    "plain ASCII, which no server changes"
                );
            }
        }
        let script = script("-7", 3, 300, 64, MessageForm::Text);
        assert_eq!(heard(&script, 299, 0).len(), script.name(299).len() + 2 + 64);
    }

    #[test]
    fn assigns_clients_to_the_rooms_in_turn() {
        let text = script("-7", 3, 3, 64, MessageForm::Text);
        let lines: Vec<String> = (1..4).flat_map(|member| text.sign_in(member)).collect();
        assert_eq!(lines, ["u1-7_bench-1-7", "u2-7_bench-2-7", "u3-7_bench-0-7"]);
        let object = r#"{"type":"guest","user":"u1-7","room":"bench-1-7"}"#;
        assert_eq!(script("-7", 3, 3, 64, MessageForm::JsonLines).sign_in(1), ["format json", object]);
        assert_eq!(script("-7", 3, 3, 64, MessageForm::WebSocket).sign_in(1), [object]);
    }

    #[test]
    fn detects_each_changed_byte() {
        for form in FORMS {
            let script = script("", 1, 20, 32, form);
            let line = heard(&script, 7, 1_000);
            // The time and the number of a message differ from line to line.
            let ids = memmem::find(&line, br#""room""#).unwrap_or(0);
            for at in (0..JSON_TALK.len().min(ids)).chain(ids..line.len()) {
                let mut changed = line.clone();
                changed[at] ^= 0x20;
                assert_ne!(script.read(&changed), Received::Line { speaker: 7, number: 1_000 }, "byte {at}");
                assert!(!matches!(script.read(&line[..at]), Received::Line { .. }));
            }
        }
    }

    #[test]
    fn recognizes_notices_of_this_run_only() {
        let text = script("-7", 1, 1, 64, MessageForm::Text);
        assert_eq!(text.read(b"u12-7 has left the chatroom"), Received::Left(12));
        assert_eq!(text.read(b"u12-7 has connected to the chatroom"), Received::Connected(12));
        assert_eq!(text.read(b"+37 joined, 12 left: u1-7"), Received::Gathered(37));
        for line in ["u12-8 has left the chatroom", "u12 has left", "alice has left", "u", "+", ""] {
            assert_eq!(text.read(line.as_bytes()), Received::Other, "{line}");
        }
        assert_eq!(text.read(b"INFO: Slow down."), Received::Failure);
        let json = script("-7", 1, 1, 64, MessageForm::WebSocket);
        for (object, expected) in [
            (r#"{"type":"system","event":"format","text":"json"}"#, Received::Greeting),
            (r#"{"type":"auth_ok","ts":"14:22"}"#, Received::SignedIn),
            (r#"{"type":"system","ts":"14:22","event":"pong","text":"last"}"#, Received::Pong),
            (r#"{"type":"system","event":"connected","user":"u12-7","text":""}"#, Received::Connected(12)),
            (r#"{"type":"system","event":"disconnected","user":"u12-7","text":""}"#, Received::Left(12)),
            (r#"{"type":"system","event":"connected","user":"u12-8","text":""}"#, Received::Other),
            (r#"{"type":"system","event":"gathered","joined":37,"left":12}"#, Received::Gathered(37)),
            (r#"{"type":"error","cause":"slow_down"}"#, Received::Failure),
            (r#"{"type":"typing"}"#, Received::Other),
        ] {
            assert_eq!(json.read(object.as_bytes()), expected, "{object}");
        }
    }
}
