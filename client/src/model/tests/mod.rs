//! What the model promises.

mod any;
mod breaks;
mod reading;
mod talking;
mod typing;
