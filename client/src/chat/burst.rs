//! Distinguishes typed keys from pasted text on terminals that do not.
//!
//! A terminal with bracketed paste marks pasted text. Others (and `tmux paste-buffer` without `-p`) send it as keys: each
//! Enter in it would send a line, each Tab would complete a word, and a pasted `/quit` would quit. The thread that reads
//! keys collects a burst, keys that follow each other within [`BURST_GAP_US`]; [`BurstClassifier`] decides what it is.
//!
//! | burst | result |
//! |---|---|
//! | fewer than [`MIN_PASTE_KEYS`] keys, or one key repeated | typed: the user types fast, or holds a key |
//! | any key without text: an arrow, Alt-1 | typed: a script sends keys |
//! | Enter at the beginning | typed: it sends the draft; the rest is classified by itself |
//! | Enter followed by other keys | pasted |
//! | exactly two messages, each with its Enter | typed: a script, or a stalled terminal; sending them does no harm |
//! | Enter only at the end | typed: a script; Tab completes |
//! | no Enter, no slash at the beginning, and a Tab within the text | pasted |
//!
//! Three equal arrows up or down in a burst are a notch of the mouse wheel: if a program does not read the mouse, many
//! terminals (and tmux) translate the wheel to arrows. They scroll the conversation; as keys they would replace the draft
//! by a line sent before.
//!
//! A burst right after a paste belongs to it, since a long paste arrives in pieces. No Enter is lost: a paste with an
//! Enter always leads to a question.

use super::key::{Code, Key};
use landline_common::command::{Command, parse};

/// Longest gap between two keys of a burst, in microseconds. Separate calls of `tmux send-keys` are about 2,000 apart, keys
/// of a typist at least 30,000, and a paste arrives without gaps.
pub const BURST_GAP_US: u64 = 1_000;
/// Fewer keys than this may arrive together if the user types while the terminal stalls.
pub const MIN_PASTE_KEYS: usize = 6;
/// Milliseconds within which further text belongs to the last paste, and further arrows to the last turn of the wheel.
const CONTINUATION_MS: u64 = 50;
/// Number of equal arrows that are a turn of the wheel; terminals send three or more for a notch.
pub const MIN_WHEEL_ARROWS: usize = 3;

/// A part of a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputChunk {
    /// Typed keys.
    Keys(Vec<Key>),
    /// Pasted text: CR for Enter, LF for Ctrl-J.
    Text(String),
    /// Turn of the mouse wheel.
    Wheel {
        /// True towards older lines.
        back: bool,
        /// Number of rows.
        rows: usize,
    },
}

/// Classifies bursts of keys.
#[derive(Clone, Debug, Default)]
pub struct BurstClassifier {
    /// Time of the last burst that was pasted, if no other followed.
    pasted_at: Option<u64>,
    /// Time of the last turn of the wheel, and its arrow.
    turned: Option<(u64, Key)>,
}

impl BurstClassifier {
    /// Splits a burst into typed keys, pasted text and turns of the wheel, in their order. `now_ms` is the time of its last
    /// key.
    pub fn classify(&mut self, keys: Vec<Key>, now_ms: u64) -> Vec<InputChunk> {
        let chunks = self.split_pasted(keys, now_ms);
        chunks
            .into_iter()
            .flat_map(|chunk| match chunk {
                InputChunk::Keys(keys) => self.split_wheel(&keys, now_ms),
                other => vec![other],
            })
            .collect()
    }

    /// Splits typed keys into keys and turns of the wheel.
    fn split_wheel(&mut self, keys: &[Key], now_ms: u64) -> Vec<InputChunk> {
        let mut chunks = Vec::new();
        for equal in keys.chunk_by(|a, b| a == b) {
            let key = equal[0];
            let is_arrow = [Key::plain(Code::Up), Key::plain(Code::Down)].contains(&key);
            let continues = self.turned.is_some_and(|(at, turned)| turned == key && now_ms < at + CONTINUATION_MS);
            if is_arrow && (equal.len() >= MIN_WHEEL_ARROWS || continues) {
                self.turned = Some((now_ms, key));
                chunks.push(InputChunk::Wheel { back: key.code == Code::Up, rows: equal.len() });
            } else if let Some(InputChunk::Keys(typed)) = chunks.last_mut() {
                typed.extend(equal);
            } else {
                chunks.push(InputChunk::Keys(equal.to_vec()));
            }
        }
        chunks
    }

