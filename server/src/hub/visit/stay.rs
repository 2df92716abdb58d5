//! Coming in, and leaving: the first and the last of a visit.

use super::super::circle::Movement;
use super::super::person::ear;
use super::super::talk::{Tag, Texts};
use super::super::{Claim, Holder, Leaving, Newcomer, Registry, SessionOptions, SignInOptions};
use super::{Hub, Person, Visit};
use crate::fanout::Seat;
use crate::hub::Token;
use crate::hub::session_state::SessionState;
use landline_common::history::Party;
use landline_common::limits::count;
use landline_common::{Event, Moment, Reply, Report, RoomName, UserName};
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
    pub fn sign_in(self: &Arc<Self>, claim: Claim, newcomer: Newcomer, now: Moment) -> Result<Visit, Report<'static>> {
        let outbox = &newcomer.outbox;
        let number = self.next_visit();
        let name = claim.name.clone();
        let party = if newcomer.account { Party::Account(name.key().clone()) } else { Party::Guest(number) };
        let options = newcomer.options.session;
        let session = options.map(|options| SessionState::new(number, outbox, options.acks, &self.limits));
        let address = newcomer.address.clone();
        let person = Person::new(name, party, address, outbox.clone(), newcomer.rendering, session);
        let blocks = if person.is_account() { self.memory.blocks(person.name.key()) } else { Vec::new() };
        let mut registry = self.registry();
        // Before anything else: from here on the room stays open, and entering it cannot fail.
        self.enter(&mut registry, &newcomer.room, &person)?;
        outbox.hold();
        registry.arrive(&person, blocks);
        if let Some(SessionOptions { token, transport, .. }) = options {
            registry.sessions.begin(number, person.client(), transport, token);
        }
        drop(registry);
        let mut rooms = newcomer.options.rooms.clone();
        rooms.retain(|other| other.key() != newcomer.room.key());
        rooms.truncate(count(self.limits.rooms_per_person).min(MOST_ROOMS).saturating_sub(1));
        rooms.push(newcomer.room.clone());
        let token = options.map(|options| options.token);
        let arrival = Arrival { rooms, token, resumed: false, announced: true };
        Ok(self.move_in(claim, person, arrival, newcomer, now))
    }

    /// Gives a user who is in the registry seats in their rooms and among everybody, and the greeting.
    pub(super) fn move_in(
        self: &Arc<Self>,
        claim: Claim,
        person: Arc<Person>,
        arrival: Arrival,
        newcomer: Newcomer,
        now: Moment,
    ) -> Visit {
        let hall = Seat::new(&person.outbox, &person.muffle);
        let SignInOptions { rate, label, .. } = newcomer.options;
        let mut visit = Visit {
            hub: self.clone(),
            person,
            hall,
            hall_came_after: 0,
            rooms: Vec::new(),
            texts: Texts::default(),
            addressee: None,
            spoken: None,
            arrival: None,
            told_foreign: false,
            lost: false,
            partners: Vec::new(),
            tag: Tag { label, ..Tag::default() },
            now,
            claim,
        };
        let Arrival { rooms, token, resumed, announced } = arrival;
        for room in &rooms {
            if visit.place_of(room).is_none() {
                visit.quieten_current();
                // Rooms that cannot be opened are missing in the answer.
                let _ = visit.enter(room, false);
            }
        }
        // Last: whoever hears of it and says hello is heard.
        let coming = Movement { hub: self, circle: &self.everybody, person: &visit.person, coming: true };
        let mut notice = coming.notice(now);
        let notice = announced.then_some(&mut notice);
        let opened_before = self.ids.load(Relaxed) - 1;
        let rendering = visit.person.rendering();
        let ear = ear(rendering, true);
        visit.arrival = Some(self.everybody.log.enter(&visit.hall, ear, notice.map(|notice| notice as _)));
        visit.hall_came_after = if visit.hall.came_after() > 0 { visit.hall.came_after() } else { opened_before };
        let reply = visit.tag.label.as_deref().map(|label| Reply { label: label.into(), done: false });
        let welcome = Event { reply, ..visit.welcome(rate, token, resumed).at(now) };
        let mut greeting = Vec::new();
        rendering.write(&welcome, &self.limits, &mut greeting);
        self.greet(&visit.person, greeting);
        visit
    }
}

impl Registry {
    /// A user is here from now on.
    pub(super) fn arrive(&mut self, person: &Arc<Person>, blocks: Vec<UserName>) {
        self.names.insert(person.name.key().clone(), Holder::Here(person.client()));
        self.people.insert(person.client(), person.clone());
        self.silence_arrival(person, blocks);
    }
}

impl Visit {
    /// Nobody finds them any more.
    fn vanish(&mut self) {
        let mut registry = self.hub.registry();
        registry.names.insert(self.person.name.key().clone(), Holder::Leaving);
        registry.people.remove(&self.person.client());
        let leaving = Leaving { person: self.person.clone(), partners: Vec::new() };
        registry.leaving.insert(self.person.client(), leaving);
        self.person.leaves();
    }

    /// Ends the leaving that [`Visit::vanish`] began.
    fn end_leaving(&mut self) {
        self.hub.registry().leaving.remove(&self.person.client());
    }

    fn end_talk(&mut self) {
        self.flush();
        self.settle();
        #[cfg(feature = "faults")]
        crate::faults::strike("leaving", self.person.name.as_str().as_bytes());
    }

    fn leave_room(&mut self) {
        if let Some(membership) = self.rooms.pop() {
            self.give_up(membership, false);
        }
    }

    /// Leaves the hidden room of everybody, without a word: the user stays on another connection.
    fn leave_to_successor(&mut self) {
        self.claim.passed_on = true;
        if self.arrival.is_none() {
            return;
        }
        let everybody = &self.hub.everybody.log;
        let last = everybody.leave(&self.hall, ear(self.person.rendering(), true), None);
        everybody.settle(last);
        self.hub.registry().forget_predecessor(&self.person);
    }

    fn leave_everybody(&mut self) {
        if self.arrival.is_none() {
            // A panic on the way in: nobody has heard of them.
            return;
        }
        let hub = &self.hub;
        let going = Movement { hub, circle: &hub.everybody, person: &self.person, coming: false };
        let ear = ear(self.person.rendering(), true);
        let last = hub.everybody.log.leave(&self.hall, ear, Some(&mut going.notice(self.now)));
        let has_blocks = hub.registry().has_blocks(&self.person);
        if has_blocks {
            // Who must not hear of it has not heard of it by then.
            hub.everybody.log.settle(last);
            hub.registry().silence_departure(&self.person);
        }
    }

    /// One step of leaving. It may be a panic that ends the visit: one more at that time would end the server, and what
    /// comes after it has to be done all the same.
    fn surely(&mut self, step: fn(&mut Visit)) {
        if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
            log::error!("a panic while {} left; the others go on", self.person.name);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // From here on no other connection takes the session over, until it has ended or may be resumed.
        let stays = !self.begin_turn();
        if !stays {
            self.surely(Visit::vanish);
        }
        self.surely(Visit::end_talk);
        if !stays {
            self.surely(Visit::end_all_private);
        }
        while !self.rooms.is_empty() {
            self.surely(Visit::leave_room);
        }
        if stays {
            self.surely(Visit::leave_to_successor);
        } else {
            self.surely(Visit::end_session);
            self.surely(Visit::leave_everybody);
            self.surely(Visit::end_leaving);
            self.end_turn();
        }
    }
}
