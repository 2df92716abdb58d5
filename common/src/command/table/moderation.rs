//! Commands for those who run a room or the server, and for the floor.

use crate::command::args::Field::{AfterId, Choice, Everywhere, Id, Key, Minutes, Seconds, Text, To, Token};
use crate::command::spec::{CommandSpec, SPEC, forms};
use crate::command::{Command, MessageRef, RoomAction, ServerAction};

/// A command about the current room, or a named one.
const ROOM: CommandSpec = CommandSpec { in_room: true, ..SPEC };

pub(super) static RUN_ROOM: &[CommandSpec] = &[
    CommandSpec {
        usage: "/rules",
        help: "show who runs the current room, and who may enter and speak",
        is_question: true,
        forms: forms!["/rules" Nothing],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Rules },
        ..ROOM
    },
    CommandSpec {
        usage: "/topic [TEXT]",
        help: "owners: set the topic of the current room; without a text, remove it",
        optional: &[Text],
        forms: forms!["/topic" MaybeText],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Topic(a.text) },
        ..ROOM
    },
    CommandSpec {
        usage: "/kick USER [REASON]",
        help: "owners: take a user out of the current room",
        required: &[To],
        optional: &[Text],
        forms: forms!["/kick" WordMaybeText],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Kick { user: a.to(), reason: a.text } },
        ..ROOM
    },
    CommandSpec {
        usage: "/mute USER [MINUTES]",
        help: "owners: let a user read but not speak, for some minutes or until /unmute",
        required: &[To],
        optional: &[Minutes],
        forms: forms!["/mute" UserTime],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Mute { user: a.to(), minutes: a.minutes } },
        ..ROOM
    },
    CommandSpec {
        usage: "/unmute USER",
        help: "owners: let a muted user speak again",
        required: &[To],
        forms: forms!["/unmute" Word],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Unmute(a.to()) },
        ..ROOM
    },
    CommandSpec {
        usage: "/ban USER [MINUTES] [everywhere]",
        help: "owners: keep a user out of the room, for some minutes or until /unban; everywhere: out of the server, \
               for its owners",
        required: &[To],
        optional: &[Minutes, Everywhere],
        forms: forms!["/ban" UserTime],
        build: |a| match a.everywhere {
            true => Command::OnServer(ServerAction::Expel { user: a.to(), minutes: a.minutes }),
            false => Command::InRoom { room: a.room, action: RoomAction::Ban { user: a.to(), minutes: a.minutes } },
        },
        ..ROOM
    },
    CommandSpec {
        usage: "/unban USER [everywhere]",
        help: "owners: let a banned user in again",
        required: &[To],
        optional: &[Everywhere],
        forms: forms!["/unban" UserTime],
        build: |a| match a.everywhere {
            true => Command::OnServer(ServerAction::Readmit(a.to())),
            false => Command::InRoom { room: a.room, action: RoomAction::Unban(a.to()) },
        },
        ..ROOM
    },
    CommandSpec {
        usage: "/op USER",
        help: "owners: make a user an owner of the current room, too",
        required: &[To],
        forms: forms!["/op" Word],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Op(a.to()) },
        ..ROOM
    },
    CommandSpec {
        usage: "/deop USER",
        help: "owners: take the ownership of the current room from a user",
        required: &[To],
        forms: forms!["/deop" Word],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Deop(a.to()) },
        ..ROOM
    },
    CommandSpec {
        usage: "/invite USER",
        help: "owners: let a user enter the current room although it is closed or has a key word",
        required: &[To],
        forms: forms!["/invite" Word],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Invite(a.to()) },
        ..ROOM
    },
    CommandSpec {
        usage: "/open on|off",
        help: "owners: off lets only invited users enter the current room",
        required: &[Choice],
        forms: forms!["/open" Choice],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Open(a.choice == Some(true)) },
        ..ROOM
    },
    CommandSpec {
        usage: "/key [WORD]",
        help: "owners: set a key word that users need to enter the current room (/join ROOM WORD); without one, remove it",
        optional: &[Key],
        forms: forms!["/key" MaybeWord],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Key(a.key) },
        ..ROOM
    },
    CommandSpec {
        usage: "/slow SECONDS",
        help: "owners: let each user say one message in so many seconds; 0 or off ends that",
        required: &[Seconds],
        forms: forms!["/slow" Number],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Slow(a.seconds.unwrap_or_default()) },
        ..ROOM
    },
];

