//! What a session keeps when it goes on over another connection, and which connection serves it.
//!
//! Two threads may have to do with one session: the one of a connection that is about to end, and the one that takes
//! over. Each does a read's worth of commands as one *turn*; only the owner gets a turn, and the session changes hands
//! between two turns. So every command runs as a whole or not at all, and none of the old connection runs after the
//! new one has come in. Nothing is locked during a turn.

use super::labels::{Label, Labels};
use super::replay::Replay;
use super::resume::SessionNumber;
use crate::fanout::{ClientId, Outbox};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Limits, OffsetDateTime, RoomName};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Duration;

/// One session of a client that signed in by command object.
#[derive(Debug)]
pub struct SessionState {
    /// Its number.
    pub number: SessionNumber,
    turn: Mutex<TurnState>,
    /// Notified when a turn ends.
    turn_ended: Condvar,
    pub(super) labels: OrderedMutex<Labels, 6>,
    pub(super) deliveries: OrderedMutex<Deliveries, 3>,
    /// The rooms that the user is in; the last one is the current one.
    pub(super) rooms: Mutex<Vec<RoomName>>,
}

#[derive(Debug)]
struct TurnState {
    owner: ClientId,
    /// The owner has a turn just now.
    busy: bool,
    /// Connections that wait to take over. The owner begins no turn meanwhile, or it might never be between two.
    waiting: u32,
}

/// What is on its way to the client, and to be acknowledged.
#[derive(Debug)]
pub struct Deliveries {
    pub(super) replay: Replay<StoredDirect>,
    /// The connection's; `None` between two connections.
    pub(super) outbox: Option<Arc<Outbox>>,
    /// The client acknowledges.
    pub(super) acks: bool,
}

/// A direct message to an account, as the mailbox takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDirect {
    pub id: u64,
    pub at: OffsetDateTime,
    pub from: (String, HistoryOwner),
    pub to: (String, HistoryOwner),
    pub text: String,
    pub client: ClientId,
}

impl SessionState {
    /// A session that `outbox` is the connection of; it has its first turn.
    #[must_use]
    pub fn new(number: SessionNumber, outbox: &Arc<Outbox>, acks: bool, limits: &Limits) -> Arc<SessionState> {
        // It is sent again together with mail and with what was missed: all of that must fit into a backlog.
        let replay = Replay::new(count(limits.replay_bytes.min(limits.backlog_bytes / 8)));
        Arc::new(SessionState {
            number,
            turn: Mutex::new(TurnState { owner: outbox.client(), busy: true, waiting: 0 }),
            turn_ended: Condvar::new(),
            labels: OrderedMutex::new(Labels::new(count(limits.labels_per_session))),
            deliveries: OrderedMutex::new(Deliveries { replay, outbox: Some(outbox.clone()), acks }),
            rooms: Mutex::default(),
        })
    }

    /// Begins a turn of `client`. False if another connection serves the session now.
    #[must_use]
    pub fn begin_turn(&self, client: ClientId) -> bool {
        let mut turn = self.turn.lock();
        self.turn_ended.wait_while(&mut turn, |turn| turn.owner == client && !turn.busy && turn.waiting > 0);
        let owns = turn.owner == client;
        turn.busy |= owns;
        owns
    }

    /// Ends a turn of `client`, if it has one.
    pub fn end_turn(&self, client: ClientId) {
        let mut turn = self.turn.lock();
        if turn.owner == client {
            turn.busy = false;
            self.turn_ended.notify_all();
        }
    }

    /// Makes `client` the owner, with a turn, as soon as the owner before has none. Returns that one, or `None` if its
    /// turn takes longer than `sign_in_deadline`.
    pub fn take_turn(&self, client: ClientId, sign_in_deadline: Duration) -> Option<ClientId> {
        let mut turn = self.turn.lock();
        turn.waiting += 1;
        self.turn_ended.wait_while_for(&mut turn, |turn| turn.busy, sign_in_deadline);
        turn.waiting -= 1;
        self.turn_ended.notify_all();
        if turn.busy {
            return None;
        }
        turn.busy = true;
        Some(std::mem::replace(&mut turn.owner, client))
    }

    /// Undoes [`Self::take_turn`] of `client`, which took it from `owner`.
    pub fn give_turn_back(&self, client: ClientId, owner: ClientId) {
        let mut turn = self.turn.lock();
        if turn.owner == client {
            (turn.owner, turn.busy) = (owner, false);
            self.turn_ended.notify_all();
        }
    }

    /// Whether a label was seen before; if not, it is now. `asked_by`: see [`Labels::check`].
    pub fn check_label(&self, label: &str, asked_by: Option<ClientId>) -> Label {
        self.labels.lock().check(label, asked_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    fn state() -> SessionState {
        let limits = Limits::default();
        SessionState {
            number: 1,
            turn: Mutex::new(TurnState { owner: 1, busy: true, waiting: 0 }),
            turn_ended: Condvar::new(),
            labels: OrderedMutex::new(Labels::new(count(limits.labels_per_session))),
            deliveries: OrderedMutex::new(Deliveries { replay: Replay::new(1_000), outbox: None, acks: true }),
            rooms: Mutex::default(),
        }
    }

    #[test]
    fn a_session_changes_hands_between_turns() {
        let state = state();
        assert_eq!(state.take_turn(2, Duration::from_millis(10)), None, "the first owner is at work");
        state.end_turn(1);
        assert_eq!(state.take_turn(2, Duration::ZERO), Some(1));
        assert!(!state.begin_turn(1), "no turn any more");
        state.end_turn(1);
        assert_eq!(state.take_turn(3, Duration::from_millis(10)), None, "nothing ended");
        state.give_turn_back(2, 1);
        assert!(state.begin_turn(1));
    }

    /// Of threads that take the session from each other, one at a time is at work.
    #[test]
    fn one_connection_at_a_time_is_at_work() {
        let (state, at_work, most, turns) = (state(), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        state.end_turn(1);
        std::thread::scope(|scope| {
            for client in 2..6 {
                let (state, at_work, most, turns) = (&state, &at_work, &most, &turns);
                scope.spawn(move || {
                    for _ in 0..200 {
                        let taken = state.take_turn(client, Duration::from_secs(10));
                        assert!(taken.is_some(), "an owner that goes on and on keeps nobody out");
                        let mut owns = true;
                        while owns {
                            most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                            at_work.fetch_sub(1, SeqCst);
                            state.end_turn(client);
                            owns = taken != Some(1) && state.begin_turn(client) && turns.fetch_add(1, SeqCst) % 4 > 0;
                        }
                        state.end_turn(client);
                    }
                });
            }
        });
        assert_eq!(most.load(SeqCst), 1);
    }
}
