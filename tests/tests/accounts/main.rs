//! Making an account and changing its password within a session: by questions, by objects, and by the operator.

mod objects;
mod operator;
mod questions;

use landline_tests::{Client, TestServer};

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

/// What the server answers to a login with that password, on a connection of its own.
fn try_login(server: &TestServer, name: &str, password: &str) -> String {
    let mut client = server.connect();
    for line in ["LOGIN", name, password] {
        client.send(line);
    }
    client.until("ALIAS?");
    client.expect("PASSWORD?");
    client.line()
}

/// Says these lines, as a user does who has read each question.
#[track_caller]
fn answer(client: &mut Client, answers: &[(&str, &str)]) {
    for (question, line) in answers {
        client.until(question);
        client.send(line);
    }
}
