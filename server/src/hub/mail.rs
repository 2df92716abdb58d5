//! Delivers the mailbox of an account to its online user, page by page.
//!
//! The mailbox holds direct messages for an account that was offline or whose connection broke. Deleting a message too
//! early loses it; deleting it too late delivers it twice.
//!
//! Invariant: a message leaves the mailbox only when its delivery is confirmed. The next page is requested after that,
//! so that a killed server repeats at most about a page.
//!
//! | client | delivery is confirmed by | next page |
//! |---|---|---|
//! | acknowledges | its `ack` of each message's `seq` | after the `ack` of the page's last message |
//! | other | the page's receipt: the kernel has taken its last byte | with the receipt |
//!
//! Example: 40 messages wait for alice. She signs in, and the greeting goes out together with 32 of them. With the
//! receipt these are deleted, and the other 8 go out. If the connection breaks before the second receipt, the 8 stay in
//! the mailbox. If alice is back by then, her new connection found them fetched, and so gets them now
//! ([`Hub::redeliver_if_back`]).
//!
//! All pages pass through the storage thread, which keeps their order. Not here: storing messages
//! ([`super::Storage::enqueue_mail`]), and events that are not mail ([`super::deliveries`]).

use super::deliveries::SendOutcome;
use super::replay::Unsettled;
use super::{Hub, User};
use crate::fanout::Receipt;
use crossbeam_channel::RecvTimeoutError;
use landline_common::history::QueuedMessage;
use landline_common::{EventKind, Rendering};
use std::sync::Arc;
use std::time::Duration;

/// Messages in a page. A page fits into a client's backlog.
const PAGE: usize = 32;
/// Messages in a page for an unframed client, which gets one message every 30 ms.
const UNFRAMED_PAGE: usize = 8;
/// Longest wait for the storage thread to send a page. After it, the caller continues and the page follows later.
const STORAGE_TIMEOUT: Duration = Duration::from_secs(5);

impl Hub {
    /// Releases the user's held outbox: first the greeting, then the first page of mail, then everything pushed since.
    /// Returns when this is queued.
    pub(super) fn greet(self: &Arc<Self>, user: &Arc<User>, greeting: Vec<u8>) {
        if !user.is_account() {
            return user.outbox.release(&greeting, None);
        }
        let mut first_bytes = greeting.clone();
        let sent = self.send_first_page(user, move |hub, user, messages| {
            if user.sends_acks() {
                user.outbox.release(&first_bytes, None);
                return hub.send_page(user, messages);
            }
            user.with_rendering(|rendering| {
                let receipt = hub.write_page(user, rendering, messages, &mut first_bytes);
                user.outbox.release(&first_bytes, receipt);
            });
        });
        if sent == Err(StorageEnded) {
            user.outbox.release(&greeting, None);
        }
    }

    /// Delivers the user's mail. Returns when the first page is queued.
    pub(super) fn deliver_mail(self: &Arc<Self>, user: &Arc<User>) {
        // After the end of the storage there is no mail to deliver.
        let _ = self.send_first_page(user, Hub::send_page);
    }

