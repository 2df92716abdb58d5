//! Signs one client in: reads its messages, passes them to the door, and carries out the actions that the door returns.

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

/// The decision about a client: `Continue` while it is open, `Break` with the session, or with `None` if it is refused.
type Decision = ControlFlow<Option<Session>>;

/// The session of a client that has signed in, and the door, which decodes its later messages.
pub(super) type SignedIn = (Box<Session>, Box<dyn Door>);

impl Connection<'_> {
    /// Signs the client in. Returns `None` if it is refused or leaves.
    pub(super) fn sign_in(&mut self, first: ReadResult) -> Option<SignedIn> {
        let mut deadlines = SignInDeadline::start(&self.context.limits, self.door);
        // A door that does not speak first opens only when the first message is here, or none comes.
        let mut opened: Option<Box<dyn Door>> = None;
        if self.door.speaks_first {
            let mut door = self.open_door();
            let greeting = door.greet();
            // A greeting never ends the sign-in.
            let _ = self.carry_out(door.as_mut(), greeting);
            opened = Some(door);
        }
        // A client that was silent for long has waited for the greeting, which is sent now.
        let mut first = Some(first).filter(|first| opened.is_none() || *first != ReadResult::TimedOut);
        loop {
            let silence_at = deadlines.silence_at(self.input.awaits_silence(), opened.is_none());
            let deadline = silence_at.map_or(deadlines.expires_at(), |at| at.min(deadlines.expires_at()));
            let read = first.take().unwrap_or_else(|| self.transport.read(&mut self.input, deadline));
            if let ReadResult::Bytes(_) = read {
                self.send_codec_answers();
                // Only telnet options came, which are not a message: the client still waits for the greeting.
                if opened.is_none() && self.input.is_empty() && !deadlines.has_expired() {
                    continue;
                }
            }
            let door = opened.get_or_insert_with(|| self.open_door()).as_mut();
            let decision = match read {
                ReadResult::Bytes(_) => self.handle_sign_in_messages(door, &mut deadlines),
                ReadResult::Closed => self.handle_last_sign_in_message(door),
                ReadResult::Broken => Break(None),
                ReadResult::TimedOut if deadlines.has_expired() => self.refuse_too_late(door),
                ReadResult::TimedOut if self.input.awaits_silence() => {
                    self.input.report_silence();
                    self.handle_sign_in_messages(door, &mut deadlines)
                }
                ReadResult::TimedOut => {
                    self.waited_for_greeting = true;
                    let greeting = door.greet();
                    self.carry_out(door, greeting)
                }
            };
            // A client that keeps sending without a complete answer never times out in `read`.
            let decision = match decision {
                Continue(()) if deadlines.has_expired() => self.refuse_too_late(door),
                decision => decision,
            };
            self.send_codec_answers();
            if let Break(session) = decision {
                return session.map(Box::new).zip(opened);
            }
            if self.input.end().is_some() {
                return None;
            }
        }
    }

    fn refuse_too_late(&self, door: &dyn Door) -> Decision {
        self.send_event(Cause::SignInTooLong.report().into(), door.rendering());
        Break(None)
    }

    fn open_door(&self) -> Box<dyn Door> {
        (self.door.open)(ServerInfo { has_password: self.context.password.is_some() })
    }

    /// Passes every message that has arrived to the door.
    fn handle_sign_in_messages(&mut self, door: &mut dyn Door, deadlines: &mut SignInDeadline) -> Decision {
        let framing = self.input.framing();
        let now = Instant::now();
        while let Some(message) = inbound::next_message(&mut self.input, door.rendering(), &self.context.limits) {
            if self.rate.charge_line(now) != RateVerdict::Passes {
                // Ends the connection instead of dropping a line: the next one would be taken for the answer to another
                // question.
                let why = Cause::Throttled.report().with_text("too many lines before signing in; connect again");
                self.send_event(EventKind::Refused(why), door.rendering());
                return Break(None);
            }
            let action = match message {
                ReadMessage::Text(line) => door.handle_line(&line, framing),
                ReadMessage::TooLong(_) => door.handle_too_long(),
            };
            self.carry_out(door, action)?;
            deadlines.restart_answer();
        }
        Continue(())
    }

    /// Passes the last message of a client that has closed to the door; it may lack its line end.
    fn handle_last_sign_in_message(&mut self, door: &mut dyn Door) -> Decision {
        if let Some(ReadMessage::Text(line)) = self.input.finish() {
            let action = door.handle_line(&line, Framing::Lines);
            self.carry_out(door, action)?;
        }
        Break(None)
    }

    /// Carries out the door's action and those that follow from it, until the door waits for the client again.
    fn carry_out(&self, door: &mut dyn Door, mut action: DoorAction) -> Decision {
        if self.input.framing() == Framing::Unframed {
            self.outbox.pace(pacing(&self.context.limits));
        }
        loop {
            match action {
                DoorAction::Reply(replies) => {
                    for event in replies {
                        self.send_event(event, door.rendering());
                    }
                    return Continue(());
                }
                DoorAction::Answer { label, event } => {
                    let reply = label.map(|label| Reply { label: label.into(), done: true });
                    let event = Event { reply, ..event.at(self.context.clock.now()) };
                    self.write_event(&event, door.rendering());
                    return Continue(());
                }
                DoorAction::Close(event) => {
                    self.send_event(event, door.rendering());
                    return Break(None);
                }
                DoorAction::Try(request) => match self.authenticate(request, door.rendering()) {
                    Ok(session) => return Break(Some(session)),
                    Err(result) => action = door.handle_result(result),
                },
            }
        }
    }

    fn send_event(&self, event: EventKind<'_>, rendering: Rendering) {
        self.write_event(&event.at(self.context.clock.now()), rendering);
    }

    fn write_event(&self, event: &Event<'_>, rendering: Rendering) {
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
