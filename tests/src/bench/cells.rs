//! The tables of cells. A cell is one kind of load.

/// One kind of load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Name on the command line.
    pub name: &'static str,
    /// Description for the help.
    pub about: &'static str,
    /// Number of rooms, all alike.
    pub rooms: usize,
    /// Number of clients per room that read.
    pub members: usize,
    /// Behavior of the clients.
    pub kind: CellKind,
}

/// Behavior of the clients of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// The first clients of each room talk.
    Talk {
        /// Number of speakers per room.
        speakers: usize,
        /// Rate of their lines.
        load: Load,
        /// True if there is one more client, which never reads.
        stalled: bool,
    },
    /// Clients sign in, and the cell ends.
    Join,
    /// Clients sign in and stay silent.
    Idle,
}

/// When a speaker sends its next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// While fewer than this many of its lines are under way to the last member.
    Outstanding(u32),
    /// When all members have received the line before, so the server cannot batch lines.
    Serial,
    /// This many lines per second, whether or not earlier ones have arrived.
    PerSecond(u32),
}

/// All cells, in the order in which they run.
pub const CELLS: &[Cell] = &[
    talk("10x8", "a small room: 5 people talk, 8 lines of each on their way", 10, 5, Load::Outstanding(8)),
    talk("100x8", "a class: 10 people talk, 8 lines of each on their way", 100, 10, Load::Outstanding(8)),
    talk("100x1", "the same, but each speaker waits for its line before the next", 100, 10, Load::Outstanding(1)),
    talk("100-serial", "the next line is said when all have heard the last", 100, 1, Load::Serial),
    talk("1000x8", "a big event: 10 people talk, 8 lines of each on their way", 1_000, 10, Load::Outstanding(8)),
    talk("1000-serial", "the next line is said when all have heard the last", 1_000, 1, Load::Serial),
    talk("last-of-100", "50 lines a second: how long until the last one hears each", 100, 1, Load::PerSecond(50)),
    Cell {
        name: "join-5000",
        about: "all clients sign in at once, each hears of all later ones (--join N)",
        rooms: 1,
        members: 5_000,
        kind: CellKind::Join,
    },
    Cell {
        name: "idle-10000",
        about: "all clients stay silent: memory and idle work (--idle N)",
        rooms: 1,
        members: 10_000,
        kind: CellKind::Idle,
    },
    Cell {
        name: "stalled",
        about: "100x1, without and with one client that never reads",
        rooms: 1,
        members: 100,
        kind: CellKind::Talk { speakers: 10, load: Load::Outstanding(1), stalled: true },
    },
];

/// Cells that show how cost grows with the size of a room and the number of rooms.
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
    Cell { name, about, rooms: 1, members, kind: CellKind::Talk { speakers, load, stalled: false } }
}

const fn rooms(name: &'static str, about: &'static str, rooms: usize, members: usize) -> Cell {
    Cell { rooms, ..talk(name, about, members, 2, Load::Outstanding(4)) }
}

impl Cell {
    /// Returns the number of clients that read.
    #[must_use]
    pub fn people(&self) -> usize {
        self.rooms * self.members
    }

    /// Returns the number of connections that the cell needs.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.people() + usize::from(matches!(self.kind, CellKind::Talk { stalled: true, .. }))
    }

    /// Returns the cell without its client that never reads, or `None` if it has none.
    #[must_use]
    pub fn calm(&self) -> Option<Cell> {
        match self.kind {
            CellKind::Talk { speakers, load, stalled: true } => {
                Some(Cell { kind: CellKind::Talk { speakers, load, stalled: false }, ..self.clone() })
            }
            _ => None,
        }
    }

    /// Returns the cell with another number of clients per room.
    #[must_use]
    pub fn of(&self, members: usize) -> Cell {
        Cell { members, ..self.clone() }
    }

    /// Returns the name, with the present number of clients.
    #[must_use]
    pub fn label(&self) -> String {
        match self.kind {
            CellKind::Join => format!("join-{}", self.members),
            CellKind::Idle => format!("idle-{}", self.members),
            CellKind::Talk { .. } => self.name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::SPEAKERS;
    use super::*;

    #[test]
    fn cells_have_unique_names_and_valid_sizes() {
        let all = [CELLS, GROWTH].concat();
        for (at, cell) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other.name != cell.name), "{} exists twice", cell.name);
            assert_eq!(cell.label(), cell.name);
            if let CellKind::Talk { speakers, .. } = cell.kind {
                assert!(speakers < cell.members, "{}: the last member must not speak", cell.name);
                assert!(speakers * cell.rooms <= SPEAKERS, "{}: a line has two digits for its speaker", cell.name);
            }
        }
    }

    #[test]
    fn a_calm_cell_lacks_only_the_stalled_client() {
        let stalled = CELLS.iter().find(|cell| cell.name == "stalled").unwrap();
        let calm = stalled.calm().unwrap();
        assert_eq!((calm.members, calm.connections(), stalled.connections()), (100, 100, 101));
        assert_eq!(calm.calm(), None);
    }
}
