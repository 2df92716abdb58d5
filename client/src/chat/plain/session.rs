//! The connection, and what has become of one's own lines; when it ends.

use super::{Plain, PlainEffect};
use crate::engine::{DeliveryUpdate, Effect, MessageSource, Phase, Progress, Update};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::text::Dialect;

/// A pipe that goes on behind `/quit` is not listened to for longer.
const LONGEST_BEHIND_QUIT: usize = 100_000;

impl Plain {
    /// What the engine wants done is done, and what it tells is told; when nothing is left to do, it ends.
    pub(super) fn finish_step(&mut self) {
        loop {
            let (effects, updates) = self.engine.take_output();
            if (effects.is_empty() && updates.is_empty()) || self.over {
                break;
            }
            self.acts.extend(effects.into_iter().map(PlainEffect::Engine));
            updates.into_iter().for_each(|update| self.update(update));
        }
        self.answered = None;
        let listens = self.quit_until.is_some_and(|until| self.now.ms < until);
        if self.ending && (!listens || self.behind_quit_count > LONGEST_BEHIND_QUIT) {
            let up = self.engine.is_up();
            // Without a connection, people do not wait for one to leave, and scripts only for lines that are to be sent.
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
                    self.go_into(&room);
                } else {
                    self.say("connected again");
                }
                self.lost = None;
            }
            Update::Account => self.acts.push(PlainEffect::RememberAccount),
            Update::Delivery(DeliveryUpdate { key, progress, .. }) => self.delivered(key, progress),
            // Talk must not go into another room than the one it is meant for.
            Update::EntryRefused { room, key: 0, why } => self.leave(Err(format!("cannot go into {room}: {why}"))),
            Update::EntryRefused { room, .. } | Update::Left { room } => self.go_out_of(&room),
            Update::Recalled { event, missed } => {
                // Programs have got it already, and of what a user did not miss there is nothing to tell.
                if missed && !self.options.json && self.shows_missed() {
                    self.acts.push(PlainEffect::ShowLate(event, Dialect::Lines));
                }
            }
            // What the line has come to says it.
            Update::PasswordNotSet => {}
            Update::Entered { .. } | Update::CaughtUp { .. } | Update::Lost { .. } => {}
        }
    }

    /// What was missed before the first sign-in is for people who come back, not for scripts.
    pub(super) fn shows_missed(&self) -> bool {
        self.options.interactive || self.lost.is_some() || self.came_back
    }

    /// What a line has come to.
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
                // Why the server refused it, it has said itself.
                match (self.answered == Some(key), self.options.interactive) {
                    (true, true) => self.refused += 1,
                    (true, false) => {
                        self.refused += 1;
                        self.say(&format!("refused: {}", typed.text));
                    }
                    (false, _) => self.refuse(&typed.text, &why),
                }
            }
        }
    }

    /// The connection could not be made, or broke.
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
        self.came_back = true;
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
        let since = self.lost.as_ref().map_or(self.now.ms, |(since, _)| *since);
        // Attempts that fail for the same reason are told once.
        let is_news = self.lost.as_ref().is_none_or(|(_, last)| last != why);
        self.lost = Some((since, why.to_owned()));
        if is_news {
            self.say(&text);
        }
    }

    pub(super) fn tick(&mut self) {
        if let Some((since, why)) = &self.lost
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

    /// Whether an event out of the history is printed.
    pub(super) fn shows_recalled(&self, looked: MessageSource, new: bool, own: bool) -> bool {
        match looked {
            MessageSource::Missed => new && (self.options.json || !own && self.shows_missed()),
            MessageSource::HeldBack => new && self.options.json && self.came_back,
            MessageSource::Scrollback => false,
            MessageSource::Live | MessageSource::Requested | MessageSource::Search => true,
        }
    }

    /// What leaves in order: the server is told.
    #[must_use]
    pub fn quit_effect() -> Effect {
        Effect::Send(crate::engine::Engine::quit_line())
    }
}
