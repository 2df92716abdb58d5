//! Chance, from a seed that somebody else draws: the models themselves have none.

/// Between two attempts to connect pass at least and at most so many milliseconds.
const SOONEST_MS: u64 = 1_000;
const LATEST_MS: u64 = 30_000;

/// Numbers by chance (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A number from 0 on, smaller than `below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    /// Milliseconds to wait after so many failed attempts in a row. With full jitter: many clients that lost one
    /// server do not come back in the same moment.
    pub fn pause(&mut self, failed: u32) -> u64 {
        let ceiling = (SOONEST_MS << failed.min(10)).min(LATEST_MS);
        (SOONEST_MS + self.roll(ceiling)).min(LATEST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_bounds() {
        let mut chance = Chance::new(7);
        let longest = |failed: u32, chance: &mut Chance| (0..200).map(|_| chance.pause(failed)).max().unwrap();
        assert!(longest(0, &mut chance) < 2 * SOONEST_MS);
        assert!(longest(4, &mut chance) > 8 * SOONEST_MS);
        for failed in [0, 5, u32::MAX] {
            assert!((0..200).all(|_| (SOONEST_MS..=LATEST_MS).contains(&chance.pause(failed))));
        }
    }
}
