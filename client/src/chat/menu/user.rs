//! The menu about a user: the table of what can be done, and for whom.

use super::{Choice, Menu, MenuRow, Subject};
use landline_common::clean::flatten;
use landline_common::command::{Command, MessageRef, RoomAction, ServerAction};

/// Minutes of a short mute.
const SHORT_MUTE: u64 = 10;
/// Minutes of messages that are removed at once.
const RECENT: u64 = 10;

/// An action on a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the actions are what their names say")]
pub enum UserAct {
    Message,
    Whois,
    Floor,
    FloorBack,
    ShortMute,
    Mute,
    Unmute,
    Remove,
    RemoveRecent,
    Pin,
    Kick,
    Ban,
    Unban,
    Expel,
    Own,
    Disown,
    Invite,
    Block,
}

/// What the client knows about the user when the menu opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The menu is about a room that this program's user runs.
    pub may_run: bool,
    /// This program's user is an owner of the server.
    pub owns_server: bool,
    /// The room is quiet.
    pub in_quiet_room: bool,
    /// The user is in the room.
    pub is_member: bool,
    /// The user is an owner of the room.
    pub is_owner: bool,
    /// The user is an owner of the server, whom no user can silence.
    pub is_server_owner: bool,
    /// The user has the floor.
    pub has_floor: bool,
    /// The user is muted in the room.
    pub is_muted: bool,
    /// The user may not enter the room.
    pub is_banned: bool,
    /// A message of the user in the room is shown.
    pub has_message: bool,
    /// There is no server, so no user can be blocked.
    pub in_mesh: bool,
}

impl About {
    /// Returns whether an owner may silence or remove the user.
    fn may_silence(&self) -> bool {
        self.may_run && !self.is_server_owner
    }
}

/// A row of the table. In `hint`, `USER` stands for the name.
struct UserRow {
    act: UserAct,
    key: char,
    label: &'static str,
    hint: &'static str,
    is_shown: fn(&About) -> bool,
}

static ROWS: &[UserRow] = &[
    UserRow { act: UserAct::Message, key: 'p', label: "write a message", hint: "", is_shown: |_| true },
    UserRow {
        act: UserAct::Whois,
        key: 'w',
        label: "who is it?",
        hint: "account, rooms, time online",
        is_shown: |about| !about.in_mesh,
    },
    UserRow {
        act: UserAct::Floor,
        key: 'f',
        label: "give the floor",
        hint: "for one message; /floor USER 10 for ten minutes",
        is_shown: |about| {
            about.may_silence() && about.in_quiet_room && about.is_member && !about.is_owner && !about.has_floor
        },
    },
    UserRow {
        act: UserAct::FloorBack,
        key: 'F',
        label: "take the floor back",
        hint: "USER may raise a hand again",
        is_shown: |about| about.may_run && about.in_quiet_room && about.has_floor,
    },
    UserRow {
        act: UserAct::ShortMute,
        key: 'm',
        label: "mute for 10 min",
        hint: "/unmute USER takes it back",
        is_shown: |about| about.may_silence() && !about.is_muted,
    },
    UserRow {
        act: UserAct::Mute,
        key: 'M',
        label: "mute until unmuted",
        hint: "/unmute USER takes it back",
        is_shown: |about| about.may_silence() && !about.is_muted,
    },
    UserRow {
        act: UserAct::Unmute,
        key: 'u',
        label: "unmute",
        hint: "USER may speak again",
        is_shown: |about| about.may_run && about.is_muted,
    },
    UserRow {
        act: UserAct::Remove,
        key: 'r',
        label: "remove the message",
        hint: "",
        is_shown: |about| about.may_run && about.has_message,
    },
    UserRow {
        act: UserAct::RemoveRecent,
        key: 'R',
        label: "remove all messages",
        hint: "of the last 10 min, for good",
        is_shown: |about| about.may_run && about.has_message,
    },
    UserRow {
        act: UserAct::Pin,
        key: 't',
        label: "pin the message",
        hint: "on top of the room; /unpin takes it down",
        is_shown: |about| about.may_run && about.has_message,
    },
    UserRow {
        act: UserAct::Kick,
        key: 'k',
        label: "kick",
        hint: "out of the room; USER may come back",
        is_shown: |about| about.may_silence() && about.is_member,
    },
    UserRow {
        act: UserAct::Ban,
        key: 'b',
        label: "ban from this room",
        hint: "for good; /unban USER takes it back",
        is_shown: |about| about.may_silence() && !about.is_banned,
    },
    UserRow {
        act: UserAct::Unban,
        key: 'n',
        label: "unban",
        hint: "USER may come back",
        is_shown: |about| about.may_run && about.is_banned,
    },
    UserRow {
        act: UserAct::Expel,
        key: 'B',
        label: "ban from this server",
        hint: "for good; /unban USER everywhere takes it back",
        is_shown: |about| about.owns_server && !about.is_server_owner,
    },
    UserRow {
        act: UserAct::Own,
        key: 'o',
        label: "make an owner",
        hint: "/deop USER takes it back",
        is_shown: |about| about.may_run && !about.is_owner,
    },
    UserRow {
        act: UserAct::Disown,
        key: 'd',
        label: "take the ownership",
        hint: "/op USER gives it back",
        is_shown: |about| about.may_run && about.is_owner,
    },
    UserRow {
        act: UserAct::Invite,
        key: 'i',
        label: "invite",
        hint: "USER may enter, whatever is closed",
        is_shown: |about| about.may_run && !about.is_member,
    },
    UserRow {
        act: UserAct::Block,
        key: 'x',
        label: "block",
        hint: "you see nothing more; /unblock USER takes it back",
        is_shown: |about| !about.in_mesh,
    },
];

