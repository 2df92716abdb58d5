//! Object → event.

use super::Wire;
use crate::command::Format;
use crate::event::{Text, What};
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
            },
            ("auth_fail", None) => What::Refused { code: self.code?, why: own(&self.reason)? },
            ("error", Some("no_such_user")) => What::NoSuchUser { name: own(&self.user)? },
            ("error", Some("unknown_command")) => What::UnknownCommand { word: own(&self.command)? },
            ("error", None) => What::Error { code: self.code, text: own(&self.text)? },
            ("system", Some(name)) => return self.system_what(name),
            _ => return None,
        })
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
            "seen" => What::Seen { seconds: self.seconds?, users: own_all(&self.users)? },
            "blocked" => What::Blocked { users: own_all(&self.users)? },
            "online" => What::Online { users: own_all(&self.users)? },
            "members" => What::Members { room: own(&self.room)?, users: own_all(&self.users)? },
            "private_chats" => What::PrivateChats { users: own_all(&self.users)? },
            "rooms" => {
                let rooms = self.rooms.as_ref()?;
                What::Rooms { rooms: rooms.iter().map(|(room, n)| (room.clone().into_owned().into(), *n)).collect() }
            }
            "pong" => What::Pong(own(&self.text)?),
            "format" => match self.text.as_deref()? {
                "json" => What::Format(Format::Json),
                "text" => What::Format(Format::Text),
                _ => return None,
            },
            "notice" => What::Notice(own(&self.text)?),
            "info" => What::Info(own(&self.text)?),
            _ => return None,
        })
    }
}

fn own(text: &Option<Text<'_>>) -> Option<Text<'static>> {
    text.as_deref().map(|t| Cow::Owned(t.to_owned()))
}

fn own_all(texts: &Option<Vec<Text<'_>>>) -> Option<Vec<Text<'static>>> {
    texts.as_ref().map(|all| all.iter().map(|t| Cow::Owned(t.clone().into_owned())).collect())
}
