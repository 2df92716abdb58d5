//! Sessions whose network is lost: names held by ghosts, resuming, repeated commands, acknowledgments.

mod acknowledgements;
mod after_a_loss;
mod any_moment;
mod ghosts;
mod network;
mod once;
mod probed;
mod take_over;

use landline_tests::{TestServer, eventually};
use serde_json::Value;

/// Returns the token in the answer to a sign-in.
fn token(answer: &[Value]) -> String {
    answer[0]["token"].as_str().expect("a token").to_owned()
}

/// Waits until no user of that name is signed in.
fn wait_until_gone(server: &TestServer, name: &str) {
    eventually("the user is signed out", || server.server().context().hub.find(name).is_none());
}
