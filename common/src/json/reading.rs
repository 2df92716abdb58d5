//! Converts objects into events.

use super::{Remainder, WireEvent};
use crate::cause::{Cause, Details, Report};
use crate::command::Format;
use crate::event::{EventKind, More, Part, SignInDetails, Text};
use crate::history::Location;
use crate::whois::Whois;
use std::borrow::Cow;

impl WireEvent<'_> {
    /// The event's content; `None` if a field is missing or the kind of event is unknown.
    pub(super) fn what(&self) -> Option<EventKind<'static>> {
        Some(match (&*self.r#type, self.event.as_deref()) {
            ("message", None) => EventKind::Said {
                id: self.id?,
                room: owned(&self.room)?,
                user: owned(&self.user)?,
                text: owned(&self.text)?,
            },
            ("message", Some("all")) => {
                EventKind::SaidToAll { id: self.id?, user: owned(&self.user)?, text: owned(&self.text)? }
            }
            ("pm", None) => {
                let from = owned(&self.from_user)?;
                let text = owned(&self.text)?;
                EventKind::Direct { id: self.id?, from, text, kept: self.kept == Some(true) }
            }
            ("message", Some("history")) => {
                let place = owned(&self.room).map_or(Location::Global, Location::Room);
                EventKind::Recalled {
                    id: self.id?,
                    place,
                    user: owned(&self.user)?,
                    text: owned(&self.text)?,
                    edited: self.edited == Some(true),
                }
            }
            ("message", Some("transcript")) => EventKind::Transcribed {
                id: self.id?,
                room: owned(&self.room)?,
                user: owned(&self.user)?,
                text: owned(&self.text)?,
                edited: self.edited == Some(true),
            },
            ("message", Some("edited")) => EventKind::Edited {
                id: self.id?,
                room: owned(&self.room)?,
                user: owned(&self.user)?,
                text: owned(&self.text)?,
            },
            ("pm", Some("history")) => {
                let place = Location::DirectMessage { to: owned(&self.to_user)? };
                EventKind::Recalled {
                    id: self.id?,
                    place,
                    user: owned(&self.from_user)?,
                    text: owned(&self.text)?,
                    edited: self.edited == Some(true),
                }
            }
            ("pm", Some("private")) => EventKind::Private { from: owned(&self.from_user)?, text: owned(&self.text)? },
            ("pm", Some("direct")) => {
                let sender = owned(&self.from_user);
                let text = owned(&self.text)?;
                EventKind::DirectTalk { own: sender.is_none(), with: sender.or_else(|| owned(&self.to_user))?, text }
            }
            ("auth_request", None) => match self.needs_password {
                Some(needs_password) => EventKind::AskAll { needs_password },
                None => EventKind::Ask(owned(&self.text)?),
            },
            ("auth_ok", None) => EventKind::Welcome {
                user: owned(&self.username)?,
                server: owned(&self.server_name)?,
                room: owned(&self.room)?,
                account: self.account?,
                grant: Box::new(SignInDetails {
                    protocol: self.protocol.unwrap_or(0),
                    token: owned(&self.token),
                    name_token: owned(&self.name_token),
                    resumed: self.resumed == Some(true),
                    member_of: owned_all(&self.member_of).unwrap_or_default(),
                    rate: self.rate,
                    encrypted: self.encrypted == Some(true),
                }),
            },
            ("auth_fail", None) => EventKind::Refused(self.report(&self.reason)?),
            ("error", _) if self.cause.is_some() => EventKind::Report(self.report(&self.text)?),
            ("error", None) => EventKind::Error { code: self.code, text: owned(&self.text)? },
            ("ok", None) => EventKind::Done { id: self.id, repeated: self.repeated == Some(true) },
            ("ping", None) => EventKind::Ping,
            ("system", Some("info")) if self.cause.is_some() => EventKind::Report(self.report(&self.text)?),
            ("system", Some("notice")) => EventKind::Report(self.report(&self.text)?),
            ("system", Some(name)) => return self.system_what(name),
            _ => return None,
        })
    }

    fn report(&self, sentence: &Option<Text<'_>>) -> Option<Report<'static>> {
        let about = Details {
            user: owned(&self.user),
            by: owned(&self.by),
            room: owned(&self.room),
            seconds: self.seconds,
            id: self.id,
            count: self.count,
            retry_ms: self.retry_ms,
            word: owned(&self.word),
            hint: owned(&self.hint),
            // In `auth_fail`, `reason` holds the sentence.
            reason: owned(&self.reason).filter(|_| self.r#type != "auth_fail"),
        };
        let cause = self.cause.as_deref().and_then(Cause::parse).unwrap_or(Cause::Other);
        let code = self.code.filter(|code| cause.code() != Some(*code));
        Some(Report { cause, about: Box::new(about), text: Some(owned(sentence)?), code })
    }

    fn system_what(&self, name: &str) -> Option<EventKind<'static>> {
        Some(match name {
            "private_request" => EventKind::PrivateRequest { from: owned(&self.user)? },
            "private_connected" => EventKind::PrivateConnected { with: owned(&self.user)? },
            "private_rejected" => EventKind::PrivateRejected { by: owned(&self.user)? },
            "private_ended" => EventKind::PrivateEnded { with: owned(&self.user)?, reason: owned(&self.reason)? },
            "direct_request" => EventKind::DirectRequest { from: owned(&self.user)?, key: owned(&self.key)? },
            "direct_ready" => EventKind::DirectReady {
                user: owned(&self.user)?,
                key: owned(&self.key)?,
                addresses: owned(&self.addresses)?,
            },
            "direct_rejected" => EventKind::DirectRejected { by: owned(&self.user)? },
            "direct_connected" => {
                EventKind::DirectConnected { with: owned(&self.user)?, fingerprint: owned(&self.fingerprint)? }
            }
            "direct_ended" => EventKind::DirectEnded { with: owned(&self.user)?, reason: owned(&self.reason)? },
            "connected" => EventKind::Connected { user: owned(&self.user)?, encrypted: self.encrypted == Some(true) },
            "disconnected" => EventKind::Disconnected { user: owned(&self.user)? },
            "renamed" => EventKind::Renamed { from: owned(&self.user)?, to: owned(&self.to)? },
            "joined" => EventKind::Joined { user: owned(&self.user)?, room: owned(&self.room)? },
            "left" => EventKind::Left { user: owned(&self.user)?, room: owned(&self.room)? },
            "history_end" => {
                EventKind::RecallEnd { count: self.shown?, remark: owned(&self.remark)?, next: owned(&self.next) }
            }
            "deleted" => EventKind::Deleted {
                room: owned(&self.room),
                ids: self.ids.clone()?,
                user: owned(&self.user)?,
                by: owned(&self.by)?,
                said_ms: self.said_at?,
            },
            "gathered" => EventKind::Gathered {
                room: owned(&self.room),
                came: self.joined?,
                went: self.left?,
                users: owned_all(&self.users)?,
            },
            "seen" => EventKind::Seen { seconds: self.seconds?, users: owned_all(&self.users)?, part: self.part() },
            "blocked" => EventKind::Blocked { users: owned_all(&self.users)?, part: self.part() },
            "online" => {
                let (users, unencrypted) = (owned_all(&self.users)?, self.unencrypted());
                EventKind::Online { users, unencrypted, part: self.part() }
            }
            "members" => {
                let (room, users, unencrypted) = (owned(&self.room)?, owned_all(&self.users)?, self.unencrypted());
                EventKind::Members { room, users, unencrypted, part: self.part() }
            }
            "rules" => {
                let rules = Box::new(self.rules.as_deref()?.clone());
                EventKind::Rules { room: owned(&self.room)?, rules }
            }
            "private_chats" => EventKind::PrivateChats { users: owned_all(&self.users)?, part: self.part() },
            "rooms" => {
                let rooms = self.rooms.as_ref()?;
                let rooms = rooms.iter().map(|(room, n)| (room.clone().into_owned().into(), *n)).collect();
                EventKind::Rooms { rooms, part: self.part() }
            }
            "link" => EventKind::Link { room: owned(&self.room)?, url: owned(&self.url)? },
            "pong" => EventKind::Pong(owned(&self.text)?),
            "format" => match self.text.as_deref()? {
                "json" => EventKind::Format(Format::Json),
                "text" => EventKind::Format(Format::Text),
                _ => return None,
            },
            "caught_up" => {
                let Remainder::Messages(more) = self.more? else { return None };
                EventKind::CaughtUp { room: owned(&self.room)?, count: self.shown?, missed: self.missed?, more }
            }
            "whois" => EventKind::Whois(Box::new(Whois {
                user: owned(&self.user)?,
                account: self.account?,
                client: owned(&self.client),
                encrypted: self.encrypted,
                since: self.since,
                idle_minutes: self.idle_minutes,
                last_seen: self.last_seen,
                away: owned(&self.away),
                rooms: owned_all(&self.member_of).unwrap_or_default(),
                room: owned(&self.room),
                standing: owned_all(&self.standing).unwrap_or_default(),
                address: owned(&self.address),
            })),
            "info" => EventKind::Info(owned(&self.text)?),
            _ => return None,
        })
    }

    /// The users of a list whose connections are not encrypted.
    fn unencrypted(&self) -> Box<[Text<'static>]> {
        owned_all(&self.unencrypted).unwrap_or_default().into()
    }

    /// The fields that say which part of a list this is.
    fn part(&self) -> Part<'static> {
        let more = match self.more {
            Some(Remainder::Names(count)) => owned(&self.next).map(|next| More { count, next }),
            _ => None,
        };
        Part { after: owned(&self.after), more }
    }
}

fn owned(text: &Option<Text<'_>>) -> Option<Text<'static>> {
    text.as_deref().map(|t| Cow::Owned(t.to_owned()))
}

fn owned_all(texts: &Option<Vec<Text<'_>>>) -> Option<Vec<Text<'static>>> {
    texts.as_ref().map(|all| all.iter().map(|t| Cow::Owned(t.clone().into_owned())).collect())
}
