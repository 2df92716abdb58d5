//! The frames that members exchange over a link: one JSON object in each message of the link.
//!
//! | frame | when |
//! |---|---|
//! | `Hello` | first frame, from both sides |
//! | `Say` | a message to all members, sent by its author over each of its links |
//! | `Private`, `Got` | a message to one member, and its confirmation |
//! | `Have`, `Want`, `Past` | catching up: ranges that a member has, a request, and the answer |
//! | `Ping`, `Bye` | sign of life; leaving |
//!
//! Unknown types and fields are ignored, so that later versions can add some. Times (`at`) are Unix milliseconds.

use super::id::NodeId;
use super::{FRAME_BYTES, NUMBER_LIMIT};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Ranges of an author's message numbers: first and last, both included.
pub type Pieces = Vec<(u64, u64)>;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "described at the variant")]
pub enum Frame {
    /// Introduces the sender. `clock` is its logical time, `top` the number of its last message to all, `at` its wall
    /// clock. `dial` is the dialing side's number for the link, or 0 from the answering side.
    Hello { id: NodeId, name: String, clock: u64, dial: u64, top: u64, at: i64 },
    /// A message of the sender to all members. `seq` counts them from 1; `lamport` is the logical time.
    Say { seq: u64, lamport: u64, at: i64, text: String },
    /// A message for the receiver alone. Numbers grow.
    Private { number: u64, at: i64, text: String },
    /// Confirms the private message of this number.
    Got { number: u64 },
    /// Lists the messages that the sender has of each of these authors.
    Have { ranges: BTreeMap<NodeId, Pieces> },
    /// Asks for an author's messages `from` to `to`, both included.
    Want { origin: NodeId, from: u64, to: u64 },
    /// Answers a `Want` up to number `to`. Messages missing from it are ones that the answering member does not have.
    /// `name` and `key` are the author's.
    Past { origin: NodeId, name: String, key: String, from: u64, to: u64, says: Vec<Saying> },
    /// A sign of life on an idle link.
    Ping,
    /// The sender leaves.
    Bye,
    /// A frame of a later version, to be ignored.
    #[serde(other)]
    Unknown,
}

/// One message within a [`Frame::Past`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as in `Frame::Say`")]
pub struct Saying {
    pub seq: u64,
    pub lamport: u64,
    pub at: i64,
    pub text: String,
}

impl Saying {
    /// Length in a frame in bytes, with the comma behind it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(FRAME_BYTES, |bytes| bytes.len() + 1)
    }
}

impl Frame {
    /// Returns the frame as JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serializing strings, numbers and maps with string keys cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Parses a frame; `None` if it is malformed or has a number out of range.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Frame> {
        if bytes.len() > FRAME_BYTES {
            return None;
        }
        let frame: Frame = serde_json::from_slice(bytes).ok()?;
        frame.is_in_range().then_some(frame)
    }

    /// True if all numbers and times are in range, so that later arithmetic cannot overflow.
    fn is_in_range(&self) -> bool {
        let fits = |number: u64| (1..NUMBER_LIMIT).contains(&number);
        let is_range = |from: u64, to: u64| fits(from) && fits(to) && from <= to;
        match self {
            Frame::Hello { clock, dial, top, at, .. } => {
                is_plausible_time(*at) && [clock, dial, top].into_iter().all(|number| *number < NUMBER_LIMIT)
            }
            Frame::Say { seq, lamport, at, .. } => fits(*seq) && fits(*lamport) && is_plausible_time(*at),
            Frame::Private { number, at, .. } => fits(*number) && is_plausible_time(*at),
            Frame::Got { number } => fits(*number),
            Frame::Have { ranges } => ranges.values().flatten().all(|(from, to)| is_range(*from, *to)),
            Frame::Want { from, to, .. } => is_range(*from, *to),
            Frame::Past { from, to, says, .. } => {
                let is_valid = |saying: &Saying| {
                    (*from..=*to).contains(&saying.seq) && fits(saying.lamport) && is_plausible_time(saying.at)
                };
                is_range(*from, *to) && says.iter().all(is_valid)
            }
            Frame::Ping | Frame::Bye | Frame::Unknown => true,
        }
    }
}

/// True from 1970 to 2099: clocks of members may be wrong, but such times can be shown.
fn is_plausible_time(unix_ms: i64) -> bool {
    (0..4_102_444_800_000).contains(&unix_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_have_the_documented_form() {
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
    fn unknown_frames_are_ignored_and_malformed_frames_are_rejected() {
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
        fn random_text_is_no_frame(junk in any::<String>()) {
            prop_assert!(Frame::parse(junk.as_bytes()).is_none());
        }
    }
}
