//! An online user: name, connection, rendering, and the way to send events to the client.

use super::CountedAddress;
use super::name_tokens::NameHolder;
use super::profile::Profile;
use super::recent::Author;
use super::rules::Identity;
use super::session_state::SessionState;
use crate::fanout::{BlockFilter, ClientId, DeliveryMode, Outbox, Receipt};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::{Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering, RoomName, UserName};
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, OnceLock};

/// A signed-in guest or account. Each connection of a resumed session and each name has a `User` of its own.
#[derive(Debug)]
pub struct User {
    /// The user's name.
    pub name: UserName,
    /// The client's address. Limits for each address count here.
    pub(super) address: CountedAddress,
    /// The name, and the owner of the user's direct messages at sign-in. Only the name changes, when the user takes another
    /// one, so that presence changes and messages of one session match.
    pub(super) author: Arc<Author>,
    pub(super) outbox: Arc<Outbox>,
    /// TLS encrypts the connection. Behind a trusted proxy this is the hop from the proxy: whether the user's own hop is
    /// encrypted is not known, so a clear last hop counts as not encrypted.
    is_encrypted: bool,
    pub(super) block_filter: Arc<BlockFilter>,
    /// State that outlasts the connection; `None` for a client that did not sign in by command object.
    pub(super) session: Option<Arc<SessionState>>,
    pub(super) profile: Arc<Profile>,
    connection: Arc<ConnectionState>,
}

/// The state of a user that changes while its connection lasts. A user who takes another name shares it with the `User`
/// of the earlier name, which other threads may still hold.
#[derive(Debug)]
struct ConnectionState {
    /// The account that a guest has registered during the session.
    registered_account: OnceLock<HistoryOwner>,
    /// The user blocks others, which must not read of the user's presence.
    blocks_others: AtomicBool,
    /// The user has left: lookups by name find the user no more.
    left: AtomicBool,
    /// Number of the server's pings that the client has not answered.
    unanswered_pings: AtomicU32,
    /// Locked while an event is sent, so that after a change no event goes out in the old rendering.
    rendering: OrderedMutex<Rendering, 3>,
}

