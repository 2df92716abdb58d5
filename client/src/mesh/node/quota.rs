//! Who takes how much of the room for messages. Where it is full, the place that takes most gives way, and there the
//! author who does: so nobody pushes out others, with however many names.

use crate::mesh::id::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What shares the room: each of these, however many authors are there, may take as much as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaHolder {
    /// Where those are who are not here. Perhaps they never were: anybody can tell of them.
    Gone,
    /// An address: one machine can be many members.
    At(IpAddr),
    /// Here.
    Own,
}

/// What each author takes.
#[derive(Debug, Default)]
pub struct Quota {
    /// Where those are who are not gone, whether they said something or not.
    here: BTreeMap<NodeId, QuotaHolder>,
    authors: BTreeMap<NodeId, usize>,
    places: BTreeMap<QuotaHolder, usize>,
    /// The same as `authors`, by place and size.
    ranked: BTreeSet<(QuotaHolder, usize, NodeId)>,
}

impl Quota {
    fn place(&self, author: NodeId) -> QuotaHolder {
        self.here.get(&author).copied().unwrap_or(QuotaHolder::Gone)
    }

    /// Takes note of where somebody is.
    pub fn put(&mut self, author: NodeId, place: QuotaHolder) {
        let size = self.remove(author);
        match place {
            QuotaHolder::Gone => self.here.remove(&author),
            here => self.here.insert(author, here),
        };
        size.iter().for_each(|size| self.set(author, *size));
    }

    /// Takes note of what an author takes now, that is not among these yet.
    fn set(&mut self, author: NodeId, size: usize) {
        let place = self.place(author);
        self.authors.insert(author, size);
        self.ranked.insert((place, size, author));
        if size > 0 {
            *self.places.entry(place).or_default() += size;
        }
    }

    /// An author takes so much more, perhaps nothing.
    pub fn add(&mut self, author: NodeId, more: usize) {
        let size = self.remove(author).unwrap_or(0);
        self.set(author, size + more);
    }

    /// An author takes so much less.
    pub fn sub(&mut self, author: NodeId, less: usize) {
        let size = self.remove(author).unwrap_or(0);
        self.set(author, size.saturating_sub(less));
    }

    /// Forgets an author; what they took. Where they are is still known.
    pub fn remove(&mut self, author: NodeId) -> Option<usize> {
        let size = self.authors.remove(&author)?;
        let place = self.place(author);
        self.ranked.remove(&(place, size, author));
        let left = self.places.get(&place).map_or(0, |all| all.saturating_sub(size));
        if left == 0 {
            self.places.remove(&place);
        } else {
            self.places.insert(place, left);
        }
        Some(size)
    }

    /// Who takes most, at the place that does.
    #[must_use]
    pub fn most(&self) -> Option<NodeId> {
        let (place, _) = self.places.iter().max_by_key(|(_, size)| **size)?;
        let (first, last) = ((*place, 0, NodeId(0)), (*place, usize::MAX, NodeId(u128::MAX)));
        self.ranked.range(first..=last).next_back().map(|(_, _, author)| *author)
    }

    /// Who takes least of those who are gone; of all, if none is.
    #[must_use]
    pub fn least(&self) -> Option<NodeId> {
        self.ranked.first().map(|(_, _, author)| *author)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn at(n: u8) -> QuotaHolder {
        QuotaHolder::At(Ipv4Addr::new(10, 0, 0, n).into())
    }

    #[test]
    fn whoever_takes_most_at_the_place_that_takes_most_gives_way() {
        let mut shares = Quota::default();
        assert_eq!((shares.most(), shares.least()), (None, None));
        for (author, place, size) in [(1, at(1), 5), (2, at(1), 6), (3, at(2), 10), (4, QuotaHolder::Own, 9)] {
            shares.put(NodeId(author), place);
            shares.add(NodeId(author), size);
        }
        shares.add(NodeId(5), 3);
        assert_eq!((shares.most(), shares.least()), (Some(NodeId(2)), Some(NodeId(5))));
        shares.sub(NodeId(2), 4);
        assert_eq!(shares.most(), Some(NodeId(3)));
        shares.put(NodeId(3), QuotaHolder::Gone);
        assert_eq!(shares.most(), Some(NodeId(3)), "with the one who is gone, too");
        shares.put(NodeId(3), at(1));
        assert_eq!((shares.most(), shares.remove(NodeId(3))), (Some(NodeId(3)), Some(10)));
        assert_eq!((shares.most(), shares.remove(NodeId(3))), (Some(NodeId(4)), None));
    }

    proptest! {
        #[test]
        fn they_add_up(steps in prop::collection::vec((0u8..4, 0u128..6, 0u8..3, 0usize..9), 0..60)) {
            let mut shares = Quota::default();
            for (step, author, place, size) in steps {
                let author = NodeId(author);
                match step {
                    0 => shares.put(author, [QuotaHolder::Gone, at(1), at(2)][usize::from(place)]),
                    1 => shares.add(author, size),
                    2 => shares.sub(author, size),
                    _ => drop(shares.remove(author)),
                }
                let mut places: BTreeMap<QuotaHolder, usize> = BTreeMap::new();
                for (author, size) in &shares.authors {
                    *places.entry(shares.place(*author)).or_default() += size;
                    prop_assert!(shares.ranked.contains(&(shares.place(*author), *size, *author)));
                }
                places.retain(|_, size| *size > 0);
                prop_assert_eq!(&places, &shares.places);
                prop_assert_eq!(shares.ranked.len(), shares.authors.len());
            }
        }
    }
}
