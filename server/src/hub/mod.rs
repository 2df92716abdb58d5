//! The users online, their rooms and chats, and the rules of talking. No I/O and no clock: time is an argument.
//!
//! The hub's lock guards the registry only. Nothing is rendered or sent under it, and talking does not take it.
//!
//! A connection reserves a name ([`Hub::reserve`]), signs in with it ([`Hub::sign_in`]) and gets a [`Session`], which
//! carries out the user's commands. Dropping the session makes the user leave. A client that lost its connection
//! resumes its session with a token ([`Hub::take_over`], [`Hub::resume_lost`]).

mod blocks;
mod broadcast_group;
mod counted_address;
mod deliveries;
mod direct;
mod labels;
mod mail;
mod name_tokens;
mod nonces;
mod presence;
mod private;
mod profile;
mod publications;
mod recent;
mod renaming;
mod replay;
mod request_budgets;
mod requests;
mod resume;
mod room;
mod rules;
mod rules_storage;
mod session;
mod session_state;
mod storage;
mod user;

pub use counted_address::CountedAddress;
pub use name_tokens::NameHolder;
pub use publications::Tag;
pub use resume::{Token, Transport};
pub use session::{AfterCommand, NotResumed, Resumable, Session};
pub use storage::{MailHandler, Storage};
pub use user::User;

use crate::fanout::{ClientId, Flushers, Outbox, Poller, RoomLog};
use crate::log_throttle::KeyedLogThrottle;
use crate::ordered_mutex::{OrderedMutex, OrderedMutexGuard};
use blocks::Blocks;
use broadcast_group::{BroadcastGroup, Notice};
use direct::DirectRequests;
use landline_common::clean::clean;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::name::server_author;
use landline_common::page_url::page_url;
use landline_common::{
    Cause, Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering, Report, RoomKey, RoomName, UserName,
};
use name_tokens::NameTokens;
use nonces::Nonces;
use parking_lot::Condvar;
use private::PrivateChats;
use publications::{LineBatch, TalkPublication};
use request_budgets::RequestBudgets;
pub use request_budgets::throttled;
use resume::ResumeTable;
use room::Rooms;
use rules::{RulesTable, ServerRules};
use session::DetachedSession;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Longest wait for the next name to become free, while the name's user leaves.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The state of a server that its users share.
#[derive(Debug)]
pub struct Hub {
    registry: OrderedMutex<Registry, 1>,
    /// Notified when a name becomes free or passes to another connection.
    name_freed: Condvar,
    /// Locked while a private or direct chat changes and its users are notified, so that notices come in the order of
    /// changes.
    private_chat_order: OrderedMutex<(), 0>,
    /// A hidden room to which every session subscribes, for presence and `/all`.
    global: Arc<BroadcastGroup>,
    flushers: Arc<Flushers>,
    poller: Arc<Poller>,
    storage: Arc<dyn Storage>,
    limits: Limits,
    server_name: String,
    /// Where other machines open the web page: `http://192.168.1.20:8080`.
    page_origin: String,
    /// The next id of a message or session. Ids never repeat, also across restarts.
    next_message_id: AtomicU64,
    first_id: u64,
    /// Number of ids that were given to sessions.
    session_id_count: AtomicU64,
    nonces: OrderedMutex<Nonces, 6>,
    /// Limits log lines about failures that clients can repeat.
    failure_throttle: KeyedLogThrottle,
    server_rules: OrderedMutex<ServerRules, 2>,
}

/// The tables under the hub's lock.
#[derive(Debug)]
struct Registry {
    names: HashMap<NameKey, NameState>,
    /// The users online, in the order in which they connected.
    users: BTreeMap<ClientId, Arc<User>>,
    /// Users who are leaving. Lookups do not find them, but their chats may not have ended yet.
    leaving: HashMap<ClientId, Leaving>,
    rooms: Rooms,
    private_chats: PrivateChats,
    direct_requests: DirectRequests,
    request_budgets: RequestBudgets<ClientId>,
    /// Wrong key words by room.
    key_budgets: RequestBudgets<RoomKey>,
    blocks: Blocks,
    /// The users online that have had a name earlier in their session.
    former_names: HashMap<NameKey, BTreeSet<ClientId>>,
    sessions: ResumeTable<DetachedSession>,
    name_tokens: NameTokens,
    rules: RulesTable,
    /// Rooms that belong to the server's owners: they are older than the rules.
    server_rooms: HashSet<RoomKey>,
}

/// A user who is leaving.
#[derive(Debug)]
struct Leaving {
    user: Arc<User>,
    /// Partners of the private chats that have ended because this user or the partner was leaving.
    partners: Vec<(UserName, HistoryOwner)>,
}

/// State of a name that is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameState {
    /// A client is signing in or registering with it.
    Reserved,
    /// The name of an online user.
    Online(ClientId),
    /// Its user is leaving or has taken another name. The next user of the name waits, so that this is announced before
    /// the new sign-in.
    Leaving,
}

