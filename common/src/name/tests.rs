//! Valid and invalid names, and names that look alike.

use super::*;
use proptest::prelude::*;

fn same(a: &str, b: &str) -> bool {
    NameKey::of(a) == NameKey::of(b)
}

#[test]
fn letters_of_any_script_are_valid() {
    for name in ["alice", "Ali", "Bob-2", "under_score", "Müller", "Ольга", "आर्य", "田中", "مريم", "u7", "1234"]
    {
        assert!(UserName::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn invalid_names_are_refused_with_the_reason() {
    use NameError::*;
    for (name, why) in [
        ("", Empty),
        ("_-_", Empty),
        ("a b", BadUser),
        ("../../etc", BadUser),
        ("a\nb", BadUser),
        ("a\u{1b}[31m", BadUser),
        ("a\0", BadUser),
        ("a\u{202e}b", BadUser),
        ("a\u{3164}", BadUser),
        ("a\u{300}\u{301}\u{302}\u{303}\u{304}", BadUser),
        ("[room]", BadUser),
        ("abcdefghijklmnopqrstuvwxy", TooLong(24)),
        ("INFO", Reserved),
        ("error", Reserved),
        ("server", Reserved),
        ("ѕеrver", Reserved),
        ("lNFO", Reserved),
        ("blocked", Reserved),
        ("BIocked", Reserved),
        ("ЕRRОR", Reserved),
        ("help", Reserved),
        ("Logout", Reserved),
        ("200", Reserved),
        ("private_x", Reserved),
        ("DIRECT_READY", Reserved),
        ("login", Reserved),
    ] {
        assert_eq!(UserName::parse(name).unwrap_err(), why, "{name:?}");
    }
}

#[test]
fn x8_new_names_consist_of_identifier_characters() {
    let check_new = |name: &str| UserName::parse(name).and_then(|name| name.check_new());
    for name in [
        "alice",
        "Bob-2",
        "under_score",
        "Müller",
        "Zoë",
        "Ольга",
        "Йосиф",
        "आर्य",
        "田中",
        "たなか",
        "トム",
        "مريم",
        "مُحَمَّد",
        "สมชาย",
        "ศรีสุข",
        "한글",
        "שרה",
        "Nguyễn",
        "Αλέξης",
        "თამარ",
        "Արմեն",
        "ಕನ್ನಡ",
        "1234",
        "e\u{301}va",
    ] {
        assert_eq!(check_new(name), Ok(()), "{name}");
    }
    for name in [
        "alice\u{1bc9d}",
        "alice\u{1bc9e}",
        "ᴀlice",
        "ａlice",
        "𝐚lice",
        "ⓐlice",
        "ªlice",
        "aliceⁿ",
        "Ⅷ",
        "ℵlef",
        "ﬁona",
        "alice\u{483}",
        "а\u{5b0}",
        "田\u{301}",
        "مريم\u{301}",
        "a\u{e31}",
        "1\u{301}",
        "_\u{301}a",
        "a_\u{301}",
        "alice\u{20dd}",
        "alice\u{16fe4}",
        "alice\u{1d165}",
        "ꭺlice",
        "aliceʹ",
        "alice\u{e0041}",
        "a\u{34f}b",
        "ſam",
    ] {
        assert_eq!(check_new(name), Err(NameError::BadUser), "{name:?}");
    }
    for room in ["ops/\u{1bc9d}", "ᴀll", "lobby\u{3164}"] {
        assert!(RoomName::parse(room).and_then(|room| room.check_new()).is_err(), "{room:?}");
    }
    assert!(RoomName::parse("größe/тест-2").unwrap().check_new().is_ok());
    assert!(UserName::parse("ᴀlice").is_ok(), "an existing account with it stays usable");
}

#[test]
fn x8_only_bare_command_words_are_reserved() {
    for name in ["search", "join", "forget", "since", "say", "pm"] {
        assert!(UserName::parse(name).is_ok(), "{name}");
    }
    for name in ["whoelse", "Exit", "message", "broadcast", "online", "help", "block", "rooms"] {
        assert_eq!(UserName::parse(name), Err(NameError::Reserved), "{name}");
    }
}

#[test]
fn look_alikes_are_equal() {
    assert!(same("alice", "ALICE"));
    assert!(same("alice", "аlice"), "Cyrillic а");
    assert!(same("alice", "aIice") && same("ALICE", "aLlcE"), "I, l");
    assert!(same("Bob", "Воb") && same("bob", "ВОВ"), "Cyrillic В");
    assert!(same("hannah", "Наnnah"), "Cyrillic Н");
    assert!(same("наташа", "НАТАША") && same("Ольга", "ОЛЬГА"));
    assert!(same("paul", "pau1"));
    assert!(same("Ⅷ", "viii"));
    assert!(!same("alice", "alicia"));
    assert!(!same("u1", "u2") && !same("u10", "u01"));
}

#[test]
fn rooms_are_compared_without_case() {
    let room = |s| RoomName::parse(s).unwrap();
    assert_eq!(room("Lobby").key(), room("lobby").key());
    assert!(RoomName::parse("dev/rust-2").is_ok());
    assert_eq!(RoomName::parse("a_b"), Err(NameError::BadRoom));
    assert_eq!(RoomName::parse("ALL"), Err(NameError::Reserved));
    assert_eq!(RoomName::parse(&"x".repeat(33)), Err(NameError::TooLong(32)));
}

#[test]
fn a5_no_user_can_have_the_name_of_the_server_as_author() {
    for server in ["Landline", "lan party", "x (server)"] {
        let speaker = server_author(server);
        assert!(is_server_author(&speaker) && UserName::parse(&speaker).is_err(), "{speaker}");
    }
    assert!(!is_server_author("server") && !is_server_author("alice"));
}

proptest! {
    #[test]
    fn the_ascii_table_agrees_with_the_computed_key(text in "[ -~]{0,12}") {
        prop_assert_eq!(NameKey::of(&text), NameKey(compute_key(&text).into()));
    }

    #[test]
    fn a_valid_name_is_clean_short_and_has_no_separator(text in any::<String>()) {
        if let Ok(name) = UserName::parse(&text) {
            let shown = name.as_str();
            prop_assert!(shown.chars().count() <= NAME_CHARS);
            let breaks = shown.contains([' ', ':', '[', ']', '\n', '\u{1b}']);
            prop_assert!(!breaks);
            prop_assert_eq!(crate::clean::clean(shown), shown);
            prop_assert_eq!(&UserName::parse(shown).unwrap(), &name);
            prop_assert!(!is_server_author(shown));
        }
    }
}

#[test]
fn a_text_too_long_for_a_name_has_the_key_of_no_name() {
    let long = "\u{fdfa}".repeat(21_000);
    assert_eq!(NameKey::of(&long).as_str(), "");
    assert_eq!(NameKey::of(&"a".repeat(MAX_KEY_BYTES + 1)).as_str(), "");
    let longest = "\u{1d15f}".repeat(NAME_CHARS);
    assert_ne!(NameKey::of(&longest).as_str(), "", "decomposed names have a key");
    assert_ne!(NameKey::of(&"a".repeat(NAME_CHARS)).as_str(), "");
    let begun = std::time::Instant::now();
    (0..1_000).for_each(|_| _ = NameKey::of(&long));
    assert!(begun.elapsed().as_secs() < 5, "one took 25 ms in a release build, 420 ms in a debug build");
}
