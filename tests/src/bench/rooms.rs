//! The accounts of several rooms of one size. Client `n` is in room `n % rooms`, so the first clients are the speakers
//! of all rooms, and the last ones do not speak.

use super::tally::{DeliveryVerdict, Tally};

/// One account per room, addressed by the numbers of clients.
#[derive(Debug)]
pub struct RoomTallies {
    tallies: Vec<Tally>,
    members: usize,
    said: u64,
    heard: u64,
    /// Lines that arrived in another room, or that no speaker sent.
    wrong: u64,
}

impl RoomTallies {
    /// Creates `rooms` rooms of `members` clients, of which `speakers` speak.
    pub fn new(rooms: usize, members: usize, speakers: usize) -> RoomTallies {
        let tallies = (0..rooms).map(|_| Tally::new(members, speakers)).collect();
        RoomTallies { tallies, members, said: 0, heard: 0, wrong: 0 }
    }

    /// Returns the number of clients in all rooms.
    pub fn people(&self) -> usize {
        self.tallies.len() * self.members
    }

    /// Returns the number of other clients in a client's room.
    pub fn others(&self) -> usize {
        self.members - 1
    }

    /// Returns whether a client is the last one of its room.
    pub fn is_last(&self, person: usize) -> bool {
        person / self.tallies.len() == self.members - 1
    }

    /// Records that a speaker sends its next line. Returns the line's number.
    pub fn said(&mut self, speaker: usize) -> u32 {
        self.said += 1;
        let (room, member) = self.room_and_member(speaker);
        self.tallies[room].said(member)
    }

    /// Records that a client receives a line. Returns false if the line is doubled or wrong.
    pub fn heard(&mut self, person: usize, speaker: usize, number: u32) -> bool {
        let (room, member) = self.room_and_member(person);
        let (speaker_room, speaker) = self.room_and_member(speaker);
        if room != speaker_room {
            self.wrong += 1;
            return false;
        }
        let counts = self.tallies[room].heard(member, speaker, number);
        self.heard += u64::from(counts);
        counts
    }

    /// Records that a client received a damaged line.
    pub fn wrong(&mut self) {
        self.wrong += 1;
    }

    /// Returns the number of lines sent.
    pub fn lines(&self) -> u64 {
        self.said
    }

    /// Returns the number of deliveries: lines received for the first time by a client.
    pub fn heard_in_all(&self) -> u64 {
        self.heard
    }

    /// Returns whether all clients have received all lines of their rooms.
    pub fn is_complete(&self) -> bool {
        self.heard >= self.said * self.others() as u64
    }

    /// Returns the errors in all rooms, after the last line has arrived.
    pub fn verdict(&self) -> DeliveryVerdict {
        let mut verdict = DeliveryVerdict { wrong: self.wrong, ..DeliveryVerdict::default() };
        self.tallies.iter().for_each(|tally| verdict += tally.verdict());
        verdict
    }

    /// Returns the room of a client, and the client's number in it.
    fn room_and_member(&self, person: usize) -> (usize, usize) {
        (person % self.tallies.len(), person / self.tallies.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates two rooms of three clients with one speaker each: 0, 2 and 4 are in the first room; 0 and 1 speak.
    fn rooms() -> RoomTallies {
        let mut rooms = RoomTallies::new(2, 3, 1);
        assert_eq!((rooms.people(), rooms.others()), (6, 2));
        assert_eq!((0..6).filter(|person| rooms.is_last(*person)).collect::<Vec<_>>(), [4, 5]);
        assert!(rooms.is_complete());
        assert_eq!([rooms.said(0), rooms.said(1)], [0, 0]);
        rooms
    }

    #[test]
    fn counts_lines_within_each_room() {
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
    fn a_line_of_another_room_is_wrong() {
        let mut rooms = rooms();
        for (person, speaker) in [(2, 0), (4, 0), (3, 1)] {
            rooms.heard(person, speaker, 0);
        }
        assert!(!rooms.heard(4, 1, 0));
        assert!(!rooms.is_complete());
        assert_eq!(
            rooms.verdict(),
            DeliveryVerdict { lost: 1, wrong: 1, other_order: 1, ..DeliveryVerdict::default() }
        );
    }
}
