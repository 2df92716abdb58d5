//! Sends events that one client acknowledges, and passes the outcome to the mailbox. See [`super::replay`].
//!
//! Numbering, buffering and sending an event are one step under the lock of the session's [`Deliveries`], which also
//! holds the session's outbox. An event is therefore either sent again when the session resumes, or sent on the new
//! connection; never neither, and `seq` grows on the wire.
//!
//! [`Deliveries`]: super::session_state::Deliveries

use super::replay::{Settled, Unsettled};
use super::session_state::{SessionState, StoredDirect};
use super::{Hub, User};
use landline_common::history::DirectMessage;
use landline_common::{Cause, Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering};
use std::sync::Arc;

/// Result of sending an event that is to be acknowledged.
pub(super) enum SendOutcome {
    /// The event is buffered, and sent if the session has a connection. With the events that the full buffer displaced.
    Buffered(Settled<StoredDirect>),
    /// The client does not acknowledge; nothing was sent.
    NotAcknowledging,
    /// The session has no connection, and the event can wait in the mailbox; nothing was sent.
    NoConnection,
}

impl User {
    /// Sends an event with the next `seq` and buffers it until the client acknowledges it.
    pub(super) fn send_numbered(
        &self,
        event: Event<'_>,
        unsettled: Unsettled<StoredDirect>,
        limits: &Limits,
    ) -> SendOutcome {
        let Some(session) = &self.session else { return SendOutcome::NotAcknowledging };
        if !self.rendering().is_json() {
            return SendOutcome::NotAcknowledging;
        }
        let mut deliveries = session.deliveries.lock();
        if !deliveries.acks {
            return SendOutcome::NotAcknowledging;
        }
        if deliveries.outbox.is_none() && !matches!(unsettled, Unsettled::Line) {
            return SendOutcome::NoConnection;
        }
        let event = Event { seq: Some(deliveries.replay.next_seq()), ..event };
        let mut line = Vec::new();
        Rendering::Json.write(&event, limits, &mut line);
        let displaced = deliveries.replay.push(&line, unsettled);
        deliveries.send(&line);
        SendOutcome::Buffered(displaced)
    }
}

impl Hub {
    /// Sends an event that the mailbox does not take. A client that acknowledges gets it again after a lost connection.
    pub(super) fn send_reliably(self: &Arc<Self>, user: &User, event: Event<'_>) {
        match user.send_numbered(event.clone(), Unsettled::Line, &self.limits) {
            SendOutcome::Buffered(displaced) => self.apply_settled(user.name.key(), displaced),
            SendOutcome::NotAcknowledging | SendOutcome::NoConnection => user.send_event(&event, &self.limits),
        }
    }

    /// Tells the mailbox which of the receiver's messages are delivered, undelivered or returned. Never waits.
    pub(super) fn apply_settled(&self, receiver: &NameKey, settled: Settled<StoredDirect>) {
        let Settled { delivered, waiting, returned } = settled;
        for StoredDirect { id, at, from, to, text, client } in &returned {
            let from = (from.0.as_str(), &from.1);
            let to = (to.0.as_str(), &to.1);
            let direct = DirectMessage { id: *id, at: *at, from, to, text, client: *client, nonce: None };
            self.storage.requeue_mail(&direct);
        }
        for (ids, delivered) in [(delivered, true), (waiting, false)] {
            if !ids.is_empty() {
                self.storage.acknowledge_mail(receiver, ids, delivered);
            }
        }
    }

    /// Handles the client's acknowledgement of all events up to `seq`. Fetches the next page of mail once the client
    /// has acknowledged the last one.
    pub(super) fn handle_ack(self: &Arc<Self>, user: &Arc<User>, seq: u64) {
        let Some(session) = &user.session else { return };
        let mut deliveries = session.deliveries.lock();
        let had_letters = deliveries.replay.has_mail();
        let settled = deliveries.replay.acknowledge(seq);
        let is_page_done = had_letters && !deliveries.replay.has_mail();
        drop(deliveries);
        self.apply_settled(user.name.key(), settled);
        if is_page_done {
            self.request_mail_after_ack(user.clone());
        }
    }

    /// Connects a session to the outbox of `user`, whose client has received all events up to `seq`. Sends the later
    /// ones again, and reports lines that were lost because the buffer was full.
    pub(super) fn attach(
        &self,
        session: &SessionState,
        user: &User,
        acks: bool,
        seq: Option<u64>,
        now: OffsetDateTime,
    ) {
        let rendering = user.rendering();
        let mut deliveries = session.deliveries.lock();
        let delivered = deliveries.replay.acknowledge(seq.unwrap_or(0));
        let (lines, waiting) = deliveries.replay.resend();
        deliveries.outbox = Some(user.outbox.clone());
        deliveries.rendering = rendering;
        deliveries.send(&lines);
        let lost = deliveries.replay.take_lost();
        deliveries.acks = acks;
        if !acks {
            deliveries.replay.clear();
        }
        drop(deliveries);
        for settled in [delivered, waiting] {
            self.apply_settled(user.name.key(), settled);
        }
        if lost > 0 {
            user.send_event(&EventKind::from(Cause::LinesLost.with_count(lost)).at(now), &self.limits);
        }
    }

    /// Separates a session from its lost connection and returns its unacknowledged messages to the mailbox. Returns the
    /// number of bytes that stay in the buffer.
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
