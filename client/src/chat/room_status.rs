//! The rules of a room as far as the client knows them, and which of its members are owners, muted, have the floor or a
//! raised hand.
//!
//! **Source.** The answer `rules`, which the client requests when it enters a room, replaces everything. Notices of the
//! room and refusals of the user's messages change parts of it by their causes. Hands and the floor are told to owners
//! only, so for other users no hand is up.
//!
//! | cause | change |
//! |---|---|
//! | `quiet_on`, `room_quiet`, refusal `quiet` | quiet; `quiet_off` ends it, takes all hands down and the floor back |
//! | `slow_on`, `room_slow`, refusal `slowed` | slow (the refusal does not tell the pause); `slow_off` ends it |
//! | `user_muted` of the user, refusal `muted` | muted, until the time is over; `user_unmuted` or an accepted message ends it |
//! | `topic_set`, `topic` | a topic; `topic_removed` ends it |
//! | `pinned`, `pin` | a pinned message, which follows changes of it; `unpinned` or its removal ends it |
//! | `hand_raised` | one more hand; `floor_given` and `floor_taken` take it down, `no_hands` all |
//! | `hand_up`, `hand_down` | the user's own hand, and how many are before it; `floor_given` and `floor_taken` take it down |
//! | `owner_made`, `owner_removed` | one owner more or less |
//!
//! A server without the answer `rules` tells a newcomer the topic only; then the client learns of another rule when the
//! server refuses a message. A new session or a return into the room begins with an empty status.

mod mark;
mod notices;
mod words;

pub use mark::{Hand, Mark, Pin};
pub use notices::{concerns, is_room_notice};

use super::limits::{MAX_MEMBERS, NOTICE_CHARS};
use super::line::{cleaned, cleaned_name};
use super::names::NameSet;
use landline_common::{Cause, Report, RoomOverview};

/// Raised hands that are kept. The server tells at most 20, and further ones by notices.
const MAX_HANDS: usize = 64;

/// The mute of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mute {
    /// Time of its end in milliseconds; `None` until an owner lifts it.
    until: Option<u64>,
}

/// The known rules of a room.
#[derive(Clone, Debug)]
pub struct RoomStatus {
    topic: Option<Box<str>>,
    pin: Option<Pin>,
    /// The user may change the rules.
    is_owner: bool,
    /// Only invited users may enter.
    is_closed: bool,
    has_key: bool,
    is_quiet: bool,
    is_slow: bool,
    /// Pause between two messages of a user, if it is known.
    slow_seconds: Option<u64>,
    mute: Option<Mute>,
    /// The user has the floor.
    has_floor: bool,
    owners: NameSet,
    /// Owners of the server who are in the room, as of the last answer.
    server_owners: NameSet,
    muted: NameSet,
    banned: NameSet,
    /// Users with the floor.
    floor: NameSet,
    /// The user's own hand is up, behind so many others.
    own_hand: Option<u64>,
    /// Raised hands in their order.
    hands: Vec<Hand>,
}

impl Default for RoomStatus {
    fn default() -> RoomStatus {
        let none = || NameSet::new(MAX_MEMBERS);
        RoomStatus {
            topic: None,
            pin: None,
            is_owner: false,
            is_closed: false,
            has_key: false,
            is_quiet: false,
            is_slow: false,
            slow_seconds: None,
            mute: None,
            has_floor: false,
            owners: none(),
            server_owners: none(),
            muted: none(),
            banned: none(),
            floor: none(),
            own_hand: None,
            hands: Vec::new(),
        }
    }
}

impl RoomStatus {
    /// Returns the status that an answer of the server describes.
    #[must_use]
    pub fn of(rules: &RoomOverview, now_ms: u64) -> RoomStatus {
        let names = |names: &[String]| {
            let mut set = NameSet::new(MAX_MEMBERS);
            names.iter().take(MAX_MEMBERS).for_each(|name| _ = set.add(&cleaned_name(name)));
            set
        };
        let mut status = RoomStatus {
            is_owner: rules.you.owner,
            is_closed: !rules.open,
            has_key: rules.has_key,
            is_quiet: rules.quiet,
            is_slow: rules.slow > 0,
            slow_seconds: Some(rules.slow).filter(|seconds| *seconds > 0),
            has_floor: rules.you.floor,
            owners: names(&rules.owners),
            server_owners: names(&rules.server_owners),
            muted: names(&rules.muted),
            banned: names(&rules.banned),
            floor: names(&rules.floor),
            own_hand: rules.you.hand,
            ..RoomStatus::default()
        };
        status.set_topic(rules.topic.as_deref());
        status.pin = rules.pin.as_ref().map(|pin| Pin::new(pin.id, &pin.user, &pin.text));
        if rules.you.muted {
            status.mute_for(rules.you.seconds, now_ms);
        }
        for (user, text) in &rules.hands {
            status.raise_hand(&cleaned_name(user), text);
        }
        status
    }

