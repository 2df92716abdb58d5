//! Meetings with servers that are what they seem.

use crate::{SIGN_IN, World, has, outcome};
use landline_tests::{Face, Terminal, TlsProxy};

#[test]
fn first_meeting_shows_the_key_once_and_encrypts() {
    let world = World::new();
    let mut bob = world.server.guest("bob", "lobby");
    let first = world.say(&[]);
    assert_eq!(first.code, 0, "{first:?}");
    bob.until("ci: hello");
    let fingerprint = world.identity.key().fingerprint();
    assert_eq!(first.complaint.lines().count(), 1, "{first:?}");
    assert!(first.complaint.contains("first meeting with") && first.complaint.contains(&fingerprint), "{first:?}");
    assert!(world.file().contains(&world.identity.key().to_string()));
    assert!(world.proxy.plaintext().contains("\"type\":\"guest\""));
    assert!(!has(&world.proxy.received(), SIGN_IN));
    let second = world.say(&[]);
    assert_eq!((second.code, &*second.complaint), (0, ""), "{second:?}");
}

#[test]
fn first_meeting_is_told_also_if_the_sign_in_is_refused() {
    let world = World::new();
    let _bob = world.server.guest("ci", "lobby");
    let refused = world.say(&[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(refused.complaint.matches(&world.identity.key().fingerprint()).count(), 1, "{refused:?}");
    assert!(refused.complaint.contains("taken"), "{refused:?}");
}

#[test]
fn known_key_at_a_new_address_is_the_same_server() {
    let world = World::met();
    for face in [Face::Tls(world.identity.clone()), Face::Tls12(world.identity.clone())] {
        let moved = TlsProxy::new(world.server.address(), face);
        let met = outcome(&mut world.landline_at(moved.address(), &[]), "hello\n");
        assert_eq!((met.code, &*met.complaint), (0, ""), "{met:?}");
        assert!(moved.plaintext().contains("\"type\":\"guest\"") && !has(&moved.received(), SIGN_IN));
        assert!(world.file().contains(&moved.address().to_string()));
    }
}

#[test]
fn unwritable_folder_is_named_and_the_chat_goes_on() {
    let world = World::new();
    let met = outcome(world.landline(&[]).env("XDG_STATE_HOME", "/dev/null/nowhere"), "hello\n");
    assert_eq!(met.code, 0, "{met:?}");
    assert!(met.complaint.contains("first meeting") && met.complaint.contains("is not stored: "), "{met:?}");
}

#[test]
fn server_without_tls_is_spoken_to_in_the_clear_unless_tls_is_demanded() {
    let world = World::new();
    world.proxy.set_face(Face::Clear);
    let clear = world.say(&[]);
    assert_eq!((clear.code, &*clear.complaint), (0, ""), "{clear:?}");
    assert!(has(&world.proxy.received(), SIGN_IN) && world.file().is_empty());
    let digits = world.identity.key().fingerprint();
    for demand in [["--tls", "required"], ["--fingerprint", &digits]] {
        world.proxy.set_face(Face::Clear);
        let refused = world.say(&demand);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.complaint.contains("it has no TLS") && refused.complaint.contains(demand[0]), "{refused:?}");
        assert!(!has(&world.proxy.received(), SIGN_IN));
    }
}

#[test]
fn tls_off_sends_no_client_hello() {
    let world = World::met();
    world.proxy.set_face(Face::Clear);
    let clear = world.say(&["--tls", "off"]);
    assert_eq!((clear.code, &*clear.complaint), (0, ""), "{clear:?}");
    assert!(world.proxy.received().starts_with(SIGN_IN));
    let config = world.folder.path().join("config.toml");
    std::fs::write(&config, "tls = \"off\"\n").expect("a file");
    world.proxy.set_face(Face::Clear);
    assert_eq!(world.say(&["--config", &config.display().to_string()]).code, 0);
    assert!(world.proxy.received().starts_with(SIGN_IN));
    assert_eq!(world.say(&["--tls", "off", "--fingerprint", &"1".repeat(40)]).code, 2);
}

#[test]
fn fingerprint_demands_one_key() {
    let world = World::new();
    let key = world.identity.key();
    let digits = key.fingerprint();
    for right in [digits.clone(), digits.replace(' ', ""), key.to_string()] {
        let met = world.say(&["--fingerprint", &right]);
        assert_eq!((met.code, &*met.complaint), (0, ""), "{met:?}");
    }
    let wrong = "12345".repeat(8);
    world.proxy.set_face(Face::Tls(world.identity.clone()));
    let refused = world.say(&["--fingerprint", &wrong]);
    assert_eq!(refused.code, 1, "{refused:?}");
    for part in ["--fingerprint demands 12345 12345", &digits] {
        assert!(refused.complaint.contains(part), "{refused:?}");
    }
    assert_eq!(world.proxy.plaintext(), "");
    assert_eq!(world.say(&["--fingerprint", "12345"]).code, 2);
}

#[test]
fn json_tells_programs_about_the_encryption() {
    let world = World::new();
    let encrypted = world.say(&["--json"]);
    let key = world.identity.key().to_string();
    let first = encrypted.out.lines().next().unwrap_or_else(|| panic!("{encrypted:?}"));
    assert!(first.contains("\"auth_ok\"") && first.contains("\"tls\":true"), "{first}");
    assert!(first.contains(&format!("\"server_key\":\"{key}\"")), "{first}");
    // The proxy's address has the name of "ci".
    let address = world.server.address().to_string();
    let clear = outcome(&mut world.command(&[&address, "--name", "bot", "--json"]), "hello\n");
    let first = clear.out.lines().next().unwrap_or_else(|| panic!("{clear:?}"));
    assert!(first.contains("\"tls\":false,\"server_key\":null"), "{first}");
}

#[test]
fn password_of_an_account_was_not_sent_in_the_clear() {
    let world = World::new();
    world.server.register("alice", "correct horse");
    let mut sign_in = world.command(&[&world.address(), "--plain", "--name", "alice"]);
    sign_in.env("LANDLINE_PASSWORD", "correct horse");
    // Only a user at a terminal is greeted.
    let mut terminal = Terminal::new(100, 20);
    terminal.run(&sign_in, "");
    terminal.wait_for("200 Welcome to");
    assert!(!terminal.contents().contains("unencrypted"), "{}", terminal.contents());
    terminal.press("/quit\r");
    terminal.wait_for("ready>");
}
