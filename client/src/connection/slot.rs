//! The transport of an attempt, shared by the thread that connects and the UI's thread, which may give the attempt up.

use super::transport::Transport;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Holds the newest transport of an attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct TransportSlot(Arc<Mutex<SlotState>>);

#[derive(Debug, Default)]
struct SlotState {
    transport: Option<Arc<Transport>>,
    is_given_up: bool,
}

impl TransportSlot {
    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the transport. Returns false, and ends the transport, if the attempt was given up.
    pub fn put(&self, transport: &Arc<Transport>) -> bool {
        let mut state = self.lock();
        if state.is_given_up {
            transport.shut_down();
            return false;
        }
        state.transport = Some(transport.clone());
        true
    }

    /// Gives the attempt up: no further transport is accepted. Returns the present one.
    pub fn give_up(&self) -> Option<Arc<Transport>> {
        let mut state = self.lock();
        state.is_given_up = true;
        state.transport.take()
    }
}
