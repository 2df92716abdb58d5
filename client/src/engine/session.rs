//! The user's session over its connections: signing in, losing the connection, making it again.

use super::request::Progress;
use super::{Effect, Engine, Phase, Update};
use crate::sign_in::{Loss, Refused, Session, SignIn};
use landline_common::Cause;

impl Engine {
    /// The sign-in of the next connection.
    pub fn sign_in(&mut self) -> SignIn {
        let rooms = self.rooms.to_be_in();
        let seq = self.received.seq;
        let session = self.session.clone().map(|session| Session { seq, ..session });
        let who = self.who.clone();
        let registered = self.registered;
        let mut labels = Vec::new();
        let sign_in = SignIn::new(&who, registered, session.as_ref(), &rooms, || {
            labels.push(self.label());
            labels.last().cloned().unwrap_or_default()
        });
        self.sign_in_labels = labels;
        sign_in
    }

    /// Connects now, if it waits to.
    pub fn connect_now(&mut self) {
        if matches!(self.connection.phase, Phase::Waiting { .. } | Phase::Stopped { .. }) {
            self.connection.ended = None;
            self.connect();
        }
    }

    fn connect(&mut self) {
        self.connection.phase = Phase::Connecting;
        let sign_in = self.sign_in();
        self.effects.push(Effect::Connect(sign_in));
    }

    /// The connection could not be made, or broke.
    pub fn down(&mut self, why: &str, loss: Loss) {
        let was_up = self.is_up();
        self.lose(why, was_up);
        if self.connection.down(why, loss, &mut self.rng, self.now.ms) {
            self.connect();
        }
    }

    /// The server does not let the user in.
    pub fn refused(&mut self, refused: &Refused) {
        let was_up = self.is_up();
        self.lose(&refused.why, was_up);
        match refused.cause {
            Cause::TokenUnknown => {
                self.session = None;
                self.connect();
            }
            Cause::NameTaken if self.session.is_some() => {
                let why = "another user has your name now; trying on";
                self.connection.wait_briefly(why, &mut self.rng, self.now.ms);
            }
            // The name is the user's own: the server has not noticed yet that the old connection is gone.
            Cause::NameTaken | Cause::AlreadyHere if self.was_up() => {
                let why = "your earlier connection still holds the name; trying on";
                self.connection.wait_briefly(why, &mut self.rng, self.now.ms);
            }
            Cause::ResumeBusy => self.connection.wait_briefly(&refused.why, &mut self.rng, self.now.ms),
            _ if refused.again => {
                _ = self.connection.down(&refused.why, Loss::Server, &mut self.rng, self.now.ms);
            }
            _ => self.connection.stop(&refused.why),
        }
    }

    /// What a loss means for what is under way.
    fn lose(&mut self, why: &str, was_up: bool) {
        for item in self.queue.connection_lost() {
            self.deliver(&item, Progress::Unsent);
        }
        for event in self.held.take() {
            self.updates.push(Update::Recalled { event: Box::new(event), missed: false });
        }
        for (_, room) in self.rooms.iter_mut() {
            room.caught_up = false;
        }
        if was_up {
            self.updates.push(Update::Lost { why: why.into() });
        }
    }

    /// Time has passed.
    pub fn tick(&mut self) {
        if self.connection.is_due(self.now.ms) {
            return self.connect();
        }
        let oldest = self.queue.oldest_unanswered();
        if self.connection.is_dead(oldest, self.now.ms) {
            let why = format!("no answer for {} s", self.connection.silent_ms(oldest, self.now.ms) / 1_000);
            self.effects.push(Effect::Disconnect);
            self.down(&why, Loss::Network);
        }
    }
}
