//! Somebody who is here, as the others reach them.

use super::session_state::SessionState;
use crate::fanout::{BlockFilter, ClientId, DeliveryMode, Outbox, Receipt};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::{Event, EventKind, Limits, OffsetDateTime, Rendering, UserName};
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, OnceLock};

/// A guest or an account holder who is signed in.
#[derive(Debug)]
pub struct User {
    /// Their name.
    pub name: UserName,
    /// The address that they came from: whatever is bounded by address counts there.
    pub(super) address: Arc<str>,
    /// Whose history of direct messages theirs was when they came.
    pub(super) initial_owner: HistoryOwner,
    /// The account that a guest has made since.
    made: OnceLock<HistoryOwner>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) block_filter: Arc<BlockFilter>,
    /// What lasts over several connections, of a client that signed in by command object.
    pub(super) session: Option<Arc<SessionState>>,
    /// They block somebody, who must not hear of them.
    blocks_others: AtomicBool,
    /// Nobody finds them any more.
    left: AtomicBool,
    /// Pings of the server that the client has not answered.
    unanswered_pings: AtomicU32,
    /// Held while something is told: after a change nothing comes in the old one any more.
    rendering: OrderedMutex<Rendering, 3>,
}

impl User {
    /// A user who comes in. `party` is whose history of direct messages theirs is.
    pub(super) fn new(
        name: UserName,
        history_owner: HistoryOwner,
        address: Arc<str>,
        outbox: Arc<Outbox>,
        rendering: Rendering,
        session: Option<Arc<SessionState>>,
    ) -> Arc<User> {
        let (block_filter, rendering) = (Arc::default(), OrderedMutex::new(rendering));
        let (blocks_others, left, unanswered_pings) = Default::default();
        Arc::new(User {
            name,
            address,
            initial_owner: history_owner,
            made: OnceLock::new(),
            outbox,
            block_filter,
            session,
            blocks_others,
            left,
            unanswered_pings,
            rendering,
        })
    }

    /// The same user on another connection, perhaps from another address.
    pub(super) fn with_connection(&self, outbox: Arc<Outbox>, address: Arc<str>) -> Arc<User> {
        Arc::new(User {
            name: self.name.clone(),
            address,
            initial_owner: self.initial_owner.clone(),
            made: self.made.clone(),
            outbox,
            block_filter: self.block_filter.clone(),
            session: self.session.clone(),
            blocks_others: AtomicBool::new(self.blocks_others()),
            left: AtomicBool::default(),
            unanswered_pings: AtomicU32::default(),
            rendering: OrderedMutex::new(Rendering::Json),
        })
    }

    /// Whose history of direct messages theirs is.
    pub(super) fn history_owner(&self) -> &HistoryOwner {
        self.made.get().unwrap_or(&self.initial_owner)
    }

    /// The name, and the owner of its history.
    pub(super) fn identity(&self) -> (UserName, HistoryOwner) {
        (self.name.clone(), self.history_owner().clone())
    }

    /// Whether the name is an account's.
    #[must_use]
    pub fn is_account(&self) -> bool {
        matches!(self.history_owner(), HistoryOwner::Account(_))
    }

    /// The guest has made an account.
    pub(super) fn set_account(&self, account: HistoryOwner) {
        // Only the user's own thread does that, and only once.
        let _ = self.made.set(account);
    }

    /// Whether the client acknowledges what carries a number, and so answers pings, too.
    #[must_use]
    pub fn sends_acks(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.deliveries.lock().acks)
    }

    /// Whether the client signed in by command object, and knows pings.
    #[must_use]
    pub fn supports_pings(&self) -> bool {
        self.session.is_some() && self.rendering() == Rendering::Json
    }

    /// Asks the client's program for a sign of life.
    pub fn ping(&self, now: OffsetDateTime, limits: &Limits) {
        self.unanswered_pings.fetch_add(1, SeqCst);
        self.send_event(&EventKind::Ping.at(now), limits);
    }

    /// Counts a `pong`. Returns whether it answers a ping of the server.
    pub fn record_pong(&self) -> bool {
        self.unanswered_pings.fetch_update(SeqCst, SeqCst, |pings| pings.checked_sub(1)).is_ok()
    }

    /// The number of their connection.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.outbox.client()
    }

    /// What is on its way to their client.
    #[must_use]
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// How they get their events.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        *self.rendering.lock()
    }

    pub(super) fn blocks_others(&self) -> bool {
        self.blocks_others.load(Relaxed)
    }

    pub(super) fn set_blocks_others(&self, blocks: bool) {
        self.blocks_others.store(blocks, Relaxed);
    }

    /// Whether they have left. If not, whatever is given to the storage before asking is there before the next one of
    /// that name comes.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.left.load(SeqCst)
    }

    pub(super) fn mark_left(&self) {
        self.left.store(true, SeqCst);
    }

    pub(super) fn set_rendering(&self, rendering: Rendering) {
        *self.rendering.lock() = rendering;
    }

    /// Tells them, and nobody else.
    pub fn send_event(&self, event: &Event<'_>, limits: &Limits) {
        self.send_events(std::slice::from_ref(event), limits);
    }

    /// Tells them several things, with nothing between them.
    pub(super) fn send_events(&self, events: &[Event<'_>], limits: &Limits) {
        let rendering = self.rendering.lock();
        self.outbox.push_control(&written(*rendering, events, limits));
    }

    /// Does something in one rendering: until it is done, the rendering does not change.
    pub(super) fn with_rendering(&self, send: impl FnOnce(Rendering)) {
        let rendering = self.rendering.lock();
        send(*rendering);
    }

    /// Tells them, with a receipt for it.
    pub(super) fn send_event_with_receipt(&self, event: &Event<'_>, limits: &Limits, receipt: Receipt) {
        let rendering = self.rendering.lock();
        self.outbox.push_with_receipt(&written(*rendering, std::slice::from_ref(event), limits), receipt);
    }
}

fn written(rendering: Rendering, events: &[Event<'_>], limits: &Limits) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        rendering.write(event, limits, &mut bytes);
    }
    bytes
}

/// How somebody with that rendering hears a room, as their current one or not.
pub(super) fn delivery_mode(rendering: Rendering, current: bool) -> DeliveryMode {
    let rendering = if current { rendering } else { rendering.elsewhere() };
    DeliveryMode { rendering: rendering.index(), hears_itself: rendering.hears_itself() }
}