    /// Calls `send` with the next page on the storage thread, and waits for it up to [`STORAGE_TIMEOUT`].
    ///
    /// # Errors
    /// The storage has ended: `send` is never called.
    fn send_first_page(
        self: &Arc<Self>,
        user: &Arc<User>,
        send: impl FnOnce(&Arc<Hub>, &Arc<User>, Vec<QueuedMessage>) + Send + 'static,
    ) -> Result<(), StorageEnded> {
        let (done, wait) = crossbeam_channel::bounded(1);
        let hub = self.clone();
        let receiver = user.clone();
        let handler = move |messages| {
            send(&hub, &receiver, messages);
            let _ = done.send(());
            true
        };
        self.storage.fetch_mail(user.name.key(), page_size(user.rendering()), Box::new(handler));
        match wait.recv_timeout(STORAGE_TIMEOUT) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(StorageEnded),
        }
    }

    /// Sends a page unless it is empty.
    fn send_page(self: &Arc<Self>, user: &Arc<User>, messages: Vec<QueuedMessage>) {
        let Some(messages) = self.send_acknowledged(user, messages) else { return };
        user.with_rendering(|rendering| {
            let mut bytes = Vec::new();
            if let Some(receipt) = self.write_page(user, rendering, messages, &mut bytes) {
                user.outbox.push_with_receipt(&bytes, receipt);
            }
        });
    }

    /// Sends messages that the client acknowledges one by one. Returns the messages to send with a receipt instead,
    /// because the client does not acknowledge; `None` if there are none.
    fn send_acknowledged(
        self: &Arc<Self>,
        user: &Arc<User>,
        messages: Vec<QueuedMessage>,
    ) -> Option<Vec<QueuedMessage>> {
        let mut unsent = Vec::new();
        let mut undelivered = Vec::new();
        for message in messages {
            let kind = EventKind::Direct {
                id: message.id,
                from: (&*message.from).into(),
                text: (&*message.text).into(),
                kept: true,
            };
            match user.send_numbered(kind.at(message.at), Unsettled::Mail(message.id), &self.limits) {
                SendOutcome::Buffered(displaced) => self.apply_settled(user.name.key(), displaced),
                SendOutcome::NotAcknowledging => unsent.push(message),
                SendOutcome::NoConnection => undelivered.push(message.id),
            }
        }
        if !undelivered.is_empty() {
            self.storage.acknowledge_mail(user.name.key(), undelivered, false);
            self.redeliver_if_back(user);
        }
        (!unsent.is_empty()).then_some(unsent)
    }

    /// Renders a page. Returns its receipt, which deletes the messages and requests the next page; `None` for an empty
    /// page.
    fn write_page(
        self: &Arc<Self>,
        user: &Arc<User>,
        rendering: Rendering,
        messages: Vec<QueuedMessage>,
        out: &mut Vec<u8>,
    ) -> Option<Receipt> {
        for QueuedMessage { id, at, from, text } in &messages {
            let from = (&**from).into();
            let text = (&**text).into();
            rendering.write(&EventKind::Direct { id: *id, from, text, kept: true }.at(*at), &self.limits, out);
        }
        let ids: Vec<u64> = messages.iter().map(|message| message.id).collect();
        if ids.is_empty() {
            return None;
        }
        // Computed here: the receipt is called under the outbox's lock, which ranks above the rendering's.
        let size = page_size(rendering);
        let hub = self.clone();
        let receiver = user.clone();
        Some(Box::new(move |delivered: bool| {
            hub.storage.acknowledge_mail(receiver.name.key(), ids, delivered);
            if delivered {
                hub.request_next_page(receiver, size);
            } else {
                hub.redeliver_if_back(&receiver);
            }
        }))
    }

    /// Requests the next page for a client that has acknowledged one. Never waits.
    pub(super) fn request_mail_after_ack(self: &Arc<Self>, user: Arc<User>) {
        self.request_next_page(user, PAGE);
    }

    /// Requests the next page, of `size` messages at most, which the storage thread sends. Never waits: receipts call
    /// it under the outbox's lock.
    fn request_next_page(self: &Arc<Self>, user: Arc<User>, size: usize) {
        let hub = self.clone();
        let receiver = user.clone();
        let handler = move |messages| {
            hub.send_page(&receiver, messages);
            true
        };
        self.storage.fetch_mail(user.name.key(), size, Box::new(handler));
    }

    /// Sends undelivered mail to a user who has left and signed in again. The new sign-in may have found an empty
    /// mailbox because the old connection had fetched the mail. Never waits: receipts call it under the outbox's lock.
    pub(super) fn redeliver_if_back(self: &Arc<Self>, user: &User) {
        if !user.has_left() {
            return;
        }
        let hub = self.clone();
        let name = user.name.key().clone();
        let handler = move |messages| {
            let online = hub.registry().online(&name);
            if let Some(user) = &online {
                hub.send_page(user, messages);
            }
            online.is_some()
        };
        self.storage.fetch_mail(user.name.key(), UNFRAMED_PAGE, Box::new(handler));
    }
}

/// The storage thread has ended, at the server's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StorageEnded;

fn page_size(rendering: Rendering) -> usize {
    if rendering.is_unframed() { UNFRAMED_PAGE } else { PAGE }
}
