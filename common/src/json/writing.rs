//! Converts events into objects.

use super::{Remainder, Wire};
use crate::cause::{Cause, CauseKind, Report};
use crate::event::{Event, EventKind, Grant, Part, Text};
use crate::history::Location;
use crate::name::is_of_server;
use crate::text;
use std::borrow::Cow;

fn borrowed<'a>(text: &'a Text<'_>) -> Option<Text<'a>> {
    Some(Cow::Borrowed(&**text))
}

fn borrowed_all<'a>(texts: &'a [Text<'_>]) -> Option<Vec<Text<'a>>> {
    Some(texts.iter().map(|t| Cow::Borrowed(&**t)).collect())
}

impl<'a> From<&'a Event<'_>> for Wire<'a> {
    fn from(event: &'a Event<'_>) -> Wire<'a> {
        let mut wire = Wire::content(event);
        // The answer to `format json` has no time, since clients compare it to the letter.
        if !matches!(event.what, EventKind::Format(_)) {
            wire.ts = Some(event.at.clock().to_string());
            wire.at = Some(event.at.unix_ms);
        }
        if let Some(reply) = &event.reply {
            wire.label = borrowed(&reply.label);
            wire.done = reply.done.then_some(true);
        }
        wire.seq = event.seq;
        wire.nonce = event.nonce.as_ref().and_then(borrowed);
        wire
    }
}

impl<'a> Wire<'a> {
    fn of(r#type: &'static str) -> Wire<'a> {
        Wire { r#type: r#type.into(), ..Wire::default() }
    }

    /// A message with its author, and with `server` if that is the server itself, so that programs need not parse names.
    fn message(user: &'a Text<'_>) -> Wire<'a> {
        Wire { user: borrowed(user), server: is_of_server(user).then_some(true), ..Wire::of("message") }
    }

