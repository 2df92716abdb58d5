//! Telnet's commands, taken out of what a client sends (RFC 854, 855).
//!
//! `telnet` and PuTTY speak to a text door like `nc` does, but mix commands into the bytes: they offer options when they
//! connect, and Ctrl-C sends an interrupt. Each command begins with IAC (0xFF), a byte that UTF-8 never has:
//!
//! | bytes | meaning | answer |
//! |---|---|---|
//! | IAC DO x | do option x | IAC WONT x |
//! | IAC WILL x | may I do x? | IAC DONT x |
//! | IAC WONT x, IAC DONT x | | none |
//! | IAC SB … IAC SE | parameters of an option | none |
//! | IAC and 0xEC to 0xF9 | interrupt, "are you there", … | none |
//!
//! All of them are dropped, however the network cuts them. IAC in front of any other byte is no command and stays. Once
//! there was a command, IAC IAC is the byte 0xFF, and CR NUL ends a line.

const SE: u8 = 0xf0;
const SB: u8 = 0xfa;
const WILL: u8 = 0xfb;
const WONT: u8 = 0xfc;
const DO: u8 = 0xfd;
const DONT: u8 = 0xfe;
const IAC: u8 = 0xff;

/// Parameters longer than this are none: what a stray SB swallows stays bounded.
const LONGEST_PARAMETERS: u16 = 512;
/// Options that are answered; there are some forty.
const MOST_ANSWERS: usize = 64;

/// What the bytes so far have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Data,
    Command,
    Option(u8),
    /// With the number of bytes so far.
    Parameters(u16),
    ParametersCommand(u16),
}

/// Takes the commands out of one client's bytes.
#[derive(Debug)]
pub struct Telnet {
    state: State,
    /// There was a command, so the client speaks telnet.
    is_spoken: bool,
    after_cr: bool,
    answered: usize,
    answers: Vec<u8>,
}

impl Default for Telnet {
    fn default() -> Telnet {
        Telnet { state: State::Data, is_spoken: false, after_cr: false, answered: 0, answers: Vec::new() }
    }
}

impl Telnet {
    /// Whether these bytes go through as they are.
    #[must_use]
    pub fn passes(&self, bytes: &[u8]) -> bool {
        self.state == State::Data && !self.is_spoken && memchr::memchr(IAC, bytes).is_none()
    }

    /// Whether the client has sent a command.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        self.is_spoken
    }

    /// Appends to `out` what is left of `bytes`.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        bytes.iter().for_each(|byte| self.take_byte(*byte, out));
    }

    /// Appends to `out` what was held back, since no more bytes come.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.state, State::Data) == State::Command {
            out.push(IAC);
        }
    }

    /// What is to be sent to the client, once.
    pub fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    fn take_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = match (self.state, byte) {
            (State::Data, IAC) => State::Command,
            (State::Data, _) => self.data(byte, out),
            (State::Command, WILL..=DONT) => State::Option(byte),
            (State::Command, SB) => self.spoken(State::Parameters(0)),
            (State::Command, 0xec..=0xf9) => self.spoken(State::Data),
            (State::Command, IAC) if self.is_spoken => self.data(byte, out),
            // The first IAC was none; this one may be.
            (State::Command, IAC) => {
                out.push(IAC);
                State::Command
            }
            (State::Command, _) => {
                out.push(IAC);
                self.data(byte, out)
            }
            (State::Option(verb), _) => {
                self.answer(verb, byte);
                self.spoken(State::Data)
            }
            (State::Parameters(length), IAC) => State::ParametersCommand(length),
            (State::ParametersCommand(_), SE) => State::Data,
            (State::Parameters(length) | State::ParametersCommand(length), _) if length < LONGEST_PARAMETERS => {
                State::Parameters(length + 1)
            }
            (State::Parameters(_) | State::ParametersCommand(_), _) => State::Data,
        };
    }

    fn data(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        let ends_line = self.is_spoken && self.after_cr && byte == 0;
        self.after_cr = byte == b'\r';
        out.push(if ends_line { b'\n' } else { byte });
        State::Data
    }

    fn spoken(&mut self, next: State) -> State {
        self.is_spoken = true;
        next
    }

    fn answer(&mut self, verb: u8, option: u8) {
        let refusal = match verb {
            DO => WONT,
            WILL => DONT,
            _ => return,
        };
        if self.answered < MOST_ANSWERS {
            self.answered += 1;
            self.answers.extend([IAC, refusal, option]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut telnet, mut out) = (Telnet::default(), Vec::new());
        for piece in pieces {
            if telnet.passes(piece) { out.extend_from_slice(piece) } else { telnet.take(piece, &mut out) }
        }
        telnet.finish(&mut out);
        (out, telnet.answers())
    }

    #[test]
    fn d13_commands_are_dropped_and_options_refused() {
        let hello = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
        let refusals = b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";
        assert_eq!(taken(&[hello]), (vec![], refusals.to_vec()));
        assert_eq!(taken(&[b"a\xff\xf4\xff\xfd\x06b\n"]), (b"ab\n".to_vec(), b"\xff\xfc\x06".to_vec()));
        assert_eq!(taken(&[b"\xff\xfa\x1f\x00\x0a\xff\xff\xff\xf0hi\r\0there\r\n"]).0, b"hi\r\nthere\r\n");
        assert_eq!(taken(&[b"\xff\xfc\x01\xff\xfe\x01\xff\xff"]), (b"\xff".to_vec(), vec![]));
    }

    #[test]
    fn d13_other_bytes_stay() {
        for bytes in [&b"one \xff!"[..], b"\xff\xff", b"\xff", b"\xff\xc3\xbc", b"cr\r\0nul"] {
            assert_eq!(taken(&[bytes]).0, bytes);
        }
    }

    #[test]
    fn d13_nothing_is_swallowed_for_ever() {
        let endless = [b"\xff\xfa".as_slice(), &[b'x'; 2_000], b"\nhello\n"].concat();
        assert!(taken(&[&endless]).0.ends_with(b"x\nhello\n"));
        assert_eq!(taken(&[&b"\xff\xfd\x01".repeat(10_000)]).1.len(), 3 * MOST_ANSWERS);
    }

    proptest! {
        #[test]
        fn d13_any_way_of_cutting_gives_the_same(
            bytes in prop::collection::vec(
                prop_oneof![2 => Just(IAC), 1 => 0xf0u8..=0xfe, 1 => prop::sample::select(vec![0, 10, 13, b'x'])], 0..60),
            cut in 0usize..60,
        ) {
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(taken(&[one, other]), taken(&[&bytes]));
        }
    }
}
