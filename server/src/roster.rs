//! The connections of a server, signed in or not: for bounding them, finding them, and ending them.

use crate::fanout::{ClientId, Cut, Outbox};
use crate::guard::{Admission, Admitted};
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// Every connection that has a session.
#[derive(Debug)]
pub struct Roster {
    state: Mutex<State>,
    /// Notified when one is gone.
    gone: Condvar,
}

#[derive(Debug)]
struct State {
    live: HashMap<ClientId, Connection>,
    admission: Admission,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where it comes from.
    pub address: IpAddr,
    /// What is on its way to it.
    pub outbox: Arc<Outbox>,
}

/// One connection's entry; dropping it takes it out.
#[derive(Debug)]
pub struct Entry {
    roster: Arc<Roster>,
    client: ClientId,
}

impl Roster {
    /// Nobody is connected.
    #[must_use]
    pub fn new(admission: Admission) -> Arc<Roster> {
        Arc::new(Roster { state: Mutex::new(State { live: HashMap::new(), admission }), gone: Condvar::new() })
    }

    /// Adds a connection, unless there are too many. The oldest one that never signed in may have to go for it.
    pub fn enter(self: &Arc<Self>, outbox: &Arc<Outbox>, address: IpAddr) -> Option<Entry> {
        let client = outbox.client();
        let mut state = self.state.lock();
        let replaced = match state.admission.enter(client, address) {
            Admitted::No => return None,
            Admitted::Yes => None,
            Admitted::InPlaceOf(oldest) => state.live.get(&oldest).cloned(),
        };
        state.live.insert(client, Connection { address, outbox: outbox.clone() });
        drop(state);
        if let Some(replaced) = replaced {
            replaced.outbox.cut(Cut::Closed);
        }
        Some(Entry { roster: self.clone(), client })
    }

    /// Every connection that `chosen` says yes to.
    pub fn find(&self, chosen: impl Fn(ClientId, IpAddr) -> bool) -> Vec<Connection> {
        let state = self.state.lock();
        state.live.iter().filter(|(client, c)| chosen(**client, c.address)).map(|(_, c)| c.clone()).collect()
    }

    /// Waits until every session has ended. False if some had not by `deadline`.
    pub fn wait_empty(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        while !state.live.is_empty() {
            if self.gone.wait_until(&mut state, deadline).timed_out() {
                return state.live.is_empty();
            }
        }
        true
    }
}

impl Entry {
    /// The client has signed in: it no longer counts among those who might have to go.
    pub fn signed_in(&self) {
        self.roster.state.lock().admission.sign_in(self.client);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.roster.state.lock();
        state.live.remove(&self.client);
        state.admission.leave(self.client);
        drop(state);
        self.roster.gone.notify_all();
    }
}

/// Lets what is on its way to `connections`, and nothing more, go out until `deadline`, then ends them.
pub fn end(connections: &[Connection], why: Cut, deadline: Instant) {
    // All of them first: the end of one must not be told to the next.
    for connection in connections {
        connection.outbox.seal();
    }
    for connection in connections {
        connection.outbox.flush(deadline);
    }
    for connection in connections {
        connection.outbox.cut(why);
    }
}
