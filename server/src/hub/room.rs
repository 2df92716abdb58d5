//! The rooms that are open, and who is in them.

use super::circle::Circle;
use super::person::Person;
use crate::fanout::{ClientId, Room};
use landline_common::{RoomKey, RoomName};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All open rooms. A room opens with its first member and ends with its last.
#[derive(Debug, Default)]
pub(super) struct Rooms(HashMap<RoomKey, Open>);

#[derive(Debug)]
struct Open {
    /// As the first member wrote it.
    name: RoomName,
    circle: Arc<Circle>,
    /// In the order in which they connected.
    people: BTreeMap<ClientId, Arc<Person>>,
}

impl Rooms {
    /// Puts `person` into the room called `name`, which `open` opens if it is new.
    pub(super) fn enter(
        &mut self,
        name: &RoomName,
        person: &Arc<Person>,
        open: impl FnOnce() -> Arc<Room>,
    ) -> (RoomName, Arc<Circle>) {
        let circle = || Circle::new(open(), Some(name.clone()));
        let fresh = || Open { name: name.clone(), circle: circle(), people: BTreeMap::new() };
        let room = self.0.entry(name.key().clone()).or_insert_with(fresh);
        room.people.insert(person.client(), person.clone());
        (room.name.clone(), room.circle.clone())
    }

    /// Takes somebody out of a room.
    pub(super) fn leave(&mut self, name: &RoomName, client: ClientId) {
        if let Some(room) = self.0.get_mut(name.key()) {
            room.people.remove(&client);
            if room.people.is_empty() {
                self.0.remove(name.key());
            }
        }
    }

    /// Puts the same user on another connection in the place of the one before, in every room.
    pub(super) fn replace(&mut self, old: ClientId, person: &Arc<Person>) {
        for room in self.0.values_mut() {
            if room.people.remove(&old).is_some() {
                room.people.insert(person.client(), person.clone());
            }
        }
    }

    /// Every room with the number of people in it.
    pub(super) fn list(&self) -> Vec<(RoomName, usize)> {
        self.0.values().map(|room| (room.name.clone(), room.people.len())).collect()
    }

    /// A room's name as it is shown, and how it is reached.
    pub(super) fn find(&self, name: &RoomName) -> Option<(RoomName, Arc<Circle>)> {
        self.0.get(name.key()).map(|room| (room.name.clone(), room.circle.clone()))
    }

    /// A room's name as it is shown, and who is in it.
    pub(super) fn members(&self, name: &RoomName) -> Option<(RoomName, Vec<Arc<Person>>)> {
        self.0.get(name.key()).map(|room| (room.name.clone(), room.people.values().cloned().collect()))
    }
}
