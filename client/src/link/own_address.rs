//! Whether the address that a connection uses on this machine still exists: a connection from an address that is gone
//! breaks only when something is sent, much later.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Watches the connection's own address on a thread of its own, until `over` is closed. When it is gone, `gone` says
/// so, and the connection ends. A loopback address is never gone.
pub(super) fn watch(stream: TcpStream, over: Receiver<()>, gone: Arc<AtomicBool>) -> std::io::Result<()> {
    let own = stream.local_addr()?.ip().to_canonical();
    if own.is_loopback() {
        return Ok(());
    }
    let run = move || {
        while over.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if !exists(own) {
                gone.store(true, Relaxed);
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    };
    std::thread::Builder::new().name("address".into()).spawn(run).map(|_| ())
}

/// Where the platform cannot tell, it exists.
fn exists(own: IpAddr) -> bool {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    all.is_empty() || all.iter().any(|interface| interface.ip() == own)
}

#[cfg(test)]
mod tests {
    use super::exists;

    #[test]
    fn addresses_of_this_machine_exist_and_others_do_not() {
        for interface in if_addrs::get_if_addrs().unwrap() {
            assert!(exists(interface.ip()));
        }
        assert!(!exists("192.0.2.77".parse().unwrap()));
    }
}
