//! Commands for talk, rooms and users.

use crate::command::args::Field::{After, Key, Room, Seconds, Text, To};
use crate::command::object::EVERYBODY;
use crate::command::spec::{Audience, CommandSpec, LIST, SPEC, forms};
use crate::command::{Command, HOORAY};

pub(super) static TALK: &[CommandSpec] = &[
    CommandSpec {
        usage: "/say TEXT",
        help: "send TEXT as it is, even if it starts with /; so does //TEXT",
        in_room: true,
        required: &[Text],
        forms: forms!["/say" Text],
        build: |a| match a.room {
            Some(EVERYBODY) => Command::All(a.text()),
            Some(room) => Command::SayIn { room, text: a.text() },
            None => Command::Say(a.text()),
        },
        ..SPEC
    },
    CommandSpec {
        usage: "/me TEXT",
        help: "say what you do: /me waves is shown as * alice waves",
        required: &[Text],
        is_talk: true,
        forms: forms!["/me" Text],
        build: |a| Command::Say(a.text()),
        ..SPEC
    },
    CommandSpec {
        usage: "/all TEXT",
        also: "broadcast TEXT, bdct txt TEXT",
        help: "send TEXT to all users online, whatever their room",
        required: &[Text],
        forms: forms!["/all" Text, "bdct txt" Text, "broadcast" Text],
        build: |a| Command::All(a.text()),
        ..SPEC
    },
    CommandSpec {
        usage: "/hooray",
        help: "cheer, in your current room",
        runs_once: true,
        in_room: true,
        forms: forms!["/hooray" Nothing],
        build: |a| match a.room {
            Some(room) => Command::SayIn { room, text: HOORAY },
            None => Command::Hooray,
        },
        ..SPEC
    },
];

pub(super) static ROOMS: &[CommandSpec] = &[
    CommandSpec {
        usage: "/join ROOM [KEY]",
        help: "go into a room (opened if it is new) and make it your current one; KEY is its key word, if it has one; also /j",
        required: &[Room],
        optional: &[Key],
        forms: forms!["/join" WordMaybeWord],
        build: |a| match a.key {
            Some(key) => Command::JoinWithKey { room: a.room(), key },
            None => Command::Join(a.room()),
        },
        ..SPEC
    },
    CommandSpec {
        usage: "/leave [ROOM]",
        help: "leave a room (the current one without a name); also /part",
        in_room: true,
        optional: &[Room],
        forms: forms!["/leave" MaybeWord],
        build: |a| Command::Leave(a.room),
        ..SPEC
    },
    CommandSpec {
        usage: "/rooms [after NAME]",
        help: "list the rooms and how many users are in them; also /list",
        forms: forms!["/rooms" MaybeAfter],
        build: |a| Command::Rooms { after: a.after },
        ..LIST
    },
    CommandSpec {
        usage: "/link [ROOM]",
        help: "show the address of the web page in a room (the current one without a name), with its QR code for phones; also /qr",
        is_question: true,
        in_room: true,
        optional: &[Room],
        forms: forms!["/link" MaybeWord],
        build: |a| Command::Link(a.room),
        ..SPEC
    },
    CommandSpec {
        usage: "/who [ROOM] [after NAME]",
        help: "list who is in a room, or who is online; also /names",
        optional: &[Room, After],
        forms: forms!["/who" MaybeWordAfter],
        build: |a| match a.room {
            Some(room) => Command::Members { room, after: a.after },
            None => Command::Online { after: a.after },
        },
        ..LIST
    },
];

pub(super) static USERS: &[CommandSpec] = &[
    CommandSpec {
        usage: "/users [after NAME]",
        also: "online clients",
        help: "list who is online",
        forms: forms!["/users" MaybeAfter, "online clients" Nothing],
        build: |a| Command::Online { after: a.after },
        ..LIST
    },
    CommandSpec {
        usage: "/members",
        help: "list who is online; in a mesh, with addresses and the fingerprints of their keys",
        is_question: true,
        audience: Audience::Mesh,
        forms: forms!["/members" Nothing],
        build: |_| Command::OnlineDetails,
        ..SPEC
    },
    CommandSpec {
        usage: "/others [after NAME]",
        also: "whoelse",
        help: "list the others online",
        forms: forms!["/others" MaybeAfter, "whoelse" Nothing],
        build: |a| Command::Others { after: a.after },
        ..LIST
    },
    CommandSpec {
        usage: "/since SECONDS [after NAME]",
        also: "whoelsesince SECONDS",
        help: "list who was online in the last SECONDS",
        required: &[Seconds],
        forms: forms!["/since" NumberAfter, "whoelsesince" Number],
        build: |a| Command::Since { seconds: a.seconds.unwrap_or_default(), after: a.after },
        ..LIST
    },
    CommandSpec {
        usage: "/nick NAME",
        help: "take another name, as a guest; what holds for you by the earlier one still does",
        required: &[To],
        forms: forms!["/nick" Word],
        build: |a| Command::Nick(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/away [TEXT]",
        help: "tell users who write to you that you are away; alone, or with your next message, you are here again",
        optional: &[Text],
        forms: forms!["/away" MaybeText],
        build: |a| Command::Away(a.text),
        ..SPEC
    },
    CommandSpec {
        usage: "/whois USER",
        help: "tell of a user: guest or account, since when, idle for how long, away, in which rooms",
        is_question: true,
        required: &[To],
        forms: forms!["/whois" Word],
        build: |a| Command::Whois(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/block [USER | after NAME]",
        also: "block USER",
        help: "stop hearing a user, also one who has just left; alone: list the users you block. Also /ignore",
        optional: &[To, After],
        forms: forms!["/block" MaybeWordOrAfter, "block" Word],
        build: |a| match a.to {
            Some(user) => Command::Block(user),
            None => Command::Blocked { after: a.after },
        },
        ..SPEC
    },
    CommandSpec {
        usage: "/unblock USER",
        also: "unblock USER",
        help: "hear a user again; also /unignore",
        required: &[To],
        forms: forms!["/unblock" Word, "unblock" Word],
        build: |a| Command::Unblock(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/trust USER",
        help: "in a mesh: take the changed key of a user for the right one",
        required: &[To],
        audience: Audience::Mesh,
        forms: forms!["/trust" Word],
        build: |a| Command::Trust(a.to()),
        ..SPEC
    },
];
