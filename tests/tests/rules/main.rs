//! Who runs rooms and the server, over real sockets: what owners can do, and that no way leads around it.

mod around;
mod blocked;
mod changes;
mod class;
mod doors;
mod floor;
mod names;
mod people;
mod renaming;
mod resuming;
mod rooms;
mod server;
mod taking_back;
mod told;
mod transcript;

use landline_tests::{Client, TestServer};

/// A server whose owner is the guest alice, who sits in the lobby.
fn owned_server() -> (TestServer, Client) {
    let server = TestServer::default();
    let alice = claim(&server, "alice");
    (server, alice)
}

/// Signs a guest in, who claims the server by its first code.
fn claim(server: &TestServer, name: &str) -> Client {
    let mut owner = server.guest(name, "lobby");
    owner.send(&format!("/claim {}", server.server().claim_code()));
    owner.until("INFO: You are an owner of this server now");
    owner
}

/// Sends a line that is refused, and returns the refusal.
#[track_caller]
fn refused(client: &mut Client, line: &str) -> String {
    client.send(line);
    client.until("ERROR: ")
}

/// Says a text in the current room, and waits until `listener` has read it.
#[track_caller]
fn is_heard(speaker: &mut Client, listener: &mut Client, name: &str, text: &str) {
    speaker.send(text);
    let line = listener.until(&format!("{name}: "));
    assert_eq!(line, format!("{name}: {text}"));
}
