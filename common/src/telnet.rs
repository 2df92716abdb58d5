//! Removes telnet commands from the bytes of a client (RFC 854, RFC 855).
//!
//! `telnet` and PuTTY connect to a text door like `nc` does, but mix commands into the text: they offer options when they
//! connect, and Ctrl-C sends an interrupt. Each command begins with IAC (0xFF), a byte that never occurs in UTF-8:
//!
//! | bytes | meaning | answer |
//! |---|---|---|
//! | IAC DO x | please use option x | IAC WONT x |
//! | IAC WILL x | I offer option x | IAC DONT x |
//! | IAC WONT x, IAC DONT x | | none |
//! | IAC SB … IAC SE | parameters of an option | none |
//! | IAC and 0xEC to 0xF9 | interrupt, "are you there", … | none |
//!
//! All commands are dropped, in whatever pieces they arrive. IAC before any other byte is no command: both bytes are
//! data, since a client that is not telnet may send Latin-1. After the first command the client counts as telnet: from
//! then on IAC IAC is the data byte 0xFF, and CR NUL ends a line.

const SE: u8 = 0xf0;
const SB: u8 = 0xfa;
const WILL: u8 = 0xfb;
const WONT: u8 = 0xfc;
const DO: u8 = 0xfd;
const DONT: u8 = 0xfe;
const IAC: u8 = 0xff;

/// Bytes of a subnegotiation after which data begins again, so that a stray SB cannot swallow the rest of a connection.
const MAX_PARAMETER_BYTES: u16 = 512;
/// Answers to one client, so that they stay bounded. About forty options exist; later ones get no answer.
const MAX_ANSWERS: usize = 64;

/// Position within a command; it survives from read to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TelnetState {
    Data,
    /// After IAC.
    Command,
    /// After IAC and this verb: the option follows.
    Option(u8),
    /// After IAC SB and this many bytes of parameters.
    Parameters(u16),
    /// After an IAC within parameters.
    ParametersCommand(u16),
}

/// The telnet filter of one client.
#[derive(Debug)]
pub struct Telnet {
    state: TelnetState,
    /// The client has sent a command.
    is_spoken: bool,
    after_cr: bool,
    answered: usize,
    answers: Vec<u8>,
}

impl Default for Telnet {
    fn default() -> Telnet {
        Telnet { state: TelnetState::Data, is_spoken: false, after_cr: false, answered: 0, answers: Vec::new() }
    }
}

impl Telnet {
    /// True if [`Telnet::filter`] would append exactly `bytes`. In this usual case the caller saves the copy.
    #[must_use]
    pub fn passes_unchanged(&self, bytes: &[u8]) -> bool {
        self.state == TelnetState::Data && !self.is_spoken && memchr::memchr(IAC, bytes).is_none()
    }

