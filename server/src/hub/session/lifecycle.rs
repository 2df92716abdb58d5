//! Coming in, and leaving: the first and the last of a visit.

use super::super::broadcast_group::PresenceChange;
use super::super::publications::{LineBatch, Tag};
use super::super::user::delivery_mode;
use super::super::{Leaving, NameReservation, NameState, Registry, SessionOptions, SignInOptions, SignInRequest};
use super::{Hub, Session, User};
use crate::fanout::Subscription;
use crate::hub::Token;
use crate::hub::session_state::SessionState;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Event, OffsetDateTime, Reply, Report, RoomName, UserName};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Rooms of one sign-in: the answer tells of each, and must fit into the client's backlog together with its mail.
const MOST_ROOMS: usize = 48;

/// How a user comes in.
pub(super) struct Arrival {
    /// The rooms to be in; the last one is the current one.
    pub(super) rooms: Vec<RoomName>,
    /// What the session goes on with if the connection is lost.
    pub(super) token: Option<Token>,
    /// It goes on.
    pub(super) resumed: bool,
    /// Others hear of it.
    pub(super) announced: bool,
}

impl Hub {
    /// Lets somebody in under the name they claimed: their first room, their seat among everybody with the notice to all
    /// others, and the greeting, which is the first thing they hear.
    ///
    /// # Errors
    /// The user would open one room too many.
    pub fn sign_in(
        self: &Arc<Self>,
        reservation: NameReservation,
        newcomer: SignInRequest,
        now: OffsetDateTime,
    ) -> Result<Session, Report<'static>> {
        let outbox = &newcomer.outbox;
        let number = self.next_visit();
        let name = reservation.name.clone();
        let party =
            if newcomer.account { HistoryOwner::Account(name.key().clone()) } else { HistoryOwner::Guest(number) };
        let options = newcomer.options.session;
        let session = options.map(|options| SessionState::new(number, outbox, options.acks, &self.limits));
        let address = newcomer.address.clone();
        let user = User::new(name, party, address, outbox.clone(), newcomer.rendering, session);
        let blocks = if user.is_account() { self.memory.blocks(user.name.key()) } else { Vec::new() };
        let mut registry = self.registry();
        // Before anything else: from here on the room stays open, and entering it cannot fail.
        self.enter(&mut registry, &newcomer.room, &user)?;
        outbox.hold();
        registry.arrive(&user, blocks);
        if let Some(SessionOptions { token, transport, .. }) = options {
            registry.sessions.begin(number, user.client(), transport, token);
        }
        drop(registry);
        let mut rooms = newcomer.options.rooms.clone();
        rooms.retain(|other| other.key() != newcomer.room.key());
        rooms.truncate(count(self.limits.rooms_per_person).min(MOST_ROOMS).saturating_sub(1));
        rooms.push(newcomer.room.clone());
        let token = options.map(|options| options.token);
        let arrival = Arrival { rooms, token, resumed: false, announced: true };
        Ok(self.move_in(reservation, user, arrival, newcomer, now))
    }

    /// Gives a user who is in the registry seats in their rooms and among everybody, and the greeting.
    pub(super) fn move_in(
        self: &Arc<Self>,
        reservation: NameReservation,
        user: Arc<User>,
        arrival: Arrival,
        newcomer: SignInRequest,
        now: OffsetDateTime,
    ) -> Session {
        let global_subscription = Subscription::new(&user.outbox, &user.block_filter);
        let SignInOptions { rate, label, .. } = newcomer.options;
        let mut session = Session {
            hub: self.clone(),
            user,
            global_subscription,
            global_id_before_joining: 0,
            rooms: Vec::new(),
            texts: LineBatch::default(),
            addressee: None,
            spoken: None,
            arrival: None,
            told_foreign: false,
            lost: false,
            partners: Vec::new(),
            tag: Tag { label, ..Tag::default() },
            now,
            reservation,
        };
        let Arrival { rooms, token, resumed, announced } = arrival;
        for room in &rooms {
            if session.place_of(room).is_none() {
                session.quieten_current();
                // Rooms that cannot be opened are missing in the answer.
                let _ = session.enter(room, false);
            }
        }
        // Last: whoever hears of it and says hello is heard.
        let coming = PresenceChange { hub: self, group: &self.global, user: &session.user, coming: true };
        let mut notice = coming.notice(now);
        let notice = announced.then_some(&mut notice);
        let opened_before = self.ids.load(Relaxed) - 1;
        let rendering = session.user.rendering();
        let delivery_mode = delivery_mode(rendering, true);
        session.arrival =
            Some(self.global.log.enter(&session.global_subscription, delivery_mode, notice.map(|notice| notice as _)));
        session.global_id_before_joining = if session.global_subscription.id_before_joining() > 0 {
            session.global_subscription.id_before_joining()
        } else {
            opened_before
        };
        let reply = session.tag.label.as_deref().map(|label| Reply { label: label.into(), done: false });
        let welcome = Event { reply, ..session.welcome(rate, token, resumed).at(now) };
        let mut greeting = Vec::new();
        rendering.write(&welcome, &self.limits, &mut greeting);
        self.greet(&session.user, greeting);
        session
    }
}

