//! The rows of the help: all keys and commands, from their tables.

use super::bindings::BINDINGS;
use super::client_commands::CLIENT_COMMANDS;
use super::wrap::{CellWidth, wrap};
use crate::mesh_commands::MESH;
use landline_common::command::{Audience, GROUPS};

/// Width of the column of keys and commands.
const COLUMN: usize = 19;

/// Width of the help from which keys and commands have a column; below, the explanation stands under them.
const NARROW: usize = 50;

/// Signs in front of lines.
const SIGNS: [(&str, &str); 5] = [
    ("»", "it mentions you"),
    ("○", "it waits to be sent"),
    ("·", "it is on its way"),
    ("✗", "it was not sent; below is why"),
    ("!", "something was refused"),
];

/// Commands that show another conversation, and commands that do not.
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
    /// Heading; an empty one is a blank row.
    Heading(&'static str),
    /// Key or command at the left, width of its column, explanation.
    Entry(&'static str, usize, String),
}

/// Returns all rows for a width in cells, with the commands of a server or of a mesh.
#[must_use]
pub fn help_rows(width: usize, in_mesh: bool) -> Vec<HelpRow> {
    let keys = BINDINGS.iter().map(|binding| (binding.keys, binding.help));
    let own = CLIENT_COMMANDS.iter().map(|command| (command.usage, command.help));
    let mesh = MESH.iter().filter(|_| in_mesh).map(|(_, usage, help)| (*usage, *help));
    let mut rows = vec![HelpRow::Heading("Keys")];
    for (left, right) in keys {
        push_entry(left, right, width, &mut rows);
    }
    rows.extend([HelpRow::Heading(""), HelpRow::Heading("Commands")]);
    for (left, right) in own.chain(mesh) {
        push_entry(left, right, width, &mut rows);
    }
    if !in_mesh {
        for group in GROUPS {
            rows.extend([HelpRow::Heading(""), HelpRow::Heading(group.heading)]);
            for spec in group.commands.iter().filter(|spec| spec.audience == Audience::Users) {
                push_entry(spec.usage, spec.help, width, &mut rows);
            }
        }
        rows.extend([HelpRow::Heading(""), HelpRow::Heading("Which conversation is shown")]);
        for (left, right) in VIEW {
            push_entry(left, right, width, &mut rows);
        }
    }
    rows.extend([HelpRow::Heading(""), HelpRow::Heading("Signs in front of lines")]);
    for (left, right) in SIGNS {
        push_entry(left, right, width, &mut rows);
    }
    rows
}

/// Adds the rows of one entry.
fn push_entry(left: &'static str, right: &str, width: usize, rows: &mut Vec<HelpRow>) {
    let column = if width < NARROW { 3 } else { COLUMN };
    let available = width.saturating_sub(column);
    let mut meaning = wrap(right, available, available).into_iter().map(|row| right[row].to_owned());
    // A key or command that is wider than its column has a row of its own.
    let beside = if left.cell_width() + 2 <= column { meaning.next().unwrap_or_default() } else { String::new() };
    rows.push(HelpRow::Entry(left, column, beside));
    rows.extend(meaning.map(|row| HelpRow::Entry("", column, row)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::command::commands;

    #[test]
    fn rows_keep_to_the_width() {
        for width in [20, 40, 56, 57, 80, 96] {
            for row in help_rows(width, false) {
                let HelpRow::Entry(left, column, right) = row else { continue };
                assert!(right.is_empty() || column + right.cell_width() <= width, "{left} {right} at {width}");
                assert!(right.is_empty() || left.cell_width() < column);
            }
        }
    }

    #[test]
    fn the_help_lists_every_command_that_users_type() {
        let has = |mesh, usage| {
            help_rows(80, mesh).iter().any(|row| matches!(row, HelpRow::Entry(left, ..) if *left == usage))
        };
        for usage in [
            "/join ROOM [KEY]",
            "/mute USER [MINUTES]",
            "/quiet on|off",
            "/claim CODE",
            "/close",
            "/pm USER TEXT",
            "/direct USER",
            "/direct-stop USER",
            "/quit",
        ] {
            assert!(has(false, usage), "{usage}");
        }
        assert!(has(true, "/pm NAME TEXT") && has(true, "/close") && !has(true, "/join ROOM [KEY]"));
        for (command, ..) in MESH {
            assert!(commands().any(|topic| Some(topic.word()) == command.strip_prefix('/')), "{command}");
        }
        assert!(
            !has(false, "/direct-key KEY") && !has(false, "/direct-accept USER KEY ADDRESSES"),
            "only programs send these"
        );
    }
}
