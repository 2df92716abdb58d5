//! Reaching a server.

use super::Loss;
use std::io::{Error, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long one address has to answer the first time.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long it has when a lost connection is made again. The kernel repeats its question after 1 s, then after 3 s: a
/// new attempt reaches a network that has just come back sooner.
const RECONNECTING: Duration = Duration::from_millis(1_500);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// Why a server cannot be reached.
pub(super) struct Unreachable {
    pub why: String,
    pub loss: Loss,
}

/// Connects to `server` (with its port), at the first of its addresses that answers.
///
/// # Errors
/// Says why not, and what to do.
pub(super) fn dial(server: &str, again: bool) -> Result<TcpStream, Unreachable> {
    let unknown = |why: Error| Unreachable { why: format!("cannot find {server}: {why}"), loss: Loss::Network };
    let addresses = server.to_socket_addrs().map_err(unknown)?;
    let mut last = None;
    for address in addresses.take(ADDRESSES) {
        match TcpStream::connect_timeout(&address, if again { RECONNECTING } else { CONNECTING }) {
            Ok(stream) => {
                // A line is sent when it is typed, not when there are more.
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

/// What an error says of the way to the server: a machine that refuses is there, everything else may be the network.
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
    fn a_machine_that_refuses_is_told_from_a_network_that_is_gone() {
        // No other test has a server at that address.
        let free = TcpListener::bind("127.0.66.9:0").and_then(|listener| listener.local_addr()).unwrap();
        let refused = dial(&free.to_string(), true).err().unwrap();
        assert!(refused.loss == Loss::Server && refused.why.contains("no server answers at"), "{}", refused.why);
        for kind in [ErrorKind::TimedOut, ErrorKind::NetworkUnreachable, ErrorKind::AddrNotAvailable] {
            assert_eq!(loss_of(&kind.into()), Loss::Network);
        }
    }
}
