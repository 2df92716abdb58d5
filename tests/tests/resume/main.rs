//! Sessions whose network is lost: ghosts and who takes their place, resuming, labels, acknowledgements.

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

/// The token in the answer to a sign-in.
fn token(answer: &[Value]) -> String {
    answer[0]["token"].as_str().expect("a token").to_owned()
}

/// Waits until no user of that name is signed in.
fn gone(server: &TestServer, name: &str) {
    eventually("the server has noticed", || server.server().services().hub.find(name).is_none());
}
