//! Who is here, and the rules of talking. No I/O, no clock: time comes in as an argument.
//!
//! The hub's lock guards the registry only. Nothing is rendered or sent under it, and talking does not take it.

mod person;
mod private;
mod room;
mod talk;
mod visit;

pub use person::Person;
pub use visit::{Stay, Visit};

use crate::fanout::{ClientId, Flushers, Outbox, Room};
use crate::ranked::{Ranked, RankedGuard};
use landline_common::limits::count;
use landline_common::{Event, Limits, Moment, NameKey, Rendering, RoomName, UserName};
use private::PrivateChats;
use room::Rooms;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use talk::Notice;

/// The one registry of people, rooms and private chats.
#[derive(Debug)]
pub struct Hub {
    registry: Ranked<Registry, 1>,
    /// Held while a private chat changes and those in it are told, so that they hear of changes in their order.
    privately: Ranked<(), 0>,
    /// A hidden room in which everybody has a seat: presence and `/all`.
    everybody: Arc<Room>,
    flushers: Arc<Flushers>,
    limits: Limits,
    server_name: String,
    /// The next message's id. Ids never repeat, also over restarts (also twice in a second): they start at unix
    /// milliseconds × 10³.
    ids: AtomicU64,
}

#[derive(Debug, Default)]
struct Registry {
    /// `None`: claimed by somebody who is just signing in or registering.
    names: HashMap<NameKey, Option<ClientId>>,
    /// In the order in which they came.
    people: BTreeMap<ClientId, Arc<Person>>,
    rooms: Rooms,
    privates: PrivateChats,
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
pub struct Claim {
    hub: Arc<Hub>,
    name: UserName,
}

/// Somebody about to come in.
#[derive(Debug)]
pub struct Newcomer {
    /// Where to reach them; held back until they are in.
    pub outbox: Arc<Outbox>,
    /// How they want their events.
    pub rendering: Rendering,
    /// Whether they have proven to own the account of their name.
    pub account: bool,
    /// The room they start in.
    pub room: RoomName,
}

/// To whom an event goes.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// Everybody online.
    Everybody,
    /// One person.
    Person(&'a Person),
}

impl Hub {
    /// An empty hub of a server called `server_name`, begun at `now`.
    #[must_use]
    pub fn new(server_name: &str, limits: &Limits, flushers: &Arc<Flushers>, now: Moment) -> Arc<Hub> {
        let privates = PrivateChats::new(count(limits.privates_per_person));
        let registry = Registry { privates, ..Registry::default() };
        let ms = u64::try_from(now.unix_ms).unwrap_or(0);
        Arc::new(Hub {
            registry: Ranked::new(registry),
            privately: Ranked::default(),
            everybody: Room::new(flushers),
            flushers: flushers.clone(),
            limits: limits.clone(),
            server_name: server_name.to_owned(),
            ids: AtomicU64::new(ms * 1_000),
        })
    }

    /// Keeps `name` for one client. Of two who ask at once, exactly one gets it.
    ///
    /// # Errors
    /// The name, or one that looks the same, is taken.
    pub fn claim(self: &Arc<Self>, name: UserName) -> Result<Claim, NameTaken> {
        if *name.key() == NameKey::of(&self.server_name) {
            return Err(NameTaken::Servers);
        }
        let mut registry = self.registry();
        if registry.names.contains_key(name.key()) {
            return Err(NameTaken::InUse);
        }
        registry.names.insert(name.key().clone(), None);
        Ok(Claim { hub: self.clone(), name })
    }

    /// Makes `event` known to its audience: the one way in which anything but talk reaches people.
    pub fn apply(&self, audience: Audience<'_>, event: Event<'_>) {
        match audience {
            Audience::Person(person) => person.tell(&event, &self.limits),
            Audience::Everybody => {
                self.everybody.announce(&mut Notice { event, limits: &self.limits });
            }
        }
    }

    /// Tells everybody something, and returns when it is on its way to all of them.
    pub fn last_words(&self, event: Event<'_>) {
        let number = self.everybody.announce(&mut Notice { event, limits: &self.limits });
        self.everybody.settle(number);
    }

    /// How many people are here.
    #[must_use]
    pub fn people(&self) -> usize {
        self.registry().people.len()
    }

    fn registry(&self) -> RankedGuard<'_, Registry, 1> {
        self.registry.lock()
    }
}

impl Registry {
    /// Somebody here, by any way to write their name.
    fn find(&self, name: &str) -> Option<Arc<Person>> {
        let client = (*self.names.get(&NameKey::of(name))?)?;
        self.people.get(&client).cloned()
    }
}

impl Claim {
    /// The name that is claimed.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.hub.registry().names.remove(self.name.key());
    }
}