/// Creates the menu about a user, in `room` if it is about a room. `message` has id and text of the user's newest one.
#[must_use]
pub fn user(user: &str, room: Option<&str>, about: &About, message: Option<(u64, &str)>) -> Menu {
    let text = message.map_or(String::new(), |(_, text)| flatten(text).into_owned());
    let rows = ROWS.iter().filter(|row| (row.is_shown)(about)).map(|row| MenuRow {
        key: Some(row.key),
        label: row.label.to_owned(),
        hint: if row.act == UserAct::Remove { text.clone() } else { row.hint.replace("USER", user) },
        choice: Choice::Act(row.act),
    });
    let place = room.map_or(String::new(), |room| format!(" in {room}"));
    let message = message.map(|(id, _)| id);
    let subject = Subject::User { user: user.into(), room: room.map(Into::into), message };
    Menu::new(subject, format!(" {user}{place} "), rows.collect())
}

impl UserAct {
    /// Returns the command for the server, about the user or the user's `message`. `None` for a message, which the user
    /// writes first, and for an action that lacks its room or message.
    #[must_use]
    pub fn command<'a>(self, user: &'a str, room: Option<&'a str>, message: Option<u64>) -> Option<Command<'a>> {
        let action = match self {
            UserAct::Message => return None,
            UserAct::Whois => return Some(Command::Whois(user)),
            UserAct::Block => return Some(Command::Block(user)),
            UserAct::Expel => return Some(Command::OnServer(ServerAction::Expel { user, minutes: None })),
            UserAct::FloorBack => RoomAction::Floor { user: Some(user), minutes: Some(0) },
            UserAct::Floor => RoomAction::Floor { user: Some(user), minutes: None },
            UserAct::ShortMute => RoomAction::Mute { user, minutes: Some(SHORT_MUTE) },
            UserAct::Mute => RoomAction::Mute { user, minutes: None },
            UserAct::Unmute => RoomAction::Unmute(user),
            UserAct::Remove => RoomAction::Delete { message: MessageRef::Id(message?), minutes: None },
            UserAct::RemoveRecent => RoomAction::Delete { message: MessageRef::OfUser(user), minutes: Some(RECENT) },
            UserAct::Pin => RoomAction::Pin(MessageRef::Id(message?)),
            UserAct::Kick => RoomAction::Kick { user, reason: None },
            UserAct::Ban => RoomAction::Ban { user, minutes: None },
            UserAct::Unban => RoomAction::Unban(user),
            UserAct::Own => RoomAction::Op(user),
            UserAct::Disown => RoomAction::Deop(user),
            UserAct::Invite => RoomAction::Invite(user),
        };
        room.map(|room| Command::InRoom { room: Some(room), action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(about: About) -> String {
        user("bob", Some("ops"), &about, None).visible().filter_map(|(row, _)| row.key).collect()
    }

    #[test]
    fn rows_are_those_that_the_user_may_do() {
        let member = About { is_member: true, ..About::default() };
        let run = About { may_run: true, ..member };
        assert_eq!(keys(member), "pwx");
        assert_eq!(keys(About { in_mesh: true, ..member }), "p");
        assert_eq!(keys(run), "pwmMkbox");
        assert_eq!(keys(About { in_quiet_room: true, ..run }), "pwfmMkbox");
        assert_eq!(keys(About { has_message: true, ..run }), "pwmMrRtkbox");
        assert_eq!(keys(About { has_message: true, ..member }), "pwx");
        assert_eq!(keys(About { is_muted: true, ..run }), "pwukbox");
        assert_eq!(keys(About { is_owner: true, in_quiet_room: true, ..run }), "pwmMkbdx");
        assert_eq!(keys(About { is_member: false, is_banned: true, ..run }), "pwmMnoix");
        assert_eq!(keys(About { in_quiet_room: true, has_floor: true, ..run }), "pwFmMkbox");
        assert_eq!(keys(About { owns_server: true, ..run }), "pwmMkbBox");
        assert_eq!(keys(About { owns_server: true, is_server_owner: true, ..run }), "pwox", "another owner");
    }

    #[test]
    fn each_act_names_user_and_room() {
        for row in ROWS {
            let command = row.act.command("bob", Some("ops"), Some(7));
            match row.act {
                UserAct::Message => assert_eq!(command, None),
                UserAct::Whois => assert_eq!(command, Some(Command::Whois("bob"))),
                UserAct::Block => assert_eq!(command, Some(Command::Block("bob"))),
                UserAct::Expel => assert_eq!(command.unwrap().to_string(), "/ban bob everywhere"),
                act @ (UserAct::Remove | UserAct::Pin) => {
                    assert!(matches!(command, Some(Command::InRoom { room: Some("ops"), .. })), "{act:?}");
                    assert!(command.unwrap().to_string().ends_with(" 7"), "{act:?}");
                    assert_eq!(act.command("bob", Some("ops"), None), None, "never the newest one of that time");
                }
                act => {
                    assert!(matches!(command, Some(Command::InRoom { room: Some("ops"), .. })), "{act:?}");
                    assert!(command.unwrap().to_string().contains(" bob"), "{act:?}");
                    assert_eq!(act.command("bob", None, None), None, "never in the room that happens to be current");
                }
            }
        }
    }

    #[test]
    fn each_key_is_used_once() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(ROWS[..at].iter().all(|other| other.key != row.key), "{}", row.key);
        }
    }
}
