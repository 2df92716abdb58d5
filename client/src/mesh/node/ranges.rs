//! Sets of message numbers, stored as ranges, since most numbers follow one another.

use std::collections::BTreeMap;

/// A set of numbers. Invariant: its ranges neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds the numbers `from` to `to`, both included.
    pub fn add(&mut self, mut from: u64, mut to: u64) {
        // Merge with ranges that overlap or touch.
        while let Some((start, end)) = self.last_up_to(to.saturating_add(1)).filter(|(_, end)| *end + 1 >= from) {
            self.0.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        self.0.insert(from, to);
    }

    /// Removes the numbers `from` to `to`, both included.
    pub fn remove(&mut self, from: u64, to: u64) {
        while let Some((start, end)) = self.last_up_to(to).filter(|(_, end)| *end >= from) {
            self.0.remove(&start);
            if end > to {
                self.0.insert(to + 1, end);
            }
            if start < from {
                self.0.insert(start, from - 1);
            }
        }
    }

    /// Limits the number of ranges: closes the first gaps by adding the numbers in them.
    pub fn limit_ranges(&mut self, most: usize) {
        while self.0.len() > most.max(1) {
            let Some((from, _)) = self.0.pop_first() else { return };
            if let Some((_, to)) = self.0.pop_first() {
                self.0.insert(from, to);
            }
        }
    }

    /// Returns the last range that begins at `number` or before.
    fn last_up_to(&self, number: u64) -> Option<(u64, u64)> {
        self.0.range(..=number).next_back().map(|(from, to)| (*from, *to))
    }

    /// Returns whether the set contains a number.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.last_up_to(number).is_some_and(|(_, end)| end >= number)
    }

    /// Returns the numbers that are not in `others`.
    #[must_use]
    pub fn difference(&self, others: &Ranges) -> Ranges {
        let mut left = self.clone();
        for (from, to) in others.iter() {
            left.remove(from, to);
        }
        left
    }

    /// Returns the ranges in ascending order, with both ends included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        self.0.iter().map(|(from, to)| (*from, *to))
    }

    /// Returns the highest number.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(_, to)| *to)
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranges_behave_like_a_set_of_numbers(steps in prop::collection::vec((any::<bool>(), 1u64..40, 0u64..8), 0..40)) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for (add, from, more) in steps {
                if add {
                    ranges.add(from, from + more);
                    set.extend(from..=from + more);
                } else {
                    ranges.remove(from, from + more);
                    set.retain(|number| !(from..=from + more).contains(number));
                }
                let all: Vec<u64> = ranges.iter().flat_map(|(from, to)| from..=to).collect();
                prop_assert_eq!(&all, &set.iter().copied().collect::<Vec<_>>());
                prop_assert!((1..50).all(|number| ranges.contains(number) == set.contains(&number)));
                prop_assert_eq!(ranges.last(), set.last().copied());
                let mut closed = ranges.clone();
                closed.limit_ranges(2);
                prop_assert_eq!(closed.iter().count(), ranges.iter().count().min(2));
                prop_assert_eq!(closed.last(), ranges.last());
                prop_assert!(ranges.difference(&closed).is_empty());
                let gaps = all.windows(2).filter(|pair| pair[0] + 1 < pair[1]).count();
                prop_assert_eq!(ranges.iter().count(), if all.is_empty() { 0 } else { gaps + 1 });
            }
        }
    }

    #[test]
    fn difference_removes_the_numbers_of_the_other_set() {
        let of = |pieces: &[(u64, u64)]| {
            let mut ranges = Ranges::default();
            pieces.iter().for_each(|(from, to)| ranges.add(*from, *to));
            ranges
        };
        assert_eq!(of(&[(1, 9)]).difference(&of(&[(3, 4), (7, 20)])), of(&[(1, 2), (5, 6)]));
        assert!(of(&[(2, 3)]).difference(&of(&[(1, 9)])).is_empty());
    }
}
