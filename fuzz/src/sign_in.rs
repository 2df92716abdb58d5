//! The doors: lines before, during and after sign-in.

use crate::assert_harmless;
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, Limits, OffsetDateTime};
use landline_server::door::{AuthResult, Door, DoorAction, DoorKind, ServerInfo};

/// The outcomes of attempts, in turn.
fn outcome(turn: usize) -> AuthResult {
    match turn % 5 {
        0 => AuthResult::Done,
        1 => AuthResult::WrongPassword,
        2 => AuthResult::AlreadyHere,
        3 => AuthResult::NameTaken(Cause::NameTaken.report()),
        _ => AuthResult::Refused(Cause::ServerFull.report()),
    }
}

/// A door, line by line: answers are harmless to a terminal, and each line leads to a bounded number of attempts.
pub fn door(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    let kind = if how & 1 == 0 { DoorKind::Text } else { DoorKind::LanTalk };
    let framing = if how & 2 == 0 { Framing::Lines } else { Framing::Unframed };
    let mut door = (kind.spec().open)(ServerInfo { has_password: how & 4 != 0 });
    if how & 8 != 0 {
        let greeting = door.greet();
        follow(door.as_mut(), greeting, usize::from(how / 16));
    }
    for (turn, line) in rest.split(|b| *b == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let _ = door.decode(&line);
        let step = if line.len() > 64 && !line.starts_with('{') {
            door.handle_too_long()
        } else {
            door.handle_line(&line, framing)
        };
        if !follow(door.as_mut(), step, usize::from(how / 16) + turn) {
            return;
        }
    }
}

/// Follows the steps of a door until it waits for the next line. False if it has closed.
fn follow(door: &mut dyn Door, mut step: DoorAction, turn: usize) -> bool {
    for attempt in 0.. {
        assert!(attempt < 10, "the door never stops trying");
        match step {
            DoorAction::Reply(answers) => {
                for answer in answers {
                    assert_shown_harmless(door, answer);
                }
                return true;
            }
            DoorAction::Answer { event, .. } => {
                assert_shown_harmless(door, event);
                return true;
            }
            DoorAction::Close(answer) => {
                assert_shown_harmless(door, answer);
                return false;
            }
            DoorAction::Try(_) => step = door.handle_result(outcome(turn + attempt)),
        }
    }
    false
}

fn assert_shown_harmless(door: &dyn Door, what: EventKind<'_>) {
    let mut bytes = Vec::new();
    door.rendering().write(&what.at(OffsetDateTime::default()), &Limits::default(), &mut bytes);
    let text = String::from_utf8(bytes);
    assert!(text.is_ok());
    assert_harmless(&text.unwrap_or_default());
}
