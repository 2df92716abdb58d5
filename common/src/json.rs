//! Event ⇄ one JSON object a line: a superset of what LanTalk 2.0 has (`type`, `ts`, `user`, `from_user`, `text`).

mod reading;
mod writing;

use crate::event::{Event, Text};
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests;
