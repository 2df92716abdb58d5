//! Sets of numbers that mostly follow one another.

use std::collections::BTreeMap;

/// Numbers from 1 on, as pieces that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds everything from `from` to and including `to`.
    pub fn add(&mut self, mut from: u64, mut to: u64) {
        // Pieces that overlap or touch become one.
        while let Some((start, end)) = self.last_up_to(to.saturating_add(1)).filter(|(_, end)| *end + 1 >= from) {
            self.0.remove(&start);
            (from, to) = (from.min(start), to.max(end));
        }
        self.0.insert(from, to);
    }

    /// Takes everything from `from` to and including `to` away.
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

    /// Closes the first gaps where there are more than so many pieces.
    pub fn close_gaps(&mut self, most: usize) {
        while self.0.len() > most.max(1) {
            let Some((from, _)) = self.0.pop_first() else { return };
            if let Some((_, to)) = self.0.pop_first() {
                self.0.insert(from, to);
            }
        }
    }

    /// The last piece that begins at `number` or before.
    fn last_up_to(&self, number: u64) -> Option<(u64, u64)> {
        self.0.range(..=number).next_back().map(|(from, to)| (*from, *to))
    }

    /// Whether a number is among them.
    #[must_use]
    pub fn has(&self, number: u64) -> bool {
        self.last_up_to(number).is_some_and(|(_, end)| end >= number)
    }

    /// What is here and not in `others`.
    #[must_use]
    pub fn without(&self, others: &Ranges) -> Ranges {
        let mut left = self.clone();
        others.iter().for_each(|(from, to)| left.remove(from, to));
        left
    }

    /// The pieces, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        self.0.iter().map(|(from, to)| (*from, *to))
    }

    /// The highest number.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.0.last_key_value().map(|(_, to)| *to)
    }

    /// Whether there is none.
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
        fn they_are_sets_of_numbers(steps in prop::collection::vec((any::<bool>(), 1u64..40, 0u64..8), 0..40)) {
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
                prop_assert!((1..50).all(|number| ranges.has(number) == set.contains(&number)));
                prop_assert_eq!(ranges.last(), set.last().copied());
                let mut closed = ranges.clone();
                closed.close_gaps(2);
                prop_assert_eq!(closed.iter().count(), ranges.iter().count().min(2));
                prop_assert_eq!(closed.last(), ranges.last());
                prop_assert!(ranges.without(&closed).is_empty());
                let gaps = all.windows(2).filter(|pair| pair[0] + 1 < pair[1]).count();
                prop_assert_eq!(ranges.iter().count(), if all.is_empty() { 0 } else { gaps + 1 });
            }
        }
    }

    #[test]
    fn what_others_have_is_left_out() {
        let of = |pieces: &[(u64, u64)]| {
            let mut ranges = Ranges::default();
            pieces.iter().for_each(|(from, to)| ranges.add(*from, *to));
            ranges
        };
        assert_eq!(of(&[(1, 9)]).without(&of(&[(3, 4), (7, 20)])), of(&[(1, 2), (5, 6)]));
        assert!(of(&[(2, 3)]).without(&of(&[(1, 9)])).is_empty());
    }
}
