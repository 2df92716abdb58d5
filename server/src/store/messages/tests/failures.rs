//! Failures: a full disk, panics of callbacks, a full queue, and stopping.

use super::mail::acknowledge;
use super::*;
use std::time::Instant;

/// Lets the file grow by only two pages of SQLite, like a full disk.
fn fill_disk(store: &Store) {
    store.run(|connection| {
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 2), [], |_| Ok(())).unwrap();
    });
}

fn free_disk(store: &Store) {
    store.run(|connection| connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap());
}

#[test]
fn a_full_disk_loses_only_the_messages_sent_meanwhile() {
    let store = Store::new();
    let long = "word ".repeat(400);
    store.say(1, "a", "before");
    store.enqueue(2, "alice", "bob", "waits").unwrap();
    assert_eq!(store.fetch("bob"), [2]);
    fill_disk(&store);
    let texts = vec![long.as_str(); 30];
    let said = NewMessages { first_id: 10, at: at(10), room: Some("new"), user: "carol", client: 5, nonces: &[] };
    store.messages.store_talk(&said, &mut texts.into_iter());
    store.direct(50, "dave", "bob", &long);
    let refused = store.enqueue(51, "alice", "bob", &long.repeat(20)).unwrap_err().to_string();
    assert_eq!(refused, "database or disk is full");
    let mut lost = vec![store.lost.recv_timeout(SOON).unwrap(), store.lost.recv_timeout(SOON).unwrap()];
    lost.sort_unstable();
    assert_eq!(lost, [(5, 30), (7, 1)]);
    assert_eq!(store.ids("bob", &["a", "new"], Range::Last(9)), [1, 2], "stored messages can be read");

    free_disk(&store);
    store.say_as("carol", 60, "new", "after");
    store.direct(61, "dave", "bob", "after");
    store.enqueue(62, "alice", "bob", "after").unwrap();
    assert_eq!(store.ids("bob", &["a", "new"], Range::Last(9)), [1, 2, 60, 61, 62]);
    assert_eq!(store.found("bob", &["new"], "after"), [62, 61, 60]);
    assert_eq!(store.fetch("bob"), [62], "the first message is still in flight");
    assert!(store.lost.is_empty());
}

#[test]
fn on_a_nearly_full_disk_only_mail_is_stored() {
    let store =
        Store::with(Retention::Forever, &Limits { disk_free_bytes: u64::MAX, disk_free_part: 1, ..Limits::default() });
    let said = NewMessages { first_id: 1, at: at(1), room: Some("a"), user: "carol", client: 5, nonces: &[] };
    store.messages.store_talk(&said, &mut ["one", "two"].into_iter());
    store.say(3, "*", "three");
    store.direct(4, "dave", "bob", "four");
    store.enqueue(5, "alice", "bob", "five").unwrap();
    let lost: Vec<_> = (0..3).map(|_| store.lost.recv_timeout(SOON).unwrap()).collect();
    assert_eq!(lost, [(5, 2), (7, 1), (7, 1)]);
    assert_eq!(store.fetch("bob"), [5]);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [] as [u64; 0]);
    assert!(store.lost.is_empty());
}

#[test]
fn delivered_mail_whose_deletion_failed_is_not_fetched_again() {
    let store = Store::new();
    store.enqueue(1, "alice", "bob", "once").unwrap();
    assert_eq!(store.fetch("bob"), [1]);
    store.run(|connection| connection.pragma_update(None, "query_only", true).unwrap());
    acknowledge(&store, "bob", &[1], true);
    assert_eq!(store.fetch("bob"), [] as [u64; 0]);
    store.run(|connection| connection.pragma_update(None, "query_only", false).unwrap());
    store.say(2, "a", "x");
    assert_eq!(store.fetch("bob"), [] as [u64; 0]);
    assert_eq!(store.reopen(Retention::Forever).fetch("bob"), [] as [u64; 0], "the next group deletes it");
}

#[test]
fn a_panic_while_storing_does_not_lose_the_deletion_of_delivered_mail() {
    for stop_at_once in [false, true] {
        let store = Store::new();
        store.enqueue(1, "alice", "bob", "once").unwrap();
        assert_eq!(store.fetch("bob"), [1]);
        store.run(|connection| connection.pragma_update(None, "query_only", true).unwrap());
        acknowledge(&store, "bob", &[1], true);
        // The group of the panic must be the next one, since any group deletes the mail.
        let unblock = block_storage(&store, |connection| connection.pragma_update(None, "query_only", false).unwrap());
        store.say(2, "a", "panic-in-storage");
        drop(unblock);
        assert_eq!(store.lost.recv_timeout(SOON), Ok((7, 1)));
        if !stop_at_once {
            store.say(3, "a", "x");
            assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1, 3]);
        }
        assert_eq!(store.reopen(Retention::Forever).fetch("bob"), [] as [u64; 0], "stop_at_once={stop_at_once}");
    }
}

