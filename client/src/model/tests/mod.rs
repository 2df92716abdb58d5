//! What the model promises.

mod any;
mod breaks;
mod directly;
mod files;
mod network;
mod reading;
mod talking;
mod typing;
