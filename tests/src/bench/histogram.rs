//! How often what took how long, in a table of fixed size: times of any length, each known to a thirty-second.

use std::time::Duration;

/// Bits of a time that are kept behind its first.
const PRECISION: u32 = 5;
const STEPS: usize = 1 << PRECISION;
/// Times up to `u64::MAX` nanoseconds.
const BUCKETS: usize = (64 - PRECISION as usize + 1) * STEPS;

/// Times, counted.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Histogram {
    /// One more.
    pub fn record(&mut self, time: Duration) {
        self.counts[bucket(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))] += 1;
        self.total += 1;
    }

    /// The time that so many of a hundred did not exceed; `None` when there is none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reaches = |count: &u64| {
            seen += count;
            seen >= rank
        };
        self.counts.iter().position(reaches).map(|bucket| Duration::from_nanos(longest(bucket)))
    }
}

fn bucket(nanos: u64) -> usize {
    let doublings = (u64::BITS - nanos.leading_zeros()).saturating_sub(PRECISION + 1);
    doublings as usize * STEPS + (nanos >> doublings) as usize
}

/// The longest time that falls into a bucket.
fn longest(bucket: usize) -> u64 {
    let doublings = (bucket / STEPS).saturating_sub(1);
    let first = (bucket - doublings * STEPS) as u64;
    (first << doublings) + ((1 << doublings) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_a_bucket_that_is_close() {
        for nanos in (0..63).flat_map(|bit| [1 << bit, (1 << bit) + 1, (1 << bit) - 1]).chain([0, 1_234_567, u64::MAX])
        {
            let shown = longest(bucket(nanos));
            assert!(shown >= nanos && shown - nanos <= nanos / 32, "{nanos} is shown as {shown}");
        }
    }

    #[test]
    fn percentiles_are_ranks() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        (1..=100).for_each(|n| histogram.record(Duration::from_nanos(n % 50 + 1)));
        assert_eq!(histogram.percentile(50), Some(Duration::from_nanos(25)));
        assert_eq!(histogram.percentile(99), Some(Duration::from_nanos(50)));
        assert_eq!(histogram.percentile(0), Some(Duration::from_nanos(1)));
    }
}
