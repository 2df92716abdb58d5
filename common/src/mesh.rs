//! The wire format of a mesh: hellos in datagrams, frames on links.

pub mod hello;
pub mod id;
pub mod wire;

pub use hello::Hello;
pub use id::NodeId;
pub use wire::Frame;

/// Maximum length of a frame in bytes. A text of 2,000 characters has at most 8,000 bytes.
pub const FRAME_BYTES: usize = 32 << 10;
/// Exclusive bound of message numbers and logical times. An event id has 64 bits: 40 for the logical time, 24 for its
/// author ([`NodeId::high_bits`]).
pub const NUMBER_LIMIT: u64 = 1 << 40;
