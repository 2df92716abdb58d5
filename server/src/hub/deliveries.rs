//! What is meant for one client alone, on its way until the client acknowledges it. See [`super::replay`].

use super::replay::{Settled, Unsettled};
use super::session_state::{SessionState, StoredDirect};
use super::{Hub, User};
use landline_common::history::DirectMessage;
use landline_common::{Cause, Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering};
use std::sync::Arc;

/// What came of sending something that is to be acknowledged.
pub(super) enum Sent {
    /// It is on its way, or kept for a session without a connection. This had to go for it.
    Kept(Settled<StoredDirect>),
    /// This client does not acknowledge: it must be told in another way.
    Unnumbered,
    /// There is no connection, and what is stored elsewhere is not kept here.
    NoConnection,
}

impl User {
    /// Sends something with the next number, to be acknowledged. Numbering and sending are one step: numbers grow on
    /// the wire.
    pub(super) fn send_numbered(&self, event: Event<'_>, unsettled: Unsettled<StoredDirect>, limits: &Limits) -> Sent {
        let Some(session) = &self.session else { return Sent::Unnumbered };
        if self.rendering() != Rendering::Json {
            return Sent::Unnumbered;
        }
        let mut deliveries = session.deliveries.lock();
        if !deliveries.acks {
            return Sent::Unnumbered;
        }
        if deliveries.outbox.is_none() && !matches!(unsettled, Unsettled::Line) {
            return Sent::NoConnection;
        }
        let event = Event { seq: Some(deliveries.replay.next_seq()), ..event };
        let mut bytes = Vec::new();
        Rendering::Json.write(&event, limits, &mut bytes);
        let gone = deliveries.replay.push(&bytes, unsettled);
        if let Some(outbox) = &deliveries.outbox {
            outbox.push_control(&bytes);
        }
        Sent::Kept(gone)
    }
}

impl Hub {
    /// Tells a user something that is stored nowhere: a client that acknowledges gets it again after a lost connection.
    pub(super) fn send_reliably(self: &Arc<Self>, user: &User, event: Event<'_>) {
        match user.send_numbered(event.clone(), Unsettled::Line, &self.limits) {
            Sent::Kept(gone) => self.apply_settled(user.name.key(), gone),
            Sent::Unnumbered | Sent::NoConnection => user.send_event(&event, &self.limits),
        }
    }

    /// Does what acknowledgements, or their absence, mean for the mailbox. Never waits.
    pub(super) fn apply_settled(&self, receiver: &NameKey, settled: Settled<StoredDirect>) {
        let Settled { delivered, waiting, returned } = settled;
        for StoredDirect { id, at, from, to, text, client } in &returned {
            let (from, to) = ((from.0.as_str(), &from.1), (to.0.as_str(), &to.1));
            let direct = DirectMessage { id: *id, at: *at, from, to, text, client: *client, nonce: None };
            self.storage.requeue_mail(&direct);
        }
        for (ids, delivered) in [(delivered, true), (waiting, false)] {
            if !ids.is_empty() {
                self.storage.acknowledge_mail(receiver, ids, delivered);
            }
        }
    }

    /// A client has read everything up to `seq`.
    pub(super) fn handle_ack(self: &Arc<Self>, user: &Arc<User>, seq: u64) {
        let Some(session) = &user.session else { return };
        let mut deliveries = session.deliveries.lock();
        let had_letters = deliveries.replay.has_letters();
        let settled = deliveries.replay.acknowledge(seq);
        let page_is_done = had_letters && !deliveries.replay.has_letters();
        drop(deliveries);
        self.apply_settled(user.name.key(), settled);
        if page_is_done {
            self.next_letters(user.clone());
        }
    }

    /// A session goes on over the connection of `outbox`, whose client received everything up to `seq`. What follows is
    /// sent again.
    pub(super) fn attach(
        &self,
        session: &SessionState,
        user: &User,
        acks: bool,
        seq: Option<u64>,
        now: OffsetDateTime,
    ) {
        let outbox = &user.outbox;
        let mut deliveries = session.deliveries.lock();
        let arrived = deliveries.replay.acknowledge(seq.unwrap_or(0));
        let (bytes, letters) = deliveries.replay.again();
        if !bytes.is_empty() {
            outbox.push_control(&bytes);
        }
        let lost = deliveries.replay.take_lost();
        (deliveries.outbox, deliveries.acks) = (Some(outbox.clone()), acks);
        if !acks {
            deliveries.replay.forget();
        }
        drop(deliveries);
        for settled in [arrived, letters] {
            self.apply_settled(user.name.key(), settled);
        }
        if lost > 0 {
            user.send_event(&EventKind::from(Cause::LinesLost.of_count(lost)).at(now), &self.limits);
        }
    }

    /// A session has no connection any more. What the mailbox can keep goes there. Returns the bytes that stay.
    pub(super) fn detach(&self, session: &SessionState, receiver: &NameKey) -> usize {
        let mut deliveries = session.deliveries.lock();
        deliveries.outbox = None;
        let settled = deliveries.replay.detach();
        let bytes = deliveries.replay.bytes();
        drop(deliveries);
        self.apply_settled(receiver, settled);
        bytes
    }
}
