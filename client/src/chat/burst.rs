//! Tells typed keys from pasted text, where the terminal does not.
//!
//! A terminal with bracketed paste says what was pasted. Others (and `tmux paste-buffer` without `-p`) send a paste as
//! keys: each Enter in it would send a line, each Tab would complete a word, and a pasted `/quit` would quit. The
//! thread that reads keys gathers those that are there together (see [`BURST_GAP_US`]); this decides what they are.
//!
//! | keys that came together | taken for |
//! |---|---|
//! | fewer than [`MIN_PASTE_KEYS`], or one key again and again | typed: somebody types fast, or holds a key |
//! | any key that writes no text: an arrow, Alt-1 | typed: a script presses keys |
//! | Enter before anything else | typed: it sends the draft; what follows is looked at by itself |
//! | an Enter with more behind it | pasted |
//! | two whole lines of talk, each with its Enter | typed: a script, or a stalled terminal; sending them does no harm |
//! | one Enter, or several, at the end | typed: a script; Tab completes |
//! | no Enter, but a Tab within the text | pasted |
//!
//! Three arrows up or down that came together are a notch of the mouse wheel: where a program does not read the mouse,
//! many terminals (and tmux) make arrows of it. They scroll the conversation; as keys they would replace the draft by
//! what was sent before.
//!
//! What comes right behind a paste belongs to it: a long one comes in pieces. No Enter is lost: keys that are taken for
//! a paste and have one are always asked about.

use super::key::{Code, Key};
use landline_common::command::{Command, parse};

/// Microseconds: keys that follow each other faster than this came together. Separate calls of `tmux send-keys` are some
/// 2,000 apart, people's keys 30,000 and more, and a pasted text is there at once.
pub const BURST_GAP_US: u64 = 1_000;
/// Fewer keys than this may gather for somebody who types while the terminal stalls.
pub const MIN_PASTE_KEYS: usize = 6;
/// Milliseconds within which more text belongs to the paste before it, and more arrows to the wheel.
const CONTINUATION_MS: u64 = 50;
/// So many equal arrows at once are a turn of the wheel: terminals send three or more for a notch.
pub const MIN_WHEEL_ARROWS: usize = 3;

/// What keys that came together are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputChunk {
    /// Typed, one after the other.
    Keys(Vec<Key>),
    /// Pasted, with its line ends as they came.
    Text(String),
    /// The mouse wheel.
    Wheel {
        /// Towards what was said before.
        back: bool,
        /// How many rows.
        rows: usize,
    },
}

/// Sorts keys that came together.
#[derive(Clone, Debug, Default)]
pub struct BurstClassifier {
    /// When the last paste ended.
    pasted_at: Option<u64>,
    /// When the wheel was turned last, and the arrow that it was.
    turned: Option<(u64, Key)>,
}

impl BurstClassifier {
    /// Takes keys that came together, the last of them at `now_ms`: typed ones, then pasted ones.
    pub fn classify(&mut self, keys: Vec<Key>, now_ms: u64) -> Vec<InputChunk> {
        let arrived = self.sort_pasted(keys, now_ms);
        arrived
            .into_iter()
            .flat_map(|arrived| match arrived {
                InputChunk::Keys(keys) => self.sort_wheel(&keys, now_ms),
                other => vec![other],
            })
            .collect()
    }

    /// Takes turns of the wheel out of keys.
    fn sort_wheel(&mut self, keys: &[Key], now_ms: u64) -> Vec<InputChunk> {
        let mut arrived = Vec::new();
        for equal in keys.chunk_by(|a, b| a == b) {
            let key = equal[0];
            let is_arrow = [Key::plain(Code::Up), Key::plain(Code::Down)].contains(&key);
            let goes_on = self.turned.is_some_and(|(at, turned)| turned == key && now_ms < at + CONTINUATION_MS);
            if is_arrow && (equal.len() >= MIN_WHEEL_ARROWS || goes_on) {
                self.turned = Some((now_ms, key));
                arrived.push(InputChunk::Wheel { back: key.code == Code::Up, rows: equal.len() });
            } else if let Some(InputChunk::Keys(typed)) = arrived.last_mut() {
                typed.extend(equal);
            } else {
                arrived.push(InputChunk::Keys(equal.to_vec()));
            }
        }
        arrived
    }

    fn sort_pasted(&mut self, mut keys: Vec<Key>, now_ms: u64) -> Vec<InputChunk> {
        let is_piece = keys.len() > 1 || matches!(keys[..], [Key { code: Code::Char(_), ctrl: false, alt: false }]);
        let goes_on = is_piece && self.pasted_at.is_some_and(|at| now_ms < at + CONTINUATION_MS);
        let enters = keys.iter().take_while(|key| **key == Key::plain(Code::Enter)).count();
        let typed = if goes_on { 0 } else { enters };
        match text_of(&keys[typed..]) {
            Some(text) if goes_on || is_pasted(&text) => {
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

/// What the keys write: CR for Enter, LF for Ctrl-J. `None` if one of them writes nothing.
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

/// Two whole lines of talk, each with its Enter.
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
    fn d8_an_enter_with_more_behind_it_is_pasted() {
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
    fn d8_what_people_and_scripts_type_is_typed() {
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
    fn d8_what_comes_right_behind_a_paste_belongs_to_it() {
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
    fn r3_enter_before_anything_else_is_typed() {
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
    fn d10_three_arrows_at_once_are_the_wheel() {
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
        fn d8_one_line_and_its_enter_is_always_typed(text in "[a-zA-Z/ ]{0,60}") {
            let line = text + "\r";
            prop_assert!(!pasted(&line));
        }
    }
}
