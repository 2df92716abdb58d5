//! A batch's way to the members: what each of them is to hear of it, with one `send`.

use super::batch::{Batch, Ear, Hearing, Move, Origin};
use super::seat::Seat;
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A seat that is taken, and how its person hears the room.
#[derive(Debug)]
pub(super) struct Taken {
    seat: Arc<Seat>,
    ear: Ear,
    /// How many things of the batch in hand were before this person's time.
    pub(super) from: usize,
}

/// A batch on its way to the members.
pub(super) struct Delivery<'b> {
    pub(super) batch: &'b Batch,
    number: u64,
    pieces: Vec<IoSlice<'b>>,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

impl<'b> Delivery<'b> {
    /// Of the batch with that number.
    pub(super) fn of(batch: &'b Batch, number: u64) -> Delivery<'b> {
        Delivery { batch, number, pieces: Vec::new(), lines: 0, bytes: 0 }
    }

    /// Somebody comes, goes or changes the rendering, after the first `at` things said.
    pub(super) fn apply(&mut self, seats: &mut Vec<Taken>, movement: Move, at: usize) {
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
    pub(super) fn give(&mut self, taken: &Taken, to: usize) {
        if catch_unwind(AssertUnwindSafe(|| self.send(taken, to))).is_err() {
            log::error!("a panic while sending to client {}; the others got theirs", taken.seat.client);
        }
    }

    fn send(&mut self, taken: &Taken, to: usize) {
        let Taken { seat, ear, from } = taken;
        let speaks = (!ear.hears_itself || self.batch.has_own()) && seat.spoke.load(Relaxed) >= self.number;
        let silenced = seat.muffle.silenced();
        self.pieces.clear();
        if !speaks && silenced.is_none() {
            let bytes = self.batch.span(ear.rendering, *from, to);
            #[cfg(feature = "faults")]
            crate::faults::strike("send", bytes);
            if !bytes.is_empty() {
                self.lines += self.batch.lines(*from, to);
                self.pieces.push(IoSlice::new(bytes));
            }
        } else {
            let hearing = |origin, has_own: bool| match () {
                () if silenced.as_ref().is_some_and(|silenced| silenced.leaves_out(origin)) => Hearing::Nothing,
                () if !(speaks && origin == Origin::Talk(seat.client)) => Hearing::Shared,
                () if has_own => Hearing::Own,
                () if ear.hears_itself => Hearing::Shared,
                () => Hearing::Nothing,
            };
            self.lines += self.batch.span_with(ear.rendering, (*from, to), hearing, &mut self.pieces);
        }
        drop(silenced);
        let last_id = self.batch.last_id(to);
        let all_out = if self.pieces.is_empty() {
            // Of an earlier batch something may still wait.
            last_id > 0 && seat.outbox.is_clear()
        } else {
            self.bytes += self.pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
            seat.outbox.push_talk(&self.pieces)
        };
        if all_out && last_id > 0 {
            seat.heard.store(last_id, Relaxed);
        }
    }
}
