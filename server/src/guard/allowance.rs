//! How much all sessions of one address together may say: the rate belongs to a session, and many sessions of one
//! address could fill everybody's backlog. What is over it is dropped; nobody is signed out for what others said.

use super::Origin;
use landline_common::clean::{clean_message, count_lines, has_line_end};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Addresses and networks remembered at most, beside those that somebody is connected from. When full, those that may say everything
/// again are forgotten, and if there are none, the one that may soonest.
const MOST_ORIGINS: usize = 10_000;
/// How often it is logged at most that lines of one address are dropped.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// What every address may say.
#[derive(Debug)]
pub struct Allowances {
    /// `None` is without a limit.
    bound: Option<Bound>,
    origins: Mutex<HashMap<Origin, Arc<Allowance>>>,
}

/// So many lines and bytes at once; what was used comes back evenly, all of it in `per`.
#[derive(Clone, Copy, Debug)]
struct Bound {
    lines: u64,
    bytes: u64,
    per: Duration,
}

/// What one address may say. All its sessions share it, and nobody else waits for its lock.
#[derive(Debug)]
pub struct Allowance {
    address: IpAddr,
    bound: Bound,
    used: Mutex<Used>,
    /// What all addresses of the same IPv6 network may say together.
    network: Option<Arc<Allowance>>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    /// When all lines, and all bytes, will have come back.
    lines_back: Instant,
    bytes_back: Instant,
    logged: Option<Instant>,
}

/// How much a message is for its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines that they see.
    pub lines: usize,
    /// Bytes of the text, and of the prefix that each further line repeats.
    pub bytes: usize,
}

impl Size {
    /// The size of a text that is not cleaned yet, for readers who get `prefix` bytes in front of each line.
    #[must_use]
    pub fn of(text: &str, prefix: usize) -> Size {
        if !has_line_end(text) {
            return Size { lines: 1, bytes: text.len() };
        }
        let message = clean_message(text);
        let lines = count_lines(&message);
        Size { lines, bytes: message.len() + (lines - 1) * prefix }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is said.
    Passes,
    /// It is dropped.
    Dropped {
        /// Log it: the first one in a minute.
        log: bool,
    },
}

impl Allowances {
    /// So many lines and bytes at once; all of it comes back in `per`.
    #[must_use]
    pub fn new(lines: u64, bytes: u64, per: Duration) -> Allowances {
        let bound = Bound { lines: lines.max(1), bytes: bytes.max(1), per };
        Allowances { bound: Some(bound), origins: Mutex::default() }
    }

    /// Everybody may say everything.
    #[must_use]
    pub fn lifted() -> Allowances {
        Allowances { bound: None, origins: Mutex::default() }
    }

    /// What that address may say, for a session of it to keep; `None` is without a limit.
    #[must_use]
    pub fn of(&self, address: IpAddr, now: Instant) -> Option<Arc<Allowance>> {
        let bound = self.bound?;
        let mut origins = self.origins.lock();
        let (mut allowance, mut all) = (None, Origin::of(address).collect::<Vec<_>>());
        // The network first: the address holds it.
        while let Some(origin) = all.pop() {
            if origins.len() >= MOST_ORIGINS && !origins.contains_key(&origin) {
                forget(&mut origins, now);
            }
            let network = allowance.take();
            let new = || Arc::new(Allowance::unused(address, bound.times(origin.times()), network, now));
            allowance = Some(origins.entry(origin).or_insert_with(new).clone());
        }
        allowance
    }
}

impl Bound {
    fn times(self, times: u64) -> Bound {
        Bound { lines: self.lines.saturating_mul(times), bytes: self.bytes.saturating_mul(times), ..self }
    }
}

/// Makes room. An address with a session stays: forgetting it would give it everything anew.
fn forget(origins: &mut HashMap<Origin, Arc<Allowance>>, now: Instant) {
    let in_use = |allowance: &Arc<Allowance>| Arc::strong_count(allowance) > 1;
    origins.retain(|_, allowance| in_use(allowance) || allowance.whole_at() > now);
    if origins.len() >= MOST_ORIGINS {
        let idle = origins.iter().filter(|(_, allowance)| !in_use(allowance));
        let soonest = idle.min_by_key(|(_, allowance)| allowance.whole_at()).map(|(origin, _)| *origin);
        soonest.and_then(|soonest| origins.remove(&soonest));
    }
}

impl Allowance {
    fn unused(address: IpAddr, bound: Bound, network: Option<Arc<Allowance>>, now: Instant) -> Allowance {
        Allowance { address, bound, used: Mutex::new(Used { lines_back: now, bytes_back: now, logged: None }), network }
    }

