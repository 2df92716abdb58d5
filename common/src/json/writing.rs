//! Converts events into objects.

use super::{Remainder, WireEvent};
use crate::cause::{Cause, CauseKind, Report};
use crate::event::{Event, EventKind, Part, SignInDetails, Text};
use crate::history::Location;
use crate::name::is_server_author;
use crate::text;
use crate::whois::Whois;
use std::borrow::Cow;

fn borrowed<'a>(text: &'a Text<'_>) -> Option<Text<'a>> {
    Some(Cow::Borrowed(&**text))
}

fn borrowed_all<'a>(texts: &'a [Text<'_>]) -> Option<Vec<Text<'a>>> {
    Some(texts.iter().map(|t| Cow::Borrowed(&**t)).collect())
}

/// Like [`borrowed_all`], but leaves out the field of an empty list.
fn some_of<'a>(texts: &'a [Text<'_>]) -> Option<Vec<Text<'a>>> {
    borrowed_all(texts).filter(|texts| !texts.is_empty())
}

impl<'a> From<&'a Event<'_>> for WireEvent<'a> {
    fn from(event: &'a Event<'_>) -> WireEvent<'a> {
        let mut wire = WireEvent::content(event);
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

impl<'a> WireEvent<'a> {
    fn of(r#type: &'static str) -> WireEvent<'a> {
        WireEvent { r#type: r#type.into(), ..WireEvent::default() }
    }

    /// A message with its author, and with `server` if that is the server itself, so that programs need not parse names.
    fn message(user: &'a Text<'_>) -> WireEvent<'a> {
        WireEvent { user: borrowed(user), server: is_server_author(user).then_some(true), ..WireEvent::of("message") }
    }

    /// A system event of this name. `text` is the event as a line of text.
    fn system(name: &'static str, event: &Event<'_>) -> WireEvent<'a> {
        WireEvent { event: Some(name.into()), text: Some(text::plain(event).into()), ..WireEvent::of("system") }
    }

    fn content(event: &'a Event<'_>) -> WireEvent<'a> {
        match &event.what {
            EventKind::Said { id, room, user, text } => {
                WireEvent { id: Some(*id), room: borrowed(room), text: borrowed(text), ..WireEvent::message(user) }
            }
            EventKind::SaidToAll { id, user, text } => {
                WireEvent { event: Some("all".into()), id: Some(*id), text: borrowed(text), ..WireEvent::message(user) }
            }
            EventKind::Direct { id, from, text, kept } => WireEvent {
                id: Some(*id),
                from_user: borrowed(from),
                text: borrowed(text),
                kept: kept.then_some(true),
                ..WireEvent::of("pm")
            },
            EventKind::Recalled { id, place, user, text, edited } => {
                let wire = match place {
                    Location::Room(room) => WireEvent { room: borrowed(room), ..WireEvent::message(user) },
                    Location::Global => WireEvent::message(user),
                    Location::DirectMessage { to } => {
                        WireEvent { from_user: borrowed(user), to_user: borrowed(to), ..WireEvent::of("pm") }
                    }
                };
                let edited = edited.then_some(true);
                WireEvent { event: Some("history".into()), id: Some(*id), text: borrowed(text), edited, ..wire }
            }
            EventKind::Transcribed { id, room, user, text, edited } => WireEvent {
                event: Some("transcript".into()),
                id: Some(*id),
                room: borrowed(room),
                text: borrowed(text),
                edited: edited.then_some(true),
                ..WireEvent::message(user)
            },
            EventKind::Edited { id, room, user, text } => WireEvent {
                event: Some("edited".into()),
                id: Some(*id),
                room: borrowed(room),
                text: borrowed(text),
                ..WireEvent::message(user)
            },
            EventKind::Private { from, text } => WireEvent {
                event: Some("private".into()),
                from_user: borrowed(from),
                text: borrowed(text),
                ..WireEvent::of("pm")
            },
            EventKind::DirectTalk { with, own, text } => {
                let wire = WireEvent { event: Some("direct".into()), text: borrowed(text), ..WireEvent::of("pm") };
                if *own {
                    WireEvent { to_user: borrowed(with), ..wire }
                } else {
                    WireEvent { from_user: borrowed(with), ..wire }
                }
            }
            EventKind::Ask(text) => WireEvent { text: borrowed(text), ..WireEvent::of("auth_request") },
            EventKind::AskAll { needs_password } => {
                WireEvent { needs_password: Some(*needs_password), ..WireEvent::of("auth_request") }
            }
            EventKind::Welcome { user, server, room, account, grant } => WireEvent {
                username: borrowed(user),
                server_name: borrowed(server),
                room: borrowed(room),
                account: Some(*account),
                ..WireEvent::granted(grant)
            },
            EventKind::Refused(report) => WireEvent {
                text: None,
                reason: Some(report.sentence()),
                ..WireEvent::about(report, WireEvent::of("auth_fail"))
            },
            EventKind::Report(report) => WireEvent::reported(report),
            EventKind::Done { id, repeated } => {
                WireEvent { id: *id, repeated: repeated.then_some(true), ..WireEvent::of("ok") }
            }
            EventKind::Ping => WireEvent::of("ping"),
            EventKind::Error { code, text } => {
                WireEvent { code: *code, text: borrowed(text), ..WireEvent::of("error") }
            }
            _ => WireEvent::of_system(event),
        }
    }

    fn granted(grant: &'a SignInDetails<'_>) -> WireEvent<'a> {
        WireEvent {
            protocol: Some(grant.protocol).filter(|version| *version > 0),
            token: grant.token.as_ref().and_then(borrowed),
            name_token: grant.name_token.as_ref().and_then(borrowed),
            resumed: grant.resumed.then_some(true),
            member_of: some_of(&grant.member_of),
            rate: grant.rate,
            encrypted: Some(grant.encrypted),
            ..WireEvent::of("auth_ok")
        }
    }

    /// Adds the fields of every report to `wire`: cause, code, sentence and details.
    fn about(report: &'a Report<'_>, wire: WireEvent<'a>) -> WireEvent<'a> {
        let about = &report.about;
        let field = |text: &'a Option<Text<'_>>| text.as_ref().and_then(borrowed);
        WireEvent {
            cause: Some(report.cause.as_str().into()),
            code: report.code(),
            user: field(&about.user),
            room: field(&about.room),
            seconds: about.seconds,
            id: about.id,
            count: about.count,
            retry_ms: about.retry_ms,
            word: field(&about.word),
            hint: field(&about.hint),
            by: field(&about.by),
            reason: field(&about.reason),
            text: Some(report.sentence()),
            ..wire
        }
    }

    fn reported(report: &'a Report<'_>) -> WireEvent<'a> {
        let (r#type, event) = match (report.is_refusal(), report.cause, report.cause.kind()) {
            // Programs older than causes know these two by `event`.
            (_, Cause::NoSuchUser | Cause::UnknownCommand, _) => ("error", Some(report.cause.as_str())),
            (true, ..) => ("error", None),
            (false, _, CauseKind::Line) => ("system", Some("notice")),
            (false, ..) => ("system", Some("info")),
        };
        let command = report.about.word.as_ref().filter(|_| report.cause == Cause::UnknownCommand).and_then(borrowed);
        WireEvent { event: event.map(Text::Borrowed), command, ..WireEvent::about(report, WireEvent::of(r#type)) }
    }

    fn of_system(event: &'a Event<'_>) -> WireEvent<'a> {
        let system = |name| WireEvent::system(name, event);
        match &event.what {
            EventKind::PrivateRequest { from } => WireEvent { user: borrowed(from), ..system("private_request") },
            EventKind::PrivateConnected { with } => WireEvent { user: borrowed(with), ..system("private_connected") },
            EventKind::PrivateRejected { by } => WireEvent { user: borrowed(by), ..system("private_rejected") },
            EventKind::PrivateEnded { with, reason } => {
                WireEvent { user: borrowed(with), reason: borrowed(reason), ..system("private_ended") }
            }
            EventKind::DirectRequest { from, key } => {
                WireEvent { user: borrowed(from), key: borrowed(key), ..system("direct_request") }
            }
            EventKind::DirectReady { user, key, addresses } => WireEvent {
                user: borrowed(user),
                key: borrowed(key),
                addresses: borrowed(addresses),
                ..system("direct_ready")
            },
            EventKind::DirectRejected { by } => WireEvent { user: borrowed(by), ..system("direct_rejected") },
            EventKind::DirectConnected { with, fingerprint } => {
                WireEvent { user: borrowed(with), fingerprint: borrowed(fingerprint), ..system("direct_connected") }
            }
            EventKind::DirectEnded { with, reason } => {
                WireEvent { user: borrowed(with), reason: borrowed(reason), ..system("direct_ended") }
            }
            EventKind::Connected { user, encrypted } => {
                WireEvent { user: borrowed(user), encrypted: Some(*encrypted), ..system("connected") }
            }
            EventKind::Disconnected { user } => WireEvent { user: borrowed(user), ..system("disconnected") },
            EventKind::Renamed { from, to } => {
                WireEvent { user: borrowed(from), to: borrowed(to), ..system("renamed") }
            }
            EventKind::Joined { user, room } => {
                WireEvent { user: borrowed(user), room: borrowed(room), ..system("joined") }
            }
            EventKind::Left { user, room } => {
                WireEvent { user: borrowed(user), room: borrowed(room), ..system("left") }
            }
            EventKind::RecallEnd { count, remark, next } => WireEvent {
                shown: Some(*count),
                remark: borrowed(remark),
                next: next.as_ref().and_then(borrowed),
                ..system("history_end")
            },
            EventKind::Deleted { room, ids, user, by, said_ms } => WireEvent {
                room: room.as_ref().and_then(borrowed),
                ids: Some(ids.clone()),
                user: borrowed(user),
                by: borrowed(by),
                said_at: Some(*said_ms),
                ..system("deleted")
            },
            EventKind::Gathered { room, came, went, users } => WireEvent {
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
            | EventKind::Rooms { .. } => WireEvent::list(event),
            EventKind::Rules { room, rules } => {
                WireEvent { room: borrowed(room), rules: Some(Cow::Borrowed(rules)), ..system("rules") }
            }
            EventKind::Link { room, url } => WireEvent { room: borrowed(room), url: borrowed(url), ..system("link") },
            EventKind::Pong(token) => {
                WireEvent { text: borrowed(token), event: Some("pong".into()), ..WireEvent::of("system") }
            }
            EventKind::Format(format) => WireEvent {
                text: Some(format.as_str().into()),
                event: Some("format".into()),
                ..WireEvent::of("system")
            },
            EventKind::CaughtUp { room, count, missed, more } => WireEvent {
                event: Some("caught_up".into()),
                room: borrowed(room),
                shown: Some(*count),
                missed: Some(*missed),
                more: Some(Remainder::Messages(*more)),
                ..WireEvent::of("system")
            },
            EventKind::Whois(whois) => WireEvent::whois(whois, event),
            EventKind::Info(text) => {
                WireEvent { text: borrowed(text), event: Some("info".into()), ..WireEvent::of("system") }
            }
            // `content` writes these itself.
            EventKind::Said { .. }
            | EventKind::SaidToAll { .. }
            | EventKind::Direct { .. }
            | EventKind::Recalled { .. }
            | EventKind::Transcribed { .. }
            | EventKind::Edited { .. }
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

    fn whois(whois: &'a Whois<'_>, event: &Event<'_>) -> WireEvent<'a> {
        let field = |text: &'a Option<Text<'_>>| text.as_ref().and_then(borrowed);
        WireEvent {
            event: Some("whois".into()),
            user: borrowed(&whois.user),
            account: Some(whois.account),
            client: field(&whois.client),
            encrypted: whois.encrypted,
            since: whois.since,
            idle_minutes: whois.idle_minutes,
            last_seen: whois.last_seen,
            away: field(&whois.away),
            member_of: some_of(&whois.rooms),
            room: field(&whois.room),
            standing: some_of(&whois.standing),
            address: field(&whois.address),
            text: Some(whois.sentences(event.at).join("\n").into()),
            ..WireEvent::of("system")
        }
    }

    /// A list, or one page of it.
    fn list(event: &'a Event<'_>) -> WireEvent<'a> {
        match &event.what {
            EventKind::Online { users, unencrypted, part } => {
                WireEvent { unencrypted: some_of(unencrypted), ..WireEvent::names("online", event, users, part) }
            }
            EventKind::Seen { seconds, users, part } => {
                WireEvent { seconds: Some(*seconds), ..WireEvent::names("seen", event, users, part) }
            }
            EventKind::Blocked { users, part } => WireEvent::names("blocked", event, users, part),
            EventKind::Members { room, users, unencrypted, part } => WireEvent {
                room: borrowed(room),
                unencrypted: some_of(unencrypted),
                ..WireEvent::names("members", event, users, part)
            },
            EventKind::PrivateChats { users, part } => WireEvent::names("private_chats", event, users, part),
            EventKind::Rooms { rooms, part } => {
                let rooms = rooms.iter().map(|(room, members)| (Cow::Borrowed(&**room), *members)).collect();
                WireEvent { rooms: Some(rooms), ..WireEvent::page("rooms", event, part) }
            }
            _ => WireEvent::default(),
        }
    }

    fn names(name: &'static str, event: &Event<'_>, users: &'a [Text<'_>], part: &'a Part<'_>) -> WireEvent<'a> {
        WireEvent { users: borrowed_all(users), ..WireEvent::page(name, event, part) }
    }

    /// The fields of all lists. The `text` of a page does not repeat the names: that would double the largest answer.
    fn page(name: &'static str, event: &Event<'_>, part: &'a Part<'_>) -> WireEvent<'a> {
        let after = part.after.as_ref().and_then(borrowed);
        let Some(more) = &part.more else { return WireEvent { after, ..WireEvent::system(name, event) } };
        WireEvent {
            event: Some(name.into()),
            after,
            more: Some(Remainder::Names(more.count)),
            next: borrowed(&more.next),
            text: Some(more.to_string().into()),
            ..WireEvent::of("system")
        }
    }
}
