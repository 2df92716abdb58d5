//! Lists of users and rooms.

use super::{ModelServer, ModelSession, names};
use crate::steps::{NAMES, ROOMS, RoomIndex, UserIndex};

impl ModelServer {
    pub(super) fn list_users(&mut self, me: UserIndex, with_me: bool) {
        let users = names(self.visible(me, |session| with_me || session.user != me));
        self.tell(me, format!("Online clients: {users}"));
    }

    pub(super) fn list_members(&mut self, me: UserIndex, room: RoomIndex) -> Result<(), String> {
        if self.open[room].is_none() {
            return Err(format!("404 There is no room {}. /rooms lists them.", ROOMS[room]));
        }
        let members = self.visible(me, |session| session.rooms.iter().any(|membership| membership.room == room));
        self.tell(me, format!("In {}: {}", ROOMS[room], names(members)));
        Ok(())
    }

    pub(super) fn list_rooms(&mut self, me: UserIndex) {
        let count = |room: RoomIndex| {
            let memberships = self.online.iter().flat_map(|session| &session.rooms);
            memberships.filter(|membership| membership.room == room).count()
        };
        let open = (0..ROOMS.len()).map(|room| (ROOMS[room], count(room))).filter(|(_, users)| *users > 0);
        let mut rooms: Vec<String> = open.map(|(name, users)| format!("{name} ({users})")).collect();
        rooms.sort();
        let rooms = if rooms.is_empty() { "none".into() } else { rooms.join(", ") };
        self.tell(me, format!("Rooms: {rooms}"));
    }

    /// Lists by name, since two users may have left in the same millisecond.
    pub(super) fn list_seen(&mut self, me: UserIndex) {
        let mut users = self.visible(me, |session| session.user != me);
        let gone = self.seen.iter().copied().filter(|user| *user != me && !self.is_online(*user));
        users.extend(gone.filter(|user| !self.blocks_of(*user).contains(&me)));
        users.sort_unstable_by_key(|user| NAMES[*user]);
        self.tell(me, format!("Online in the last 100000 s: {}", names(users)));
    }

    /// Returns the online users whose session is wanted, without those that block `me`.
    fn visible(&self, me: UserIndex, wanted: impl Fn(&ModelSession) -> bool) -> Vec<UserIndex> {
        let users = self.online.iter().filter(|session| wanted(session)).map(|session| session.user);
        users.filter(|user| !self.blocks_of(*user).contains(&me)).collect()
    }
}
