//! One ban: the record that [`crate::guard`] enforces, [`crate::store`] writes and the console lists.

use jiff::Timestamp;
use landline_common::OffsetDateTime;
use serde::{Deserialize, Serialize};

/// One ban, in the form of `bans.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BanRow {
    /// An address, or a range of them in CIDR notation.
    pub address: String,
    /// The user it was made against; empty for a ban of an address only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The operator's reason; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The time at which it was made.
    pub since: Timestamp,
    /// The time at which it ends; `None` for a permanent ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl BanRow {
    /// Makes a ban of `address` from `since` on, for `minutes` or permanently.
    #[must_use]
    pub fn new(address: String, since: OffsetDateTime, minutes: Option<u64>) -> BanRow {
        let until = minutes.map(|minutes| {
            let ms = i64::try_from(minutes.saturating_mul(60_000)).unwrap_or(i64::MAX);
            Timestamp::from_millisecond(since.unix_ms.saturating_add(ms)).unwrap_or(Timestamp::MAX)
        });
        BanRow { address, name: String::new(), reason: String::new(), since: utc(since), until }
    }

    /// Returns true if it has ended at `now`.
    #[must_use]
    pub fn has_ended(&self, now: OffsetDateTime) -> bool {
        self.until.is_some_and(|until| until <= utc(now))
    }
}

/// Converts a moment to the form of the files. A moment outside the years that jiff supports becomes 1970.
fn utc(moment: OffsetDateTime) -> Timestamp {
    Timestamp::from_millisecond(moment.unix_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
