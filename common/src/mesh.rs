//! What members of a mesh tell each other: hellos in datagrams, frames on links.

pub mod hello;
pub mod id;
pub mod wire;

pub use hello::Hello;
pub use id::NodeId;
pub use wire::Frame;

/// Bytes of one frame. A message of 2,000 of the longest characters takes 8,000.
pub const FRAME_BYTES: usize = 32 << 10;
/// Numbers of messages and of logical time are smaller: that leaves 24 of an id's 64 bits to tell authors apart.
pub const NUMBER: u64 = 1 << 40;
