//! The table of key bindings, with their help. No key is handled anywhere else, except Alt-1 to Alt-9.

use super::editor::Edit;
use super::key::{Code, Key};

/// The action of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the actions are what their names say")]
pub enum Action {
    Edit(Edit),
    Submit,
    Complete { back: bool },
    InputHistory { back: bool },
    Neighbor { forward: bool },
    NextUnread,
    Mentions,
    Page { back: bool },
    Row { back: bool },
    FirstLine,
    End,
    Escape,
    Repaint,
    Interrupt,
    Suspend,
    Reconnect,
    Help,
    EditNewest,
    UserMenu,
    RoomMenu,
}

/// A row of the help, with the bindings that it explains.
pub struct Binding {
    /// Keys, as shown in the help.
    pub keys: &'static str,
    /// Explanation.
    pub help: &'static str,
    /// Bindings.
    pub(super) actions: &'static [(Key, Action)],
}

const fn plain(code: Code) -> Key {
    Key::plain(code)
}

const fn alt(letter: char) -> Key {
    Key::alt(Code::Char(letter))
}

const fn ctrl_key(code: Code) -> Key {
    Key { code, ctrl: true, alt: false }
}

use Action::{Complete, InputHistory, Neighbor, Page, Row};

/// All bindings. Alt-1 to Alt-9 are only explained here, since their action depends on the digit.
pub static BINDINGS: &[Binding] = &[
    Binding { keys: "Enter", help: "send what you typed", actions: &[(plain(Code::Enter), Action::Submit)] },
    Binding {
        keys: "Alt-Enter, Ctrl-J",
        help: "begin another line of the same message",
        actions: &[(Key::alt(Code::Enter), Action::Edit(Edit::NewLine)), (Key::ctrl('j'), Action::Edit(Edit::NewLine))],
    },
    Binding {
        keys: "Tab, Shift-Tab",
        help: "complete a name, room, path, /command",
        actions: &[(plain(Code::Tab), Complete { back: false }), (plain(Code::BackTab), Complete { back: true })],
    },
    Binding {
        keys: "↑ ↓",
        help: "the row above or below; from the first and the last one, what you sent before",
        actions: &[(plain(Code::Up), InputHistory { back: true }), (plain(Code::Down), InputHistory { back: false })],
    },
    Binding { keys: "Alt-1 … Alt-9", help: "the first nine conversations of the list", actions: &[] },
    Binding {
        keys: "Alt-↑ ↓, Ctrl-P N",
        help: "the conversation above or below",
        actions: &[
            (Key::alt(Code::Up), Neighbor { forward: false }),
            (Key::alt(Code::Down), Neighbor { forward: true }),
            (Key::ctrl('p'), Neighbor { forward: false }),
            (Key::ctrl('n'), Neighbor { forward: true }),
        ],
    },
    Binding {
        keys: "Alt-a",
        help: "the next conversation with something new, first where you are named",
        actions: &[(alt('a'), Action::NextUnread)],
    },
    Binding { keys: "Alt-m", help: "where you were named, and back", actions: &[(alt('m'), Action::Mentions)] },
    Binding {
        keys: "PgUp PgDn",
        help: "read back and forth; at the beginning the server is asked for more",
        actions: &[
            (plain(Code::PageUp), Page { back: true }),
            (plain(Code::PageDown), Page { back: false }),
            (Key::alt(Code::Char('v')), Page { back: true }),
        ],
    },
    Binding {
        keys: "Ctrl-↑ ↓",
        help: "read back and forth, one row",
        actions: &[(ctrl_key(Code::Up), Row { back: true }), (ctrl_key(Code::Down), Row { back: false })],
    },
    Binding {
        keys: "Alt-Home, Alt-End",
        help: "the first and the last line; Esc also goes to the last one",
        actions: &[
            (Key::alt(Code::Home), Action::FirstLine),
            (Key::alt(Code::End), Action::End),
            (ctrl_key(Code::Home), Action::FirstLine),
            (ctrl_key(Code::End), Action::End),
            (plain(Code::Escape), Action::Escape),
        ],
    },
    Binding {
        keys: "← → Home End",
        help: "move in the line; with Ctrl or Alt by words; Ctrl-A and Ctrl-E to its ends",
        actions: &[
            (plain(Code::Left), Action::Edit(Edit::Left)),
            (plain(Code::Right), Action::Edit(Edit::Right)),
            (Key::ctrl('b'), Action::Edit(Edit::Left)),
            (Key::ctrl('f'), Action::Edit(Edit::Right)),
            (ctrl_key(Code::Left), Action::Edit(Edit::WordLeft)),
            (ctrl_key(Code::Right), Action::Edit(Edit::WordRight)),
            (Key::alt(Code::Left), Action::Edit(Edit::WordLeft)),
            (Key::alt(Code::Right), Action::Edit(Edit::WordRight)),
            (alt('b'), Action::Edit(Edit::WordLeft)),
            (alt('f'), Action::Edit(Edit::WordRight)),
            (plain(Code::Home), Action::Edit(Edit::Home)),
            (plain(Code::End), Action::Edit(Edit::End)),
            (Key::ctrl('a'), Action::Edit(Edit::Home)),
            (Key::ctrl('e'), Action::Edit(Edit::End)),
        ],
    },
    Binding {
        keys: "Ctrl-W U K Y",
        help: "cut a word, all before, all behind the cursor; put it back",
        actions: &[
            (plain(Code::Backspace), Action::Edit(Edit::Backspace)),
            (Key::ctrl('h'), Action::Edit(Edit::Backspace)),
            (plain(Code::Delete), Action::Edit(Edit::Delete)),
            (Key::ctrl('d'), Action::Edit(Edit::Delete)),
            (Key::ctrl('w'), Action::Edit(Edit::KillWord)),
            (Key::alt(Code::Backspace), Action::Edit(Edit::KillWord)),
            (Key::ctrl('u'), Action::Edit(Edit::KillToStart)),
            (Key::ctrl('k'), Action::Edit(Edit::KillToEnd)),
            (Key::ctrl('y'), Action::Edit(Edit::Yank)),
        ],
    },
    Binding { keys: "Ctrl-L", help: "redraw the screen", actions: &[(Key::ctrl('l'), Action::Repaint)] },
    Binding { keys: "Ctrl-R", help: "connect at once", actions: &[(Key::ctrl('r'), Action::Reconnect)] },
    Binding { keys: "Ctrl-Z", help: "suspend; fg resumes", actions: &[(Key::ctrl('z'), Action::Suspend)] },
    Binding {
        keys: "Ctrl-C",
        help: "clear the line; leave if it is empty",
        actions: &[(Key::ctrl('c'), Action::Interrupt)],
    },
    Binding {
        keys: "Alt-e",
        help: "change your newest message in the room; Esc keeps it",
        actions: &[(alt('e'), Action::EditNewest)],
    },
    Binding {
        keys: "F2, Alt-u",
        help: "choose a user: write, give the floor, mute, kick, remove, …",
        actions: &[(plain(Code::F(2)), Action::UserMenu), (alt('u'), Action::UserMenu)],
    },
    Binding {
        keys: "F3, Alt-r",
        help: "the room: raised hands, quiet, slow, topic, take back, …",
        actions: &[(plain(Code::F(3)), Action::RoomMenu), (alt('r'), Action::RoomMenu)],
    },
    Binding { keys: "F1", help: "this help", actions: &[(plain(Code::F(1)), Action::Help)] },
];

/// Returns the action of a key, if it has one.
#[must_use]
pub fn action_of(key: Key) -> Option<Action> {
    let all = BINDINGS.iter().flat_map(|binding| binding.actions);
    all.into_iter().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
}

/// Returns the index of the conversation that Alt-1 to Alt-9 show.
#[must_use]
pub fn conversation_number(key: Key) -> Option<usize> {
    match key {
        Key { code: Code::Char(digit @ '1'..='9'), alt: true, ctrl: false } => Some(digit as usize - '1' as usize),
        _ => None,
    }
}

/// Returns whether a key shows another conversation.
#[must_use]
pub fn changes_view(key: Key) -> bool {
    let action = action_of(key);
    matches!(action, Some(Neighbor { .. } | Action::NextUnread | Action::Mentions))
        || conversation_number(key).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_action_and_no_character_is_bound() {
        let all: Vec<Key> = BINDINGS.iter().flat_map(|b| b.actions).map(|(key, _)| *key).collect();
        for (at, key) in all.iter().enumerate() {
            assert!(!all[..at].contains(key), "{key:?}");
            assert!(!matches!(key, Key { code: Code::Char(_), ctrl: false, alt: false }), "{key:?} types itself");
        }
    }
}
