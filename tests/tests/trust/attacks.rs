//! Attackers between `landline` and a server.

use crate::{Outcome, SIGN_IN, World, has};
use landline_tests::certificate::TestCertificate;
use landline_tests::{Face, TlsProxy};

/// A greeting of the text door.
const GREETING: &str = "Authorise MODE? (REGISTER,LOGIN,NAME_ROOM)\n";
/// Content type of a handshake record.
const HANDSHAKE: u8 = 22;
/// Content type and length of the other records of a client that refuses a server: a change of the cipher, an alert, and
/// an encrypted alert.
const REFUSAL: [(u8, usize); 3] = [(20, 1), (21, 2), (23, 19)];

/// Asserts that a client sent a ClientHello, and after it at most an alert.
#[track_caller]
fn assert_only_client_hello(world: &World) {
    assert_eq!(world.proxy.plaintext(), "");
    let received = world.proxy.received();
    let mut records = Vec::new();
    let mut left = &received[..];
    while let [kind, _, _, high, low, rest @ ..] = left {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        records.push((*kind, length));
        left = rest.get(length..).unwrap_or_default();
    }
    let [(HANDSHAKE, _), behind @ ..] = &records[..] else { panic!("{records:?}") };
    assert!(behind.iter().all(|record| REFUSAL.contains(record)), "{records:?}");
    assert!(!has(&received, SIGN_IN));
}

#[track_caller]
fn assert_refused(outcome: &Outcome, parts: &[&str]) {
    assert_eq!((outcome.code, &*outcome.out), (1, ""), "{outcome:?}");
    for part in parts {
        assert!(outcome.complaint.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn changed_key_is_refused_before_the_sign_in() {
    let world = World::met();
    let other = TestCertificate::default();
    for face in [Face::Tls(other.clone()), Face::Tls12(other.clone())] {
        for option in [&[][..], &["--json"], &["--tls", "required"]] {
            world.proxy.set_face(face.clone());
            let (old, new) = (world.identity.key().fingerprint(), other.key().fingerprint());
            let forget = format!("landline trust forget {}", world.address());
            let parts =
                ["its key has changed", &old, &new, "an attacker", "set up anew", "known_servers.toml", &forget];
            assert_refused(&world.say(option), &parts);
            assert_only_client_hello(&world);
        }
    }
    // The user says that the new key is right.
    let forgotten = crate::outcome(&mut world.command(&["trust", "forget", &world.address()]), "");
    assert_eq!(forgotten.code, 0, "{forgotten:?}");
    let met = world.say(&[]);
    assert!(met.code == 0 && met.complaint.contains("first meeting"), "{met:?}");
}

#[test]
fn certificate_of_the_server_with_another_key_is_refused() {
    let forged = World::new().identity.with_another_key();
    for known in [true, false] {
        let world = if known { World::met() } else { World::new() };
        let forged = if known { world.identity.with_another_key() } else { forged.clone() };
        for face in [Face::Tls(forged.clone()), Face::Tls12(forged.clone())] {
            world.proxy.set_face(face);
            let stored = world.file();
            assert_refused(&world.say(&[]), &["TLS failed"]);
            assert_refused(&world.say(&["--fingerprint", &forged.key().fingerprint()]), &["TLS failed"]);
            assert_eq!(world.proxy.plaintext(), "");
            assert!(!has(&world.proxy.received(), SIGN_IN));
            assert_eq!(world.file(), stored, "the key was not proved");
        }
    }
}

#[test]
fn stripping_gets_nothing_from_a_client_that_knows_the_server() {
    let world = World::met();
    for face in [Face::Clear, Face::Text(GREETING), Face::Text("\x15\x03\x03\0\x02\x02\x28")] {
        world.proxy.set_face(face);
        assert_refused(&world.say(&[]), &["it did not answer with TLS", "An attacker", "landline trust forget"]);
        assert_only_client_hello(&world);
    }
}

#[test]
fn key_of_another_known_server_is_refused() {
    let world = World::met();
    let other = TestCertificate::default();
    let elsewhere = TlsProxy::new(world.server.address(), Face::Tls(other.clone()));
    assert_eq!(crate::outcome(&mut world.landline_at(elsewhere.address(), &[]), "hello\n").code, 0);
    world.proxy.set_face(Face::Tls(other));
    let that = format!("The new key is that of {}.", elsewhere.address());
    assert_refused(&world.say(&[]), &["its key has changed", &that]);
    assert_only_client_hello(&world);
}

#[test]
fn damaged_file_of_known_servers_trusts_no_server() {
    let world = World::met();
    let file = world.folder.path().join("landline").join("known_servers.toml");
    std::fs::write(&file, "servers = 5").expect("writing");
    world.proxy.set_face(Face::Tls(TestCertificate::default()));
    assert_refused(&world.say(&[]), &["known_servers.toml is damaged"]);
    assert!(world.proxy.received().is_empty());
}
