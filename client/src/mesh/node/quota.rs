//! The space that the messages of each author take, for a fair eviction.
//!
//! Problem: a full store must evict messages, and a user can run many members, each an author. Evicting from the largest
//! author would let such a user displace all others with many small ones.
//!
//! So authors are grouped by holder ([`QuotaHolder`]): all members at one address are one holder. [`Quota::largest`] is
//! the largest author of the largest holder.

use crate::mesh::id::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A holder of space. Each one may take as much as any other, whatever its number of authors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaHolder {
    /// All authors that are not here, together. Any member can invent such authors.
    Gone,
    /// All members at one address, together.
    Address(IpAddr),
    /// The local user.
    Local,
}

/// The space of each author and holder.
#[derive(Debug, Default)]
pub struct Quota {
    /// Holders of the authors that are here. All other authors belong to [`QuotaHolder::Gone`].
    holders: BTreeMap<NodeId, QuotaHolder>,
    sizes: BTreeMap<NodeId, usize>,
    totals: BTreeMap<QuotaHolder, usize>,
    /// The content of `sizes`, ordered by holder and size.
    ranked: BTreeSet<(QuotaHolder, usize, NodeId)>,
}

impl Quota {
    fn holder(&self, author: NodeId) -> QuotaHolder {
        self.holders.get(&author).copied().unwrap_or(QuotaHolder::Gone)
    }

    /// Sets the holder of an author.
    pub fn set_holder(&mut self, author: NodeId, holder: QuotaHolder) {
        let size = self.remove(author);
        match holder {
            QuotaHolder::Gone => self.holders.remove(&author),
            here => self.holders.insert(author, here),
        };
        if let Some(size) = size {
            self.insert(author, size);
        }
    }

    /// Inserts an author that has no size yet.
    fn insert(&mut self, author: NodeId, size: usize) {
        let holder = self.holder(author);
        self.sizes.insert(author, size);
        self.ranked.insert((holder, size, author));
        if size > 0 {
            *self.totals.entry(holder).or_default() += size;
        }
    }

    /// Adds to the size of an author. With 0, only registers it.
    pub fn grow(&mut self, author: NodeId, more: usize) {
        let size = self.remove(author).unwrap_or(0);
        self.insert(author, size + more);
    }

    /// Subtracts from the size of an author.
    pub fn shrink(&mut self, author: NodeId, less: usize) {
        let size = self.remove(author).unwrap_or(0);
        self.insert(author, size.saturating_sub(less));
    }

    /// Removes an author, and returns its size. Its holder stays known.
    pub fn remove(&mut self, author: NodeId) -> Option<usize> {
        let size = self.sizes.remove(&author)?;
        let holder = self.holder(author);
        self.ranked.remove(&(holder, size, author));
        let left = self.totals.get(&holder).map_or(0, |all| all.saturating_sub(size));
        if left == 0 {
            self.totals.remove(&holder);
        } else {
            self.totals.insert(holder, left);
        }
        Some(size)
    }

    /// Returns the largest author of the largest holder.
    #[must_use]
    pub fn largest(&self) -> Option<NodeId> {
        let (holder, _) = self.totals.iter().max_by_key(|(_, size)| **size)?;
        let (first, last) = ((*holder, 0, NodeId(0)), (*holder, usize::MAX, NodeId(u128::MAX)));
        self.ranked.range(first..=last).next_back().map(|(_, _, author)| *author)
    }

    /// Returns the smallest author among those that are gone. If none is, returns the smallest one of another holder.
    #[must_use]
    pub fn smallest(&self) -> Option<NodeId> {
        self.ranked.first().map(|(_, _, author)| *author)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn at(n: u8) -> QuotaHolder {
        QuotaHolder::Address(Ipv4Addr::new(10, 0, 0, n).into())
    }

    #[test]
    fn largest_author_of_largest_holder_is_chosen() {
        let mut quota = Quota::default();
        assert_eq!((quota.largest(), quota.smallest()), (None, None));
        for (author, holder, size) in [(1, at(1), 5), (2, at(1), 6), (3, at(2), 10), (4, QuotaHolder::Local, 9)] {
            quota.set_holder(NodeId(author), holder);
            quota.grow(NodeId(author), size);
        }
        quota.grow(NodeId(5), 3);
        assert_eq!((quota.largest(), quota.smallest()), (Some(NodeId(2)), Some(NodeId(5))));
        quota.shrink(NodeId(2), 4);
        assert_eq!(quota.largest(), Some(NodeId(3)));
        quota.set_holder(NodeId(3), QuotaHolder::Gone);
        assert_eq!(quota.largest(), Some(NodeId(3)), "together with the other author that is gone");
        quota.set_holder(NodeId(3), at(1));
        assert_eq!((quota.largest(), quota.remove(NodeId(3))), (Some(NodeId(3)), Some(10)));
        assert_eq!((quota.largest(), quota.remove(NodeId(3))), (Some(NodeId(4)), None));
    }

    proptest! {
        #[test]
        fn totals_match_sizes(steps in prop::collection::vec((0u8..4, 0u128..6, 0u8..3, 0usize..9), 0..60)) {
            let mut quota = Quota::default();
            for (step, author, holder, size) in steps {
                let author = NodeId(author);
                match step {
                    0 => quota.set_holder(author, [QuotaHolder::Gone, at(1), at(2)][usize::from(holder)]),
                    1 => quota.grow(author, size),
                    2 => quota.shrink(author, size),
                    _ => drop(quota.remove(author)),
                }
                let mut places: BTreeMap<QuotaHolder, usize> = BTreeMap::new();
                for (author, size) in &quota.sizes {
                    *places.entry(quota.holder(*author)).or_default() += size;
                    prop_assert!(quota.ranked.contains(&(quota.holder(*author), *size, *author)));
                }
                places.retain(|_, size| *size > 0);
                prop_assert_eq!(&places, &quota.totals);
                prop_assert_eq!(quota.ranked.len(), quota.sizes.len());
            }
        }
    }
}
