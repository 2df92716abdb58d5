//! The table of the client's own commands, which it carries out without the server (`state/local.rs`).

/// The action of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAction {
    Query,
    Close,
    Clear,
    Save,
    Mentions,
    Room,
    Cancel,
    Reconnect,
}

/// A command of the client.
pub struct ClientCommand {
    /// Word, with the slash.
    pub word: &'static str,
    /// Usage.
    pub usage: &'static str,
    /// Explanation.
    pub help: &'static str,
    pub(super) action: ClientAction,
}

/// All commands of the client.
pub static CLIENT_COMMANDS: &[ClientCommand] = &[
    ClientCommand {
        word: "/query",
        usage: "/query USER [TEXT]",
        help: "show the conversation with a user, where each line is a message to that user; TEXT is sent at once",
        action: ClientAction::Query,
    },
    ClientCommand {
        word: "/close",
        usage: "/close",
        help: "close the conversation that is shown, and leave it if it is a room",
        action: ClientAction::Close,
    },
    ClientCommand {
        word: "/clear",
        usage: "/clear",
        help: "remove all lines from the conversation that is shown; /history brings them back",
        action: ClientAction::Clear,
    },
    ClientCommand {
        word: "/save",
        usage: "/save FILE",
        help: "write the conversation that is shown into a new file; Tab completes its path",
        action: ClientAction::Save,
    },
    ClientCommand {
        word: "/mentions",
        usage: "/mentions",
        help: "show the messages that mention you",
        action: ClientAction::Mentions,
    },
    ClientCommand {
        word: "/room",
        usage: "/room",
        help: "the menu of the room that is shown: quiet, slow, topic, raised hands, …; also F3",
        action: ClientAction::Room,
    },
    ClientCommand {
        word: "/cancel",
        usage: "/cancel",
        help: "take back your unsent lines in the conversation that is shown; ↑ brings them back",
        action: ClientAction::Cancel,
    },
    ClientCommand {
        word: "/reconnect",
        usage: "/reconnect",
        help: "try to connect at once instead of waiting",
        action: ClientAction::Reconnect,
    },
];
