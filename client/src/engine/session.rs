//! The user's session across connections: signing in, losing the connection, and connecting again.
//!
//! The server keeps a session for a while after its connection broke. The client resumes it with a token; rooms,
//! private chats and unacknowledged events are then as before. If the token is unknown, the client signs in anew.

use super::request::{Progress, RequestKind};
use super::submit::ENDED;
use super::{Effect, Engine, Phase, Update};
use crate::sign_in::{Identity, Loss, Session, SignIn, SignInRefused};
use landline_common::{Cause, RoomName};

/// The reason for which a line is in doubt.
pub(super) const IN_DOUBT: &str = "connection lost; this may not have arrived";

impl Engine {
    /// Creates the sign-in for the next connection. It resumes the session if there is one.
    pub fn sign_in(&mut self) -> SignIn {
        let rooms = self.rooms.joined();
        let seq = self.received.seq;
        let session = self.session.clone().map(|session| Session { seq, ..session });
        let identity = Identity { room: self.room_to_enter(), ..self.identity.clone() };
        let registered = self.registered;
        let unconfirmed = self.unconfirmed_password().map(str::to_owned);
        let mut labels = Vec::new();
        let sign_in = SignIn::new(&identity, registered, session.as_ref(), unconfirmed.as_deref(), &rooms, || {
            labels.push(self.label());
            labels.last().cloned().unwrap_or_default()
        });
        self.new_password_label = unconfirmed.and_then(|_| labels.last().cloned());
        self.sign_in_labels = labels;
        sign_in
    }

    /// Returns the room that becomes the current one with a sign-in: the room of the program's start, or another one if
    /// the user is not in that any more. A sign-in must not lead back into a room that an owner took the user out of.
    fn room_to_enter(&self) -> RoomName {
        let start = &self.identity.room;
        if self.rooms.is_in(start.as_str()) {
            return start.clone();
        }
        self.rooms().find_map(|room| RoomName::parse(room).ok()).unwrap_or_else(RoomName::lobby)
    }

    /// Connects at once if the engine waits or has stopped, at the user's request.
    pub fn connect_now(&mut self) {
        if matches!(self.connection.phase, Phase::Waiting { .. } | Phase::Stopped { .. }) {
            self.connection.ended = None;
            self.connect();
        }
    }

    /// Returns whether the next sign-in needs another password: the server has refused the one that is known here, or
    /// has said that it no longer counts.
    #[must_use]
    pub fn wants_password(&self) -> bool {
        self.password_refused && matches!(self.connection.phase, Phase::Stopped { .. })
    }

    /// Connects at once with the password that the user has typed.
    pub fn connect_with(&mut self, password: &str) {
        self.identity.password = Some(password.to_owned());
        self.registered = true;
        self.password_refused = false;
        self.session = None;
        self.connect_now();
    }

    fn connect(&mut self) {
        self.connection.phase = Phase::Connecting;
        let sign_in = self.sign_in();
        self.effects.push(Effect::Connect(sign_in));
    }

    /// Handles a connection that failed or broke.
    pub fn connection_lost(&mut self, why: &str, loss: Loss) {
        let was_up = self.is_up();
        self.handle_loss(why, was_up);
        self.fail_waiting_lines_after_end();
        if self.connection.set_down(why, loss, &mut self.rng, self.now.ms) {
            self.connect();
        }
    }

    /// Handles a refused sign-in: connects again soon, later or not at all, depending on the cause.
    pub fn sign_in_refused(&mut self, refused: &SignInRefused) {
        let was_up = self.is_up();
        self.handle_loss(&refused.why, was_up);
        match refused.cause {
            Cause::TokenUnknown => {
                self.session = None;
                self.connect();
            }
            Cause::NameTaken if self.session.is_some() => {
                let why = "another user has your name now; trying again";
                self.connection.wait_briefly(why, &mut self.rng, self.now.ms);
            }
            // The user's own earlier connection holds the name; the server has not noticed yet that it is gone.
            Cause::NameTaken | Cause::AlreadyHere if self.was_up() => {
                let why = "your earlier connection still holds the name; trying again";
                self.connection.wait_briefly(why, &mut self.rng, self.now.ms);
            }
            Cause::ResumeBusy => self.connection.wait_briefly(&refused.why, &mut self.rng, self.now.ms),
            // The refused room is the one that was to become the current one.
            Cause::RoomBanned | Cause::InviteOnly | Cause::KeyNeeded if self.was_up() => {
                let room = self.room_to_enter();
                let was_in = self.rooms.is_in(room.as_str());
                self.refuse_entry(room.as_str(), 0, &refused.why);
                // Outside of all rooms, the next sign-in would ask for the lobby again.
                if was_in { self.connect() } else { self.connection.stop(&refused.why) }
            }
            Cause::DoorsClosed => {
                let why = "the server's doors are closed";
                self.connection.wait_for_doors(why, &mut self.rng, self.now.ms);
            }
            Cause::WrongPassword => {
                self.password_refused = true;
                self.connection.stop(&refused.why);
            }
            _ if refused.retry => {
                _ = self.connection.set_down(&refused.why, Loss::Server, &mut self.rng, self.now.ms);
            }
            _ => self.connection.stop(&refused.why),
        }
    }

    /// Updates requests and rooms after a loss: unanswered lines wait again, and no room is caught up.
    fn handle_loss(&mut self, why: &str, was_up: bool) {
        for item in self.queue.connection_lost() {
            self.report_progress(&item, Progress::Queued);
        }
        for event in self.held_back.take() {
            self.updates.push(Update::Recalled { event: Box::new(event), missed: false });
        }
        for (_, room) in self.rooms.iter_mut() {
            room.caught_up = false;
        }
        if was_up {
            self.updates.push(Update::Lost { why: why.into() });
        }
    }

    /// Fails all waiting lines if the server ended the session. Sent after a later sign-in, they would surprise the user.
    fn fail_waiting_lines_after_end(&mut self) {
        if self.connection.ended.is_none() {
            return;
        }
        for item in self.queue.take_waiting(|_| true) {
            let why = if item.in_doubt { IN_DOUBT } else { ENDED };
            if let RequestKind::Join(room) = &item.kind {
                self.refuse_entry(room, item.key, why);
            }
            self.report_progress(&item, Progress::Failed(why.into()));
        }
    }

    /// Handles the passing of time: connects when an attempt is due, and gives up a connection that is silent.
    pub fn tick(&mut self) {
        if self.connection.is_due(self.now.ms) {
            return self.connect();
        }
        let oldest = self.queue.oldest_unanswered();
        if self.connection.is_dead(oldest, self.now.ms) {
            let why = format!("no answer for {} s", self.connection.silent_ms(oldest, self.now.ms) / 1_000);
            self.effects.push(Effect::Disconnect);
            self.connection_lost(&why, Loss::Network);
        }
    }
}
