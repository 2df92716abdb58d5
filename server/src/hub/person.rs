//! Somebody who is here, as the others reach them.

use crate::fanout::{ClientId, Ear, Outbox};
use crate::ranked::Ranked;
use landline_common::{Event, Limits, Rendering, UserName};
use std::sync::Arc;

/// A guest or an account holder who is signed in.
#[derive(Debug)]
pub struct Person {
    /// Their name.
    pub name: UserName,
    /// Whether the name is an account's.
    pub account: bool,
    pub(super) outbox: Arc<Outbox>,
    /// Held while something is told: after a change nothing comes in the old one any more.
    rendering: Ranked<Rendering, 3>,
}

impl Person {
    pub(super) fn new(name: UserName, account: bool, outbox: Arc<Outbox>, rendering: Rendering) -> Arc<Person> {
        Arc::new(Person { name, account, outbox, rendering: Ranked::new(rendering) })
    }

    /// The number of their connection.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.outbox.client()
    }

    /// How they get their events.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        *self.rendering.lock()
    }

    pub(super) fn set_rendering(&self, rendering: Rendering) {
        *self.rendering.lock() = rendering;
    }

    /// Tells them, and nobody else.
    pub fn tell(&self, event: &Event<'_>, limits: &Limits) {
        let rendering = self.rendering.lock();
        let mut bytes = Vec::new();
        rendering.write(event, limits, &mut bytes);
        self.outbox.push_control(&bytes);
    }
}

/// How somebody with that rendering hears a room, as their current one or not.
pub(super) fn ear(rendering: Rendering, current: bool) -> Ear {
    let rendering = if current { rendering } else { rendering.elsewhere() };
    Ear { rendering: rendering.index(), hears_itself: rendering.hears_itself() }
}
