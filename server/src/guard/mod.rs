//! What protects the server from being used up or guessed through: bounded work, bounded tries, bounded clients.

pub mod capacity;
pub mod hasher;
pub mod lockout;

pub use capacity::Capacity;
pub use hasher::{HashError, Hasher};
pub use lockout::{Attempt, Lockout, Refused};
