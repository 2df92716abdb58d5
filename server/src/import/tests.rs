//! Tests of imports: results, reports, and refused files.

use super::*;
use crate::store::{Accounts, BanFile};
use crate::store_backend::open_bans;
use landline_common::{NameKey, OffsetDateTime};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a file to import, and a data folder that does not exist yet.
struct ImportFolder {
    temp: TempDir,
}

impl ImportFolder {
    fn with(content: &str) -> ImportFolder {
        let folder = ImportFolder { temp: tempfile::tempdir().unwrap() };
        folder.put(content);
        folder
    }

    fn put(&self, content: &str) {
        fs::write(self.file(), content).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.temp.path().join("old.json")
    }

    fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    fn limits() -> Limits {
        Limits { bcrypt_cost: 4, accounts: 3, import_bytes: 4_000, ..Limits::default() }
    }

    fn import(&self) -> Result<String, String> {
        let mut out = Vec::new();
        let done = run(&self.file(), &self.data(), &ImportFolder::limits(), &mut out);
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|e| format!("{e:#}"))
    }

    fn accepts(&self, name: &str, password: &str) -> bool {
        let account = Accounts::open(&self.data(), &ImportFolder::limits()).unwrap().find(&NameKey::of(name)).unwrap();
        bcrypt::verify(password, &account.hash).unwrap()
    }
}

#[test]
fn chat77s_users_become_accounts_with_their_passwords() {
    let folder = ImportFolder::with(
        r#"{"users": [
            {"aliase": "Bob", "password": "short", "created_at": "2025-01-02 03:04:05"},
            {"aliase": " Zoë ", "password": " pass word ", "created_at": null, "role": "x"}
        ], "connections": [{"aliase": "Bob", "ip_address": "10.0.0.1", "port": 1, "login_time": "x"}]}"#,
    );
    let report = folder.import().unwrap();
    assert!(report.starts_with("Accounts added with their Chat77 passwords: 2.\n"), "{report}");
    assert!(
        report.contains("not imported: 1.\n") && report.contains("old.json contains readable passwords"),
        "{report}"
    );
    assert!(folder.accepts("bob", "short") && folder.accepts("zoë", "pass word") && !folder.accepts("bob", "other"));
    let content = fs::read_to_string(folder.data().join("accounts.json")).unwrap();
    assert!(!content.contains("short") && content.contains("$2b$04$") && content.contains("\"2025-01-0"), "{content}");
    assert!(!folder.data().join("accounts.json.bak").exists(), "one write");
    assert!(LockFile::take(&folder.data()).is_ok(), "the lock is released");
}

