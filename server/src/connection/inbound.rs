//! Splits the input of a signed-in client into messages: lines, and command objects of clients that get JSON.

use super::input::Input;
use landline_common::command::object::label_in_beginning;
use landline_common::command::{Command, Request};
use landline_common::limits::count;
use landline_common::lines::ReadMessage;
use landline_common::{Cause, Limits, Rendering, Report};

/// Returns the most bytes of a command object.
fn longest_object(limits: &Limits) -> u64 {
    limits.object_bytes.max(limits.line_bytes)
}

/// Takes the next whole message. Only a client that gets JSON may send objects, and only objects may be longer than a
/// line.
pub(super) fn next_message<'i>(input: &'i mut Input, rendering: Rendering, limits: &Limits) -> Option<ReadMessage<'i>> {
    if !rendering.is_json() {
        return input.next();
    }
    input.set_longest(count(longest_object(limits)));
    Some(match input.next()? {
        ReadMessage::Text(text) if text.len() > count(limits.line_bytes) && !Request::is_object(&text) => {
            ReadMessage::TooLong(b"")
        }
        message => message,
    })
}

/// A parsed command object: the request, or the reason for which it is malformed with the label for the answer.
pub(super) type ReadObject<'m> = Result<Request<'m>, (Option<String>, Report<'static>)>;

/// Parses a message that is meant as a command object; `None` for a line. An object that is too long is an error, with
/// its label if that stands in the part that was kept.
pub(super) fn parse_object<'m>(
    message: &'m ReadMessage<'_>,
    rendering: Rendering,
    limits: &Limits,
) -> Option<ReadObject<'m>> {
    if !rendering.is_json() {
        return None;
    }
    match message {
        ReadMessage::Text(text) => Request::is_object(text).then(|| Request::parse(text)),
        ReadMessage::TooLong(beginning) if beginning.trim_ascii_start().starts_with(b"{") => {
            let longest = longest_object(limits);
            let mut why = Cause::LineTooLong.with_count(longest);
            let label = label_in_beginning(beginning);
            if label.is_none() {
                why = why.with_text(format!(
                    "That object is too long (at most {longest} bytes), and its label cannot be read. Nothing was sent."
                ));
            }
            Some(Err((label, why)))
        }
        ReadMessage::TooLong(_) => None,
    }
}

/// Returns true for a `pong`, the answer to a ping.
pub(super) fn is_pong(object: &ReadObject<'_>) -> bool {
    object.as_ref().is_ok_and(|object| object.command() == Ok(Command::Alive))
}

/// Returns true for an object that only keeps the connection going. It counts apart from lines.
pub(super) fn is_upkeep(object: &ReadObject<'_>) -> bool {
    let command = object.as_ref().ok().map(Request::command);
    command.is_some_and(|command| command.is_ok_and(|command| Command::is_upkeep(&command)))
}
