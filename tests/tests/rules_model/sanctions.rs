//! Mutes and bans of the model. All users share one address, so addresses never count.

use crate::model::Owner;
use crate::steps::UserIndex;

/// A mute or a ban: of a name, and of the account or session that had it.
#[derive(Clone, Debug)]
struct Sanction {
    name: UserIndex,
    owner: Option<Owner>,
    /// The time at which the sanction ends.
    until: Option<u64>,
}

/// Sanctions of one kind.
#[derive(Clone, Debug, Default)]
pub struct Sanctions(Vec<Sanction>);

impl Sanctions {
    fn covers(sanction: &Sanction, name: UserIndex, owner: Owner) -> bool {
        sanction.name == name || sanction.owner == Some(owner)
    }

    /// True if a user is sanctioned at the time `now`.
    pub fn hold(&self, name: UserIndex, owner: Owner, now: u64) -> bool {
        self.0.iter().any(|one| one.until.is_none_or(|until| until > now) && Sanctions::covers(one, name, owner))
    }

    /// Adds a sanction, in place of one of the same name.
    pub fn add(&mut self, name: UserIndex, owner: Option<Owner>, until: Option<u64>) {
        self.0.retain(|one| one.name != name);
        self.0.push(Sanction { name, owner, until });
    }

    /// Lifts the sanctions of a user. Returns false if there was none.
    pub fn lift(&mut self, name: UserIndex, owner: Option<Owner>, now: u64) -> bool {
        self.forget_ended(now);
        let before = self.0.len();
        self.0.retain(|one| !(one.name == name || (owner.is_some() && one.owner == owner)));
        self.0.len() < before
    }

    /// Forgets what has ended.
    pub fn forget_ended(&mut self, now: u64) {
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
            one.owner = one.owner.filter(|owner| matches!(owner, Owner::Account(_)));
        }
    }
}
