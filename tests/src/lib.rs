//! The test harness: servers in this process on free ports, clients that wait for events with a deadline, the real
//! programs, a real browser, bad networks, and the load generator (`bench`).

pub mod bench;
mod breaker;
mod browser;
pub mod certificate;
mod client;
mod disk;
mod door_client;
mod lan;
pub mod man_pages;
mod mesh_process;
mod null_storage;
mod object_client;
mod program;
mod proxy;
mod python;
mod recorder;
mod relay;
mod rng;
mod scrambler;
mod shaper;
pub mod soak;
mod terminal;
mod test_server;
mod tls_proxy;
mod tls_tunnel;
mod web_socket;

pub use breaker::Breaker;
pub use browser::Browser;
pub use client::{Client, Unframed, neighbour};
pub use disk::Disk;
pub use door_client::{Door, DoorClient};
pub use lan::{Host, Lan};
pub use mesh_process::MeshProcess;
pub use null_storage::NullStorage;
pub use object_client::ObjectClient;
pub use program::{NO_FIXED_PORTS, Program, skip_if_missing, without_first_meeting};
pub use proxy::{LinkBehavior, Proxy};
pub use python::python_with;
pub use recorder::{Recorder, Recording};
pub use relay::Direction;
pub use rng::Rng;
pub use scrambler::Scrambler;
pub use shaper::{Link, Shaper};
pub use terminal::Terminal;
pub use test_server::{TestServer, on_loopback};
pub use tls_proxy::{Face, TlsProxy};
pub use tls_tunnel::{TlsTunnel, any_certificate, any_certificate_with};
pub use web_socket::WebSocketClient;

use std::time::{Duration, Instant};

/// Time limit for any event, after which a test fails. Far above the need of a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Polls until `holds` returns true, for conditions that nothing announces.
///
/// # Panics
/// The condition does not hold within [`DEADLINE`].
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
