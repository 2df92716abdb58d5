//! The platform's part of talking over TCP. Nothing here knows what the bytes mean.

pub mod listener;
pub mod probe;
pub mod readiness;
pub mod stream;
mod tcp_info;

pub use listener::Listener;
pub use probe::{Life, Probe, Proof};
pub use readiness::Readiness;
pub use stream::{Arrived, Stream};
