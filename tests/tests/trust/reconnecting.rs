//! Connections that break: the next one is encrypted, too.

use crate::{SIGN_IN, World, has};
use landline_tests::certificate::TestCertificate;
use landline_tests::{Client, Face, Program};
use std::process::Stdio;

/// Starts a script that is signed in.
fn connected(world: &World, args: &[&str], state: Option<&str>) -> (Program, Client) {
    let mut bob = world.server.guest("bob", "lobby");
    let mut command = world.landline(args);
    if let Some(folder) = state {
        command.env("XDG_STATE_HOME", folder);
    }
    let mut program = Program::start(&mut command, Stdio::piped());
    bob.expect("ci has connected to the chatroom");
    program.type_line("before");
    bob.expect("ci: before");
    (program, bob)
}

#[test]
fn connection_that_was_cut_is_made_again_encrypted() {
    let world = World::new();
    let (mut program, mut bob) = connected(&world, &[], None);
    world.proxy.cut();
    program.type_line("after");
    bob.until("ci: after");
    program.type_line("/quit");
    assert_eq!(program.wait().code(), Some(0));
    assert!(!has(&world.proxy.received(), SIGN_IN));
    assert!(world.proxy.plaintext().contains("\"type\":\"resume\""), "{}", world.proxy.plaintext());
    let complaint = program.stderr();
    assert!(complaint.contains("it was cut") && complaint.contains("connected again"), "{complaint}");
    assert_eq!(complaint.matches("first meeting").count(), 1, "{complaint}");
}

#[test]
fn broken_connection_never_leads_to_the_clear() {
    // Also if the key could not be stored.
    for state in [None, Some("/dev/null/nowhere")] {
        let world = World::new();
        let (mut program, _bob) = connected(&world, &["--patience", "3"], state);
        world.proxy.set_face(Face::Clear);
        world.proxy.cut();
        program.type_line("secret");
        assert_eq!(program.wait().code(), Some(1));
        let complaint = program.stderr();
        assert!(complaint.contains("it did not answer with TLS, and had TLS at"), "{complaint}");
        let received = world.proxy.received();
        assert!(received.starts_with(&[0x16, 3]) && !has(&received, SIGN_IN) && !has(&received, b"secret"));
    }
}

#[test]
fn changed_key_ends_a_script_and_gets_nothing() {
    let world = World::new();
    let (mut program, _bob) = connected(&world, &[], None);
    world.proxy.set_face(Face::Tls(TestCertificate::default()));
    world.proxy.cut();
    program.type_line("secret");
    assert_eq!(program.wait().code(), Some(1));
    assert!(program.stderr().contains("its key has changed"));
    assert_eq!(world.proxy.plaintext(), "");
}

#[test]
fn server_without_tls_is_asked_once() {
    let world = World::new();
    world.proxy.set_face(Face::Clear);
    let (mut program, mut bob) = connected(&world, &[], None);
    world.proxy.set_face(Face::Clear);
    world.proxy.cut();
    program.type_line("after");
    bob.until("ci: after");
    assert!(world.proxy.received().starts_with(SIGN_IN), "no second ClientHello");
}
