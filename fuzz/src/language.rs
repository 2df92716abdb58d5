//! Decoders of `landline_common`: lines, commands, names, events, datagrams.

use crate::assert_harmless;
use landline_common::beacon::{Answer, Beacon, SERVER_NAME_CHARS, Servers, is_question};
use landline_common::clean::{blank_line_ends, clean as cleaned, clean_message, count_lines, flatten};
use landline_common::command::{Command, Request, parse};
use landline_common::limits::{NAME_CHARS, ROOM_CHARS};
use landline_common::lines::{ReadMessage, ReceiveBuffer};
use landline_common::{EventKind, Limits, NameKey, OffsetDateTime, Rendering, RoomName, UserName};
use std::net::{IpAddr, Ipv4Addr};

/// Maximum length in bytes of a line in these targets.
const MAX_LINE_BYTES: usize = 32;
/// Maximum number of servers in a list.
const MAX_SERVERS: usize = 64;
/// Maximum length of LanTalk's texts in characters.
const LANTALK_CHARS: usize = 2_000;

/// The lines do not depend on how reads cut the bytes, and memory is bounded.
pub fn lines(data: &[u8]) {
    let Some((&step, bytes)) = data.split_first() else { return };
    let mut state = usize::from(step);
    let read_size = || {
        state = state.wrapping_mul(31).wrapping_add(7);
        state % 40
    };
    assert_eq!(split(bytes, read_size), split(bytes, || usize::MAX));
}

/// Splits bytes that arrive in reads of these sizes; `None` stands for a line that is too long.
fn split(bytes: &[u8], mut read_size: impl FnMut() -> usize) -> Vec<Option<String>> {
    let mut input = ReceiveBuffer::lines_only(MAX_LINE_BYTES);
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = input.space();
        let n = read_size().max(1).min(space.len()).min(rest.len());
        space[..n].copy_from_slice(&rest[..n]);
        input.advance(n);
        rest = &rest[n..];
        while let Some(piece) = input.next() {
            out.push(text(piece));
        }
        assert!(input.pending().len() <= MAX_LINE_BYTES + 1);
    }
    out.extend(input.finish().map(text));
    out
}

fn text(piece: ReadMessage<'_>) -> Option<String> {
    match piece {
        ReadMessage::Text(text) => Some(text.into_owned()),
        ReadMessage::TooLong(_) => None,
    }
}

/// A command object is written so that it is read as the same command. Refusals are harmless to a terminal.
pub fn object(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let Ok(request) = Request::parse(&line) else { return };
    if let Some(Err(why)) = request.sign_in() {
        assert_harmless(&why.sentence());
    }
    match request.command() {
        Err(why) => assert_harmless(&why.sentence()),
        Ok(command) => {
            let Some(written) = Request::of_command(&command, Some("lobby")) else { return };
            let written = written.to_line();
            assert!(Request::is_object(&written) && !written.contains('\n'));
            let read = Request::parse(&written).expect("an object that was written can be parsed");
            assert_eq!(read.command(), Ok(command), "{written:?}");
        }
    }
}

/// A parsed command prints as a line that parses as the same command.
pub fn command(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let Some(Ok(command)) = parse(&line, "alice") else { return };
    let printed = command.to_string();
    // A private message without a name parses back only if its text is one word.
    if !matches!(command, Command::Foreign { .. } | Command::Say(_) | Command::Private { .. }) {
        assert_eq!(parse(&printed, ""), Some(Ok(command)), "{printed:?}");
    }
}

/// Arguments of `/history` print as arguments that parse as the same.
pub fn ask(data: &[u8]) {
    let line = format!("/history {}", String::from_utf8_lossy(data));
    if let Some(Ok(Command::History(ask))) = parse(&line, "alice") {
        let printed = format!("/history{ask}");
        assert_eq!(parse(&printed, ""), Some(Ok(Command::History(ask))), "{printed:?}");
    }
}

