//! The full screen.

use crate::World;
use landline_tests::certificate::TestCertificate;
use landline_tests::{Face, Terminal};

const LOCK: &str = "🔒";

#[test]
fn screen_shows_the_lock_the_key_and_a_changed_key() {
    let world = World::new();
    let mut terminal = Terminal::new(100, 30);
    terminal.run(&world.landline(&[]), "");
    terminal.wait_for("first meeting with");
    terminal.wait_for(&format!("● connected {LOCK}"));
    let groups = world.identity.key().fingerprint();
    terminal.wait_for(&groups[..5]);
    let mut bob = world.server.guest("bob", "lobby");
    terminal.press("hello\r");
    bob.until("ci: hello");
    world.proxy.set_face(Face::Tls(TestCertificate::default()));
    world.proxy.cut();
    for text in ["✗ not connected", "has changed. It is", "an attacker", "landline trust forget"] {
        terminal.wait_for(text);
    }
    assert_eq!(world.proxy.plaintext(), "");
    world.proxy.set_face(Face::Tls(world.identity.clone()));
    terminal.press("\x12");
    terminal.wait_for(&format!("● connected {LOCK}"));
    terminal.press("/quit\r");
    terminal.wait_for("ready>");
}

#[test]
fn screen_without_tls_has_no_lock() {
    let world = World::new();
    world.proxy.set_face(Face::Clear);
    let mut terminal = Terminal::new(100, 30);
    terminal.run(&world.landline(&[]), "");
    terminal.wait_for("● connected");
    assert!(!terminal.contents().contains(LOCK) && !terminal.contents().contains("first meeting"));
    terminal.press("/quit\r");
    terminal.wait_for("ready>");
}

#[test]
fn changed_key_is_explained_on_the_terminal() {
    let world = World::met();
    world.proxy.set_face(Face::Tls(TestCertificate::default()));
    let mut terminal = Terminal::new(120, 30);
    terminal.run(&world.landline(&[]), "");
    for text in ["its key has changed", "set up anew", "known_servers.toml"] {
        terminal.wait_for(text);
    }
    assert_eq!(world.proxy.plaintext(), "");
}
