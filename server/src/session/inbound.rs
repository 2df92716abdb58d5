//! What arrives from a client that is signed in: a line, or a command object.

use landline_common::command::{Command, Request};
use landline_common::limits::count;
use landline_common::lines::{Input, Piece};
use landline_common::{Limits, Rendering, Report};

/// The next whole message. Only a client that gets JSON may send objects, and only these may be longer than a line.
pub(super) fn next<'i>(input: &'i mut Input, rendering: Rendering, limits: &Limits) -> Option<Piece<'i>> {
    if rendering != Rendering::Json {
        return input.next();
    }
    let (line, object) = (count(limits.line_bytes), count(limits.object_bytes));
    input.set_longest(object.max(line));
    Some(match input.next()? {
        Piece::Text(text) if text.len() > line && !Request::is_object(&text) => Piece::TooLong,
        piece => piece,
    })
}

/// A command object as read: what it asks for, or why that is none, with the label for the answer.
pub(super) type Object<'m> = Result<Request<'m>, (Option<String>, Report<'static>)>;

/// The command object in a message, if it is meant as one.
pub(super) fn object<'m>(message: &'m str, rendering: impl FnOnce() -> Rendering) -> Option<Object<'m>> {
    (Request::is_object(message) && rendering() == Rendering::Json).then(|| Request::parse(message))
}

/// Whether an object answers a ping.
pub(super) fn is_pong(object: &Object<'_>) -> bool {
    object.as_ref().is_ok_and(|object| object.command() == Ok(Command::Alive))
}

/// Whether an object only keeps the connection going, and counts apart from lines.
pub(super) fn is_upkeep(object: &Object<'_>) -> bool {
    let command = object.as_ref().ok().map(Request::command);
    command.is_some_and(|command| command.is_ok_and(|command| Command::is_upkeep(&command)))
}
