//! Names of guests that stay reserved while the guests are away.
//!
//! A guest has no password, so the program of a guest draws a *name token*, 128 secret random bits, and sends it at each
//! sign-in. The server keeps the name for the token:
//!
//! | state of the name | the program with the token | all others |
//! |---|---|---|
//! | in use | the registry of names decides | refused |
//! | left less than `kept-name-minutes` ago | gets the name back | refused, with the time left |
//! | left earlier, or pushed out of the table | free | free |
//!
//! A guest without a token keeps no name. Names are compared by [`NameKey`], so look-alikes are reserved, too.
//!
//! The table has no tokens. It has a [`NameHolder`] for each: the hash of the token, by which a program is also
//! recognized by mutes and bans ([`super::rules`]). So a copy of the table opens no name, and a look-up compares hashes,
//! whose timing tells nothing of the token.
//!
//! Names in use are bounded by the connections. Names of absent guests are bounded twice, and each bound takes the name
//! that was left first from the largest user of the table, so that no program pushes out the names of others:
//!
//! | bound | removed |
//! |---|---|
//! | `kept-names-per-address` | of the program with the most absent names at the address |
//! | `kept-names` | of the address with the most absent names |
//!
//! A guest who takes another name keeps that one instead: all users are told, and a program that kept each of its names
//! would have nine by one sign-in. Not here: which names are in use ([`super::Registry`]), and the clock.

use super::{CountedAddress, Hub, Token};
use crate::rules_record::NameRecord;
use blake2::{Blake2s256, Digest};
use landline_common::limits::count;
use landline_common::{Cause, Limits, NameKey, OffsetDateTime, Report, UserName};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// The program that has a name token: 128 bits of the token's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameHolder(u128);

/// The reserved names.
#[derive(Debug)]
pub(super) struct NameTokens {
    names: HashMap<NameKey, KeptName>,
    /// Milliseconds of absence for which a name stays reserved.
    keep_ms: i64,
    per_address: usize,
    in_all: usize,
    next_order: u64,
}

#[derive(Debug)]
struct KeptName {
    name: UserName,
    holder: NameHolder,
    address: CountedAddress,
    /// When its user left, in milliseconds since 1970; `None` while a session uses the name.
    left_ms: Option<i64>,
    /// Orders the names by the time when their users left, also while the clock is set.
    order: u64,
}

impl NameHolder {
    /// Returns the holder of a token.
    #[must_use]
    pub fn of(token: Token) -> NameHolder {
        let hash = Blake2s256::new_with_prefix(b"landline name token 1").chain_update(token.to_bytes()).finalize();
        let bits = hash.into_iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(byte));
        NameHolder(bits)
    }

    /// Reads the form of [`fmt::Display`].
    #[must_use]
    pub fn parse(text: &str) -> Option<NameHolder> {
        u128::from_str_radix(text, 16).ok().map(NameHolder)
    }
}

impl fmt::Display for NameHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl NameTokens {
    /// Makes an empty table.
    pub(super) fn new(limits: &Limits) -> NameTokens {
        NameTokens {
            names: HashMap::new(),
            keep_ms: i64::try_from(limits.kept_name_minutes.saturating_mul(60_000)).unwrap_or(i64::MAX),
            per_address: count(limits.kept_names_per_address),
            in_all: count(limits.kept_names),
            next_order: 0,
        }
    }

    /// Allows the use of a name by `holder`, or by a guest without a token.
    ///
    /// # Errors
    /// The name is reserved for another holder, for so many more seconds.
    pub(super) fn check(&self, name: &NameKey, holder: Option<NameHolder>, now: OffsetDateTime) -> Result<(), u64> {
        match self.names.get(name).filter(|kept| Some(kept.holder) != holder) {
            Some(kept) => match self.left_over_ms(kept, now) {
                0 => Ok(()),
                ms => Err(ms.div_ceil(1_000)),
            },
            None => Ok(()),
        }
    }

    /// Reserves a name that a session of `holder` uses from now on.
    pub(super) fn keep(&mut self, name: &UserName, holder: NameHolder, address: &CountedAddress) {
        let kept = KeptName { name: name.clone(), holder, address: address.clone(), left_ms: None, order: u64::MAX };
        self.names.insert(name.key().clone(), kept);
    }

    /// Notes that the session that uses a name ends. Names of other guests may be pushed out.
    pub(super) fn release(&mut self, name: &NameKey, now: OffsetDateTime) {
        let Some(kept) = self.names.get_mut(name).filter(|kept| kept.left_ms.is_none()) else { return };
        kept.left_ms = Some(now.unix_ms);
        kept.order = self.next_order;
        self.next_order += 1;
        let address = kept.address.clone();
        self.remove_expired(now);
        let most = address.scaled(self.per_address);
        let is_at_address = |kept: &KeptName| kept.address.key == address.key;
        if self.absent().filter(|kept| is_at_address(kept)).count() > most {
            self.remove_first_left(is_at_address, |kept| kept.holder);
        }
        if self.absent().count() > self.in_all {
            self.remove_first_left(|_| true, |kept| kept.address.key.clone());
        }
    }

