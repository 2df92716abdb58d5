//! Event ⇄ one JSON object a line: a superset of what LanTalk 2.0 has (`type`, `ts`, `user`, `from_user`, `text`).

use crate::command::Format;
use crate::event::{Event, Text, What};
use crate::history::Place;
use crate::moment::Moment;
use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Appends `event` as one JSON object and a newline.
pub fn write(event: &Event<'_>, out: &mut Vec<u8>) {
    // A struct of strings and numbers always serialises, and writing to a vector cannot fail.
    let _ = serde_json::to_writer(&mut *out, &Wire::from(event));
    out.push(b'\n');
}

/// Reads what [`write`] wrote. Unknown fields are ignored; `None` for what is no event that this version knows.
#[must_use]
pub fn read(line: &str) -> Option<Event<'static>> {
    let wire: Wire<'_> = serde_json::from_str(line).ok()?;
    let what = wire.what()?;
    Some(Event { at: Moment { unix_ms: wire.at.unwrap_or(0), offset_s: 0 }, what })
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    r#type: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<(Text<'a>, usize)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
}

fn lent<'a>(text: &'a Text<'_>) -> Option<Text<'a>> {
    Some(Cow::Borrowed(&**text))
}

fn lent_all<'a>(texts: &'a [Text<'_>]) -> Option<Vec<Text<'a>>> {
    Some(texts.iter().map(|t| Cow::Borrowed(&**t)).collect())
}

impl<'a> From<&'a Event<'_>> for Wire<'a> {
    fn from(event: &'a Event<'_>) -> Wire<'a> {
        let mut wire = Wire::content(event);
        // The acknowledgement of `format json` has no time: clients compare it to the letter.
        if !matches!(event.what, What::Format(_)) {
            wire.ts = Some(event.at.clock().to_string());
            wire.at = Some(event.at.unix_ms);
        }
        wire
    }
}

impl<'a> Wire<'a> {
    fn of(r#type: &'static str) -> Wire<'a> {
        Wire { r#type: r#type.into(), ..Wire::default() }
    }

    /// A system event: its name, and what a person would read as its text.
    fn system(name: &'static str, event: &Event<'_>) -> Wire<'a> {
        Wire { event: Some(name.into()), text: Some(text::plain(event).into()), ..Wire::of("system") }
    }

