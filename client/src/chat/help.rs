//! The help, in rows: all keys and all commands, from their tables.

use super::wrap::{CellWidth, wrap};
use super::{BINDINGS, LOCAL};
use crate::mesh_commands::MESH;
use landline_common::command::{Audience, commands};

/// Cells of the column of keys and commands, where there is one.
const COLUMN: usize = 19;

/// Narrower than this, what a key does stands below it.
const NARROW: usize = 50;

/// The signs in front of lines.
const SIGNS: [(&str, &str); 5] = [
    ("»", "it names you"),
    ("○", "it waits to be sent"),
    ("·", "it is on its way"),
    ("✗", "it was not sent; below is why"),
    ("!", "something was refused"),
];

/// Which commands show another conversation, and which do not.
const VIEW: [(&str, &str); 2] = [
    ("/query, /join", "show the conversation that they name; /accept shows the chat that it opens, /mentions the list"),
    (
        "all others",
        "leave you where you are: what /pm, /all, /private and /direct-say send elsewhere is confirmed by →",
    ),
];

/// One row of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpRow {
    /// A heading; an empty one is a blank row.
    Heading(&'static str),
    /// A key or a command at the left, what it does at the right of so many cells.
    Entry(&'static str, usize, String),
}

/// All rows, for that width; of the commands, those that work with a server or in a mesh.
#[must_use]
pub fn rows(width: usize, in_mesh: bool) -> Vec<HelpRow> {
    let keys = BINDINGS.iter().map(|binding| (binding.keys, binding.help));
    let local = LOCAL.iter().map(|command| (command.usage, command.help));
    let for_users = commands().filter(|spec| !in_mesh && spec.audience == Audience::Users);
    let topics = for_users.map(|spec| (spec.usage, spec.help));
    let mesh = MESH.iter().filter(|_| in_mesh).map(|(_, usage, help)| (*usage, *help));
    let mut rows = vec![HelpRow::Heading("Keys")];
    keys.for_each(|(left, right)| entry(left, right, width, &mut rows));
    rows.extend([HelpRow::Heading(""), HelpRow::Heading("Commands")]);
    local.chain(topics).chain(mesh).for_each(|(left, right)| entry(left, right, width, &mut rows));
    if !in_mesh {
        rows.extend([HelpRow::Heading(""), HelpRow::Heading("Which conversation is shown")]);
        VIEW.iter().for_each(|(left, right)| entry(left, right, width, &mut rows));
    }
    rows.extend([HelpRow::Heading(""), HelpRow::Heading("Signs in front of lines")]);
    SIGNS.iter().for_each(|(left, right)| entry(left, right, width, &mut rows));
    rows
}

fn entry(left: &'static str, right: &str, width: usize, rows: &mut Vec<HelpRow>) {
    let column = if width < NARROW { 3 } else { COLUMN };
    let room = width.saturating_sub(column);
    let mut meaning = wrap(right, room, room).into_iter().map(|row| right[row].to_owned());
    // A long term has a row of its own.
    let beside = if left.cell_width() + 2 <= column { meaning.next().unwrap_or_default() } else { String::new() };
    rows.push(HelpRow::Entry(left, column, beside));
    rows.extend(meaning.map(|row| HelpRow::Entry("", column, row)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_there_is_room() {
        for width in [20, 40, 56, 57, 80, 96] {
            for row in rows(width, false) {
                let HelpRow::Entry(left, column, right) = row else { continue };
                assert!(right.is_empty() || column + right.cell_width() <= width, "{left} {right} at {width}");
                assert!(right.is_empty() || left.cell_width() < column);
            }
        }
    }

    #[test]
    fn every_command_is_there() {
        let has =
            |mesh, usage| rows(80, mesh).iter().any(|row| matches!(row, HelpRow::Entry(left, ..) if *left == usage));
        for usage in ["/join ROOM", "/close", "/pm USER TEXT", "/direct USER", "/direct-stop USER", "/quit"] {
            assert!(has(false, usage), "{usage}");
        }
        assert!(has(true, "/pm NAME TEXT") && has(true, "/close") && !has(true, "/join ROOM"));
        for (command, ..) in MESH {
            assert!(commands().any(|topic| Some(topic.word()) == command.strip_prefix('/')), "{command}");
        }
        assert!(
            !has(false, "/direct-key KEY") && !has(false, "/direct-accept USER KEY ADDRESSES"),
            "nobody types these"
        );
    }
}
