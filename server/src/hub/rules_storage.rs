//! Loading the rules at the start, and storing them after each change.

use super::rules::{RoomRules, ServerRules};
use super::storage::Storage;
use super::{Hub, Registry};
use crate::rules_record::RulesRecord;
use landline_common::{OffsetDateTime, RoomName};

impl Registry {
    /// Loads the rules of rooms, and returns those of the server. At the first start with rules, the rooms of the
    /// history belong to the server's owners.
    pub(super) fn load_rules(&mut self, storage: &dyn Storage) -> ServerRules {
        let Some(record) = storage.rules() else {
            let names = storage.room_names();
            let rooms = names.iter().filter_map(|name| RoomName::parse(name).ok());
            self.server_rooms = rooms.map(|room| room.key().clone()).collect();
            return ServerRules::default();
        };
        let rooms = record.server_rooms.iter().filter_map(|name| RoomName::parse(name).ok());
        self.server_rooms = rooms.map(|room| room.key().clone()).collect();
        for room in &record.rooms {
            if let Ok(name) = RoomName::parse(&room.name) {
                self.rules.insert(name, RoomRules::from_record(room), room.last_used_ms);
            }
        }
        self.name_tokens.load(&record.names);
        ServerRules::from_record(&record.server)
    }
}

impl Hub {
    /// Stores the rules of the server and of all rooms. Returns once they are on the disk. The caller holds no lock.
    ///
    /// # Errors
    /// The reason why they could not be stored.
    pub fn store_rules(&self, now: OffsetDateTime) -> Result<(), String> {
        self.storage.store_rules(&mut || {
            let registry = self.registry();
            let mut rooms: Vec<_> = registry.rules.iter().filter_map(|gate| gate.to_record(now)).collect();
            rooms.sort_by(|one, other| one.name.cmp(&other.name));
            let mut server_rooms: Vec<_> = registry.server_rooms.iter().map(|room| room.as_str().to_owned()).collect();
            server_rooms.sort();
            let names = registry.name_tokens.to_records(now);
            drop(registry);
            RulesRecord { server: self.server_rules.lock().to_record(now), server_rooms, rooms, names }
        })
    }
}