/// Why a name cannot be reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameTaken {
    /// Another client has this name, or one that looks the same.
    InUse,
    /// The name is the server's.
    ServerName,
}

/// A name that no other client can take until this is dropped.
#[derive(Debug)]
pub struct NameReservation {
    hub: Arc<Hub>,
    name: UserName,
    /// The name belongs to another connection now, so dropping this does not free it.
    transferred: bool,
}

/// The data of a client that signs in or resumes.
#[derive(Debug)]
pub struct SignInRequest {
    /// The client's outbox, which the hub holds back until the greeting is complete.
    pub outbox: Arc<Outbox>,
    /// The form in which the client gets events.
    pub rendering: Rendering,
    /// True if the client has proven to own the account of its name.
    pub account: bool,
    /// The first current room.
    pub room: RoomName,
    /// The client's address.
    pub address: CountedAddress,
    /// Options of a sign-in by command object.
    pub options: SignInOptions,
}

/// Options of a sign-in by command object.
#[derive(Clone, Debug, Default)]
pub struct SignInOptions {
    /// Further rooms to enter.
    pub rooms: Vec<RoomName>,
    /// Refusals of rooms that the sign-in named, for the end of the answer.
    pub refused_rooms: Vec<Report<'static>>,
    /// The rate limit that the greeting states, as lines in a number of milliseconds; `None` without a limit.
    pub rate: Option<(u64, u64)>,
    /// Returned in the answer.
    pub label: Option<String>,
    /// The name token of a guest, which keeps the name.
    pub name_token: Option<Token>,
    /// Options of a resumable session; `None` for a client that did not sign in by command object.
    pub session: Option<SessionOptions>,
}

/// Options of a resumable session.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// The new token for the client.
    pub token: Token,
    /// How the client is connected.
    pub transport: Transport,
    /// The client acknowledges events with a `seq`.
    pub acks: bool,
    /// When resuming, the last `seq` that the client received.
    pub seq: Option<u64>,
}

impl Hub {
    /// Makes a hub without users. Message ids start at `first_id`.
    #[must_use]
    pub fn new(
        server_name: &str,
        page_origin: String,
        limits: &Limits,
        flushers: &Arc<Flushers>,
        poller: &Arc<Poller>,
        storage: Arc<dyn Storage>,
        first_id: u64,
    ) -> Arc<Hub> {
        let chats_per_user = count(limits.privates_per_person);
        let mut registry = Registry {
            names: HashMap::new(),
            users: BTreeMap::new(),
            leaving: HashMap::new(),
            rooms: Rooms::default(),
            private_chats: PrivateChats::new(chats_per_user),
            direct_requests: DirectRequests::new(chats_per_user),
            request_budgets: RequestBudgets::new(limits.requests_per_address, Duration::from_secs(60)),
            key_budgets: RequestBudgets::new(
                limits.wrong_keys_per_address,
                Limits::seconds(limits.address_block_seconds),
            ),
            blocks: Blocks::default(),
            former_names: HashMap::new(),
            sessions: ResumeTable::new(count(limits.resume_sessions), count(limits.resume_bytes)),
            name_tokens: NameTokens::new(limits),
            rules: RulesTable::default(),
            server_rooms: HashSet::new(),
        };
        let server_rules = registry.load_rules(&*storage);
        let nonce_capacity = count(limits.nonces);
        let mut nonces = Nonces::new(nonce_capacity);
        for (author, nonce, id) in storage.newest_nonces(nonce_capacity) {
            nonces.add(&author, None, &nonce, id);
        }
        Arc::new(Hub {
            registry: OrderedMutex::new(registry),
            name_freed: Condvar::new(),
            private_chat_order: OrderedMutex::default(),
            global: BroadcastGroup::new(RoomLog::new(flushers), None, limits),
            flushers: flushers.clone(),
            poller: poller.clone(),
            storage,
            limits: limits.clone(),
            server_name: server_name.to_owned(),
            page_origin,
            next_message_id: AtomicU64::new(first_id),
            first_id,
            session_id_count: AtomicU64::new(0),
            nonces: OrderedMutex::new(nonces),
            failure_throttle: KeyedLogThrottle::default(),
            server_rules: OrderedMutex::new(server_rules),
        })
    }

    /// Notes a failure that clients can repeat. Returns true if it may be logged, at most once in a few seconds for
    /// each kind.
    fn note_failure(&self, kind: &'static str) -> bool {
        self.failure_throttle.allow(kind, self.poller.uptime())
    }

    /// Reserves `name` for one client. Of two concurrent callers exactly one gets it. Waits while a user of this name
    /// leaves.
    ///
    /// # Errors
    /// The name is the server's own; another client has it, or one that looks the same; or the leaving user of this name
    /// does not leave in time.
    pub fn reserve(self: &Arc<Self>, name: UserName) -> Result<NameReservation, NameTaken> {
        self.reserve_after(name, None)
    }

