//! Decides which events are printed, and in which form.

use super::{Plain, PlainEffect};
use crate::engine::IncomingEvent;
use landline_common::text::Dialect;
use landline_common::{Cause, Event, EventKind};

impl Plain {
    pub(super) fn handle_event(&mut self, event: &Event<'_>) {
        let first = !self.engine.was_up();
        let incoming = self.engine.handle_event(event);
        self.answered = incoming.answer.as_ref().map(|(_, key)| *key);
        if self.note_event(event, &incoming, first) && !self.has_ended {
            self.effects.push(PlainEffect::Show(self.dialect(&event.what)));
        }
    }

    /// Updates the lists of chats, and returns whether the event is printed.
    fn note_event(&mut self, event: &Event<'_>, incoming: &IncomingEvent, first: bool) -> bool {
        let json = self.options.json;
        // Answers to background requests are not printed.
        let is_background = incoming.answer.as_ref().is_some_and(|(kind, _)| !kind.is_typed());
        match &event.what {
            EventKind::Welcome { .. } => json || (first && self.options.interactive),
            EventKind::Said { user, .. } | EventKind::SaidToAll { user, .. } => {
                incoming.is_new && (json || !self.engine.is_me(user))
            }
            EventKind::Recalled { user, .. } => {
                self.shows_recalled(incoming.source, incoming.is_new, self.engine.is_me(user))
            }
            EventKind::Direct { .. } | EventKind::Private { .. } => incoming.is_new,
            EventKind::CaughtUp { .. } => json && self.was_lost,
            EventKind::Done { .. } => json,
            EventKind::Ping => false,
            EventKind::Report(report) if report.cause == Cause::Throttled => false,
            EventKind::DirectTalk { own, .. } => json || !own,
            EventKind::DirectConnected { with, .. } => {
                self.forget_encrypted(with);
                self.encrypted.push(with.to_lowercase());
                true
            }
            EventKind::DirectEnded { with, reason } => {
                self.forget_encrypted(with);
                self.engine.fail_encrypted_lines(with, &format!("not sent: the encrypted chat has ended: {reason}"));
                true
            }
            EventKind::PrivateConnected { with } => {
                self.off_the_record.push(with.as_ref().into());
                true
            }
            EventKind::PrivateEnded { with, .. } => {
                let with = with.to_lowercase();
                self.off_the_record.retain(|other| other.to_lowercase() != with);
                true
            }
            _ => !is_background,
        }
    }

    fn forget_encrypted(&mut self, with: &str) {
        let with = with.to_lowercase();
        self.encrypted.retain(|other| *other != with);
    }

    /// Returns the form of an event's text: exact lines for programs that compare them, sentences for users.
    fn dialect(&self, what: &EventKind<'_>) -> Dialect {
        let here = self.room().map(str::to_lowercase);
        match what {
            EventKind::Said { room, .. } if Some(room.to_lowercase()) != here => Dialect::Elsewhere,
            EventKind::PrivateRequest { .. }
            | EventKind::PrivateConnected { .. }
            | EventKind::PrivateRejected { .. }
            | EventKind::PrivateEnded { .. }
            | EventKind::DirectRequest { .. }
            | EventKind::DirectReady { .. }
            | EventKind::DirectRejected { .. }
            | EventKind::DirectConnected { .. }
            | EventKind::DirectEnded { .. }
                if self.options.interactive =>
            {
                Dialect::LanTalk
            }
            _ => Dialect::Lines,
        }
    }
}
