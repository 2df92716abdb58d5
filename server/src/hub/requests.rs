//! Who has asked whom for something that takes two, and waits for an answer. By clients' numbers: a name that somebody
//! else takes over later inherits nothing.

use crate::fanout::ClientId;
use std::collections::BTreeSet;

/// Pairs that are found by their first.
pub(super) type Pairs = BTreeSet<(ClientId, ClientId)>;

/// All others that `who` is paired with.
pub(super) fn of(pairs: &Pairs, who: ClientId) -> impl Iterator<Item = ClientId> {
    pairs.range((who, 0)..=(who, ClientId::MAX)).map(|(_, other)| *other)
}

/// Puts `new` in the place of `old` in all pairs.
pub(super) fn rename(pairs: &mut Pairs, old: ClientId, new: ClientId) {
    let one = |client| if client == old { new } else { client };
    *pairs = std::mem::take(pairs).into_iter().map(|(a, b)| (one(a), one(b))).collect();
}

/// Open requests.
#[derive(Debug, Default)]
pub struct Requests {
    /// (whom, who asked)
    open: Pairs,
    /// (who asked, whom)
    asked: Pairs,
}

impl Requests {
    /// `from` asks `to`.
    pub fn add(&mut self, from: ClientId, to: ClientId) {
        self.open.insert((to, from));
        self.asked.insert((from, to));
    }

    /// What `from` asked `to` is answered, or taken back. False if there was nothing.
    pub fn remove(&mut self, from: ClientId, to: ClientId) -> bool {
        self.asked.remove(&(from, to));
        self.open.remove(&(to, from))
    }

    /// Whether `to` has still to answer `from`.
    #[must_use]
    pub fn is_open(&self, from: ClientId, to: ClientId) -> bool {
        self.open.contains(&(to, from))
    }

    /// Who waits for an answer of `who`.
    pub fn requesters(&self, who: ClientId) -> impl Iterator<Item = ClientId> {
        of(&self.open, who)
    }

    /// Whose answer `who` waits for.
    pub fn asked(&self, who: ClientId) -> impl Iterator<Item = ClientId> {
        of(&self.asked, who)
    }

    /// How many `who` is part of.
    #[must_use]
    pub fn count(&self, who: ClientId) -> usize {
        self.requesters(who).count() + self.asked(who).count()
    }

    /// Forgets everything about `who`, who is gone: who waited for them, and whom they had asked.
    pub fn leave(&mut self, who: ClientId) -> (Vec<ClientId>, Vec<ClientId>) {
        let gone: (Vec<_>, Vec<_>) = (self.requesters(who).collect(), self.asked(who).collect());
        gone.0.iter().for_each(|from| _ = self.remove(*from, who));
        gone.1.iter().for_each(|to| _ = self.remove(who, *to));
        gone
    }

    /// From now on `new` stands where `old` stood.
    pub fn rename(&mut self, old: ClientId, new: ClientId) {
        rename(&mut self.open, old, new);
        rename(&mut self.asked, old, new);
    }

    /// All of them, as (who asked, whom).
    #[cfg(test)]
    pub fn all(&self) -> Vec<(ClientId, ClientId)> {
        let open: Pairs = self.open.iter().map(|(to, from)| (*from, *to)).collect();
        assert_eq!(open, self.asked, "both are the same");
        open.into_iter().collect()
    }
}
