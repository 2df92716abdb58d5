//! Nonces: stored with their messages, read after a restart, and removed when old.

use super::*;
use std::fs;

fn say(store: &Store, first_id: u64, texts: &[&str], nonces: &[(usize, &str)]) {
    let said = NewMessages { first_id, at: at(first_id), room: Some("a"), user: "Alice", client: 7, nonces };
    store.messages.store_talk(&said, &mut texts.iter().copied());
}

fn stored(store: &Store) -> Vec<(String, String, u64)> {
    store.messages.wait_for_stored(false).unwrap();
    store.messages.newest_nonces(100).unwrap()
}

fn of_alice(nonce: &str, id: u64) -> (String, String, u64) {
    (NameKey::of("alice").as_str().to_owned(), nonce.to_owned(), id)
}

#[test]
fn nonces_are_stored_and_returned_with_their_messages() {
    let store = Store::new();
    say(&store, 10, &["one", "two", "three"], &[(0, "n10"), (2, "n12")]);
    let alice = party("alice");
    let bob = party("bob");
    let mail = direct(20, ("alice", &alice), ("bob", &bob), "hi");
    store.messages.store_direct(&DirectMessage { nonce: Some("n20"), ..mail });
    store.messages.enqueue_mail(&DirectMessage { id: 21, nonce: Some("n21"), ..mail }).unwrap();
    store.direct(22, "alice", "bob", "without");
    let store = store.reopen(Retention::Forever);
    let all = [of_alice("n10", 10), of_alice("n12", 12), of_alice("n20", 20), of_alice("n21", 21)];
    assert_eq!(stored(&store), all);
    assert_eq!(store.messages.newest_nonces(2).unwrap(), all[2..], "the newest");
    let viewer =
        HistoryReader { address: "", party: &alice, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let page = store.messages.read_history(&viewer, Range::Last(9)).unwrap();
    let nonces: Vec<Option<&str>> = page.entries.iter().map(|entry| entry.nonce.as_deref()).collect();
    assert_eq!(nonces, [Some("n10"), None, Some("n12"), Some("n20"), Some("n21"), None]);
}

#[test]
fn a_repeated_nonce_of_an_author_is_ignored() {
    let store = Store::new();
    say(&store, 1, &["one"], &[(0, "n")]);
    say(&store, 2, &["two"], &[(0, "n")]);
    let bob = party("bob");
    let alice = party("alice");
    store
        .messages
        .store_direct(&DirectMessage { nonce: Some("n"), ..direct(3, ("bob", &bob), ("alice", &alice), "hi") });
    assert_eq!(stored(&store).iter().map(|(_, _, id)| *id).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(store.ids("alice", &["a"], Range::Last(9)), [1, 2, 3], "both messages are stored");
}

#[test]
fn a_message_whose_id_is_stored_already_leaves_no_nonce() {
    let store = Store::new();
    store.say_as("Bob", 2, "a", "first");
    say(&store, 1, &["one", "two", "three"], &[(0, "n1"), (1, "n2"), (2, "n3")]);
    let (alice, bob) = (party("alice"), party("bob"));
    let repeated = direct(3, ("alice", &alice), ("bob", &bob), "hi");
    store.messages.store_direct(&DirectMessage { nonce: Some("n4"), ..repeated });
    assert_eq!(stored(&store), [of_alice("n1", 1), of_alice("n3", 3)]);
    assert_eq!(store.lost.iter().take(2).collect::<Vec<_>>(), [(7, 1), (7, 1)]);
}

#[test]
fn messages_with_and_without_nonces_in_one_group_are_stored() {
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
    while messages.newest_nonces(100).unwrap().len() > 2 {
        // A job wakes the storage thread, which then does maintenance.
        messages.wait_for_stored(false).unwrap();
        assert!(std::time::Instant::now() < deadline);
    }
    assert_eq!(messages.newest_nonces(100).unwrap(), [of_alice("n4", 4), of_alice("n5", 5)]);
}

#[test]
fn deleting_an_account_deletes_its_read_markers_and_nonces_and_no_others() {
    let store = Store::new();
    say(&store, 1, &["one"], &[(0, "n1")]);
    store.messages.store_talk(
        &NewMessages { first_id: 2, at: at(2), room: Some("a"), user: "Bob", client: 8, nonces: &[(0, "n2")] },
        &mut ["two"].into_iter(),
    );
    let (alice, bob) = (NameKey::of("alice"), NameKey::of("bob"));
    store.messages.set_read_marker(&alice, "a", 1);
    store.messages.set_read_marker(&bob, "a", 2);
    store.messages.delete_account(&alice).unwrap();
    assert_eq!(stored(&store), [(bob.as_str().to_owned(), "n2".to_owned(), 2)]);
    assert_eq!(store.messages.read_marker(&alice, "a").unwrap(), None);
    assert_eq!(store.messages.read_marker(&bob, "a").unwrap(), Some(2));
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1, 2], "the talk stays");
}

#[test]
fn a_database_of_version_1_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = schema::path(folder.path());
    drop(schema::open_version(&path, &schema::MIGRATIONS[..1]).unwrap());
    let (messages, _lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let store = Store { folder, messages, lost: crossbeam_channel::never() };
    say(&store, 1, &["one"], &[(0, "n1")]);
    assert_eq!(stored(&store), [of_alice("n1", 1)]);
    assert!(fs::exists(store.folder.path().join("messages.db.v1.bak")).unwrap());
}
