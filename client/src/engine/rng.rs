//! Random numbers from a seed that the caller draws (pure code has none), and the times of attempts to connect.

/// Between two attempts to connect to a server that refuses pass at least and at most so many milliseconds.
const SOONEST_MS: u64 = 1_000;
const LATEST_MS: u64 = 30_000;

/// Random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 on, smaller than `below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// Milliseconds to wait after so many failed attempts in a row. With full jitter: many clients that lost one
    /// server do not come back in the same moment.
    pub fn backoff(&mut self, failed: u32) -> u64 {
        let ceiling = (SOONEST_MS << failed.min(10)).min(LATEST_MS);
        (SOONEST_MS + self.roll(ceiling)).min(LATEST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which one of many clients tries, after they have lost a server in the same moment.
    fn attempts(client: u64) -> impl Iterator<Item = u64> {
        let (mut rng, mut at) = (Rng::new(client), 0);
        (0..).map(move |failed| {
            at += rng.backoff(failed);
            at
        })
    }

    #[test]
    fn two_hundred_never_come_in_one_moment() {
        let all: Vec<u64> = (0..200).flat_map(|client| attempts(client).take_while(|at| *at < 120_000)).collect();
        let in_a_tenth = |from: u64| all.iter().filter(|at| (from..from + 100).contains(at)).count();
        // In the second in which all of them try for the first time, a fair chance makes it 20.
        assert!(all.iter().all(|at| in_a_tenth(*at) <= 40));
    }

    #[test]
    fn whenever_the_server_is_back_each_client_tries_within_half_a_minute() {
        for (back, client) in (0..30).flat_map(|n| (0..200).map(move |client| (n * 10_000, client))) {
            let next = attempts(client).find(|at| *at >= back).unwrap();
            assert!(next <= back + LATEST_MS, "client {client} tries {} ms later", next - back);
        }
    }

    #[test]
    fn pauses_grow_within_their_bounds() {
        let mut rng = Rng::new(7);
        let longest = |failed: u32, rng: &mut Rng| (0..200).map(|_| rng.backoff(failed)).max().unwrap();
        assert!(longest(0, &mut rng) < 2 * SOONEST_MS);
        assert!(longest(4, &mut rng) > 8 * SOONEST_MS);
        for failed in [0, 5, u32::MAX] {
            assert!((0..200).all(|_| (SOONEST_MS..=LATEST_MS).contains(&rng.backoff(failed))));
        }
    }
}
