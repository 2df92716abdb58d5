//! The load generator: many clients in the rooms of a server, with an exact account of every line. The program
//! `landline-bench` runs it.
//!
//! One *cell* is one kind of load, for example 100 clients in a room of which 10 talk. A cell has these phases:
//!
//! 1. Sign in (`gather`): all clients connect and sign in; each must receive the notices of all later ones.
//! 2. Talk (`talk`): some clients send lines, and all others must receive each line once and in order (`tally`).
//! 3. Ping (`settle`), after each of these phases: each client sends a ping. Lines before the answer still count, so a
//!    line that has not arrived by then is lost, not late.
//!
//! One thread serves all connections (`crowd`), to leave the other cores to the server. No phase sleeps: each ends when
//! its last expected line has arrived, or nothing has arrived for too long.

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
mod splitter;
mod talk;
mod tally;
mod wire;

pub use cells::{CELLS, Cell, CellKind, GROWTH, Load};
pub use crowd::open_files;
pub use floor::floor;
pub use guard::{Judgement, WATCHED, Watched, judge};
pub use histogram::Histogram;
pub use process::{Usage, usage};
pub use rounds::{Round, Rounds};
pub use run::{BenchTarget, Figures, Options, Spent, run};
pub use script::TEXT_BYTES;
pub use tally::DeliveryVerdict;
pub use wire::{ClientProtocol, MessageForm};

/// Flags with which a server must be started, so that its limits do not disturb the measurement.
pub const SERVER_FLAGS: &str = "--rate off --max-clients-per-ip 0 --timeout 3600";
