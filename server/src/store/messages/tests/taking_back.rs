//! Messages that are taken back or changed.

use super::super::{export, import, schema};
use super::storing::{assert_index, wait_for_count};
use super::{SOON, Store, at, party};
use crate::store::messages::Retention;
use landline_common::history::{ChangedMessage, HistoryError, HistoryFilter, HistoryReader, MessageChange, Range};
use landline_common::{Limits, NameKey};
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

const ROOM: &str = "ops";

fn remove(store: &Store, ids: &[u64]) -> Result<u64, HistoryError> {
    let change = MessageChange::Remove { ids: ids.to_vec(), by: "alice".into() };
    store.messages.change_messages(change, at(1_000).unix_ms)
}

fn edit(store: &Store, id: u64, text: &str) -> Result<u64, HistoryError> {
    store.messages.change_messages(MessageChange::Edit { id, text: text.into() }, at(2_000).unix_ms)
}

/// Reads the changes that a client is told which has received up to `last_id`.
fn changes(store: &Store, last_id: u64, blocked: &[NameKey]) -> Vec<ChangedMessage> {
    let party = party("bob");
    let only = HistoryFilter::Room(ROOM);
    let viewer = HistoryReader { address: "", party: &party, rooms: &[ROOM], blocked, only };
    store.messages.changes(&viewer, last_id, 3).unwrap()
}

fn texts(store: &Store) -> Vec<(u64, String, bool)> {
    let party = party("bob");
    let only = HistoryFilter::Everything;
    let viewer = HistoryReader { address: "", party: &party, rooms: &[ROOM], blocked: &[], only };
    let page = store.messages.read_history(&viewer, Range::Last(9)).unwrap();
    page.entries.into_iter().map(|entry| (entry.id, entry.text.into_string(), entry.edited)).collect()
}

fn exported(store: &Store) -> String {
    let mut out = Vec::new();
    export(store.folder.path(), None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn removed_message_is_in_no_history_search_or_export() {
    let store = Store::new();
    for indexed in [false, true] {
        let first = if indexed { 11 } else { 1 };
        store.say(first, ROOM, "tea kettle");
        store.say(first + 1, ROOM, "tea pot");
        if indexed {
            assert_eq!(store.found("bob", &[ROOM], "kettle"), [11]);
        }
        assert_eq!(remove(&store, &[first]), Ok(1));
        assert!(!store.ids("bob", &[ROOM], Range::Last(9)).contains(&first));
        assert_eq!(store.found("bob", &[ROOM], "kettle"), [0; 0], "a whole word");
        assert_eq!(store.found("bob", &[ROOM], "ettl"), [0; 0], "a part of a word");
        assert!(!exported(&store).contains("kettle") && exported(&store).contains("tea pot"));
        assert_eq!(remove(&store, &[first]), Ok(0), "it is removed already");
        assert_eq!(edit(&store, first, "back again"), Ok(0));
        assert_index(&store);
    }
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &[ROOM], Range::Last(9)), [2, 12]);
    assert_index(&store);
}

#[test]
fn changed_message_has_the_new_text_everywhere_and_a_mark() {
    let store = Store::new();
    for indexed in [false, true] {
        let id = if indexed { 2 } else { 1 };
        store.say(id, ROOM, "tea kettle");
        if indexed {
            assert_eq!(store.found("bob", &[ROOM], "kettle"), [2]);
        }
        assert_eq!(edit(&store, id, "coffee Straße"), Ok(1));
        assert_eq!(store.found("bob", &[ROOM], "kettle"), [0; 0]);
        assert_eq!(store.found("bob", &[ROOM], "STRAẞE").first(), Some(&id));
        assert_index(&store);
    }
    store.say(3, ROOM, "unchanged");
    let coffee = || "coffee Straße".to_owned();
    let expected = [(1, coffee(), true), (2, coffee(), true), (3, "unchanged".to_owned(), false)];
    assert_eq!(texts(&store), expected);
    let exported = exported(&store);
    assert_eq!(exported.matches("\"edited\":true").count(), 2, "{exported}");
    store.messages.stop();
    let other = Store::new();
    other.messages.stop();
    import(other.folder.path(), &mut Cursor::new(exported)).unwrap();
    assert_eq!(texts(&other.reopen(Retention::Forever)), expected);
}

#[test]
fn direct_messages_cannot_be_taken_back() {
    let store = Store::new();
    store.direct(1, "alice", "bob", "for you");
    assert_eq!(remove(&store, &[1, 99]), Ok(0));
    assert_eq!(edit(&store, 1, "for all"), Ok(0));
    assert_eq!(texts(&store), [(1, "for you".to_owned(), false)]);
}

#[test]
fn client_that_was_away_is_told_the_newest_changes_since_its_last_message() {
    let store = Store::new();
    for id in 1..=6 {
        store.say_as(if id == 2 { "eve" } else { "alice" }, id, ROOM, "tea");
    }
    store.say(7, "attic", "tea");
    assert_eq!(remove(&store, &[1, 2, 7]), Ok(3));
    assert_eq!(edit(&store, 3, "coffee"), Ok(1));
    let seen = |last_id, blocked: &[NameKey]| {
        let changes = changes(&store, last_id, blocked);
        changes.into_iter().map(|change| (change.entry.id, change.removed_by.map(String::from))).collect::<Vec<_>>()
    };
    let by_alice = || Some("alice".to_owned());
    assert_eq!(seen(6, &[]), [(1, by_alice()), (2, by_alice()), (3, None)]);
    assert_eq!(seen(2, &[]), [(1, by_alice()), (2, by_alice())], "the client gets the later ones as they are now");
    assert_eq!(seen(6, &[NameKey::of("eve")]), [(1, by_alice()), (3, None)]);
    store.say(1_500, ROOM, "after the removals");
    assert_eq!(seen(1_500, &[]), [(3, None)], "told before");
    for id in [4, 5] {
        assert_eq!(edit(&store, id, "coffee"), Ok(1));
    }
    assert_eq!(seen(6, &[]), [(3, None), (4, None), (5, None)], "the newest three");
    let store = store.reopen(Retention::Forever);
    let told = changes(&store, 6, &[]);
    assert_eq!(told.len(), 3);
    assert_eq!((&*told[0].entry.text, told[0].entry.edited), ("coffee", true));
}

