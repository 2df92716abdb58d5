//! A room's log and the cycle that empties it. The contract stands in [`crate::fanout`].

use super::batch::{Batch, Ear, Move, Origin, Utterance};
use super::delivery::{Delivery, Taken};
use super::flusher::Flushers;
use super::seat::Seat;
use crate::ranked::{Ranked, RankedGuard};
use landline_common::rendering::RENDERINGS;
use parking_lot::Condvar;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

#[derive(Debug, Default)]
struct Log {
    next: Batch,
    spare: Batch,
    /// The number of the batch that is being filled.
    number: u64,
    /// The last id said.
    last_id: u64,
    /// All batches up to this number are out.
    done: u64,
    /// Somebody runs a cycle, or is asked to: what is appended will be seen.
    flushing: bool,
    waiting: u32,
    members: usize,
    uses: [u32; RENDERINGS],
}

impl Log {
    fn say(&mut self, origin: Origin, what: &mut dyn Utterance) {
        self.last_id = self.last_id.max(self.next.say(origin, what, &self.uses));
    }
}

/// One room's send path.
#[derive(Debug)]
pub struct Room {
    log: Ranked<Log, 2>,
    /// Notified when a batch is swapped out and when it is done.
    moved_on: Condvar,
    seats: Ranked<Vec<Taken>, 3>,
    flushers: Arc<Flushers>,
}

