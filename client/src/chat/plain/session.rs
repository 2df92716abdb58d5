//! The connection, the delivery of typed lines, and the end of the program.

use super::{Plain, PlainEffect, beginning};
use crate::chat::Remembered;
use crate::engine::{DeliveryUpdate, Effect, MessageSource, Phase, Progress, Update};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::text::Dialect;

/// Lines to read behind `/quit` at most, from a pipe that does not end.
const MAX_LINES_AFTER_QUIT: usize = 100_000;

impl Plain {
    /// Passes on the engine's effects, applies its updates, and ends the program when nothing is left to send.
    pub(super) fn finish_step(&mut self) {
        loop {
            let (effects, updates) = self.engine.take_output();
            if (effects.is_empty() && updates.is_empty()) || self.has_ended {
                break;
            }
            self.effects.extend(effects.into_iter().map(PlainEffect::Engine));
            for update in updates {
                self.update(update);
            }
        }
        self.answered = None;
        let listens = self.quit_until.is_some_and(|until| self.now.ms < until);
        if self.ending && (!listens || self.after_quit_count > MAX_LINES_AFTER_QUIT) {
            let up = self.engine.is_up();
            // Without a connection, a user leaves at once, and a script only when no line waits.
            if self.typed.is_empty() || (!up && self.options.interactive) {
                self.leave(Ok(()));
            }
        }
    }

    fn update(&mut self, update: Update) {
        match update {
            Update::Up { first, resumed, room } => {
                if !resumed {
                    self.off_the_record.clear();
                }
                if first {
                    self.enter_room(&room);
                } else {
                    self.notice("connected again");
                }
                self.outage = None;
            }
            Update::Account => self.effects.push(PlainEffect::Remember(Remembered::Account)),
            Update::OwnName(name) => self.effects.push(PlainEffect::Remember(Remembered::Name(name))),
            Update::Delivery(DeliveryUpdate { key, progress, .. }) => self.delivered(key, progress),
            // End the program: messages would go into another room than the user intended.
            Update::EntryRefused { room, key: 0, why } => self.leave(Err(format!("cannot go into {room}: {why}"))),
            // For the same reason. A user has read the notice; objects of a program name their room.
            Update::RemovedFromRoom { room, why } if self.is_current(&room) && !self.reads_answers() => {
                self.leave(Err(format!("not in {room} any more: {why}")));
            }
            Update::RemovedFromRoom { room, .. } => {
                let was_current = self.is_current(&room);
                self.leave_room(&room);
                let here = self.room().map(str::to_owned);
                if let (true, true, Some(here)) = (was_current, self.options.interactive, here) {
                    self.notice(&format!("what you type goes to {here} now"));
                }
            }
            Update::EntryRefused { room, .. } | Update::Left { room } => self.leave_room(&room),
            Update::Recalled { event, missed } => {
                // Programs have received the message already. A user needs only missed messages.
                if missed && !self.options.json && self.shows_missed() {
                    self.effects.push(PlainEffect::ShowLate(event, Dialect::Lines));
                }
            }
            // The progress of the line tells the same.
            Update::PasswordNotSet => {}
            Update::Entered { .. } | Update::CaughtUp { .. } | Update::Lost { .. } => {}
        }
    }

    /// Returns whether messages go into a room.
    fn is_current(&self, room: &str) -> bool {
        self.room().is_some_and(|current| current.to_lowercase() == room.to_lowercase())
    }

    /// Returns whether a user or a program reads the answers before it sends more. A script does not.
    fn reads_answers(&self) -> bool {
        self.options.interactive || self.options.json
    }

    /// Returns whether missed messages are printed. Messages from before the first sign-in are for users only, since a
    /// script does not expect them.
    pub(super) fn shows_missed(&self) -> bool {
        self.options.interactive || self.outage.is_some() || self.was_lost
    }

    /// Handles the progress of a typed line.
    fn delivered(&mut self, key: u64, progress: Progress) {
        match progress {
            Progress::Queued => {}
            Progress::Sent => {
                if let Some(typed) = self.typed.get_mut(&key) {
                    typed.sent = true;
                }
            }
            Progress::Done { .. } => _ = self.typed.remove(&key),
            Progress::Failed(why) => {
                let Some(typed) = self.typed.remove(&key) else { return };
                // If the server has answered this line, its answer with the reason was printed.
                match (self.answered == Some(key), self.options.interactive) {
                    (true, true) => self.refused += 1,
                    (true, false) => {
                        self.refused += 1;
                        self.notice(&format!("refused: {}", beginning(&typed.text)));
                    }
                    (false, _) => self.refuse(&typed.text, &why),
                }
            }
        }
    }

    /// Handles a connection that failed or broke.
    pub(super) fn down(&mut self, why: &str, loss: Loss) {
        if !self.engine.was_up() {
            return self.leave(Err(why.to_owned()));
        }
        self.engine.connection_lost(why, loss);
        self.report_outage(why);
    }

    pub(super) fn sign_in_refused(&mut self, refused: &SignInRefused) {
        if !self.engine.was_up() {
            return self.leave(Err(refused.why.clone()));
        }
        self.engine.sign_in_refused(refused);
        self.report_outage(&refused.why);
    }

    fn report_outage(&mut self, why: &str) {
        self.was_lost = true;
        let text = match self.engine.phase() {
            Phase::Stopped { why } => {
                let why = why.to_string();
                return self.leave(Err(why));
            }
            Phase::Waiting { until, why } => {
                let seconds = until.saturating_sub(self.now.ms).div_ceil(1_000);
                format!("no connection: {why}; trying again in {seconds} s")
            }
            _ => format!("no connection: {why}; trying again"),
        };
        let since = self.outage.as_ref().map_or(self.now.ms, |(since, _)| *since);
        // Report a reason once, not at each attempt.
        let is_new_reason = self.outage.as_ref().is_none_or(|(_, last)| last != why);
        self.outage = Some((since, why.to_owned()));
        if is_new_reason {
            self.notice(&text);
        }
    }

    pub(super) fn tick(&mut self) {
        if let Some((since, why)) = &self.outage
            && !self.options.interactive
            && self.encrypted.is_empty()
            && since.saturating_add(self.options.patience_ms) <= self.now.ms
        {
            let why = format!("no connection for {} s: {why}", self.options.patience_ms / 1_000);
            return self.leave(Err(why));
        }
        let was_up = self.engine.is_up();
        self.engine.tick();
        if was_up && !self.engine.is_up() {
            self.report_outage("the server does not answer");
        }
    }

    /// Returns whether a message from the history is printed.
    pub(super) fn shows_recalled(&self, looked: MessageSource, new: bool, own: bool) -> bool {
        match looked {
            MessageSource::Missed => new && (self.options.json || !own && self.shows_missed()),
            MessageSource::HeldBack => new && self.options.json && self.was_lost,
            MessageSource::Scrollback => false,
            MessageSource::Live | MessageSource::Requested | MessageSource::Search => true,
        }
    }

    /// Returns the effect that tells the server that the user leaves.
    #[must_use]
    pub fn quit_effect() -> Effect {
        Effect::Send(crate::engine::Engine::quit_line())
    }
}
