//! Who is here, and the rules of talking. No I/O, no clock: time comes in as an argument.
//!
//! The hub's lock guards the registry only. Nothing is rendered or sent under it, and talking does not take it.

mod blocks;
mod broadcast_group;
mod deliveries;
mod direct;
mod labels;
mod mail;
mod nonces;
mod presence;
mod private;
mod publications;
mod replay;
mod request_budgets;
mod requests;
mod resume;
mod room;
mod session;
mod session_state;
mod storage;
mod user;

pub use publications::Tag;
pub use resume::{Token, Transport};
pub use session::{AfterCommand, NotResumed, Resumable, Session};
pub use storage::{MailHandler, Storage};
pub use user::User;

use crate::fanout::{ClientId, Flushers, Outbox, Poller, RoomLog};
use crate::log_throttle::KeyedLogThrottle;
use crate::ordered_mutex::{OrderedMutex, OrderedMutexGuard};
use blocks::Blocks;
use broadcast_group::BroadcastGroup;
use direct::DirectRequests;
use landline_common::clean::clean;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::name::of_server;
use landline_common::{Cause, Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering, RoomName, UserName};
use nonces::Nonces;
use parking_lot::Condvar;
use private::PrivateChats;
use publications::{LineBatch, Notice, Utterance};
use request_budgets::RequestBudgets;
use resume::ResumeTable;
use room::Rooms;
use session::Detached;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long leaving takes at most, between two names that are freed.
const LEAVING: Duration = Duration::from_secs(5);

/// The one registry of people, rooms and private chats.
#[derive(Debug)]
pub struct Hub {
    registry: OrderedMutex<Registry, 1>,
    /// Notified when a name can be had again.
    name_freed: Condvar,
    /// Held while a private chat changes and those in it are told, so that they hear of changes in their order.
    privately: OrderedMutex<(), 0>,
    /// A hidden room in which everybody has a seat: presence and `/all`.
    global: Arc<BroadcastGroup>,
    flushers: Arc<Flushers>,
    poller: Arc<Poller>,
    memory: Arc<dyn Storage>,
    limits: Limits,
    server_name: String,
    /// The next message's id. Ids never repeat, also over restarts.
    ids: AtomicU64,
    first_id: u64,
    /// How many of the ids went to visits.
    visits: AtomicU64,
    /// The nonces of messages.
    nonces: OrderedMutex<Nonces, 6>,
    log_throttle: KeyedLogThrottle,
}

#[derive(Debug)]
struct Registry {
    names: HashMap<NameKey, NameState>,
    /// In the order in which they came.
    users: BTreeMap<ClientId, Arc<User>>,
    /// The users who are leaving: no lookup finds them, but their chats may not have ended yet.
    leaving: HashMap<ClientId, Leaving>,
    rooms: Rooms,
    privates: PrivateChats,
    directs: DirectRequests,
    request_budgets: RequestBudgets,
    blocks: Blocks,
    sessions: ResumeTable<Detached>,
}

/// A user who is leaving.
#[derive(Debug)]
struct Leaving {
    user: Arc<User>,
    /// Users with whom there were private chats that ended because these users were leaving as well.
    partners: Vec<(UserName, HistoryOwner)>,
}

/// Who has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameState {
    /// Somebody who is just signing in or registering.
    Claimant,
    /// Somebody who is here.
    Here(ClientId),
    /// Somebody whose leaving is just being told: the next one must wait, or would be announced before that.
    Leaving,
}

/// Why a name cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameTaken {
    /// Somebody here has it, or one that looks the same.
    InUse,
    /// It is the server's own.
    Servers,
}

/// A name that nobody else can take until this is dropped.
#[derive(Debug)]
pub struct NameReservation {
    hub: Arc<Hub>,
    name: UserName,
    /// The name is another connection's now.
    passed_on: bool,
}

/// Somebody about to come in.
#[derive(Debug)]
pub struct SignInRequest {
    /// Where to reach them; held back until they are in.
    pub outbox: Arc<Outbox>,
    /// How they want their events.
    pub rendering: Rendering,
    /// Whether they have proven to own the account of their name.
    pub account: bool,
    /// The room they start in, which is the current one.
    pub room: RoomName,
    /// Their address.
    pub address: Arc<str>,
    /// What else a program asked for.
    pub options: SignInOptions,
}

