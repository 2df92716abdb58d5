//! The state of a session that several connections may serve one after the other, and the turns that order them.
//!
//! Two threads may use one session at a time: the thread of a connection that is about to end, and the thread of the
//! connection that takes over. A command of the old one must not run after the new one has started.
//!
//! A *turn* is the handling of everything that arrived in one read. Invariant: at most one connection, the *owner*, has
//! a turn, and the owner changes only between two turns. Every command therefore runs completely or not at all.
//!
//! | owner | busy | waiting | `begin_turn` of the owner | `take_turn` of another connection |
//! |---|---|---|---|---|
//! | old | yes | 0 | | waits for the end of the turn |
//! | old | no | > 0 | waits, so that the takeover can proceed | proceeds |
//! | new | yes | 0 | returns false: the old connection must end | waits for the end of the turn |
//!
//! No lock is held during a turn. Not here: which token finds which session ([`super::resume`]), and moving the user to
//! the new connection (`session/resuming.rs`).

use super::labels::{LabelStatus, Labels};
use super::replay::Replay;
use super::resume::SessionNumber;
use crate::fanout::{ClientId, Outbox};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Limits, OffsetDateTime, Rendering, RoomName};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Duration;

/// A session of a client that signed in by command object.
#[derive(Debug)]
pub struct SessionState {
    /// Number of the session, never used twice.
    pub number: SessionNumber,
    turn: Mutex<TurnState>,
    /// Notified when a turn ends.
    turn_ended: Condvar,
    pub(super) labels: OrderedMutex<Labels, 6>,
    pub(super) deliveries: OrderedMutex<Deliveries, 3>,
    /// The user's rooms; the last one is the current room.
    pub(super) rooms: Mutex<Vec<RoomName>>,
}

#[derive(Debug)]
struct TurnState {
    owner: ClientId,
    /// The owner has a turn now.
    busy: bool,
    /// Number of connections that wait to take over. The owner begins no turn meanwhile: an owner without pauses would
    /// otherwise block them forever.
    waiting: u32,
}

/// Delivery of events that the client acknowledges.
#[derive(Debug)]
pub struct Deliveries {
    pub(super) replay: Replay<StoredDirect>,
    /// The outbox of the serving connection; `None` between two connections.
    pub(super) outbox: Option<Arc<Outbox>>,
    /// The rendering of the serving connection when the session began on it: a rendering of JSON.
    pub(super) rendering: Rendering,
    /// The client sends acknowledgements.
    pub(super) acks: bool,
}

impl Deliveries {
    /// Sends JSON lines in the form of the serving connection; nothing between two connections.
    pub(super) fn send(&self, lines: &[u8]) {
        let Some(outbox) = self.outbox.as_ref().filter(|_| !lines.is_empty()) else { return };
        let mut bytes = Vec::new();
        self.rendering.write_json_lines(lines, &mut bytes);
        outbox.push_control(&bytes);
    }
}

/// A direct message to an account, in the form that the mailbox takes. Each name stands beside the owner of its
/// history.
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
    /// Makes a session whose owner is the connection of `outbox`. Its first turn has begun.
    #[must_use]
    pub fn new(
        number: SessionNumber,
        outbox: &Arc<Outbox>,
        rendering: Rendering,
        acks: bool,
        limits: &Limits,
    ) -> Arc<SessionState> {
        // Resuming sends the buffer together with mail and missed messages, and all of them must fit into a backlog.
        let replay = Replay::new(count(limits.replay_bytes.min(limits.backlog_bytes / 8)));
        Arc::new(SessionState {
            number,
            turn: Mutex::new(TurnState { owner: outbox.client(), busy: true, waiting: 0 }),
            turn_ended: Condvar::new(),
            labels: OrderedMutex::new(Labels::new(count(limits.labels_per_session))),
            deliveries: OrderedMutex::new(Deliveries { replay, outbox: Some(outbox.clone()), rendering, acks }),
            rooms: Mutex::default(),
        })
    }

    /// Begins a turn of `client`. Returns false if another connection owns the session.
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

    /// Waits for the end of the current turn, then makes `client` the owner and begins its turn. Returns the previous
    /// owner, or `None` if the turn does not end within `timeout`.
    pub fn take_turn(&self, client: ClientId, timeout: Duration) -> Option<ClientId> {
        let mut turn = self.turn.lock();
        turn.waiting += 1;
        self.turn_ended.wait_while_for(&mut turn, |turn| turn.busy, timeout);
        turn.waiting -= 1;
        self.turn_ended.notify_all();
        if turn.busy {
            return None;
        }
        turn.busy = true;
        Some(std::mem::replace(&mut turn.owner, client))
    }

    /// Undoes [`Self::take_turn`] of `client`: `owner` owns the session again.
    pub fn return_turn(&self, client: ClientId, owner: ClientId) {
        let mut turn = self.turn.lock();
        if turn.owner == client {
            turn.owner = owner;
            turn.busy = false;
            self.turn_ended.notify_all();
        }
    }

    /// Registers a label, or recognizes it; see [`Labels::register`].
    pub fn register_label(&self, label: &str, query_of: Option<ClientId>) -> LabelStatus {
        self.labels.lock().register(label, query_of)
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
            deliveries: OrderedMutex::new(Deliveries {
                replay: Replay::new(1_000),
                outbox: None,
                rendering: Rendering::Json,
                acks: true,
            }),
            rooms: Mutex::default(),
        }
    }

    #[test]
    fn the_owner_changes_only_between_turns() {
        let state = state();
        assert_eq!(state.take_turn(2, Duration::from_millis(10)), None, "the first owner has a turn");
        state.end_turn(1);
        assert_eq!(state.take_turn(2, Duration::ZERO), Some(1));
        assert!(!state.begin_turn(1), "another connection owns the session");
        state.end_turn(1);
        assert_eq!(state.take_turn(3, Duration::from_millis(10)), None, "only the owner can end the turn");
        state.return_turn(2, 1);
        assert!(state.begin_turn(1));
    }

    /// Threads take the session over from each other; one at a time has a turn.
    #[test]
    fn at_most_one_connection_has_a_turn() {
        let state = state();
        let at_work = AtomicU64::new(0);
        let most = AtomicU64::new(0);
        let turns = AtomicU64::new(0);
        state.end_turn(1);
        std::thread::scope(|scope| {
            for client in 2..6 {
                let state = &state;
                let at_work = &at_work;
                let most = &most;
                let turns = &turns;
                scope.spawn(move || {
                    for _ in 0..200 {
                        let taken = state.take_turn(client, Duration::from_secs(10));
                        assert!(taken.is_some(), "an owner without pauses blocks a takeover");
                        let mut owns = true;
                        while owns {
                            most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                            at_work.fetch_sub(1, SeqCst);
                            state.end_turn(client);
                            owns = taken != Some(1)
                                && state.begin_turn(client)
                                && !turns.fetch_add(1, SeqCst).is_multiple_of(4);
                        }
                        state.end_turn(client);
                    }
                });
            }
        });
        assert_eq!(most.load(SeqCst), 1);
    }
}
