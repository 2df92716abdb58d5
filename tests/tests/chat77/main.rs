//! Chat77's clients, byte for byte: one `send` a message, and what one `recv(1024)` returns is one message.

mod messages;
mod private_chats;
mod sign_in;
mod talk;

use landline_tests::{TestServer, Unframed};

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
const PASSWORD: &str = "correct horse";

/// A client that has waited for the greeting, the only message with a newline: the server does not know yet whom it
/// greets. Chat77's clients look only at how it begins.
fn greeted(server: &TestServer) -> Unframed {
    let mut client = server.unframed();
    client.expect(&format!("{GREETING}\n"));
    client
}

/// Somebody who has an account, signed in to it.
fn login(server: &TestServer, name: &str) -> Unframed {
    let mut client = greeted(server);
    client.ask("LOGIN", "ALIAS?");
    client.ask(name, "PASSWORD?");
    client.ask(PASSWORD, "AUTH_SUCCESS");
    client
}

/// Somebody new, signed in.
fn chat77(server: &TestServer, name: &str) -> Unframed {
    server.register(name, PASSWORD);
    login(server, name)
}

fn alice_and_bob(server: &TestServer) -> (Unframed, Unframed) {
    let mut alice = chat77(server, "alice");
    let bob = chat77(server, "bob");
    alice.expect("bob has connected to the chatroom");
    (alice, bob)
}

/// Nothing has been sent to this client that it has not read.
#[track_caller]
fn expect_nothing(client: &mut Unframed) {
    client.ask("/ping so far", "PONG so far");
}
