//! A room's log, and the cycle that delivers what is in it. The contract is in [`crate::fanout`].
//!
//! Many users publish at once, and each line goes to all members. If every session sent to all members itself, members
//! would see different orders, and each line would cost one `send` per member. Instead a session appends to the log,
//! which is short work under a lock. One thread at a time runs a *cycle*: it takes the whole log and delivers it. Lines
//! appended during a cycle are delivered by the next one, so the batches grow with the load.
//!
//! Entering, leaving and changing the rendering are entries of the same log. A member therefore gets exactly the
//! entries between entering and leaving, even though both happen long before the batch is delivered.
//!
//! Two buffers alternate (`pending` and `spare`); a cycle swaps them and gives its batch back cleared. Invariants:
//!
//! - `flushing` is true exactly while a thread runs a cycle or a flusher has been asked to. One thread at a time
//!   delivers, so all members see one order.
//! - Batches are numbered; `delivered` is the last number that is completely out. [`RoomLog::wait_delivered`] waits for
//!   it.
//! - At rest (`pending` empty, not `flushing`) a membership change is applied at once instead of appended.
//!
//! The log's lock is held to append and to swap, the subscriptions' lock to deliver. They are never held together,
//! except at rest: then `update_membership` takes the subscriptions' lock inside the log's.
//!
//! This module does not interpret the bytes, and it does not decide which notices are sent at once: it asks
//! [`Publication::coalesce`].

use super::batch::{Batch, MembershipChange, Publication};
use super::delivery::{ActiveSubscription, BatchDelivery};
use super::flusher::{Flushers, RunCycle};
use super::subscription::{DeliveryMode, Subscription};
use super::{ClientId, Publisher};
use crate::ordered_mutex::{OrderedMutex, OrderedMutexGuard};
use landline_common::rendering::RENDERINGS;
use parking_lot::Condvar;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

#[derive(Debug, Default)]
struct LogState {
    /// The batch that is being filled.
    pending: Batch,
    /// An empty batch whose buffers the next cycle reuses.
    spare: Batch,
    /// Number of the pending batch; the first one is 1.
    number: u64,
    /// Last message id in this room.
    last_id: u64,
    /// All batches up to this number are delivered.
    delivered: u64,
    /// A thread runs a cycle, or a flusher has been asked to: appended entries will be delivered without another
    /// request.
    flushing: bool,
    /// Number of threads that wait for `batch_changed`.
    waiters: u32,
    members: usize,
    /// Number of members that use each rendering; only used renderings are made.
    uses: [u32; RENDERINGS],
}

impl LogState {
    fn append(&mut self, origin: Publisher, publication: &mut dyn Publication) {
        self.last_id = self.last_id.max(self.pending.append(origin, publication, &self.uses));
    }
}

/// One room's send path.
#[derive(Debug)]
pub struct RoomLog {
    log: OrderedMutex<LogState, 2>,
    /// Notified when a batch is taken for delivery and when it is delivered.
    batch_changed: Condvar,
    subscriptions: OrderedMutex<Vec<ActiveSubscription>, 3>,
    flushers: Arc<Flushers>,
}

type LogGuard<'a> = OrderedMutexGuard<'a, LogState, 2>;

impl RoomLog {
    /// Makes a room without members.
    #[must_use]
    pub fn new(flushers: &Arc<Flushers>) -> Arc<RoomLog> {
        let log = OrderedMutex::new(LogState { number: 1, ..LogState::default() });
        Arc::new(RoomLog {
            log,
            batch_changed: Condvar::new(),
            subscriptions: OrderedMutex::default(),
            flushers: flushers.clone(),
        })
    }

    /// Appends talk of the user of `subscription`, a member. Returns the batch number for [`RoomLog::wait_delivered`].
    /// Waits while too many bytes are pending. The caller holds no ranked lock.
    pub fn publish(self: &Arc<Self>, subscription: &Subscription, publication: &mut dyn Publication) -> u64 {
        let mut log = self.lock_with_capacity();
        let number = log.number;
        log.append(Publisher::Talk(subscription.client), publication);
        subscription.last_batch.store(number, Relaxed);
        self.ensure_cycle(log);
        number
    }

