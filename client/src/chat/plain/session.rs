//! The connection, and what has become of one's own lines; when it ends.

use super::{Act, Plain};
use crate::engine::{DeliveryUpdate, Effect, Looked, Phase, Progress, Update};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::text::Dialect;

/// A pipe that goes on behind `/quit` is not listened to for longer.
const LONGEST_BEHIND_QUIT: usize = 100_000;

impl Plain {
    /// What the engine wants done is done, and what it tells is told; when nothing is left to do, it ends.
    pub(super) fn settle(&mut self) {
        loop {
            let (effects, updates) = self.engine.take();
            if (effects.is_empty() && updates.is_empty()) || self.over {
                break;
            }
            self.acts.extend(effects.into_iter().map(Act::Engine));
            updates.into_iter().for_each(|update| self.update(update));
        }
        self.answered = None;
        let listens = self.quit_until.is_some_and(|until| self.now.ms < until);
        if self.ending && (!listens || self.behind_quit_count > LONGEST_BEHIND_QUIT) {
            let up = self.engine.is_up();
            // Without a connection, people do not wait for one to leave, and scripts only for lines that are to be sent.
            if self.typed.is_empty() || (!up && self.ways.interactive) {
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
            Update::Account => self.acts.push(Act::RememberAccount),
            Update::Delivery(DeliveryUpdate { key, progress, .. }) => self.delivered(key, progress),
            // Talk must not go into another room than the one it is meant for.
            Update::KeptOut { room, key: 0, why } => self.leave(Err(format!("cannot go into {room}: {why}"))),
            Update::KeptOut { room, .. } | Update::Left { room } => self.go_out_of(&room),
            Update::Recalled { event, missed } => {
                // Programs have got it already, and of what a user did not miss there is nothing to tell.
                if missed && !self.ways.json && self.shows_missed() {
                    self.acts.push(Act::ShowLate(event, Dialect::Lines));
                }
            }
            // What the line has come to says it.
            Update::PasswordNotSet => {}
            Update::Entered { .. } | Update::CaughtUp { .. } | Update::Lost { .. } => {}
        }
    }

    /// What was missed before the first sign-in is for people who come back, not for scripts.
    pub(super) fn shows_missed(&self) -> bool {
        self.ways.interactive || self.lost.is_some() || self.came_back
    }

    /// What a line has come to.
    fn delivered(&mut self, key: u64, progress: Progress) {
        match progress {
            Progress::Unsent => {}
            Progress::OnTheWay => {
                if let Some(typed) = self.typed.get_mut(&key) {
                    typed.sent = true;
                }
            }
            Progress::Done { .. } => _ = self.typed.remove(&key),
            Progress::Failed(why) => {
                let Some(typed) = self.typed.remove(&key) else { return };
                // Why the server refused it, it has said itself.
                match (self.answered == Some(key), self.ways.interactive) {
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
        self.engine.down(why, loss);
        self.is_down(why);
    }

    pub(super) fn not_let_in(&mut self, refused: &SignInRefused) {
        if !self.engine.was_up() {
            return self.leave(Err(refused.why.clone()));
        }
        self.engine.refused(refused);
        self.is_down(&refused.why);
    }

    fn is_down(&mut self, why: &str) {
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
            && !self.ways.interactive
            && self.encrypted.is_empty()
            && since.saturating_add(self.ways.patience_ms) <= self.now.ms
        {
            let why = format!("no connection for {} s: {why}", self.ways.patience_ms / 1_000);
            return self.leave(Err(why));
        }
        let was_up = self.engine.is_up();
        self.engine.tick();
        if was_up && !self.engine.is_up() {
            self.is_down("the server does not answer");
        }
    }

    /// Whether an event out of the history is printed.
    pub(super) fn shows_recalled(&self, looked: Looked, new: bool, own: bool) -> bool {
        match looked {
            Looked::Missed => new && (self.ways.json || !own && self.shows_missed()),
            Looked::Held => new && self.ways.json && self.came_back,
            Looked::Older => false,
            Looked::No | Looked::Asked | Looked::Searched => true,
        }
    }

    /// What leaves in order: the server is told.
    #[must_use]
    pub fn farewell() -> Effect {
        Effect::Send(crate::engine::Engine::farewell())
    }
}
