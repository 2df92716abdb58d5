//! Lists of users and rooms, and the help.

use super::pages::Listed;
use super::{CommandResult, Session, quoted};
use landline_common::command::{Command, help};
use landline_common::event::Part;
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, Report, RoomName, UserName};
use std::collections::HashSet;
use std::sync::Arc;

impl Session {
    /// Lists the users online; `with_me` includes this user.
    pub(super) fn list_users(&mut self, with_me: bool, after: Option<&str>) -> CommandResult {
        let mut users = self.without_blockers(self.hub.online_users());
        users.retain(|user| with_me || !Arc::ptr_eq(user, &self.user));
        let next = |after| if with_me { Command::Online { after } } else { Command::Others { after } };
        self.send_users(&users, after, next, |users, unencrypted, part| EventKind::Online { users, unencrypted, part });
        Ok(())
    }

    /// Lists the other users that are online or left within the last `seconds`.
    pub(super) fn list_seen(&mut self, seconds: u64, after: Option<&str>) -> CommandResult {
        let hub = &self.hub;
        let me = self.user.name.key();
        let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let since = OffsetDateTime { unix_ms: self.now.unix_ms.saturating_sub(ms), ..self.now };
        let online = hub.online_users();
        let keys: HashSet<&NameKey> = online.iter().map(|user| user.name.key()).collect();
        let mut offline = hub.storage.seen_since(since);
        offline
            .retain(|name| name.key() != me && !keys.contains(name.key()) && !self.is_blocked_by_account(name.key()));
        let mut names: Vec<UserName> =
            self.without_blockers(online.clone()).iter().map(|user| user.name.clone()).collect();
        names.retain(|name| name.key() != me);
        names.append(&mut offline);
        let next = |after| Command::Since { seconds, after };
        self.send_names(names.iter(), after, next, |users, part| EventKind::Seen { seconds, users, part });
        Ok(())
    }

    pub(super) fn list_members(&mut self, room: &str, after: Option<&str>) -> CommandResult {
        let members = RoomName::parse(room).ok().and_then(|name| self.hub.registry().rooms.members(&name));
        let Some((name, users)) = members.filter(|(name, _)| self.may_see_room(name)) else {
            return Err(Cause::NoSuchRoom.with_room(quoted(room)));
        };
        let users = self.without_blockers(users);
        let room = name.as_str();
        let next = |after| Command::Members { room, after };
        let members = |users, unencrypted, part| EventKind::Members { room: room.into(), users, unencrypted, part };
        self.send_users(&users, after, next, members);
        Ok(())
    }

    pub(super) fn list_rooms(&mut self, after: Option<&str>) -> CommandResult {
        // A text that is not a valid room name still marks a position in the order of the list.
        let after = after.map(|name| match RoomName::parse(name) {
            Ok(name) => (name.key().as_str().to_owned(), name.to_string()),
            Err(_) => (name.to_lowercase(), quoted(name)),
        });
        let mut rooms = self.hub.rooms();
        rooms.retain(|(room, _)| self.may_see_room(room));
        let listed = rooms.iter().map(|(room, users)| Listed {
            key: room.key().as_str(),
            name: room.as_str(),
            item: (room.as_str().into(), *users),
        });
        let next = |after| Command::Rooms { after };
        self.send_list(listed.collect(), after, next, |rooms, part: Part<'_>| EventKind::Rooms { rooms, part });
        Ok(())
    }

    /// Tells the address of the web page in a room; without a name, in the current room.
    pub(super) fn show_link(&mut self, room: Option<&str>) -> CommandResult {
        let room = match (room, self.rooms.last()) {
            (Some(room), _) => RoomName::parse(room).map_err(Report::from_room_name_error)?,
            (None, Some(current)) => current.name.clone(),
            (None, None) => return Err(Cause::NotInRoom.with_room("any room")),
        };
        let url = self.hub.page_url(Some(&room));
        self.answer(EventKind::Link { room: room.as_str().into(), url: url.into() });
        Ok(())
    }

    /// Explains the usual commands, all commands, or the one called `word`.
    pub(super) fn help(&mut self, word: Option<&str>) -> CommandResult {
        let lines: Vec<String> = match word {
            None => help::short_help(self.help_reader()).collect(),
            // "all" is also the name of a command.
            Some(word) if word.eq_ignore_ascii_case(help::HELP_ALL) => help::all_help().collect(),
            Some(word) => help::help_about(word).collect(),
        };
        if lines.is_empty() {
            let word = word.unwrap_or_default().trim_start_matches('/');
            return Err(Cause::NoSuchHelp.with_word(quoted(word)));
        }
        for line in &lines {
            self.send_event(EventKind::Info(line.as_str().into()));
        }
        Ok(())
    }
}
