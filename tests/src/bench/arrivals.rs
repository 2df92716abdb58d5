//! Checks the presence notices while clients sign in. Each client must get a notice of every later one, and no other.
//!
//! So the notices of each client are a suffix of one common order. A count and a polynomial hash per client suffice to
//! check that, without storing 12 million notices of 5,000 clients.
//!
//! In large groups a server may batch notices into a number, once a second. A client that signs in within that second
//! is told of some earlier ones, too. Then only the numbers can be checked.

use super::gather::AT_ONCE;
use super::tally::{DeliveryVerdict, mixed};

/// Factor of the polynomial hash. An odd factor makes the multiplication reversible, so no information is lost.
const FACTOR: u64 = 0x5851_f42d_4c95_7f2d;

/// The account of presence notices of a known number of clients.
#[derive(Debug)]
pub struct Arrivals {
    /// Number of single notices of each member.
    counts: Vec<u32>,
    /// Polynomial hash of the single notices of each member, in order. It can be computed for every suffix of an order.
    sequences: Vec<u64>,
    /// Sum of the batched notices of each member.
    batched: Vec<u32>,
    /// Number of members signed in before each member, in the order in which their answers arrived.
    ranks: Vec<u32>,
    signed_in: u32,
    heard: u64,
    wrong: u64,
}

impl Arrivals {
    /// Starts an account for `people` clients.
    pub fn new(people: usize) -> Arrivals {
        Arrivals {
            counts: vec![0; people],
            sequences: vec![0; people],
            batched: vec![0; people],
            ranks: vec![0; people],
            signed_in: 0,
            heard: 0,
            wrong: 0,
        }
    }

    /// Records that `member` is signed in.
    pub fn let_in(&mut self, member: usize) {
        self.ranks[member] = self.signed_in;
        self.signed_in += 1;
    }

    /// Records a batched notice to `member` of `newcomers` clients.
    pub fn heard_together(&mut self, member: usize, newcomers: u32) {
        self.heard += u64::from(newcomers);
        self.batched[member] = self.batched[member].saturating_add(newcomers);
    }

    /// Records a notice to `member` of `newcomer`.
    pub fn heard(&mut self, member: usize, newcomer: usize) {
        if newcomer >= self.counts.len() {
            self.wrong += 1;
            return;
        }
        self.heard += 1;
        self.counts[member] += 1;
        self.sequences[member] = appended(self.sequences[member], newcomer);
    }

    /// Returns the number of notices, where a batched one counts for each newcomer.
    pub fn heard_in_all(&self) -> u64 {
        self.heard
    }

    /// Returns the expected number of notices: of each two clients, the earlier one gets a notice of the later one.
    pub fn expected(&self) -> u64 {
        let people = self.counts.len() as u64;
        people * people.saturating_sub(1) / 2
    }

    /// Returns whether all expected notices have arrived.
    pub fn is_complete(&self) -> bool {
        if self.is_batched() { self.batched_verdict().lost == 0 } else { self.heard >= self.expected() }
    }

    fn is_batched(&self) -> bool {
        self.batched.iter().any(|newcomers| *newcomers > 0)
    }

    /// Checks numbers only. The first client must have a notice of each other one; all others of each later one, with a
    /// tolerance of the sign-ins that run at the same time, since their order is not known.
    fn batched_verdict(&self) -> DeliveryVerdict {
        let others = self.counts.len().saturating_sub(1) as u64;
        let totals = self.counts.iter().zip(&self.batched).map(|(single, batched)| u64::from(single + batched));
        let mut verdict = DeliveryVerdict { wrong: self.wrong, ..DeliveryVerdict::default() };
        let mut max = 0;
        for (total, rank) in totals.zip(&self.ranks) {
            max = max.max(total);
            verdict.doubled += total.saturating_sub(others);
            verdict.lost += others.saturating_sub(total + u64::from(*rank) + AT_ONCE as u64);
        }
        verdict.lost += others.saturating_sub(max);
        verdict
    }

