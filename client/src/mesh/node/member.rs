//! What is known of somebody else.

use super::budget::Told;
use super::privates::Unanswered;
use super::ranges::Ranges;
use crate::mesh::id::NodeId;
use crate::mesh::limits::PAST_MS;
use crate::rate_counter::RateCounter;
use landline_common::UserName;
use landline_common::link::PublicKey;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// Somebody who is here, or was a moment ago.
#[derive(Debug)]
pub struct Member {
    /// What they call themselves.
    pub name: UserName,
    /// What they are called here: two are never called the same.
    pub shown: Box<str>,
    /// Their key.
    pub key: PublicKey,
    /// Where they are.
    pub address: SocketAddr,
    /// The link to them; or when it was lost.
    pub link: Result<u64, u64>,
    /// What they have that is perhaps missing here, by author.
    pub offers: BTreeMap<NodeId, Ranges>,
    /// What they are asked for.
    pub want: Option<Want>,
    /// Messages of the past that they told.
    pub past: RateCounter<PAST_MS>,
    /// How much of the past they were told.
    pub past_told: Told,
    /// They did not answer; until then others are asked.
    pub slow_until: u64,
    /// The store's count when they were told last what is here, and when that was.
    pub told: (u64, u64),
    /// The number of the last message they said, by their own word.
    pub top: u64,
    /// What their clock on the wall showed when this program began: clocks differ.
    pub began: i64,
    /// Lines that came from them.
    pub lines: RateCounter,
    /// Messages for them alone that they have not confirmed.
    pub unanswered: VecDeque<Unanswered>,
    /// When some of these were sent again.
    pub repeated: u64,
    /// The number of the last of these.
    pub sent: u64,
}

/// Messages that somebody is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Whose.
    pub origin: NodeId,
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// When they were asked for.
    pub at: u64,
}

impl Member {
    /// Somebody new, at `now`. Perhaps only this side had forgotten the other: numbers that begin with the time are
    /// higher than those that the other side has seen before.
    #[must_use]
    pub fn new(
        (name, shown): (UserName, Box<str>),
        key: PublicKey,
        (link, address): (u64, SocketAddr),
        now: u64,
    ) -> Member {
        Member {
            name,
            shown,
            key,
            address,
            link: Ok(link),
            offers: BTreeMap::new(),
            want: None,
            past: RateCounter::default(),
            past_told: Told::default(),
            slow_until: 0,
            told: (0, 0),
            top: 0,
            began: 0,
            lines: RateCounter::default(),
            unanswered: VecDeque::new(),
            repeated: 0,
            sent: now,
        }
    }

    /// Whether there is a link.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.link.is_ok()
    }

    /// The digits behind their name, as it is shown.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.shown.rsplit_once('#').map_or("", |(_, tag)| tag)
    }
}
