//! For tests: converts typed lines to command objects and back.

use landline_common::Command;
use landline_common::command::{Request, parse};

/// Converts a line typed in `room` to the object that is sent, without a label.
pub fn object(line: &str, room: &str) -> String {
    let command = parse(line, "").expect("a line").expect("a command");
    Request::of_command(&command, Some(room)).expect("an object").to_line()
}

/// Converts an object to roughly what a user would type. What is about a room begins with the room.
pub fn line(object: &str) -> String {
    let request = Request::parse(object).expect("an object");
    let Ok(command) = request.command() else { return object.to_owned() };
    match command {
        Command::SayIn { room, text } => format!("{room}: {text}"),
        Command::InRoom { room: Some(room), .. } | Command::HistoryIn { room, .. } => format!("{room}: {command}"),
        command => command.to_string(),
    }
}
