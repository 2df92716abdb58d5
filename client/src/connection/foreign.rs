//! Error texts for a user whose address leads to another service, or to a port of Landline for other clients.

use landline_common::Cause;
use landline_common::beacon::{Answer, question};
use landline_common::service::{BEACON_PORT, MAIN_PORT, Service};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Time limit for the answer of a server on the network.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(400);
/// Bytes to read of an answer; more than any answer has.
const MAX_ANSWER_BYTES: usize = 2_048;

/// Returns why this program cannot use the service at `server`, reached at `peer`; `None` if it may be a Landline server.
pub(super) fn why_not(service: &Service, server: &str, peer: Option<SocketAddr>) -> Option<String> {
    match service {
        Service::Landline | Service::Unknown => None,
        Service::LanTalk => Some(lantalk(server, peer.and_then(main_port))),
        Service::Foreign(what) => Some(format!(
            "{server} is not a Landline server: {what} (the port of landline-server is {MAIN_PORT}, unless it was \
             given another)"
        )),
    }
}

/// Returns whether a Landline server refuses this connection since it is in the clear: by a line of its text protocol.
/// Compares only the first words, since the advice behind them differs between versions.
pub(super) fn requires_tls(line: &str) -> bool {
    let report = Cause::TlsRequired.report();
    let sentence = report.sentence();
    let words = sentence.split_once('.').map_or(&*sentence, |(words, _)| words);
    let line = line.strip_prefix("ERROR: ").unwrap_or(line);
    line.strip_prefix("403 ").is_some_and(|text| text.starts_with(words))
}

/// Returns the text for a service that closed the connection without sending a byte.
pub(super) fn silent(server: &str) -> String {
    format!(
        "{server} closed the connection without an answer: is it a Landline server? (its port is {MAIN_PORT}, unless \
         it was given another)"
    )
}

fn lantalk(server: &str, main: Option<u16>) -> String {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    match main {
        Some(port) => format!("{server} is Landline's port for LanTalk clients; try {host}:{port}"),
        None => format!("{server} is a port for LanTalk clients; if Landline runs there, try {host}:{MAIN_PORT}"),
    }
}

/// Asks the machine of `peer` by discovery for its main port. Returns it if `peer` is that server's port for LanTalk
/// clients.
fn main_port(peer: SocketAddr) -> Option<u16> {
    let own: IpAddr = if peer.is_ipv4() { [0, 0, 0, 0].into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((own, 0)).ok()?;
    socket.set_read_timeout(Some(ANSWER_TIMEOUT)).ok()?;
    // Connect the socket, so that it receives only answers of that machine.
    socket.connect((peer.ip(), BEACON_PORT)).ok()?;
    socket.send(&question()).ok()?;
    let mut buffer = [0; MAX_ANSWER_BYTES];
    let read = socket.recv(&mut buffer).ok()?;
    let answer = Answer::parse(&buffer[..read])?;
    (answer.lantalk == peer.port()).then_some(answer.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a20_the_error_names_the_likely_address_of_the_server() {
        let why = |service: &Service| why_not(service, "10.0.0.1:5050", None);
        assert_eq!((why(&Service::Landline), why(&Service::Unknown)), (None, None));
        assert!(why(&Service::LanTalk).unwrap().ends_with("try 10.0.0.1:12345"));
        assert_eq!(
            lantalk("[::1]:5050", Some(22_222)),
            "[::1]:5050 is Landline's port for LanTalk clients; try [::1]:22222"
        );
        for line in [
            "403 This server accepts encrypted connections only. Use landline.",
            "ERROR: 403 This server accepts \
             encrypted connections only.",
        ] {
            assert!(requires_tls(line), "{line}");
        }
        assert!(!requires_tls("403 Your address is banned from this server.") && !requires_tls(""));
        let ssh = why(&Service::Foreign("it is an SSH server".into())).unwrap();
        assert!(ssh.starts_with("10.0.0.1:5050 is not a Landline server: it is an SSH server"), "{ssh}");
    }
}
