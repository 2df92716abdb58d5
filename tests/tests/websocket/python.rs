//! The Python package `websockets` as client.

use landline_tests::{TestServer, python_with};
use std::process::Command;

#[test]
fn python_websockets_client_chats_and_hears_why_it_is_closed() {
    let server = TestServer::default();
    let Some(python) = python_with("websockets==17.4", server.scratch()) else { return };
    let url = format!("ws://{}/ws", server.web_address());
    let output = Command::new(python).args(["-c", include_str!("client.py"), &url]).output().expect("Python");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "done", "{complaint}");
}
