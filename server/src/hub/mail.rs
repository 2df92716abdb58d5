//! The mailbox's way to somebody who is here: page by page, each after the kernel took the one before.

use super::deliveries::Sent;
use super::replay::Unsettled;
use super::{Hub, User};
use crate::fanout::Receipt;
use crossbeam_channel::RecvTimeoutError;
use landline_common::history::QueuedMessage;
use landline_common::{EventKind, Rendering};
use std::sync::Arc;
use std::time::Duration;

/// How many messages are on their way at a time. A page fits into a client's backlog; what a killed server repeats is
/// at most one page.
const PAGE: usize = 32;
/// The same for clients that get one message every 30 ms.
const UNFRAMED_PAGE: usize = 8;
/// How long the storage may take. It goes on by itself afterwards.
const STORAGE: Duration = Duration::from_secs(5);

impl Hub {
    /// Greets somebody, and gives them what waits for them before anything else. Returns when that is on its way.
    pub(super) fn greet(self: &Arc<Self>, user: &Arc<User>, greeting: Vec<u8>) {
        if !user.is_account() {
            return user.outbox.release(&greeting, None);
        }
        let mut first = greeting.clone();
        let ran = self.collect(user, move |hub, user, letters| {
            if user.sends_acks() {
                user.outbox.release(&first, None);
                return hub.push_page(user, letters);
            }
            user.with_rendering(|rendering| {
                let receipt = hub.write_page(user, rendering, letters, &mut first);
                user.outbox.release(&first, receipt);
            });
        });
        if !ran {
            user.outbox.release(&greeting, None);
        }
    }

    /// Gives somebody what waits for them. Returns when the first of it is on its way.
    pub(super) fn deliver_mail(self: &Arc<Self>, user: &Arc<User>) {
        self.collect(user, Hub::push_page);
    }

    /// Lets `then` have the next page on the storage's thread, which keeps all pages in their order, and waits for that.
    /// False if it will never run: the storage has ended.
    fn collect(
        self: &Arc<Self>,
        user: &Arc<User>,
        then: impl FnOnce(&Arc<Hub>, &Arc<User>, Vec<QueuedMessage>) + Send + 'static,
    ) -> bool {
        let (done, wait) = crossbeam_channel::bounded(1);
        let (hub, receiver) = (self.clone(), user.clone());
        let delivery = move |letters| {
            then(&hub, &receiver, letters);
            let _ = done.send(());
            true
        };
        self.storage.fetch_mail(user.name.key(), page_of(user.rendering()), Box::new(delivery));
        wait.recv_timeout(STORAGE) != Err(RecvTimeoutError::Disconnected)
    }

    /// Sends a page, if there is anything in it.
    fn push_page(self: &Arc<Self>, user: &Arc<User>, letters: Vec<QueuedMessage>) {
        let Some(letters) = self.push_numbered(user, letters) else { return };
        user.with_rendering(|rendering| {
            let mut bytes = Vec::new();
            if let Some(receipt) = self.write_page(user, rendering, letters, &mut bytes) {
                user.outbox.push_with_receipt(&bytes, receipt);
            }
        });
    }

    /// Sends letters that a client acknowledges one by one. Returns those for which that does not hold.
    fn push_numbered(self: &Arc<Self>, user: &Arc<User>, letters: Vec<QueuedMessage>) -> Option<Vec<QueuedMessage>> {
        let (mut unnumbered, mut undelivered) = (Vec::new(), Vec::new());
        for letter in letters {
            let what = EventKind::Direct {
                id: letter.id,
                from: (&*letter.from).into(),
                text: (&*letter.text).into(),
                kept: true,
            };
            match user.send_numbered(what.at(letter.at), Unsettled::QueuedMessage(letter.id), &self.limits) {
                Sent::Kept(gone) => self.apply_settled(user.name.key(), gone),
                Sent::Unnumbered => unnumbered.push(letter),
                Sent::NoConnection => undelivered.push(letter.id),
            }
        }
        if !undelivered.is_empty() {
            self.storage.acknowledge_mail(user.name.key(), undelivered, false);
            self.redeliver_if_back(user);
        }
        (!unnumbered.is_empty()).then_some(unnumbered)
    }

    /// Asks for the next page of a client that has acknowledged one.
    pub(super) fn next_letters(self: &Arc<Self>, user: Arc<User>) {
        self.next_page(user, PAGE);
    }

    /// Writes letters as the person reads them. Returns what to do when the kernel has them, if there are any: take note,
    /// and send the next page.
    fn write_page(
        self: &Arc<Self>,
        user: &Arc<User>,
        rendering: Rendering,
        letters: Vec<QueuedMessage>,
        out: &mut Vec<u8>,
    ) -> Option<Receipt> {
        for QueuedMessage { id, at, from, text } in &letters {
            let (from, text) = ((&**from).into(), (&**text).into());
            rendering.write(&EventKind::Direct { id: *id, from, text, kept: true }.at(*at), &self.limits, out);
        }
        let ids: Vec<u64> = letters.iter().map(|letter| letter.id).collect();
        if ids.is_empty() {
            return None;
        }
        // The receipt comes under the outbox's lock, where nobody may ask for the rendering.
        let (hub, receiver, most) = (self.clone(), user.clone(), page_of(rendering));
        Some(Box::new(move |out: bool| {
            hub.storage.acknowledge_mail(receiver.name.key(), ids, out);
            if out {
                hub.next_page(receiver, most);
            } else {
                hub.redeliver_if_back(&receiver);
            }
        }))
    }

    /// Asks for the next page. Called under an outbox's lock, so it waits for nothing.
    fn next_page(self: &Arc<Self>, user: Arc<User>, most: usize) {
        let (hub, receiver) = (self.clone(), user.clone());
        let delivery = move |letters| {
            hub.push_page(&receiver, letters);
            true
        };
        self.storage.fetch_mail(user.name.key(), most, Box::new(delivery));
    }

    /// What did not get to somebody waits again. Who has left may have come back before that, and found nothing: then it
    /// is theirs now. Called under an outbox's lock, so it waits for nothing.
    pub(super) fn redeliver_if_back(self: &Arc<Self>, user: &User) {
        if !user.has_left() {
            return;
        }
        let (hub, name) = (self.clone(), user.name.key().clone());
        let delivery = move |letters| {
            let here = hub.registry().online(&name);
            if let Some(user) = &here {
                hub.push_page(user, letters);
            }
            here.is_some()
        };
        self.storage.fetch_mail(user.name.key(), UNFRAMED_PAGE, Box::new(delivery));
    }
}

fn page_of(rendering: Rendering) -> usize {
    if rendering.is_unframed() { UNFRAMED_PAGE } else { PAGE }
}
