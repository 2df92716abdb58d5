//! What the model promises.

mod any;
mod breaks;
mod files;
mod network;
mod reading;
mod talking;
mod typing;