    /// Splits a burst into typed keys and pasted text.
    fn split_pasted(&mut self, mut keys: Vec<Key>, now_ms: u64) -> Vec<InputChunk> {
        let is_piece = keys.len() > 1 || matches!(keys[..], [Key { code: Code::Char(_), ctrl: false, alt: false }]);
        let continues = is_piece && self.pasted_at.is_some_and(|at| now_ms < at + CONTINUATION_MS);
        let enters = keys.iter().take_while(|key| **key == Key::plain(Code::Enter)).count();
        let typed = if continues { 0 } else { enters };
        match text_of(&keys[typed..]) {
            Some(text) if continues || is_pasted(&text) => {
                self.pasted_at = Some(now_ms);
                keys.truncate(typed);
                let typed = (!keys.is_empty()).then_some(InputChunk::Keys(keys));
                typed.into_iter().chain([InputChunk::Text(text)]).collect()
            }
            _ => {
                self.pasted_at = None;
                vec![InputChunk::Keys(keys)]
            }
        }
    }
}

/// Returns the text of keys: CR for Enter, LF for Ctrl-J. `None` if a key has no text.
fn text_of(keys: &[Key]) -> Option<String> {
    let written = |key: &Key| match *key {
        Key { code: Code::Char(c), ctrl: false, alt: false } => Some(c),
        Key { code: Code::Enter, ctrl: false, alt: false } => Some('\r'),
        Key { code: Code::Tab, ctrl: false, alt: false } => Some('\t'),
        key if key == Key::ctrl('j') => Some('\n'),
        _ => None,
    };
    keys.iter().map(written).collect()
}

/// Returns whether the text of a burst is pasted, by the table above.
fn is_pasted(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    if text.chars().count() < MIN_PASTE_KEYS || chars.all(|c| Some(c) == first) || text.trim().is_empty() {
        return false;
    }
    let lines = text.trim_end_matches('\r');
    let tab_within = lines.trim_end_matches('\t').contains('\t');
    match lines.contains('\r') {
        true => !is_two_lines(text),
        false => lines.len() == text.len() && tab_within && !text.starts_with('/'),
    }
}

