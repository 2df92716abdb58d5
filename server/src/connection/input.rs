//! The messages of one client, as its codec splits them: lines and unframed messages, or frames of a WebSocket.

use super::transport::{Append, Chunks, Receive};
use crate::fanout::DisconnectReason;
use landline_common::lines::{Framing, ReadMessage, ReceiveBuffer};
use landline_common::websocket::{
    CloseCode, MessageReader, Received, Violation, write_close, write_close_answer, write_pong,
};
use std::borrow::Cow;

/// The receive side of one client.
#[derive(Debug)]
pub(super) enum Input {
    /// Lines, or unframed messages.
    Lines(ReceiveBuffer),
    /// Frames.
    WebSocket(Chunks<WebSocketInput>),
}

/// The receive side of a WebSocket.
#[derive(Debug)]
pub(super) struct WebSocketInput {
    reader: MessageReader,
    /// The beginning of a message that is too long.
    beginning: Vec<u8>,
    /// The payload of the last ping, which a pong must return (RFC 6455, section 5.5.3). Earlier ones need none.
    pinged: Option<Vec<u8>>,
    end: Option<End>,
}

/// The reason for which a WebSocket sends no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client has closed, with this code.
    Closed(Option<u16>),
    /// The client broke the protocol.
    Violation(Violation),
}

impl WebSocketInput {
    /// Makes the input of a WebSocket whose first bytes came with its handshake.
    pub(super) fn new(longest: usize, first: &[u8]) -> WebSocketInput {
        let mut reader = MessageReader::new(longest);
        reader.append(first);
        WebSocketInput { reader, beginning: Vec::new(), pinged: None, end: None }
    }

    fn next(&mut self) -> Option<ReadMessage<'_>> {
        loop {
            match self.reader.next()? {
                Received::Message(ReadMessage::Text(text)) => {
                    return Some(ReadMessage::Text(Cow::Owned(text.into_owned())));
                }
                Received::Message(ReadMessage::TooLong(beginning)) => {
                    self.beginning = beginning.to_vec();
                    return Some(ReadMessage::TooLong(&self.beginning));
                }
                Received::Ping(payload) => self.pinged = Some(payload.to_vec()),
                Received::Pong => {}
                Received::Close { code, .. } => self.end = Some(End::Closed(code)),
                Received::Violation(violation) => self.end = Some(End::Violation(violation)),
            }
        }
    }
}

impl Append for WebSocketInput {
    fn append(&mut self, bytes: &[u8]) {
        self.reader.append(bytes);
    }
}

impl Input {
    /// Takes the next whole message; `None` until more bytes arrive.
    pub(super) fn next(&mut self) -> Option<ReadMessage<'_>> {
        match self {
            Input::Lines(lines) => lines.next(),
            Input::WebSocket(frames) => frames.decoder.next(),
        }
    }

    /// Takes the last message of a client that has closed; its end may be missing. A frame without its end is no message.
    pub(super) fn finish(&mut self) -> Option<ReadMessage<'_>> {
        match self {
            Input::Lines(lines) => lines.finish(),
            Input::WebSocket(_) => None,
        }
    }

    /// Changes the limit for all messages that were not taken yet, in bytes.
    pub(super) fn set_longest(&mut self, longest: usize) {
        match self {
            Input::Lines(lines) => lines.set_longest(longest),
            Input::WebSocket(frames) => frames.decoder.reader.set_longest(longest),
        }
    }

    /// Returns how the client marks the end of a message. Frames mark it, as newlines do.
    pub(super) fn framing(&self) -> Framing {
        match self {
            Input::Lines(lines) => lines.framing(),
            Input::WebSocket(_) => Framing::Lines,
        }
    }

    /// Returns true if a pause decides whether the pending bytes are a message.
    pub(super) fn awaits_silence(&self) -> bool {
        matches!(self, Input::Lines(lines) if lines.awaits_silence())
    }

    /// Reports such a pause.
    pub(super) fn report_silence(&mut self) {
        if let Input::Lines(lines) = self {
            lines.report_silence();
        }
    }

    /// Returns true if all bytes that were received belong to taken messages.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Input::Lines(lines) if lines.pending().is_empty())
    }

    /// Takes what the codec itself answers: telnet options, or a pong. Empty if nothing is due.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        match self {
            Input::Lines(lines) => lines.telnet_answers(),
            Input::WebSocket(frames) => {
                let mut answers = Vec::new();
                if let Some(payload) = frames.decoder.pinged.take() {
                    write_pong(&payload, &mut answers);
                }
                answers
            }
        }
    }

    /// Returns the reason if no more messages can come: the client has closed the WebSocket, or broke its protocol.
    pub(super) fn end(&self) -> Option<End> {
        match self {
            Input::Lines(_) => None,
            Input::WebSocket(frames) => frames.decoder.end,
        }
    }

    /// Returns true if the client sends frames.
    pub(super) fn is_websocket(&self) -> bool {
        matches!(self, Input::WebSocket(_))
    }

    /// Returns the last bytes for the client: a close frame. `reason` is the one for which the session ended.
    pub(super) fn farewell(&self, reason: &str) -> Vec<u8> {
        let mut out = Vec::new();
        if let Input::WebSocket(frames) = self {
            let (code, reason) = match (frames.decoder.end, reason) {
                (Some(End::Violation(violation)), _) => (violation.code, violation.reason),
                (Some(End::Closed(code)), _) => {
                    write_close_answer(code, &mut out);
                    return out;
                }
                (None, "quit" | "idle") => (CloseCode::Normal, reason),
                (None, _) => (CloseCode::PolicyViolation, reason),
            };
            write_close(code, reason, &mut out);
        }
        out
    }
}

impl Receive for Input {
    fn space(&mut self) -> &mut [u8] {
        match self {
            Input::Lines(lines) => lines.space(),
            Input::WebSocket(frames) => frames.space(),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Input::Lines(lines) => lines.advance(count),
            Input::WebSocket(frames) => frames.advance(count),
        }
    }

    fn accept(&mut self, bytes: &[u8]) {
        match self {
            Input::Lines(lines) => lines.accept(bytes),
            Input::WebSocket(frames) => frames.accept(bytes),
        }
    }
}

/// Appends the close frame for a client whose connection another thread ends.
pub(super) fn close_frame(why: DisconnectReason, out: &mut Vec<u8>) {
    let (code, reason) = match why {
        DisconnectReason::TooSlow => (CloseCode::TryAgainLater, "too slow"),
        DisconnectReason::Broken => return,
        DisconnectReason::Closed => (CloseCode::GoingAway, "closed by the server"),
        DisconnectReason::Kicked => (CloseCode::PolicyViolation, "kicked"),
        DisconnectReason::Banned => (CloseCode::PolicyViolation, "banned"),
        DisconnectReason::Failed => (CloseCode::InternalError, "the server has failed"),
        DisconnectReason::Resumed => (CloseCode::ResumedElsewhere, "resumed_elsewhere"),
    };
    write_close(code, reason, out);
}
