//! Who has heard whom come. Everybody hears of all who come later and of nobody else, so what each member hears is the
//! end of one and the same order; two numbers a member are enough to tell.
//!
//! Where many would hear of each, a server may tell of many at once, by their number, once a second. Who comes in that
//! second is told of some who came just before, too; then only the numbers can be checked.

use super::gather::AT_ONCE;
use super::tally::{Verdict, mixed};

/// Odd, so that multiplying loses nothing.
const FACTOR: u64 = 0x5851_f42d_4c95_7f2d;

/// The account of who came, among a known number of people.
#[derive(Debug)]
pub struct Arrivals {
    /// How many each member has heard come.
    counts: Vec<u32>,
    /// Whom, in which order: a polynomial, so that it can be made for every end of an order.
    sequences: Vec<u64>,
    /// How many each member has heard come together.
    gathered: Vec<u32>,
    /// How many had been let in before each member, as far as is known.
    places: Vec<u32>,
    inside: u32,
    heard: u64,
    wrong: u64,
}

impl Arrivals {
    /// Nobody has come yet.
    pub fn new(people: usize) -> Arrivals {
        let (counts, gathered, places) = (vec![0; people], vec![0; people], vec![0; people]);
        Arrivals { counts, sequences: vec![0; people], gathered, places, inside: 0, heard: 0, wrong: 0 }
    }

    /// `member` is in.
    pub fn let_in(&mut self, member: usize) {
        self.places[member] = self.inside;
        self.inside += 1;
    }

    /// `member` hears that so many have come.
    pub fn heard_together(&mut self, member: usize, newcomers: u32) {
        self.heard += u64::from(newcomers);
        self.gathered[member] = self.gathered[member].saturating_add(newcomers);
    }

    /// `member` hears that `newcomer` has come.
    pub fn heard(&mut self, member: usize, newcomer: usize) {
        if newcomer >= self.counts.len() {
            self.wrong += 1;
            return;
        }
        self.heard += 1;
        self.counts[member] += 1;
        self.sequences[member] = appended(self.sequences[member], newcomer);
    }

    /// How often somebody was heard to come.
    pub fn heard_in_all(&self) -> u64 {
        self.heard
    }

    /// Of every two, one hears the other come.
    pub fn expected(&self) -> u64 {
        let people = self.counts.len() as u64;
        people * people.saturating_sub(1) / 2
    }

    /// Whether everybody has heard of all who came later.
    pub fn is_complete(&self) -> bool {
        if self.is_gathered() { self.gathered_verdict().lost == 0 } else { self.heard >= self.expected() }
    }

    fn is_gathered(&self) -> bool {
        self.gathered.iter().any(|newcomers| *newcomers > 0)
    }

    /// The one who was there all the time has heard of everybody once; the others of all who came later, where it is not
    /// known who of those came first who signed in at the same time.
    fn gathered_verdict(&self) -> Verdict {
        let others = self.counts.len().saturating_sub(1) as u64;
        let totals = self.counts.iter().zip(&self.gathered).map(|(singly, together)| u64::from(singly + together));
        let mut verdict = Verdict { wrong: self.wrong, ..Verdict::default() };
        let mut most = 0;
        for (total, place) in totals.zip(&self.places) {
            most = most.max(total);
            verdict.doubled += total.saturating_sub(others);
            verdict.lost += others.saturating_sub(total + u64::from(*place) + AT_ONCE as u64);
        }
        verdict.lost += others.saturating_sub(most);
        verdict
    }

    /// What was wrong, when nothing more is on its way. Of what is lost and what is doubled only the difference is
    /// known, but both show as another order.
    pub fn verdict(&self) -> Verdict {
        if self.is_gathered() {
            return self.gathered_verdict();
        }
        let mut order: Vec<usize> = (0..self.counts.len()).collect();
        order.sort_by_key(|member| self.counts[*member]);
        // From the last one to come, who has heard nobody, to the first.
        let (mut sequence, mut power, mut others) = (0, 1, 0);
        for (later, member) in (0_u32..).zip(order) {
            if (self.counts[member], self.sequences[member]) != (later, sequence) {
                others += 1;
            }
            sequence = spread(member).wrapping_mul(power).wrapping_add(sequence);
            power = power.wrapping_mul(FACTOR);
        }
        Verdict {
            lost: self.expected().saturating_sub(self.heard),
            doubled: self.heard.saturating_sub(self.expected()),
            other_order: others,
            wrong: self.wrong,
            reordered: 0,
        }
    }
}

fn appended(sequence: u64, newcomer: usize) -> u64 {
    sequence.wrapping_mul(FACTOR).wrapping_add(spread(newcomer))
}

/// Somebody's number, spread over all bits.
fn spread(member: usize) -> u64 {
    mixed(0, member as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [usize; 5] = [3, 0, 4, 1, 2];

    fn verdict(changed: impl Fn(usize, &mut Vec<usize>)) -> Verdict {
        let mut arrivals = Arrivals::new(ORDER.len());
        for (at, member) in ORDER.into_iter().enumerate() {
            let mut heard = ORDER[at + 1..].to_vec();
            changed(member, &mut heard);
            heard.into_iter().for_each(|newcomer| arrivals.heard(member, newcomer));
        }
        arrivals.verdict()
    }

    #[test]
    fn everybody_hears_of_all_who_come_later() {
        let mut arrivals = Arrivals::new(2);
        assert!(!arrivals.is_complete());
        arrivals.heard(1, 0);
        assert!(arrivals.is_complete() && arrivals.verdict().is_exact());
        assert!(verdict(|_, _| {}).is_exact());
    }

    #[test]
    fn what_is_lost_doubled_or_in_another_order_is_noticed() {
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
        assert_eq!(swapped, Verdict { other_order: 1, ..Verdict::default() });
        let instead = verdict(|member, heard| {
            if member == 1 {
                heard[0] = 4
            }
        });
        assert_eq!(instead, Verdict { other_order: 1, ..Verdict::default() });
        let stranger = verdict(|member, heard| {
            if member == 2 {
                heard.push(9)
            }
        });
        assert_eq!(stranger, Verdict { wrong: 1, ..Verdict::default() });
    }

    #[test]
    fn those_who_are_told_of_together_are_counted() {
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
        // Who comes last is told of those who came in the same second.
        assert!(arrivals(all, 5).verdict().is_exact() && arrivals(all, 5).is_complete());
        assert_eq!(arrivals(all - 1, 5).verdict().lost, 1);
        assert!(!arrivals(all - 1, 5).is_complete());
        assert_eq!(arrivals(all + 1, 5).verdict().doubled, 1);
        assert_eq!(arrivals(all, all + 2).verdict().doubled, 2);
    }

    #[test]
    fn a_loss_is_not_hidden_by_a_double() {
        let verdict = verdict(|member, heard| match member {
            0 => heard.truncate(1),
            4 => heard.push(2),
            _ => {}
        });
        assert!(!verdict.is_exact());
    }
}
