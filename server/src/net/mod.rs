//! TCP sockets as the server uses them: listening, reading and sending, readiness, and probes of silent peers. Moves
//! bytes and does not interpret them.

pub mod listener;
pub mod probe;
pub mod readiness;
pub mod stream;
mod tcp_info;

pub use listener::Listener;
pub use probe::{Liveness, LivenessProof, Probe};
pub use readiness::Readiness;
pub use stream::{ReadResult, Stream};

/// Identifies one client's connection. Numbers grow from 1 and are never reused while a server runs.
pub type ClientId = u64;
