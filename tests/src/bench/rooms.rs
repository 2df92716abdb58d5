//! The accounts of several rooms of one size. People are dealt out like cards: the first of each room come first, so
//! the speakers of all rooms are the first people, and whoever comes last in a room talks in none.

use super::tally::{Tally, Verdict};

/// One account a room, asked by the numbers of people.
#[derive(Debug)]
pub struct Rooms {
    tallies: Vec<Tally>,
    members: usize,
    said: u64,
    heard: u64,
    /// What arrived in a room in which it was not said, or is no line of anybody's.
    wrong: u64,
}

impl Rooms {
    /// `rooms` rooms of `members` people, of whom `speakers` talk.
    pub fn new(rooms: usize, members: usize, speakers: usize) -> Rooms {
        let tallies = (0..rooms).map(|_| Tally::new(members, speakers)).collect();
        Rooms { tallies, members, said: 0, heard: 0, wrong: 0 }
    }

    /// Everybody in any room.
    pub fn people(&self) -> usize {
        self.tallies.len() * self.members
    }

    /// How many others there are where somebody is.
    pub fn others(&self) -> usize {
        self.members - 1
    }

    /// Whether somebody came last to their room.
    pub fn is_last(&self, person: usize) -> bool {
        person / self.tallies.len() == self.members - 1
    }

    /// A speaker says the next line. Returns its number.
    pub fn said(&mut self, speaker: usize) -> u32 {
        self.said += 1;
        let (room, place) = self.place(speaker);
        self.tallies[room].said(place)
    }

    /// Somebody hears a line. False if that counts for nothing: it is known already, or wrong.
    pub fn heard(&mut self, person: usize, speaker: usize, number: u32) -> bool {
        let ((room, place), (whose, speaker)) = (self.place(person), self.place(speaker));
        if room != whose {
            self.wrong += 1;
            return false;
        }
        let counts = self.tallies[room].heard(place, speaker, number);
        self.heard += u64::from(counts);
        counts
    }

    /// Somebody got something that is no line of anybody's.
    pub fn wrong(&mut self) {
        self.wrong += 1;
    }

    /// How many lines were said.
    pub fn lines(&self) -> u64 {
        self.said
    }

    /// How often a line was heard by one who had not heard it yet.
    pub fn heard_in_all(&self) -> u64 {
        self.heard
    }

    /// Whether everybody has heard everything.
    pub fn is_complete(&self) -> bool {
        self.heard >= self.said * self.others() as u64
    }

    /// What was wrong in any room, when nothing more is on its way.
    pub fn verdict(&self) -> Verdict {
        let mut verdict = Verdict { wrong: self.wrong, ..Verdict::default() };
        self.tallies.iter().for_each(|tally| verdict += tally.verdict());
        verdict
    }

    /// Somebody's room, and their number in it.
    fn place(&self, person: usize) -> (usize, usize) {
        (person % self.tallies.len(), person / self.tallies.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rooms of three, one speaker in each: 0, 2 and 4 are in the first, and 0 and 1 talk.
    fn rooms() -> Rooms {
        let mut rooms = Rooms::new(2, 3, 1);
        assert_eq!((rooms.people(), rooms.others()), (6, 2));
        assert_eq!((0..6).filter(|person| rooms.is_last(*person)).collect::<Vec<_>>(), [4, 5]);
        assert!(rooms.is_complete());
        assert_eq!([rooms.said(0), rooms.said(1)], [0, 0]);
        rooms
    }

    #[test]
    fn everybody_hears_what_is_said_in_their_room() {
        let mut rooms = rooms();
        for (person, speaker) in [(2, 0), (4, 0), (3, 1)] {
            assert!(!rooms.is_complete());
            assert!(rooms.heard(person, speaker, 0));
        }
        assert_eq!(rooms.verdict().lost, 1);
        assert!(rooms.heard(5, 1, 0));
        assert!(rooms.is_complete() && rooms.verdict().is_exact());
        assert_eq!((rooms.lines(), rooms.heard_in_all()), (2, 4));
    }

    #[test]
    fn what_was_said_elsewhere_is_wrong_and_makes_up_for_nothing() {
        let mut rooms = rooms();
        for (person, speaker) in [(2, 0), (4, 0), (3, 1)] {
            rooms.heard(person, speaker, 0);
        }
        assert!(!rooms.heard(4, 1, 0));
        assert!(!rooms.is_complete());
        assert_eq!(rooms.verdict(), Verdict { lost: 1, wrong: 1, other_order: 1, ..Verdict::default() });
    }
}