    /// Records a notice of the room, or a refusal in it. `me` is the name of the user.
    pub fn record(&mut self, report: &Report<'_>, me: &str, now_ms: u64) {
        let user = cleaned_name(report.about.user.as_deref().unwrap_or_default());
        let is_me = *user == *me;
        match report.cause {
            Cause::TopicSet | Cause::Topic => self.set_topic(report.about.word.as_deref()),
            Cause::TopicRemoved => self.topic = None,
            Cause::Pinned | Cause::Pin => {
                let text = report.about.word.as_deref().unwrap_or_default();
                self.pin = report.about.id.map(|id| Pin::new(id, &user, text));
            }
            Cause::Unpinned => self.pin = None,
            Cause::QuietOn | Cause::RoomQuiet => self.is_quiet = true,
            Cause::Quiet => {
                self.is_quiet = true;
                self.has_floor = false;
            }
            Cause::QuietOff => {
                self.is_quiet = false;
                self.has_floor = false;
                self.own_hand = None;
                self.hands.clear();
                self.floor.clear();
            }
            Cause::SlowOn | Cause::RoomSlow => {
                self.is_slow = true;
                self.slow_seconds = report.about.seconds;
            }
            Cause::Slowed => self.is_slow = true,
            Cause::SlowOff => {
                self.is_slow = false;
                self.slow_seconds = None;
            }
            Cause::RoomOpened => self.is_closed = false,
            Cause::RoomClosed => self.is_closed = true,
            Cause::KeySet => self.has_key = true,
            Cause::KeyRemoved => self.has_key = false,
            // Only the refusal of talk in the room tells the end.
            Cause::Muted if report.about.seconds.is_none() && self.mute_in_force(now_ms).is_some() => {}
            Cause::Muted => self.mute_for(report.about.seconds, now_ms),
            Cause::UserMuted => {
                self.lower_hand(&user);
                self.floor.remove(&user);
                self.muted.add(&user);
                if is_me {
                    self.has_floor = false;
                    self.own_hand = None;
                    self.mute_for(report.about.seconds, now_ms);
                }
            }
            Cause::UserUnmuted => {
                self.muted.remove(&user);
                if is_me {
                    self.mute = None;
                }
            }
            Cause::UserBanned => _ = self.banned.add(&user),
            Cause::UserUnbanned => _ = self.banned.remove(&user),
            Cause::OwnerMade => {
                self.owners.add(&user);
                self.is_owner |= is_me;
            }
            Cause::OwnerRemoved => {
                self.owners.remove(&user);
                // Only owners are told of hands and the floor, so these would become wrong.
                if is_me {
                    self.is_owner = false;
                    self.hands.clear();
                    self.floor.clear();
                }
            }
            Cause::HandUp => self.own_hand = Some(report.about.count.unwrap_or_default()),
            Cause::HandDown => self.own_hand = None,
            Cause::HandRaised => self.raise_hand(&user, report.about.word.as_deref().unwrap_or_default()),
            Cause::FloorGiven => {
                self.lower_hand(&user);
                self.floor.add(&user);
                if is_me {
                    self.has_floor = true;
                    self.own_hand = None;
                }
            }
            Cause::FloorTaken => {
                self.record_left(&user);
                self.has_floor &= !is_me;
            }
            Cause::NoHands => self.hands.clear(),
            _ => {}
        }
    }

    fn set_topic(&mut self, topic: Option<&str>) {
        self.topic = topic.map(|topic| cleaned(topic, NOTICE_CHARS)).filter(|topic| !topic.is_empty());
    }