    /// Whose it is.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// A user there says a message of so many lines and bytes. It passes as a whole or is dropped as one.
    pub fn say(&self, size: Size, now: Instant) -> Verdict {
        let mut used = self.used.lock();
        if let Some(after) = self.after(&used, size, now) {
            // What the network does not allow takes nothing of the address.
            let verdict = self.network.as_ref().map_or(Verdict::Passes, |network| network.say(size, now));
            if verdict == Verdict::Passes {
                *used = after;
            }
            return verdict;
        }
        let log = used.logged.is_none_or(|at| now.saturating_duration_since(at) >= LOGGED_EVERY);
        if log {
            used.logged = Some(now);
        }
        Verdict::Dropped { log }
    }

    /// What is used once something of that size is said; `None` if that is too much.
    fn after(&self, used: &Used, Size { lines, bytes }: Size, now: Instant) -> Option<Used> {
        let Bound { lines: most_lines, bytes: most_bytes, per } = self.bound;
        let lines_back = used.lines_back.max(now) + share(per, lines as u64, most_lines);
        let bytes_back = used.bytes_back.max(now) + share(per, bytes as u64, most_bytes);
        (lines_back.max(bytes_back) <= now + per).then_some(Used { lines_back, bytes_back, ..*used })
    }

    /// When it may say everything again.
    fn whole_at(&self) -> Instant {
        let used = self.used.lock();
        used.lines_back.max(used.bytes_back)
    }
}

/// The time in which `part` of `whole` comes back. What is more than all of it counts as all of it, or it could never be
/// said.
fn share(per: Duration, part: u64, whole: u64) -> Duration {
    let nanos = per.as_nanos() * u128::from(part.min(whole)) / u128::from(whole);
    u64::try_from(nanos).map_or(per, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::Limits;
    use proptest::prelude::*;

    const PER: Duration = Duration::from_secs(5);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    fn passes(allowance: &Allowance, bytes: usize, now: Instant) -> bool {
        allowance.say(Size { lines: 1, bytes }, now) == Verdict::Passes
    }

    #[test]
    fn sessions_of_one_address_share_it_and_others_have_their_own() {
        let (allowances, now) = (Allowances::new(3, 1_000, PER), Instant::now());
        let [one, other] = [0; 2].map(|_| allowances.of(address(1), now).unwrap());
        assert!(passes(&one, 1, now) && passes(&other, 1, now) && passes(&one, 1, now));
        assert_eq!(other.say(Size { lines: 1, bytes: 1 }, now), Verdict::Dropped { log: true });
        assert_eq!(one.say(Size { lines: 1, bytes: 1 }, now), Verdict::Dropped { log: false });
        assert!(passes(&allowances.of(address(2), now).unwrap(), 1, now));
        // To leave and come again gives nothing.
        drop((one, other));
        let again = allowances.of(address(1), now).unwrap();
        assert!(!passes(&again, 1, now) && !passes(&again, 1, now + PER / 4));
        assert!(passes(&again, 1, now + PER / 3 + Duration::from_nanos(1)));
    }

    #[test]
    fn bytes_count_too_and_a_huge_line_takes_everything() {
        let (allowances, now) = (Allowances::new(100, 1_000, PER), Instant::now());
        let allowance = allowances.of(address(1), now).unwrap();
        assert!(passes(&allowance, 600, now) && !passes(&allowance, 600, now) && passes(&allowance, 400, now));
        assert!(!passes(&allowance, 5_000, now + PER - Duration::from_millis(1)));
        assert!(passes(&allowance, 5_000, now + PER) && !passes(&allowance, 1, now + PER));
    }

    #[test]
    fn a9_each_line_of_a_message_counts_with_its_prefix() {
        assert_eq!(Size::of("hello", 40), Size { lines: 1, bytes: 5 });
        assert_eq!(Size::of("\na\r\n\tb \n\n", 40), Size { lines: 2, bytes: "a\n    b".len() + 40 });
        let fifty = Size::of(&"x\n".repeat(50), 230);
        assert_eq!(fifty, Size { lines: 50, bytes: 99 + 49 * 230 });
        let (allowances, now) = (Allowances::new(120, 30_000, PER), Instant::now());
        let [by_lines, by_bytes] = [1, 2].map(|n| allowances.of(address(n), now).unwrap());
        let said =
            |allowance: &Allowance, size| (0..10).filter(|_| allowance.say(size, now) == Verdict::Passes).count();
        assert_eq!(said(&by_lines, Size { bytes: 99, ..fifty }), 2);
        assert_eq!(said(&by_bytes, Size { lines: 1, ..fifty }), 2);
    }

    #[test]
    fn a_class_that_pastes_and_256_people_who_talk_never_notice() {
        let limits = Limits::default();
        let per = Limits::seconds(limits.address_said_seconds);
        let allowances = Allowances::new(limits.address_lines, limits.address_bytes, per);
        let start = Instant::now();
        // Our client sends nine lines at once, and the next nine when six seconds have passed.
        let (class, many) = (allowances.of(address(1), start).unwrap(), allowances.of(address(2), start).unwrap());
        for round in 0..50 {
            let now = start + Duration::from_secs(6) * round;
            assert!((0..30 * 9).all(|_| passes(&class, 900, now)), "round {round}");
        }
        // A line of 200 bytes each in five seconds, all at the same moment.
        for round in 0..50 {
            assert!((0..256).all(|_| passes(&many, 200, start + PER * round)), "round {round}");
        }
    }

    #[test]
    fn d12_a_network_of_ipv6_may_say_four_times_as_much() {
        let (allowances, now) = (Allowances::new(10, 1_000, PER), Instant::now());
        let of = |n: u16| allowances.of([0xfd00, 0, 0, 1, 0, 0, 0, n].into(), now).unwrap();
        let passed = (0..100).filter(|n| passes(&of(*n), 1, now)).count();
        assert_eq!(passed, 40);
        assert!(passes(&allowances.of([0xfd00, 0, 0, 2, 0, 0, 0, 1].into(), now).unwrap(), 1, now));
        let (one, other) = (of(200), allowances.of(address(1), now).unwrap());
        assert_eq!((0..20).filter(|_| passes(&one, 1, now)).count(), 0);
        assert_eq!((0..20).filter(|_| passes(&other, 1, now)).count(), 10);
    }

    #[test]
    fn without_a_limit_nothing_is_remembered() {
        let allowances = Allowances::lifted();
        assert!(allowances.of(address(1), Instant::now()).is_none());
        assert!(allowances.origins.lock().is_empty());
    }

    #[test]
    fn memory_is_bounded_and_who_is_connected_is_not_forgotten() {
        let (allowances, start) = (Allowances::new(1, 1_000, PER), Instant::now());
        let connected = allowances.of(address(0), start).unwrap();
        assert!(passes(&connected, 1, start));
        let at = |n: u32| start + Duration::from_micros(n.into());
        for n in 1..15_000 {
            assert!(passes(&allowances.of(address(n), at(n)).unwrap(), 1, at(n)));
        }
        assert!(allowances.origins.lock().len() <= MOST_ORIGINS);
        let now = at(15_000);
        assert!(!passes(&allowances.of(address(0), now).unwrap(), 1, now));
        assert!(!passes(&allowances.of(address(14_999), now).unwrap(), 1, now));
        assert!(passes(&allowances.of(address(1), now).unwrap(), 1, now), "forgotten first");
        // Everybody else may say everything again.
        _ = allowances.of(address(20_000), now + PER * 2);
        assert!(allowances.origins.lock().len() <= 2);
    }

    proptest! {
        #[test]
        fn never_more_than_all_at_once_and_what_came_back(
            lines in prop::collection::vec((0u64..500, 0usize..400), 0..200),
        ) {
            let allowances = Allowances::new(10, 1_000, PER);
            let start = Instant::now();
            let allowance = allowances.of(address(1), start).unwrap();
            let (mut now, mut passed) = (start, Vec::new());
            for (gap, bytes) in lines {
                now += Duration::from_millis(gap);
                if passes(&allowance, bytes, now) {
                    passed.push((now, bytes));
                }
            }
            for (first, (begun, _)) in passed.iter().enumerate() {
                let mut bytes = 0;
                for (count, (at, more)) in (1..).zip(&passed[first..]) {
                    bytes += more;
                    // A nanosecond may be lost for each line.
                    let parts = 1.0 + (*at - *begun).as_secs_f64() / PER.as_secs_f64() + 1e-6;
                    prop_assert!(f64::from(count) <= 10.0 * parts && bytes as f64 <= 1_000.0 * parts);
                }
            }
        }
    }
}
