//! The file: permissions, versions, foreign files, kills and damage.

use super::*;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};

/// Returns a store on a copy of the files as they are now, as a kill of the first store would leave them.
pub(super) fn killed(store: &Store) -> Store {
    let (messages, lost, folder) = {
        let folder = tempfile::tempdir().unwrap();
        for name in ["messages.db", "messages.db-wal"] {
            fs::copy(store.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
        (messages, lost, folder)
    };
    Store { folder, messages, lost }
}

fn refused(folder: &Path) -> String {
    open(folder, Retention::Forever, &Limits::default()).unwrap_err().to_string()
}

fn clean(folder: &Path) -> i64 {
    meta::meta(&schema::open_to_read(folder).unwrap(), "clean").unwrap()
}

#[test]
fn files_are_private_and_stop_leaves_one() {
    let store = Store::new();
    store.say(1, "a", "x");
    store.messages.wait_for_stored(false).unwrap();
    for entry in fs::read_dir(store.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
    store.messages.stop();
    let names: Vec<_> = fs::read_dir(store.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["messages.db"]);
}

#[test]
fn stopping_closes_the_file_cleanly() {
    let store = Store::new();
    assert_eq!(clean(store.folder.path()), 0);
    store.say(1, "a", "x");
    store.messages.stop();
    assert_eq!(clean(store.folder.path()), 1);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
}

#[test]
fn a_kill_loses_no_stored_message() {
    let store = Store::new();
    for id in 1..=300 {
        store.say(id, "a", "tea");
    }
    store.messages.wait_for_stored(false).unwrap();
    let after = killed(&store);
    assert_eq!(after.found("bob", &["a"], "tea").len(), 100);
    assert_eq!(after.messages.highest_id(), 300);
}

#[test]
fn foreign_files_are_refused_and_left() {
    let sqlite = |application: u32| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch(&format!("PRAGMA application_id = {application}; CREATE TABLE t (a)")).unwrap();
        drop(other);
        fs::read(path).unwrap()
    };
    let files = [(b"hello".to_vec(), "not a SQLite database"), (vec![b'x'; 5_000], "not a SQLite database")];
    let databases = [(sqlite(0), "another program"), (sqlite(77), "another program")];
    for (content, why) in files.into_iter().chain(databases) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.db");
        fs::write(&path, &content).unwrap();
        let text = refused(folder.path());
        assert!(text.contains("messages.db is not a file of this server") && text.contains(why), "{text}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_newer_version_is_refused() {
    let store = Store::new();
    store.run(|connection| connection.pragma_update(None, "user_version", 5).unwrap());
    store.messages.stop();
    let text = refused(store.folder.path());
    assert!(text.contains("messages.db has version 5, which this server does not know (its own is 4)"), "{text}");
    let text = export(store.folder.path(), None, &mut Vec::new()).unwrap_err().to_string();
    assert!(text.contains("has version 5"), "{text}");
}

#[test]
fn an_older_version_is_backed_up_and_migrated() {
    let store = Store::new();
    store.say(1, "a", "old");
    store.messages.stop();
    let newer = [&schema::MIGRATIONS[..], &["ALTER TABLE message ADD COLUMN edited INTEGER;"]].concat();
    fs::write(store.folder.path().join(".landline-messages.tmp"), "left by a kill").unwrap();
    let upgraded = schema::open_version(&store.path(), &newer).unwrap();
    let edited: Option<i64> = upgraded.query_row("SELECT edited FROM message", [], |row| row.get(0)).unwrap();
    assert_eq!(edited, None);
    drop(upgraded);
    assert!(refused(store.folder.path()).contains("has version 5"));

    let backup = store.folder.path().join("messages.db.v4.bak");
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    fs::rename(backup, store.path()).unwrap();
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
    assert_eq!(store.found("bob", &["a"], "old"), [1]);
}

#[test]
fn a_failed_migration_changes_nothing() {
    let store = Store::new();
    store.messages.stop();
    let newer = [&schema::MIGRATIONS[..], &["CREATE TABLE extra (a); SELECT nonsense;"]].concat();
    assert!(schema::open_version(&store.path(), &newer).is_err());
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'";
    let connection = schema::open_to_read(store.folder.path()).unwrap();
    assert_eq!(connection.query_row(tables, [], |row| row.get::<_, i64>(0)), Ok(0));
}

/// Overwrites the file except its first two pages.
fn damage(store: &Store) {
    let file = fs::OpenOptions::new().write(true).open(store.path()).unwrap();
    let len = file.metadata().unwrap().len();
    file.write_all_at(&vec![0x55; (len - 8_192) as usize], 8_192).unwrap();
}

#[test]
fn damage_is_found_after_a_kill_and_the_file_is_left_unchanged() {
    let store = Store::new();
    (1..=500).for_each(|id| store.say(id, "a", &"word ".repeat(20)));
    store.messages.stop();
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    meta::set_meta(&connection, "clean", 0).unwrap();
    drop(connection);
    damage(&store);
    let before = fs::read(store.path()).unwrap();
    let text = refused(store.folder.path());
    assert!(text.contains("messages.db is damaged (") && text.contains("move it away"), "{text}");
    assert_eq!(fs::read(store.path()).unwrap(), before);
}

#[test]
fn damage_while_running_fails_requests_only() {
    let store = Store::new();
    (1..=500).for_each(|id| store.say(id, "a", &"word ".repeat(20)));
    let store = store.reopen(Retention::Forever);
    damage(&store);
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let recalled = store.messages.read_history(&viewer, Range::Last(500));
    assert!(matches!(recalled, Err(HistoryError::Failed(_))), "{recalled:?}");
    assert!(matches!(store.enqueue(900, "alice", "bob", "hello"), Err(MailboxError::NotStored(_))));
}

#[test]
fn a_damaged_index_is_rebuilt() {
    let store = Store::new();
    (1..=50).for_each(|id| store.say(id, "a", "tea"));
    store.messages.stop();
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    connection.execute_batch("UPDATE found_data SET block = zeroblob(30) WHERE id > 10").unwrap();
    meta::set_meta(&connection, "clean", 0).unwrap();
    drop(connection);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.found("bob", &["a"], "tea").len(), 50);
}

#[test]
fn an_empty_file_is_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("messages.db"), "").unwrap();
    open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let text = refused(Path::new("/nowhere/at/all"));
    assert!(text.starts_with("cannot open /nowhere/at/all/messages.db"), "{text}");
}