    /// True after the first command.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        self.is_spoken
    }

    /// Appends `bytes` without the commands to `out`, and notes the answers to options.
    pub fn filter(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.filter_byte(*byte, out);
        }
    }

    /// Ends the input: appends an IAC that was held back because its second byte did not arrive.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.state, TelnetState::Data) == TelnetState::Command {
            out.push(IAC);
        }
    }

    /// Takes the answers that are due, as bytes to send to the client.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    fn filter_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = match (self.state, byte) {
            (TelnetState::Data, IAC) => TelnetState::Command,
            (TelnetState::Data, _) => self.push_data(byte, out),
            (TelnetState::Command, WILL..=DONT) => TelnetState::Option(byte),
            (TelnetState::Command, SB) => self.note_spoken(TelnetState::Parameters(0)),
            (TelnetState::Command, 0xec..=0xf9) => self.note_spoken(TelnetState::Data),
            (TelnetState::Command, IAC) if self.is_spoken => self.push_data(byte, out),
            // The first IAC was data; the second one may begin a command.
            (TelnetState::Command, IAC) => {
                out.push(IAC);
                TelnetState::Command
            }
            (TelnetState::Command, _) => {
                out.push(IAC);
                self.push_data(byte, out)
            }
            (TelnetState::Option(verb), _) => {
                self.answer(verb, byte);
                self.note_spoken(TelnetState::Data)
            }
            (TelnetState::Parameters(length), IAC) => TelnetState::ParametersCommand(length),
            (TelnetState::ParametersCommand(_), SE) => TelnetState::Data,
            (TelnetState::Parameters(length) | TelnetState::ParametersCommand(length), _)
                if length < MAX_PARAMETER_BYTES =>
            {
                TelnetState::Parameters(length + 1)
            }
            (TelnetState::Parameters(_) | TelnetState::ParametersCommand(_), _) => TelnetState::Data,
        };
    }

    fn push_data(&mut self, byte: u8, out: &mut Vec<u8>) -> TelnetState {
        let ends_line = self.after_cr && byte == 0;
        // A CR before the first command is not telnet's: bytes that pass unchanged leave no note of theirs.
        self.after_cr = self.is_spoken && byte == b'\r';
        out.push(if ends_line { b'\n' } else { byte });
        TelnetState::Data
    }

    fn note_spoken(&mut self, next: TelnetState) -> TelnetState {
        self.is_spoken = true;
        next
    }

    /// Notes the refusal of an option. WONT and DONT need no answer: the option is off already.
    fn answer(&mut self, verb: u8, option: u8) {
        let refusal = match verb {
            DO => WONT,
            WILL => DONT,
            _ => return,
        };
        if self.answered < MAX_ANSWERS {
            self.answered += 1;
            self.answers.extend([IAC, refusal, option]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filtered(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let mut telnet = Telnet::default();
        let mut out = Vec::new();
        for piece in pieces {
            if telnet.passes_unchanged(piece) { out.extend_from_slice(piece) } else { telnet.filter(piece, &mut out) }
        }
        telnet.finish(&mut out);
        (out, telnet.take_answers())
    }

    #[test]
    fn d13_commands_are_dropped_and_options_refused() {
        let hello = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
        let refusals = b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";
        assert_eq!(filtered(&[hello]), (vec![], refusals.to_vec()));
        assert_eq!(filtered(&[b"a\xff\xf4\xff\xfd\x06b\n"]), (b"ab\n".to_vec(), b"\xff\xfc\x06".to_vec()));
        assert_eq!(filtered(&[b"\xff\xfa\x1f\x00\x0a\xff\xff\xff\xf0hi\r\0there\r\n"]).0, b"hi\r\nthere\r\n");
        assert_eq!(filtered(&[b"\xff\xfc\x01\xff\xfe\x01\xff\xff"]), (b"\xff".to_vec(), vec![]));
    }

    #[test]
    fn d13_iac_before_another_byte_is_data() {
        for bytes in [&b"one \xff!"[..], b"\xff\xff", b"\xff", b"\xff\xc3\xbc", b"cr\r\0nul"] {
            assert_eq!(filtered(&[bytes]).0, bytes);
        }
    }

    #[test]
    fn d13_a_cr_before_the_first_command_ends_no_line_however_reads_cut() {
        let bytes = b"x\r\xff\xf4\0";
        assert_eq!(filtered(&[bytes]).0, b"x\r\0");
        assert_eq!(filtered(&[&bytes[..2], &bytes[2..]]).0, b"x\r\0");
    }

    #[test]
    fn d13_parameters_and_answers_are_bounded() {
        let endless = [b"\xff\xfa".as_slice(), &[b'x'; 2_000], b"\nhello\n"].concat();
        assert!(filtered(&[&endless]).0.ends_with(b"x\nhello\n"));
        assert_eq!(filtered(&[&b"\xff\xfd\x01".repeat(10_000)]).1.len(), 3 * MAX_ANSWERS);
    }

    proptest! {
        #[test]
        fn d13_the_result_does_not_depend_on_how_reads_cut_the_bytes(
            bytes in prop::collection::vec(
                prop_oneof![2 => Just(IAC), 1 => 0xf0u8..=0xfe, 1 => prop::sample::select(vec![0, 10, 13, b'x'])], 0..60),
            cut in 0usize..60,
        ) {
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(filtered(&[one, other]), filtered(&[&bytes]));
        }
    }
}
