//! The table of all commands: the source of the parser, of command objects, of `/help` and of the reserved names.
//!
//! A command is one row here, one variant of [`Command`](super::Command) and one line of
//! [`Command::parts`](super::Command).

mod chats;
mod moderation;
mod program;
mod talk;

use super::spec::CommandSpec;

/// Commands that belong together.
pub struct Group {
    /// The heading in `/help all`.
    pub heading: &'static str,
    /// The commands.
    pub commands: &'static [CommandSpec],
}

const fn group(heading: &'static str, commands: &'static [CommandSpec]) -> Group {
    Group { heading, commands }
}

/// All commands. Where the words of one begin with the words of another, the longer form stands first.
pub static GROUPS: &[Group] = &[
    group("Talk", talk::TALK),
    group("Rooms", talk::ROOMS),
    group("Users", talk::USERS),
    group("Running a room", moderation::RUN_ROOM),
    group("The floor", moderation::FLOOR),
    group("Taking back", moderation::TAKE_BACK),
    group("Running the server", moderation::RUN_SERVER),
    group("Messages to one user", chats::MESSAGES),
    group("Off-the-record chats, stored nowhere", chats::OFF_THE_RECORD),
    group("Encrypted chats, between two landline programs", chats::ENCRYPTED),
    group("What was said before", program::PAST),
    group("Your account", program::ACCOUNT),
    group("This program", program::PROGRAM),
];

/// All commands, in the order of the groups.
pub fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    GROUPS.iter().flat_map(|group| group.commands)
}
