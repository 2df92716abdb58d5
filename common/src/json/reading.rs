//! Object → event.

use super::{Following, Wire};
use crate::cause::{About, Cause, Report};
use crate::command::Format;
use crate::event::{Grant, More, Part, Text, What};
use crate::history::Place;
use std::borrow::Cow;

impl Wire<'_> {
    pub(super) fn what(&self) -> Option<What<'static>> {
        Some(match (&*self.r#type, self.event.as_deref()) {
            ("message", None) => {
                What::Said { id: self.id?, room: own(&self.room)?, user: own(&self.user)?, text: own(&self.text)? }
            }
            ("message", Some("all")) => {
                What::SaidToAll { id: self.id?, user: own(&self.user)?, text: own(&self.text)? }
            }
            ("pm", None) => {
                let (from, text) = (own(&self.from_user)?, own(&self.text)?);
                What::Direct { id: self.id?, from, text, kept: self.kept == Some(true) }
            }
            ("message", Some("history")) => {
                let place = own(&self.room).map_or(Place::Everybody, Place::Room);
                What::Recalled { id: self.id?, place, user: own(&self.user)?, text: own(&self.text)? }
            }
            ("pm", Some("history")) => {
                let place = Place::Direct { to: own(&self.to_user)? };
                What::Recalled { id: self.id?, place, user: own(&self.from_user)?, text: own(&self.text)? }
            }
            ("pm", Some("private")) => What::Private { from: own(&self.from_user)?, text: own(&self.text)? },
            ("pm", Some("direct")) => {
                let (them, text) = (own(&self.from_user), own(&self.text)?);
                What::DirectTalk { own: them.is_none(), with: them.or_else(|| own(&self.to_user))?, text }
            }
            ("auth_request", None) => match self.needs_password {
                Some(needs_password) => What::AskAll { needs_password },
                None => What::Ask(own(&self.text)?),
            },
            ("auth_ok", None) => What::Welcome {
                user: own(&self.username)?,
                server: own(&self.server_name)?,
                room: own(&self.room)?,
                account: self.account?,
                grant: Box::new(Grant {
                    protocol: self.protocol.unwrap_or(0),
                    token: own(&self.token),
                    resumed: self.resumed == Some(true),
                    member_of: own_all(&self.member_of).unwrap_or_default(),
                    rate: self.rate,
                }),
            },
            ("auth_fail", None) => What::Refused(self.report(&self.reason)?),
            ("error", _) if self.cause.is_some() => What::Report(self.report(&self.text)?),
            ("error", None) => What::Error { code: self.code, text: own(&self.text)? },
            ("ok", None) => What::Done { id: self.id, repeated: self.repeated == Some(true) },
            ("ping", None) => What::Ping,
            ("system", Some("info")) if self.cause.is_some() => What::Report(self.report(&self.text)?),
            ("system", Some("notice")) => What::Report(self.report(&self.text)?),
            ("system", Some(name)) => return self.system_what(name),
            _ => return None,
        })
    }

    fn report(&self, sentence: &Option<Text<'_>>) -> Option<Report<'static>> {
        let about = About {
            user: own(&self.user),
            room: own(&self.room),
            seconds: self.seconds,
            count: self.count,
            retry_ms: self.retry_ms,
            word: own(&self.word),
            hint: own(&self.hint),
            // Of a client that is refused, it is the sentence.
            reason: own(&self.reason).filter(|_| self.r#type != "auth_fail"),
        };
        let cause = self.cause.as_deref().and_then(Cause::parse).unwrap_or(Cause::Other);
        let code = self.code.filter(|code| cause.code() != Some(*code));
        Some(Report { cause, about: Box::new(about), text: Some(own(sentence)?), code })
    }

    fn system_what(&self, name: &str) -> Option<What<'static>> {
        Some(match name {
            "private_request" => What::PrivateRequest { from: own(&self.user)? },
            "private_connected" => What::PrivateConnected { with: own(&self.user)? },
            "private_rejected" => What::PrivateRejected { by: own(&self.user)? },
            "private_ended" => What::PrivateEnded { with: own(&self.user)?, reason: own(&self.reason)? },
            "direct_request" => What::DirectRequest { from: own(&self.user)?, key: own(&self.key)? },
            "direct_ready" => {
                What::DirectReady { user: own(&self.user)?, key: own(&self.key)?, addresses: own(&self.addresses)? }
            }
            "direct_rejected" => What::DirectRejected { by: own(&self.user)? },
            "direct_connected" => {
                What::DirectConnected { with: own(&self.user)?, fingerprint: own(&self.fingerprint)? }
            }
            "direct_ended" => What::DirectEnded { with: own(&self.user)?, reason: own(&self.reason)? },
            "connected" => What::Connected { user: own(&self.user)? },
            "disconnected" => What::Disconnected { user: own(&self.user)? },
            "joined" => What::Joined { user: own(&self.user)?, room: own(&self.room)? },
            "left" => What::Left { user: own(&self.user)?, room: own(&self.room)? },
            "history_end" => What::RecallEnd { shown: self.shown?, remark: own(&self.remark)?, next: own(&self.next) },
            "gathered" => What::Gathered {
                room: own(&self.room),
                came: self.joined?,
                went: self.left?,
                users: own_all(&self.users)?,
            },
            "seen" => What::Seen { seconds: self.seconds?, users: own_all(&self.users)?, part: self.part() },
            "blocked" => What::Blocked { users: own_all(&self.users)?, part: self.part() },
            "online" => What::Online { users: own_all(&self.users)?, part: self.part() },
            "members" => What::Members { room: own(&self.room)?, users: own_all(&self.users)?, part: self.part() },
            "private_chats" => What::PrivateChats { users: own_all(&self.users)?, part: self.part() },
            "rooms" => {
                let rooms = self.rooms.as_ref()?;
                let rooms = rooms.iter().map(|(room, n)| (room.clone().into_owned().into(), *n)).collect();
                What::Rooms { rooms, part: self.part() }
            }
            "pong" => What::Pong(own(&self.text)?),
            "format" => match self.text.as_deref()? {
                "json" => What::Format(Format::Json),
                "text" => What::Format(Format::Text),
                _ => return None,
            },
            "caught_up" => {
                let Following::Messages(more) = self.more? else { return None };
                What::CaughtUp { room: own(&self.room)?, shown: self.shown?, missed: self.missed?, more }
            }
            "info" => What::Info(own(&self.text)?),
            _ => return None,
        })
    }

    /// Which part of a list it is.
    fn part(&self) -> Part<'static> {
        let more = match self.more {
            Some(Following::Names(count)) => own(&self.next).map(|next| More { count, next }),
            _ => None,
        };
        Part { after: own(&self.after), more }
    }
}

fn own(text: &Option<Text<'_>>) -> Option<Text<'static>> {
    text.as_deref().map(|t| Cow::Owned(t.to_owned()))
}

fn own_all(texts: &Option<Vec<Text<'_>>>) -> Option<Vec<Text<'static>>> {
    texts.as_ref().map(|all| all.iter().map(|t| Cow::Owned(t.clone().into_owned())).collect())
}
