//! Deletion and transfer of direct messages, retention, and the limit of the size.

use super::*;
use std::time::{Instant, SystemTime};

/// Asserts that the index agrees with the messages and has all of them.
pub(super) fn assert_index(store: &Store) {
    store.messages.wait_for_stored(true).unwrap();
    store.run(|connection| {
        connection.execute("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)", []).unwrap();
    });
}

#[test]
fn deletion_removes_sent_messages_and_hides_received_ones() {
    let store = Store::new();
    store.direct(1, "alice", "bob", "tea sent");
    store.direct(2, "bob", "alice", "tea got");
    store.direct(3, "bob", "carol", "tea of others");
    store.direct(4, "alice", "alice", "tea alone");
    store.say(5, "a", "tea in a room");
    store.enqueue(6, "alice", "bob", "tea that waits").unwrap();
    assert_eq!(store.found("alice", &["a"], "tea"), [6, 5, 4, 2, 1]);
    assert_eq!(store.messages.delete_direct_messages(&party("alice")), Ok(4));
    assert_eq!(store.found("alice", &["a"], "tea"), [5]);
    assert_eq!(store.ids("alice", &["a"], Range::Last(9)), [5]);
    assert_eq!(store.found("bob", &[], "tea"), [3, 2]);
    assert_eq!(store.ids("bob", &[], Range::Last(9)), [2, 3]);
    assert_eq!(store.fetch("bob"), [6], "mail still waits");
    assert_index(&store);

    store.direct(7, "bob", "alice", "tea after that");
    assert_eq!(store.found("alice", &[], "tea"), [7]);
    assert_eq!(store.messages.delete_direct_messages(&party("alice")), Ok(1));
    assert_eq!(store.found("alice", &[], "tea"), [] as [u64; 0]);
    assert_eq!(store.messages.delete_direct_messages(&party("bob")), Ok(3));
    assert_eq!(store.found("carol", &[], "tea"), [] as [u64; 0], "removed for both sides");
    assert_eq!(store.messages.delete_direct_messages(&party("nobody")), Ok(0));
    assert_index(&store);
}

#[test]
fn the_sender_still_sees_messages_that_the_receiver_deleted() {
    let store = Store::new();
    store.direct(1, "bob", "alice", "tea");
    store.messages.delete_direct_messages(&party("alice")).unwrap();
    let alice = party("alice");
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &[], blocked: &[], only: HistoryFilter::With(&alice) };
    assert_eq!(ids(&store.messages.read_history(&viewer, Range::Last(9)).unwrap()), [1]);
    assert_eq!(ids(&store.messages.search(&viewer, "tea", None, 9).unwrap()), [1]);
    let viewer = HistoryReader { address: "", party: &alice, only: HistoryFilter::With(&bob), ..viewer };
    assert_eq!(ids(&store.messages.read_history(&viewer, Range::Last(9)).unwrap()), [] as [u64; 0]);
}

#[test]
fn a_guests_messages_become_the_accounts_unless_it_has_some() {
    let store = Store::new();
    let guest = HistoryOwner::Guest(9);
    let account = party("alice");
    let bob = party("bob");
    let seen = |viewer: &HistoryOwner, with: &HistoryOwner| {
        let viewer =
            HistoryReader { address: "", party: viewer, rooms: &[], blocked: &[], only: HistoryFilter::With(with) };
        let found = ids(&store.messages.search(&viewer, "tea", None, 9).unwrap());
        (ids(&store.messages.read_history(&viewer, Range::Last(9)).unwrap()), found)
    };
    let direct = |id, guest: &HistoryOwner| {
        let from = ("alice", guest);
        let to = ("bob", &bob);
        let at = ago(0);
        let text = "tea";
        store.messages.store_direct(&DirectMessage { id, at, from, to, text, client: 0, nonce: None });
    };
    direct(1, &guest);
    store.messages.transfer_direct_messages(&guest, &account);
    store.direct(2, "alice", "bob", "tea of the account");
    assert_eq!(seen(&account, &bob), (vec![1, 2], vec![2, 1]));
    assert_eq!(seen(&bob, &account), (vec![1, 2], vec![2, 1]));
    let other = HistoryOwner::Guest(10);
    direct(3, &other);
    store.messages.transfer_direct_messages(&other, &account);
    assert_eq!(seen(&account, &bob).0, [1, 2], "messages of an earlier user of that name");
    assert_eq!(seen(&other, &bob).0, [3]);
    assert_index(&store);
}

fn ago(days: i64) -> OffsetDateTime {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    OffsetDateTime { unix_ms: now - days * 86_400_000 - 60_000, offset_s: 0 }
}

fn say_at(store: &Store, id: u64, user: &str, room: &str, days_ago: i64) {
    let at = ago(days_ago);
    store.messages.store_talk(
        &NewMessages { first_id: id, at, room: Some(room), user, client: 0, nonces: &[] },
        &mut ["tea"].into_iter(),
    );
}

/// Waits until the number of stored messages is `expected`.
pub(super) fn wait_for_count(store: &Store, expected: i64) {
    let deadline = Instant::now() + SOON;
    loop {
        let (sender, counted) = bounded(1);
        store.run(move |connection| {
            let count = connection.query_row("SELECT count(*) FROM message", [], |row| row.get::<_, i64>(0));
            sender.send(count.unwrap()).unwrap();
        });
        let found = counted.recv().unwrap();
        if found == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found} messages");
    }
}

