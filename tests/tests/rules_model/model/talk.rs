//! Who may speak, to a room, to all users and to one user.

use super::{Checked, Floor, Model, Owner, Trace, refuse};
use crate::refusal::Refusal;
use crate::steps::{NAMES, RoomIndex, USERS, UserIndex, has_token};
use std::collections::BTreeSet;

/// Seconds of a pause in slow mode.
const PAUSE: u64 = 600;

impl Model {
    /// Says one message in a room, and returns who reads it. An owner of the server may always speak.
    pub(super) fn say(&mut self, me: UserIndex, at: RoomIndex) -> Result<BTreeSet<UserIndex>, Vec<Refusal>> {
        let mine = self.owner(me);
        let identity = self.identity(me);
        let traces = self.traces(me);
        let now = self.now;
        let room = &mut self.rooms[at];
        let is_owner = room.owners.contains(&mine);
        let has_floor = room.floors.iter().any(|(owner, floor)| match floor {
            Floor::Once => *owner == mine,
            Floor::Until(until) => *owner == mine && *until > now,
        });
        let spoke = |(trace, at): &(Trace, u64)| traces.contains(trace) && at + PAUSE > now;
        let refusal = if is_owner {
            None
        } else if room.mutes.hold(identity, now) {
            Some(Refusal::Muted)
        } else if room.is_quiet && !has_floor {
            Some(Refusal::Quiet)
        } else if room.is_slow && room.spoken.iter().any(spoke) {
            Some(Refusal::Slowed)
        } else {
            None
        };
        match refusal {
            Some(refusal) if !self.owners.contains(&mine) => return Err(vec![refusal]),
            Some(_) => {}
            None => {
                if room.is_quiet {
                    room.floors.retain(|floor| *floor != (mine, Floor::Once));
                }
                if room.is_slow && !is_owner {
                    room.spoken.extend(traces.iter().map(|trace| (*trace, now)));
                }
            }
        }
        let hears = |user: &UserIndex| *user != me && self.is_in(*user, at);
        Ok((0..NAMES.len()).filter(hears).collect())
    }

    /// What a pause in slow mode holds for. All users share one address, so it counts only for a guest who is alone.
    fn traces(&self, user: UserIndex) -> Vec<Trace> {
        let is_alone = (0..NAMES.len()).all(|other| other == user || !self.is_online(other));
        let address = (is_alone && !USERS[user].1).then_some(Trace::Address);
        let token = has_token(user).then_some(Trace::Token);
        let identity = self.identity(user);
        let names = (0..2 * NAMES.len()).filter(|name| identity.has_name(*name)).map(Trace::Name);
        names.chain(token).chain(address).collect()
    }

    /// A user who may not speak freely in a room may not speak to all users either.
    pub(super) fn check_announcement(&self, me: UserIndex) -> Checked {
        let mine = self.owner(me);
        let mut refused = Vec::new();
        for (at, room) in self.rooms.iter().enumerate() {
            let counts = room.exists && (self.is_in(me, at) || room.is_servers);
            if !counts || room.owners.contains(&mine) {
                continue;
            }
            if room.mutes.hold(self.identity(me), self.now) {
                refused.push(Refusal::Muted);
            } else if room.is_quiet {
                refused.push(Refusal::Quiet);
            } else if room.is_slow {
                refused.push(Refusal::Slowed);
            }
        }
        if refused.is_empty() || self.owners.contains(&mine) { Ok(()) } else { Err(refused) }
    }

    /// May the user write to one other user, who is `user` if online?
    pub(super) fn check_whisper(&self, me: UserIndex, to: Owner, user: Option<UserIndex>) -> Checked {
        let mine = self.owner(me);
        if self.owners.contains(&mine) || self.owners.contains(&to) {
            return Ok(());
        }
        let is_in = |user: UserIndex, room: usize| self.is_in(user, room);
        let rooms = || self.rooms.iter().enumerate().filter(|(_, room)| room.exists);
        if self.whispers_to_owners
            && !USERS[me].1
            && !rooms().any(|(at, room)| is_in(me, at) && room.owners.contains(&to))
        {
            return refuse(Refusal::OwnersOnly);
        }
        let is_muted = rooms().any(|(at, room)| {
            let counts = match user {
                Some(user) => is_in(user, at),
                None => is_in(me, at) || room.is_servers,
            };
            counts && !room.owners.contains(&to) && room.mutes.hold(self.identity(me), self.now)
        });
        if is_muted { refuse(Refusal::Muted) } else { Ok(()) }
    }
}
