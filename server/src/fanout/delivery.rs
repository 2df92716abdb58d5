//! Delivers a batch to the members: selects each member's part of it and sends that part with one `send`.

use super::Publisher;
use super::batch::{Batch, Form, MembershipChange};
use super::subscription::{DeliveryMode, Subscription};
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A member of the room: its subscription and how it gets the entries.
#[derive(Debug)]
pub(super) struct ActiveSubscription {
    subscription: Arc<Subscription>,
    delivery_mode: DeliveryMode,
    /// Index of the first entry of the current batch that this member gets. Earlier entries were appended before it
    /// entered, or are already delivered to it in another rendering.
    pub(super) from: usize,
}

/// The delivery of one batch.
pub(super) struct BatchDelivery<'b> {
    pub(super) batch: &'b Batch,
    number: u64,
    /// The slices for the member being served; kept to reuse the allocation.
    pieces: Vec<IoSlice<'b>>,
    /// Lines delivered so far, counted once for each receiver.
    pub(super) lines: u64,
    /// Bytes delivered so far.
    pub(super) bytes: u64,
}

impl<'b> BatchDelivery<'b> {
    /// Starts the delivery of `batch`, which has that number.
    pub(super) fn new(batch: &'b Batch, number: u64) -> BatchDelivery<'b> {
        BatchDelivery { batch, number, pieces: Vec::new(), lines: 0, bytes: 0 }
    }

    /// Lets a member enter, leave or change its delivery mode after the first `at` entries of the batch. A member that
    /// leaves or changes first gets the entries before that, in the old mode.
    pub(super) fn apply(&mut self, subscriptions: &mut Vec<ActiveSubscription>, change: MembershipChange, at: usize) {
        let index = |subscription: &Subscription| subscription.index.load(Relaxed);
        match change {
            MembershipChange::Enter(subscription, delivery_mode) => {
                subscription.index.store(subscriptions.len(), Relaxed);
                subscriptions.push(ActiveSubscription { subscription, delivery_mode, from: at });
            }
            MembershipChange::Leave(subscription) => {
                let active = subscriptions.swap_remove(index(&subscription));
                if let Some(moved) = subscriptions.get(index(&subscription)) {
                    moved.subscription.index.store(index(&subscription), Relaxed);
                }
                self.deliver_to(&active, at);
            }
            MembershipChange::Change(subscription, delivery_mode) => {
                let active = &mut subscriptions[index(&subscription)];
                self.deliver_to(active, at);
                active.delivery_mode = delivery_mode;
                active.from = at;
            }
        }
    }

    /// Sends one member its entries before `to`, with one `send`. A panic ends the delivery to that member only.
    pub(super) fn deliver_to(&mut self, active: &ActiveSubscription, to: usize) {
        if catch_unwind(AssertUnwindSafe(|| self.send(active, to))).is_err() {
            log::error!(
                "delivery: panic while sending client={}; this member misses the batch, other members are not affected",
                active.subscription.client
            );
        }
    }

    fn send(&mut self, active: &ActiveSubscription, to: usize) {
        let ActiveSubscription { subscription, delivery_mode, from } = active;
        let has_own_lines =
            (!delivery_mode.echo || self.batch.has_own()) && subscription.last_batch.load(Relaxed) >= self.number;
        let blocked = subscription.block_filter.blocked();
        self.pieces.clear();
        if !has_own_lines && blocked.is_none() {
            let bytes = self.batch.span(delivery_mode.rendering, *from, to);
            #[cfg(feature = "faults")]
            crate::faults::strike("send", bytes);
            if !bytes.is_empty() {
                self.lines += self.batch.lines(*from, to);
                self.pieces.push(IoSlice::new(bytes));
            }
        } else {
            let form_of = |origin, has_own: bool| match () {
                () if blocked.as_ref().is_some_and(|blocked| blocked.contains(origin)) => Form::Nothing,
                () if !(has_own_lines && origin == Publisher::Talk(subscription.client)) => Form::Shared,
                () if has_own => Form::Own,
                () if delivery_mode.echo => Form::Shared,
                () => Form::Nothing,
            };
            self.lines += self.batch.span_with(delivery_mode.rendering, *from..to, form_of, &mut self.pieces);
        }
        drop(blocked);
        let last_id = self.batch.last_id(to);
        let is_delivered = if self.pieces.is_empty() {
            // This batch has nothing for the member, but bytes of an earlier batch may still wait.
            last_id > 0 && subscription.outbox.is_clear()
        } else {
            self.bytes += self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
            subscription.outbox.push_talk(&self.pieces)
        };
        if is_delivered && last_id > 0 {
            subscription.last_delivered_id.store(last_id, Relaxed);
        }
    }
}
