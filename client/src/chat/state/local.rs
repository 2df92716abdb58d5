//! The commands that the client carries out itself.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::line::Severity;

/// A command of the client's own.
pub struct ClientCommand {
    /// Its word, with the slash.
    pub word: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Does it. `false` if it cannot be done.
    pub(super) run: fn(&mut State, &str) -> bool,
}

/// All of them.
pub static CLIENT_COMMANDS: &[ClientCommand] = &[
    ClientCommand {
        word: "/query",
        usage: "/query USER [TEXT]",
        help: "show the conversation with a user, where each line is a message to that user; TEXT is sent at once",
        run: query,
    },
    ClientCommand {
        word: "/close",
        usage: "/close",
        help: "close the conversation that is shown (a room is left)",
        run: |state, _| state.close_viewed(),
    },
    ClientCommand {
        word: "/clear",
        usage: "/clear",
        help: "forget what was said in the conversation that is shown; /history brings it back",
        run: |state, _| {
            state.conversations.viewed_mut().clear();
            true
        },
    },
    ClientCommand {
        word: "/save",
        usage: "/save FILE",
        help: "write what is shown here into a new file; Tab completes its path",
        run: State::save_viewed,
    },
    ClientCommand {
        word: "/mentions",
        usage: "/mentions",
        help: "show where you were named",
        run: |state, _| {
            state.view(&ConversationId::Mentions);
            true
        },
    },
    ClientCommand {
        word: "/cancel",
        usage: "/cancel",
        help: "take back what you said in the conversation that is shown and was never on its way; ↑ brings it back",
        run: |state, _| state.cancel_unsent(),
    },
    ClientCommand {
        word: "/reconnect",
        usage: "/reconnect",
        help: "try to connect at once instead of waiting",
        run: |state, _| {
            state.connect_again();
            true
        },
    },
];

fn query(state: &mut State, rest: &str) -> bool {
    let (user, text) = rest.split_once(' ').unwrap_or((rest, ""));
    if user.is_empty() {
        state.add_notice_here(Severity::Refused, "Usage: /query USER [TEXT]");
        return false;
    }
    let id = ConversationId::user(user);
    let title = state.conversations.open(&id, user).title.clone();
    if !text.is_empty() && !state.say(&id, &title, text) {
        return false;
    }
    state.view(&id);
    true
}
