//! Commands for messages and chats of one user with another.

use crate::command::Command;
use crate::command::args::Field::{Addresses, Key, Text, To};
use crate::command::spec::{Audience, CommandSpec, LIST, SPEC, forms};

pub(super) static MESSAGES: &[CommandSpec] = &[
    CommandSpec {
        usage: "/pm USER TEXT",
        also: "message USER TEXT",
        help: "send a message to one user; an account gets it later if it is away. Also /msg, /dm, /w, /tell",
        required: &[To, Text],
        forms: forms!["/pm" WordText, "/msg" WordText, "message" WordText],
        build: |a| Command::Message { to: a.to(), text: a.text() },
        ..SPEC
    },
    CommandSpec {
        usage: "/forget",
        help: "remove the messages between you and single users from the history: sent ones for both sides, received ones for you",
        forms: forms!["/forget" Nothing],
        build: |_| Command::Forget,
        ..SPEC
    },
];

pub(super) static OFF_THE_RECORD: &[CommandSpec] = &[
    CommandSpec {
        usage: "/connect USER",
        also: "connect to USER",
        help: "ask a user for an off-the-record chat, which is stored nowhere",
        required: &[To],
        forms: forms!["/connect" Word, "connect to" Word],
        build: |a| Command::Connect(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/accept [USER]",
        also: "accept connection [USER]",
        help: "accept a request for an off-the-record or an encrypted chat",
        optional: &[To],
        forms: forms!["/accept" MaybeWord, "accept connection" MaybeWord],
        build: |a| Command::Accept(a.to),
        ..SPEC
    },
    CommandSpec {
        usage: "/reject [USER]",
        also: "reject connection [USER]",
        help: "reject a request for an off-the-record or an encrypted chat",
        optional: &[To],
        forms: forms!["/reject" MaybeWord, "reject connection" MaybeWord],
        build: |a| Command::Reject(a.to),
        ..SPEC
    },
    CommandSpec {
        usage: "/private [USER] TEXT",
        also: "private txt [USER] TEXT",
        help: "say something in an off-the-record chat, which is stored nowhere; USER may be left out if only one is open",
        runs_once: true,
        required: &[To, Text],
        forms: forms!["/private" MaybeWordText, "private txt" MaybeWordText],
        build: |a| Command::Private { to: a.to, text: a.text() },
        ..SPEC
    },
    CommandSpec {
        usage: "/chats [after NAME]",
        also: "my private chats",
        help: "list your off-the-record chats",
        forms: forms!["/chats" MaybeAfter, "my private chats" Nothing],
        build: |a| Command::Chats { after: a.after },
        ..LIST
    },
    CommandSpec {
        usage: "/end [USER]",
        also: "end private USER",
        help: "end an off-the-record chat; USER may be left out if only one is open",
        optional: &[To],
        forms: forms!["/end" MaybeWord, "end private" Word],
        build: |a| Command::End(a.to),
        ..SPEC
    },
];

pub(super) static ENCRYPTED: &[CommandSpec] = &[
    CommandSpec {
        usage: "/direct USER",
        also: "startprivate USER",
        help: "ask for an encrypted chat, not via the server",
        required: &[To],
        forms: forms!["/direct" Word, "startprivate" Word],
        build: |a| Command::Direct(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/direct-say USER TEXT",
        also: "private USER TEXT",
        help: "say something in an encrypted chat between two landline programs",
        required: &[To, Text],
        forms: forms!["/direct-say" WordText, "private" WordText],
        build: |a| Command::DirectText { to: a.to(), text: a.text() },
        ..SPEC
    },
    CommandSpec {
        usage: "/direct-stop USER",
        also: "stopprivate USER",
        help: "end an encrypted chat",
        required: &[To],
        forms: forms!["/direct-stop" Word, "stopprivate" Word],
        build: |a| Command::DirectStop(a.to()),
        ..SPEC
    },
    CommandSpec {
        usage: "/direct-key KEY",
        help: "announces a program that can do encrypted chats",
        required: &[Key],
        audience: Audience::Programs,
        forms: forms!["/direct-key" Word],
        build: |a| Command::DirectKey(a.key.unwrap_or_default()),
        ..SPEC
    },
    CommandSpec {
        usage: "/direct-accept USER KEY ADDRESSES",
        help: "accepts an encrypted chat, for programs",
        required: &[To, Key, Addresses],
        audience: Audience::Programs,
        forms: forms!["/direct-accept" ThreeWords],
        build: |a| Command::DirectAccept {
            to: a.to(),
            key: a.key.unwrap_or_default(),
            addresses: a.addresses.unwrap_or_default(),
        },
        ..SPEC
    },
];
