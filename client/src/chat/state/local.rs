//! The commands that the client carries out itself.

use super::State;
use crate::chat::conversation::Place;
use crate::chat::line::Tone;

/// A command of the client's own.
pub struct Local {
    /// Its word, with the slash.
    pub word: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Does it. `false` if the line stays in the editor.
    pub(super) run: fn(&mut State, &str) -> bool,
}

/// All of them.
pub static LOCAL: &[Local] = &[
    Local {
        word: "/query",
        usage: "/query USER",
        help: "open a conversation with somebody; what you write there is for them alone",
        run: query,
    },
    Local {
        word: "/close",
        usage: "/close",
        help: "close the conversation that is shown (a room is left)",
        run: |state, _| state.close(),
    },
    Local {
        word: "/clear",
        usage: "/clear",
        help: "forget what was said in the conversation that is shown; /history brings it back",
        run: |state, _| {
            state.conversations.viewed_mut().clear();
            true
        },
    },
    Local {
        word: "/save",
        usage: "/save FILE",
        help: "write what is shown here into a new file; Tab completes its path",
        run: State::save,
    },
    Local {
        word: "/mentions",
        usage: "/mentions",
        help: "show where you were named",
        run: |state, _| {
            state.view(&Place::Mentions);
            true
        },
    },
    Local {
        word: "/cancel",
        usage: "/cancel",
        help: "take back what you said in the conversation that is shown and was never on its way; ↑ brings it back",
        run: |state, _| state.cancel(),
    },
    Local {
        word: "/reconnect",
        usage: "/reconnect",
        help: "try to connect at once instead of waiting",
        run: |state, _| {
            state.engine.connect_now();
            true
        },
    },
];

fn query(state: &mut State, user: &str) -> bool {
    match user {
        "" => state.tell(Tone::Refused, "that is written: /query USER"),
        user if user.contains(' ') => state.tell(Tone::Refused, "that is written: /query USER; then say it there"),
        user => {
            let place = Place::person(user);
            state.conversations.open(&place, user);
            // The draft is of the conversation that is left.
            state.conversations.viewed_mut().draft.take();
            state.view(&place);
            return true;
        }
    }
    false
}
