//! What is taken over, and what is refused.

use super::*;
use crate::store::{Accounts, BanFile};
use crate::store_backend::open_bans;
use landline_common::{NameKey, OffsetDateTime};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a file to import, and a data folder that is not there yet.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn with(content: &str) -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        desk.put(content);
        desk
    }

    fn put(&self, content: &str) {
        fs::write(self.file(), content).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("old.json")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn limits() -> Limits {
        Limits { bcrypt_cost: 4, accounts: 3, import_bytes: 4_000, ..Limits::default() }
    }

    fn import(&self) -> Result<String, String> {
        let mut out = Vec::new();
        let done = run(&self.file(), &self.data(), &Desk::limits(), &mut out);
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|e| format!("{e:#}"))
    }

    fn opens(&self, name: &str, password: &str) -> bool {
        let account = Accounts::open(&self.data(), &Desk::limits()).unwrap().find(&NameKey::of(name)).unwrap();
        bcrypt::verify(password, &account.hash).unwrap()
    }
}

#[test]
fn chat77s_users_become_accounts_with_their_passwords() {
    let desk = Desk::with(
        r#"{"users": [
            {"aliase": "Bob", "password": "short", "created_at": "2025-01-02 03:04:05"},
            {"aliase": " Zoë ", "password": " pass word ", "created_at": null, "role": "x"}
        ], "connections": [{"aliase": "Bob", "ip_address": "10.0.0.1", "port": 1, "login_time": "x"}]}"#,
    );
    let said = desk.import().unwrap();
    assert!(said.starts_with("Accounts made of Chat77's users, who keep their passwords: 2.\n"), "{said}");
    assert!(said.contains("not imported: 1.\n") && said.contains("old.json has passwords"), "{said}");
    assert!(desk.opens("bob", "short") && desk.opens("zoë", "pass word") && !desk.opens("bob", "other"));
    let content = fs::read_to_string(desk.data().join("accounts.json")).unwrap();
    assert!(!content.contains("short") && content.contains("$2b$04$") && content.contains("\"2025-01-0"), "{content}");
    assert!(!desk.data().join("accounts.json.bak").exists(), "one write");
    assert!(LockFile::take(&desk.data()).is_ok(), "the folder is given back");
}

#[test]
fn existing_accounts_are_kept_and_impossible_ones_listed_without_their_passwords() {
    let long = "x".repeat(73);
    let desk = Desk::with(r#"{"users": [{"aliase": "bob", "password": "first"}]}"#);
    desk.import().unwrap();
    desk.put(&format!(
        r#"{{"users": [
            {{"aliase": "BOB", "password": "secret-1"}},
            {{"aliase": "a b", "password": "secret-2"}},
            {{"aliase": "info", "password": "secret-3"}},
            {{"aliase": "long", "password": "{long}"}},
            {{"aliase": "nul", "password": "secret\u0000-4"}},
            {{"aliase": "none", "password": "  "}},
            {{"aliase": "number", "password": 765432}},
            {{"password": "secret-5"}},
            {{"aliase": "carol", "password": "fine"}},
            {{"aliase": "Carol", "password": "secret-6"}},
            "secret-7", 5,
            {{"aliase": "\u001b[2J\u202e", "password": "secret-8"}}
        ]}}"#
    ));
    let said = desk.import().unwrap();
    assert!(said.contains("passwords: 1.\n") && said.contains("left as they are (1): BOB\n"), "{said}");
    assert!(said.contains("Not imported (11):\n"), "{said}");
    for line in [
        "  \"a b\": a name has letters, digits, _ and - only\n",
        "  \"info\": that name is reserved",
        "  \"long\": a password has at most 72 bytes, and no NUL\n",
        "  \"nul\": a password has at most 72 bytes, and no NUL\n",
        "  \"none\": it has no password\n",
        "  \"number\": it has no password\n",
        "  user 8: it has no alias\n",
        "  \"Carol\": a user before has that name, or one that looks like it\n",
        "  user 11: it has no alias\n",
        "  \"\\u{1b}[2J\\u{202e}\": a name has letters",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    assert!(!said.contains("secret") && !said.contains("765432") && !said.contains("xxx"), "{said}");
    assert!(desk.opens("bob", "first") && desk.opens("carol", "fine"));
}

