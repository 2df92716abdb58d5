//! The table of a server's connections, signed in or not. It bounds their number, finds them and ends them.

use crate::fanout::{ClientId, DisconnectReason, Outbox};
use crate::guard::{Admission, AdmissionResult, Stage};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// All connections that have a thread.
#[derive(Debug)]
pub struct ConnectionTable {
    state: Mutex<TableState>,
    /// Notified when a connection is removed.
    removed: Condvar,
}

#[derive(Debug)]
struct TableState {
    connections: HashMap<ClientId, LiveConnection>,
    admission: Admission,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct LiveConnection {
    /// The client's address.
    pub address: IpAddr,
    /// Sends to the client, and ends the connection.
    pub outbox: Arc<Outbox>,
}

/// One connection's entry in the table; dropping it removes the connection.
#[derive(Debug)]
pub struct ConnectionGuard {
    connections: Arc<ConnectionTable>,
    client: ClientId,
}

impl ConnectionTable {
    /// Makes an empty table with the bounds of `admission`.
    #[must_use]
    pub fn new(admission: Admission) -> Arc<ConnectionTable> {
        let state = Mutex::new(TableState { connections: HashMap::new(), admission });
        Arc::new(ConnectionTable { state, removed: Condvar::new() })
    }

    /// Adds a connection, or returns `None` if there are too many. May disconnect an older connection that is not
    /// signed in, to admit this one.
    pub fn admit(self: &Arc<Self>, outbox: &Arc<Outbox>, address: IpAddr, stage: Stage) -> Option<ConnectionGuard> {
        let client = outbox.client();
        let mut state = self.state.lock();
        let result = state.admission.admit(client, address, stage);
        if result != AdmissionResult::Refused {
            state.connections.insert(client, LiveConnection { address, outbox: outbox.clone() });
        }
        self.settle(state, result).then(|| ConnectionGuard { connections: self.clone(), client })
    }

    /// Ends the connection that was replaced. Returns false if the new one was refused.
    fn settle(&self, state: MutexGuard<'_, TableState>, result: AdmissionResult) -> bool {
        let replaced = match result {
            AdmissionResult::Refused => return false,
            AdmissionResult::Admitted => None,
            AdmissionResult::AdmittedInsteadOf(oldest) => state.connections.get(&oldest).cloned(),
        };
        drop(state);
        if let Some(replaced) = replaced {
            replaced.outbox.disconnect(DisconnectReason::Closed);
        }
        true
    }

    /// Returns the connections for which `chosen` returns true.
    pub fn find(&self, chosen: impl Fn(ClientId, IpAddr) -> bool) -> Vec<LiveConnection> {
        let state = self.state.lock();
        state.connections.iter().filter(|(client, c)| chosen(**client, c.address)).map(|(_, c)| c.clone()).collect()
    }

    /// Waits until all connections have ended. Returns false if some have not by `deadline`.
    pub fn wait_empty(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        while !state.connections.is_empty() {
            if self.removed.wait_until(&mut state, deadline).timed_out() {
                return state.connections.is_empty();
            }
        }
        true
    }
}

impl ConnectionGuard {
    /// Counts the connection among those of HTTP. Returns false if there are too many, and it must end.
    #[must_use]
    pub fn move_to_http(&self) -> bool {
        let mut state = self.connections.state.lock();
        let result = state.admission.move_to_http(self.client);
        self.connections.settle(state, result)
    }

    /// Counts the connection for another address: that of the client behind a proxy. Returns false if there are too many,
    /// and it must end.
    #[must_use]
    pub fn move_to_address(&self, address: IpAddr) -> bool {
        let mut state = self.connections.state.lock();
        if let Some(connection) = state.connections.get_mut(&self.client) {
            connection.address = address;
        }
        let result = state.admission.move_to_address(self.client, address);
        self.connections.settle(state, result)
    }

    /// Notes that a request of HTTP is under way, or none: then newer connections replace this one first.
    pub fn set_busy(&self, is_busy: bool) {
        self.connections.state.lock().admission.set_busy(self.client, is_busy);
    }

    /// Marks the client as signed in: it is no longer disconnected to admit a newer one.
    pub fn mark_signed_in(&self) {
        self.connections.state.lock().admission.mark_signed_in(self.client);
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut state = self.connections.state.lock();
        state.connections.remove(&self.client);
        state.admission.remove(self.client);
        drop(state);
        self.connections.removed.notify_all();
    }
}

/// Disconnects `connections`, after the bytes that already wait for them have been sent or `deadline` has passed.
pub fn disconnect_all(connections: &[LiveConnection], why: DisconnectReason, deadline: Instant) {
    // Closes the input of all of them first: otherwise the notices that one user leaves would be sent to the next.
    for connection in connections {
        connection.outbox.close_input();
    }
    for connection in connections {
        connection.outbox.flush(deadline);
    }
    for connection in connections {
        connection.outbox.disconnect(why);
    }
}
