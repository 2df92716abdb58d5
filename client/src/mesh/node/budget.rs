//! Limits for the history that is sent to other members, in bytes. A request of 80 bytes has an answer of 20 KiB, and a
//! member may repeat it.
//!
//! Invariants:
//! - In any span of time, a member is sent at most the history once, plus [`HISTORY_EXTRA_BYTES`], plus
//!   [`HISTORY_BYTES_PER_SECOND`].
//! - A member may come back under another id, so the members at one address share a budget: [`JOINS`] histories, and one
//!   more per [`HISTORY_ADDRESS_MS`].
//!
//! Requests above that get no answer. An honest member asks others meanwhile, and repeats its request after
//! [`crate::mesh::limits::SLOW_MS`]. Bytes of the history and of answers are both computed by [`transfer_bytes`]; escaped
//! characters can make a frame twice as long.

use crate::mesh::limits::{HISTORY_ADDRESS_MS, HISTORY_BYTES_PER_SECOND, HISTORY_EXTRA_BYTES, JOINS, PEERS};
use landline_common::bounded_map::{BoundedMap, Priority};
use std::net::IpAddr;

/// Estimated bytes of a message without its text.
const MESSAGE_OVERHEAD: u64 = 128;
/// Estimated bytes of a frame or an author without the messages.
const AUTHOR_OVERHEAD: u64 = 512;

/// Estimates the bytes of a frame, or of the frames for a whole store, with this content.
pub fn transfer_bytes(text_bytes: usize, messages: usize, authors: usize) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let messages = count(messages).saturating_mul(MESSAGE_OVERHEAD);
    count(text_bytes).saturating_add(messages).saturating_add(count(authors).saturating_mul(AUTHOR_OVERHEAD))
}

/// A counter of sent bytes that drains at a constant rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeakyBucket {
    /// Bytes at time `at`.
    bytes: u64,
    /// Time of the last change, in milliseconds.
    at: u64,
}

impl LeakyBucket {
    /// Returns the bytes that have not drained at time `now`.
    fn level(&self, per_second: u64, now: u64) -> u64 {
        let elapsed_ms = now.saturating_sub(self.at);
        self.bytes.saturating_sub(elapsed_ms.saturating_mul(per_second) / 1_000)
    }

    fn add(&mut self, bytes: u64, per_second: u64, now: u64) {
        *self = LeakyBucket { bytes: self.level(per_second, now).saturating_add(bytes), at: now };
    }
}

/// The history sent to each address. At the limit of addresses, the one that was sent least is forgotten.
#[derive(Debug, Default)]
pub struct AddressBudgets(BoundedMap<IpAddr, LeakyBucket, PEERS>);

impl AddressBudgets {
    /// Returns whether a member at an address may be sent more. `history` is the size of the whole history, in bytes.
    pub fn has_budget(&self, member: LeakyBucket, address: IpAddr, history: u64, now: u64) -> bool {
        let max = history + HISTORY_EXTRA_BYTES;
        let at_address = self.0.get(&address).map_or(0, |sent| sent.level(per_address(history), now));
        member.level(HISTORY_BYTES_PER_SECOND, now) < max && at_address < max.saturating_mul(JOINS as u64)
    }

    /// Counts bytes sent to a member at an address.
    pub fn add(&mut self, member: &mut LeakyBucket, address: IpAddr, bytes: u64, history: u64, now: u64) {
        member.add(bytes, HISTORY_BYTES_PER_SECOND, now);
        let per_second = per_address(history);
        let sent = self.0.entry(address, |sent| Priority::Rank(sent.level(per_second, now)));
        sent.or_default().add(bytes, per_second, now);
    }
}

/// Returns the bytes per second by which the budget of an address refills.
fn per_address(history: u64) -> u64 {
    HISTORY_BYTES_PER_SECOND.max((history + HISTORY_EXTRA_BYTES).saturating_mul(1_000) / HISTORY_ADDRESS_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// Sends pieces of 1,000 bytes while the budget lasts. Returns the bytes.
    fn send_all(budgets: &mut AddressBudgets, member: &mut LeakyBucket, history: u64, now: u64) -> u64 {
        let mut sent = 0;
        while budgets.has_budget(*member, address(1), history, now) {
            budgets.add(member, address(1), 1_000, history, now);
            sent += 1_000;
        }
        sent
    }

    #[test]
    fn x6_member_is_sent_the_history_once_and_then_little() {
        let (mut budgets, mut member, history) = (AddressBudgets::default(), LeakyBucket::default(), 10_000_000);
        let max = history + HISTORY_EXTRA_BYTES;
        assert!((max..max + 1_000).contains(&send_all(&mut budgets, &mut member, history, 0)));
        let later = send_all(&mut budgets, &mut member, history, 10_000);
        assert!(later <= 10 * HISTORY_BYTES_PER_SECOND + 1_000, "{later}");
    }

    #[test]
    fn x6_members_at_one_address_share_a_budget() {
        let (mut budgets, history) = (AddressBudgets::default(), 10_000_000);
        let all = (0..1_000).map(|_| send_all(&mut budgets, &mut LeakyBucket::default(), history, 0)).sum::<u64>();
        let max = (history + HISTORY_EXTRA_BYTES) * JOINS as u64;
        assert!((max..max + 25_000).contains(&all), "{all}");
        assert!(
            budgets.has_budget(LeakyBucket::default(), address(2), history, 0),
            "other addresses have their own budget"
        );
        let one =
            (0..1_000).map(|_| send_all(&mut budgets, &mut LeakyBucket::default(), history, HISTORY_ADDRESS_MS)).sum();
        assert!((history..history + 2 * HISTORY_EXTRA_BYTES).contains(&one), "{one}");
    }

    #[test]
    fn number_of_addresses_is_bounded_and_the_least_served_is_forgotten() {
        let mut budgets = AddressBudgets::default();
        for number in 0..2 * PEERS as u32 {
            budgets.add(&mut LeakyBucket::default(), address(number), 1_000 + u64::from(number), 0, 0);
        }
        assert_eq!(budgets.0.len(), PEERS);
        assert!(budgets.0.get(&address(2 * PEERS as u32 - 1)).is_some());
    }
}
