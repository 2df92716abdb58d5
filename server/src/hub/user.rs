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
    pub(super) came_as: HistoryOwner,
    /// The account that a guest has made since.
    made: OnceLock<HistoryOwner>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) block_filter: Arc<BlockFilter>,
    /// What lasts over several connections, of a client that signed in by command object.
    pub(super) session: Option<Arc<SessionState>>,
    /// They block somebody, who must not hear of them.
    blocks_anybody: AtomicBool,
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
        party: HistoryOwner,
        address: Arc<str>,
        outbox: Arc<Outbox>,
        rendering: Rendering,
        session: Option<Arc<SessionState>>,
    ) -> Arc<User> {
        let (block_filter, rendering) = (Arc::default(), OrderedMutex::new(rendering));
        let (blocks_anybody, left, unanswered_pings) = Default::default();
        Arc::new(User {
            name,
            address,
            came_as: party,
            made: OnceLock::new(),
            outbox,
            block_filter,
            session,
            blocks_anybody,
            left,
            unanswered_pings,
            rendering,
        })
    }

    /// The same user on another connection, perhaps from another address.
    pub(super) fn on(&self, outbox: Arc<Outbox>, address: Arc<str>) -> Arc<User> {
        Arc::new(User {
            name: self.name.clone(),
            address,
            came_as: self.came_as.clone(),
            made: self.made.clone(),
            outbox,
            block_filter: self.block_filter.clone(),
            session: self.session.clone(),
            blocks_anybody: AtomicBool::new(self.blocks_anybody()),
            left: AtomicBool::default(),
            unanswered_pings: AtomicU32::default(),
            rendering: OrderedMutex::new(Rendering::Json),
        })
    }

    /// Whose history of direct messages theirs is.
    pub(super) fn party(&self) -> &HistoryOwner {
        self.made.get().unwrap_or(&self.came_as)
    }

    /// The name, and the owner of its history.
    pub(super) fn identity(&self) -> (UserName, HistoryOwner) {
        (self.name.clone(), self.party().clone())
    }

    /// Whether the name is an account's.
    #[must_use]
    pub fn is_account(&self) -> bool {
        matches!(self.party(), HistoryOwner::Account(_))
    }

    /// The guest has made an account.
    pub(super) fn has_made(&self, account: HistoryOwner) {
        // Only the user's own thread does that, and only once.
        let _ = self.made.set(account);
    }

    /// Whether the client acknowledges what carries a number, and so answers pings, too.
    #[must_use]
    pub fn acknowledges(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.deliveries.lock().acks)
    }

    /// Whether the client signed in by command object, and knows pings.
    #[must_use]
    pub fn knows_pings(&self) -> bool {
        self.session.is_some() && self.rendering() == Rendering::Json
    }

    /// Asks the client's program for a sign of life.
    pub fn ping(&self, now: OffsetDateTime, limits: &Limits) {
        self.unanswered_pings.fetch_add(1, SeqCst);
        self.tell(&EventKind::Ping.at(now), limits);
    }

    /// Counts a `pong`. Returns whether it answers a ping of the server.
    pub fn answers_ping(&self) -> bool {
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

    pub(super) fn blocks_anybody(&self) -> bool {
        self.blocks_anybody.load(Relaxed)
    }

    pub(super) fn set_blocks_anybody(&self, blocks: bool) {
        self.blocks_anybody.store(blocks, Relaxed);
    }

    /// Whether they have left. If not, whatever is given to the storage before asking is there before the next one of
    /// that name comes.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.left.load(SeqCst)
    }

    pub(super) fn leaves(&self) {
        self.left.store(true, SeqCst);
    }

    pub(super) fn set_rendering(&self, rendering: Rendering) {
        *self.rendering.lock() = rendering;
    }

    /// Tells them, and nobody else.
    pub fn tell(&self, event: &Event<'_>, limits: &Limits) {
        self.tell_all(std::slice::from_ref(event), limits);
    }

    /// Tells them several things, with nothing between them.
    pub(super) fn tell_all(&self, events: &[Event<'_>], limits: &Limits) {
        let rendering = self.rendering.lock();
        self.outbox.push_control(&written(*rendering, events, limits));
    }

    /// Does something in one rendering: until it is done, the rendering does not change.
    pub(super) fn in_rendering(&self, send: impl FnOnce(Rendering)) {
        let rendering = self.rendering.lock();
        send(*rendering);
    }

    /// Tells them, with a receipt for it.
    pub(super) fn tell_with_receipt(&self, event: &Event<'_>, limits: &Limits, receipt: Receipt) {
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
    DeliveryMode { rendering: rendering.index(), echo: rendering.hears_itself() }
}