    /// A system event of this name. `text` is the event as a line of text.
    fn system(name: &'static str, event: &Event<'_>) -> Wire<'a> {
        Wire { event: Some(name.into()), text: Some(text::plain(event).into()), ..Wire::of("system") }
    }

    fn content(event: &'a Event<'_>) -> Wire<'a> {
        match &event.what {
            EventKind::Said { id, room, user, text } => {
                Wire { id: Some(*id), room: borrowed(room), text: borrowed(text), ..Wire::message(user) }
            }
            EventKind::SaidToAll { id, user, text } => {
                Wire { event: Some("all".into()), id: Some(*id), text: borrowed(text), ..Wire::message(user) }
            }
            EventKind::Direct { id, from, text, kept } => Wire {
                id: Some(*id),
                from_user: borrowed(from),
                text: borrowed(text),
                kept: kept.then_some(true),
                ..Wire::of("pm")
            },
            EventKind::Recalled { id, place, user, text } => {
                let wire = match place {
                    Location::Room(room) => Wire { room: borrowed(room), ..Wire::message(user) },
                    Location::Global => Wire::message(user),
                    Location::Direct { to } => {
                        Wire { from_user: borrowed(user), to_user: borrowed(to), ..Wire::of("pm") }
                    }
                };
                Wire { event: Some("history".into()), id: Some(*id), text: borrowed(text), ..wire }
            }
            EventKind::Private { from, text } => Wire {
                event: Some("private".into()),
                from_user: borrowed(from),
                text: borrowed(text),
                ..Wire::of("pm")
            },
            EventKind::DirectTalk { with, own, text } => {
                let wire = Wire { event: Some("direct".into()), text: borrowed(text), ..Wire::of("pm") };
                if *own { Wire { to_user: borrowed(with), ..wire } } else { Wire { from_user: borrowed(with), ..wire } }
            }
            EventKind::Ask(text) => Wire { text: borrowed(text), ..Wire::of("auth_request") },
            EventKind::AskAll { needs_password } => {
                Wire { needs_password: Some(*needs_password), ..Wire::of("auth_request") }
            }
            EventKind::Welcome { user, server, room, account, grant } => Wire {
                username: borrowed(user),
                server_name: borrowed(server),
                room: borrowed(room),
                account: Some(*account),
                ..Wire::granted(grant)
            },
            EventKind::Refused(report) => {
                Wire { text: None, reason: Some(report.sentence()), ..Wire::about(report, Wire::of("auth_fail")) }
            }
            EventKind::Report(report) => Wire::reported(report),
            EventKind::Done { id, repeated } => Wire { id: *id, repeated: repeated.then_some(true), ..Wire::of("ok") },
            EventKind::Ping => Wire::of("ping"),
            EventKind::Error { code, text } => Wire { code: *code, text: borrowed(text), ..Wire::of("error") },
            _ => Wire::of_system(event),
        }
    }

    fn granted(grant: &'a Grant<'_>) -> Wire<'a> {
        Wire {
            protocol: Some(grant.protocol).filter(|version| *version > 0),
            token: grant.token.as_ref().and_then(borrowed),
            resumed: grant.resumed.then_some(true),
            member_of: borrowed_all(&grant.member_of).filter(|rooms| !rooms.is_empty()),
            rate: grant.rate,
            ..Wire::of("auth_ok")
        }
    }

    /// Adds the fields of every report to `wire`: cause, code, sentence and details.
    fn about(report: &'a Report<'_>, wire: Wire<'a>) -> Wire<'a> {
        let about = &report.about;
        let field = |text: &'a Option<Text<'_>>| text.as_ref().and_then(borrowed);
        Wire {
            cause: Some(report.cause.as_str().into()),
            code: report.code(),
            user: field(&about.user),
            room: field(&about.room),
            seconds: about.seconds,
            count: about.count,
            retry_ms: about.retry_ms,
            word: field(&about.word),
            hint: field(&about.hint),
            reason: field(&about.reason),
            text: Some(report.sentence()),
            ..wire
        }
    }

    fn reported(report: &'a Report<'_>) -> Wire<'a> {
        let (r#type, event) = match (report.is_refusal(), report.cause, report.cause.kind()) {
            // Programs older than causes know these two by `event`.
            (_, Cause::NoSuchUser | Cause::UnknownCommand, _) => ("error", Some(report.cause.as_str())),
            (true, ..) => ("error", None),
            (false, _, CauseKind::Line) => ("system", Some("notice")),
            (false, ..) => ("system", Some("info")),
        };
        let command = report.about.word.as_ref().filter(|_| report.cause == Cause::UnknownCommand).and_then(borrowed);
        Wire { event: event.map(Text::Borrowed), command, ..Wire::about(report, Wire::of(r#type)) }
    }

    fn of_system(event: &'a Event<'_>) -> Wire<'a> {
        let system = |name| Wire::system(name, event);
        match &event.what {
            EventKind::PrivateRequest { from } => Wire { user: borrowed(from), ..system("private_request") },
            EventKind::PrivateConnected { with } => Wire { user: borrowed(with), ..system("private_connected") },
            EventKind::PrivateRejected { by } => Wire { user: borrowed(by), ..system("private_rejected") },
            EventKind::PrivateEnded { with, reason } => {
                Wire { user: borrowed(with), reason: borrowed(reason), ..system("private_ended") }
            }
            EventKind::DirectRequest { from, key } => {
                Wire { user: borrowed(from), key: borrowed(key), ..system("direct_request") }
            }
            EventKind::DirectReady { user, key, addresses } => Wire {
                user: borrowed(user),
                key: borrowed(key),
                addresses: borrowed(addresses),
                ..system("direct_ready")
            },
            EventKind::DirectRejected { by } => Wire { user: borrowed(by), ..system("direct_rejected") },
            EventKind::DirectConnected { with, fingerprint } => {
                Wire { user: borrowed(with), fingerprint: borrowed(fingerprint), ..system("direct_connected") }
            }
            EventKind::DirectEnded { with, reason } => {
                Wire { user: borrowed(with), reason: borrowed(reason), ..system("direct_ended") }
            }
            EventKind::Connected { user } => Wire { user: borrowed(user), ..system("connected") },
            EventKind::Disconnected { user } => Wire { user: borrowed(user), ..system("disconnected") },
            EventKind::Joined { user, room } => Wire { user: borrowed(user), room: borrowed(room), ..system("joined") },
            EventKind::Left { user, room } => Wire { user: borrowed(user), room: borrowed(room), ..system("left") },
            EventKind::RecallEnd { shown, remark, next } => Wire {
                shown: Some(*shown),
                remark: borrowed(remark),
                next: next.as_ref().and_then(borrowed),
                ..system("history_end")
            },
            EventKind::Gathered { room, came, went, users } => Wire {
                room: room.as_ref().and_then(borrowed),
                joined: Some(*came),
                left: Some(*went),
                users: borrowed_all(users),
                ..system("gathered")
            },
            EventKind::Online { .. }
            | EventKind::Seen { .. }
            | EventKind::Blocked { .. }
            | EventKind::Members { .. }
            | EventKind::PrivateChats { .. }
            | EventKind::Rooms { .. } => Wire::list(event),
            EventKind::Pong(token) => Wire { text: borrowed(token), event: Some("pong".into()), ..Wire::of("system") },
            EventKind::Format(format) => {
                Wire { text: Some(format.as_str().into()), event: Some("format".into()), ..Wire::of("system") }
            }
            EventKind::CaughtUp { room, shown, missed, more } => Wire {
                event: Some("caught_up".into()),
                room: borrowed(room),
                shown: Some(*shown),
                missed: Some(*missed),
                more: Some(Remainder::Messages(*more)),
                ..Wire::of("system")
            },
            EventKind::Info(text) => Wire { text: borrowed(text), event: Some("info".into()), ..Wire::of("system") },
            // `content` writes these itself.
            EventKind::Said { .. }
            | EventKind::SaidToAll { .. }
            | EventKind::Direct { .. }
            | EventKind::Recalled { .. }
            | EventKind::Private { .. }
            | EventKind::DirectTalk { .. }
            | EventKind::Ask(_)
            | EventKind::AskAll { .. }
            | EventKind::Welcome { .. }
            | EventKind::Refused(_)
            | EventKind::Report(_)
            | EventKind::Done { .. }
            | EventKind::Ping
            | EventKind::Error { .. } => system("other"),
        }
    }

    /// A list, or one page of it.
    fn list(event: &'a Event<'_>) -> Wire<'a> {
        match &event.what {
            EventKind::Online { users, part } => Wire::names("online", event, users, part),
            EventKind::Seen { seconds, users, part } => {
                Wire { seconds: Some(*seconds), ..Wire::names("seen", event, users, part) }
            }
            EventKind::Blocked { users, part } => Wire::names("blocked", event, users, part),
            EventKind::Members { room, users, part } => {
                Wire { room: borrowed(room), ..Wire::names("members", event, users, part) }
            }
            EventKind::PrivateChats { users, part } => Wire::names("private_chats", event, users, part),
            EventKind::Rooms { rooms, part } => {
                let rooms = rooms.iter().map(|(room, members)| (Cow::Borrowed(&**room), *members)).collect();
                Wire { rooms: Some(rooms), ..Wire::page("rooms", event, part) }
            }
            _ => Wire::default(),
        }
    }

    fn names(name: &'static str, event: &Event<'_>, users: &'a [Text<'_>], part: &'a Part<'_>) -> Wire<'a> {
        Wire { users: borrowed_all(users), ..Wire::page(name, event, part) }
    }

    /// The fields of all lists. The `text` of a page does not repeat the names: that would double the largest answer.
    fn page(name: &'static str, event: &Event<'_>, part: &'a Part<'_>) -> Wire<'a> {
        let after = part.after.as_ref().and_then(borrowed);
        let Some(more) = &part.more else { return Wire { after, ..Wire::system(name, event) } };
        Wire {
            event: Some(name.into()),
            after,
            more: Some(Remainder::Names(more.count)),
            next: borrowed(&more.next),
            text: Some(more.to_string().into()),
            ..Wire::of("system")
        }
    }
}
