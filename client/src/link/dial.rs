//! Reaching a server.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECTING: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// Connects to `server` (with its port), at the first of its addresses that answers.
///
/// # Errors
/// Says why not, and what to do.
pub(super) fn dial(server: &str) -> Result<TcpStream, String> {
    let addresses = server.to_socket_addrs().map_err(|why| format!("cannot find {server}: {why}"))?;
    let mut last = None;
    for address in addresses.take(ADDRESSES) {
        match TcpStream::connect_timeout(&address, CONNECTING) {
            Ok(stream) => {
                // A line is sent when it is typed, not when there are more.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(why) => last = Some(why),
        }
    }
    let why = last.map_or("it has no address".into(), |why| why.to_string());
    Err(format!("no server answers at {server} ({why}); is landline-server running there?"))
}
