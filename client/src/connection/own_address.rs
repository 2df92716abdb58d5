//! Watches whether the local address of a connection still exists. TCP does not notice a lost address until a send has
//! failed for a long time, so a client that changes networks would stay offline that long.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Interval of the check.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Watches the connection's local address on a thread of its own until `over` disconnects. When the address is gone,
/// sets `gone` and shuts the stream down. A loopback address is not watched.
///
/// # Errors
/// The stream has no local address, or no thread can be started.
pub(super) fn watch(stream: Arc<TcpStream>, over: Receiver<()>, gone: Arc<AtomicBool>) -> std::io::Result<()> {
    let own = stream.local_addr()?.ip().to_canonical();
    if own.is_loopback() {
        return Ok(());
    }
    let run = move || {
        while over.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            if !exists(own) {
                gone.store(true, Relaxed);
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    };
    std::thread::Builder::new().name("address".into()).spawn(run).map(|_| ())
}

/// Returns whether the address is of this machine. True where the platform cannot list addresses.
fn exists(own: IpAddr) -> bool {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    all.is_empty() || all.iter().any(|interface| interface.ip() == own)
}

#[cfg(test)]
mod tests {
    use super::exists;

    #[test]
    fn finds_addresses_of_this_machine_only() {
        for interface in if_addrs::get_if_addrs().unwrap() {
            assert!(exists(interface.ip()));
        }
        assert!(!exists("192.0.2.77".parse().unwrap()));
    }
}
