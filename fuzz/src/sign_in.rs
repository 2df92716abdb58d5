//! The doors: lines before, during and after sign-in.

use crate::assert_harmless;
use landline_common::lines::Framing;
use landline_common::{Cause, Limits, Moment, What};
use landline_server::door::{Door, Entrance, House, Outcome, Step};

/// The outcomes of attempts, in turn.
fn outcome(turn: usize) -> Outcome {
    match turn % 5 {
        0 => Outcome::Done,
        1 => Outcome::WrongPassword,
        2 => Outcome::AlreadyHere,
        3 => Outcome::NameTaken(Cause::NameTaken.report()),
        _ => Outcome::Refused(Cause::ServerFull.report()),
    }
}

/// A door, line by line: answers are harmless to a terminal, and each line leads to a bounded number of attempts.
pub fn door(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    let entrance = if how & 1 == 0 { Entrance::Main } else { Entrance::LanTalk };
    let framing = if how & 2 == 0 { Framing::Lines } else { Framing::Unframed };
    let mut door = (entrance.door(rest).open)(House { has_password: how & 4 != 0 });
    if how & 8 != 0 {
        let greeting = door.greet();
        follow(door.as_mut(), greeting, usize::from(how / 16));
    }
    for (turn, line) in rest.split(|b| *b == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let _ = door.typed(&line);
        let step = if line.len() > 64 && !line.starts_with('{') { door.too_long() } else { door.line(&line, framing) };
        if !follow(door.as_mut(), step, usize::from(how / 16) + turn) {
            return;
        }
    }
}

/// Follows the steps of a door until it waits for the next line. False if it has closed.
fn follow(door: &mut dyn Door, mut step: Step, turn: usize) -> bool {
    for attempt in 0.. {
        assert!(attempt < 10, "the door never stops trying");
        match step {
            Step::Reply(answers) => {
                for answer in answers {
                    assert_shown_harmless(door, answer);
                }
                return true;
            }
            Step::Answer { what, .. } => {
                assert_shown_harmless(door, what);
                return true;
            }
            Step::Close(answer) => {
                assert_shown_harmless(door, answer);
                return false;
            }
            Step::Try(_) => step = door.outcome(outcome(turn + attempt)),
        }
    }
    false
}

fn assert_shown_harmless(door: &dyn Door, what: What<'_>) {
    let mut bytes = Vec::new();
    door.rendering().write(&what.at(Moment::default()), &Limits::default(), &mut bytes);
    let text = String::from_utf8(bytes);
    assert!(text.is_ok());
    assert_harmless(&text.unwrap_or_default());
}