type LogGuard<'a> = RankedGuard<'a, Log, 2>;

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(flushers: &Arc<Flushers>) -> Arc<Room> {
        let log = Ranked::new(Log { number: 1, ..Log::default() });
        Arc::new(Room { log, moved_on: Condvar::new(), seats: Ranked::default(), flushers: flushers.clone() })
    }

    /// Says something as the person on `seat`. The number returned is for [`Room::settle`].
    pub fn say(self: &Arc<Self>, seat: &Seat, what: &mut dyn Utterance) -> u64 {
        let mut log = self.with_space();
        let number = log.number;
        log.say(Origin::Talk(seat.client), what);
        seat.spoke.store(number, Relaxed);
        self.kick(log);
        number
    }

    /// Tells everybody something. The number returned is for [`Room::settle`].
    pub fn announce(self: &Arc<Self>, what: &mut dyn Utterance) -> u64 {
        let mut log = self.with_space();
        let number = log.number;
        log.say(Origin::Server, what);
        self.kick(log);
        number
    }

    /// Takes a seat: its person hears everything from here on. `notice` is heard by those who are there already. The
    /// number returned is for [`Room::settle`].
    pub fn enter(self: &Arc<Self>, seat: &Arc<Seat>, ear: Ear, notice: Option<&mut dyn Utterance>) -> u64 {
        let mut log = self.with_space();
        let number = log.number;
        let hearers = log.members;
        if let Some(notice) = notice
            && notice.is_worth(hearers)
        {
            log.say(Origin::News(seat.client), notice);
        }
        log.members += 1;
        log.uses[ear.rendering] += 1;
        seat.came_after.store(log.last_id, Relaxed);
        if self.make_move(log, Move::Enter(seat.clone(), ear)) { 0 } else { number }
    }

    /// Gives a seat back, after everything said so far. `ear` is the one it was taken (or last changed) with.
    /// `notice` is heard by those who stay. The number returned is for [`Room::settle`].
    pub fn leave(self: &Arc<Self>, seat: &Arc<Seat>, ear: Ear, notice: Option<&mut dyn Utterance>) -> u64 {
        let mut log = self.with_space();
        let number = log.number;
        seat.left_after.store(log.last_id, Relaxed);
        log.members -= 1;
        log.uses[ear.rendering] -= 1;
        let hearers = log.members;
        if let Some(notice) = notice
            && notice.is_worth(hearers)
        {
            let at = log.next.len();
            log.say(Origin::News(seat.client), notice);
            log.next.moves.push((at, Move::Leave(seat.clone())));
            self.kick(log);
        } else if self.make_move(log, Move::Leave(seat.clone())) {
            return 0;
        }
        number
    }

    /// Changes how a seat's person hears what is said from here on. The number returned is for [`Room::settle`].
    pub fn change(self: &Arc<Self>, seat: &Arc<Seat>, old: Ear, new: Ear) -> u64 {
        let mut log = self.with_space();
        log.uses[old.rendering] -= 1;
        log.uses[new.rendering] += 1;
        let number = log.number;
        if self.make_move(log, Move::Change(seat.clone(), new)) { 0 } else { number }
    }

    /// Waits until the batch of that number is out. At most two cycles, with no lock held.
    pub fn settle(&self, number: u64) {
        let mut log = self.log.lock();
        while log.done < number {
            log.waiting += 1;
            log.wait(&self.moved_on);
            log.waiting -= 1;
        }
    }

    /// The log, once there is space in it.
    fn with_space(&self) -> LogGuard<'_> {
        let mut log = self.log.lock();
        while log.flushing && log.next.size() > self.flushers.pending_bytes {
            log.waiting += 1;
            log.wait(&self.moved_on);
            log.waiting -= 1;
        }
        log
    }

    /// At rest a move applies at once (then this is true); otherwise it waits its turn in the log.
    fn make_move(self: &Arc<Self>, mut log: LogGuard<'_>, movement: Move) -> bool {
        if log.next.is_empty() && !log.flushing {
            let empty = Batch::default();
            let mut delivery = Delivery::of(&empty, 0);
            delivery.apply(&mut self.seats.lock(), movement, 0);
            return true;
        }
        let at = log.next.len();
        log.next.moves.push((at, movement));
        self.kick(log);
        false
    }

    /// Sees to it that somebody empties the log: already flushing, this thread if the room is small, or a flusher.
    fn kick(self: &Arc<Self>, mut log: LogGuard<'_>) {
        if log.flushing {
            return;
        }
        log.flushing = true;
        let is_small = log.members <= self.flushers.inline_members;
        drop(log);
        if !(is_small && self.cycle()) {
            self.flushers.hand_over(self.clone());
        }
    }

    /// Runs one cycle. True when nothing more is pending and the room is at rest.
    pub(super) fn cycle(self: &Arc<Self>) -> bool {
        // Who is about to speak, and waits for a core only, goes first: their lines go out with these, by the same
        // sends. Where nobody waits this costs less than a tenth of a send.
        std::thread::yield_now();
        let mut log = self.log.lock();
        let spare = std::mem::take(&mut log.spare);
        let mut batch = std::mem::replace(&mut log.next, spare);
        let number = log.number;
        log.number += 1;
        if log.waiting > 0 {
            self.moved_on.notify_all();
        }
        drop(log);
        let turn = Turn { room: self, number };
        self.deliver(&mut batch, number);
        batch.clear();
        std::mem::forget(turn);
        self.finish(number, batch)
    }

    fn finish(&self, number: u64, spare: Batch) -> bool {
        let mut log = self.log.lock();
        log.spare = spare;
        log.done = number;
        if log.waiting > 0 {
            self.moved_on.notify_all();
        }
        log.flushing = !log.next.is_empty();
        !log.flushing
    }

    fn deliver(&self, batch: &mut Batch, number: u64) {
        let moves = std::mem::take(&mut batch.moves);
        let mut delivery = Delivery::of(batch, number);
        let mut seats = self.seats.lock();
        #[cfg(feature = "faults")]
        crate::faults::strike("cycle", batch.span(0, 0, batch.len()));
        for (at, movement) in moves {
            delivery.apply(&mut seats, movement, at);
        }
        for taken in seats.iter_mut() {
            delivery.give(taken, delivery.batch.len());
            taken.from = 0;
        }
        drop(seats);
        self.flushers.tally.add(delivery.lines, delivery.bytes);
    }
}

/// If a cycle panics all the same, the room goes back to the flushers instead of staying "flushing" for ever.
struct Turn<'a> {
    room: &'a Arc<Room>,
    number: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.room.finish(self.number, Batch::default()) {
            self.room.flushers.hand_over(self.room.clone());
        }
    }
}
