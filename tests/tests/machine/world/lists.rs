//! Who and what is there.

use super::{Visit, World, names};
use crate::steps::{NAMES, Place, ROOMS, Who};

impl World {
    pub(super) fn list_people(&mut self, me: Who, with_me: bool) {
        let people = names(self.visible(me, |visit| with_me || visit.who != me));
        self.tell(me, format!("Online clients: {people}"));
    }

    pub(super) fn list_members(&mut self, me: Who, room: Place) -> Result<(), String> {
        if self.open[room].is_none() {
            return Err(format!("404 There is no room {}. /rooms lists them.", ROOMS[room]));
        }
        let members = self.visible(me, |visit| visit.rooms.iter().any(|membership| membership.room == room));
        self.tell(me, format!("In {}: {}", ROOMS[room], names(members)));
        Ok(())
    }

    pub(super) fn list_rooms(&mut self, me: Who) {
        let count = |room: Place| {
            let memberships = self.here.iter().flat_map(|visit| &visit.rooms);
            memberships.filter(|membership| membership.room == room).count()
        };
        let open = (0..ROOMS.len()).map(|room| (ROOMS[room], count(room))).filter(|(_, people)| *people > 0);
        let mut rooms: Vec<String> = open.map(|(name, people)| format!("{name} ({people})")).collect();
        rooms.sort();
        let rooms = if rooms.is_empty() { "none".into() } else { rooms.join(", ") };
        self.tell(me, format!("Rooms: {rooms}"));
    }

    /// By name: two may have left in the same millisecond.
    pub(super) fn list_seen(&mut self, me: Who) {
        let mut people = self.visible(me, |visit| visit.who != me);
        let gone = self.seen.iter().copied().filter(|who| *who != me && !self.is_here(*who));
        people.extend(gone.filter(|who| !self.blocks_of(*who).contains(&me)));
        people.sort_unstable_by_key(|who| NAMES[*who]);
        self.tell(me, format!("Online in the last 100000 s: {}", names(people)));
    }

    fn visible(&self, me: Who, wanted: impl Fn(&Visit) -> bool) -> Vec<Who> {
        let people = self.here.iter().filter(|visit| wanted(visit)).map(|visit| visit.who);
        people.filter(|who| !self.blocks_of(*who).contains(&me)).collect()
    }
}
