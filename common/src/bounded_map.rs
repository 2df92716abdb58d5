//! A map with a fixed capacity, for tables whose keys come from the network: addresses, names, peers.
//!
//! A client may use any number of keys, so a table by key must forget some. A wrong choice is a hole: a client that can
//! push out its own entry has no limit any more. So the caller gives each entry a [`Priority`], and a new key in a full
//! map removes the entries with the lowest one:
//!
//! | the lowest priority in the full map | removed |
//! |---|---|
//! | [`Priority::Expired`] | all expired entries |
//! | [`Priority::Rank`] | the entry with the smallest rank; of several, the one with the smallest key |
//! | [`Priority::Pinned`] | none: the map grows beyond its capacity |
//!
//! Invariant: a map at its capacity grows only if all its entries are pinned. The caller bounds the number of pinned
//! entries, for example by the number of connections.
//!
//! A full map without expired entries is searched for each new key. For a large map whose keys change all the time,
//! use an index instead.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A map of at most `N` entries, not counting pinned ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedMap<K, V, const N: usize>(BTreeMap<K, V>);

/// The order in which a full map removes entries, first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority<R> {
    /// The entry says no more than a missing one.
    Expired,
    /// The entry with the smallest rank is removed first.
    Rank(R),
    /// The entry is never removed.
    Pinned,
}

impl<K, V, const N: usize> Default for BoundedMap<K, V, N> {
    fn default() -> Self {
        BoundedMap(BTreeMap::new())
    }
}

impl<K: Ord + Clone, V, const N: usize> BoundedMap<K, V, N> {
    /// Returns the entry of a key. If the key is new and the map is full, makes space for it first.
    pub fn entry<R: Ord>(&mut self, key: K, priority: impl Fn(&V) -> Priority<R>) -> Entry<'_, K, V> {
        if self.0.len() >= N && !self.0.contains_key(&key) {
            let lowest = self.0.iter().map(|(key, value)| (priority(value), key)).min();
            match lowest.map(|(priority, key)| (priority, key.clone())) {
                Some((Priority::Expired, _)) => self.0.retain(|_, value| priority(value) > Priority::Expired),
                Some((Priority::Rank(_), key)) => _ = self.0.remove(&key),
                Some((Priority::Pinned, _)) | None => {}
            }
        }
        self.0.entry(key)
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// Returns the value of a key, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Removes a key, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if the map has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Map = BoundedMap<u8, Priority<u8>, 4>;

    fn any_priority() -> impl Strategy<Value = Priority<u8>> {
        prop_oneof![Just(Priority::Expired), (0..9_u8).prop_map(Priority::Rank), Just(Priority::Pinned)]
    }

    #[test]
    fn expired_entries_go_before_ranked_ones_and_pinned_ones_stay() {
        let mut map = Map::default();
        let mut keys = |key, priority| {
            map.entry(key, |value| *value).or_insert(priority);
            map.0.keys().copied().collect::<Vec<_>>()
        };
        for (key, priority) in [(1, Priority::Expired), (2, Priority::Rank(7)), (3, Priority::Pinned)] {
            keys(key, priority);
        }
        assert_eq!(keys(4, Priority::Expired), [1, 2, 3, 4]);
        assert_eq!(keys(4, Priority::Pinned), [1, 2, 3, 4], "a known key needs no space");
        assert_eq!(keys(5, Priority::Rank(3)), [2, 3, 5]);
        assert_eq!(keys(6, Priority::Pinned), [2, 3, 5, 6]);
        assert_eq!(keys(7, Priority::Pinned), [2, 3, 6, 7]);
        assert_eq!(keys(8, Priority::Pinned), [3, 6, 7, 8]);
        assert_eq!(keys(9, Priority::Rank(0)), [3, 6, 7, 8, 9]);
        assert_eq!(keys(10, Priority::Rank(0)), [3, 6, 7, 8, 10]);
    }

    proptest! {
        #[test]
        fn the_map_is_bounded_and_forgets_the_lowest_priority(
            steps in prop::collection::vec((0..12_u8, any_priority()), 0..100),
        ) {
            let mut map = Map::default();
            for (key, priority) in steps {
                let before = map.clone().0;
                *map.entry(key, |value| *value).or_insert(priority) = priority;
                let removed: Vec<_> = before.iter().filter(|(key, _)| !map.0.contains_key(key)).collect();
                let kept = || before.iter().filter(|(key, _)| map.0.contains_key(key));
                let is_full = before.len() >= 4 && !before.contains_key(&key);
                let all_pinned = before.values().all(|value| *value == Priority::Pinned);
                prop_assert_eq!(is_full && !all_pinned, !removed.is_empty());
                prop_assert!(map.0.len() <= 4.max(before.len()) || all_pinned);
                for (key, value) in removed {
                    prop_assert!(*value != Priority::Pinned);
                    prop_assert!(kept().all(|(other, kept)| (*value, key) < (*kept, other)));
                }
            }
        }
    }
}