    /// Appends a publication of the server, for all members. Returns the batch number for [`RoomLog::wait_delivered`].
    pub fn announce(self: &Arc<Self>, publication: &mut dyn Publication) -> u64 {
        self.append(Publisher::Server, publication)
    }

    /// Appends a change that `client` makes to its own lines, for all members that do not block the client, and for the
    /// client itself. Returns the batch number for [`RoomLog::wait_delivered`].
    pub fn announce_change(self: &Arc<Self>, client: ClientId, publication: &mut dyn Publication) -> u64 {
        self.append(Publisher::Change(client), publication)
    }

    fn append(self: &Arc<Self>, origin: Publisher, publication: &mut dyn Publication) -> u64 {
        let mut log = self.lock_with_capacity();
        let number = log.number;
        log.append(origin, publication);
        self.ensure_cycle(log);
        number
    }

    /// Appends a notice about the user of `subscription`, which goes to the members that may read of its presence; also
    /// to the user itself. Returns the batch number for [`RoomLog::wait_delivered`].
    pub fn announce_presence(self: &Arc<Self>, subscription: &Subscription, notice: &mut dyn Publication) -> u64 {
        let mut log = self.lock_with_capacity();
        let number = log.number;
        log.append(Publisher::Presence(subscription.client), notice);
        self.ensure_cycle(log);
        number
    }

    /// Makes `subscription` a member, which gets everything appended from now on. `notice` goes only to the members
    /// that entered earlier. Returns the batch number for [`RoomLog::wait_delivered`], 0 if there is nothing to wait
    /// for.
    pub fn enter(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        delivery_mode: DeliveryMode,
        notice: Option<&mut dyn Publication>,
    ) -> u64 {
        let mut log = self.lock_with_capacity();
        let number = log.number;
        let receivers = log.members;
        if let Some(notice) = notice
            && !notice.coalesce(receivers)
        {
            log.append(Publisher::Presence(subscription.client), notice);
        }
        log.members += 1;
        log.uses[delivery_mode.rendering] += 1;
        subscription.replace_mode(Some(delivery_mode));
        subscription.id_before_joining.store(log.last_id, Relaxed);
        if self.update_membership(log, MembershipChange::Enter(subscription.clone(), delivery_mode)) {
            0
        } else {
            number
        }
    }

    /// Ends the membership of `subscription`, which still gets everything appended so far. `notice` goes to the
    /// remaining members only. Returns the batch number for [`RoomLog::wait_delivered`], 0 if there is nothing to wait
    /// for; `None`, and does nothing, if it is no member.
    pub fn leave(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        notice: Option<&mut dyn Publication>,
    ) -> Option<u64> {
        let mut log = self.lock_with_capacity();
        let delivery_mode = subscription.replace_mode(None)?;
        let number = log.number;
        subscription.id_before_leaving.store(log.last_id, Relaxed);
        log.members -= 1;
        log.uses[delivery_mode.rendering] -= 1;
        let receivers = log.members;
        if let Some(notice) = notice
            && !notice.coalesce(receivers)
        {
            let at = log.pending.len();
            log.append(Publisher::Presence(subscription.client), notice);
            log.pending.membership_changes.push((at, MembershipChange::Leave(subscription.clone())));
            self.ensure_cycle(log);
        } else if self.update_membership(log, MembershipChange::Leave(subscription.clone())) {
            return Some(0);
        }
        Some(number)
    }

    /// Changes the delivery mode of a member for everything appended from now on. Returns the batch number for
    /// [`RoomLog::wait_delivered`], 0 if there is nothing to wait for. Does nothing if it is no member.
    pub fn change_mode(self: &Arc<Self>, subscription: &Arc<Subscription>, new: DeliveryMode) -> u64 {
        let mut log = self.lock_with_capacity();
        let Some(old) = subscription.replace_mode(Some(new)) else {
            subscription.replace_mode(None);
            return 0;
        };
        if old == new {
            return 0;
        }
        log.uses[old.rendering] -= 1;
        log.uses[new.rendering] += 1;
        let number = log.number;
        if self.update_membership(log, MembershipChange::Change(subscription.clone(), new)) { 0 } else { number }
    }

    /// Waits until the batch of that number is delivered: at most two cycles, the one that runs and the next one. The
    /// caller holds no lock.
    pub fn wait_delivered(&self, number: u64) {
        let mut log = self.log.lock();
        while log.delivered < number {
            log.waiters += 1;
            log.wait(&self.batch_changed);
            log.waiters -= 1;
        }
    }

