//! The rooms that are open, and who is in them.

use super::broadcast_group::BroadcastGroup;
use super::user::User;
use crate::fanout::{ClientId, RoomLog};
use landline_common::{Cause, Report, RoomKey, RoomName};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All open rooms. A room opens with its first member and closes with its last.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    open: HashMap<RoomKey, Open>,
    /// How many of the open rooms were opened from each address.
    by_address: HashMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Open {
    /// As the first member wrote it.
    name: RoomName,
    /// The address of the first member; `None` for the lobby, which counts at no address.
    opener: Option<Arc<str>>,
    group: Arc<BroadcastGroup>,
    /// In the order in which they connected.
    users: BTreeMap<ClientId, Arc<User>>,
}

impl Rooms {
    /// Puts `user` into the room called `name`, which `open` opens if it is new.
    ///
    /// # Errors
    /// The room is new, and `most` rooms opened from the address of `user` are open. The lobby always opens: accounts
    /// start there.
    pub(super) fn enter(
        &mut self,
        name: &RoomName,
        user: &Arc<User>,
        most: usize,
        open: impl FnOnce() -> Arc<RoomLog>,
    ) -> Result<(RoomName, Arc<BroadcastGroup>), Report<'static>> {
        let room = match self.open.entry(name.key().clone()) {
            Entry::Occupied(room) => room.into_mut(),
            Entry::Vacant(place) => {
                let opener = (name.key() != RoomName::lobby().key()).then(|| user.address.clone());
                if let Some(address) = &opener {
                    let opened = self.by_address.entry(address.clone()).or_default();
                    if *opened >= most {
                        return Err(Cause::AddressRooms.with_count(most as u64));
                    }
                    *opened += 1;
                }
                let group = BroadcastGroup::new(open(), Some(name.clone()));
                place.insert(Open { name: name.clone(), opener, group, users: BTreeMap::new() })
            }
        };
        room.users.insert(user.client(), user.clone());
        Ok((room.name.clone(), room.group.clone()))
    }

    /// Takes somebody out of a room.
    pub(super) fn leave(&mut self, name: &RoomName, client: ClientId) {
        let Some(room) = self.open.get_mut(name.key()) else { return };
        room.users.remove(&client);
        if room.users.is_empty()
            && let Some(Open { opener: Some(address), .. }) = self.open.remove(name.key())
            && let Some(opened) = self.by_address.get_mut(&address)
        {
            *opened -= 1;
            if *opened == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// Puts the same user on another connection in the place of the one before, in every room.
    pub(super) fn replace(&mut self, old: ClientId, user: &Arc<User>) {
        for room in self.open.values_mut() {
            if room.users.remove(&old).is_some() {
                room.users.insert(user.client(), user.clone());
            }
        }
    }

    /// Every room with the number of people in it.
    pub(super) fn list(&self) -> Vec<(RoomName, usize)> {
        self.open.values().map(|room| (room.name.clone(), room.users.len())).collect()
    }

    /// A room's name as it is shown, and how it is reached.
    pub(super) fn find(&self, name: &RoomName) -> Option<(RoomName, Arc<BroadcastGroup>)> {
        self.open.get(name.key()).map(|room| (room.name.clone(), room.group.clone()))
    }

    /// A room's name as it is shown, and who is in it.
    pub(super) fn members(&self, name: &RoomName) -> Option<(RoomName, Vec<Arc<User>>)> {
        self.open.get(name.key()).map(|room| (room.name.clone(), room.users.values().cloned().collect()))
    }
}
