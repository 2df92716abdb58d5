//! The connections of a server, signed in or not: for counting them, and for ending them all.

use crate::fanout::{ClientId, Cut, Outbox};
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Every connection that has a session.
#[derive(Debug, Default)]
pub struct Roster {
    live: Mutex<HashMap<ClientId, Arc<Outbox>>>,
    /// Notified when one is gone.
    gone: Condvar,
}

/// One connection's entry; dropping it takes it out.
#[derive(Debug)]
pub struct Entry {
    roster: Arc<Roster>,
    client: ClientId,
}

impl Roster {
    /// Adds a connection, unless there are `most` already.
    pub fn enter(self: &Arc<Self>, outbox: &Arc<Outbox>, most: usize) -> Option<Entry> {
        let mut live = self.live.lock();
        if live.len() >= most {
            return None;
        }
        live.insert(outbox.client(), outbox.clone());
        Some(Entry { roster: self.clone(), client: outbox.client() })
    }

    /// Lets what is on its way go out until `deadline`, then ends every connection.
    pub fn end_all(&self, deadline: Instant) {
        let outboxes: Vec<_> = self.live.lock().values().cloned().collect();
        for outbox in &outboxes {
            outbox.flush(deadline);
        }
        for outbox in outboxes {
            outbox.cut(Cut::Closed);
        }
    }

    /// Waits until every session has ended. False if some had not by `deadline`.
    pub fn wait_empty(&self, deadline: Instant) -> bool {
        let mut live = self.live.lock();
        while !live.is_empty() {
            if self.gone.wait_until(&mut live, deadline).timed_out() {
                return live.is_empty();
            }
        }
        true
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.roster.live.lock().remove(&self.client);
        self.roster.gone.notify_all();
    }
}
