//! Dials a server.

use super::Loss;
use crate::interfaces::interface_index;
use std::io::{self, Error, ErrorKind};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, TcpStream, ToSocketAddrs};
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
    let addresses = addresses(server, interface_index).map_err(unknown)?;
    let mut last = None;
    for address in addresses.into_iter().take(MAX_ADDRESSES) {
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

/// Returns the addresses of a server. The zone of a link-local address may be the name of an interface, as in
/// `[fe80::1%eth0]:12345`; the standard library takes only its number.
fn addresses(server: &str, index_of: impl Fn(&str) -> Option<u32>) -> io::Result<Vec<SocketAddr>> {
    let Some((ip, zone, port)) = named_zone(server) else { return Ok(server.to_socket_addrs()?.collect()) };
    let no_interface = || Error::new(ErrorKind::NotFound, format!("no network interface is called {zone}"));
    let index = index_of(zone).ok_or_else(no_interface)?;
    Ok(vec![SocketAddrV6::new(ip, port, 0, index).into()])
}

/// Splits an address whose zone is not a number.
fn named_zone(server: &str) -> Option<(Ipv6Addr, &str, u16)> {
    let (host, port) = server.strip_prefix('[')?.split_once("]:")?;
    let (ip, zone) = host.split_once('%')?;
    let is_name = zone.parse::<u32>().is_err();
    Some((ip.parse().ok()?, zone, port.parse().ok()?)).filter(|_| is_name)
}

/// Classifies an error. A refusal, a reset or the end of the stream proves that the server's machine is reachable; any
/// other error may be the network.
pub(super) fn loss_of(why: &Error) -> Loss {
    match why.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof
        | ErrorKind::InvalidData => Loss::Server,
        _ => Loss::Network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn d12_the_zone_of_an_address_may_be_the_name_of_an_interface() {
        let of = |server| addresses(server, |name| (name == "eth0").then_some(7)).map(|all| all[0].to_string());
        assert_eq!(of("[fe80::1%eth0]:12345").unwrap(), "[fe80::1%7]:12345");
        assert_eq!(of("[fe80::1%3]:12345").unwrap(), "[fe80::1%3]:12345");
        assert_eq!(of("[fd00::1]:12345").unwrap(), "[fd00::1]:12345");
        assert_eq!(of("127.0.0.1:12345").unwrap(), "127.0.0.1:12345");
        assert_eq!(of("[fe80::1%eth9]:12345").unwrap_err().to_string(), "no network interface is called eth9");
        // Every machine has a loopback interface, with a number.
        #[cfg(target_os = "linux")]
        assert_eq!(addresses("[fe80::1%lo]:5", interface_index).unwrap()[0].to_string(), "[fe80::1%1]:5");
    }

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
