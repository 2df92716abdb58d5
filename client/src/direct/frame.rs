//! Messages between two clients on their link, one JSON object each. Unknown messages are ignored, so that later
//! versions can add some.

use crate::message::truncate;
use serde::{Deserialize, Serialize};

/// One message on the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Frame {
    /// First message of the dialing client: selects this link of all links that the client opened.
    Hello,
    /// A text of the user.
    Text {
        /// The text.
        text: String,
    },
    /// Keeps the link alive.
    Ping,
    /// Last message.
    Bye {
        /// Why the sender ends the chat.
        #[serde(default)]
        reason: ByeReason,
    },
    /// Any other message, perhaps of a later version.
    #[serde(other)]
    Unknown,
}

/// Why the other client ends a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ByeReason {
    /// The user ended the chat.
    Stopped,
    /// The user left the program.
    Left,
    /// Any other reason.
    #[default]
    #[serde(other)]
    Other,
}

impl Frame {
    /// Serializes the message.
    pub fn bytes(&self) -> Vec<u8> {
        // Serializing plain strings cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Parses a message, and cleans and cuts its text. Anything malformed is `Unknown`.
    pub fn read(bytes: &[u8]) -> Frame {
        match serde_json::from_slice(bytes) {
            Ok(Frame::Text { text }) => Frame::Text { text: truncate(&text) },
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
    fn writes_and_reads_the_documented_objects() {
        for (frame, json) in [
            (Frame::Hello, r#"{"type":"hello"}"#),
            (Frame::Text { text: "grüße".into() }, r#"{"type":"text","text":"grüße"}"#),
            (Frame::Ping, r#"{"type":"ping"}"#),
            (Frame::Bye { reason: ByeReason::Stopped }, r#"{"type":"bye","reason":"stopped"}"#),
            (Frame::Bye { reason: ByeReason::Left }, r#"{"type":"bye","reason":"left"}"#),
        ] {
            assert_eq!(String::from_utf8(frame.bytes()).unwrap(), json);
            assert_eq!(Frame::read(json.as_bytes()), frame);
        }
    }

    #[test]
    fn ignores_unknown_objects_and_fields() {
        for json in ["", "[]", "{}", "7", r#"{"type":"text"}"#, r#"{"type":"file","name":"x"}"#, "\u{fffd}"] {
            assert_eq!(Frame::read(json.as_bytes()), Frame::Unknown, "{json}");
        }
        let other = Frame::Bye { reason: ByeReason::Other };
        assert_eq!(Frame::read(br#"{"type":"bye"}"#), other);
        assert_eq!(Frame::read(br#"{"type":"bye","reason":"tea","more":1}"#), other);
        assert_eq!(Frame::read(br#"{"type":"ping","at":5}"#), Frame::Ping);
    }

    #[test]
    fn cleans_and_cuts_a_received_text() {
        let long = format!(r#"{{"type":"text","text":"\u001b[2J{}"}}"#, "é".repeat(9_999));
        let Frame::Text { text } = Frame::read(long.as_bytes()) else { panic!("a text") };
        assert_eq!(text, "é".repeat(MESSAGE_CHARS));
    }

    proptest! {
        #[test]
        fn reads_any_bytes_without_panic(bytes in any::<Vec<u8>>()) {
            let _ = Frame::read(&bytes);
        }
    }
}
