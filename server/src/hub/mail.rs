//! The mailbox's way to somebody who is here: page by page, each after the kernel took the one before.

use super::{Hub, Person};
use crate::fanout::Receipt;
use crossbeam_channel::RecvTimeoutError;
use landline_common::What;
use landline_common::history::Letter;
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
        if !person.account {
            return person.outbox.release(&greeting, None);
        }
        let mut first = greeting.clone();
        let ran = self.collect(person, move |hub, person, letters| {
            let (bytes, receipt) = hub.page(person, letters);
            first.extend_from_slice(&bytes);
            person.outbox.release(&first, receipt);
        });
        if !ran {
            person.outbox.release(&greeting, None);
        }
    }

    /// Gives somebody what waits for them. Returns when the first of it is on its way.
    pub(super) fn hand_over_mail(self: &Arc<Self>, person: &Arc<Person>) {
        self.collect(person, |hub, person, letters| {
            if let (bytes, Some(receipt)) = hub.page(person, letters) {
                person.outbox.push_with_receipt(&bytes, receipt);
            }
        });
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
        };
        self.memory.collect(person.name.key(), page_of(person), Box::new(delivery));
        wait.recv_timeout(STORAGE) != Err(RecvTimeoutError::Disconnected)
    }

    /// Letters as the person reads them, and what to do when the kernel has them: take note, and send the next page.
    fn page(self: &Arc<Self>, person: &Arc<Person>, letters: Vec<Letter>) -> (Vec<u8>, Option<Receipt>) {
        let (mut bytes, rendering) = (Vec::new(), person.rendering());
        for Letter { id, at, from, text } in &letters {
            let (from, text) = ((&**from).into(), (&**text).into());
            rendering.write(&What::Direct { id: *id, from, text, kept: true }.at(*at), &self.limits, &mut bytes);
        }
        let ids: Vec<u64> = letters.iter().map(|letter| letter.id).collect();
        if ids.is_empty() {
            return (bytes, None);
        }
        // The receipt comes under the outbox's lock, where nobody may ask for the rendering.
        let (hub, receiver, most) = (self.clone(), person.clone(), page_of(person));
        let receipt = move |out: bool| {
            hub.memory.settle(receiver.name.key(), ids, out);
            if out {
                hub.next_page(receiver, most);
            }
        };
        (bytes, Some(Box::new(receipt)))
    }

    /// Asks for the next page. Called under an outbox's lock, so it waits for nothing.
    fn next_page(self: &Arc<Self>, person: Arc<Person>, most: usize) {
        let (hub, receiver) = (self.clone(), person.clone());
        let delivery = move |letters| {
            if let (bytes, Some(receipt)) = hub.page(&receiver, letters) {
                receiver.outbox.push_with_receipt(&bytes, receipt);
            }
        };
        self.memory.collect(person.name.key(), most, Box::new(delivery));
    }
}

fn page_of(person: &Person) -> usize {
    if person.rendering().is_unframed() { UNFRAMED_PAGE } else { PAGE }
}
