//! Broadcast groups: the members of a room, or all users (the global group). Members read presence changes of others.

use super::Hub;
use super::presence::{Change, Decision, PresenceThrottle};
use super::recent::RecentMessages;
use super::rules::RoomGate;
use super::user::User;
use crate::fanout::{Publication, RoomLog};
use crate::ordered_mutex::OrderedMutex;
use landline_common::{Event, EventKind, Limits, OffsetDateTime, Rendering};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// A group's send path, and its pending presence changes.
#[derive(Debug)]
pub(super) struct BroadcastGroup {
    pub(super) log: Arc<RoomLog>,
    /// The room's rules; `None` for the global group.
    pub(super) gate: Option<Arc<RoomGate>>,
    presence: OrderedMutex<PresenceThrottle, 3>,
    /// The newest messages with their authors.
    pub(super) recent: OrderedMutex<RecentMessages, 6>,
    /// Locked while a message is removed or changed, until that is announced: a client must not read `edited` behind
    /// `deleted`. It has no rank: storing waits for the disk, and the thread that locks it holds no other lock.
    pub(super) change_order: Mutex<()>,
}

/// A user joins or leaves a group.
pub(super) struct PresenceChange<'a> {
    pub(super) hub: &'a Arc<Hub>,
    pub(super) group: &'a Arc<BroadcastGroup>,
    pub(super) user: &'a User,
    /// True if the user joins, false if the user leaves.
    pub(super) joins: bool,
}

impl BroadcastGroup {
    pub(super) fn new(log: Arc<RoomLog>, gate: Option<Arc<RoomGate>>, limits: &Limits) -> Arc<BroadcastGroup> {
        let recent = OrderedMutex::new(RecentMessages::new(limits));
        Arc::new(BroadcastGroup {
            log,
            gate,
            presence: OrderedMutex::default(),
            recent,
            change_order: Mutex::default(),
        })
    }

    /// Counts a line about a change of a name. See [`PresenceThrottle::take_line`].
    pub(super) fn take_line(&self, hub: &Hub) -> Result<(), Duration> {
        self.presence.lock().take_line(hub.poller.uptime(), &hub.limits)
    }

    /// Names a user by its new name in the summary that is to come.
    pub(super) fn rename(&self, user: &User) {
        self.presence.lock().rename(&user.author.owner, &user.name);
    }

    /// Starts the timer that ends the batch and announces its summary.
    fn schedule_summary(self: &Arc<Self>, hub: &Arc<Hub>) {
        let hub_ref = Arc::downgrade(hub);
        let group = self.clone();
        let announce = move || {
            if let Some(hub) = hub_ref.upgrade() {
                group.announce_summary(&hub);
            }
        };
        let span = Limits::millis(hub.limits.presence_gather_ms);
        hub.poller.run_after(span, announce);
    }

    fn announce_summary(self: &Arc<Self>, hub: &Arc<Hub>) {
        let limits = &hub.limits;
        let (summary, batch_continues) = self.presence.lock().end_batch(limits);
        if batch_continues {
            self.schedule_summary(hub);
        }
        if let Some(summary) = summary {
            let room = self.gate.as_ref().map(|gate| gate.name().as_str().into());
            let users = summary.users.iter().map(|name| name.as_str().into()).collect();
            let event = EventKind::Gathered { room, came: summary.joined, went: summary.left, users }.at(summary.at);
            self.log.announce(&mut Notice::of(event, limits));
        }
    }
}

impl<'a> PresenceChange<'a> {
    /// Makes the notice that announces this change.
    pub(super) fn notice(self, at: OffsetDateTime) -> Notice<'a> {
        let user = self.user.name.as_str().into();
        let kind = match (self.group.gate.as_ref().map(|gate| gate.name().as_str().into()), self.joins) {
            (None, true) => EventKind::Connected { user, encrypted: self.user.is_encrypted() },
            (None, false) => EventKind::Disconnected { user },
            (Some(room), true) => EventKind::Joined { user, room },
            (Some(room), false) => EventKind::Left { user, room },
        };
        Notice { event: kind.at(at), limits: &self.hub.limits, presence: Some(self) }
    }

    /// Adds the change to the batch, unless the group's rate allows a line of its own. Returns true if it is in the
    /// batch.
    fn coalesce(&self, readers: usize, at: OffsetDateTime) -> bool {
        let PresenceChange { hub, group, user, joins } = *self;
        let name = &user.name;
        let history_owner = &user.author.owner;
        let blocks_others = user.blocks_others();
        let change = Change { name, history_owner, joins, at, blocks_others };
        let decision = group.presence.lock().decide(change, readers, hub.poller.uptime(), &hub.limits);
        if decision == (Decision::Batched { first: true }) {
            group.schedule_summary(hub);
        }
        decision != Decision::Announce
    }
}

/// An event for all members of a group.
pub(super) struct Notice<'a> {
    pub(super) event: Event<'a>,
    pub(super) limits: &'a Limits,
    /// The presence change that the event announces, which may go into a summary instead.
    presence: Option<PresenceChange<'a>>,
}

impl<'a> Notice<'a> {
    /// Makes a notice that is never part of a summary.
    pub(super) fn of(event: Event<'a>, limits: &'a Limits) -> Notice<'a> {
        Notice { event, limits, presence: None }
    }
}

impl Publication for Notice<'_> {
    fn coalesce(&mut self, readers: usize) -> bool {
        self.presence.as_ref().is_some_and(|presence| presence.coalesce(readers, self.event.at))
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        Rendering::at(rendering).write(&self.event, self.limits, out);
    }
}
