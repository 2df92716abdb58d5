//! Mail for accounts that are offline.

use super::*;

pub(super) fn acknowledge(store: &Store, receiver: &str, ids: &[u64], delivered: bool) {
    store.messages.acknowledge_mail(&NameKey::of(receiver), ids.to_vec(), delivered);
}

#[test]
fn mail_is_fetched_once_and_in_order() {
    let store = Store::new();
    for (id, from, to) in [(3, "alice", "bob"), (1, "12", "bob"), (2, "alice", "carol"), (4, "bob", "bob")] {
        store.enqueue(id, from, to, "hello").unwrap();
    }
    assert_eq!(store.fetch("bob"), [1, 3, 4]);
    assert_eq!(store.fetch("bob"), [] as [u64; 0], "they are in flight");
    assert_eq!(store.fetch("carol"), [2]);
    assert_eq!(store.fetch("dave"), [] as [u64; 0]);
}

#[test]
fn mail_has_sender_text_and_time() {
    let store = Store::new();
    store.enqueue(9, "alice", "bob", "hello").unwrap();
    let (sender, mail) = bounded(1);
    store.messages.fetch_mail(&NameKey::of("Bob"), 100, Box::new(move |found| sender.send(found).is_ok()));
    let expected = QueuedMessage { id: 9, at: at(9), from: "alice".into(), text: "hello".into() };
    assert_eq!(mail.recv_timeout(SOON).unwrap(), [expected]);
}

#[test]
fn delivered_mail_is_deleted_and_undelivered_mail_is_fetched_again() {
    let store = Store::new();
    for id in 1..=3 {
        store.enqueue(id, "alice", "bob", "hello").unwrap();
    }
    assert_eq!(store.fetch("bob"), [1, 2, 3]);
    acknowledge(&store, "bob", &[2], true);
    acknowledge(&store, "bob", &[3], false);
    acknowledge(&store, "carol", &[1], true);
    assert_eq!(store.fetch("bob"), [3]);
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.fetch("bob"), [1, 3], "after a restart, mail in flight is waiting again");
}

#[test]
fn mail_that_the_handler_rejects_goes_to_the_next_fetch() {
    let store = Store::new();
    store.enqueue(1, "alice", "bob", "hello").unwrap();
    let (sender, mail) = bounded(1);
    let refuse = move |found: Vec<QueuedMessage>| sender.send(found.len()).is_err();
    store.messages.fetch_mail(&NameKey::of("bob"), 100, Box::new(refuse));
    assert_eq!(store.fetch("bob"), [1]);
    assert_eq!(mail.recv_timeout(SOON).unwrap(), 1);
}

#[test]
fn mail_survives_a_kill() {
    let store = Store::new();
    store.enqueue(1, "alice", "bob", "hello").unwrap();
    store.enqueue(2, "alice", "bob", "again").unwrap();
    assert_eq!(store.fetch("bob"), [1, 2]);
    acknowledge(&store, "bob", &[1], true);
    store.messages.wait_for_stored(false).unwrap();
    let after = files::killed(&store);
    assert_eq!(after.fetch("bob"), [2]);
    assert_eq!(after.ids("bob", &[], Range::Last(9)), [1, 2], "mail is in the history, too");
}

#[test]
fn mailboxes_are_bounded() {
    let mut limits = Limits::default();
    for (name, value) in [("mail-per-receiver", 4), ("mail-per-sender", 2), ("mail-total", 6)] {
        limits.set(name, value).unwrap();
    }
    let store = Store::with(Retention::Forever, &limits);
    let mut id = 0;
    let mut enqueue = |from: &str, to: &str| {
        id += 1;
        store.enqueue(id, from, to, "hello")
    };
    assert_eq!((enqueue("alice", "bob"), enqueue("alice", "bob")), (Ok(()), Ok(())));
    assert_eq!(enqueue("alice", "bob"), Err(MailboxError::SenderFull));
    assert_eq!((enqueue("12", "bob"), enqueue("13", "bob")), (Ok(()), Ok(())));
    assert_eq!(enqueue("14", "bob"), Err(MailboxError::ReceiverFull));
    assert_eq!((enqueue("alice", "carol"), enqueue("bob", "carol")), (Ok(()), Ok(())));
    let full = enqueue("alice", "dave").unwrap_err().to_string();
    assert!(full.starts_with("the mailboxes of this server are full"), "{full}");
    assert_eq!(store.ids("alice", &[], Range::Last(9)), [1, 2, 7], "refused mail is not in the history");
    assert_eq!(store.fetch("bob").len(), 4);
    acknowledge(&store, "bob", &[1, 2, 4, 5], true);
    assert_eq!(store.enqueue(100, "alice", "dave", "hello"), Ok(()));
}

#[test]
fn mail_with_a_duplicate_id_is_refused() {
    let store = Store::new();
    store.enqueue(1, "alice", "bob", "hello").unwrap();
    assert!(matches!(store.enqueue(1, "alice", "carol", "hello"), Err(MailboxError::NotStored(_))));
    assert_eq!(store.fetch("bob"), [1]);
}

#[test]
fn deleting_a_mailbox_deletes_waiting_and_fetched_mail() {
    // A fetch takes an eighth of this.
    let store = Store::with(Retention::Off, &Limits { backlog_bytes: 8 << 10, ..Limits::default() });
    let text = "x".repeat(500);
    for id in 1..=5 {
        store.enqueue(id, "alice", "bob", &text).unwrap();
    }
    store.enqueue(6, "alice", "carol", "hello").unwrap();
    assert_eq!(store.fetch("bob"), [1]);
    assert_eq!(store.fetch("bob"), [2]);
    store.messages.delete_account(&NameKey::of("Bob")).unwrap();
    acknowledge(&store, "bob", &[1], false);
    assert_eq!(store.fetch("bob"), [] as [u64; 0]);
    store.enqueue(7, "alice", "bob", "to the next bob").unwrap();
    assert_eq!(store.fetch("bob"), [7]);
    let store = store.reopen(Retention::Off);
    assert_eq!((store.fetch("bob"), store.fetch("carol")), (vec![7], vec![6]));
}

#[test]
fn the_id_of_deleted_mail_is_never_assigned_again() {
    let store = Store::with(Retention::Off, &Limits::default());
    store.enqueue(9, "alice", "bob", "hello").unwrap();
    store.messages.delete_account(&NameKey::of("bob")).unwrap();
    assert_eq!(store.reopen(Retention::Off).messages.highest_id(), 9);
}
