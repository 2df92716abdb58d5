//! The open rooms and their members.

use super::broadcast_group::BroadcastGroup;
use super::user::User;
use crate::fanout::{ClientId, Subscription};
use landline_common::{Cause, Report, RoomKey, RoomName};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All open rooms. A room opens with its first member and closes with its last.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    open: HashMap<RoomKey, OpenRoom>,
    /// Number of open rooms that were opened from each address.
    by_address: HashMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct OpenRoom {
    /// The name as its first member wrote it.
    name: RoomName,
    /// The address of the first member; `None` for the lobby, which counts for no address.
    opener: Option<Arc<str>>,
    group: Arc<BroadcastGroup>,
    /// The members, in the order in which they connected.
    members: BTreeMap<ClientId, Member>,
}

/// A member of a room.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) user: Arc<User>,
    /// `None` between entering and subscribing.
    pub(super) subscription: Option<Arc<Subscription>>,
}

impl Rooms {
    /// Adds `user` to the room called `name`; `open` makes the group of a new room.
    ///
    /// # Errors
    /// The room is new, and the address of `user` has already opened all rooms that it may have open, given the number
    /// `per_address` for one address. The lobby always opens, because accounts start there.
    pub(super) fn enter(
        &mut self,
        name: &RoomName,
        user: &Arc<User>,
        per_address: usize,
        open: impl FnOnce() -> Arc<BroadcastGroup>,
    ) -> Result<(RoomName, Arc<BroadcastGroup>), Report<'static>> {
        let room = match self.open.entry(name.key().clone()) {
            Entry::Occupied(room) => room.into_mut(),
            Entry::Vacant(entry) => {
                let opener = (name.key() != RoomName::lobby().key()).then(|| user.address.key.clone());
                if let Some(address) = &opener {
                    let opened = self.by_address.entry(address.clone()).or_default();
                    let most = user.address.scaled(per_address);
                    if *opened >= most {
                        return Err(Cause::AddressRooms.with_count(most as u64));
                    }
                    *opened += 1;
                }
                let group = open();
                let name = group.gate.as_ref().map_or(name, |gate| gate.name()).clone();
                entry.insert(OpenRoom { name, opener, group, members: BTreeMap::new() })
            }
        };
        room.members.insert(user.client(), Member { user: user.clone(), subscription: None });
        Ok((room.name.clone(), room.group.clone()))
    }

    /// Notes the subscription of a member. Returns false if the client is no member any more.
    #[must_use]
    pub(super) fn subscribe(&mut self, name: &RoomName, client: ClientId, subscription: &Arc<Subscription>) -> bool {
        let member = self.open.get_mut(name.key()).and_then(|room| room.members.get_mut(&client));
        member.map(|member| member.subscription = Some(subscription.clone())).is_some()
    }

    /// Removes a client from a room, which closes with its last member. Returns true if it has closed.
    pub(super) fn leave(&mut self, name: &RoomName, client: ClientId) -> bool {
        let Some(room) = self.open.get_mut(name.key()) else { return false };
        room.members.remove(&client);
        if !room.members.is_empty() {
            return false;
        }
        if let Some(OpenRoom { opener: Some(address), .. }) = self.open.remove(name.key())
            && let Some(opened) = self.by_address.get_mut(&address)
        {
            *opened -= 1;
            if *opened == 0 {
                self.by_address.remove(&address);
            }
        }
        true
    }

    /// Returns a member of a room.
    pub(super) fn member(&self, name: &RoomName, client: ClientId) -> Option<&Member> {
        self.open.get(name.key())?.members.get(&client)
    }

    /// True while a room has members.
    pub(super) fn is_open(&self, room: &RoomKey) -> bool {
        self.open.contains_key(room)
    }

    /// Replaces the client `old` by `user`, a later connection of the same session, in every room.
    pub(super) fn replace_client(&mut self, old: ClientId, user: &Arc<User>) {
        for room in self.open.values_mut() {
            if room.members.remove(&old).is_some() {
                room.members.insert(user.client(), Member { user: user.clone(), subscription: None });
            }
        }
    }

    /// Replaces a member by the same user under another name, in every room.
    pub(super) fn rename(&mut self, user: &Arc<User>) {
        for member in self.open.values_mut().filter_map(|room| room.members.get_mut(&user.client())) {
            member.user = user.clone();
        }
    }

    /// Returns the name and number of members of every room.
    pub(super) fn list(&self) -> Vec<(RoomName, usize)> {
        self.open.values().map(|room| (room.name.clone(), room.members.len())).collect()
    }

    /// Returns the names of the rooms that a client is in, in their order.
    pub(super) fn of_client(&self, client: ClientId) -> Vec<RoomName> {
        let rooms = self.open.values().filter(|room| room.members.contains_key(&client));
        let mut names: Vec<RoomName> = rooms.map(|room| room.name.clone()).collect();
        names.sort_by(|a, b| a.key().cmp(b.key()));
        names
    }

    /// Returns a room's name as shown, and its group.
    pub(super) fn find(&self, name: &RoomName) -> Option<(RoomName, Arc<BroadcastGroup>)> {
        self.open.get(name.key()).map(|room| (room.name.clone(), room.group.clone()))
    }

    /// Returns a room's name as shown, and its members.
    pub(super) fn members(&self, name: &RoomName) -> Option<(RoomName, Vec<Arc<User>>)> {
        self.open
            .get(name.key())
            .map(|room| (room.name.clone(), room.members.values().map(|member| member.user.clone()).collect()))
    }
}
