//! The state kept for one other member.

use super::budget::LeakyBucket;
use super::privates::Unconfirmed;
use super::ranges::Ranges;
use crate::mesh::id::NodeId;
use crate::mesh::limits::HISTORY_PERIOD_MS;
use crate::rate_counter::RateCounter;
use landline_common::UserName;
use landline_common::link::PublicKey;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// The link to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberLink {
    /// The link with this number is open.
    Open(u64),
    /// The link was lost at this time, in milliseconds. The member has some time to come back before it counts as gone.
    LostAt(u64),
}

/// A member that is here, or whose link was lost a moment ago.
#[derive(Debug)]
pub struct Member {
    /// The name that the member has chosen. Several members may have the same one.
    pub name: UserName,
    /// The name under which the member is shown here, unique among members.
    pub display_name: Box<str>,
    /// The key that the member has proven.
    pub key: PublicKey,
    /// The address at the other end of the link.
    pub address: SocketAddr,
    /// The link.
    pub link: MemberLink,
    /// Messages that the member has and that may be missing here, by author.
    pub offers: BTreeMap<NodeId, Ranges>,
    /// The open request for missed messages. There is one at a time.
    pub request: Option<HistoryRequest>,
    /// Missed messages received from the member.
    pub history_received: RateCounter<HISTORY_PERIOD_MS>,
    /// Bytes of history sent to the member.
    pub history_sent: LeakyBucket,
    /// Time until which the member is not asked, since it did not answer, in milliseconds.
    pub slow_until: u64,
    /// Revision of the store at the last `Have` to the member; 0 if the next one must be complete.
    pub have_revision: u64,
    /// Time of the last `Have`, in milliseconds.
    pub have_sent_at: u64,
    /// Number of the member's last message to all, by its own word.
    pub last_seq: u64,
    /// Start of the local node by the member's wall clock, in Unix milliseconds. Wall clocks differ, so the times of the
    /// member's messages are compared with this.
    pub start_by_peer_clock: i64,
    /// Lines received from the member.
    pub line_rate: RateCounter,
    /// Private messages to the member without a confirmation, oldest first.
    pub unconfirmed: VecDeque<Unconfirmed>,
    /// Time of the last resend of such messages, in milliseconds.
    pub last_resend: u64,
    /// Number of the last private message to the member.
    pub last_private: u64,
}

/// A request for missed messages of one author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// The author.
    pub origin: NodeId,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
    /// Time of the request, in milliseconds.
    pub at: u64,
}

impl Member {
    /// Creates the state of a new member. Its private messages are numbered from `now` on, so that the numbers are
    /// higher than all before: perhaps only this side has forgotten the other, which ignores repeated numbers.
    #[must_use]
    pub fn new(
        name: UserName,
        display_name: Box<str>,
        key: PublicKey,
        link: u64,
        address: SocketAddr,
        now: u64,
    ) -> Member {
        Member {
            name,
            display_name,
            key,
            address,
            link: MemberLink::Open(link),
            offers: BTreeMap::new(),
            request: None,
            history_received: RateCounter::default(),
            history_sent: LeakyBucket::default(),
            slow_until: 0,
            have_revision: 0,
            have_sent_at: 0,
            last_seq: 0,
            start_by_peer_clock: 0,
            line_rate: RateCounter::default(),
            unconfirmed: VecDeque::new(),
            last_resend: 0,
            last_private: now,
        }
    }

    /// Returns the number of the open link.
    #[must_use]
    pub fn link_number(&self) -> Option<u64> {
        match self.link {
            MemberLink::Open(number) => Some(number),
            MemberLink::LostAt(_) => None,
        }
    }

    /// Returns whether a link is open.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.link_number().is_some()
    }

    /// Returns the digits behind the display name, as in `bob#3f2a`; empty if there are none.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.display_name.rsplit_once('#').map_or("", |(_, tag)| tag)
    }
}