    /// Frees a name, since it has become an account.
    pub(super) fn forget(&mut self, name: &NameKey) {
        self.names.remove(name);
    }

    /// Returns the holder for which a name is reserved.
    pub(super) fn holder(&self, name: &NameKey, now: OffsetDateTime) -> Option<NameHolder> {
        self.names.get(name).filter(|kept| self.left_over_ms(kept, now) > 0).map(|kept| kept.holder)
    }

    /// Returns what outlasts a restart, in the order of leaving. A name in use counts as left now.
    pub(super) fn to_records(&self, now: OffsetDateTime) -> Vec<NameRecord> {
        let mut names: Vec<_> = self.names.values().filter(|kept| self.left_over_ms(kept, now) > 0).collect();
        names.sort_by_key(|kept| kept.order);
        let record = |kept: &KeptName| NameRecord {
            user: kept.name.to_string(),
            holder: kept.holder.to_string(),
            address: kept.address.key.to_string(),
            multiplier: kept.address.multiplier,
            left_ms: kept.left_ms.unwrap_or(now.unix_ms),
        };
        names.into_iter().map(record).collect()
    }

    /// Adds the names of the last run. Leaves out records that are none: the file may have been edited.
    pub(super) fn load(&mut self, records: &[NameRecord]) {
        for record in records.iter().skip(records.len().saturating_sub(self.in_all)) {
            let (Ok(name), Some(holder)) = (UserName::parse(&record.user), NameHolder::parse(&record.holder)) else {
                continue;
            };
            let address = CountedAddress { multiplier: record.multiplier, ..record.address.as_str().into() };
            let kept = KeptName { name, holder, address, left_ms: Some(record.left_ms), order: self.next_order };
            self.next_order += 1;
            self.names.insert(kept.name.key().clone(), kept);
        }
    }

    /// Milliseconds for which a name stays reserved; 0 for a name that is free. A wall clock that was set back does not
    /// prolong the time.
    fn left_over_ms(&self, kept: &KeptName, now: OffsetDateTime) -> u64 {
        let until =
            kept.left_ms.map_or(self.keep_ms, |left| left.saturating_add(self.keep_ms).saturating_sub(now.unix_ms));
        u64::try_from(until.min(self.keep_ms)).unwrap_or(0)
    }

    fn absent(&self) -> impl Iterator<Item = &KeptName> {
        self.names.values().filter(|kept| kept.left_ms.is_some())
    }

    fn remove_expired(&mut self, now: OffsetDateTime) {
        let expired: Vec<_> = self.absent().filter(|kept| self.left_over_ms(kept, now) == 0).collect();
        let expired: Vec<_> = expired.into_iter().map(|kept| kept.name.key().clone()).collect();
        for name in expired {
            self.names.remove(&name);
        }
    }

    /// Removes the name that was left first, of the group with the most absent names among those that `matches` selects.
    fn remove_first_left<G: Eq + Hash>(&mut self, matches: impl Fn(&KeptName) -> bool, group: impl Fn(&KeptName) -> G) {
        let mut sizes: HashMap<G, usize> = HashMap::new();
        let candidates = || self.absent().filter(|kept| matches(kept));
        for kept in candidates() {
            *sizes.entry(group(kept)).or_default() += 1;
        }
        let first = candidates().min_by_key(|kept| (Reverse(sizes.get(&group(kept))), kept.order));
        if let Some(name) = first.map(|kept| kept.name.key().clone()) {
            self.names.remove(&name);
        }
    }
}

impl Hub {
    /// Allows the use of a name by the program `holder`, or by a guest without a name token.
    ///
    /// # Errors
    /// The name is reserved for another guest, who is away.
    pub fn check_name(
        &self,
        name: &UserName,
        holder: Option<NameHolder>,
        now: OffsetDateTime,
    ) -> Result<(), Report<'static>> {
        self.registry().name_tokens.check(name.key(), holder, now).map_err(|seconds| {
            let mut report = Cause::NameKept.with_user(name.to_string());
            report.about.seconds = Some(whole_units(seconds));
            report
        })
    }
}

/// Rounds a long time up, to the hour or the minute, so that a sentence is short and does not tell when a user left.
fn whole_units(seconds: u64) -> u64 {
    let unit = if seconds > 3_600 { 3_600 } else { 60 };
    seconds.div_ceil(unit) * unit
}

#[cfg(test)]
mod tests;
