//! The users who read of others' joining and leaving: all users, or those of a room.

use super::Hub;
use super::person::Person;
use super::presence::{Change, Decision, PresenceThrottle};
use super::talk::Notice;
use crate::fanout::Room;
use crate::ranked::Ranked;
use landline_common::{Limits, Moment, RoomName, What};
use std::sync::Arc;

/// A room's send path, and what of its presence waits to be told.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) log: Arc<Room>,
    /// The room's; `None` for all users.
    name: Option<RoomName>,
    presence: Ranked<PresenceThrottle, 3>,
}

/// A user who joins or leaves a circle.
pub(super) struct Movement<'a> {
    pub(super) hub: &'a Arc<Hub>,
    pub(super) circle: &'a Arc<Circle>,
    pub(super) person: &'a Person,
    /// The user joins; otherwise they leave.
    pub(super) coming: bool,
}

impl Circle {
    pub(super) fn new(log: Arc<Room>, name: Option<RoomName>) -> Arc<Circle> {
        Arc::new(Circle { log, name, presence: Ranked::default() })
    }

    /// Tells the batch once its time is over, and then the one after it.
    fn tell_later(self: &Arc<Self>, hub: &Arc<Hub>) {
        let (weak, circle) = (Arc::downgrade(hub), self.clone());
        let tell = move || {
            if let Some(hub) = weak.upgrade() {
                circle.tell(&hub);
            }
        };
        let span = Limits::millis(hub.limits.presence_gather_ms);
        hub.poller.after(span, tell);
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
            let event = What::Gathered { room, came: summary.joined, went: summary.left, users }.at(summary.at);
            self.log.announce(&mut Notice::of(event, limits));
        }
    }
}

impl<'a> Movement<'a> {
    /// The notice of it, at `at`.
    pub(super) fn notice(self, at: Moment) -> Notice<'a> {
        let user = self.person.name.as_str().into();
        let what = match (self.circle.name.as_ref().map(|room| room.as_str().into()), self.coming) {
            (None, true) => What::Connected { user },
            (None, false) => What::Disconnected { user },
            (Some(room), true) => What::Joined { user, room },
            (Some(room), false) => What::Left { user, room },
        };
        Notice { event: what.at(at), limits: &self.hub.limits, movement: Some(self) }
    }

    /// Puts the change into the batch, to be told together with others, unless it is to be told by itself now. Returns
    /// whether it is in the batch.
    pub(super) fn coalesce(&self, hearers: usize, at: Moment) -> bool {
        let Movement { hub, circle, person, coming } = *self;
        let name = &person.name;
        let party = &person.came_as;
        let blocks_others = person.blocks_anybody();
        let change = Change { name, party, joins: coming, at, blocks_others };
        let decision = circle.presence.lock().decide(change, hearers, hub.poller.uptime(), &hub.limits);
        if decision == (Decision::Batched { first: true }) {
            circle.tell_later(hub);
        }
        decision != Decision::Tell
    }
}
