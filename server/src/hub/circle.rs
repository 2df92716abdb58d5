//! Those who hear of somebody's coming and going: everybody, or a room. Where they are many, it is told of many at once.

use super::Hub;
use super::person::Person;
use super::talk::Notice;
use crate::fanout::Room;
use crate::ranked::Ranked;
use landline_common::{Limits, Moment, RoomName, UserName, What};
use std::sync::Arc;

/// Of those who came and went at about the same time, so many are named.
const NAMED: usize = 10;

/// A room's send path, and who came and went there and is not told of yet.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) log: Arc<Room>,
    /// The room's; `None` for everybody.
    name: Option<RoomName>,
    gathered: Ranked<Gathered, 3>,
}

#[derive(Debug, Default)]
struct Gathered {
    came: usize,
    went: usize,
    /// The first few of them.
    named: Vec<UserName>,
}

/// Somebody's coming or going in a circle.
pub(super) struct Movement<'a> {
    pub(super) hub: &'a Arc<Hub>,
    pub(super) circle: &'a Arc<Circle>,
    pub(super) person: &'a Person,
    /// They come; otherwise they go.
    pub(super) coming: bool,
}

impl Circle {
    pub(super) fn new(log: Arc<Room>, name: Option<RoomName>) -> Arc<Circle> {
        Arc::new(Circle { log, name, gathered: Ranked::default() })
    }

    /// Tells what was gathered.
    fn tell(&self, limits: &Limits, at: Moment) {
        let Gathered { came, went, named } = std::mem::take(&mut *self.gathered.lock());
        let room = self.name.as_ref().map(|name| name.as_str().into());
        let users = named.iter().map(|name| name.as_str().into()).collect();
        let event = What::Gathered { room, came, went, users }.at(at);
        self.log.announce(&mut Notice::of(event, limits));
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

    /// Gathers it, if too many would hear of it, to be told together with others. False if it is to be told now: to few,
    /// or of somebody who blocks others, from whom it must be kept.
    pub(super) fn is_gathered(&self, hearers: usize, at: Moment) -> bool {
        let limits = &self.hub.limits;
        if hearers as u64 <= limits.presence_hearers || self.person.blocks_anybody() {
            return false;
        }
        let mut gathered = self.circle.gathered.lock();
        let first = gathered.came + gathered.went == 0;
        *(if self.coming { &mut gathered.came } else { &mut gathered.went }) += 1;
        if gathered.named.len() < NAMED {
            gathered.named.push(self.person.name.clone());
        }
        drop(gathered);
        if first {
            let (hub, circle) = (Arc::downgrade(self.hub), self.circle.clone());
            let tell = move || {
                if let Some(hub) = hub.upgrade() {
                    circle.tell(&hub.limits, at);
                }
            };
            self.hub.poller.after(Limits::millis(limits.presence_gather_ms), tell);
        }
        true
    }
}
