//! The mailbox's way to somebody who is here: page by page, each after the kernel took the one before.

use super::deliveries::Sent;
use super::replay::Unsettled;
use super::{Hub, Person};
use crate::fanout::Receipt;
use crossbeam_channel::RecvTimeoutError;
use landline_common::history::Letter;
use landline_common::{Rendering, What};
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
    pub(super) fn greet(self: &Arc<Self>, person: &Arc<Person>, greeting: Vec<u8>) {
        if !person.is_account() {
            return person.outbox.release(&greeting, None);
        }
        let mut first = greeting.clone();
        let ran = self.collect(person, move |hub, person, letters| {
            if person.acknowledges() {
                person.outbox.release(&first, None);
                return hub.push_page(person, letters);
            }
            person.in_rendering(|rendering| {
                let receipt = hub.write_page(person, rendering, letters, &mut first);
                person.outbox.release(&first, receipt);
            });
        });
        if !ran {
            person.outbox.release(&greeting, None);
        }
    }

    /// Gives somebody what waits for them. Returns when the first of it is on its way.
    pub(super) fn hand_over_mail(self: &Arc<Self>, person: &Arc<Person>) {
        self.collect(person, Hub::push_page);
    }

    /// Lets `then` have the next page on the storage's thread, which keeps all pages in their order, and waits for that.
    /// False if it will never run: the storage has ended.
    fn collect(
        self: &Arc<Self>,
        person: &Arc<Person>,
        then: impl FnOnce(&Arc<Hub>, &Arc<Person>, Vec<Letter>) + Send + 'static,
    ) -> bool {
        let (done, wait) = crossbeam_channel::bounded(1);
        let (hub, receiver) = (self.clone(), person.clone());
        let delivery = move |letters| {
            then(&hub, &receiver, letters);
            let _ = done.send(());
            true
        };
        self.memory.collect(person.name.key(), page_of(person.rendering()), Box::new(delivery));
        wait.recv_timeout(STORAGE) != Err(RecvTimeoutError::Disconnected)
    }

    /// Sends a page, if there is anything in it.
    fn push_page(self: &Arc<Self>, person: &Arc<Person>, letters: Vec<Letter>) {
        let Some(letters) = self.push_numbered(person, letters) else { return };
        person.in_rendering(|rendering| {
            let mut bytes = Vec::new();
            if let Some(receipt) = self.write_page(person, rendering, letters, &mut bytes) {
                person.outbox.push_with_receipt(&bytes, receipt);
            }
        });
    }

    /// Sends letters that a client acknowledges one by one. Returns those for which that does not hold.
    fn push_numbered(self: &Arc<Self>, person: &Arc<Person>, letters: Vec<Letter>) -> Option<Vec<Letter>> {
        let (mut unnumbered, mut undelivered) = (Vec::new(), Vec::new());
        for letter in letters {
            let what =
                What::Direct { id: letter.id, from: (&*letter.from).into(), text: (&*letter.text).into(), kept: true };
            match person.send_numbered(what.at(letter.at), Unsettled::Letter(letter.id), &self.limits) {
                Sent::Kept(gone) => self.settle_all(person.name.key(), gone),
                Sent::Unnumbered => unnumbered.push(letter),
                Sent::NoConnection => undelivered.push(letter.id),
            }
        }
        if !undelivered.is_empty() {
            self.memory.settle(person.name.key(), undelivered, false);
            self.not_delivered(person);
        }
        (!unnumbered.is_empty()).then_some(unnumbered)
    }

    /// Asks for the next page of a client that has acknowledged one.
    pub(super) fn next_letters(self: &Arc<Self>, person: Arc<Person>) {
        self.next_page(person, PAGE);
    }

    /// Writes letters as the person reads them. Returns what to do when the kernel has them, if there are any: take note,
    /// and send the next page.
    fn write_page(
        self: &Arc<Self>,
        person: &Arc<Person>,
        rendering: Rendering,
        letters: Vec<Letter>,
        out: &mut Vec<u8>,
    ) -> Option<Receipt> {
        for Letter { id, at, from, text } in &letters {
            let (from, text) = ((&**from).into(), (&**text).into());
            rendering.write(&What::Direct { id: *id, from, text, kept: true }.at(*at), &self.limits, out);
        }
        let ids: Vec<u64> = letters.iter().map(|letter| letter.id).collect();
        if ids.is_empty() {
            return None;
        }
        // The receipt comes under the outbox's lock, where nobody may ask for the rendering.
        let (hub, receiver, most) = (self.clone(), person.clone(), page_of(rendering));
        Some(Box::new(move |out: bool| {
            hub.memory.settle(receiver.name.key(), ids, out);
            if out {
                hub.next_page(receiver, most);
            } else {
                hub.not_delivered(&receiver);
            }
        }))
    }

    /// Asks for the next page. Called under an outbox's lock, so it waits for nothing.
    fn next_page(self: &Arc<Self>, person: Arc<Person>, most: usize) {
        let (hub, receiver) = (self.clone(), person.clone());
        let delivery = move |letters| {
            hub.push_page(&receiver, letters);
            true
        };
        self.memory.collect(person.name.key(), most, Box::new(delivery));
    }

    /// What did not get to somebody waits again. Who has left may have come back before that, and found nothing: then it
    /// is theirs now. Called under an outbox's lock, so it waits for nothing.
    pub(super) fn not_delivered(self: &Arc<Self>, person: &Person) {
        if !person.has_left() {
            return;
        }
        let (hub, name) = (self.clone(), person.name.key().clone());
        let delivery = move |letters| {
            let here = hub.registry().here(&name);
            if let Some(person) = &here {
                hub.push_page(person, letters);
            }
            here.is_some()
        };
        self.memory.collect(person.name.key(), UNFRAMED_PAGE, Box::new(delivery));
    }
}

fn page_of(rendering: Rendering) -> usize {
    if rendering.is_unframed() { UNFRAMED_PAGE } else { PAGE }
}
