//! Delivers a batch to the members: selects each member's part of it and sends that part with one `send`.

use super::batch::{Batch, Ear, Hearing, Move, Origin};
use super::seat::Seat;
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A seat that is in the room, with its way of receiving.
#[derive(Debug)]
pub(super) struct ActiveSubscription {
    seat: Arc<Seat>,
    ear: Ear,
    /// Index of the first entry of the current batch that this member gets: earlier ones were said before the member
    /// entered, or were already delivered in another rendering.
    pub(super) from: usize,
}

/// The delivery of one batch.
pub(super) struct Delivery<'b> {
    pub(super) batch: &'b Batch,
    number: u64,
    /// The slices for the member being served; kept to reuse the allocation.
    pieces: Vec<IoSlice<'b>>,
    /// Lines delivered so far, counted once for each receiver.
    pub(super) lines: u64,
    /// Bytes delivered so far.
    pub(super) bytes: u64,
}

impl<'b> Delivery<'b> {
    /// Starts the delivery of `batch`, which has that number.
    pub(super) fn new(batch: &'b Batch, number: u64) -> Delivery<'b> {
        Delivery { batch, number, pieces: Vec::new(), lines: 0, bytes: 0 }
    }

    /// Lets a member enter, leave or change the rendering after the first `at` entries of the batch. A member that
    /// leaves or changes first gets the entries before that, in the old rendering.
    pub(super) fn apply(&mut self, seats: &mut Vec<ActiveSubscription>, movement: Move, at: usize) {
        let index = |seat: &Seat| seat.index.load(Relaxed);
        match movement {
            Move::Enter(seat, ear) => {
                seat.index.store(seats.len(), Relaxed);
                seats.push(ActiveSubscription { seat, ear, from: at });
            }
            Move::Leave(seat) => {
                let subscription = seats.swap_remove(index(&seat));
                if let Some(moved) = seats.get(index(&seat)) {
                    moved.seat.index.store(index(&seat), Relaxed);
                }
                self.deliver_to(&subscription, at);
            }
            Move::Change(seat, ear) => {
                let subscription = &mut seats[index(&seat)];
                self.deliver_to(subscription, at);
                subscription.ear = ear;
                subscription.from = at;
            }
        }
    }

    /// Sends one member its entries before `to`, with one `send`. A panic ends the delivery to that member only.
    pub(super) fn deliver_to(&mut self, subscription: &ActiveSubscription, to: usize) {
        if catch_unwind(AssertUnwindSafe(|| self.send(subscription, to))).is_err() {
            log::error!("a panic while sending to client {}; other members are not affected", subscription.seat.client);
        }
    }

    fn send(&mut self, subscription: &ActiveSubscription, to: usize) {
        let ActiveSubscription { seat, ear, from } = subscription;
        let has_own_lines = (!ear.hears_itself || self.batch.has_own()) && seat.spoke.load(Relaxed) >= self.number;
        let blocked = seat.muffle.blocked();
        self.pieces.clear();
        if !has_own_lines && blocked.is_none() {
            let bytes = self.batch.span(ear.rendering, *from, to);
            #[cfg(feature = "faults")]
            crate::faults::strike("send", bytes);
            if !bytes.is_empty() {
                self.lines += self.batch.lines(*from, to);
                self.pieces.push(IoSlice::new(bytes));
            }
        } else {
            let hearing = |origin, has_own: bool| match () {
                () if blocked.as_ref().is_some_and(|blocked| blocked.contains(origin)) => Hearing::Nothing,
                () if !(has_own_lines && origin == Origin::Talk(seat.client)) => Hearing::Shared,
                () if has_own => Hearing::Own,
                () if ear.hears_itself => Hearing::Shared,
                () => Hearing::Nothing,
            };
            self.lines += self.batch.span_with(ear.rendering, (*from, to), hearing, &mut self.pieces);
        }
        drop(blocked);
        let last_id = self.batch.last_id(to);
        let is_delivered = if self.pieces.is_empty() {
            // This batch has nothing for the member, but bytes of an earlier batch may still wait.
            last_id > 0 && seat.outbox.is_clear()
        } else {
            self.bytes += self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
            seat.outbox.push_talk(&self.pieces)
        };
        if is_delivered && last_id > 0 {
            seat.heard.store(last_id, Relaxed);
        }
    }
}