    /// Returns the errors, after the last notice has arrived. Of lost and doubled notices only the difference is known,
    /// but both also show as a wrong order.
    pub fn verdict(&self) -> DeliveryVerdict {
        if self.is_batched() {
            return self.batched_verdict();
        }
        let mut order: Vec<usize> = (0..self.counts.len()).collect();
        order.sort_by_key(|member| self.counts[*member]);
        // From the last client, which has no notices, to the first.
        let mut sequence = 0;
        let mut power = 1;
        let mut wrong_orders = 0;
        for (later, member) in (0_u32..).zip(order) {
            if (self.counts[member], self.sequences[member]) != (later, sequence) {
                wrong_orders += 1;
            }
            sequence = spread(member).wrapping_mul(power).wrapping_add(sequence);
            power = power.wrapping_mul(FACTOR);
        }
        DeliveryVerdict {
            lost: self.expected().saturating_sub(self.heard),
            doubled: self.heard.saturating_sub(self.expected()),
            other_order: wrong_orders,
            wrong: self.wrong,
            reordered: 0,
        }
    }
}

/// Appends a newcomer to the hash of a sequence.
fn appended(sequence: u64, newcomer: usize) -> u64 {
    sequence.wrapping_mul(FACTOR).wrapping_add(spread(newcomer))
}

/// Spreads the number of a client over all bits.
fn spread(member: usize) -> u64 {
    mixed(0, member as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [usize; 5] = [3, 0, 4, 1, 2];

    fn verdict(changed: impl Fn(usize, &mut Vec<usize>)) -> DeliveryVerdict {
        let mut arrivals = Arrivals::new(ORDER.len());
        for (at, member) in ORDER.into_iter().enumerate() {
            let mut heard = ORDER[at + 1..].to_vec();
            changed(member, &mut heard);
            heard.into_iter().for_each(|newcomer| arrivals.heard(member, newcomer));
        }
        arrivals.verdict()
    }

    #[test]
    fn accepts_notices_of_all_later_clients() {
        let mut arrivals = Arrivals::new(2);
        assert!(!arrivals.is_complete());
        arrivals.heard(1, 0);
        assert!(arrivals.is_complete() && arrivals.verdict().is_exact());
        assert!(verdict(|_, _| {}).is_exact());
    }

    #[test]
    fn detects_lost_doubled_and_reordered_notices() {
        let lost = verdict(|member, heard| {
            if member == 0 {
                heard.remove(1);
            }
        });
        assert_eq!(lost.lost, 1);
        let doubled = verdict(|member, heard| {
            if member == 4 {
                heard.push(2)
            }
        });
        assert_eq!(doubled.doubled, 1);
        let swapped = verdict(|member, heard| {
            if member == 3 {
                heard.swap(0, 3)
            }
        });
        assert_eq!(swapped, DeliveryVerdict { other_order: 1, ..DeliveryVerdict::default() });
        let instead = verdict(|member, heard| {
            if member == 1 {
                heard[0] = 4
            }
        });
        assert_eq!(instead, DeliveryVerdict { other_order: 1, ..DeliveryVerdict::default() });
        let stranger = verdict(|member, heard| {
            if member == 2 {
                heard.push(9)
            }
        });
        assert_eq!(stranger, DeliveryVerdict { wrong: 1, ..DeliveryVerdict::default() });
    }

    #[test]
    fn checks_the_numbers_of_batched_notices() {
        let people = 3 * AT_ONCE;
        let arrivals = |for_first: u32, for_last: u32| {
            let mut arrivals = Arrivals::new(people);
            for member in 0..people {
                arrivals.let_in(member);
                let later = (people - 1 - member) as u32;
                let heard = if member == 0 { for_first } else { later };
                arrivals.heard_together(member, if member == people - 1 { for_last } else { heard });
            }
            arrivals
        };
        let all = people as u32 - 1;
        // The last client is told of clients that signed in within the same second.
        assert!(arrivals(all, 5).verdict().is_exact() && arrivals(all, 5).is_complete());
        assert_eq!(arrivals(all - 1, 5).verdict().lost, 1);
        assert!(!arrivals(all - 1, 5).is_complete());
        assert_eq!(arrivals(all + 1, 5).verdict().doubled, 1);
        assert_eq!(arrivals(all, all + 2).verdict().doubled, 2);
    }

    #[test]
    fn a_doubled_notice_does_not_hide_a_lost_one() {
        let verdict = verdict(|member, heard| match member {
            0 => heard.truncate(1),
            4 => heard.push(2),
            _ => {}
        });
        assert!(!verdict.is_exact());
    }
}