#[test]
fn more_accounts_than_there_is_room_for_are_not_begun() {
    let users: Vec<_> = (0..4).map(|i| format!(r#"{{"aliase": "n{i}n", "password": "pass"}}"#)).collect();
    let desk = Desk::with(&format!(r#"{{"users": [{}]}}"#, users.join(",")));
    let why = desk.import().unwrap_err();
    assert!(why.contains("room for 3 more accounts, and it has 4") && why.contains("--limit accounts"), "{why}");
    assert!(!desk.data().join("accounts.json").exists());
}

#[test]
fn chat77s_older_files_have_nothing_that_is_taken_over() {
    let desk = Desk::with(r#"{"connections": [{"aliase": "a", "ip_address": "b"}, {}]}"#);
    let said = desk.import().unwrap();
    assert!(said.contains("passwords: 0.\n") && said.contains("not imported: 2.\n"), "{said}");
    assert!(!said.contains("delete it"), "{said}");
}

#[test]
fn lantalks_bans_are_added_to_those_that_are_there() {
    let desk = Desk::with(r#"["10.0.0.1", " ::ffff:10.0.0.2", "10.0.0.1", "fd00::1"]"#);
    let said = desk.import().unwrap();
    assert_eq!(said, "Addresses of LanTalk's list that are banned now: 3; banned already: 0.\n");
    desk.put(r#"["10.0.0.1", "10.0.0.3", "0.0.0.0/0", "bob", 7]"#);
    let said = desk.import().unwrap();
    assert!(said.contains("banned now: 1; banned already: 1.\n"), "{said}");
    assert!(said.contains("Not imported (3):\n  \"0.0.0.0/0\": that is no address\n"), "{said}");
    let now = OffsetDateTime { unix_ms: 4_000_000_000_000, offset_s: 0 };
    let bans = open_bans(&desk.data()).unwrap();
    for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"] {
        assert!(bans.is_banned(address.parse().unwrap(), now), "{address}");
    }
    assert!(!bans.is_banned("10.0.0.4".parse().unwrap(), now));
    let rows = BanFile::open(&desk.data(), |_| true).unwrap().1;
    assert!(rows.len() == 4 && rows.iter().all(|row| row.reason == "imported from LanTalk"), "{rows:?}");
}

#[test]
fn what_export_writes_is_read_from_its_first_line_on() {
    let line = |id: u64| format!(r#"{{"id":{id},"at":"2026-11-21T08:00:00Z","room":"ops","user":"bob","text":"hi"}}"#);
    let lines = |count: u64| (1..=count).map(|id| line(id) + "\n").collect::<String>();
    let desk = Desk::with(&lines(7));
    assert_eq!(desk.import().unwrap(), "Messages imported: 7; there already: 0.\n");
    // Of messages there may be more than what is read as a whole.
    desk.put(&lines(100));
    assert_eq!(desk.import().unwrap(), "Messages imported: 93; there already: 7.\n");
    desk.put(&format!("{}\nbad\n", line(101)));
    let why = desk.import().unwrap_err();
    assert!(why.starts_with("importing ") && why.contains("old.json: line 2 is no message of an export"), "{why}");
}

#[test]
fn what_nobody_knows_is_refused_and_nothing_begun() {
    let large = format!(r#"["{}"]"#, "x".repeat(4_000));
    for (content, says) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("<html>", "it is not JSON (expected value at line 1 column 1)"),
        ("[\"10.0.0.1\",", "it is not JSON"),
        ("null", "neither Chat77's"),
        ("[1, 2]", "neither Chat77's"),
        ("{\"users\": 5}", "neither Chat77's"),
        (&large, "more than 4000 bytes"),
        (r#"{"version":1,"bans":[]}"#, "this server's own bans.json"),
        (r#"{"version":2,"accounts":[]}"#, "this server's own accounts.json"),
    ] {
        let desk = Desk::with(content);
        let why = desk.import().unwrap_err();
        assert!(why.contains(says) && why.contains("old.json"), "{content}: {why}");
        assert!(!desk.data().exists(), "{content}");
    }
    let desk = Desk::with("[]");
    fs::remove_file(desk.file()).unwrap();
    assert!(desk.import().unwrap_err().contains("old.json: No such file"));
}

#[test]
fn nothing_is_imported_while_a_server_has_the_folder() {
    let desk = Desk::with(r#"["10.0.0.1"]"#);
    let _server = LockFile::take(&desk.data()).unwrap();
    let why = desk.import().unwrap_err();
    assert!(why.starts_with("another landline-server (process ") && why.contains("already runs"), "{why}");
    assert!(!desk.data().join("bans.json").exists());
}
