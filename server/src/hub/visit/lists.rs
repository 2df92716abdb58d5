//! Who and what is there, and the help.

use super::{Done, Visit, shown};
use landline_common::command::TOPICS;
use landline_common::{Cause, Moment, NameKey, RoomName, UserName, What};
use std::collections::HashSet;
use std::sync::Arc;

impl Visit {
    pub(super) fn list_people(&mut self, with_me: bool) -> Done {
        let people = self.visible(self.hub.everybody());
        let shown = people.iter().filter(|person| with_me || !Arc::ptr_eq(person, &self.person));
        self.answer(What::Online { users: shown.map(|person| person.name.as_str().into()).collect() });
        Ok(())
    }

    /// Who else is here, or was within the last so many seconds.
    pub(super) fn list_seen(&mut self, seconds: u64) -> Done {
        let (hub, me) = (&self.hub, self.person.name.key());
        let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let since = Moment { unix_ms: self.now.unix_ms.saturating_sub(ms), ..self.now };
        let here = hub.everybody();
        let keys: HashSet<&NameKey> = here.iter().map(|person| person.name.key()).collect();
        let mut gone = hub.memory.seen_since(since);
        gone.retain(|name| name.key() != me && !keys.contains(name.key()) && !self.is_blocked_by_account(name.key()));
        let mut names: Vec<UserName> = self.visible(here.clone()).iter().map(|person| person.name.clone()).collect();
        names.retain(|name| name.key() != me);
        names.append(&mut gone);
        self.answer(What::Seen { seconds, users: names.iter().map(|name| name.as_str().into()).collect() });
        Ok(())
    }

    pub(super) fn list_members(&mut self, room: &str) -> Done {
        let members = RoomName::parse(room).ok().and_then(|name| self.hub.registry().rooms.members(&name));
        let Some((name, people)) = members else {
            return Err(Cause::NoSuchRoom.of_room(shown(room)));
        };
        let people = self.visible(people);
        let users = people.iter().map(|person| person.name.as_str().into()).collect();
        self.answer(What::Members { room: name.as_str().into(), users });
        Ok(())
    }

    pub(super) fn list_rooms(&mut self) -> Done {
        let rooms = self.hub.rooms();
        self.answer(What::Rooms { rooms: rooms.iter().map(|(room, n)| (room.as_str().into(), *n)).collect() });
        Ok(())
    }

    pub(super) fn help(&mut self, word: Option<&str>) -> Done {
        let wanted = word.map(|word| word.trim_start_matches('/').to_lowercase());
        let mut found = false;
        for topic in TOPICS.iter().filter(|topic| wanted.as_ref().is_none_or(|word| topic.is_about(word))) {
            found = true;
            let or = if topic.also.is_empty() { String::new() } else { format!(" (or: {})", topic.also) };
            self.tell(What::Info(format!("{}{or} – {}", topic.usage, topic.help).into()));
        }
        if found { Ok(()) } else { Err(Cause::NoSuchHelp.report()) }
    }
}
