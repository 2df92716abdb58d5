//! Filters out the events of clients that a user has blocked.

use super::{ClientId, Publisher};
use crate::ordered_mutex::{OrderedMutex, OrderedMutexGuard};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The block filter of one user, shared by the user's subscriptions to all rooms.
#[derive(Debug, Default)]
pub struct BlockFilter {
    /// False while no client is blocked, which is the usual case: then a cycle takes no lock.
    any: AtomicBool,
    blocked: OrderedMutex<Blocked, 4>,
}

/// The clients whose events are left out, by class of event.
#[derive(Debug, Default)]
pub(super) struct Blocked {
    talk_of: HashSet<ClientId>,
    presence_of: HashSet<ClientId>,
}

/// The classes of events that can be blocked separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventClass {
    /// Lines that a client sends to a room.
    Talk,
    /// Notices that a client enters or leaves.
    Presence,
}

impl BlockFilter {
    /// Blocks or unblocks this class of events of `client`, from the next send on.
    pub fn set(&self, class: EventClass, client: ClientId, is_blocked: bool) {
        let mut blocked = self.blocked.lock();
        let set = match class {
            EventClass::Talk => &mut blocked.talk_of,
            EventClass::Presence => &mut blocked.presence_of,
        };
        if is_blocked {
            set.insert(client);
        } else {
            set.remove(&client);
        }
        self.any.store(!blocked.talk_of.is_empty() || !blocked.presence_of.is_empty(), Relaxed);
    }

    /// Locks and returns the blocked clients, or `None` if there are none.
    pub(super) fn blocked(&self) -> Option<OrderedMutexGuard<'_, Blocked, 4>> {
        self.any.load(Relaxed).then(|| self.blocked.lock())
    }
}

impl Blocked {
    pub(super) fn contains(&self, origin: Publisher) -> bool {
        match origin {
            Publisher::Server => false,
            Publisher::Talk(client) | Publisher::Change(client) => self.talk_of.contains(&client),
            Publisher::Presence(client) => self.presence_of.contains(&client),
        }
    }
}
