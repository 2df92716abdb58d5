//! A server that stops while much is on its way.

use landline_tests::{Client, Program};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const GOODBYE: &str = "INFO: The server is shutting down.";
/// Below a backlog of a mebibyte, far above what the kernel keeps for a client that does not read.
const LINES: usize = 600;
const LINE: usize = 1_500;

/// A server, somebody who has said much in a room, and somebody who has read nothing of it.
struct Scene {
    server: Program,
    talker: Client,
    behind: Client,
    _folder: TempDir,
}

fn sign_in(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_salon"));
    client.until("200 ");
    client
}

impl Scene {
    fn new(flush_seconds: u32) -> Scene {
        let folder = TempDir::new().expect("a folder");
        let mut command = Program::quiet_server(folder.path(), "off");
        let (server, address) = Program::open(command.args(["--limit", &format!("flush-seconds={flush_seconds}")]));
        let behind = sign_in(address, "behind");
        let mut talker = sign_in(address, "talker");
        for number in 0..LINES {
            talker.send(&format!("{number} {}", "x".repeat(LINE)));
        }
        talker.expect_nothing();
        Scene { server, talker, behind, _folder: folder }
    }

    /// Sends the signal, and sees that the server has begun to stop.
    fn stop(&mut self) -> Instant {
        let begun = Instant::now();
        self.server.signal("TERM");
        self.talker.expect(GOODBYE);
        begun
    }
}

#[test]
fn what_waits_for_somebody_still_arrives() {
    let mut scene = Scene::new(20);
    scene.stop();
    scene.behind.expect("talker has connected to the chatroom");
    for number in 0..LINES {
        scene.behind.expect_start(&format!("talker: {number} "));
    }
    scene.behind.expect(GOODBYE);
    assert_eq!(scene.server.wait().code(), Some(0));
}

#[test]
fn who_never_reads_delays_the_end_only_so_long() {
    let mut scene = Scene::new(2);
    let begun = scene.stop();
    assert_eq!(scene.server.wait().code(), Some(0));
    let took = begun.elapsed();
    // Far more than the two seconds; without that bound it would never end.
    assert!(took >= Duration::from_millis(1_900) && took < Duration::from_secs(10), "{took:?}");
    let end = std::io::copy(&mut scene.behind.stream(), &mut std::io::sink());
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
}
