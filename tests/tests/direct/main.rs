//! Encrypted chats between clients, with the real programs over real sockets.
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

/// Returns the command of a client for pipes.
fn landline(server: SocketAddr, name: &str) -> Command {
    let mut command = Program::client();
    command.args([&server.to_string(), "--name", name]);
    command
}

/// Starts a client, and waits until the server has its key.
fn start(command: &mut Command) -> Program {
    let mut program = Program::start(command, Stdio::piped());
    program.type_line("/users");
    program.until("Online clients: ");
    program
}

/// Starts clients with these names.
fn clients<const N: usize>(server: SocketAddr, names: [&str; N]) -> [Program; N] {
    names.map(|name| start(&mut landline(server, name)))
}

/// Opens a chat by request and acceptance. Returns the fingerprint that both show.
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

/// Waits until the chat is open. Returns the fingerprint.
fn connected(program: &mut Program, with: &str) -> String {
    let line = program.until("DIRECT_");
    let numbers = line.strip_prefix(&format!("DIRECT_CONNECTED:{with}:"));
    numbers.unwrap_or_else(|| panic!("{line}")).trim_end().to_owned()
}

/// Sends a message, and waits until the peer shows it.
fn send_and_expect((one, name): (&mut Program, &str), (other, other_name): (&mut Program, &str), text: &str) {
    one.type_line(&format!("/direct-say {other_name} {text}"));
    assert_eq!(other.until("[Direct]"), format!("[Direct] {name}: {text}\n"));
}

/// Waits until the chat has ended. Returns the reason.
fn end_reason(program: &mut Program, with: &str) -> String {
    let line = program.until("DIRECT_ENDED");
    line.strip_prefix(&format!("DIRECT_ENDED:{with}:")).expect("with them").trim_end().to_owned()
}

/// Signs in a text client with keys that the test knows.
fn text_client_with_key(test_server: &TestServer, name: &str) -> (Client, Keys) {
    let (mut client, keys) = (test_server.guest(name, "lobby"), Keys::generate().expect("keys"));
    client.send(&format!("/direct-key {}", keys.public()));
    client.drain_lines();
    (client, keys)
}

/// A stream that records the bytes in both directions.
struct RecordedStream {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl RecordedStream {
    fn new(stream: TcpStream) -> RecordedStream {
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        RecordedStream { stream, seen: Vec::new() }
    }

    fn shake_hands(&mut self, side: Side, keys: &Keys, theirs: &PublicKey) -> EncryptedLink {
        open(self, (side, "direct"), keys, ExpectedPeer::Known(theirs)).expect("a link")
    }
}

impl Read for RecordedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl Write for RecordedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.seen.extend_from_slice(bytes);
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
