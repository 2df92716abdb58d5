//! Commands for the history, accounts and the program itself.

use crate::command::args::Field::{
    Before, Format as FormatName, History, Password, PasswordChange, Token, Word, Words,
};
use crate::command::spec::{CommandSpec, SPEC, forms};
use crate::command::{Command, Format};

pub(super) static PAST: &[CommandSpec] = &[
    CommandSpec {
        usage: "/history [N | before ID | after ID | unread | with USER]",
        help: "show what was said before in your current room, to all users and in the messages between you and single \
               users; unread: what you missed in that room since your last visit. Off-the-record chats are never stored",
        is_question: true,
        optional: &[History],
        forms: forms!["/history" History],
        build: |a| match a.room {
            Some(room) => Command::HistoryIn { room, ask: a.history.unwrap_or_default() },
            None => Command::History(a.history.unwrap_or_default()),
        },
        ..SPEC
    },
    CommandSpec {
        usage: "/search WORDS",
        help: "search your rooms and the messages between you and single users, newest first; also /find",
        is_question: true,
        required: &[Words],
        optional: &[Before],
        forms: forms!["/search" Search],
        build: |a| Command::Search { words: a.words.unwrap_or_default(), before: a.before },
        ..SPEC
    },
];

pub(super) static ACCOUNT: &[CommandSpec] = &[
    CommandSpec {
        usage: "/register",
        help: "make an account of your name, which is yours from then on; you are asked for a password",
        runs_once: true,
        required: &[Password],
        forms: forms!["/register" Nothing],
        build: |a| Command::Register { password: a.password },
        ..SPEC
    },
    CommandSpec {
        usage: "/password",
        help: "change the password of your account; you are asked for it. Also /passwd",
        runs_once: true,
        required: &[PasswordChange],
        forms: forms!["/password" Nothing],
        build: |a| Command::Password(a.password_change),
        ..SPEC
    },
];

pub(super) static PROGRAM: &[CommandSpec] = &[
    CommandSpec {
        usage: "/help [COMMAND]",
        also: "help",
        help: "explain one command; /help lists the usual ones, /help all every one",
        is_question: true,
        optional: &[Word],
        forms: forms!["/help" MaybeWord, "help" Nothing],
        build: |a| Command::Help(a.command),
        ..SPEC
    },
    CommandSpec {
        usage: "/format json|text",
        also: "format json|text",
        help: "get events as JSON objects, or as lines for people",
        required: &[FormatName],
        forms: forms!["/format" Format, "format" Format],
        build: |a| Command::Format(a.format.unwrap_or(Format::Text)),
        ..SPEC
    },
    CommandSpec {
        usage: "/ping [TOKEN]",
        help: "ask the server for a PONG",
        is_question: true,
        optional: &[Token],
        forms: forms!["/ping" MaybeText],
        build: |a| Command::Ping(a.token),
        ..SPEC
    },
    CommandSpec {
        usage: "/quit",
        also: "exit, logout",
        help: "leave; also /exit, /bye, /logout and /q (which opens no conversation here)",
        forms: forms!["/quit" Nothing, "/exit" Nothing, "/q" Nothing, "/logout" Nothing, "exit" Nothing, "logout" Nothing],
        build: |_| Command::Quit,
        ..SPEC
    },
];
