//! Coming in, and leaving: the first and the last of a visit.

use super::super::circle::Movement;
use super::super::person::ear;
use super::super::talk::{Tag, Texts};
use super::super::{Claim, Holder, Newcomer, SignInOptions};
use super::{Hub, Person, Visit};
use crate::fanout::Seat;
use landline_common::limits::count;
use landline_common::{Event, Moment, Reply};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

impl Hub {
    /// Lets somebody in under the name they claimed: their first room, their seat among everybody with the notice to all
    /// others, and the greeting, which is the first thing they hear.
    #[must_use]
    pub fn sign_in(self: &Arc<Self>, claim: Claim, newcomer: Newcomer, now: Moment) -> Visit {
        let Newcomer { outbox, rendering, account, room, options } = newcomer;
        let SignInOptions { rooms, rate, label } = options;
        outbox.hold();
        let person = Person::new(claim.name.clone(), account, self.next_visit(), outbox.clone(), rendering);
        let blocks = if account { self.memory.blocks(person.name.key()) } else { Vec::new() };
        let mut registry = self.registry();
        registry.names.insert(person.name.key().clone(), Holder::Here(person.client()));
        registry.people.insert(person.client(), person.clone());
        registry.silence_arrival(&person, blocks);
        drop(registry);
        let hall = Seat::new(&outbox, &person.muffle);
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
            tag: Tag { label, nonce: None },
            now,
            _claim: claim,
        };
        let most = count(self.limits.rooms_per_person);
        for room in rooms.iter().filter(|other| other.key() != room.key()) {
            if visit.place_of(room).is_none() && visit.rooms.len() + 1 < most {
                visit.enter(room, false);
            }
        }
        visit.quieten_current();
        visit.enter(&room, false);
        // Last: whoever hears of it and says hello is heard.
        let coming = Movement { hub: self, circle: &self.everybody, person: &visit.person, coming: true };
        let notice = &mut coming.notice(now);
        let opened_before = self.ids.load(Relaxed) - 1;
        visit.arrival = Some(self.everybody.log.enter(&visit.hall, ear(rendering, true), Some(notice)));
        visit.hall_came_after = if visit.hall.came_after() > 0 { visit.hall.came_after() } else { opened_before };
        let reply = visit.tag.label.as_deref().map(|label| Reply { label: label.into(), done: false });
        let welcome = Event { reply, ..visit.welcome(rate).at(now) };
        let mut greeting = Vec::new();
        rendering.write(&welcome, &self.limits, &mut greeting);
        self.greet(&visit.person, greeting);
        visit
    }
}

impl Visit {
    /// Nobody finds them any more.
    fn vanish(&mut self) {
        let mut registry = self.hub.registry();
        registry.names.insert(self.person.name.key().clone(), Holder::Leaving);
        registry.people.remove(&self.person.client());
        self.person.leaves();
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
        self.surely(Visit::vanish);
        self.surely(Visit::end_talk);
        self.surely(Visit::end_all_private);
        while !self.rooms.is_empty() {
            self.surely(Visit::leave_room);
        }
        self.surely(Visit::leave_everybody);
    }
}
