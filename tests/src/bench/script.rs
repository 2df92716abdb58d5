//! Names and lines of the clients of a run, and how to recognize the lines on arrival.

use memchr::memchr;

/// Allowed bytes of a text: the token must fit, and a server accepts no more.
pub const TEXT_BYTES: std::ops::RangeInclusive<usize> = 16..=2_000;

/// Bytes of a token: `~`, two digits for the speaker, six for the number, `~`.
const TOKEN: usize = 10;
/// Digit 0. Digits are 64 consecutive characters, so that decoding one is a subtraction.
const ZERO: u8 = b'0';
/// Bits per digit.
const BASE: u32 = 6;

/// Number of speakers that two digits can name.
#[cfg(test)]
pub const SPEAKERS: usize = 1 << (2 * BASE);

/// Names and lines of one run.
#[derive(Debug)]
pub struct Script {
    tag: String,
    rooms: usize,
    /// Text before the token of each speaker's lines on arrival.
    prefixes: Vec<Vec<u8>>,
    /// Text after the token.
    rest: Vec<u8>,
}

/// A received line.
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
    /// Any other line.
    Other,
}

impl Script {
    /// Creates the names and lines for `rooms` rooms, with `speakers` speakers and texts of `text_bytes`. `tag`
    /// distinguishes the names of several runs.
    pub fn new(tag: &str, rooms: usize, speakers: usize, text_bytes: usize) -> Script {
        let rest = b"the-quick-brown-fox-jumps-over-the-lazy-dog-".iter().copied().cycle();
        let prefixes = (0..speakers).map(|speaker| format!("{}: ", name(speaker, tag)).into_bytes());
        Script {
            rooms,
            prefixes: prefixes.collect(),
            rest: rest.take(text_bytes.saturating_sub(TOKEN)).collect(),
            tag: tag.to_owned(),
        }
    }

    /// Returns the name of a client.
    pub fn name(&self, member: usize) -> String {
        name(member, &self.tag)
    }

    /// Returns the sign-in line of a client. Clients are assigned to the rooms in turn.
    pub fn sign_in(&self, member: usize) -> String {
        format!("{}_bench-{}{}\n", self.name(member), member % self.rooms, self.tag)
    }

    /// Parses a presence notice (`NAME has …`) of this run. Returns the client and the text behind the name.
    pub fn presence<'l>(&self, line: &'l [u8]) -> Option<(usize, &'l [u8])> {
        let digits = line.strip_prefix(b"u")?;
        let end = digits.iter().position(|b| !b.is_ascii_digit())?;
        let member = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
        Some((member, digits[end..].strip_prefix(self.tag.as_bytes())?))
    }

    /// Writes a speaker's line into `line`, replacing its content.
    pub fn write(&self, speaker: usize, number: u32, line: &mut Vec<u8>) {
        line.clear();
        line.push(b'~');
        line.extend(digits::<2>(u32::try_from(speaker).unwrap_or(u32::MAX)));
        line.extend(digits::<6>(number));
        line.push(b'~');
        line.extend_from_slice(&self.rest);
        line.push(b'\n');
    }

    /// Recognizes a received line, given without its line feed.
    pub fn read(&self, line: &[u8]) -> Received {
        let Some(at) = memchr(b'~', line) else { return Received::Other };
        let whole = || {
            let (token, rest) = line[at..].split_at_checked(TOKEN)?;
            let speaker = usize::try_from(value(&token[1..3])?).ok()?;
            let number = u32::try_from(value(&token[3..9])?).ok()?;
            let prefix = self.prefixes.get(speaker)?;
            (token[9] == b'~' && *prefix == line[..at] && rest == self.rest)
                .then_some(Received::Line { speaker, number })
        };
        whole().unwrap_or(Received::Damaged)
    }
}

fn name(member: usize, tag: &str) -> String {
    format!("u{member}{tag}")
}

fn digits<const N: usize>(mut value: u32) -> [u8; N] {
    let mut digits = [ZERO; N];
    for digit in digits.iter_mut().rev() {
        *digit += (value & 63) as u8;
        value >>= BASE;
    }
    digits
}

fn value(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = digit.wrapping_sub(ZERO);
        (digit < 64).then_some(value << BASE | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(script: &Script, speaker: usize, number: u32) -> Vec<u8> {
        let mut line = Vec::new();
        script.write(speaker, number, &mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        [format!("{}: ", script.name(speaker)).as_bytes(), &line].concat()
    }

    #[test]
    fn recognizes_its_own_lines() {
        let script = Script::new("-7", 3, 300, 64);
        for (speaker, number) in [(0, 0), (299, u32::MAX), (63, 64)] {
            let line = heard(&script, speaker, number);
            assert_eq!(script.read(&line), Received::Line { speaker, number });
            assert_eq!(line.len(), script.name(speaker).len() + 2 + 64);
            assert!(line.iter().all(|b| (0x20..0x7f).contains(b)), "plain ASCII, which no server changes");
        }
    }

    #[test]
    fn assigns_clients_to_the_rooms_in_turn() {
        let script = Script::new("-7", 3, 3, 64);
        let lines: Vec<String> = (1..4).map(|member| script.sign_in(member)).collect();
        assert_eq!(lines, ["u1-7_bench-1-7\n", "u2-7_bench-2-7\n", "u3-7_bench-0-7\n"]);
    }

    #[test]
    fn detects_each_changed_byte() {
        let script = Script::new("", 1, 20, 32);
        let line = heard(&script, 7, 1_000);
        for at in 0..line.len() {
            let mut changed = line.clone();
            changed[at] ^= 0x20;
            assert_ne!(script.read(&changed), Received::Line { speaker: 7, number: 1_000 }, "byte {at}");
            assert!(matches!(script.read(&line[..at]), Received::Damaged | Received::Other));
        }
    }

    #[test]
    fn parses_notices_of_this_run_only() {
        let script = Script::new("-7", 1, 1, 64);
        assert_eq!(script.presence(b"u12-7 has left"), Some((12, &b" has left"[..])));
        for line in ["u12-8 has left", "u12 has left", "alice has left", "u", ""] {
            assert_eq!(script.presence(line.as_bytes()), None, "{line}");
        }
    }
}