#[test]
fn messages_beyond_the_retention_are_removed_at_the_start() {
    let store = Store::new();
    for id in 1..=2_500 {
        say_at(&store, id, "alice", "old", 40);
    }
    say_at(&store, 2_501, "bob", "old", 31);
    say_at(&store, 2_502, "bob", "new", 29);
    say_at(&store, 2_503, "carol", "new", 31);
    let alice = party("alice");
    let bob = party("bob");
    let mail = DirectMessage { at: ago(40), ..direct(2_504, ("alice", &alice), ("bob", &bob), "waits") };
    store.messages.enqueue_mail(&mail).unwrap();
    let store = store.reopen(Retention::Days(30));
    wait_for_count(&store, 1);
    assert_eq!(store.ids("bob", &["old", "new"], Range::Last(9)), [2_502]);
    assert_eq!(store.found("bob", &["old", "new"], "tea"), [2_502]);
    assert_eq!(store.fetch("bob"), [2_504], "mail is not history");
    assert_index(&store);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.messages.highest_id(), 2_504);
}

#[test]
fn unused_names_are_removed() {
    let store = Store::new();
    say_at(&store, 1, "alice", "old", 40);
    // More than an hour after the first one, as ids count microseconds.
    say_at(&store, 4_000_000_000, "bob", "new", 1);
    let store = store.reopen(Retention::Days(30));
    wait_for_count(&store, 1);
    say_at(&store, 4_000_000_001, "alice", "old", 0);
    let store = store.reopen(Retention::Days(30));
    assert_eq!(store.ids("carol", &["old", "new"], Range::Last(9)), [4_000_000_000, 4_000_000_001]);
    let (sender, names) = bounded(1);
    store.run(move |connection| {
        let sql = "SELECT group_concat(shown, ' ') FROM (SELECT shown FROM circle UNION ALL SELECT shown FROM author)";
        sender.send(connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()).unwrap();
    });
    assert_eq!(names.recv().unwrap(), " new old alice bob");
}

#[test]
fn retention_forever_removes_nothing() {
    let store = Store::new();
    say_at(&store, 1, "alice", "a", 20_000);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
}

#[test]
fn the_size_limit_removes_the_oldest_messages_and_no_mail() {
    let most = 3 << 20;
    let store = Store::with(Retention::Forever, &Limits { history_bytes: most, ..Limits::default() });
    store.enqueue(1, "alice", "bob", "waits").unwrap();
    store.say_as("carol", 2, "a", "the first");
    let text = "some words that are said often, and some that are not ".repeat(4);
    let size = || std::fs::metadata(store.path()).unwrap().len();
    let mut id = 3;
    let mut largest = 0;
    while id < 40_000 {
        let texts = (id..id + 500).map(|id| format!("{id} {text}")).collect::<Vec<_>>();
        while !store.messages.wait_for_capacity() {}
        let said = NewMessages { first_id: id, at: at(id), room: Some("a"), user: "alice", client: 7, nonces: &[] };
        store.messages.store_talk(&said, &mut texts.iter().map(String::as_str));
        store.messages.wait_for_stored(true).unwrap();
        id += 500;
        largest = largest.max(size());
    }
    // Messages of the latest call are stored before the oldest ones are removed.
    assert!(largest < most + most / 4, "{largest}");
    assert_eq!(store.ids("bob", &["a"], Range::Last(1)), [id - 1]);
    assert_index(&store);
    assert_eq!(store.found("bob", &["a"], "first"), [] as [u64; 0]);
    assert_eq!(store.found("bob", &["a"], &format!("{}", id - 1)), [id - 1]);
    let kept = count(&store);
    assert!((1_500..6_000).contains(&kept), "{kept}");
    assert_eq!(store.fetch("bob"), [1]);
    assert_index(&store);
    assert!(store.lost.is_empty());

    // With a lower limit, the next start shrinks the file itself.
    store.messages.stop();
    for _ in 0..2 {
        let limits = Limits { history_bytes: most / 2, ..Limits::default() };
        let (messages, _lost) = open(store.folder.path(), Retention::Forever, &limits).unwrap();
        messages.wait_for_stored(false).unwrap();
        let deadline = Instant::now() + SOON;
        // Pruning continues between two measurements.
        while is_too_large(&messages, most / 2) {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        messages.stop();
    }
    assert!(size() <= most / 2, "{}", size());
}

fn is_too_large(messages: &Messages, most: u64) -> bool {
    let (sender, told) = bounded(1);
    let look = move |connection: &rusqlite::Connection| {
        let sql = "SELECT (page_count - freelist_count) * page_size
                   FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
        sender.send(connection.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap()).unwrap();
    };
    messages.queue.push(Job::Run(Box::new(look)));
    told.recv_timeout(SOON).unwrap() > most
}

fn count(store: &Store) -> i64 {
    let (sender, told) = bounded(1);
    store.run(move |connection| {
        sender.send(connection.query_row("SELECT count(*) FROM message", [], |row| row.get(0)).unwrap()).unwrap();
    });
    told.recv_timeout(SOON).unwrap()
}