pub(super) static FLOOR: &[CommandSpec] = &[
    CommandSpec {
        usage: "/quiet on|off",
        help: "owners: on lets only owners and users with the floor speak",
        required: &[Choice],
        forms: forms!["/quiet" Choice],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Quiet(a.choice == Some(true)) },
        ..ROOM
    },
    CommandSpec {
        usage: "/hand [TEXT]",
        help: "raise your hand, with a word on what it is about; once more takes it down",
        optional: &[Text],
        runs_once: true,
        forms: forms!["/hand" MaybeText],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Hand(a.text) },
        ..ROOM
    },
    CommandSpec {
        usage: "/hands",
        help: "show the raised hands in their order",
        is_question: true,
        forms: forms!["/hands" Nothing],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Hands },
        ..ROOM
    },
    CommandSpec {
        usage: "/floor [USER] [MINUTES]",
        help: "owners: let a user speak once, or for some minutes, 0 takes the floor back; alone: the user whose hand is first",
        optional: &[To, Minutes],
        forms: forms!["/floor" MaybeUserTime],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Floor { user: a.to, minutes: a.minutes } },
        ..ROOM
    },
];

pub(super) static TAKE_BACK: &[CommandSpec] = &[
    CommandSpec {
        usage: "/delete [ID | USER [MINUTES]]",
        help: "remove your newest message in the current room, or the one with an ID, for 10 minutes; owners: any \
               message by its ID (/transcript shows it), a user's newest one, or a user's last MINUTES",
        optional: &[Id, To, Minutes],
        runs_once: true,
        forms: forms!["/delete" MaybeMessage],
        build: |a| Command::InRoom {
            room: a.room,
            action: RoomAction::Delete { message: MessageRef::of(&a), minutes: a.minutes },
        },
        ..ROOM
    },
    CommandSpec {
        usage: "/edit TEXT",
        help: "replace your newest message in the current room by TEXT, for 10 minutes",
        required: &[Text],
        optional: &[Id],
        runs_once: true,
        forms: forms!["/edit" Text],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Edit { text: a.text(), id: a.id } },
        ..ROOM
    },
    CommandSpec {
        usage: "/pin [ID | USER]",
        help: "owners: keep a message on top of the current room: the newest one, that of an ID, or a user's newest one",
        optional: &[Id, To],
        runs_once: true,
        forms: forms!["/pin" MaybeMessage],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Pin(MessageRef::of(&a)) },
        ..ROOM
    },
    CommandSpec {
        usage: "/unpin",
        help: "owners: keep no message on top of the current room",
        forms: forms!["/unpin" Nothing],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Unpin },
        ..ROOM
    },
    CommandSpec {
        usage: "/transcript [after ID]",
        help: "owners: show the messages of the current room from its first one on, each with its ID",
        is_question: true,
        optional: &[AfterId],
        forms: forms!["/transcript" MaybeAfterId],
        build: |a| Command::InRoom { room: a.room, action: RoomAction::Transcript { after: a.after_id } },
        ..ROOM
    },
];

pub(super) static RUN_SERVER: &[CommandSpec] = &[
    CommandSpec {
        usage: "/claim CODE",
        help: "become an owner of this server, by the code that its operator sees at its start or by /code",
        required: &[Token],
        runs_once: true,
        forms: forms!["/claim" Word],
        build: |a| Command::OnServer(ServerAction::Claim(a.token.unwrap_or_default())),
        ..SPEC
    },
    CommandSpec {
        usage: "/whispers all|owners",
        help: "server owners: to whom guests may send messages of one user to another",
        required: &[Choice],
        forms: forms!["/whispers" Choice],
        choice: ["owners", "all"],
        build: |a| Command::OnServer(ServerAction::Whispers { owners_only: a.choice == Some(true) }),
        ..SPEC
    },
    CommandSpec {
        usage: "/doors open|closed",
        help: "server owners: closed lets no newcomers in; users who were inside may come back",
        required: &[Choice],
        forms: forms!["/doors" Choice],
        choice: ["open", "closed"],
        build: |a| Command::OnServer(ServerAction::Doors { open: a.choice == Some(true) }),
        ..SPEC
    },
];
