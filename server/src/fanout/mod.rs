//! The send path: delivers each line to all members of a room, at once and in one order. It carries rendered bytes and
//! does not interpret them.
//!
//! A line is rendered once for each rendering in use and appended once to its room's log. The thread that runs the
//! room's *cycle* swaps the log out and gives each member all pending bytes with one `send`:
//!
//! ```text
//! RoomLog::publish ─▶ Batch ─▶ cycle: BatchDelivery ─▶ Outbox of each member ─▶ kernel
//!                                                            └─ backlog ─▶ Poller ─▶ kernel
//! ```
//!
//! # The contract
//!
//! 1. A send never waits for a receiver. It may wait, holding no lock, for its own room's next cycle.
//! 2. All members of a room see one order, and the history has that order too (ids are made under the log's lock).
//! 3. A member who stays connected misses nothing and gets nothing twice.
//! 4. A user who joins gets nothing from before and everything after.
//! 5. A client that does not read costs at most its backlog. When the backlog is full or makes no progress, the client
//!    is disconnected by a reset, which it sees. Other clients are not affected.
//! 6. Talking takes no hub lock. Locks are taken in the order of [`crate::ordered_mutex`].
//! 7. No lock is held across a call that can block. Nothing is rendered under the hub lock.
//!
//! Messages of one sender never overtake each other across rooms either: [`RoomLog::wait_delivered`] waits until a
//! line's batch is delivered, and sessions call it before they publish in another room.
//!
//! # The files
//!
//! | file | holds |
//! |---|---|
//! | `room_log` | a room's log, its cycle and its membership |
//! | `batch`, `delivery` | the pending entries as bytes; the part of them that each member gets |
//! | `subscription`, `block_filter` | a member of a room; the clients whose events it does not get |
//! | `flusher` | the threads that run the cycles of large rooms |
//! | `outbox`, `receipts`, `pacing` | the bytes on their way to one client; callbacks once they are sent; unframed clients |
//! | `poller` | the thread that drains backlogs |

mod batch;
mod block_filter;
mod delivery;
mod flusher;
mod outbox;
mod pacing;
mod poller;
mod receipts;
mod room_log;
mod stats;
mod subscription;

pub use batch::Publication;
pub use block_filter::{BlockFilter, EventClass};
pub use flusher::Flushers;
pub use outbox::{Farewell, Outbox};
pub use pacing::Pacing;
pub use poller::{Bounds, Poller};
pub use receipts::Receipt;
pub use room_log::RoomLog;
pub use stats::Stats;
pub use subscription::{DeliveryMode, Subscription};

pub use crate::net::ClientId;

/// The reason for which the server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client did not read: its backlog was full, or made no progress.
    TooSlow,
    /// The connection broke while sending.
    Broken,
    /// The session has ended, or the server stops.
    Closed,
    /// The operator ended it at the console.
    Kicked,
    /// The client's address is banned.
    Banned,
    /// The client resumed the session over another connection.
    Resumed,
    /// The connection's thread has panicked.
    Failed,
}

/// The origin of an entry in a room's log. Block filters and own lines are selected by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Publisher {
    /// The server; no filter applies.
    Server,
    /// Lines that a client sends to the room.
    Talk(ClientId),
    /// A change that a client makes to its own lines. It is talk, and the client gets it, too.
    Change(ClientId),
    /// A notice that a client enters, leaves or changes its name.
    Presence(ClientId),
}
