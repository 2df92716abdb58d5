//! Who has heard what: every line of every speaker, exactly once, in its speaker's order, and in one order for all.

use std::collections::HashSet;
use std::ops::AddAssign;

/// What was wrong; all zero when nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A line that a member never heard.
    pub lost: u64,
    /// A line that a member heard once more.
    pub doubled: u64,
    /// A line that came behind a later one of its speaker.
    pub reordered: u64,
    /// Members who heard the lines of the room in another order than the rest.
    pub other_order: u64,
    /// Lines that were changed on the way, that nobody said, or that came back to who said them.
    pub wrong: u64,
}

impl Verdict {
    /// Whether everything was right.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        *self == Verdict::default()
    }

    /// The counts with their names.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 5] {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("reordered", self.reordered),
            ("other_order", self.other_order),
            ("wrong", self.wrong),
        ]
    }
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Verdict) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.other_order += other.other_order;
        self.wrong += other.wrong;
    }
}

/// The account of one room's talk. The first members are the speakers; the last one is none.
#[derive(Debug)]
pub struct Tally {
    members: usize,
    said: Vec<u32>,
    /// The number that each member expects next of each speaker.
    next: Vec<u32>,
    /// Member, speaker, number: skipped, and not heard since.
    missing: HashSet<(usize, usize, u32)>,
    heard: u64,
    seen: Verdict,
    /// The order in which each member heard things, as a hash.
    orders: Vec<u64>,
    /// The order of the last member without the lines of each speaker, who does not hear their own.
    without: Vec<u64>,
}

impl Tally {
    /// Nothing said yet.
    pub fn new(members: usize, speakers: usize) -> Tally {
        debug_assert!(speakers < members, "the order is taken from one who does not talk");
        Tally {
            members,
            said: vec![0; speakers],
            next: vec![0; members * speakers],
            missing: HashSet::new(),
            heard: 0,
            seen: Verdict::default(),
            orders: vec![0; members],
            without: vec![0; speakers],
        }
    }

    /// A speaker says the next line. Returns its number.
    pub fn said(&mut self, speaker: usize) -> u32 {
        let number = self.said[speaker];
        self.said[speaker] += 1;
        number
    }

    fn expected(&self) -> u64 {
        let lines: u64 = self.said.iter().map(|said| u64::from(*said)).sum();
        lines * (self.members as u64 - 1)
    }

    /// A member hears a line. False if that counts for nothing: it is known already, or wrong.
    pub fn heard(&mut self, member: usize, speaker: usize, number: u32) -> bool {
        if member == speaker || number >= self.said[speaker] {
            self.seen.wrong += 1;
            return false;
        }
        let next = &mut self.next[member * self.said.len() + speaker];
        if number >= *next {
            self.missing.extend((*next..number).map(|skipped| (member, speaker, skipped)));
            *next = number + 1;
        } else if self.missing.remove(&(member, speaker, number)) {
            self.seen.reordered += 1;
        } else {
            self.seen.doubled += 1;
            return false;
        }
        self.heard += 1;
        self.note_order(member, speaker, number);
        true
    }

    fn note_order(&mut self, member: usize, speaker: usize, number: u32) {
        let line = (speaker as u64) << 32 | u64::from(number);
        self.orders[member] = mixed(self.orders[member], line);
        if member == self.members - 1 {
            for (_, order) in self.without.iter_mut().enumerate().filter(|(who, _)| *who != speaker) {
                *order = mixed(*order, line);
            }
        }
    }

    /// What was wrong, when nothing more is on its way.
    pub fn verdict(&self) -> Verdict {
        let last = self.orders[self.members - 1];
        let expected = |member: usize| self.without.get(member).copied().unwrap_or(last);
        let others = self.orders.iter().enumerate().filter(|(member, order)| **order != expected(*member)).count();
        Verdict { lost: self.expected().saturating_sub(self.heard), other_order: others as u64, ..self.seen }
    }
}

/// A hash of a sequence and one more (FNV's multiplication, and a shift that brings its high bits down).
pub fn mixed(hash: u64, next: u64) -> u64 {
    let product = (hash ^ next.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0x0000_0100_0000_01b3);
    product ^ product >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEAKERS: usize = 2;
    const MEMBERS: usize = 4;

    /// Speakers 0 and 1 say three lines each, taking turns.
    fn room() -> Vec<(usize, u32)> {
        (0..6).map(|n| (n % SPEAKERS, (n / SPEAKERS) as u32)).collect()
    }

    /// The verdict when each member hears what `changed` makes of the room's order.
    fn verdict(changed: impl Fn(usize, &mut Vec<(usize, u32)>)) -> Verdict {
        let mut tally = Tally::new(MEMBERS, SPEAKERS);
        for (speaker, number) in room() {
            assert_eq!(tally.said(speaker), number);
        }
        for member in 0..MEMBERS {
            let mut lines = room();
            lines.retain(|(speaker, _)| *speaker != member);
            changed(member, &mut lines);
            for (speaker, number) in lines {
                tally.heard(member, speaker, number);
            }
        }
        tally.verdict()
    }

    #[test]
    fn nothing_is_wrong_with_what_is_right() {
        assert!(verdict(|_, _| {}).is_exact());
    }

    #[test]
    fn a_lost_line_is_noticed() {
        let last = verdict(|member, lines| {
            if member == 2 {
                lines.pop();
            }
        });
        assert_eq!(last, Verdict { lost: 1, other_order: 1, ..Verdict::default() });
        let first = verdict(|member, lines| {
            if member == 0 {
                lines.remove(0);
            }
        });
        assert_eq!(first, Verdict { lost: 1, other_order: 1, ..Verdict::default() });
    }

    #[test]
    fn a_doubled_line_is_noticed() {
        let at_once = verdict(|member, lines| {
            if member == 3 {
                lines.insert(1, lines[0])
            }
        });
        assert_eq!(at_once, Verdict { doubled: 1, ..Verdict::default() });
        let later = verdict(|member, lines| {
            if member == 1 {
                lines.push(lines[0])
            }
        });
        assert_eq!(later, Verdict { doubled: 1, ..Verdict::default() });
    }

    #[test]
    fn a_reordered_line_is_noticed() {
        let within_a_speaker = verdict(|member, lines| {
            if member == 2 {
                lines.swap(0, 2)
            }
        });
        assert_eq!(within_a_speaker, Verdict { reordered: 1, other_order: 1, ..Verdict::default() });
        let between_speakers = verdict(|member, lines| {
            if member == 2 {
                lines.swap(0, 1)
            }
        });
        assert_eq!(between_speakers, Verdict { other_order: 1, ..Verdict::default() });
    }

    #[test]
    fn when_the_last_member_has_another_order_everybody_disagrees() {
        let verdict = verdict(|member, lines| {
            if member == 3 {
                lines.swap(2, 3)
            }
        });
        // The speakers miss one of the two that were swapped, so to them both orders are the same.
        assert_eq!(verdict, Verdict { other_order: 1, ..Verdict::default() });
    }

    #[test]
    fn what_nobody_said_is_wrong() {
        let own = verdict(|member, lines| {
            if member == 0 {
                lines.push((0, 0))
            }
        });
        let never = verdict(|member, lines| {
            if member == 2 {
                lines.push((1, 3))
            }
        });
        assert_eq!((own, never), (Verdict { wrong: 1, ..Verdict::default() }, own));
    }
}
