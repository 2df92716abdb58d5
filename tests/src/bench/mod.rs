//! A load generator that keeps count: a crowd of clients in the rooms of a server, and exact figures of what it does.
//! `landline-bench` is its program.
//!
//! One thread serves all connections, so that it leaves the cores to the server. Nothing is timed by sleeping: a cell
//! begins when everybody has heard everybody come, and ends when everything said was heard.

mod arrivals;
mod cells;
mod crowd;
mod floor;
mod gather;
mod guard;
mod histogram;
mod process;
mod readiness;
mod rooms;
mod rounds;
mod run;
mod script;
mod settle;
mod talk;
mod tally;

pub use cells::{CELLS, Cell, GROWTH, Kind, Load};
pub use crowd::open_files;
pub use floor::floor;
pub use guard::{Judgement, WATCHED, Watched, judge};
pub use histogram::Histogram;
pub use process::{Usage, usage};
pub use rounds::{Round, Rounds};
pub use run::{Figures, Options, Spent, Target, run};
pub use script::TEXT_BYTES;
pub use tally::Verdict;

/// How a server at an address must be started, so that its guards do not end the load.
pub const SERVER_FLAGS: &str = "--rate off --max-clients-per-ip 0 --timeout 3600";
