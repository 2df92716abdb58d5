//! Messages that wait for people who are away.

use super::*;

fn settle(store: &Store, receiver: &str, ids: &[u64], delivered: bool) {
    store.messages.settle(&NameKey::of(receiver), ids.to_vec(), delivered);
}

#[test]
fn what_waits_comes_once_and_in_order() {
    let store = Store::new();
    for (id, from, to) in [(3, "alice", "bob"), (1, "12", "bob"), (2, "alice", "carol"), (4, "bob", "bob")] {
        store.post(id, from, to, "hello").unwrap();
    }
    assert_eq!(store.collect("bob"), [1, 3, 4]);
    assert_eq!(store.collect("bob"), [] as [u64; 0], "they are on their way");
    assert_eq!(store.collect("carol"), [2]);
    assert_eq!(store.collect("dave"), [] as [u64; 0]);
}

#[test]
fn letters_say_who_wrote_what_when() {
    let store = Store::new();
    store.post(9, "alice", "bob", "hello").unwrap();
    let (give, letters) = bounded(1);
    store.messages.collect(&NameKey::of("Bob"), 100, Box::new(move |found| give.send(found).is_ok()));
    let letter = QueuedMessage { id: 9, at: at(9), from: "alice".into(), text: "hello".into() };
    assert_eq!(letters.recv_timeout(SOON).unwrap(), [letter]);
}

#[test]
fn delivered_letters_are_gone_and_others_wait_again() {
    let store = Store::new();
    for id in 1..=3 {
        store.post(id, "alice", "bob", "hello").unwrap();
    }
    assert_eq!(store.collect("bob"), [1, 2, 3]);
    settle(&store, "bob", &[2], true);
    settle(&store, "bob", &[3], false);
    settle(&store, "carol", &[1], true);
    assert_eq!(store.collect("bob"), [3]);
    let store = store.again(Retention::Forever);
    assert_eq!(store.collect("bob"), [1, 3], "what was on its way at the end waits again");
}

#[test]
fn letters_that_are_not_taken_wait_again_before_anybody_else_asks() {
    let store = Store::new();
    store.post(1, "alice", "bob", "hello").unwrap();
    let (give, letters) = bounded(1);
    let refuse = move |found: Vec<QueuedMessage>| give.send(found.len()).is_err();
    store.messages.collect(&NameKey::of("bob"), 100, Box::new(refuse));
    assert_eq!(store.collect("bob"), [1]);
    assert_eq!(letters.recv_timeout(SOON).unwrap(), 1);
}

#[test]
fn mail_survives_a_kill() {
    let store = Store::new();
    store.post(1, "alice", "bob", "hello").unwrap();
    store.post(2, "alice", "bob", "again").unwrap();
    assert_eq!(store.collect("bob"), [1, 2]);
    settle(&store, "bob", &[1], true);
    store.messages.wait_for_stored(false).unwrap();
    let after = files::killed(&store);
    assert_eq!(after.collect("bob"), [2]);
    assert_eq!(after.ids("bob", &[], Range::Last(9)), [1, 2], "posts are history as well");
}

#[test]
fn mailboxes_are_bounded() {
    let mut limits = Limits::default();
    for (name, value) in [("mail-per-receiver", 4), ("mail-per-sender", 2), ("mail-total", 6)] {
        limits.set(name, value).unwrap();
    }
    let store = Store::with(Retention::Forever, &limits);
    let mut id = 0;
    let mut post = |from: &str, to: &str| {
        id += 1;
        store.post(id, from, to, "hello")
    };
    assert_eq!((post("alice", "bob"), post("alice", "bob")), (Ok(()), Ok(())));
    assert_eq!(post("alice", "bob"), Err(MailboxError::SenderFull));
    assert_eq!((post("12", "bob"), post("13", "bob")), (Ok(()), Ok(())));
    assert_eq!(post("14", "bob"), Err(MailboxError::ReceiverFull));
    assert_eq!((post("alice", "carol"), post("bob", "carol")), (Ok(()), Ok(())));
    let full = post("alice", "dave").unwrap_err().to_string();
    assert!(full.starts_with("too many messages wait"), "{full}");
    assert_eq!(store.ids("alice", &[], Range::Last(9)), [1, 2, 7], "what does not wait is no history");
    assert_eq!(store.collect("bob").len(), 4);
    settle(&store, "bob", &[1, 2, 4, 5], true);
    assert_eq!(store.post(100, "alice", "dave", "hello"), Ok(()));
}

#[test]
fn an_id_that_is_taken_is_refused() {
    let store = Store::new();
    store.post(1, "alice", "bob", "hello").unwrap();
    assert!(matches!(store.post(1, "alice", "carol", "hello"), Err(MailboxError::NotStored(_))));
    assert_eq!(store.collect("bob"), [1]);
}