/// Returns whether the text is exactly two messages, each with its Enter.
fn is_two_lines(text: &str) -> bool {
    let is_talk = |line: &str| {
        !line.starts_with(' ')
            && !line.contains(['\t', '\n'])
            && matches!(parse(line, ""), Some(Ok(Command::Say(said))) if said == line.trim_end())
    };
    let lines = text.strip_suffix('\r').and_then(|text| text.split_once('\r'));
    lines.is_some_and(|(one, two)| is_talk(one) && !two.contains('\r') && is_talk(two))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<Key> {
        let key = |c: char| match c {
            '\r' => Key::plain(Code::Enter),
            '\t' => Key::plain(Code::Tab),
            '\n' => Key::ctrl('j'),
            c => Key::plain(Code::Char(c)),
        };
        text.chars().map(key).collect()
    }

    fn pasted(text: &str) -> bool {
        BurstClassifier::default().classify(keys(text), 0) == [InputChunk::Text(text.to_owned())]
    }

    #[test]
    fn d8_enter_followed_by_text_is_pasted() {
        for text in [
            "if x:\r\treturn\r/quit\r",
            "one\rtwo\rthree\r",
            "one\rtwo",
            "hello\r/quit\r",
            "hello\rexit\r",
            "/quit\rhello\r",
            "if x:\r    y\r",
            "hello\r\rthere\r",
            "one\r\ntwo\r\n",
            "name\tage\tcity",
        ] {
            assert!(pasted(text), "{text:?}");
        }
    }

    #[test]
    fn d8_keys_of_typists_and_scripts_are_typed() {
        for text in [
            "hello\r",
            "/pm bo\tpsst\r",
            "/save /tmp/ta\t",
            "/save /tmp/t\tl\t\r",
            "first\rsecond\r",
            "one\ntwo\r",
            "a long line without an end",
            "y\rn\r",
            "k\rnex",
            "\r\r\r\r\r\r\r\r",
            "aaaaaaaaaaaaaa",
        ] {
            assert!(!pasted(text), "{text:?}");
        }
        let alt = [Key::alt(Code::Char('1'))];
        let script = [keys("first line\r"), alt.to_vec(), keys("second line\rthird\r")].concat();
        assert_eq!(BurstClassifier::default().classify(script.clone(), 0), [InputChunk::Keys(script)]);
    }

    #[test]
    fn d8_a_burst_right_after_a_paste_belongs_to_it() {
        let mut bursts = BurstClassifier::default();
        let is_text = |arrived: Vec<InputChunk>| matches!(arrived[..], [InputChunk::Text(_)]);
        assert!(!is_text(bursts.classify(keys("rest of it\r"), 0)));
        assert!(is_text(bursts.classify(keys("one\rtwo\rthr"), 10)));
        assert!(is_text(bursts.classify(keys("ee\r"), 40)));
        assert!(!is_text(bursts.classify(keys("\r"), 45)), "one key alone answers the question");
        assert!(is_text(bursts.classify(keys("one\rtwo\rthree"), 100)));
        assert!(!is_text(bursts.classify(keys("hello\r"), 151)));
    }

    #[test]
    fn r3_enter_at_the_beginning_is_typed() {
        let sort = |text: &str| BurstClassifier::default().classify(keys(text), 0);
        let typed = |text: &str| vec![InputChunk::Keys(keys(text))];
        assert_eq!(sort("\r/pm alice se"), typed("\r/pm alice se"));
        assert_eq!(sort("\rhello there\r"), typed("\rhello there\r"));
        assert_eq!(sort("hello there\r\r"), typed("hello there\r\r"));
        let rest = InputChunk::Text("/join j1\r/pm alice x\r".into());
        assert_eq!(sort("\r/join j1\r/pm alice x\r"), [InputChunk::Keys(keys("\r")), rest]);
        assert!(pasted("talk 1\r/join j1\r/pm alice x\r"));
    }

    #[test]
    fn d10_three_arrows_in_a_burst_are_the_wheel() {
        let arrows = |code, count| vec![Key::plain(code); count];
        let mut bursts = BurstClassifier::default();
        let wheel = |back, rows| InputChunk::Wheel { back, rows };
        assert_eq!(bursts.classify(arrows(Code::Up, 3), 0), [wheel(true, 3)]);
        assert_eq!(bursts.classify(arrows(Code::Up, 1), 49), [wheel(true, 1)], "the rest of the same turn");
        assert_eq!(bursts.classify(arrows(Code::Down, 1), 60), [InputChunk::Keys(arrows(Code::Down, 1))]);
        assert_eq!(bursts.classify(arrows(Code::Up, 2), 200), [InputChunk::Keys(arrows(Code::Up, 2))]);
        let both = [arrows(Code::Down, 6), arrows(Code::Up, 3)].concat();
        assert_eq!(bursts.classify(both, 300), [wheel(false, 6), wheel(true, 3)]);
        let typed = [keys("ab"), arrows(Code::Up, 3), keys("c")].concat();
        assert_eq!(
            bursts.classify(typed, 400),
            [InputChunk::Keys(keys("ab")), wheel(true, 3), InputChunk::Keys(keys("c"))]
        );
        let with_alt = vec![Key::alt(Code::Up); 3];
        assert_eq!(bursts.classify(with_alt.clone(), 500), [InputChunk::Keys(with_alt)]);
    }

    proptest! {
        #[test]
        fn no_key_is_lost(text in "[a-b/ \r\t\n]{0,20}", more in "[a-b\r]{0,4}") {
            let mut bursts = BurstClassifier::default();
            for (at, part) in [(0, text), (10, more)] {
                let mut arrived = Vec::new();
                for piece in bursts.classify(keys(&part), at) {
                    match piece {
                        InputChunk::Keys(typed) => arrived.extend(typed),
                        InputChunk::Text(text) => arrived.extend(keys(&text)),
                        InputChunk::Wheel { .. } => panic!("no arrows were pressed"),
                    }
                }
                prop_assert_eq!(arrived, keys(&part));
            }
        }

        #[test]
        fn d8_one_line_with_its_enter_is_typed(text in "[a-zA-Z/ ]{0,60}") {
            let line = text + "\r";
            prop_assert!(!pasted(&line));
        }
    }
}
