//! A histogram of times with a fixed size and a relative error of at most 1/32.

use std::time::Duration;

/// Significant bits of a time behind its highest one.
const PRECISION: u32 = 5;
const STEPS: usize = 1 << PRECISION;
/// Number of buckets, for times up to `u64::MAX` nanoseconds.
const BUCKETS: usize = (64 - PRECISION as usize + 1) * STEPS;

/// A histogram of times.
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
    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        self.counts[bucket(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))] += 1;
        self.total += 1;
    }

    /// Returns the time that `percent` of all times do not exceed, rounded up to the end of its bucket; `None` without
    /// times.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reaches = |count: &u64| {
            seen += count;
            seen >= rank
        };
        self.counts.iter().position(reaches).map(|bucket| Duration::from_nanos(upper_bound(bucket)))
    }
}

/// Returns the bucket of a time.
fn bucket(nanos: u64) -> usize {
    let doublings = (u64::BITS - nanos.leading_zeros()).saturating_sub(PRECISION + 1);
    doublings as usize * STEPS + (nanos >> doublings) as usize
}

/// Returns the longest time in a bucket, in nanoseconds.
fn upper_bound(bucket: usize) -> u64 {
    let doublings = (bucket / STEPS).saturating_sub(1);
    let first = (bucket - doublings * STEPS) as u64;
    (first << doublings) + ((1 << doublings) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_is_within_the_error() {
        for nanos in (0..63).flat_map(|bit| [1 << bit, (1 << bit) + 1, (1 << bit) - 1]).chain([0, 1_234_567, u64::MAX])
        {
            let shown = upper_bound(bucket(nanos));
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
