//! The JSON lines of LanTalk 2.0 (`lantalk==2.0.0` on PyPI): writes events, reads sign-ins and messages.
//!
//! LanTalk clients show a text as one line, so spaces replace the line ends of a message; they may send several lines.
//! They know one room. Talk in a room other than the lobby, where they start, has the room in front of the name:
//! `[ops] alice`.

use crate::action::shown_action;
use crate::clean::flatten;
use crate::event::{Event, EventKind};
use crate::limits::NAME_CHARS;
use crate::name::LOBBY;
use crate::text::{self, Dialect};
use crate::time::Clock;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// Maximum length of a text in characters. Longer ones are dropped, as by LanTalk 2.0.
const TEXT_CHARS: usize = 2_000;

/// The fields of all objects to clients.
#[derive(Default, Serialize)]
struct LanTalkObject<'a> {
    r#type: &'static str,
    #[serde(serialize_with = "serialize_time")]
    ts: Option<Clock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
}

fn serialize_time<S: serde::Serializer>(ts: &Option<Clock>, serializer: S) -> Result<S::Ok, S::Error> {
    match ts {
        Some(ts) => serializer.collect_str(ts),
        None => serializer.serialize_none(),
    }
}

/// Appends `event` as zero or more objects, each on a line. Lists are cut so that a text has at most `longest` bytes.
pub fn write(event: &Event<'_>, longest: usize, out: &mut Vec<u8>) {
    let wire = LanTalkObject { ts: Some(event.at.clock()), ..LanTalkObject::default() };
    let wire = match &event.what {
        EventKind::Said { room, user, text, .. } => {
            LanTalkObject { r#type: "message", user: Some(user_in(room, user)), text: Some(shown(user, text)), ..wire }
        }
        EventKind::Edited { room, user, text, .. } => {
            let by = format!("{}{}", user_in(room, user), text::mark(true));
            LanTalkObject { r#type: "message", user: Some(by.into()), text: Some(shown(user, text)), ..wire }
        }
        EventKind::SaidToAll { user, text, .. } => {
            LanTalkObject { r#type: "message", user: Some(user.as_ref().into()), text: Some(shown(user, text)), ..wire }
        }
        EventKind::Direct { from, text, kept: true, .. } => {
            // LanTalk clients show the time of day only, and this message may be of another day.
            let text = Some(format!("[{}] {}", event.at.date(), shown(from, text)).into());
            LanTalkObject { r#type: "pm", from_user: Some(from.as_ref().into()), text, ..wire }
        }
        EventKind::Direct { from, text, .. } | EventKind::Private { from, text } => {
            LanTalkObject { r#type: "pm", from_user: Some(from.as_ref().into()), text: Some(shown(from, text)), ..wire }
        }
        EventKind::AskAll { needs_password } => {
            LanTalkObject { r#type: "auth_request", needs_password: Some(*needs_password), ..wire }
        }
        EventKind::Welcome { user, server, .. } => {
            LanTalkObject { r#type: "auth_ok", username: Some(user), server_name: Some(server), ..wire }
        }
        EventKind::Refused(report) => {
            let reason = report.lantalk_sentence();
            return write_wire(&LanTalkObject { r#type: "auth_fail", reason: Some(&reason), ..wire }, out);
        }
        _ => {
            let mut lines = Vec::new();
            text::write(event, Dialect::LanTalk, longest, &mut lines);
            for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                let text = String::from_utf8_lossy(line);
                let ts = Some(event.at.clock());
                write_wire(&LanTalkObject { r#type: "system", ts, text: Some(text), ..LanTalkObject::default() }, out);
            }
            return;
        }
    };
    write_wire(&wire, out);
}

fn write_wire(wire: &LanTalkObject<'_>, out: &mut Vec<u8>) {
    // Serializing strings into a `Vec` cannot fail.
    let _ = serde_json::to_writer(&mut *out, wire);
    out.push(b'\n');
}

/// The text of a message as one line. LanTalk's clients put the author in front; an action is a sentence behind that.
fn shown<'a>(user: &str, text: &'a str) -> Cow<'a, str> {
    match shown_action(user, text) {
        Some(action) => flatten(&action).into_owned().into(),
        None => flatten(text),
    }
}

fn user_in<'a>(room: &str, user: &'a str) -> Cow<'a, str> {
    if room.eq_ignore_ascii_case(LOBBY) { user.into() } else { format!("[{room}] {user}").into() }
}

/// Reads name and password of a sign-in. A field that is missing or of another type is empty. The name is trimmed and cut
/// to [`NAME_CHARS`], as by LanTalk 2.0.
#[must_use]
pub fn read_sign_in(line: &str) -> (String, String) {
    let Some(Value::Object(object)) = parse(line) else { return Default::default() };
    let text = |field| object.get(field).and_then(Value::as_str).unwrap_or_default();
    (text("username").trim().chars().take(NAME_CHARS).collect(), text("password").to_owned())
}

/// Reads the text of a message, which may have several lines. `None` for anything that LanTalk 2.0 would not relay.
#[must_use]
pub fn read_message(line: &str) -> Option<String> {
    let Value::Object(mut object) = parse(line)? else { return None };
    if object.get("type")?.as_str()? != "message" {
        return None;
    }
    let Value::String(text) = object.remove("text")? else { return None };
    let text = text.trim();
    (!text.is_empty() && text.chars().take(TEXT_CHARS + 1).count() <= TEXT_CHARS).then(|| text.to_owned())
}

fn parse(line: &str) -> Option<Value> {
    serde_json::from_str(&with_whole_surrogates(line)).ok()
}

/// Replaces the escapes of unpaired surrogates by U+FFFD: JSON allows them, but Rust strings cannot hold them.
fn with_whole_surrogates(line: &str) -> Cow<'_, str> {
    if !line.contains("\\u") {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match (code_unit(escape), code_unit(escape.get(6..).unwrap_or_default())) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // A backslash and the character that it escapes, which may be a backslash.
            (None, _) => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The code unit of the escape `\uXXXX` at the start of `text`, if there is one.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Part;
    use crate::{Cause, OffsetDateTime};
    use proptest::prelude::*;

    fn line(what: EventKind<'_>) -> String {
        let mut out = Vec::new();
        write(&what.at(OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 }), 4_096, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn objects_have_lantalks_form() {
        let said =
            |room: &'static str| EventKind::Said { id: 1, room: room.into(), user: "Bob".into(), text: "hi".into() };
        for (what, object) in [
            (said("lobby"), r#"{"type":"message","ts":"14:23","user":"Bob","text":"hi"}"#),
            (
                EventKind::Said { id: 1, room: "lobby".into(), user: "Bob".into(), text: "/me waves\nand goes".into() },
                r#"{"type":"message","ts":"14:23","user":"Bob","text":"* Bob waves and goes"}"#,
            ),
            (said("ops"), r#"{"type":"message","ts":"14:23","user":"[ops] Bob","text":"hi"}"#),
            (
                EventKind::Direct { id: 1, from: "Bob".into(), text: "hi".into(), kept: false },
                r#"{"type":"pm","ts":"14:23","from_user":"Bob","text":"hi"}"#,
            ),
            (
                EventKind::Direct { id: 1, from: "Bob".into(), text: "hi".into(), kept: true },
                r#"{"type":"pm","ts":"14:23","from_user":"Bob","text":"[2026-11-21 14:23] hi"}"#,
            ),
            (
                EventKind::Direct { id: 1, from: "Bob".into(), text: "if x:\n    y".into(), kept: true },
                r#"{"type":"pm","ts":"14:23","from_user":"Bob","text":"[2026-11-21 14:23] if x: y"}"#,
            ),
            (
                EventKind::SaidToAll { id: 1, user: "Bob".into(), text: "if x:\n\n    y".into() },
                r#"{"type":"message","ts":"14:23","user":"Bob","text":"if x: y"}"#,
            ),
            (
                EventKind::AskAll { needs_password: true },
                r#"{"type":"auth_request","ts":"14:23","needs_password":true}"#,
            ),
            (
                EventKind::Welcome {
                    user: "Bob".into(),
                    server: "S".into(),
                    room: "lobby".into(),
                    account: false,
                    grant: Box::default(),
                },
                r#"{"type":"auth_ok","ts":"14:23","username":"Bob","server_name":"S"}"#,
            ),
            (
                EventKind::Refused(Cause::WrongPassword.report()),
                r#"{"type":"auth_fail","ts":"14:23","reason":"Wrong password."}"#,
            ),
            (
                EventKind::Connected { user: "Bob".into(), encrypted: false },
                r#"{"type":"system","ts":"14:23","text":"Bob joined."}"#,
            ),
            (
                EventKind::Disconnected { user: "Bob".into() },
                r#"{"type":"system","ts":"14:23","text":"Bob left the chat."}"#,
            ),
            (
                EventKind::Online {
                    users: vec!["A".into(), "B".into()],
                    unencrypted: Box::default(),
                    part: Part::default(),
                },
                r#"{"type":"system","ts":"14:23","text":"Online: A, B"}"#,
            ),
            (Cause::NoSuchUser.with_user("x").into(), r#"{"type":"system","ts":"14:23","text":"User 'x' not found."}"#),
            (
                Cause::UnknownCommand.with_word("x").into(),
                r#"{"type":"system","ts":"14:23","text":"Unknown command: /x"}"#,
            ),
            (EventKind::info("Goodbye!"), r#"{"type":"system","ts":"14:23","text":"Goodbye!"}"#),
            (EventKind::error(403, "no"), r#"{"type":"system","ts":"14:23","text":"no"}"#),
        ] {
            assert_eq!(line(what), format!("{object}\n"));
        }
    }

    #[test]
    fn a_sign_in_is_read_and_a_malformed_one_is_empty() {
        let read = |line: &str| read_sign_in(line);
        assert_eq!(read(r#"{"username":" Bob ","password":"pw"}"#), ("Bob".into(), "pw".into()));
        assert_eq!(read(r#"{"username":"abcdefghijklmnopqrstuvwxyz"}"#).0, "abcdefghijklmnopqrstuvwx");
        let deep = "[".repeat(30_000);
        for bad in ["", "[]", "5", r#"{"username":5}"#, r#"{"username":null,"password":[]}"#, &deep] {
            assert_eq!(read(bad), Default::default(), "{}", &bad[..bad.len().min(20)]);
        }
    }

    #[test]
    fn an_unpaired_surrogate_is_replaced() {
        let text = |escaped: &str| read_message(&format!(r#"{{"type":"message","text":"{escaped}"}}"#));
        assert_eq!(text(r"a\ud800b").as_deref(), Some("a\u{fffd}b"));
        assert_eq!(text(r"\udc00\ud83d\ude00").as_deref(), Some("\u{fffd}😀"));
        assert_eq!(text(r"\ud83dx\\ud800").as_deref(), Some("\u{fffd}x\\ud800"));
        assert_eq!(text(r"\ud800\ud800").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(text(r"gr\u00fc\u00dfe").as_deref(), Some("grüße"));
    }

    #[test]
    fn malformed_messages_are_dropped() {
        let long = format!(r#"{{"type":"message","text":"{}"}}"#, "x".repeat(2_001));
        for bad in [
            r#"{"type":"message","text":null}"#,
            r#"{"type":"message","text":5}"#,
            r#"{"type":"message"}"#,
            r#"{"type":"message","text":"  "}"#,
            r#"{"type":5,"text":"x"}"#,
            r#"{"text":"x"}"#,
            "[]",
            "{",
            &long,
        ] {
            assert_eq!(read_message(bad), None, "{}", &bad[..bad.len().min(40)]);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(line in any::<String>(), escapes in "(\\\\(u[dD][89a-fA-F][0-9a-f]{2}|.)|x){0,20}") {
            let _ = read_sign_in(&line);
            let _ = read_message(&line);
            let _ = read_message(&format!(r#"{{"type":"message","text":"{escapes}"}}"#));
        }
    }
}
