//! The platform's part of talking over TCP. Nothing here knows what the bytes mean.

pub mod listener;
pub mod readiness;
pub mod stream;

pub use listener::Listener;
pub use readiness::Readiness;
pub use stream::{Arrived, Stream};
