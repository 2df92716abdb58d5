//! Checks the lines that each member of a room receives: every line of every speaker exactly once, in the speaker's
//! order, and all lines in one order for all members.

use std::collections::HashSet;
use std::ops::AddAssign;

/// Counts of errors; all zero if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryVerdict {
    /// Lines that a member never received, counted per member.
    pub lost: u64,
    /// Lines that a member received again, counted per member.
    pub doubled: u64,
    /// Lines that arrived after a later one of the same speaker, counted per member.
    pub reordered: u64,
    /// Members that received the lines of the room in another order than the last member.
    pub other_order: u64,
    /// Lines that were changed, that no speaker sent, or that came back to their speaker.
    pub wrong: u64,
}

impl DeliveryVerdict {
    /// Returns whether there were no errors.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        *self == DeliveryVerdict::default()
    }

    /// Returns the counts with their names.
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

impl AddAssign for DeliveryVerdict {
    fn add_assign(&mut self, other: DeliveryVerdict) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.other_order += other.other_order;
        self.wrong += other.wrong;
    }
}

/// The account of one room. The first members are the speakers. The last member does not speak; its order is the
/// reference for all others.
#[derive(Debug)]
pub struct Tally {
    members: usize,
    /// Number of lines sent by each speaker.
    said: Vec<u32>,
    /// Number that each member expects next of each speaker.
    next: Vec<u32>,
    /// Lines that were skipped and have not arrived since: member, speaker, number.
    missing: HashSet<(usize, usize, u32)>,
    heard: u64,
    /// Errors so far, except lost lines and orders.
    seen: DeliveryVerdict,
    /// Hash of the order in which each member received the lines.
    orders: Vec<u64>,
    /// Hashes of the last member's order without the lines of each speaker: a speaker does not receive its own lines.
    without: Vec<u64>,
}

impl Tally {
    /// Starts an account without lines.
    pub fn new(members: usize, speakers: usize) -> Tally {
        debug_assert!(speakers < members, "the last member must not speak: its order is the reference");
        Tally {
            members,
            said: vec![0; speakers],
            next: vec![0; members * speakers],
            missing: HashSet::new(),
            heard: 0,
            seen: DeliveryVerdict::default(),
            orders: vec![0; members],
            without: vec![0; speakers],
        }
    }

    /// Records that a speaker sends its next line. Returns the line's number.
    pub fn said(&mut self, speaker: usize) -> u32 {
        let number = self.said[speaker];
        self.said[speaker] += 1;
        number
    }

    fn expected(&self) -> u64 {
        let lines: u64 = self.said.iter().map(|said| u64::from(*said)).sum();
        lines * (self.members as u64 - 1)
    }

    /// Records that a member receives a line. Returns false if the line is doubled or wrong.
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

    /// Adds a line to the hashes of the orders.
    fn note_order(&mut self, member: usize, speaker: usize, number: u32) {
        let line = (speaker as u64) << 32 | u64::from(number);
        self.orders[member] = mixed(self.orders[member], line);
        if member == self.members - 1 {
            for (_, order) in self.without.iter_mut().enumerate().filter(|(other, _)| *other != speaker) {
                *order = mixed(*order, line);
            }
        }
    }

    /// Returns the errors, after the last line has arrived.
    pub fn verdict(&self) -> DeliveryVerdict {
        let last = self.orders[self.members - 1];
        let expected = |member: usize| self.without.get(member).copied().unwrap_or(last);
        let others = self.orders.iter().enumerate().filter(|(member, order)| **order != expected(*member)).count();
        DeliveryVerdict { lost: self.expected().saturating_sub(self.heard), other_order: others as u64, ..self.seen }
    }
}

/// Appends a value to the hash of a sequence (FNV's multiplication, and a shift that mixes high bits into low ones).
pub fn mixed(hash: u64, next: u64) -> u64 {
    let product = (hash ^ next.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0x0000_0100_0000_01b3);
    product ^ product >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEAKERS: usize = 2;
    const MEMBERS: usize = 4;

    /// Returns the order of the room: speakers 0 and 1 send three lines each, taking turns.
    fn room() -> Vec<(usize, u32)> {
        (0..6).map(|n| (n % SPEAKERS, (n / SPEAKERS) as u32)).collect()
    }

    /// Returns the verdict when each member receives the room's order as modified by `changed`.
    fn verdict(changed: impl Fn(usize, &mut Vec<(usize, u32)>)) -> DeliveryVerdict {
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
    fn accepts_an_exact_room() {
        assert!(verdict(|_, _| {}).is_exact());
    }

    #[test]
    fn detects_a_lost_line() {
        let last = verdict(|member, lines| {
            if member == 2 {
                lines.pop();
            }
        });
        assert_eq!(last, DeliveryVerdict { lost: 1, other_order: 1, ..DeliveryVerdict::default() });
        let first = verdict(|member, lines| {
            if member == 0 {
                lines.remove(0);
            }
        });
        assert_eq!(first, DeliveryVerdict { lost: 1, other_order: 1, ..DeliveryVerdict::default() });
    }

    #[test]
    fn detects_a_doubled_line() {
        let at_once = verdict(|member, lines| {
            if member == 3 {
                lines.insert(1, lines[0])
            }
        });
        assert_eq!(at_once, DeliveryVerdict { doubled: 1, ..DeliveryVerdict::default() });
        let later = verdict(|member, lines| {
            if member == 1 {
                lines.push(lines[0])
            }
        });
        assert_eq!(later, DeliveryVerdict { doubled: 1, ..DeliveryVerdict::default() });
    }

    #[test]
    fn detects_a_reordered_line() {
        let within_a_speaker = verdict(|member, lines| {
            if member == 2 {
                lines.swap(0, 2)
            }
        });
        assert_eq!(within_a_speaker, DeliveryVerdict { reordered: 1, other_order: 1, ..DeliveryVerdict::default() });
        let between_speakers = verdict(|member, lines| {
            if member == 2 {
                lines.swap(0, 1)
            }
        });
        assert_eq!(between_speakers, DeliveryVerdict { other_order: 1, ..DeliveryVerdict::default() });
    }

    #[test]
    fn detects_another_order_of_the_last_member() {
        let verdict = verdict(|member, lines| {
            if member == 3 {
                lines.swap(2, 3)
            }
        });
        // Each speaker receives only one of the two swapped lines, so both orders are equal for the speakers.
        assert_eq!(verdict, DeliveryVerdict { other_order: 1, ..DeliveryVerdict::default() });
    }

    #[test]
    fn detects_lines_that_no_speaker_sent() {
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
        assert_eq!((own, never), (DeliveryVerdict { wrong: 1, ..DeliveryVerdict::default() }, own));
    }
}
