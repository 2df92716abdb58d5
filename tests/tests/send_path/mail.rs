//! A direct message to a user who signs out, and perhaps signs in new_peer_there, while the message is being delivered.

use crate::rig::{Peer, Rig};
use landline_common::command::Command;
use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, MessageChange, NewMessages,
    Page, QueuedMessage, Range,
};
use landline_common::{NameKey, OffsetDateTime, Rendering, RoomKey, RoomName, UserName};
use landline_server::fanout::DisconnectReason;
use landline_server::hub::{Hub, MailHandler, Session, SignInOptions, SignInRequest, Storage, Tag};
use landline_server::rules_record::RulesRecord;
use landline_tests::NullStorage;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A storage with a mailbox. It runs `meanwhile` between the hub's lookup of an online receiver and the delivery.
#[derive(Default)]
struct MailboxStorage {
    letters: Arc<Mutex<Vec<QueuedMessage>>>,
    /// Threads that hand out letters, since the thread that asks may hold locks.
    threads: Mutex<Vec<JoinHandle<()>>>,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for MailboxStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MailboxStorage").field(&self.letters).finish()
    }
}

impl Storage for MailboxStorage {
    fn rules(&self) -> Option<RulesRecord> {
        None
    }

    fn store_rules(&self, _: &mut dyn FnMut() -> RulesRecord) -> Result<(), String> {
        Ok(())
    }

    fn room_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn wait_for_capacity(&self) -> bool {
        true
    }
    fn store_talk(&self, _: &NewMessages<'_>, _: &mut dyn Iterator<Item = &str>) {}
    fn store_direct(&self, _: &DirectMessage<'_>) {
        let meanwhile = self.meanwhile.lock().take();
        if let Some(action) = meanwhile {
            action();
        }
    }
    fn enqueue_mail(&self, _: &DirectMessage<'_>) -> Result<(), MailboxError> {
        Err(MailboxError::ReceiverFull)
    }
    fn requeue_mail(&self, direct: &DirectMessage<'_>) {
        let DirectMessage { id, at, from, text, .. } = *direct;
        self.letters.lock().push(QueuedMessage { id, at, from: from.0.into(), text: text.into() });
    }
    fn fetch_mail(&self, _: &NameKey, _: usize, then: MailHandler) {
        let all = self.letters.clone();
        let thread = thread::spawn(move || {
            let letters = std::mem::take(&mut *all.lock());
            if !then(letters.clone()) {
                all.lock().extend(letters);
            }
        });
        self.threads.lock().push(thread);
    }
    fn acknowledge_mail(&self, _: &NameKey, _: Vec<u64>, _: bool) {}
    fn read_history(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        NullStorage.read_history(viewer, range)
    }
    fn search(
        &self,
        viewer: &HistoryReader<'_>,
        words: &str,
        old_peer: Option<u64>,
        most: usize,
    ) -> Result<Page, HistoryError> {
        NullStorage.search(viewer, words, old_peer, most)
    }
    fn transfer_direct_messages(&self, _: &HistoryOwner, _: &HistoryOwner) {}

    fn change_messages(&self, change: MessageChange, now: OffsetDateTime) -> Result<u64, HistoryError> {
        NullStorage.change_messages(change, now)
    }
    fn changes(
        &self,
        viewer: &HistoryReader<'_>,
        last_id: u64,
        most: usize,
    ) -> Result<Vec<ChangedMessage>, HistoryError> {
        NullStorage.changes(viewer, last_id, most)
    }
    fn delete_direct_messages(&self, party: &HistoryOwner) -> Result<u64, HistoryError> {
        NullStorage.delete_direct_messages(party)
    }
    fn read_marker(&self, _: &NameKey, _: &RoomKey) -> Result<Option<u64>, HistoryError> {
        Ok(None)
    }
    fn set_read_marker(&self, _: &NameKey, _: &RoomKey, _: u64) {}
    fn newest_nonces(&self, _: usize) -> Vec<(String, String, u64)> {
        Vec::new()
    }

    fn account_name(&self, name: &NameKey) -> Option<UserName> {
        UserName::parse(name.as_str()).ok()
    }
    fn had_account(&self, _: &NameKey, _: OffsetDateTime) -> bool {
        true
    }
    fn block_list(&self, _: &NameKey) -> Vec<UserName> {
        Vec::new()
    }
    fn store_block_list(&self, _: &NameKey, _: &[UserName]) -> Result<(), String> {
        Ok(())
    }
    fn last_seen(&self, _: &NameKey) -> Option<OffsetDateTime> {
        None
    }

    fn seen_since(&self, _: OffsetDateTime) -> Vec<UserName> {
        Vec::new()
    }
}

fn sign_in(hub: &Arc<Hub>, name: &str, peer: &Peer) -> Session {
    let claim = hub.reserve(UserName::parse(name).expect("a name")).expect("a free name");
    let newcomer = SignInRequest {
        outbox: peer.outbox.clone(),
        rendering: Rendering::Text,
        account: true,
        room: RoomName::lobby(),
        address: "".into(),
        options: SignInOptions::default(),
    };
    hub.sign_in(claim, newcomer, OffsetDateTime::default()).unwrap()
}

#[test]
fn direct_message_reaches_the_next_session_or_the_mailbox() {
    for signs_in_again in [true, false] {
        let rig = Rig::new(|_| {});
        let storage = Arc::new(MailboxStorage::default());
        let hub = Hub::new(
            "Landline",
            "http://10.0.0.1:8080".into(),
            &rig.limits,
            &rig.flushers,
            &rig.poller,
            storage.clone(),
            1,
        );
        let alice_peer = rig.peer();
        let old_peer = rig.peer();
        let mut new_peer = rig.peer();
        let mut alice = sign_in(&hub, "alice", &alice_peer);
        let bob = sign_in(&hub, "bob", &old_peer);
        let hub_there = hub.clone();
        let new_session = Arc::new(Mutex::new(None));
        let outbox = old_peer.outbox.clone();
        let stored_session = new_session.clone();
        let socket = new_peer.socket.try_clone();
        let new_peer_there = Peer { outbox: new_peer.outbox.clone(), socket: socket.expect("a socket") };
        *storage.meanwhile.lock() = Some(Box::new(move || {
            drop(bob);
            outbox.disconnect(DisconnectReason::Broken);
            *stored_session.lock() = signs_in_again.then(|| sign_in(&hub_there, "bob", &new_peer_there));
        }));
        alice.perform(Command::Message { to: "bob", text: "hi" }, Tag::default(), OffsetDateTime::default());
        let threads = std::mem::take(&mut *storage.threads.lock());
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        if signs_in_again {
            let heard = new_peer.so_far();
            assert!(heard.starts_with("AUTH_SUCCESS\n200 ") && heard.ends_with("] alice: hi\n"), "{heard}");
        }
        assert_eq!(storage.letters.lock().len(), usize::from(!signs_in_again), "letters for an offline receiver");
        new_session.lock().take();
    }
}