/// Returns the names of the files in the data folder that contain a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let has_text = |path: &Path| fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes());
    let found = entries.filter(|entry| has_text(&entry.path()));
    found.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Waits until no file in the data folder contains a text.
fn wait_until_in_no_file(folder: &Path, text: &str) {
    let deadline = Instant::now() + SOON;
    while let found = files_with(folder, text)
        && !found.is_empty()
    {
        assert!(Instant::now() < deadline, "{text:?} is in {found:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Stores messages with long texts and short ones, some in the index of the search, and removes them in each way.
fn remove_zebras_and_quaggas(store: &Store) {
    let long = |animal: &str| format!("{animal} one two three four five ").repeat(60);
    let zebras = [long("zebra"), "zebra".to_owned()];
    for id in 1..=6 {
        store.say(id, ROOM, &zebras[id as usize % 2]);
    }
    store.direct(7, "alice", "bob", &long("quagga"));
    assert_eq!(store.found("alice", &[ROOM], "five").len(), 4);
    store.say(8, ROOM, "zebra that is in no index");
    store.say(9, ROOM, "other words");
    assert_eq!(remove(store, &[1, 2, 3, 8]), Ok(4));
    for id in 4..=6 {
        assert_eq!(edit(store, id, "horse"), Ok(1));
    }
    assert_eq!(store.messages.delete_direct_messages(&party("alice")), Ok(1));
}

/// Waits until no file in the data folder contains what was removed. Single words of direct messages stay in the index.
fn wait_until_gone(folder: &Path) {
    wait_until_in_no_file(folder, "zebra");
    wait_until_in_no_file(folder, "quagga one");
}

#[test]
fn removed_text_is_soon_in_no_file() {
    let store = Store::new();
    remove_zebras_and_quaggas(&store);
    assert!(!files_with(store.folder.path(), "zebra").is_empty(), "no earlier pages: the test checks nothing");
    wait_until_gone(store.folder.path());
    assert_eq!(store.found("bob", &[ROOM], "horse"), [6, 5, 4]);
    assert_index(&store);
    store.messages.stop();
    wait_until_gone(store.folder.path());
}

#[test]
fn removed_text_goes_when_the_last_reader_of_an_earlier_state_ends() {
    let store = Store::new();
    store.say(1, ROOM, "zebra");
    store.ids("bob", &[ROOM], Range::Last(9));
    let reader = schema::open_to_read(store.folder.path()).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    let count =
        || reading.query_row("SELECT count(*) FROM message WHERE text = 'zebra'", [], |row| row.get::<_, i64>(0));
    assert_eq!(count(), Ok(1));
    assert_eq!(remove(&store, &[1]), Ok(1));
    store.say(2, ROOM, "horse");
    store.wait_until_stored();
    assert_eq!(count(), Ok(1), "an export reads one state");
    drop(reading);
    wait_until_in_no_file(store.folder.path(), "zebra");
}

#[test]
fn text_that_was_removed_before_a_kill_is_soon_in_no_file() {
    let killed = tempfile::tempdir().unwrap();
    let store = Store::new();
    remove_zebras_and_quaggas(&store);
    for name in ["messages.db", "messages.db-wal"] {
        fs::copy(store.folder.path().join(name), killed.path().join(name)).unwrap();
    }
    assert!(!files_with(killed.path(), "zebra").is_empty(), "no earlier pages: the test checks nothing");
    let (messages, _) = super::open(killed.path(), Retention::Forever, &Limits::default()).unwrap();
    wait_until_gone(killed.path());
    messages.stop();
}

#[test]
fn pruning_removes_messages_that_were_taken_back() {
    let store = Store::new();
    for id in 1..=3 {
        store.say(id, ROOM, "tea");
    }
    store.found("bob", &[ROOM], "tea");
    assert_eq!(remove(&store, &[2]), Ok(1));
    store.messages.stop();
    let store = store.reopen(Retention::Days(1));
    wait_for_count(&store, 0);
    assert_index(&store);
}

#[test]
fn file_of_the_version_before_is_migrated() {
    let store = Store::new();
    store.messages.stop();
    let path = store.path();
    std::fs::remove_file(&path).unwrap();
    let old = schema::open_version(&path, &schema::MIGRATIONS[..3]).unwrap();
    let sql = "INSERT INTO author VALUES (1, 'alice', 'alice', 9); INSERT INTO circle VALUES (2, 1, 'ops', 'ops', 9);
               INSERT INTO message VALUES (5, 0, 0, 2, 1, NULL, NULL, 0, 'tea kettle');";
    old.execute_batch(sql).unwrap();
    drop(old);
    let store = store.reopen(Retention::Forever);
    assert_eq!(texts(&store), [(5, "tea kettle".to_owned(), false)]);
    assert_eq!(remove(&store, &[5]), Ok(1));
    assert_eq!(texts(&store), []);
    assert_index(&store);
}

#[test]
fn without_a_history_nothing_is_changed() {
    let store = Store::new();
    store.messages.stop();
    let store = store.reopen(Retention::Off);
    assert_eq!(remove(&store, &[1]), Err(HistoryError::Off));
}
