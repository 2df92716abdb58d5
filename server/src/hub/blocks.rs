//! Blocks of the users online: which client blocks which names, searchable in both directions.

use crate::fanout::ClientId;
use landline_common::{NameKey, UserName};
use std::collections::{BTreeSet, HashMap};

/// All blocks in force.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The names that each client blocks, in the order of the commands. Clients without blocks have no entry.
    lists: HashMap<ClientId, Vec<UserName>>,
    /// The clients that block each name.
    blockers: HashMap<NameKey, BTreeSet<ClientId>>,
}

impl Blocks {
    /// Adds a client that blocks the names in `list`.
    pub(super) fn add_client(&mut self, client: ClientId, list: Vec<UserName>) {
        for name in list {
            self.block(client, name);
        }
    }

    /// Removes a client that has left, with its blocks.
    pub(super) fn remove_client(&mut self, client: ClientId) {
        for name in self.lists.remove(&client).unwrap_or_default() {
            self.remove_blocker(client, name.key());
        }
    }

    /// Adds a block of `name` by `client`. Returns false if it exists already.
    pub(super) fn block(&mut self, client: ClientId, name: UserName) -> bool {
        let is_new = self.blockers.entry(name.key().clone()).or_default().insert(client);
        if is_new {
            self.lists.entry(client).or_default().push(name);
        }
        is_new
    }

    /// Removes the block of `name` by `client`. Returns the blocked name as stored, or `None` if there was no block.
    pub(super) fn unblock(&mut self, client: ClientId, name: &NameKey) -> Option<UserName> {
        let list = self.lists.get_mut(&client)?;
        let at = list.iter().position(|blocked| blocked.key() == name)?;
        let unblocked = list.remove(at);
        if list.is_empty() {
            self.lists.remove(&client);
        }
        self.remove_blocker(client, name);
        Some(unblocked)
    }

    /// Moves the blocks of `old` to `new`, a later connection of the same session.
    pub(super) fn replace_client(&mut self, old: ClientId, new: ClientId) {
        let list = self.list(old).to_vec();
        self.remove_client(old);
        self.add_client(new, list);
    }

    /// True if `client` blocks one of the names of a user.
    pub(super) fn is_blocked(&self, client: ClientId, names: &[NameKey]) -> bool {
        names.iter().filter_map(|name| self.blockers.get(name)).any(|blockers| blockers.contains(&client))
    }

    /// Returns the names that `client` blocks.
    pub(super) fn list(&self, client: ClientId) -> &[UserName] {
        self.lists.get(&client).map_or(&[], Vec::as_slice)
    }

    /// Iterates over the clients that block one of the names of a user; over a client once for each name.
    pub(super) fn blockers<'a>(&'a self, names: &'a [NameKey]) -> impl Iterator<Item = ClientId> {
        names.iter().filter_map(|name| self.blockers.get(name)).flatten().copied()
    }

    fn remove_blocker(&mut self, client: ClientId, name: &NameKey) {
        if let Some(blockers) = self.blockers.get_mut(name) {
            blockers.remove(&client);
            if blockers.is_empty() {
                self.blockers.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    #[test]
    fn blocks_end_when_the_blocker_leaves() {
        let mut blocks = Blocks::default();
        let bob = name("Bob");
        blocks.add_client(1, vec![bob.clone(), name("eve")]);
        assert!(blocks.block(2, name("bob")) && !blocks.block(1, name("BOB")));
        let names = [name("robert").key().clone(), bob.key().clone()];
        assert!(blocks.is_blocked(1, &names) && !blocks.is_blocked(3, &names) && !blocks.is_blocked(1, &names[..1]));
        assert_eq!(blocks.blockers(&names).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(blocks.unblock(1, bob.key()), Some(bob.clone()));
        assert_eq!(blocks.unblock(1, bob.key()), None);
        assert_eq!(blocks.list(1), [name("eve")]);
        blocks.remove_client(1);
        blocks.remove_client(2);
        assert!(blocks.lists.is_empty() && blocks.blockers.is_empty());
    }
}