#[test]
fn existing_accounts_stay_and_invalid_ones_are_listed_without_passwords() {
    let long = "x".repeat(73);
    let folder = ImportFolder::with(r#"{"users": [{"aliase": "bob", "password": "first"}]}"#);
    folder.import().unwrap();
    folder.put(&format!(
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
    let report = folder.import().unwrap();
    assert!(report.contains("passwords: 1.\n") && report.contains("left unchanged (1): BOB\n"), "{report}");
    assert!(report.contains("Not imported (11):\n"), "{report}");
    for line in [
        "  \"a b\": a name has letters, digits, _ and - only\n",
        "  \"info\": that name is reserved",
        "  \"long\": the password has more than 72 bytes, or a NUL character; it needs another one\n",
        "  \"nul\": the password has more than 72 bytes, or a NUL character; it needs another one\n",
        "  \"none\": the password is missing\n",
        "  \"number\": the password is missing\n",
        "  user 8: the alias is missing\n",
        "  \"Carol\": an earlier user in the file has this name, or one that looks like it\n",
        "  user 11: the alias is missing\n",
        "  \"\\u{1b}[2J\\u{202e}\": a name has letters",
    ] {
        assert!(report.contains(line), "{line:?} is not in {report}");
    }
    assert!(!report.contains("secret") && !report.contains("765432") && !report.contains("xxx"), "{report}");
    assert!(folder.accepts("bob", "first") && folder.accepts("carol", "fine"));
}

#[test]
fn too_many_accounts_are_refused_as_a_whole() {
    let users: Vec<_> = (0..4).map(|i| format!(r#"{{"aliase": "n{i}n", "password": "pass"}}"#)).collect();
    let folder = ImportFolder::with(&format!(r#"{{"users": [{}]}}"#, users.join(",")));
    let why = folder.import().unwrap_err();
    assert!(
        why.contains("has 4 new accounts, but the limit allows only 3 more") && why.contains("--limit accounts"),
        "{why}"
    );
    assert!(!folder.data().join("accounts.json").exists());
}

#[test]
fn a_chat77_file_without_users_imports_nothing() {
    let folder = ImportFolder::with(r#"{"connections": [{"aliase": "a", "ip_address": "b"}, {}]}"#);
    let report = folder.import().unwrap();
    assert!(report.contains("passwords: 0.\n") && report.contains("not imported: 2.\n"), "{report}");
    assert!(!report.contains("delete it"), "{report}");
}

#[test]
fn lantalks_bans_are_added_to_existing_ones() {
    let folder = ImportFolder::with(r#"["10.0.0.1", " ::ffff:10.0.0.2", "10.0.0.1", "fd00::1"]"#);
    let report = folder.import().unwrap();
    assert_eq!(report, "Addresses banned: 3; already banned: 0.\n");
    folder.put(r#"["10.0.0.1", "10.0.0.3", "0.0.0.0/0", "bob", 7]"#);
    let report = folder.import().unwrap();
    assert!(report.contains("banned: 1; already banned: 1.\n"), "{report}");
    assert!(report.contains("Not imported (3):\n  \"0.0.0.0/0\": not an IP address\n"), "{report}");
    let now = OffsetDateTime { unix_ms: 4_000_000_000_000, offset_s: 0 };
    let bans = open_bans(&folder.data()).unwrap();
    for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"] {
        assert!(bans.is_banned(address.parse().unwrap(), now), "{address}");
    }
    assert!(!bans.is_banned("10.0.0.4".parse().unwrap(), now));
    let rows = BanFile::open(&folder.data(), |_| true).unwrap().1;
    assert!(rows.len() == 4 && rows.iter().all(|row| row.reason == "imported from LanTalk"), "{rows:?}");
}

#[test]
fn an_export_is_imported_from_its_first_line_on() {
    let line = |id: u64| format!(r#"{{"id":{id},"at":"2026-11-21T08:00:00Z","room":"ops","user":"bob","text":"hi"}}"#);
    let lines = |count: u64| (1..=count).map(|id| line(id) + "\n").collect::<String>();
    let folder = ImportFolder::with(&lines(7));
    assert_eq!(folder.import().unwrap(), "Messages imported: 7; already in the history: 0.\n");
    // An export may be longer than the limit for other files.
    folder.put(&lines(100));
    assert_eq!(folder.import().unwrap(), "Messages imported: 93; already in the history: 7.\n");
    folder.put(&format!("{}\nbad\n", line(101)));
    let why = folder.import().unwrap_err();
    assert!(
        why.starts_with("cannot import ") && why.contains("old.json: line 2 is not a message of an export"),
        "{why}"
    );
}

#[test]
fn unknown_files_are_refused_before_the_data_folder_is_created() {
    let large = format!(r#"["{}"]"#, "x".repeat(4_000));
    for (content, says) in [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("<html>", "old.json: the file is not JSON: expected value at line 1 column 1"),
        ("[\"10.0.0.1\",", "the file is not JSON"),
        ("null", "neither Chat77's"),
        ("[1, 2]", "neither Chat77's"),
        ("{\"users\": 5}", "neither Chat77's"),
        (&large, "more than 4000 bytes"),
        (r#"{"version":1,"bans":[]}"#, "this server's own bans.json"),
        (r#"{"version":2,"accounts":[]}"#, "this server's own accounts.json"),
    ] {
        let folder = ImportFolder::with(content);
        let why = folder.import().unwrap_err();
        assert!(why.contains(says) && why.contains("old.json"), "{content}: {why}");
        assert!(!folder.data().exists(), "{content}");
    }
    let folder = ImportFolder::with("[]");
    fs::remove_file(folder.file()).unwrap();
    assert!(folder.import().unwrap_err().contains("old.json: No such file"));
}

#[test]
fn an_import_is_refused_while_a_server_uses_the_folder() {
    let folder = ImportFolder::with(r#"["10.0.0.1"]"#);
    let _server = LockFile::take(&folder.data()).unwrap();
    let why = folder.import().unwrap_err();
    assert!(why.starts_with("another landline-server (process ") && why.contains("already runs"), "{why}");
    assert!(!folder.data().join("bans.json").exists());
}
