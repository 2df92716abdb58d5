//! THE tables of cells: which loads there are.

/// One load, under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// By which it is chosen.
    pub name: &'static str,
    /// What it tells, for the help.
    pub about: &'static str,
    /// How many rooms, all alike.
    pub rooms: usize,
    /// People in each room who read.
    pub members: usize,
    /// What they do.
    pub kind: Kind,
}

/// What the people of a cell do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first of them in each room talk.
    Talk {
        /// How many of them.
        speakers: usize,
        /// How fast.
        load: Load,
        /// One more is there, and never reads.
        stalled: bool,
    },
    /// They come, and that is all.
    Join,
    /// They come, and stay without a word.
    Idle,
}

/// When a speaker says the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// While fewer than so many of its lines are on their way to the member who came last.
    Outstanding(u32),
    /// When all have heard the one before: nothing can be gathered.
    Serial,
    /// So many a second, whatever becomes of them.
    PerSecond(u32),
}

/// All cells, in the order in which they run.
pub const CELLS: &[Cell] = &[
    talk("10x8", "a small room: 5 people talk, 8 lines of each on their way", 10, 5, Load::Outstanding(8)),
    talk("100x8", "a class: 10 people talk, 8 lines of each on their way", 100, 10, Load::Outstanding(8)),
    talk("100x1", "the same, and everybody waits for each of their lines", 100, 10, Load::Outstanding(1)),
    talk("100-serial", "the next line is said when all have heard the last", 100, 1, Load::Serial),
    talk("1000x8", "a big event: 10 people talk, 8 lines of each on their way", 1_000, 10, Load::Outstanding(8)),
    talk("1000-serial", "the next line is said when all have heard the last", 1_000, 1, Load::Serial),
    talk("last-of-100", "50 lines a second: how long until the last one hears each", 100, 1, Load::PerSecond(50)),
    Cell {
        name: "join-5000",
        about: "everybody comes at once, and hears of all who come later (--join N)",
        rooms: 1,
        members: 5_000,
        kind: Kind::Join,
    },
    Cell {
        name: "idle-10000",
        about: "everybody stays without a word: memory and idle work (--idle N)",
        rooms: 1,
        members: 10_000,
        kind: Kind::Idle,
    },
    Cell {
        name: "stalled",
        about: "100x1, without and with one client that never reads",
        rooms: 1,
        members: 100,
        kind: Kind::Talk { speakers: 10, load: Load::Outstanding(1), stalled: true },
    },
];

/// How cost grows with a room, and with the number of rooms.
pub const GROWTH: &[Cell] = &[
    talk("room-of-10", "one room that grows: 5 people talk, 8 lines of each on their way", 10, 5, Load::Outstanding(8)),
    talk("room-of-100", "10 people talk, 8 lines of each on their way", 100, 10, Load::Outstanding(8)),
    talk("room-of-1000", "the same", 1_000, 10, Load::Outstanding(8)),
    talk("room-of-5000", "the same", 5_000, 10, Load::Outstanding(8)),
    rooms("1-room-of-10", "more and more rooms: 2 people talk in each, 4 lines of each on their way", 1, 10),
    rooms("10-rooms-of-10", "the same", 10, 10),
    rooms("100-rooms-of-10", "the same", 100, 10),
    rooms("1-room-of-100", "the same", 1, 100),
    rooms("10-rooms-of-100", "the same", 10, 100),
    rooms("100-rooms-of-100", "the same", 100, 100),
];

const fn talk(name: &'static str, about: &'static str, members: usize, speakers: usize, load: Load) -> Cell {
    Cell { name, about, rooms: 1, members, kind: Kind::Talk { speakers, load, stalled: false } }
}

const fn rooms(name: &'static str, about: &'static str, rooms: usize, members: usize) -> Cell {
    Cell { rooms, ..talk(name, about, members, 2, Load::Outstanding(4)) }
}

impl Cell {
    /// Everybody who reads.
    #[must_use]
    pub fn people(&self) -> usize {
        self.rooms * self.members
    }

    /// Connections that it needs.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.people() + usize::from(matches!(self.kind, Kind::Talk { stalled: true, .. }))
    }

    /// The same without the client that never reads, if it has one.
    #[must_use]
    pub fn calm(&self) -> Option<Cell> {
        match self.kind {
            Kind::Talk { speakers, load, stalled: true } => {
                Some(Cell { kind: Kind::Talk { speakers, load, stalled: false }, ..self.clone() })
            }
            _ => None,
        }
    }

    /// With another number of people, where the load does not depend on it.
    #[must_use]
    pub fn of(&self, members: usize) -> Cell {
        Cell { members, ..self.clone() }
    }

    /// Its name, with the number of people it has now.
    #[must_use]
    pub fn label(&self) -> String {
        match self.kind {
            Kind::Join => format!("join-{}", self.members),
            Kind::Idle => format!("idle-{}", self.members),
            Kind::Talk { .. } => self.name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::SPEAKERS;
    use super::*;

    #[test]
    fn every_cell_can_be_chosen_and_counted() {
        let all = [CELLS, GROWTH].concat();
        for (at, cell) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other.name != cell.name), "{} is there twice", cell.name);
            assert_eq!(cell.label(), cell.name);
            if let Kind::Talk { speakers, .. } = cell.kind {
                assert!(speakers < cell.members, "{}: the order is taken from one who does not talk", cell.name);
                assert!(speakers * cell.rooms <= SPEAKERS, "{}: a line names its speaker by two digits", cell.name);
            }
        }
    }

    #[test]
    fn a_calm_cell_lacks_only_the_one_who_never_reads() {
        let stalled = CELLS.iter().find(|cell| cell.name == "stalled").unwrap();
        let calm = stalled.calm().unwrap();
        assert_eq!((calm.members, calm.connections(), stalled.connections()), (100, 100, 101));
        assert_eq!(calm.calm(), None);
    }
}
