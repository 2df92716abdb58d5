//! Nonces: stored with their messages, found after a restart, and old ones removed.

use super::*;
use std::fs;

fn say(store: &Store, first_id: u64, texts: &[&str], nonces: &[(usize, &str)]) {
    let said = NewMessages { first_id, at: at(first_id), room: Some("a"), user: "Alice", client: 7, nonces };
    store.messages.keep(&said, &mut texts.iter().copied());
}

fn stored(store: &Store) -> Vec<(String, String, u64)> {
    store.messages.wait_for_stored(false).unwrap();
    store.messages.nonces(100).unwrap()
}

fn of_alice(nonce: &str, id: u64) -> (String, String, u64) {
    (NameKey::of("alice").as_str().to_owned(), nonce.to_owned(), id)
}

#[test]
fn a_nonce_is_stored_with_its_message_and_comes_back_with_it() {
    let store = Store::new();
    say(&store, 10, &["one", "two", "three"], &[(0, "n10"), (2, "n12")]);
    let (alice, bob) = (party("alice"), party("bob"));
    let letter = direct(20, ("alice", &alice), ("bob", &bob), "hi");
    store.messages.keep_direct(&DirectMessage { nonce: Some("n20"), ..letter });
    store.messages.post(&DirectMessage { id: 21, nonce: Some("n21"), ..letter }).unwrap();
    store.direct(22, "alice", "bob", "without");
    let store = store.again(Retention::Forever);
    let all = [of_alice("n10", 10), of_alice("n12", 12), of_alice("n20", 20), of_alice("n21", 21)];
    assert_eq!(stored(&store), all);
    assert_eq!(store.messages.nonces(2).unwrap(), all[2..], "the newest");
    let viewer =
        HistoryReader { address: "", party: &alice, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let page = store.messages.recall(&viewer, Range::Last(9)).unwrap();
    let nonces: Vec<Option<&str>> = page.entries.iter().map(|entry| entry.nonce.as_deref()).collect();
    assert_eq!(nonces, [Some("n10"), None, Some("n12"), Some("n20"), Some("n21"), None]);
}

#[test]
fn a_nonce_counts_once_for_each_author() {
    let store = Store::new();
    say(&store, 1, &["one"], &[(0, "n")]);
    say(&store, 2, &["two"], &[(0, "n")]);
    let (bob, alice) = (party("bob"), party("alice"));
    store
        .messages
        .keep_direct(&DirectMessage { nonce: Some("n"), ..direct(3, ("bob", &bob), ("alice", &alice), "hi") });
    assert_eq!(stored(&store).iter().map(|(_, _, id)| *id).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(store.ids("alice", &["a"], Range::Last(9)), [1, 2, 3], "both messages are there all the same");
}

#[test]
fn with_no_room_on_the_disk_words_and_nonces_stay_apart() {
    let store = Store::new();
    say(&store, 1, &["one"], &[(0, "n1")]);
    say(&store, 2, &["two"], &[]);
    assert_eq!(store.ids("alice", &["a"], Range::Last(9)), [1, 2]);
}

#[test]
fn only_the_newest_nonces_are_kept() {
    let store = Store::new();
    for id in 1..=5 {
        say(&store, id, &["x"], &[(0, &format!("n{id}"))]);
    }
    assert_eq!(stored(&store).len(), 5);
    store.messages.stop();
    let (messages, _lost) =
        open(store.folder.path(), Retention::Forever, &Limits { nonces: 2, ..Limits::default() }).unwrap();
    let deadline = std::time::Instant::now() + SOON;
    while messages.nonces(100).unwrap().len() > 2 {
        // Work wakes the thread, which tidies behind it.
        messages.wait_for_stored(false).unwrap();
        assert!(std::time::Instant::now() < deadline);
    }
    assert_eq!(messages.nonces(100).unwrap(), [of_alice("n4", 4), of_alice("n5", 5)]);
}

#[test]
fn a_database_of_the_version_before_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = schema::path(folder.path());
    drop(schema::open_version(&path, &schema::MIGRATIONS[..1]).unwrap());
    let (messages, _lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let store = Store { folder, messages, lost: crossbeam_channel::never() };
    say(&store, 1, &["one"], &[(0, "n1")]);
    assert_eq!(stored(&store), [of_alice("n1", 1)]);
    assert!(fs::exists(store.folder.path().join("messages.db.v1.bak")).unwrap());
}