    /// Reserves `name` after the client `ended`, which has just been disconnected: waits until its user has left.
    ///
    /// # Errors
    /// As [`Hub::reserve`].
    pub fn reserve_after(
        self: &Arc<Self>,
        name: UserName,
        ended: Option<ClientId>,
    ) -> Result<NameReservation, NameTaken> {
        if *name.key() == NameKey::of(&self.server_name) {
            return Err(NameTaken::ServerName);
        }
        let mut registry = self.registry();
        while let Some(state) = registry.names.get(name.key()) {
            let is_leaving =
                *state == NameState::Leaving || ended.is_some_and(|ended| *state == NameState::Online(ended));
            if !is_leaving || !registry.wait_for(&self.name_freed, LEAVE_TIMEOUT) {
                return Err(NameTaken::InUse);
            }
        }
        registry.names.insert(name.key().clone(), NameState::Reserved);
        Ok(NameReservation { hub: self.clone(), name, transferred: false })
    }

    /// Announces an event to all users. Returns when its delivery is done; what a kernel did not take is in a backlog.
    pub fn announce_and_wait(&self, event: Event<'_>) {
        let batch = self.global.log.announce(&mut Notice::of(event, &self.limits));
        self.global.log.wait_delivered(batch);
    }

    /// Finds an online user by any spelling of the name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<User>> {
        self.registry().find(name)
    }

    /// Returns the users online, in the order in which they connected.
    #[must_use]
    pub fn online_users(&self) -> Vec<Arc<User>> {
        self.registry().users.values().cloned().collect()
    }

    /// Returns every room with its number of members, sorted by name.
    #[must_use]
    pub fn rooms(&self) -> Vec<(RoomName, usize)> {
        let mut rooms = self.registry().rooms.list();
        rooms.sort_by(|(a, _), (b, _)| a.key().cmp(b.key()));
        rooms
    }

    /// Says `text` as the server, in a room or to all users. Returns false if the room does not exist.
    pub fn say_as_server(&self, room: Option<&RoomName>, text: &str, now: OffsetDateTime) -> bool {
        let user = server_author(&self.server_name);
        let mut lines = LineBatch::default();
        lines.push(&clean(text), Tag::default());
        let storage = self.storage.wait_for_capacity().then_some(&*self.storage);
        let mut talk = TalkPublication {
            ids: &self.next_message_id,
            storage,
            limits: &self.limits,
            client: 0,
            room: None,
            user: &user,
            lines: &lines,
            own_rendering: Rendering::Text,
            id_sink: None,
            recent: None,
            at: now,
            first_id: 0,
        };
        let Some(name) = room else {
            self.global.log.announce(&mut talk);
            return true;
        };
        let Some((name, group)) = self.registry().rooms.find(name) else { return false };
        group.log.announce(&mut TalkPublication { room: Some(name.as_str()), ..talk });
        true
    }

    /// Tells a user, if still online, that this number of its messages could not be stored.
    pub fn notify_not_stored(&self, client: ClientId, messages: u64, now: OffsetDateTime) {
        let user = self.registry().users.get(&client).cloned();
        let mut report = Cause::LostInStorage.with_count(messages);
        if messages == 1 {
            let text = report.sentence().replacen("1 of your messages", "Your last message", 1);
            report = report.with_text(text);
        }
        if let Some(user) = user {
            user.send_event(&EventKind::from(report).at(now), &self.limits);
        }
    }

    /// Returns a session number, which no message and no other session ever has.
    fn allocate_session_number(&self) -> u64 {
        self.session_id_count.fetch_add(1, Relaxed);
        self.allocate_id()
    }

    fn allocate_id(&self) -> u64 {
        self.next_message_id.fetch_add(1, Relaxed)
    }

    /// Returns the number of messages since the start: in rooms, to all users and to one user.
    #[must_use]
    pub fn message_count(&self) -> u64 {
        self.next_message_id.load(Relaxed) - self.first_id - self.session_id_count.load(Relaxed)
    }

    /// Returns the address of the web page for other machines, opened in a room if one is given.
    #[must_use]
    pub fn page_url(&self, room: Option<&RoomName>) -> String {
        page_url(&self.page_origin, room.map(RoomName::as_str))
    }

    /// Returns the number of users online.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.registry().users.len()
    }

    fn registry(&self) -> OrderedMutexGuard<'_, Registry, 1> {
        self.registry.lock()
    }
}

impl Registry {
    /// Finds an online user by any spelling of the name.
    fn find(&self, name: &str) -> Option<Arc<User>> {
        #[cfg(feature = "faults")]
        crate::faults::strike("hub", name.as_bytes());
        self.online(&NameKey::of(name))
    }

    /// Returns the online user of this name.
    fn online(&self, name: &NameKey) -> Option<Arc<User>> {
        match self.names.get(name)? {
            NameState::Online(client) => self.users.get(client).cloned(),
            NameState::Reserved | NameState::Leaving => None,
        }
    }
}

impl NameReservation {
    /// Returns the reserved name.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }
}

impl Drop for NameReservation {
    fn drop(&mut self) {
        if !self.transferred {
            self.hub.registry().names.remove(self.name.key());
        }
        self.hub.name_freed.notify_all();
    }
}
