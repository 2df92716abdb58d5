//! Signing in: reads what the client sends, and does what the door says of it.

use super::deadline::SignInDeadline;
use super::{Connection, inbound};
use crate::door::{Door, DoorAction, ServerInfo};
use crate::fanout::Pacing;
use crate::guard::RateVerdict;
use crate::hub::Session;
use crate::net::ReadResult;
use landline_common::limits::count;
use landline_common::lines::{Framing, ReadMessage};
use landline_common::{Cause, Event, EventKind, Limits, Rendering, Reply};
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Instant;

/// What is decided about a client: in, or not.
type Decision = ControlFlow<Option<Session>>;

/// Somebody who came in, and the door that still reads what they send.
type Inside = (Session, Box<dyn Door>);

impl Connection<'_> {
    /// Leads one client through its door. `None` if it does not come in.
    pub(super) fn sign_in(&mut self) -> Option<Inside> {
        let mut sign_in_deadline = SignInDeadline::begin(&self.context.limits, self.port_kind);
        let mut opened: Option<Box<dyn Door>> = None;
        if self.port_kind.speaks_first() {
            let mut door = self.open_door();
            let greeting = door.greet();
            // A greeting decides nothing.
            let _ = self.take(door.as_mut(), greeting);
            opened = Some(door);
        }
        loop {
            let quiet_at = sign_in_deadline.quiet_at(self.input.awaits_silence(), opened.is_none());
            let deadline = quiet_at.map_or(sign_in_deadline.end(), |at| at.min(sign_in_deadline.end()));
            let arrived = self.stream.read(self.input.space(), deadline);
            if let ReadResult::Bytes(n) = arrived {
                self.filled(n);
                // Options of telnet are no message: such a client still waits for the greeting.
                if opened.is_none() && self.input.pending().is_empty() && Instant::now() < sign_in_deadline.end() {
                    continue;
                }
            }
            let door = opened.get_or_insert_with(|| self.open_door()).as_mut();
            let decision = match arrived {
                ReadResult::Bytes(_) => self.answer_pieces(door, &mut sign_in_deadline),
                ReadResult::Closed => self.answer_last(door),
                ReadResult::Broken => Break(None),
                ReadResult::TimedOut if Instant::now() >= sign_in_deadline.end() => self.too_late(door),
                ReadResult::TimedOut if self.input.awaits_silence() => {
                    self.input.silence();
                    self.answer_pieces(door, &mut sign_in_deadline)
                }
                ReadResult::TimedOut => {
                    self.greeted = true;
                    let greeting = door.greet();
                    self.take(door, greeting)
                }
            };
            // Or it keeps sending without ever finishing.
            let decision = match decision {
                Continue(()) if Instant::now() >= sign_in_deadline.end() => self.too_late(door),
                decision => decision,
            };
            if let Break(session) = decision {
                return session.zip(opened);
            }
        }
    }

    fn too_late(&self, door: &dyn Door) -> Decision {
        self.tell(Cause::SignInTooLong.report().into(), door.rendering());
        Break(None)
    }

    fn open_door(&self) -> Box<dyn Door> {
        let server_info = ServerInfo { has_password: self.context.password.is_some() };
        (self.port_kind.spec(self.input.pending()).open)(server_info)
    }

    fn answer_pieces(&mut self, door: &mut dyn Door, sign_in_deadline: &mut SignInDeadline) -> Decision {
        let framing = self.input.framing();
        let now = Instant::now();
        while let Some(piece) = inbound::next(&mut self.input, door.rendering(), &self.context.limits) {
            if self.rate.charge_line(now) != RateVerdict::Passes {
                // No user signs in that fast, and what is dropped could be the half of something.
                let why = Cause::Throttled.report().saying("too many lines before signing in; connect again");
                self.tell(EventKind::Refused(why), door.rendering());
                return Break(None);
            }
            let step = match piece {
                ReadMessage::Text(line) => door.handle_line(&line, framing),
                ReadMessage::TooLong(_) => door.handle_too_long(),
            };
            self.take(door, step)?;
            sign_in_deadline.answered();
        }
        Continue(())
    }

    /// The client has closed; its last line may lack a line end.
    fn answer_last(&mut self, door: &mut dyn Door) -> Decision {
        if let Some(ReadMessage::Text(line)) = self.input.finish() {
            let step = door.handle_line(&line, Framing::Lines);
            self.take(door, step)?;
        }
        Break(None)
    }

    /// Does what the door says, until it waits for the client again.
    fn take(&self, door: &mut dyn Door, mut step: DoorAction) -> Decision {
        if self.input.framing() == Framing::Unframed {
            self.outbox.pace(pacing(&self.context.limits));
        }
        loop {
            match step {
                DoorAction::Reply(replies) => {
                    for what in replies {
                        self.tell(what, door.rendering());
                    }
                    return Continue(());
                }
                DoorAction::Answer { label, what } => {
                    let reply = label.map(|label| Reply { label: label.into(), done: true });
                    let event = Event { reply, ..what.at(self.context.clock.now()) };
                    self.write(&event, door.rendering());
                    return Continue(());
                }
                DoorAction::Close(what) => {
                    self.tell(what, door.rendering());
                    return Break(None);
                }
                DoorAction::Try(attempt) => match self.attempt(attempt, door.rendering()) {
                    Ok(session) => return Break(Some(session)),
                    Err(outcome) => step = door.handle_result(outcome),
                },
            }
        }
    }

    fn tell(&self, what: EventKind<'_>, rendering: Rendering) {
        self.write(&what.at(self.context.clock.now()), rendering);
    }

    fn write(&self, event: &Event<'_>, rendering: Rendering) {
        let mut bytes = Vec::new();
        rendering.write(event, &self.context.limits, &mut bytes);
        self.outbox.push_control(&bytes);
    }
}

fn pacing(limits: &Limits) -> Pacing {
    Pacing {
        gap: Limits::millis(limits.unframed_gap_ms),
        merge_at: count(limits.unframed_merge_at),
        most_bytes: count(limits.unframed_bytes),
    }
}