    fn mute_for(&mut self, seconds: Option<u64>, now_ms: u64) {
        let until = seconds.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1_000)));
        self.mute = Some(Mute { until });
    }

    fn raise_hand(&mut self, user: &str, text: &str) {
        let text = cleaned(text, NOTICE_CHARS);
        let has_space = self.hands.len() < MAX_HANDS;
        match self.hands.iter_mut().find(|hand| is_same(&hand.user, user)) {
            Some(hand) => hand.text = text,
            None if has_space => self.hands.push(Hand { user: user.into(), text }),
            None => {}
        }
    }

    fn lower_hand(&mut self, user: &str) {
        self.hands.retain(|hand| !is_same(&hand.user, user));
    }

    /// Records that the server accepted a message of the user, who therefore is not muted.
    pub fn record_accepted(&mut self) {
        self.mute = None;
    }

    /// Records that a user has left the room.
    pub fn record_left(&mut self, user: &str) {
        self.lower_hand(user);
        self.floor.remove(user);
        self.server_owners.remove(user);
    }

    /// Returns whether the user has the floor. A message may use it up.
    #[must_use]
    pub fn has_floor(&self) -> bool {
        self.has_floor
    }

    /// Returns whether the user's own hand is up. Each floor that is given may change its place.
    #[must_use]
    pub fn has_hand_up(&self) -> bool {
        self.own_hand.is_some()
    }

    /// Returns whether another user is known to have the floor. A message may use it up.
    #[must_use]
    pub fn gives_floor_to(&self, user: &str) -> bool {
        self.floor.contains(user)
    }

    /// Records that a message has another text, or was removed without one. The pin follows its message.
    pub fn message_changed(&mut self, id: u64, text: Option<&str>) {
        if let Some(pin) = self.pin.take_if(|pin| pin.id == id) {
            self.pin = text.map(|text| Pin::new(id, &pin.user, text));
        }
    }

    /// Returns the pinned message.
    #[must_use]
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// Records that a user has changed its name.
    pub fn record_renamed(&mut self, from: &str, to: &str) {
        for hand in self.hands.iter_mut().filter(|hand| is_same(&hand.user, from)) {
            hand.user = to.into();
        }
        for users in [&mut self.owners, &mut self.server_owners, &mut self.muted, &mut self.banned, &mut self.floor] {
            if users.remove(from) {
                users.add(to);
            }
        }
    }

    /// Returns the topic.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// Returns whether the user may change the rules.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.is_owner
    }

    /// Returns whether only invited users may enter.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns whether newcomers need a key word.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.has_key
    }

    /// Returns whether only owners and users with the floor speak.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Returns whether the room is in slow mode.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// Returns the users who may not enter, in alphabetical order.
    pub fn banned(&self) -> impl Iterator<Item = &str> {
        self.banned.iter()
    }

    /// Returns the raised hands in their order.
    #[must_use]
    pub fn hands(&self) -> &[Hand] {
        &self.hands
    }

    /// Returns whether a user is an owner of the room.
    #[must_use]
    pub fn is_owned_by(&self, user: &str) -> bool {
        self.owners.contains(user)
    }

    /// Returns whether a user in the room is an owner of the server.
    #[must_use]
    pub fn is_server_owner(&self, user: &str) -> bool {
        self.server_owners.contains(user)
    }

    /// Returns whether a user is muted.
    #[must_use]
    pub fn is_muted(&self, user: &str) -> bool {
        self.muted.contains(user)
    }

    /// Returns whether a user may not enter.
    #[must_use]
    pub fn is_banned(&self, user: &str) -> bool {
        self.banned.contains(user)
    }

    /// Returns what distinguishes a user from other members.
    #[must_use]
    pub fn mark(&self, user: &str) -> Option<Mark> {
        let hand = self.hands.iter().position(|hand| is_same(&hand.user, user));
        let others = [
            (Mark::Floor, self.floor.contains(user)),
            (Mark::Muted, self.muted.contains(user)),
            (Mark::Owner, self.is_owned_by(user) || self.is_server_owner(user)),
        ];
        let other = || others.into_iter().find_map(|(mark, holds)| holds.then_some(mark));
        hand.map(|place| Mark::Hand(place + 1)).or_else(other)
    }

    /// Returns the members in the order in which they are listed: the hands first, then the rest in the given order.
    #[must_use]
    pub fn in_order<'s>(&'s self, members: &[&'s str]) -> Vec<&'s str> {
        let (hands, rest): (Vec<&str>, Vec<&str>) =
            members.iter().copied().partition(|user| matches!(self.mark(user), Some(Mark::Hand(_))));
        let by_place =
            self.hands.iter().filter_map(|hand| hands.iter().copied().find(|user| is_same(user, &hand.user)));
        by_place.chain(rest).collect()
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests;
