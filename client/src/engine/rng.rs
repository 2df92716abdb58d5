//! A random number generator with a seed of the caller, since pure code has no source of randomness; and the backoff
//! between attempts to connect.

/// Shortest pause in milliseconds between two attempts to connect to a server that refuses.
const MIN_BACKOFF_MS: u64 = 1_000;
/// Longest such pause in milliseconds.
const MAX_BACKOFF_MS: u64 = 30_000;

/// SplitMix64. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Creates a generator. Equal seeds give equal numbers.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Returns the next number, over the full range.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 to `below - 1`, or 0 if `below` is 0.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// Returns the milliseconds to wait after `failed` failed attempts in a row. Exponential with full jitter, so that
    /// clients that lost one server in the same moment do not come back together.
    pub fn backoff(&mut self, failed: u32) -> u64 {
        let ceiling = (MIN_BACKOFF_MS << failed.min(10)).min(MAX_BACKOFF_MS);
        (MIN_BACKOFF_MS + self.roll(ceiling)).min(MAX_BACKOFF_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the times of a client's attempts after it lost its server at time 0.
    fn attempts(client: u64) -> impl Iterator<Item = u64> {
        let mut rng = Rng::new(client);
        let mut at = 0;
        (0..).map(move |failed| {
            at += rng.backoff(failed);
            at
        })
    }

    #[test]
    fn attempts_of_many_clients_are_spread_over_time() {
        let all: Vec<u64> = (0..200).flat_map(|client| attempts(client).take_while(|at| *at < 120_000)).collect();
        let in_a_tenth = |from: u64| all.iter().filter(|at| (from..from + 100).contains(at)).count();
        // In the second in which all clients try for the first time, an even spread would be 20.
        assert!(all.iter().all(|at| in_a_tenth(*at) <= 40));
    }

    #[test]
    fn each_client_tries_within_thirty_seconds_of_the_servers_return() {
        for (back, client) in (0..30).flat_map(|n| (0..200).map(move |client| (n * 10_000, client))) {
            let next = attempts(client).find(|at| *at >= back).unwrap();
            assert!(next <= back + MAX_BACKOFF_MS, "client {client} tries {} ms later", next - back);
        }
    }

    #[test]
    fn backoff_grows_within_its_limits() {
        let mut rng = Rng::new(7);
        let longest = |failed: u32, rng: &mut Rng| (0..200).map(|_| rng.backoff(failed)).max().unwrap();
        assert!(longest(0, &mut rng) < 2 * MIN_BACKOFF_MS);
        assert!(longest(4, &mut rng) > 8 * MIN_BACKOFF_MS);
        for failed in [0, 5, u32::MAX] {
            assert!((0..200).all(|_| (MIN_BACKOFF_MS..=MAX_BACKOFF_MS).contains(&rng.backoff(failed))));
        }
    }
}
