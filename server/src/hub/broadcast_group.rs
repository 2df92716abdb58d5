//! The users who read of others' joining and leaving: all users, or those of a room.

use super::Hub;
use super::presence::{Change, Decision, PresenceThrottle};
use super::publications::Notice;
use super::user::User;
use crate::fanout::RoomLog;
use crate::ordered_mutex::OrderedMutex;
use landline_common::{EventKind, Limits, OffsetDateTime, RoomName};
use std::sync::Arc;

/// A room's send path, and what of its presence waits to be told.
#[derive(Debug)]
pub(super) struct BroadcastGroup {
    pub(super) log: Arc<RoomLog>,
    /// The room's; `None` for all users.
    name: Option<RoomName>,
    presence: OrderedMutex<PresenceThrottle, 3>,
}

/// A user who joins or leaves a circle.
pub(super) struct PresenceChange<'a> {
    pub(super) hub: &'a Arc<Hub>,
    pub(super) group: &'a Arc<BroadcastGroup>,
    pub(super) user: &'a User,
    /// The user joins; otherwise they leave.
    pub(super) coming: bool,
}

impl BroadcastGroup {
    pub(super) fn new(log: Arc<RoomLog>, name: Option<RoomName>) -> Arc<BroadcastGroup> {
        Arc::new(BroadcastGroup { log, name, presence: OrderedMutex::default() })
    }

    /// Tells the batch once its time is over, and then the one after it.
    fn tell_later(self: &Arc<Self>, hub: &Arc<Hub>) {
        let (weak, group) = (Arc::downgrade(hub), self.clone());
        let tell = move || {
            if let Some(hub) = weak.upgrade() {
                group.tell(&hub);
            }
        };
        let span = Limits::millis(hub.limits.presence_gather_ms);
        hub.poller.run_after(span, tell);
    }

    fn tell(self: &Arc<Self>, hub: &Arc<Hub>) {
        let limits = &hub.limits;
        let (summary, again) = self.presence.lock().end_batch(limits);
        if again {
            self.tell_later(hub);
        }
        if let Some(summary) = summary {
            let room = self.name.as_ref().map(|name| name.as_str().into());
            let users = summary.users.iter().map(|name| name.as_str().into()).collect();
            let event = EventKind::Gathered { room, came: summary.joined, went: summary.left, users }.at(summary.at);
            self.log.announce(&mut Notice::of(event, limits));
        }
    }
}

impl<'a> PresenceChange<'a> {
    /// The notice of it, at `at`.
    pub(super) fn notice(self, at: OffsetDateTime) -> Notice<'a> {
        let user = self.user.name.as_str().into();
        let what = match (self.group.name.as_ref().map(|room| room.as_str().into()), self.coming) {
            (None, true) => EventKind::Connected { user },
            (None, false) => EventKind::Disconnected { user },
            (Some(room), true) => EventKind::Joined { user, room },
            (Some(room), false) => EventKind::Left { user, room },
        };
        Notice { event: what.at(at), limits: &self.hub.limits, movement: Some(self) }
    }

    /// Puts the change into the batch, to be told together with others, unless it is to be told by itself now. Returns
    /// whether it is in the batch.
    pub(super) fn coalesce(&self, hearers: usize, at: OffsetDateTime) -> bool {
        let PresenceChange { hub, group, user, coming } = *self;
        let name = &user.name;
        let party = &user.came_as;
        let blocks_others = user.blocks_anybody();
        let change = Change { name, party, joins: coming, at, blocks_others };
        let decision = group.presence.lock().decide(change, hearers, hub.poller.uptime(), &hub.limits);
        if decision == (Decision::Batched { first: true }) {
            group.tell_later(hub);
        }
        decision != Decision::Tell
    }
}
