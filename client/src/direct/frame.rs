//! What two clients tell each other on their link: one JSON object a message. Those that are not known are ignored, so
//! that a later version may say more.

use crate::message::cut_to_one;
use serde::{Deserialize, Serialize};

/// One message on the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Frame {
    /// The first one, of the side that dialled: of all links that it opened, this is the one.
    Hello,
    /// Something was said.
    Text {
        /// What.
        text: String,
    },
    /// A sign of life.
    Ping,
    /// The last one.
    Bye {
        /// Why.
        #[serde(default)]
        reason: Farewell,
    },
    /// Of a later version.
    #[serde(other)]
    Unknown,
}

/// Why somebody ends a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Farewell {
    /// They said so.
    Stopped,
    /// They left the program.
    Left,
    /// Anything else.
    #[default]
    #[serde(other)]
    Other,
}

impl Frame {
    /// As it is sent.
    pub fn bytes(&self) -> Vec<u8> {
        // A struct of strings always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what came; what is no such object counts as one of a later version.
    pub fn read(bytes: &[u8]) -> Frame {
        match serde_json::from_slice(bytes) {
            Ok(Frame::Text { text }) => Frame::Text { text: cut_to_one(&text) },
            frame => frame.unwrap_or(Frame::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MESSAGE_CHARS;
    use proptest::prelude::*;

    #[test]
    fn the_objects_are_as_documented() {
        for (frame, json) in [
            (Frame::Hello, r#"{"type":"hello"}"#),
            (Frame::Text { text: "grüße".into() }, r#"{"type":"text","text":"grüße"}"#),
            (Frame::Ping, r#"{"type":"ping"}"#),
            (Frame::Bye { reason: Farewell::Stopped }, r#"{"type":"bye","reason":"stopped"}"#),
            (Frame::Bye { reason: Farewell::Left }, r#"{"type":"bye","reason":"left"}"#),
        ] {
            assert_eq!(String::from_utf8(frame.bytes()).unwrap(), json);
            assert_eq!(Frame::read(json.as_bytes()), frame);
        }
    }

    #[test]
    fn later_versions_may_say_more() {
        for json in ["", "[]", "{}", "7", r#"{"type":"text"}"#, r#"{"type":"file","name":"x"}"#, "\u{fffd}"] {
            assert_eq!(Frame::read(json.as_bytes()), Frame::Unknown, "{json}");
        }
        let other = Frame::Bye { reason: Farewell::Other };
        assert_eq!(Frame::read(br#"{"type":"bye"}"#), other);
        assert_eq!(Frame::read(br#"{"type":"bye","reason":"tea","more":1}"#), other);
        assert_eq!(Frame::read(br#"{"type":"ping","at":5}"#), Frame::Ping);
    }

    #[test]
    fn a_text_that_comes_is_made_safe() {
        let long = format!(r#"{{"type":"text","text":"\u001b[2J{}"}}"#, "é".repeat(9_999));
        let Frame::Text { text } = Frame::read(long.as_bytes()) else { panic!("a text") };
        assert_eq!(text, "é".repeat(MESSAGE_CHARS));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in any::<Vec<u8>>()) {
            let _ = Frame::read(&bytes);
        }
    }
}
