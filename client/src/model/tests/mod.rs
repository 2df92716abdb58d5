//! What the model promises.

mod any;
mod breaks;
mod directly;
mod network;
mod reading;
mod talking;
mod typing;
