//! The names of users, and what the rules know of them.

use super::{Checked, KEPT, Model, Owner, refuse};
use crate::refusal::Refusal;
use crate::steps::{NAMES, NameIndex, USERS, UserIndex, has_token, other_name};

/// What rules know of a user.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub name: NameIndex,
    /// The names that the user had earlier in its session, a bit for each.
    pub former_names: u16,
    pub owner: Option<Owner>,
    /// The user's program has the name token.
    pub has_token: bool,
}

impl Model {
    /// Returns the name of each user, or the one that it had when it left.
    pub fn names(&self) -> &[NameIndex; NAMES.len()] {
        &self.names
    }

    /// What the rules know of a signed-in user.
    pub(super) fn identity(&self, user: UserIndex) -> Identity {
        self.identity_with(user, self.owner(user))
    }

    /// What the rules know of a user who is signed in, or signs in: under its first name.
    pub(super) fn identity_with(&self, user: UserIndex, owner: Owner) -> Identity {
        let (name, former_names) =
            self.sessions[user].as_ref().map_or((user, 0), |session| (self.names[user], session.former_names));
        Identity { name, former_names, owner: Some(owner), has_token: has_token(user) }
    }

    /// What the rules know of a user who may be absent.
    pub(super) fn known(&self, user: UserIndex) -> Identity {
        let is_kept = self.is_online(user) || self.left[user].is_some_and(|left| self.now < left + KEPT);
        let session = self.sessions[user].as_ref().filter(|session| !session.is_lost);
        let former_names = session.map_or(0, |session| session.former_names);
        let has_token = has_token(user) && is_kept;
        Identity { name: self.names[user], former_names, owner: self.known_owner(user), has_token }
    }

    /// The account of a user, or its session, also a lost one.
    pub(super) fn known_owner(&self, user: UserIndex) -> Option<Owner> {
        let session = self.sessions[user].as_ref().map(|session| session.owner);
        session.or(USERS[user].1.then_some(Owner::Account(user)))
    }

    /// Gives a guest its other name, of which all users are told, unless that name is banned where the guest is.
    pub(super) fn rename(&mut self, me: UserIndex) -> Checked {
        if USERS[me].1 {
            return refuse(Refusal::NameFixed);
        }
        self.check_announcement(me)?;
        let identity = Identity { name: other_name(self.names[me]), ..self.identity(me) };
        let mine = self.owner(me);
        let is_server_owner = self.owners.contains(&mine);
        if !is_server_owner && self.bans.hold(identity, self.now) {
            return refuse(Refusal::Expelled);
        }
        for room in self.rooms_of(me).clone() {
            let is_owner = is_server_owner || self.rooms[room].owners.contains(&mine);
            if !is_owner && self.rooms[room].bans.hold(identity, self.now) {
                return refuse(Refusal::RoomBanned);
            }
        }
        if let Some(session) = &mut self.sessions[me] {
            session.former_names |= 1 << self.names[me];
        }
        self.names[me] = identity.name;
        let insiders = self.inside.iter_mut().flatten().filter(|insider| insider.owner == Some(mine));
        insiders.for_each(|insider| insider.name = identity.name);
        Ok(())
    }
}

impl Identity {
    /// True if the user has this name, or had it earlier in its session.
    pub fn has_name(self, name: NameIndex) -> bool {
        self.name == name || self.former_names & (1 << name) != 0
    }

    pub(super) fn is_guest(self) -> bool {
        !matches!(self.owner, Some(Owner::Account(_)))
    }

    /// True if a user who was inside is recognized in `other`: by the owner, by the name token, or, without one, by the
    /// name. All users have one address.
    pub(super) fn is_inside_as(self, other: Identity) -> bool {
        let is_same_guest = self.is_guest() && other.is_guest() && !self.has_token && self.name == other.name;
        (other.owner.is_some() && self.owner == other.owner) || (self.has_token && other.has_token) || is_same_guest
    }
}
