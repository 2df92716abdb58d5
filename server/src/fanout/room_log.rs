//! A room's log and the cycle that empties it. The contract stands in [`crate::fanout`].

use super::ClientId;
use super::batch::{Batch, Ear, Move, Origin, Utterance};
use super::flusher::Flushers;
use super::muffle::Muffle;
use super::outbox::Outbox;
use crate::ranked::{Ranked, RankedGuard};
use landline_common::rendering::RENDERINGS;
use parking_lot::Condvar;
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// One person in one room.
#[derive(Debug)]
pub struct Seat {
    client: ClientId,
    outbox: Arc<Outbox>,
    /// The number of the last batch this person spoke in: tells cheaply who has own lines to leave out.
    spoke: AtomicU64,
    muffle: Arc<Muffle>,
    /// The last id that was said before this person came.
    came_after: AtomicU64,
    /// The last id that was said before this person left.
    left_after: AtomicU64,
    /// The last id that the kernel took for this person.
    heard: AtomicU64,
    /// Its place among the seats; only read and written under their lock.
    place: AtomicUsize,
}

impl Seat {
    /// A seat for the client whose outbox this is, and who does not hear what `muffle` keeps out. It is in no room yet.
    #[must_use]
    pub fn new(outbox: &Arc<Outbox>, muffle: &Arc<Muffle>) -> Arc<Seat> {
        Arc::new(Seat {
            client: outbox.client(),
            outbox: outbox.clone(),
            spoke: AtomicU64::new(0),
            muffle: muffle.clone(),
            came_after: AtomicU64::new(0),
            left_after: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            place: AtomicUsize::new(usize::MAX),
        })
    }

    /// The last id said in the room before this person came; 0 if nothing was said since the room opened.
    #[must_use]
    pub fn came_after(&self) -> u64 {
        self.came_after.load(Relaxed)
    }

    /// The last id said in the room before this person left; 0 if nothing was said since the room opened.
    #[must_use]
    pub fn left_after(&self) -> u64 {
        self.left_after.load(Relaxed)
    }

    /// The last id that is known to have gone out to this person; 0 if there is none. Everything before it did, too.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }
}

/// A seat that is taken, and how its person hears the room.
#[derive(Debug)]
struct Taken {
    seat: Arc<Seat>,
    ear: Ear,
    /// How many things of the batch in hand were before this person's time.
    from: usize,
}

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
            let mut delivery = Delivery { batch: &empty, number: 0, pieces: Vec::new(), lines: 0, bytes: 0 };
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
        if log.members > self.flushers.inline_members {
            drop(log);
            self.flushers.hand_over(self.clone());
        } else if !self.cycle_with(log) {
            self.flushers.hand_over(self.clone());
        }
    }

    /// Runs one cycle. True when nothing more is pending and the room is at rest.
    pub(super) fn cycle(self: &Arc<Self>) -> bool {
        self.cycle_with(self.log.lock())
    }

    fn cycle_with(self: &Arc<Self>, mut log: LogGuard<'_>) -> bool {
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
        let mut delivery = Delivery { batch, number, pieces: Vec::new(), lines: 0, bytes: 0 };
        let mut seats = self.seats.lock();
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

/// A batch on its way to the members.
struct Delivery<'b> {
    batch: &'b Batch,
    number: u64,
    pieces: Vec<IoSlice<'b>>,
    lines: u64,
    bytes: u64,
}

impl Delivery<'_> {
    /// Somebody comes, goes or changes the rendering, after the first `at` things said.
    fn apply(&mut self, seats: &mut Vec<Taken>, movement: Move, at: usize) {
        let place = |seat: &Seat| seat.place.load(Relaxed);
        match movement {
            Move::Enter(seat, ear) => {
                seat.place.store(seats.len(), Relaxed);
                seats.push(Taken { seat, ear, from: at });
            }
            Move::Leave(seat) => {
                let taken = seats.swap_remove(place(&seat));
                if let Some(moved) = seats.get(place(&seat)) {
                    moved.seat.place.store(place(&seat), Relaxed);
                }
                self.give(&taken, at);
            }
            Move::Change(seat, ear) => {
                let taken = &mut seats[place(&seat)];
                self.give(taken, at);
                (taken.ear, taken.from) = (ear, at);
            }
        }
    }

    /// Gives one person what there is for them, up to `to`, with one `send`. A panic ends with that person's turn.
    fn give(&mut self, taken: &Taken, to: usize) {
        if catch_unwind(AssertUnwindSafe(|| self.send(taken, to))).is_err() {
            log::error!("a panic while sending to client {}; the others got theirs", taken.seat.client);
        }
    }

    fn send(&mut self, taken: &Taken, to: usize) {
        let Taken { seat, ear, from } = taken;
        let speaks = !ear.hears_itself && seat.spoke.load(Relaxed) >= self.number;
        let silenced = seat.muffle.silenced();
        self.pieces.clear();
        if !speaks && silenced.is_none() {
            let bytes = self.batch.span(ear.rendering, *from, to);
            if !bytes.is_empty() {
                self.lines += self.batch.lines(*from, to);
                self.pieces.push(IoSlice::new(bytes));
            }
        } else {
            let left_out = |origin| {
                (speaks && origin == Origin::Talk(seat.client))
                    || silenced.as_ref().is_some_and(|silenced| silenced.leaves_out(origin))
            };
            self.lines += self.batch.span_without(ear.rendering, (*from, to), left_out, &mut self.pieces);
        }
        drop(silenced);
        if !self.pieces.is_empty() {
            self.bytes += self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        }
        let last_id = self.batch.last_id(to);
        if (self.pieces.is_empty() || seat.outbox.push_talk(&self.pieces)) && last_id > 0 {
            seat.heard.store(last_id, Relaxed);
        }
    }
}