#[test]
fn a_failed_deletion_of_a_mailbox_is_reported_and_changes_nothing() {
    let store = Store::new();
    for id in [1, 2] {
        store.enqueue(id, "alice", "bob", "hello").unwrap();
    }
    store.run(|connection| connection.pragma_update(None, "query_only", true).unwrap());
    assert!(matches!(store.messages.delete_account(&NameKey::of("bob")), Err(HistoryError::Failed(_))));
    assert_eq!(store.fetch("bob"), [1, 2]);
}

#[test]
fn a_duplicate_id_loses_only_that_message() {
    let store = Store::new();
    store.say(1, "a", "first");
    store.say(1, "a", "second");
    store.say(2, "a", "third");
    store.say(u64::MAX, "a", "far");
    assert_eq!(store.ids("bob", &["a"], Range::Last(2)).first(), Some(&2));
    assert_eq!(store.lost.recv_timeout(SOON), Ok((7, 1)));
    assert_eq!(store.found("bob", &["a"], "second"), [] as [u64; 0]);
}

#[test]
fn a_panic_of_a_mail_handler_does_not_end_the_storage_thread() {
    let store = Store::new();
    store.messages.fetch_mail(&NameKey::of("bob"), 100, Box::new(|_| panic!("on purpose")));
    store.say(1, "a", "x");
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
}

/// Runs `run` on the storage thread, and then blocks the thread until the returned sender is dropped.
fn block_storage(
    store: &Store,
    run: impl FnOnce(&rusqlite::Connection) + Send + 'static,
) -> crossbeam_channel::Sender<()> {
    let (unblock, blocked) = bounded::<()>(0);
    let (sender, started) = bounded(1);
    let block = move |connection: &rusqlite::Connection| {
        run(connection);
        sender.send(()).unwrap();
        let _ = blocked.recv();
    };
    store.messages.queue.push(Job::Run(Box::new(block)));
    started.recv_timeout(SOON).unwrap();
    unblock
}

#[test]
fn a_full_queue_makes_authors_wait_and_stays_bounded() {
    let mut limits = Limits::default();
    limits.set("store-pending-bytes", 64 << 10).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let unblock = block_storage(&store, |_| ());
    assert!(store.messages.wait_for_capacity());
    let text = "x".repeat(1 << 10);
    (1..=300).for_each(|id| store.say(id, "a", &text));
    let start = Instant::now();
    assert!(!store.messages.wait_for_capacity(), "full");
    assert!(start.elapsed() >= CAPACITY_TIMEOUT);
    assert!(matches!(store.enqueue(400, "alice", "bob", "x"), Err(MailboxError::NotStored(_))));
    drop(unblock);
    assert!(store.messages.wait_for_capacity(), "there is capacity again");
    let (client, lost) = store.lost.recv_timeout(SOON).unwrap();
    let kept = store.ids("bob", &["a"], Range::Last(500)).len() as u64;
    assert_eq!((client, lost + kept), (7, 300));
    assert!((100..150).contains(&kept), "{kept}");
}

#[test]
fn a_waiting_author_continues_as_soon_as_there_is_capacity() {
    let mut limits = Limits::default();
    limits.set("store-pending-bytes", 64 << 10).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let unblock = block_storage(&store, |_| ());
    (1..=100).for_each(|id| store.say(id, "a", &"x".repeat(1 << 10)));
    let start = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.messages.wait_for_capacity());
        drop(unblock);
        assert!(waiting.join().unwrap());
    });
    assert!(start.elapsed() < CAPACITY_TIMEOUT);
}

#[test]
fn after_a_stop_every_call_returns() {
    let store = Store::new();
    store.say(1, "a", "x");
    store.messages.stop();
    store.messages.stop();
    store.say(2, "a", "x");
    store.direct(3, "alice", "bob", "x");
    acknowledge(&store, "bob", &[1], true);
    store.messages.set_read_marker(&NameKey::of("bob"), "a", 1);
    store.messages.fetch_mail(&NameKey::of("bob"), 100, Box::new(|_| panic!("never called")));
    assert!(!store.messages.wait_for_capacity());
    assert!(matches!(store.enqueue(4, "alice", "bob", "x"), Err(MailboxError::NotStored(_))));
    assert_eq!(store.messages.delete_direct_messages(&party("bob")), Err(stopping_error()));
    assert_eq!(store.messages.delete_account(&NameKey::of("bob")), Err(stopping_error()));
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    assert_eq!(store.messages.read_history(&viewer, Range::Last(1)), Err(stopping_error()));
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1], "messages from before the stop are stored");
}

#[test]
fn stop_stores_pending_messages() {
    let store = Store::new();
    let unblock = block_storage(&store, |_| ());
    (1..=100).for_each(|id| store.say(id, "a", "x"));
    drop(unblock);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(500)).len(), 100);
}
