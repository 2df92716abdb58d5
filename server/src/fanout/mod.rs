//! The send path: how one line reaches everybody, at once and in order. It carries rendered bytes and knows nothing of
//! what they mean.
//!
//! A line is rendered once for each rendering in use and appended once to its room's log. Whoever runs the room's
//! *cycle* swaps the log out and gives each member everything pending with one `send`.
//!
//! # The contract
//!
//! 1. A send never waits for a receiver. It may wait, holding no lock, for its own room's next cycle.
//! 2. Everyone in a room sees one order, and history has it too (ids are made under the log's lock).
//! 3. No loss and no doubles for those who stay connected.
//! 4. Somebody who joins sees nothing said before and everything after.
//! 5. A client that does not read costs at most its backlog, is cut off when that is full or makes no progress, sees
//!    the cut (a reset), and nobody else notices.
//! 6. Talking takes no hub lock. Locks are taken in the order of [`crate::ranked`].
//! 7. No lock is held across a call that can block. Nothing is rendered under the hub lock.
//!
//! One sender's messages never overtake each other across rooms either: [`Room::settle`] waits until a line's batch is
//! out, and sessions call it before they speak anywhere else.

mod batch;
mod delivery;
mod flusher;
mod muffle;
mod outbox;
mod pacing;
mod poller;
mod receipts;
mod room_log;
mod seat;
mod tally;

pub use batch::{Ear, Utterance};
pub use flusher::Flushers;
pub use muffle::{Muffle, Sound};
pub use outbox::{Cut, Outbox};
pub use pacing::Pacing;
pub use poller::{Bounds, Poller};
pub use receipts::Receipt;
pub use room_log::Room;
pub use seat::Seat;
pub use tally::Tally;

/// The number of one client's connection; never used twice while a server runs.
pub type ClientId = u64;
