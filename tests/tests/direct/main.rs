//! Encrypted chats, past the server: the real programs, over real sockets.
#![cfg(unix)]

mod breaks;
mod chats;
mod networks;
mod screen;
mod soak;
mod strangers;

use landline_common::link::{EncryptedLink, ExpectedPeer, Keys, PublicKey, Side, open};
use landline_tests::{Client, DEADLINE, Program, TestServer};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

/// The program of somebody, on pipes, ready to be started.
fn landline(server: SocketAddr, name: &str) -> Command {
    let mut command = Program::client();
    command.args([&server.to_string(), "--name", name]);
    command
}

/// Starts it, and waits until the server knows that it can take part.
fn start(command: &mut Command) -> Program {
    let mut program = Program::start(command, Stdio::piped());
    program.type_line("/users");
    program.until("Online clients: ");
    program
}

/// The programs of people at that server.
fn people<const N: usize>(server: SocketAddr, names: [&str; N]) -> [Program; N] {
    names.map(|name| start(&mut landline(server, name)))
}

/// One asks, the other one accepts. What they see to compare.
fn connect((one, name): (&mut Program, &str), (other, other_name): (&mut Program, &str)) -> String {
    one.type_line(&format!("/direct {other_name}"));
    one.until(&format!("INFO: Encrypted chat request sent to {other_name}"));
    other.until(&format!("DIRECT_REQUEST_FROM:{name}:"));
    other.type_line(&format!("/accept {name}"));
    one.until(&format!("DIRECT_READY:{other_name}:"));
    let (seen, also) = (connected(one, other_name), connected(other, name));
    assert_eq!(seen, also);
    assert_eq!(seen.split(' ').map(str::len).collect::<Vec<_>>(), [5; 8]);
    seen
}

/// Waits until both have met. What is to be compared.
fn connected(program: &mut Program, with: &str) -> String {
    let line = program.until("DIRECT_");
    let numbers = line.strip_prefix(&format!("DIRECT_CONNECTED:{with}:"));
    numbers.unwrap_or_else(|| panic!("{line}")).trim_end().to_owned()
}

/// Something is said, and heard.
fn say((one, name): (&mut Program, &str), (other, other_name): (&mut Program, &str), text: &str) {
    one.type_line(&format!("/direct-say {other_name} {text}"));
    assert_eq!(other.until("[Direct]"), format!("[Direct] {name}: {text}\n"));
}

/// Why a chat is over.
fn reason(program: &mut Program, with: &str) -> String {
    let line = program.until("DIRECT_ENDED");
    line.strip_prefix(&format!("DIRECT_ENDED:{with}:")).expect("with them").trim_end().to_owned()
}

/// Somebody at `nc` whose keys the test has.
fn fake(test_server: &TestServer, name: &str) -> (Client, Keys) {
    let (mut client, keys) = (test_server.guest(name, "lobby"), Keys::generate().expect("keys"));
    client.send(&format!("/direct-key {}", keys.public()));
    client.drain_lines();
    (client, keys)
}

/// A stream that keeps what went over it.
struct Tapped {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Tapped {
    fn new(stream: TcpStream) -> Tapped {
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Tapped { stream, seen: Vec::new() }
    }

    fn shake(&mut self, side: Side, keys: &Keys, theirs: &PublicKey) -> EncryptedLink {
        open(self, (side, "direct"), keys, ExpectedPeer::Known(theirs)).expect("a link")
    }
}

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl Write for Tapped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.seen.extend_from_slice(bytes);
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
