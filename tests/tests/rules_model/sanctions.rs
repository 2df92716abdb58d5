//! Mutes and bans of the model. All users share one address, so addresses never count.

use crate::model::{Identity, Owner};

/// A mute or a ban: of a name, of the account or session that had it, and of the program with the name token.
#[derive(Clone, Debug)]
struct Sanction {
    user: Identity,
    /// The time at which the sanction ends.
    until: Option<u64>,
}

/// Sanctions of one kind.
#[derive(Clone, Debug, Default)]
pub struct Sanctions(Vec<Sanction>);

impl Sanctions {
    fn covers(sanction: &Sanction, user: Identity) -> bool {
        let has_same_owner = user.owner.is_some() && sanction.user.owner == user.owner;
        sanction.user.name == user.name || has_same_owner || (sanction.user.has_token && user.has_token)
    }

    /// True if a user is sanctioned at the time `now`.
    pub fn hold(&self, user: Identity, now: u64) -> bool {
        self.0.iter().any(|one| one.until.is_none_or(|until| until > now) && Sanctions::covers(one, user))
    }

    /// Adds a sanction, in place of one of the same name.
    pub fn add(&mut self, mut user: Identity, until: Option<u64>, now: u64) {
        self.forget_ended(now);
        user.has_token |= self.0.iter().any(|one| one.user.name == user.name && one.user.has_token);
        self.0.retain(|one| one.user.name != user.name);
        self.0.push(Sanction { user, until });
    }

    /// Lifts the sanctions of a user. Returns false if there was none.
    pub fn lift(&mut self, user: Identity, now: u64) -> bool {
        self.forget_ended(now);
        let before = self.0.len();
        self.0.retain(|one| !Sanctions::covers(one, user));
        self.0.len() < before
    }

    /// Forgets what has ended.
    fn forget_ended(&mut self, now: u64) {
        self.0.retain(|one| one.until.is_none_or(|until| until > now));
    }

    /// True if there is none in force.
    pub fn is_empty(&self, now: u64) -> bool {
        !self.0.iter().any(|one| one.until.is_none_or(|until| until > now))
    }

    /// Forgets sessions, which end with the server.
    pub fn restart(&mut self, now: u64) {
        self.forget_ended(now);
        for one in &mut self.0 {
            one.user.owner = one.user.owner.filter(|owner| matches!(owner, Owner::Account(_)));
        }
    }
}