impl ConnectionState {
    fn new(registered_account: OnceLock<HistoryOwner>, blocks_others: bool, rendering: Rendering) -> Arc<Self> {
        Arc::new(ConnectionState {
            registered_account,
            blocks_others: AtomicBool::new(blocks_others),
            left: AtomicBool::new(false),
            unanswered_pings: AtomicU32::new(0),
            rendering: OrderedMutex::new(rendering),
        })
    }
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
        profile: Arc<Profile>,
    ) -> Arc<User> {
        let author = Arc::new(Author { name: name.clone(), owner: history_owner });
        Arc::new(User {
            name,
            address,
            author,
            is_encrypted: outbox.is_encrypted(),
            outbox,
            block_filter: Arc::default(),
            session,
            profile,
            connection: ConnectionState::new(OnceLock::new(), false, rendering),
        })
    }

    /// Makes the same user on another connection, possibly from another address.
    pub(super) fn with_connection(
        &self,
        outbox: Arc<Outbox>,
        rendering: Rendering,
        address: CountedAddress,
    ) -> Arc<User> {
        let account = self.connection.registered_account.clone();
        Arc::new(User {
            name: self.name.clone(),
            address,
            is_encrypted: outbox.is_encrypted(),
            outbox,
            connection: ConnectionState::new(account, self.blocks_others(), rendering),
            ..self.share()
        })
    }

    /// Makes the same user under another name.
    pub(super) fn with_name(&self, name: UserName) -> Arc<User> {
        let author = Arc::new(Author { name: name.clone(), owner: self.author.owner.clone() });
        Arc::new(User { name, author, ..self.share() })
    }

    /// Makes a second handle on the same user.
    fn share(&self) -> User {
        User {
            name: self.name.clone(),
            address: self.address.clone(),
            author: self.author.clone(),
            outbox: self.outbox.clone(),
            is_encrypted: self.is_encrypted,
            block_filter: self.block_filter.clone(),
            session: self.session.clone(),
            profile: self.profile.clone(),
            connection: self.connection.clone(),
        }
    }

    /// Returns the keys of all names that the user has had in this session, the present one last. Blocks and sanctions
    /// of one of them hold for the user.
    pub(super) fn name_keys(&self) -> Vec<NameKey> {
        let mut keys = self.profile.former_names().to_vec();
        keys.push(self.name.key().clone());
        keys
    }

    /// Returns the program of a guest that has a name token.
    #[must_use]
    pub fn name_holder(&self) -> Option<NameHolder> {
        self.profile.name_holder()
    }

    /// Returns the owner of the user's direct messages: the account, or the guest's session.
    pub(super) fn history_owner(&self) -> &HistoryOwner {
        self.connection.registered_account.get().unwrap_or(&self.author.owner)
    }

    /// True if the user is the author of these messages.
    pub(super) fn is_author(&self, owner: &HistoryOwner) -> bool {
        *owner == self.author.owner || owner == self.history_owner()
    }

    /// Returns the name, and the owner of its history.
    pub(super) fn identity(&self) -> (UserName, HistoryOwner) {
        (self.name.clone(), self.history_owner().clone())
    }

    /// Removes a room from the list of those that a resumed session enters again. Returns false if it is not there.
    pub(super) fn forget_room(&self, room: &RoomName) -> bool {
        let Some(session) = &self.session else { return false };
        let mut rooms = session.rooms.lock();
        let before = rooms.len();
        rooms.retain(|other| other.key() != room.key());
        rooms.len() < before
    }

    /// Returns what the rules know of the user.
    pub(super) fn rules_identity(&self) -> Identity {
        Identity {
            name: self.name.key().clone(),
            former_names: self.profile.former_names(),
            owner: self.history_owner().clone(),
            holder: self.name_holder(),
            address: self.address.key.clone(),
            has_own_address: false,
        }
    }

    /// True if the user is signed in to an account, or has registered one during the session.
    #[must_use]
    pub fn is_account(&self) -> bool {
        matches!(self.history_owner(), HistoryOwner::Account(_))
    }

    /// Makes a guest the owner of an account that it has just registered.
    pub(super) fn set_account(&self, account: HistoryOwner) {
        // Fails on a second call only. The user's own thread calls this once, as an account cannot register.
        let _ = self.connection.registered_account.set(account);
    }

    /// True if the client acknowledges events with a `seq`. Such a client also answers pings.
    #[must_use]
    pub fn sends_acks(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.deliveries.lock().acks)
    }

    /// True if the client signed in by command object and gets JSON, and so answers pings.
    #[must_use]
    pub fn supports_pings(&self) -> bool {
        self.session.is_some() && self.rendering().is_json()
    }

    /// Sends a ping, which the client's program answers with a pong.
    pub fn ping(&self, now: OffsetDateTime, limits: &Limits) {
        self.connection.unanswered_pings.fetch_add(1, SeqCst);
        self.send_event(&EventKind::Ping.at(now), limits);
    }

    /// Counts a pong. Returns true if it answers a ping of the server.
    pub fn record_pong(&self) -> bool {
        self.connection.unanswered_pings.fetch_update(SeqCst, SeqCst, |pings| pings.checked_sub(1)).is_ok()
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

    /// Returns true if TLS encrypts the connection between client and server.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the form in which the client gets events.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        *self.connection.rendering.lock()
    }

    pub(super) fn blocks_others(&self) -> bool {
        self.connection.blocks_others.load(Relaxed)
    }

    pub(super) fn set_blocks_others(&self, blocks: bool) {
        self.connection.blocks_others.store(blocks, Relaxed);
    }

    /// True if the user has left. While it is false, work queued to the storage before this call comes before the work
    /// of the next sign-in with this name.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.connection.left.load(SeqCst)
    }

    pub(super) fn mark_left(&self) {
        self.connection.left.store(true, SeqCst);
    }

    pub(super) fn set_rendering(&self, rendering: Rendering) {
        *self.connection.rendering.lock() = rendering;
    }

    /// Sends an event to this client alone.
    pub fn send_event(&self, event: &Event<'_>, limits: &Limits) {
        self.send_events(std::slice::from_ref(event), limits);
    }

    /// Sends several events with no other event between them.
    pub(super) fn send_events(&self, events: &[Event<'_>], limits: &Limits) {
        let rendering = self.connection.rendering.lock();
        self.outbox.push_control(&rendered(*rendering, events, limits));
    }

    /// Calls `send` with the rendering, which does not change until `send` returns.
    pub(super) fn with_rendering(&self, send: impl FnOnce(Rendering)) {
        let rendering = self.connection.rendering.lock();
        send(*rendering);
    }

    /// Sends an event. The receipt is called when the kernel has taken it.
    pub(super) fn send_event_with_receipt(&self, event: &Event<'_>, limits: &Limits, receipt: Receipt) {
        let rendering = self.connection.rendering.lock();
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
