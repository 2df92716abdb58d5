//! What to tell a user whose address leads to something that is no Landline server, or to a port of one that is not
//! for this program.

use landline_common::beacon::{Answer, question};
use landline_common::service::{BEACON_PORT, MAIN_PORT, Service};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// A server on the network answers in less.
const ANSWERING: Duration = Duration::from_millis(400);
/// Longer than any answer.
const LONGEST_ANSWER: usize = 2_048;

/// Why the service at `server`, reached at `peer`, does not let this program in; `None` if it may be a Landline server.
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

/// What to tell where the connection ended before a word was said.
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

/// The main port of the Landline server whose port for LanTalk clients `peer` is, if it answers when it is asked.
fn main_port(peer: SocketAddr) -> Option<u16> {
    let own: IpAddr = if peer.is_ipv4() { [0, 0, 0, 0].into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((own, 0)).ok()?;
    socket.set_read_timeout(Some(ANSWERING)).ok()?;
    // Connected: nothing but that server's answer is read.
    socket.connect((peer.ip(), BEACON_PORT)).ok()?;
    socket.send(&question()).ok()?;
    let mut buffer = [0; LONGEST_ANSWER];
    let read = socket.recv(&mut buffer).ok()?;
    let answer = Answer::parse(&buffer[..read])?;
    (answer.lantalk == peer.port()).then_some(answer.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a20_the_sentence_says_where_the_server_may_be() {
        let why = |service: &Service| why_not(service, "10.0.0.1:5050", None);
        assert_eq!((why(&Service::Landline), why(&Service::Unknown)), (None, None));
        assert!(why(&Service::LanTalk).unwrap().ends_with("try 10.0.0.1:12345"));
        assert_eq!(
            lantalk("[::1]:5050", Some(22_222)),
            "[::1]:5050 is Landline's port for LanTalk clients; try [::1]:22222"
        );
        let ssh = why(&Service::Foreign("it is an SSH server".into())).unwrap();
        assert!(ssh.starts_with("10.0.0.1:5050 is not a Landline server: it is an SSH server"), "{ssh}");
    }
}
