//! Who has heard whom come. Everybody hears of all who come later and of nobody else, so what each member hears is the
//! end of one and the same order; two numbers a member are enough to tell.

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
    heard: u64,
    wrong: u64,
}

impl Arrivals {
    /// Nobody has come yet.
    pub fn new(people: usize) -> Arrivals {
        Arrivals { counts: vec![0; people], sequences: vec![0; people], heard: 0, wrong: 0 }
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
        self.heard >= self.expected()
    }

    /// What was wrong, when nothing more is on its way. Of what is lost and what is doubled only the difference is
    /// known, but both show as another order.
    pub fn verdict(&self) -> Verdict {
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
    fn a_loss_is_not_hidden_by_a_double() {
        let verdict = verdict(|member, heard| match member {
            0 => heard.truncate(1),
            4 => heard.push(2),
            _ => {}
        });
        assert!(!verdict.is_exact());
    }
}
