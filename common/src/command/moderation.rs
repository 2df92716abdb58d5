//! Commands of those who run a room or the server, of users who ask for the floor, and of authors who take a message back.

use super::args::Arguments;

/// The message that a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRef<'a> {
    /// The newest one: of the sender, or (to pin it) of the room.
    Newest,
    /// The one with this id.
    Id(u64),
    /// The newest one of this user.
    OfUser(&'a str),
}

/// A command about a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomAction<'a> {
    /// Show the room's rules: owners, topic, what is closed to whom.
    Rules,
    /// Set the topic; without a text, remove it.
    Topic(Option<&'a str>),
    /// Take a user out of the room.
    Kick {
        /// The user.
        user: &'a str,
        /// Shown to the user and the room.
        reason: Option<&'a str>,
    },
    /// Let a user speak no more in the room.
    Mute {
        /// The user.
        user: &'a str,
        /// Until then; without it, until `/unmute`.
        minutes: Option<u64>,
    },
    /// Let a muted user speak again.
    Unmute(&'a str),
    /// Keep a user out of the room.
    Ban {
        /// The user.
        user: &'a str,
        /// Until then; without it, until `/unban`.
        minutes: Option<u64>,
    },
    /// Let a banned user in again.
    Unban(&'a str),
    /// Make a user an owner of the room.
    Op(&'a str),
    /// Take the ownership of the room from a user.
    Deop(&'a str),
    /// Let a user enter a room that is closed, or has a key word.
    Invite(&'a str),
    /// Open the room to every user, or to invited ones only.
    Open(bool),
    /// Set the key word that newcomers must know; without one, remove it.
    Key(Option<&'a str>),
    /// Seconds between two messages of a user; 0 ends slow mode.
    Slow(u64),
    /// Let only owners and users with the floor speak, or all.
    Quiet(bool),
    /// Raise one's hand, with what it is about.
    Hand(Option<&'a str>),
    /// Show the raised hands.
    Hands,
    /// Give a user the floor; without a name, the one whose hand is first.
    Floor {
        /// The user.
        user: Option<&'a str>,
        /// Until then; without it, for one message.
        minutes: Option<u64>,
    },
    /// Remove a message.
    Delete {
        /// The message.
        message: MessageRef<'a>,
        /// With a user: all messages of so many minutes.
        minutes: Option<u64>,
    },
    /// Replace the text of the sender's newest message.
    Edit {
        /// The new text.
        text: &'a str,
        /// The message that the sender takes for the newest one; in command objects only.
        id: Option<u64>,
    },
    /// Keep a message on top of the room.
    Pin(MessageRef<'a>),
    /// Keep no message on top.
    Unpin,
    /// Show the messages of the room from its first one on, or after an id.
    Transcript {
        /// The id.
        after: Option<u64>,
    },
}

/// A command about the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction<'a> {
    /// Become an owner of the server, by the code of its banner.
    Claim(&'a str),
    /// Let guests send messages of one user to another to all users, or to owners only.
    Whispers {
        /// Owners only.
        owners_only: bool,
    },
    /// Take newcomers, or only users who were inside.
    Doors {
        /// Newcomers may come in.
        open: bool,
    },
    /// Keep a user out of the server.
    Expel {
        /// The user.
        user: &'a str,
        /// Until then; without it, until `/unban … everywhere`.
        minutes: Option<u64>,
    },
    /// Let an expelled user in again.
    Readmit(&'a str),
}

impl<'a> MessageRef<'a> {
    /// The message that the arguments name.
    pub(super) fn of(args: &Arguments<'a>) -> MessageRef<'a> {
        match (args.id, args.to) {
            (Some(id), _) => MessageRef::Id(id),
            (None, Some(user)) => MessageRef::OfUser(user),
            (None, None) => MessageRef::Newest,
        }
    }

    fn arguments(self, none: Arguments<'a>) -> Arguments<'a> {
        match self {
            MessageRef::Newest => none,
            MessageRef::Id(id) => Arguments { id: Some(id), ..none },
            MessageRef::OfUser(user) => Arguments { to: Some(user), ..none },
        }
    }
}

impl<'a> RoomAction<'a> {
    pub(super) fn parts(&self, room: Option<&'a str>) -> (&'static str, Arguments<'a>) {
        let none = Arguments { room, ..Arguments::default() };
        let of_user = |user: &'a str| Arguments { to: Some(user), ..none };
        match *self {
            RoomAction::Rules => ("rules", none),
            RoomAction::Topic(text) => ("topic", Arguments { text, ..none }),
            RoomAction::Kick { user, reason } => ("kick", Arguments { text: reason, ..of_user(user) }),
            RoomAction::Mute { user, minutes } => ("mute", Arguments { minutes, ..of_user(user) }),
            RoomAction::Unmute(user) => ("unmute", of_user(user)),
            RoomAction::Ban { user, minutes } => ("ban", Arguments { minutes, ..of_user(user) }),
            RoomAction::Unban(user) => ("unban", of_user(user)),
            RoomAction::Op(user) => ("op", of_user(user)),
            RoomAction::Deop(user) => ("deop", of_user(user)),
            RoomAction::Invite(user) => ("invite", of_user(user)),
            RoomAction::Open(open) => ("open", Arguments { choice: Some(open), ..none }),
            RoomAction::Key(key) => ("key", Arguments { key, ..none }),
            RoomAction::Slow(seconds) => ("slow", Arguments { seconds: Some(seconds), ..none }),
            RoomAction::Quiet(quiet) => ("quiet", Arguments { choice: Some(quiet), ..none }),
            RoomAction::Hand(text) => ("hand", Arguments { text, ..none }),
            RoomAction::Hands => ("hands", none),
            RoomAction::Floor { user, minutes } => ("floor", Arguments { to: user, minutes, ..none }),
            RoomAction::Delete { message, minutes } => ("delete", Arguments { minutes, ..message.arguments(none) }),
            RoomAction::Edit { text, id } => ("edit", Arguments { text: Some(text), id, ..none }),
            RoomAction::Pin(message) => ("pin", message.arguments(none)),
            RoomAction::Unpin => ("unpin", none),
            RoomAction::Transcript { after } => ("transcript", Arguments { after_id: after, ..none }),
        }
    }
}

impl<'a> ServerAction<'a> {
    pub(super) fn parts(&self) -> (&'static str, Arguments<'a>) {
        let none = Arguments::default();
        match *self {
            ServerAction::Claim(code) => ("claim", Arguments { token: Some(code), ..none }),
            ServerAction::Whispers { owners_only } => ("whispers", Arguments { choice: Some(owners_only), ..none }),
            ServerAction::Doors { open } => ("doors", Arguments { choice: Some(open), ..none }),
            ServerAction::Expel { user, minutes } => {
                ("ban", Arguments { to: Some(user), minutes, everywhere: true, ..none })
            }
            ServerAction::Readmit(user) => ("unban", Arguments { to: Some(user), everywhere: true, ..none }),
        }
    }
}