/// What a sign-in by command object asks for, beside being in.
#[derive(Clone, Debug, Default)]
pub struct SignInOptions {
    /// More rooms to be in from the start.
    pub rooms: Vec<RoomName>,
    /// Lines that the client may send in so many milliseconds, which it is told; `None` without a limit.
    pub rate: Option<(u64, u64)>,
    /// What the answer carries.
    pub label: Option<String>,
    /// What makes the session resumable; `None` for a client that did not sign in by command object.
    pub session: Option<SessionOptions>,
}

/// How a session is resumed.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// The token that the client gets.
    pub token: Token,
    /// How the client is connected.
    pub transport: Transport,
    /// The client acknowledges what carries a `seq`.
    pub acks: bool,
    /// The last `seq` that it received, of a session that is resumed.
    pub seq: Option<u64>,
}

/// To whom an event goes.
#[derive(Clone, Copy, Debug)]
enum Audience<'a> {
    /// Everybody online.
    Global,
    /// One person.
    User(&'a User),
}

impl Hub {
    /// An empty hub of a server called `server_name`, whose messages have ids from `first_id` on.
    #[must_use]
    pub fn new(
        server_name: &str,
        limits: &Limits,
        flushers: &Arc<Flushers>,
        poller: &Arc<Poller>,
        memory: Arc<dyn Storage>,
        first_id: u64,
    ) -> Arc<Hub> {
        let most = count(limits.privates_per_person);
        let (privates, directs) = (PrivateChats::new(most), DirectRequests::new(most));
        let sessions = ResumeTable::new(count(limits.resume_sessions), count(limits.resume_bytes));
        let (names, users, rooms, blocks) = Default::default();
        let leaving = HashMap::new();
        let request_budgets = RequestBudgets::new(limits.requests_per_address);
        let registry = Registry { names, users, leaving, rooms, privates, directs, request_budgets, blocks, sessions };
        let most = count(limits.nonces);
        let mut nonces = Nonces::new(most);
        for (author, nonce, id) in memory.nonces(most) {
            nonces.add(&author, None, &nonce, id);
        }
        Arc::new(Hub {
            registry: OrderedMutex::new(registry),
            name_freed: Condvar::new(),
            privately: OrderedMutex::default(),
            global: BroadcastGroup::new(RoomLog::new(flushers), None),
            flushers: flushers.clone(),
            poller: poller.clone(),
            memory,
            limits: limits.clone(),
            server_name: server_name.to_owned(),
            ids: AtomicU64::new(first_id),
            first_id,
            visits: AtomicU64::new(0),
            nonces: OrderedMutex::new(nonces),
            log_throttle: KeyedLogThrottle::default(),
        })
    }

    /// Whether a failure of that kind is to be logged again: clients can make it recur.
    fn logs_failure(&self, kind: &'static str) -> bool {
        self.log_throttle.allow(kind, self.poller.uptime())
    }

    /// Keeps `name` for one client. Of two who ask at once, exactly one gets it. Waits for somebody of that name who is
    /// on the way out.
    ///
    /// # Errors
    /// The name, or one that looks the same, is taken.
    pub fn reserve(self: &Arc<Self>, name: UserName) -> Result<NameReservation, NameTaken> {
        self.claim_behind(name, None)
    }

    /// The same, behind a client that has just been cut off: waits until it is gone.
    ///
    /// # Errors
    /// The name, or one that looks the same, is taken by another client, or the client does not go.
    pub fn claim_behind(
        self: &Arc<Self>,
        name: UserName,
        ended: Option<ClientId>,
    ) -> Result<NameReservation, NameTaken> {
        if *name.key() == NameKey::of(&self.server_name) {
            return Err(NameTaken::Servers);
        }
        let mut registry = self.registry();
        while let Some(holder) = registry.names.get(name.key()) {
            let leaves = *holder == NameState::Leaving || ended.is_some_and(|ended| *holder == NameState::Here(ended));
            if !leaves || !registry.wait_for(&self.name_freed, LEAVING) {
                return Err(NameTaken::InUse);
            }
        }
        registry.names.insert(name.key().clone(), NameState::Claimant);
        Ok(NameReservation { hub: self.clone(), name, passed_on: false })
    }