impl Registry {
    /// A user is here from now on.
    pub(super) fn arrive(&mut self, user: &Arc<User>, blocks: Vec<UserName>) {
        self.names.insert(user.name.key().clone(), NameState::Here(user.client()));
        self.users.insert(user.client(), user.clone());
        self.silence_arrival(user, blocks);
    }
}

impl Session {
    /// Nobody finds them any more.
    fn vanish(&mut self) {
        let mut registry = self.hub.registry();
        registry.names.insert(self.user.name.key().clone(), NameState::Leaving);
        registry.users.remove(&self.user.client());
        let leaving = Leaving { user: self.user.clone(), partners: Vec::new() };
        registry.leaving.insert(self.user.client(), leaving);
        self.user.leaves();
    }

    /// Ends the leaving that [`Session::vanish`] began.
    fn end_leaving(&mut self) {
        self.hub.registry().leaving.remove(&self.user.client());
    }

    fn end_talk(&mut self) {
        self.flush();
        self.settle();
        #[cfg(feature = "faults")]
        crate::faults::strike("leaving", self.user.name.as_str().as_bytes());
    }

    fn leave_room(&mut self) {
        if let Some(membership) = self.rooms.pop() {
            self.give_up(membership, false);
        }
    }

    /// Leaves the hidden room of everybody, without a word: the user stays on another connection.
    fn leave_to_successor(&mut self) {
        self.reservation.passed_on = true;
        if self.arrival.is_none() {
            return;
        }
        let global = &self.hub.global.log;
        let last = global.leave(&self.global_subscription, delivery_mode(self.user.rendering(), true), None);
        global.wait_delivered(last);
        self.hub.registry().forget_predecessor(&self.user);
    }

    fn leave_everybody(&mut self) {
        if self.arrival.is_none() {
            // A panic on the way in: nobody has heard of them.
            return;
        }
        let hub = &self.hub;
        let going = PresenceChange { hub, group: &hub.global, user: &self.user, coming: false };
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        let last = hub.global.log.leave(&self.global_subscription, delivery_mode, Some(&mut going.notice(self.now)));
        let has_blocks = hub.registry().has_blocks(&self.user);
        if has_blocks {
            // Who must not hear of it has not heard of it by then.
            hub.global.log.wait_delivered(last);
            hub.registry().silence_departure(&self.user);
        }
    }

    /// One step of leaving. It may be a panic that ends the visit: one more at that time would end the server, and what
    /// comes after it has to be done all the same.
    fn surely(&mut self, step: fn(&mut Session)) {
        if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
            log::error!("a panic while {} left; the others go on", self.user.name);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // From here on no other connection takes the session over, until it has ended or may be resumed.
        let stays = !self.begin_turn();
        if !stays {
            self.surely(Session::vanish);
        }
        self.surely(Session::end_talk);
        if !stays {
            self.surely(Session::end_all_private);
        }
        while !self.rooms.is_empty() {
            self.surely(Session::leave_room);
        }
        if stays {
            self.surely(Session::leave_to_successor);
        } else {
            self.surely(Session::end_session);
            self.surely(Session::leave_everybody);
            self.surely(Session::end_leaving);
            self.end_turn();
        }
    }
}
