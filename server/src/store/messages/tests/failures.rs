//! A disk that is full, callbacks that panic, a queue that is full, the end.

use super::*;
use std::time::Instant;

/// Lets the file grow by no more than a few pages, as a full disk would.
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
fn a_full_disk_costs_what_was_said_meanwhile_and_nothing_else() {
    let store = Store::new();
    let long = "word ".repeat(400);
    store.say(1, "a", "before");
    store.post(2, "alice", "bob", "waits").unwrap();
    assert_eq!(store.collect("bob"), [2]);
    fill_disk(&store);
    let texts = vec![long.as_str(); 30];
    let said = NewMessages { first_id: 10, at: at(10), room: Some("new"), user: "carol", client: 5, nonces: &[] };
    store.messages.keep(&said, &mut texts.into_iter());
    store.direct(50, "dave", "bob", &long);
    let refused = store.post(51, "alice", "bob", &long.repeat(20)).unwrap_err().to_string();
    assert!(refused.contains("could not be stored (database or disk is full)"), "{refused}");
    let mut lost = vec![store.lost.recv_timeout(SOON).unwrap(), store.lost.recv_timeout(SOON).unwrap()];
    lost.sort_unstable();
    assert_eq!(lost, [(5, 30), (7, 1)]);
    assert_eq!(store.ids("bob", &["a", "new"], Range::Last(9)), [1, 2], "what is stored can be read");

    free_disk(&store);
    store.say_as("carol", 60, "new", "after");
    store.direct(61, "dave", "bob", "after");
    store.post(62, "alice", "bob", "after").unwrap();
    assert_eq!(store.ids("bob", &["a", "new"], Range::Last(9)), [1, 2, 60, 61, 62]);
    assert_eq!(store.found("bob", &["new"], "after"), [62, 61, 60]);
    assert_eq!(store.collect("bob"), [62], "the first is still on its way");
    assert!(store.lost.is_empty());
}

#[test]
fn where_little_is_free_only_mail_is_stored() {
    let store =
        Store::with(Retention::Forever, &Limits { disk_free_bytes: u64::MAX, disk_free_part: 1, ..Limits::default() });
    let said = NewMessages { first_id: 1, at: at(1), room: Some("a"), user: "carol", client: 5, nonces: &[] };
    store.messages.keep(&said, &mut ["one", "two"].into_iter());
    store.say(3, "*", "three");
    store.direct(4, "dave", "bob", "four");
    store.post(5, "alice", "bob", "five").unwrap();
    let lost: Vec<_> = (0..3).map(|_| store.lost.recv_timeout(SOON).unwrap()).collect();
    assert_eq!(lost, [(5, 2), (7, 1), (7, 1)]);
    assert_eq!(store.collect("bob"), [5]);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [] as [u64; 0]);
    assert!(store.lost.is_empty());
}

#[test]
fn letters_that_could_not_be_deleted_do_not_come_again() {
    let store = Store::new();
    store.post(1, "alice", "bob", "once").unwrap();
    assert_eq!(store.collect("bob"), [1]);
    store.run(|connection| connection.pragma_update(None, "query_only", true).unwrap());
    store.messages.settle(&NameKey::of("bob"), vec![1], true);
    assert_eq!(store.collect("bob"), [] as [u64; 0]);
    store.run(|connection| connection.pragma_update(None, "query_only", false).unwrap());
    store.say(2, "a", "x");
    assert_eq!(store.collect("bob"), [] as [u64; 0]);
    assert_eq!(store.again(Retention::Forever).collect("bob"), [] as [u64; 0], "deleted with the next group");
}

#[test]
fn an_id_that_is_taken_costs_that_message_only() {
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
fn a_panic_of_whoever_is_told_does_not_end_the_storage() {
    let store = Store::new();
    store.messages.collect(&NameKey::of("bob"), 100, Box::new(|_| panic!("on purpose")));
    store.say(1, "a", "x");
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
}

/// Keeps the storage thread busy until what is returned is dropped.
fn stall(store: &Store) -> crossbeam_channel::Sender<()> {
    let (go, wait) = bounded::<()>(0);
    let (tell, started) = bounded(1);
    let stall = move |_: &rusqlite::Connection| {
        tell.send(()).unwrap();
        let _ = wait.recv();
    };
    store.messages.queue.push(Item::Run(Box::new(stall)));
    started.recv_timeout(SOON).unwrap();
    go
}

#[test]
fn a_full_queue_makes_speakers_wait_and_never_grows_beyond_its_bound() {
    let mut limits = Limits::default();
    limits.set("store-pending-bytes", 64 << 10).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let go = stall(&store);
    assert!(store.messages.make_room());
    let text = "x".repeat(1 << 10);
    (1..=300).for_each(|id| store.say(id, "a", &text));
    let start = Instant::now();
    assert!(!store.messages.make_room(), "full");
    assert!(start.elapsed() >= ROOM_TIME);
    assert!(matches!(store.post(400, "alice", "bob", "x"), Err(MailboxError::NotStored(_))));
    drop(go);
    assert!(store.messages.make_room(), "room again");
    let (client, lost) = store.lost.recv_timeout(SOON).unwrap();
    let kept = store.ids("bob", &["a"], Range::Last(500)).len() as u64;
    assert_eq!((client, lost + kept), (7, 300));
    assert!((100..150).contains(&kept), "{kept}");
}

#[test]
fn somebody_who_waits_for_room_gets_it_at_once() {
    let mut limits = Limits::default();
    limits.set("store-pending-bytes", 64 << 10).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let go = stall(&store);
    (1..=100).for_each(|id| store.say(id, "a", &"x".repeat(1 << 10)));
    let start = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.messages.make_room());
        drop(go);
        assert!(waiting.join().unwrap());
    });
    assert!(start.elapsed() < ROOM_TIME);
}

#[test]
fn after_the_end_everything_is_answered() {
    let store = Store::new();
    store.say(1, "a", "x");
    store.messages.stop();
    store.messages.stop();
    store.say(2, "a", "x");
    store.direct(3, "alice", "bob", "x");
    store.messages.settle(&NameKey::of("bob"), vec![1], true);
    store.messages.set_mark(&NameKey::of("bob"), "a", 1);
    store.messages.collect(&NameKey::of("bob"), 100, Box::new(|_| panic!("never called")));
    assert!(!store.messages.make_room());
    assert!(matches!(store.post(4, "alice", "bob", "x"), Err(MailboxError::NotStored(_))));
    assert_eq!(store.messages.forget(&party("bob")), Err(stopped()));
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    assert_eq!(store.messages.recall(&viewer, Range::Last(1)), Err(stopped()));
    let store = store.again(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1], "what was said before the end is stored");
}

#[test]
fn the_end_stores_what_waits() {
    let store = Store::new();
    let go = stall(&store);
    (1..=100).for_each(|id| store.say(id, "a", "x"));
    drop(go);
    let store = store.again(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(500)).len(), 100);
}
