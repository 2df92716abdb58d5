//! Who blocks whom, of the people who are here: rules about connections and names, nothing else.

use crate::fanout::ClientId;
use landline_common::{NameKey, UserName};
use std::collections::{BTreeSet, HashMap};

/// Every block in force.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Whom each person here blocks, in the order in which they did; without those who block nobody.
    lists: HashMap<ClientId, Vec<UserName>>,
    /// Who here blocks somebody of that name.
    blockers: HashMap<NameKey, BTreeSet<ClientId>>,
}

impl Blocks {
    /// Somebody comes who blocks these.
    pub(super) fn add_client(&mut self, client: ClientId, list: Vec<UserName>) {
        for name in list {
            self.block(client, name);
        }
    }

    /// Somebody is gone, and with them their blocks.
    pub(super) fn leave(&mut self, client: ClientId) {
        for name in self.lists.remove(&client).unwrap_or_default() {
            self.forget(client, name.key());
        }
    }

    /// From now on `client` blocks `name`. False if they do already.
    pub(super) fn block(&mut self, client: ClientId, name: UserName) -> bool {
        let fresh = self.blockers.entry(name.key().clone()).or_default().insert(client);
        if fresh {
            self.lists.entry(client).or_default().push(name);
        }
        fresh
    }

    /// From now on `client` does not block `name` any more. `None` if they did not.
    pub(super) fn unblock(&mut self, client: ClientId, name: &NameKey) -> Option<UserName> {
        let list = self.lists.get_mut(&client)?;
        let at = list.iter().position(|blocked| blocked.key() == name)?;
        let unblocked = list.remove(at);
        if list.is_empty() {
            self.lists.remove(&client);
        }
        self.forget(client, name);
        Some(unblocked)
    }

    /// From now on `new` blocks those whom `old` blocked.
    pub(super) fn rename(&mut self, old: ClientId, new: ClientId) {
        let list = self.list(old).to_vec();
        self.leave(old);
        self.add_client(new, list);
    }

    /// Whether `client` blocks `name`.
    pub(super) fn is_blocked(&self, client: ClientId, name: &NameKey) -> bool {
        self.blockers.get(name).is_some_and(|blockers| blockers.contains(&client))
    }

    /// Whom `client` blocks.
    pub(super) fn list(&self, client: ClientId) -> &[UserName] {
        self.lists.get(&client).map_or(&[], Vec::as_slice)
    }

    /// Who here blocks `name`.
    pub(super) fn blockers(&self, name: &NameKey) -> impl Iterator<Item = ClientId> {
        self.blockers.get(name).into_iter().flatten().copied()
    }

    fn forget(&mut self, client: ClientId, name: &NameKey) {
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
    fn blocks_last_as_long_as_the_blocker() {
        let (mut blocks, bob) = (Blocks::default(), name("Bob"));
        blocks.add_client(1, vec![bob.clone(), name("eve")]);
        assert!(blocks.block(2, name("bob")) && !blocks.block(1, name("BOB")));
        assert!(blocks.is_blocked(1, bob.key()) && !blocks.is_blocked(3, bob.key()));
        assert_eq!(blocks.blockers(bob.key()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(blocks.unblock(1, bob.key()), Some(bob.clone()));
        assert_eq!(blocks.unblock(1, bob.key()), None);
        assert_eq!(blocks.list(1), [name("eve")]);
        blocks.leave(1);
        blocks.leave(2);
        assert!(blocks.lists.is_empty() && blocks.blockers.is_empty());
    }
}
