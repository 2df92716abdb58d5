//! What members tell each other over a link, one JSON object in each message of the link.

use super::id::NodeId;
use super::{FRAME_BYTES, NUMBER};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pieces of an author's numbers: from, to and including.
pub type Pieces = Vec<(u64, u64)>;

/// One message of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum Frame {
    /// Who this is, before anything else; `dial` is the dialler's number for the link, `clock` their logical time,
    /// `top` the number of the last message they said, `at` the time by their clock on the wall.
    Hello { id: NodeId, name: String, clock: u64, dial: u64, top: u64, at: i64 },
    /// Said to everybody, by the one who sends it.
    Say { seq: u64, lamport: u64, at: i64, text: String },
    /// For the one who gets it alone. Numbers grow.
    Private { number: u64, at: i64, text: String },
    /// That one has arrived.
    Got { number: u64 },
    /// What the sender has of each of these authors.
    Have { ranges: BTreeMap<NodeId, Pieces> },
    /// Asks for messages of one author.
    Want { origin: NodeId, from: u64, to: u64 },
    /// The answer: what the sender has of them, up to `to`.
    Past { origin: NodeId, name: String, key: String, from: u64, to: u64, says: Vec<Saying> },
    /// A sign of life, when there is nothing else to say.
    Ping,
    /// Leaves.
    Bye,
    /// Something of a later version.
    #[serde(other)]
    Unknown,
}

/// One message of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub struct Saying {
    pub seq: u64,
    pub lamport: u64,
    pub at: i64,
    pub text: String,
}

impl Saying {
    /// Bytes that it takes in a frame.
    #[must_use]
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(FRAME_BYTES, |bytes| bytes.len() + 1)
    }
}

impl Frame {
    /// As it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with strings for keys always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads one. `None` for what no member sends.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Frame> {
        if bytes.len() > FRAME_BYTES {
            return None;
        }
        let frame: Frame = serde_json::from_slice(bytes).ok()?;
        frame.is_sound().then_some(frame)
    }

    /// Numbers are where they can be counted with.
    fn is_sound(&self) -> bool {
        let fits = |number: u64| (1..NUMBER).contains(&number);
        let piece = |from: u64, to: u64| fits(from) && fits(to) && from <= to;
        match self {
            Frame::Hello { clock, dial, top, at, .. } => {
                is_a_time(*at) && [clock, dial, top].into_iter().all(|number| *number < NUMBER)
            }
            Frame::Say { seq, lamport, at, .. } => fits(*seq) && fits(*lamport) && is_a_time(*at),
            Frame::Private { number, at, .. } => fits(*number) && is_a_time(*at),
            Frame::Got { number } => fits(*number),
            Frame::Have { ranges } => ranges.values().flatten().all(|(from, to)| piece(*from, *to)),
            Frame::Want { from, to, .. } => piece(*from, *to),
            Frame::Past { from, to, says, .. } => {
                let sound = |saying: &Saying| {
                    (*from..=*to).contains(&saying.seq) && fits(saying.lamport) && is_a_time(saying.at)
                };
                piece(*from, *to) && says.iter().all(sound)
            }
            Frame::Ping | Frame::Bye | Frame::Unknown => true,
        }
    }
}

/// Between 1970 and 2100: clocks go wrong, but can be shown.
fn is_a_time(unix_ms: i64) -> bool {
    (0..4_102_444_800_000).contains(&unix_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_are_as_documented() {
        let say = Frame::Say { seq: 1, lamport: 2, at: 3, text: "hi".into() };
        assert_eq!(
            String::from_utf8(say.to_bytes()).unwrap(),
            r#"{"type":"say","seq":1,"lamport":2,"at":3,"text":"hi"}"#
        );
        let have = Frame::Have { ranges: [(NodeId(1), vec![(1, 4)])].into() };
        let text = r#"{"type":"have","ranges":{"00000000000000000000000000000001":[[1,4]]}}"#;
        assert_eq!(String::from_utf8(have.to_bytes()).unwrap(), text);
        for frame in [say, have, Frame::Ping, Frame::Bye] {
            assert_eq!(Frame::parse(&frame.to_bytes()), Some(frame));
        }
    }

    #[test]
    fn what_is_not_known_is_ignored_and_what_is_wrong_is_no_frame() {
        assert_eq!(Frame::parse(br#"{"type":"wave","hand":[1]}"#), Some(Frame::Unknown));
        assert_eq!(Frame::parse(br#"{"type":"ping","loud":true}"#), Some(Frame::Ping));
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"type":"say","seq":0,"lamport":2,"at":3,"text":"hi"}"#,
            r#"{"type":"say","seq":1,"lamport":1099511627776,"at":3,"text":"hi"}"#,
            r#"{"type":"say","seq":1,"lamport":2,"at":-3,"text":"hi"}"#,
            r#"{"type":"want","origin":"00000000000000000000000000000001","from":5,"to":4}"#,
            r#"{"type":"have","ranges":{"1":[[1,4]]}}"#,
        ] {
            assert_eq!(Frame::parse(wrong.as_bytes()), None, "{wrong}");
        }
        let long = format!(r#"{{"type":"ping","pad":"{}"}}"#, "x".repeat(FRAME_BYTES));
        assert_eq!(Frame::parse(long.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn junk_does_no_harm(junk in any::<String>()) {
            prop_assert!(Frame::parse(junk.as_bytes()).is_none());
        }
    }
}