    fn content(event: &'a Event<'_>) -> Wire<'a> {
        match &event.what {
            What::Said { id, room, user, text } => {
                Wire { id: Some(*id), room: lent(room), user: lent(user), text: lent(text), ..Wire::of("message") }
            }
            What::SaidToAll { id, user, text } => Wire {
                event: Some("all".into()),
                id: Some(*id),
                user: lent(user),
                text: lent(text),
                ..Wire::of("message")
            },
            What::Direct { id, from, text, kept } => {
                let (from_user, text) = (lent(from), lent(text));
                Wire { id: Some(*id), from_user, text, kept: kept.then_some(true), ..Wire::of("pm") }
            }
            What::Recalled { id, place, user, text } => {
                let wire = Wire { event: Some("history".into()), id: Some(*id), text: lent(text), ..Wire::default() };
                match place {
                    Place::Room(room) => Wire { r#type: "message".into(), room: lent(room), user: lent(user), ..wire },
                    Place::Everybody => Wire { r#type: "message".into(), user: lent(user), ..wire },
                    Place::Direct { to } => {
                        Wire { r#type: "pm".into(), from_user: lent(user), to_user: lent(to), ..wire }
                    }
                }
            }
            What::Private { from, text } => {
                Wire { event: Some("private".into()), from_user: lent(from), text: lent(text), ..Wire::of("pm") }
            }
            What::DirectTalk { with, own, text } => {
                let wire = Wire { event: Some("direct".into()), text: lent(text), ..Wire::of("pm") };
                if *own { Wire { to_user: lent(with), ..wire } } else { Wire { from_user: lent(with), ..wire } }
            }
            What::Ask(text) => Wire { text: lent(text), ..Wire::of("auth_request") },
            What::AskAll { needs_password } => {
                Wire { needs_password: Some(*needs_password), ..Wire::of("auth_request") }
            }
            What::Welcome { user, server, room, account } => Wire {
                username: lent(user),
                server_name: lent(server),
                room: lent(room),
                account: Some(*account),
                ..Wire::of("auth_ok")
            },
            What::Refused { code, why } => Wire { code: Some(*code), reason: lent(why), ..Wire::of("auth_fail") },
            What::Error { code, text } => Wire { code: *code, text: lent(text), ..Wire::of("error") },
            What::NoSuchUser { name } => Wire { user: lent(name), ..Wire::refusal("no_such_user", 404, event) },
            What::UnknownCommand { word } => {
                Wire { command: lent(word), ..Wire::refusal("unknown_command", 400, event) }
            }
            _ => Wire::of_system(event),
        }
    }

    /// An error with a name, and what a person would read as its text.
    fn refusal(name: &'static str, code: u16, event: &Event<'_>) -> Wire<'a> {
        let line = text::plain(event);
        let text = line.split_once(&format!("{code} ")).map_or(line.as_str(), |(_, why)| why).to_owned();
        Wire { event: Some(name.into()), code: Some(code), text: Some(text.into()), ..Wire::of("error") }
    }

    fn of_system(event: &'a Event<'_>) -> Wire<'a> {
        let system = |name| Wire::system(name, event);
        match &event.what {
            What::PrivateRequest { from } => Wire { user: lent(from), ..system("private_request") },
            What::PrivateConnected { with } => Wire { user: lent(with), ..system("private_connected") },
            What::PrivateRejected { by } => Wire { user: lent(by), ..system("private_rejected") },
            What::PrivateEnded { with, reason } => {
                Wire { user: lent(with), reason: lent(reason), ..system("private_ended") }
            }
            What::DirectRequest { from, key } => Wire { user: lent(from), key: lent(key), ..system("direct_request") },
            What::DirectReady { user, key, addresses } => {
                Wire { user: lent(user), key: lent(key), addresses: lent(addresses), ..system("direct_ready") }
            }
            What::DirectRejected { by } => Wire { user: lent(by), ..system("direct_rejected") },
            What::DirectConnected { with, fingerprint } => {
                Wire { user: lent(with), fingerprint: lent(fingerprint), ..system("direct_connected") }
            }
            What::DirectEnded { with, reason } => {
                Wire { user: lent(with), reason: lent(reason), ..system("direct_ended") }
            }
            What::Connected { user } => Wire { user: lent(user), ..system("connected") },
            What::Disconnected { user } => Wire { user: lent(user), ..system("disconnected") },
            What::Joined { user, room } => Wire { user: lent(user), room: lent(room), ..system("joined") },
            What::Left { user, room } => Wire { user: lent(user), room: lent(room), ..system("left") },
            What::RecallEnd { shown, remark, next } => Wire {
                shown: Some(*shown),
                remark: lent(remark),
                next: next.as_ref().and_then(lent),
                ..system("history_end")
            },
            What::Gathered { room, came, went, users } => Wire {
                room: room.as_ref().and_then(lent),
                joined: Some(*came),
                left: Some(*went),
                users: lent_all(users),
                ..system("gathered")
            },
            What::Seen { seconds, users } => Wire { seconds: Some(*seconds), users: lent_all(users), ..system("seen") },
            What::Blocked { users } => Wire { users: lent_all(users), ..system("blocked") },
            What::Online { users } => Wire { users: lent_all(users), ..system("online") },
            What::Members { room, users } => Wire { room: lent(room), users: lent_all(users), ..system("members") },
            What::PrivateChats { users } => Wire { users: lent_all(users), ..system("private_chats") },
            What::Rooms { rooms } => {
                let rooms = rooms.iter().map(|(room, people)| (Cow::Borrowed(&**room), *people)).collect();
                Wire { rooms: Some(rooms), ..system("rooms") }
            }
            What::Pong(token) => Wire { text: lent(token), event: Some("pong".into()), ..Wire::of("system") },
            What::Format(format) => {
                Wire { text: Some(format.as_str().into()), event: Some("format".into()), ..Wire::of("system") }
            }
            What::Notice(text) => Wire { text: lent(text), event: Some("notice".into()), ..Wire::of("system") },
            What::Info(text) => Wire { text: lent(text), event: Some("info".into()), ..Wire::of("system") },
            // The rest are no system events.
            _ => system("other"),
        }
    }

    fn what(&self) -> Option<What<'static>> {
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

#[cfg(test)]
mod tests;