    /// Makes `event` known to its audience: the one way in which anything but talk reaches people. The number returned
    /// is for [`Room::settle`] of everybody's room.
    fn apply(&self, audience: Audience<'_>, event: Event<'_>) -> u64 {
        match audience {
            Audience::User(user) => {
                user.tell(&event, &self.limits);
                0
            }
            Audience::Global => self.global.log.announce(&mut Notice::of(event, &self.limits)),
        }
    }

    /// Tells everybody something, and returns when it is on its way to all of them.
    pub fn last_words(&self, event: Event<'_>) {
        self.global.log.wait_delivered(self.apply(Audience::Global, event));
    }

    /// Somebody here, by any way to write their name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<User>> {
        self.registry().find(name)
    }

    /// Everybody who is here, in the order in which they came.
    #[must_use]
    pub fn global(&self) -> Vec<Arc<User>> {
        self.registry().users.values().cloned().collect()
    }

    /// Every room, by name, with the number of people in it.
    #[must_use]
    pub fn rooms(&self) -> Vec<(RoomName, usize)> {
        let mut rooms = self.registry().rooms.list();
        rooms.sort_by(|(a, _), (b, _)| a.key().cmp(b.key()));
        rooms
    }

    /// Says something as the server itself, in a room or to everybody. False if there is no such room.
    pub fn say_as_server(&self, room: Option<&RoomName>, text: &str, now: OffsetDateTime) -> bool {
        let (user, mut texts) = (of_server(&self.server_name), LineBatch::default());
        texts.push(&clean(text), Tag::default());
        let (ids, limits) = (&self.ids, &self.limits);
        let memory = self.memory.make_room().then_some(&*self.memory);
        let (room, all) = (room, None);
        let marks = None;
        let mut talk = Utterance {
            ids,
            memory,
            limits,
            client: 0,
            room: all,
            user: &user,
            texts: &texts,
            marks,
            at: now,
            first_id: 0,
        };
        let Some(name) = room else {
            self.global.log.announce(&mut talk);
            return true;
        };
        let Some((name, group)) = self.registry().rooms.find(name) else { return false };
        group.log.announce(&mut Utterance { room: Some(name.as_str()), ..talk });
        true
    }

    /// Tells somebody, if they are still here, that so much of what they said could not be stored.
    pub fn tell_not_stored(&self, client: ClientId, messages: u64, now: OffsetDateTime) {
        let user = self.registry().users.get(&client).cloned();
        let mut why = Cause::LostInStorage.of_count(messages);
        if messages == 1 {
            let text = why.sentence().replacen("1 of your messages", "Your last message", 1);
            why = why.saying(text);
        }
        if let Some(user) = user {
            user.tell(&EventKind::from(why).at(now), &self.limits);
        }
    }

    /// A number for a visit: no message and no other visit ever has it.
    fn next_visit(&self) -> u64 {
        self.visits.fetch_add(1, Relaxed);
        self.next_id()
    }

    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }

    /// How many messages were said in rooms, to everybody and to one person since the start.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.ids.load(Relaxed) - self.first_id - self.visits.load(Relaxed)
    }

    /// How many people are here.
    #[must_use]
    pub fn users(&self) -> usize {
        self.registry().users.len()
    }

    fn registry(&self) -> OrderedMutexGuard<'_, Registry, 1> {
        self.registry.lock()
    }
}

impl Registry {
    /// Somebody here, by any way to write their name.
    fn find(&self, name: &str) -> Option<Arc<User>> {
        #[cfg(feature = "faults")]
        crate::faults::strike("hub", name.as_bytes());
        self.here(&NameKey::of(name))
    }

    /// The one of that name who is here.
    fn here(&self, name: &NameKey) -> Option<Arc<User>> {
        match self.names.get(name)? {
            NameState::Here(client) => self.users.get(client).cloned(),
            NameState::Claimant | NameState::Leaving => None,
        }
    }
}

impl NameReservation {
    /// The name that is claimed.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }
}

impl Drop for NameReservation {
    fn drop(&mut self) {
        if !self.passed_on {
            self.hub.registry().names.remove(self.name.key());
        }
        self.hub.name_freed.notify_all();
    }
}
