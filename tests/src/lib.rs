//! What the tests share: servers in process on free ports, and clients that wait for events with a deadline.

mod client;
mod house;
mod program;

pub use client::{Client, Unframed};
pub use house::House;
pub use program::{Program, missing};

use std::time::Duration;

/// How long any event may take before a test fails. Far above what anything takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(20);
