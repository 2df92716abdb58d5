//! An online user: name, connection, rendering, and the way to send events to the client.

use super::CountedAddress;
use super::recent::Author;
use super::rules::Identity;
use super::session_state::SessionState;
use crate::fanout::{BlockFilter, ClientId, DeliveryMode, Outbox, Receipt};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::{Event, EventKind, Limits, OffsetDateTime, Rendering, RoomName, UserName};
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, OnceLock};

/// A signed-in guest or account. Each connection of a resumed session has a `User` of its own.
#[derive(Debug)]
pub struct User {
    /// The user's name.
    pub name: UserName,
    /// The client's address. Limits for each address count here.
    pub(super) address: CountedAddress,
    /// The name, and the owner of the user's direct messages at sign-in. Never changes, so that presence changes and
    /// messages of one session match.
    pub(super) author: Arc<Author>,
    /// The account that a guest has registered during the session.
    registered_account: OnceLock<HistoryOwner>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) block_filter: Arc<BlockFilter>,
    /// State that outlasts the connection; `None` for a client that did not sign in by command object.
    pub(super) session: Option<Arc<SessionState>>,
    /// The user blocks others, which must not read of the user's presence.
    blocks_others: AtomicBool,
    /// The user has left: lookups by name find the user no more.
    left: AtomicBool,
    /// Number of the server's pings that the client has not answered.
    unanswered_pings: AtomicU32,
    /// Locked while an event is sent, so that after a change no event goes out in the old rendering.
    rendering: OrderedMutex<Rendering, 3>,
}

impl User {
    /// Makes a user at sign-in.
    pub(super) fn new(
        name: UserName,
        history_owner: HistoryOwner,
        address: CountedAddress,
        outbox: Arc<Outbox>,
        rendering: Rendering,
        session: Option<Arc<SessionState>>,
    ) -> Arc<User> {
        let author = Arc::new(Author { name: name.clone(), owner: history_owner });
        Arc::new(User {
            name,
            address,
            author,
            registered_account: OnceLock::new(),
            outbox,
            block_filter: Arc::default(),
            session,
            blocks_others: AtomicBool::new(false),
            left: AtomicBool::new(false),
            unanswered_pings: AtomicU32::new(0),
            rendering: OrderedMutex::new(rendering),
        })
    }

    /// Makes the same user on another connection, possibly from another address.
    pub(super) fn with_connection(&self, outbox: Arc<Outbox>, address: CountedAddress) -> Arc<User> {
        Arc::new(User {
            name: self.name.clone(),
            address,
            author: self.author.clone(),
            registered_account: self.registered_account.clone(),
            outbox,
            block_filter: self.block_filter.clone(),
            session: self.session.clone(),
            blocks_others: AtomicBool::new(self.blocks_others()),
            left: AtomicBool::new(false),
            unanswered_pings: AtomicU32::new(0),
            rendering: OrderedMutex::new(Rendering::Json),
        })
    }

    /// Returns the owner of the user's direct messages: the account, or the guest's session.
    pub(super) fn history_owner(&self) -> &HistoryOwner {
        self.registered_account.get().unwrap_or(&self.author.owner)
    }

    /// True if the user is the author of these messages.
    pub(super) fn is_author(&self, owner: &HistoryOwner) -> bool {
        *owner == self.author.owner || owner == self.history_owner()
    }

    /// Returns the name, and the owner of its history.
    pub(super) fn identity(&self) -> (UserName, HistoryOwner) {
        (self.name.clone(), self.history_owner().clone())
    }

    /// Removes a room from the list of those that a resumed session enters again.
    pub(super) fn forget_room(&self, room: &RoomName) {
        if let Some(session) = &self.session {
            session.rooms.lock().retain(|other| other.key() != room.key());
        }
    }

    /// Returns what the rules know of the user.
    pub(super) fn rules_identity(&self) -> Identity {
        let owner = self.history_owner().clone();
        Identity { name: self.name.key().clone(), owner, address: self.address.key.clone() }
    }

    /// True if the user is signed in to an account, or has registered one during the session.
    #[must_use]
    pub fn is_account(&self) -> bool {
        matches!(self.history_owner(), HistoryOwner::Account(_))
    }

    /// Makes a guest the owner of an account that it has just registered.
    pub(super) fn set_account(&self, account: HistoryOwner) {
        // Fails on a second call only. The user's own thread calls this once, as an account cannot register.
        let _ = self.registered_account.set(account);
    }

    /// True if the client acknowledges events with a `seq`. Such a client also answers pings.
    #[must_use]
    pub fn sends_acks(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.deliveries.lock().acks)
    }

    /// True if the client signed in by command object and gets JSON, and so answers pings.
    #[must_use]
    pub fn supports_pings(&self) -> bool {
        self.session.is_some() && self.rendering() == Rendering::Json
    }

    /// Sends a ping, which the client's program answers with a pong.
    pub fn ping(&self, now: OffsetDateTime, limits: &Limits) {
        self.unanswered_pings.fetch_add(1, SeqCst);
        self.send_event(&EventKind::Ping.at(now), limits);
    }

    /// Counts a pong. Returns true if it answers a ping of the server.
    pub fn record_pong(&self) -> bool {
        self.unanswered_pings.fetch_update(SeqCst, SeqCst, |pings| pings.checked_sub(1)).is_ok()
    }

    /// Returns the number of the client's connection.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.outbox.client()
    }

    /// Returns the outbox of the client's connection.
    #[must_use]
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Returns the form in which the client gets events.
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

    /// True if the user has left. While it is false, work queued to the storage before this call comes before the work
    /// of the next sign-in with this name.
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

    /// Sends an event to this client alone.
    pub fn send_event(&self, event: &Event<'_>, limits: &Limits) {
        self.send_events(std::slice::from_ref(event), limits);
    }

    /// Sends several events with no other event between them.
    pub(super) fn send_events(&self, events: &[Event<'_>], limits: &Limits) {
        let rendering = self.rendering.lock();
        self.outbox.push_control(&rendered(*rendering, events, limits));
    }

    /// Calls `send` with the rendering, which does not change until `send` returns.
    pub(super) fn with_rendering(&self, send: impl FnOnce(Rendering)) {
        let rendering = self.rendering.lock();
        send(*rendering);
    }

    /// Sends an event. The receipt is called when the kernel has taken it.
    pub(super) fn send_event_with_receipt(&self, event: &Event<'_>, limits: &Limits, receipt: Receipt) {
        let rendering = self.rendering.lock();
        self.outbox.push_with_receipt(&rendered(*rendering, std::slice::from_ref(event), limits), receipt);
    }
}

fn rendered(rendering: Rendering, events: &[Event<'_>], limits: &Limits) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        rendering.write(event, limits, &mut bytes);
    }
    bytes
}

/// Returns the form in which a user with this rendering gets a room's entries; `current` for the current room.
pub(super) fn delivery_mode(rendering: Rendering, current: bool) -> DeliveryMode {
    let rendering = if current { rendering } else { rendering.elsewhere() };
    DeliveryMode { rendering: rendering.index(), echo: rendering.echoes_own_messages() }
}
