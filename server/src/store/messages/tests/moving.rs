//! Export and import.

use super::*;
use landline_common::UserName;

fn exported(store: &Store) -> String {
    store.messages.wait_for_stored(false).unwrap();
    let mut out = Vec::new();
    export(store.folder.path(), None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn import_into(folder: &Path, lines: &str) -> Result<Imported, String> {
    import(folder, &mut lines.as_bytes()).map_err(|e| e.to_string())
}

fn sample() -> Store {
    let store = Store::new();
    store.say(3, "Dev/Rust", "tea \"now\"");
    store.say_as("Ольга", 1, "*", "чай");
    store.direct(2, "alice", "bob", "tea");
    store.direct(4, "2", "alice", "tea");
    store.direct(5, "bob", "alice", "tea");
    store.messages.forget(&party("bob")).unwrap();
    store.direct(6, "carol", "dave", "tea");
    store.messages.forget(&party("dave")).unwrap();
    store
}

#[test]
fn lines_are_readable_json() {
    let store = sample();
    let text = exported(&store);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "{\"id\":1,\"at\":\"2026-11-21T08:00:00.001Z\",\"offset_s\":3600,\"user\":\"Ольга\",\"text\":\"чай\"}"
    );
    assert!(lines[2].contains("\"room\":\"Dev/Rust\""), "{}", lines[2]);
    let direct = "\"direct\":{\"to\":\"alice\",\"sender\":{\"guest\":2},\"receiver\":{\"account\":";
    assert!(lines[3].contains(direct), "{}", lines[3]);
    assert!(lines[4].contains("\"forgotten\":true"), "{}", lines[4]);
    assert_eq!(lines.len(), 5);
}

#[test]
fn an_import_restores_what_was_exported() {
    let store = sample();
    let folder = tempfile::tempdir().unwrap();
    let lines = exported(&store);
    assert_eq!(import_into(folder.path(), &lines), Ok(Imported { new: 5, known: 0 }));
    assert_eq!(import_into(folder.path(), &lines), Ok(Imported { new: 0, known: 5 }));
    let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let copy = Store { folder, messages, lost };
    assert_eq!(exported(&copy), lines);
    for viewer in ["alice", "bob", "carol", "dave", "2"] {
        assert_eq!(copy.ids(viewer, &["dev/rust"], Range::Last(9)), store.ids(viewer, &["dev/rust"], Range::Last(9)));
        assert_eq!(copy.found(viewer, &["dev/rust"], "tea"), store.found(viewer, &["dev/rust"], "tea"));
    }
    assert_eq!(copy.messages.highest_id(), 6);
}

#[test]
fn a9_a_message_of_several_lines_is_one_line_of_an_export() {
    let store = Store::new();
    let folder = tempfile::tempdir().unwrap();
    let text = "if x:\n    return\n\nend";
    store.say(1, "ops", text);
    let lines = exported(&store);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert_eq!(import_into(folder.path(), &lines), Ok(Imported { new: 1, known: 0 }));
    let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let copy = Store { folder, messages, lost };
    assert_eq!(exported(&copy), lines);
    // Texts that no message may have, then one that older servers stored.
    let with = |text: &str| lines.replace(&serde_json::to_string("if x:\n    return\n\nend").unwrap(), text);
    for (text, why) in [
        (r#""a\r\nb""#, "characters that no message may have"),
        (r#""a \nb""#, "characters that no message may have"),
        (&format!("{:?}", "\n".repeat(500) + "x"), "characters that no message may have"),
        (&format!("{:?}", "x\n".repeat(500) + "x"), "more than 500 lines"),
    ] {
        let refused = import_into(copy.folder.path(), &with(text)).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
    let older = with(r#""a blank at the end ""#).replace("\"id\":1,", "\"id\":2,");
    assert_eq!(import_into(copy.folder.path(), &older), Ok(Imported { new: 1, known: 0 }));
}

#[test]
fn every_valid_name_can_be_imported() {
    let store = Store::new();
    // The key of the first has 48 letters; the key of the second is not a valid name.
    let long = "m".repeat(24);
    let odd = "\u{1c3}kung";
    for name in [&*long, odd] {
        assert!(UserName::parse(name).is_ok() && UserName::parse(NameKey::of(name).as_str()).is_err(), "{name}");
    }
    store.direct(1, &long, odd, "tea");
    let lines = exported(&store);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(import_into(folder.path(), &lines), Ok(Imported { new: 1, known: 0 }));
    let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let copy = Store { folder, messages, lost };
    assert_eq!((copy.ids(&long, &[], Range::Last(9)), copy.ids(odd, &[], Range::Last(9))), (vec![1], vec![1]));
}

#[test]
fn accounts_are_exported_by_name_and_imported_by_name_or_key() {
    let store = Store::new();
    let alice = party("alice");
    let ilse = party("Ilse");
    store.messages.store_direct(&direct(1, ("alice", &alice), ("Ilse", &ilse), "tea"));
    let new = exported(&store);
    assert!(new.contains(r#""sender":{"account":"alice"},"receiver":{"account":"Ilse"}"#), "{new}");
    let key = |name: &str| NameKey::of(name).as_str().to_owned();
    assert_ne!((key("alice"), key("Ilse")), ("alice".to_owned(), "Ilse".to_owned()));
    let old = new.replace(r#""account":"alice""#, &format!("\"account\":\"{}\"", key("alice")));
    let old = old.replace(r#""account":"Ilse""#, &format!("\"account\":\"{}\"", key("Ilse")));
    for lines in [&new, &old] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(import_into(folder.path(), lines), Ok(Imported { new: 1, known: 0 }));
        let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
        let copy = Store { folder, messages, lost };
        for viewer in ["alice", "Ilse"] {
            assert_eq!(copy.ids(viewer, &[], Range::Last(9)), [1], "{viewer}");
        }
        assert_eq!(exported(&copy), new);
    }
}

#[test]
fn an_import_gives_no_messages_to_later_guests() {
    let store = Store::new();
    store.direct(4, "2", "alice", "tea");
    let folder = tempfile::tempdir().unwrap();
    let text = import_into(folder.path(), &exported(&store).replace("\"guest\":2", "\"guest\":4")).unwrap_err();
    assert!(text.contains("the visit 4 of its guest began after it"), "{text}");
}

#[test]
fn imported_messages_are_merged_by_id() {
    let store = Store::new();
    store.say(2, "Dev/Rust", "tea before");
    store.say(9, "dev/rust", "tea before");
    assert_eq!(store.found("bob", &["dev/rust"], "tea"), [9, 2]);
    store.messages.stop();
    assert_eq!(import_into(store.folder.path(), &exported(&sample())), Ok(Imported { new: 4, known: 1 }));
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["dev/rust"], Range::Last(9)), [1, 2, 3, 9]);
    assert_eq!(store.found("bob", &["dev/rust"], "tea"), [9, 3, 2]);
}

#[test]
fn export_works_without_a_server_and_changes_nothing() {
    let store = sample();
    store.messages.stop();
    assert_eq!(export(store.folder.path(), None, &mut Vec::new()).unwrap(), 5);
    let store = store.reopen(Retention::Forever);
    store.say(9, "dev/rust", "tea");
    assert_eq!(store.ids("dave", &["dev/rust"], Range::Last(9)), [1, 3, 9]);
}

#[test]
fn export_can_begin_at_a_given_time() {
    let store = sample();
    store.messages.wait_for_stored(false).unwrap();
    let mut out = Vec::new();
    assert_eq!(export(store.folder.path(), Some(at(4)), &mut out).unwrap(), 2);
    assert!(String::from_utf8(out).unwrap().starts_with("{\"id\":4,"));
}

#[test]
fn an_invalid_line_is_named_and_nothing_is_imported() {
    let good = "{\"id\":1,\"at\":\"2026-11-21T08:00:00Z\",\"user\":\"alice\",\"text\":\"tea\"}\n";
    let to_account = |key: &str| {
        let party = format!("{{\"account\":\"{key}\"}}");
        let direct = format!("\"direct\":{{\"to\":\"bob\",\"sender\":{party},\"receiver\":{party}}},\"text\"");
        good.replace("\"text\"", &direct)
    };
    let long = format!("{{\"id\":2,\"text\":\"{}\"}}", "x".repeat(70_000));
    for (line, why) in [
        ("", "EOF"),
        ("tea", "expected ident"),
        ("{\"id\":2}", "missing field"),
        (&good.replace("\"id\":1", "\"id\":0"), "the id 0"),
        (&good.replace("\"id\":1", "\"id\":9007199254740991"), "ahead of"),
        (&good.replace("\"id\":1", "\"id\":-1"), "invalid value"),
        (&good.replace("alice", "al ice"), "user: a name has letters"),
        (&good.replace("\"user\"", "\"room\":\"a b\",\"user\""), "room: a room's name"),
        (&good.replace("tea", "\\u001b[2J"), "its text"),
        (&good.replace("tea", ""), "its text"),
        (&to_account("\\u001b[2J"), "the account of"),
        (&to_account(&"x".repeat(5_000)), "the account of"),
        (&good.replace("\"text\"", "\"colour\":1,\"text\""), "unknown field"),
        (&long, "longer than 64 KiB"),
        ("\u{0}\u{1}", "expected value"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = import_into(folder.path(), &format!("{good}{}\n", line.trim_end())).unwrap_err();
        assert!(text.starts_with("line 2 is not a message of an export (") && text.contains(why), "{line}: {text}");
        let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
        let store = Store { folder, messages, lost };
        assert_eq!(exported(&store), "", "{line}");
        assert_eq!(store.messages.highest_id(), 0);
    }
}

#[test]
fn export_fails_without_a_database_or_without_space() {
    let folder = tempfile::tempdir().unwrap();
    let text = export(folder.path(), None, &mut Vec::new()).unwrap_err().to_string();
    assert!(text.contains("messages.db"), "{text}");
    assert!(!folder.path().join("messages.db").exists());
    let store = sample();
    store.messages.wait_for_stored(false).unwrap();
    let mut none: [u8; 0] = [];
    assert!(export(store.folder.path(), None, &mut &mut none[..]).is_err());
}