    /// Waits until at most `pending_bytes` are pending, and locks the log. Without this wait, sessions that publish
    /// faster than the room delivers would only fill the members' backlogs.
    fn lock_with_capacity(&self) -> LogGuard<'_> {
        let mut log = self.log.lock();
        while log.flushing && log.pending.size() > self.flushers.pending_bytes {
            log.waiters += 1;
            log.wait(&self.batch_changed);
            log.waiters -= 1;
        }
        log
    }

    /// Applies a membership change at once if the room is at rest, and returns true. Otherwise appends it to the log.
    fn update_membership(self: &Arc<Self>, mut log: LogGuard<'_>, change: MembershipChange) -> bool {
        if log.pending.is_empty() && !log.flushing {
            let empty = Batch::default();
            let mut delivery = BatchDelivery::new(&empty, 0);
            delivery.apply(&mut self.subscriptions.lock(), change, 0);
            return true;
        }
        let at = log.pending.len();
        log.pending.membership_changes.push((at, change));
        self.ensure_cycle(log);
        false
    }

    /// Ensures that a cycle delivers the pending batch: nothing to do while flushing; otherwise this thread runs it if
    /// the room is small, or else a flusher.
    fn ensure_cycle(self: &Arc<Self>, mut log: LogGuard<'_>) {
        if log.flushing {
            return;
        }
        log.flushing = true;
        let is_small = log.members <= self.flushers.inline_members;
        drop(log);
        if !(is_small && self.cycle()) {
            self.flushers.enqueue(self.clone());
        }
    }

    /// Delivers the pending batch. Returns true if nothing more is pending and the room is at rest; otherwise the
    /// caller must run another cycle or hand the room over.
    fn cycle(self: &Arc<Self>) -> bool {
        // Let sessions run first that have read a line and only wait for a core: their lines then join this batch and
        // need no sends of their own. Where no thread waits, the yield costs less than a tenth of a send.
        std::thread::yield_now();
        let mut log = self.log.lock();
        let spare = std::mem::take(&mut log.spare);
        let mut batch = std::mem::replace(&mut log.pending, spare);
        let number = log.number;
        log.number += 1;
        if log.waiters > 0 {
            self.batch_changed.notify_all();
        }
        drop(log);
        let guard = CycleGuard { room: self, number };
        self.deliver(&mut batch, number);
        batch.clear();
        std::mem::forget(guard);
        self.finish(number, batch)
    }

    /// Ends a cycle. Returns true if the room is at rest.
    fn finish(&self, number: u64, spare: Batch) -> bool {
        let mut log = self.log.lock();
        log.spare = spare;
        log.delivered = number;
        if log.waiters > 0 {
            self.batch_changed.notify_all();
        }
        log.flushing = !log.pending.is_empty();
        !log.flushing
    }

    /// Applies the membership changes of a batch at their positions, and sends each member its part.
    fn deliver(&self, batch: &mut Batch, number: u64) {
        let membership_changes = std::mem::take(&mut batch.membership_changes);
        let mut delivery = BatchDelivery::new(batch, number);
        let mut subscriptions = self.subscriptions.lock();
        #[cfg(feature = "faults")]
        crate::faults::strike("cycle", batch.span(0, 0, batch.len()));
        for (at, change) in membership_changes {
            delivery.apply(&mut subscriptions, change, at);
        }
        for subscription in subscriptions.iter_mut() {
            delivery.deliver_to(subscription, delivery.batch.len());
            subscription.from = 0;
        }
        drop(subscriptions);
        self.flushers.stats.add(delivery.lines, delivery.bytes);
    }
}

impl RunCycle for RoomLog {
    fn run_cycle(self: Arc<Self>) -> bool {
        self.cycle()
    }
}

/// Ends a cycle that panics outside the delivery to one member. Without it the room would stay `flushing` and deliver
/// nothing any more. The panicking batch is lost.
struct CycleGuard<'a> {
    room: &'a Arc<RoomLog>,
    number: u64,
}

impl Drop for CycleGuard<'_> {
    fn drop(&mut self) {
        if !self.room.finish(self.number, Batch::default()) {
            self.room.flushers.enqueue(self.room.clone());
        }
    }
}
