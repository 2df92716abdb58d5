//! Chat77's clients, byte for byte: each message is one `send` without a newline, and one `recv(1024)` returns one
//! message.

mod messages;
mod private_chats;
mod sign_in;
mod talk;

use landline_tests::{TestServer, Unframed};

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
const PASSWORD: &str = "correct horse";

/// Connects a client and reads the greeting. It is the only message with a newline, since the server does not know the
/// kind of client yet. Chat77's clients only check how it begins.
fn connect(server: &TestServer) -> Unframed {
    let mut client = server.unframed();
    client.expect(&format!("{GREETING}\n"));
    client
}

/// Signs in to an existing account.
fn login(server: &TestServer, name: &str) -> Unframed {
    let mut client = connect(server);
    client.exchange("LOGIN", "ALIAS?");
    client.exchange(name, "PASSWORD?");
    client.exchange(PASSWORD, "AUTH_SUCCESS");
    client
}

/// Registers an account and signs in.
fn register_and_login(server: &TestServer, name: &str) -> Unframed {
    server.register(name, PASSWORD);
    login(server, name)
}

fn alice_and_bob(server: &TestServer) -> (Unframed, Unframed) {
    let mut alice = register_and_login(server, "alice");
    let bob = register_and_login(server, "bob");
    alice.expect("bob has connected to the chatroom");
    (alice, bob)
}

/// Checks that no message is waiting for this client.
#[track_caller]
fn expect_nothing(client: &mut Unframed) {
    client.exchange("/ping so far", "PONG so far");
}