/// Cleaning twice changes nothing more, and leaves no control characters. Each line of a message is written behind the name
/// of its author; a flattened message is one line.
pub fn clean(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let line = cleaned(&text);
    assert_eq!(cleaned(&line), line);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let message = clean_message(&text);
    assert_eq!(clean_message(&message), message);
    assert!(!message.chars().any(|c| c.is_control() && c != '\n'), "{message:?}");
    let flat = flatten(&message);
    assert_eq!(cleaned(&flat), flat);
    assert_eq!(clean_message(&blank_line_ends(&text)).matches('\n').count(), 0);
    let said = EventKind::Said { id: 1, room: "ops".into(), user: "bob".into(), text: (&*message).into() };
    let mut written = Vec::new();
    Rendering::TextElsewhere.write(&said.at(OffsetDateTime::default()), &Limits::default(), &mut written);
    let written = String::from_utf8_lossy(&written);
    assert_eq!(written.split_terminator('\n').count(), count_lines(&message));
    assert!(written.split_terminator('\n').all(|line| line.starts_with("[ops] bob: ")), "{written:?}");
}

/// A valid name is short and clean, and stays the same when it is parsed again or written in another case.
pub fn names(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let _ = NameKey::of(&line);
    if let Ok(name) = UserName::parse(&line) {
        assert!(name.as_str().chars().count() <= NAME_CHARS);
        assert_eq!(cleaned(name.as_str()), name.as_str());
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name));
        for other in [name.as_str().to_lowercase(), name.as_str().to_uppercase()] {
            assert_eq!(NameKey::of(&other), *name.key(), "{other}");
        }
    }
    if let Ok(room) = RoomName::parse(&line) {
        assert!(room.as_str().chars().count() <= ROOM_CHARS);
        assert_eq!(cleaned(room.as_str()), room.as_str());
        assert_eq!(RoomName::parse(room.as_str()).as_ref(), Ok(&room));
    }
}

/// An event that was read is written so that it is read as the same event.
pub fn json(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let Some(event) = landline_common::json::read(&line) else { return };
    let mut written = Vec::new();
    landline_common::json::write(&event, &mut written);
    let written = String::from_utf8_lossy(&written);
    assert_eq!(written.matches('\n').count(), 1, "{written:?}");
    assert_eq!(landline_common::json::read(&written), Some(event), "{written:?}");
}

/// Names and texts of LanTalk's lines are within their bounds.
pub fn lantalk(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    let (name, _) = landline_common::lantalk::read_sign_in(&line);
    assert!(name.chars().count() <= NAME_CHARS);
    if let Some(text) = landline_common::lantalk::read_message(&line) {
        assert!(!text.trim().is_empty() && text.chars().count() <= LANTALK_CHARS);
    }
}

/// A beacon is written so that it is read as the same beacon. No datagram is both question and answer.
pub fn beacon(data: &[u8]) {
    if let Some(beacon) = Beacon::parse(data) {
        assert_ne!(beacon.port, 0);
        assert_eq!(Beacon::parse(beacon.to_string().as_bytes()), Some(beacon));
    }
    let question = is_question(data);
    assert!(!question || Answer::parse(data).is_none(), "a datagram is both question and answer");
}

/// Answers and beacons, one per line and from three addresses. Answers are clean, and the list stays bounded.
pub fn answers(data: &[u8]) {
    let mut servers = Servers::default();
    for (at, datagram) in (0..).zip(data.split(|b| *b == b'\n')) {
        let source = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0001 + at % 3));
        if let Some(answer) = Answer::parse(datagram) {
            assert!(answer.name.chars().count() <= SERVER_NAME_CHARS);
            assert_eq!(
                (cleaned(&answer.name), cleaned(&answer.version)),
                ((&*answer.name).into(), (&*answer.version).into())
            );
            assert_eq!(Answer::parse(answer.to_string().as_bytes()).as_ref(), Some(&answer));
            servers.answered(source, answer, at.into());
        } else if let Some(beacon) = Beacon::parse(datagram) {
            servers.announced(source, beacon, at.into());
        }
    }
    servers.merge_own(&[Ipv4Addr::new(10, 0, 0, 1).into()]);
    let list = servers.list();
    assert!(list.len() <= MAX_SERVERS);
    for found in list {
        assert_ne!(found.port(), 0);
        assert_harmless(&format!("{:?}", found.kind));
    }
}
