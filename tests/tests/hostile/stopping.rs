//! A server that stops while it has much to deliver.

use landline_tests::{Client, Program};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const GOODBYE: &str = "INFO: The server is shutting down.";
/// Number of lines. Together they fit into the backlog of 1 MiB, but not into the kernel's buffers.
const LINES: usize = 600;
/// Length of a line.
const LINE_BYTES: usize = 1_500;

/// A server, a client that has sent many lines, and a client that has read none of them.
struct StoppingServer {
    server: Program,
    talker: Client,
    slow_reader: Client,
    _folder: TempDir,
}

fn sign_in(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_salon"));
    client.until("200 ");
    client
}

impl StoppingServer {
    fn new(flush_seconds: u32) -> StoppingServer {
        let folder = TempDir::new().expect("a folder");
        let mut command = Program::quiet_server(folder.path(), "off");
        let (server, address) =
            Program::start_server(command.args(["--limit", &format!("flush-seconds={flush_seconds}")]));
        let slow_reader = sign_in(address, "slow");
        let mut talker = sign_in(address, "talker");
        for number in 0..LINES {
            talker.send(&format!("{number} {}", "x".repeat(LINE_BYTES)));
        }
        talker.expect_nothing();
        StoppingServer { server, talker, slow_reader, _folder: folder }
    }

    /// Sends SIGTERM, and waits until the server has begun to stop.
    fn stop(&mut self) -> Instant {
        let begun = Instant::now();
        self.server.signal("TERM");
        self.talker.expect(GOODBYE);
        begun
    }
}

#[test]
fn queued_lines_still_arrive_while_stopping() {
    let mut stopping = StoppingServer::new(20);
    stopping.stop();
    stopping.slow_reader.expect("talker has connected to the chatroom");
    for number in 0..LINES {
        stopping.slow_reader.expect_start(&format!("talker: {number} "));
    }
    stopping.slow_reader.expect(GOODBYE);
    assert_eq!(stopping.server.wait().code(), Some(0));
}

#[test]
fn client_that_never_reads_delays_the_stop_by_a_limit() {
    let mut stopping = StoppingServer::new(2);
    let begun = stopping.stop();
    assert_eq!(stopping.server.wait().code(), Some(0));
    let took = begun.elapsed();
    // Far more than the limit of 2 s for a busy machine. Without the limit the server would never end.
    assert!(took >= Duration::from_millis(1_900) && took < Duration::from_secs(10), "{took:?}");
    let end = std::io::copy(&mut stopping.slow_reader.stream(), &mut std::io::sink());
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
}
