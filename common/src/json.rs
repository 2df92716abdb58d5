//! Writes and reads events as JSON, one object per line.
//!
//! The fields are a superset of LanTalk 2.0's (`type`, `ts`, `user`, `from_user`, `text`); docs/PROTOCOL.md lists them.
//! `type`, `event` and `cause` select the kind of event. Absent fields are left out rather than written as null.

mod reading;
mod writing;

use crate::event::{Event, Reply, Text};
use crate::room_overview::RoomOverview;
use crate::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Appends `event` as one JSON object and a newline.
pub fn write(event: &Event<'_>, out: &mut Vec<u8>) {
    // Serializing strings and numbers into a `Vec` cannot fail.
    let _ = serde_json::to_writer(&mut *out, &WireEvent::from(event));
    out.push(b'\n');
}

/// Reads a line of [`write()`]. Unknown fields are ignored. `None` if the line is no event that this version knows.
#[must_use]
pub fn read(line: &str) -> Option<Event<'static>> {
    let wire: WireEvent<'_> = serde_json::from_str(line).ok()?;
    let what = wire.what()?;
    let label = wire.label.as_ref().map(|label| Text::Owned(label.clone().into_owned()));
    let reply = label.map(|label| Reply { label, done: wire.done == Some(true) });
    let nonce = wire.nonce.as_ref().map(|nonce| Text::Owned(nonce.clone().into_owned()));
    Some(Event { at: OffsetDateTime { unix_ms: wire.at.unwrap_or(0), offset_s: 0 }, what, reply, seq: wire.seq, nonce })
}

/// The fields of all events.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct WireEvent<'a> {
    r#type: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_token: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_of: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<(u64, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said_at: Option<i64>,
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
    after: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<Remainder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unencrypted: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<(Text<'a>, usize)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Cow<'a, RoomOverview>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_minutes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    away: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
}

/// The field `more`: names that follow a page of a list, or whether more missed messages follow.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Remainder {
    Names(usize),
    Messages(bool),
}

#[cfg(test)]
mod tests;
