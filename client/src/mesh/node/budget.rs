//! How much of the past is told, in bytes: members ask with 80 bytes for an answer of 20 KiB, and may ask again.
//!
//! Invariant: within any time, a member gets the history once, an allowance ([`TOLD_AGAIN`]) and a trickle
//! ([`TOLD_PER_SECOND`]). A member may leave and come back under another id, so all members at one address together get
//! so many histories ([`JOINS`]), and then one more in each [`TOLD_ADDRESS_MS`].
//!
//! What is over that is not answered. An honest member asks others meanwhile, and this one again after
//! [`crate::mesh::limits::SLOW_MS`]. Bytes are counted as [`told_bytes`] says, of the store and of answers alike; escaped
//! characters can make a frame twice as long.

use crate::mesh::limits::{JOINS, PEERS, TOLD_ADDRESS_MS, TOLD_AGAIN, TOLD_PER_SECOND};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Bytes of a message beside its text, and of a frame or an author beside the messages; about.
const MESSAGE: u64 = 128;
/// See [`MESSAGE`].
const AUTHOR: u64 = 512;

/// What a frame or a store costs that has so many bytes of texts, messages and authors.
pub fn told_bytes(texts: usize, messages: usize, authors: usize) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let messages = count(messages).saturating_mul(MESSAGE);
    count(texts).saturating_add(messages).saturating_add(count(authors).saturating_mul(AUTHOR))
}

/// Bytes told so far, of which some run off each second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    bytes: u64,
    at: u64,
}

impl Told {
    fn level(&self, per_second: u64, now: u64) -> u64 {
        let seconds_1000 = now.saturating_sub(self.at);
        self.bytes.saturating_sub(seconds_1000.saturating_mul(per_second) / 1_000)
    }

    fn add(&mut self, bytes: u64, per_second: u64, now: u64) {
        *self = Told { bytes: self.level(per_second, now).saturating_add(bytes), at: now };
    }
}

/// What was told at each address.
#[derive(Debug, Default)]
pub struct AddressBudgets(BTreeMap<IpAddr, Told>);

impl AddressBudgets {
    /// Whether a member at that address may be told more, of a history of so many bytes.
    pub fn is_open(&self, member: Told, address: IpAddr, history: u64, now: u64) -> bool {
        let most = history + TOLD_AGAIN;
        let there = self.0.get(&address).map_or(0, |told| told.level(per_address(history), now));
        member.level(TOLD_PER_SECOND, now) < most && there < most.saturating_mul(JOINS as u64)
    }

    /// Takes note of what a member at that address was told.
    pub fn add(&mut self, member: &mut Told, address: IpAddr, bytes: u64, history: u64, now: u64) {
        member.add(bytes, TOLD_PER_SECOND, now);
        let per_second = per_address(history);
        if self.0.len() >= PEERS && !self.0.contains_key(&address) {
            let least = self.0.iter().min_by_key(|(_, told)| told.level(per_second, now)).map(|(address, _)| *address);
            if let Some(least) = least {
                self.0.remove(&least);
            }
        }
        self.0.entry(address).or_default().add(bytes, per_second, now);
    }
}

/// Bytes a second that run off at an address.
fn per_address(history: u64) -> u64 {
    TOLD_PER_SECOND.max((history + TOLD_AGAIN).saturating_mul(1_000) / TOLD_ADDRESS_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// Tells as much as may be told, in pieces, and returns how much that is.
    fn tell_all(budgets: &mut AddressBudgets, member: &mut Told, history: u64, now: u64) -> u64 {
        let mut told = 0;
        while budgets.is_open(*member, address(1), history, now) {
            budgets.add(member, address(1), 1_000, history, now);
            told += 1_000;
        }
        told
    }

    #[test]
    fn x6_a_member_is_told_everything_once_and_then_little() {
        let (mut budgets, mut member, history) = (AddressBudgets::default(), Told::default(), 10_000_000);
        let most = history + TOLD_AGAIN;
        assert!((most..most + 1_000).contains(&tell_all(&mut budgets, &mut member, history, 0)));
        let later = tell_all(&mut budgets, &mut member, history, 10_000);
        assert!(later <= 10 * TOLD_PER_SECOND + 1_000, "{later}");
    }

    #[test]
    fn x6_members_who_come_and_go_at_one_address_share_a_budget() {
        let (mut budgets, history) = (AddressBudgets::default(), 10_000_000);
        let all = (0..1_000).map(|_| tell_all(&mut budgets, &mut Told::default(), history, 0)).sum::<u64>();
        let most = (history + TOLD_AGAIN) * JOINS as u64;
        assert!((most..most + 25_000).contains(&all), "{all}");
        assert!(budgets.is_open(Told::default(), address(2), history, 0), "others are told");
        let one = (0..1_000).map(|_| tell_all(&mut budgets, &mut Told::default(), history, TOLD_ADDRESS_MS)).sum();
        assert!((history..history + 2 * TOLD_AGAIN).contains(&one), "{one}");
    }

    #[test]
    fn addresses_are_bounded_and_those_told_least_go_first() {
        let mut budgets = AddressBudgets::default();
        for number in 0..2 * PEERS as u32 {
            budgets.add(&mut Told::default(), address(number), 1_000 + u64::from(number), 0, 0);
        }
        assert_eq!(budgets.0.len(), PEERS);
        assert!(budgets.0.contains_key(&address(2 * PEERS as u32 - 1)));
    }
}
