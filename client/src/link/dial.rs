//! Dials a server.

use super::Loss;
use std::io::{Error, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Time limit per address for the first connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit per address for a reconnection. The kernel repeats an unanswered SYN after 1 s and 3 s, so a new attempt
/// reaches a network that has just come back sooner than a long wait.
const RECONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Addresses of one host name to try at most.
const MAX_ADDRESSES: usize = 8;

/// Why a server cannot be reached.
pub(super) struct Unreachable {
    /// Reason and advice, for the user.
    pub why: String,
    pub loss: Loss,
}

/// Connects to `server` (`HOST:PORT`) at the first of its addresses that answers.
///
/// # Errors
/// The name is unknown, or no address answers.
pub(super) fn dial(server: &str, again: bool) -> Result<TcpStream, Unreachable> {
    let unknown = |why: Error| Unreachable { why: format!("cannot find {server}: {why}"), loss: Loss::Network };
    let addresses = server.to_socket_addrs().map_err(unknown)?;
    let mut last = None;
    for address in addresses.take(MAX_ADDRESSES) {
        match TcpStream::connect_timeout(&address, if again { RECONNECT_TIMEOUT } else { CONNECT_TIMEOUT }) {
            Ok(stream) => {
                // Send each line at once instead of waiting for more to fill a packet.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(why) => last = Some(why),
        }
    }
    let loss = last.as_ref().map_or(Loss::Network, loss_of);
    let why = last.map_or("it has no address".into(), |why| why.to_string());
    Err(Unreachable { why: format!("no server answers at {server} ({why}); is landline-server running there?"), loss })
}

/// Classifies an error. A refusal or reset proves that the server's machine is reachable; any other error may be the
/// network.
pub(super) fn loss_of(why: &Error) -> Loss {
    match why.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Loss::Server,
        _ => Loss::Network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn tells_a_refusal_from_a_lost_network() {
        // No other test listens on this loopback address, so the port stays free.
        let free = TcpListener::bind("127.0.66.9:0").and_then(|listener| listener.local_addr()).unwrap();
        let refused = dial(&free.to_string(), true).err().unwrap();
        assert!(refused.loss == Loss::Server && refused.why.contains("no server answers at"), "{}", refused.why);
        for kind in [ErrorKind::TimedOut, ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable] {
            assert_eq!(loss_of(&kind.into()), Loss::Network);
        }
    }
}
