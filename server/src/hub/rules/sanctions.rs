//! Mutes and bans.

use super::{Identity, after_minutes, seconds_until};
use crate::hub::name_tokens::NameHolder;
use landline_common::history::HistoryOwner;
use landline_common::{OffsetDateTime, UserName};
use std::sync::Arc;

/// A mute or a ban of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Sanction {
    pub(in crate::hub) user: UserName,
    /// The account, or the session of a guest; `None` after a restart of the server for a guest, or for a user who was
    /// not here.
    pub(in crate::hub) owner: Option<HistoryOwner>,
    /// The program of a guest that has a name token.
    pub(in crate::hub) holder: Option<NameHolder>,
    /// The address, if no other user had it.
    pub(in crate::hub) address: Option<Arc<str>>,
    /// End in milliseconds since 1970; `None` without an end.
    pub(in crate::hub) until_ms: Option<i64>,
}

impl Sanction {
    /// Makes a sanction of `user`, for some minutes or without an end.
    pub(in crate::hub) fn new(
        user: UserName,
        owner: Option<HistoryOwner>,
        holder: Option<NameHolder>,
        address: Option<Arc<str>>,
        minutes: Option<u64>,
        now: OffsetDateTime,
    ) -> Sanction {
        Sanction { user, owner, holder, address, until_ms: minutes.map(|minutes| after_minutes(minutes, now)) }
    }

    /// True if the sanction holds for a user. An account answers for its own deeds only, never for its address.
    fn covers(&self, identity: &Identity) -> bool {
        let is_account = matches!(identity.owner, HistoryOwner::Account(_));
        *self.user.key() == identity.name
            || identity.former_names.contains(self.user.key())
            || self.owner.as_ref() == Some(&identity.owner)
            || self.holder.is_some_and(|holder| identity.holder == Some(holder))
            || (!is_account && self.address.as_ref() == Some(&identity.address))
    }

    fn has_ended(&self, now: OffsetDateTime) -> bool {
        self.until_ms.is_some_and(|until| until <= now.unix_ms)
    }

    /// Seconds left, or `None` without an end.
    pub(in crate::hub) fn seconds_left(&self, now: OffsetDateTime) -> Option<u64> {
        self.until_ms.map(|until| seconds_until(until, now))
    }
}

/// Sanctions of one kind; ended ones are forgotten when one is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Sanctions(Vec<Sanction>);

impl Sanctions {
    pub(in crate::hub) fn from_list(list: Vec<Sanction>) -> Sanctions {
        Sanctions(list)
    }

    /// Adds a sanction in place of an earlier one of the same name. It holds for the earlier one's program, too, if the
    /// user has been away for so long that the server no longer knows the program of the name. Returns false if there
    /// are `most` already.
    #[must_use]
    pub(in crate::hub) fn add(&mut self, mut sanction: Sanction, most: usize, now: OffsetDateTime) -> bool {
        let earlier = self.in_force(now).find(|other| other.user.key() == sanction.user.key());
        sanction.holder = sanction.holder.or(earlier.and_then(|other| other.holder));
        self.0.retain(|other| !other.has_ended(now) && other.user.key() != sanction.user.key());
        let has_space = self.0.len() < most;
        if has_space {
            self.0.push(sanction);
        }
        has_space
    }

    /// Returns another spelling of a name, under which its sanction is listed.
    pub(in crate::hub) fn other_spelling(&self, user: &UserName, now: OffsetDateTime) -> Option<String> {
        let listed = self.in_force(now).find(|sanction| sanction.user.key() == user.key())?;
        (listed.user != *user).then(|| listed.user.to_string())
    }

    /// Lifts the sanctions of a user. Returns false if there was none.
    #[must_use]
    pub(in crate::hub) fn lift(&mut self, identity: &Identity, now: OffsetDateTime) -> bool {
        self.0.retain(|sanction| !sanction.has_ended(now));
        let before = self.0.len();
        self.0.retain(|sanction| !sanction.covers(identity));
        self.0.len() < before
    }

    /// Finds the sanction that holds for a user now.
    pub(in crate::hub) fn find(&self, identity: &Identity, now: OffsetDateTime) -> Option<&Sanction> {
        self.0.iter().find(|sanction| !sanction.has_ended(now) && sanction.covers(identity))
    }

    pub(in crate::hub) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sanctions in force.
    pub(in crate::hub) fn in_force(&self, now: OffsetDateTime) -> impl Iterator<Item = &Sanction> {
        self.0.iter().filter(move |sanction| !sanction.has_ended(now))
    }

    /// Makes an account answer for what a guest did before registering it.
    pub(in crate::hub) fn replace_owner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        for sanction in &mut self.0 {
            if sanction.owner.as_ref() == Some(guest) {
                sanction.owner = Some(account.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::NameKey;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_000_000, offset_s: 0 };

    fn identity(name: &str, guest: u64, address: &str) -> Identity {
        let owner = HistoryOwner::Guest(guest);
        Identity {
            name: NameKey::of(name),
            former_names: Arc::default(),
            owner,
            holder: None,
            address: address.into(),
            has_own_address: false,
        }
    }

    fn holder(n: u8) -> NameHolder {
        NameHolder::of(crate::hub::Token::from_bits([n; 16]))
    }

    fn user(name: &str) -> UserName {
        UserName::parse(name).unwrap()
    }

    fn later(ms: i64) -> OffsetDateTime {
        OffsetDateTime { unix_ms: NOW.unix_ms + ms, ..NOW }
    }

    #[test]
    fn a_sanction_holds_for_name_session_token_and_an_address_of_its_own() {
        let of = |address: Option<&str>| {
            Sanction::new(user("Bob"), Some(HistoryOwner::Guest(7)), Some(holder(7)), address.map(Arc::from), None, NOW)
        };
        assert!(of(None).covers(&identity("bob", 9, "10.0.0.2")), "the name under another session");
        assert!(of(None).covers(&identity("carol", 7, "10.0.0.2")), "the session under another name");
        let with = |n| Identity { holder: Some(holder(n)), ..identity("carol", 9, "10.0.0.2") };
        assert!(of(None).covers(&with(7)), "the token in another session, under another name");
        assert!(!of(None).covers(&with(9)), "another token");
        let renamed = Identity { former_names: [NameKey::of("bob")].into(), ..identity("carol", 9, "10.0.0.2") };
        assert!(of(None).covers(&renamed), "an earlier name");
        assert!(!of(None).covers(&identity("carol", 9, "10.0.0.1")), "a shared address");
        assert!(of(Some("10.0.0.1")).covers(&identity("carol", 9, "10.0.0.1")), "an address of its own");
        let account =
            Identity { owner: HistoryOwner::Account(NameKey::of("carol")), ..identity("carol", 9, "10.0.0.1") };
        assert!(!of(Some("10.0.0.1")).covers(&account), "accounts answer for themselves");
    }

    #[test]
    fn a_sanction_ends_at_its_time_and_is_lifted_before() {
        let mut sanctions = Sanctions::default();
        let bob = identity("bob", 7, "10.0.0.1");
        assert!(sanctions.add(Sanction::new(user("bob"), None, None, None, Some(1), NOW), 2, NOW));
        assert_eq!(sanctions.find(&bob, later(59_999)).and_then(|s| s.seconds_left(later(59_999))), Some(1));
        assert_eq!(sanctions.find(&bob, later(60_000)), None);
        assert_eq!(sanctions.in_force(later(60_000)).count(), 0);
        assert!(sanctions.lift(&bob, NOW) && !sanctions.lift(&bob, NOW) && sanctions.is_empty());
        assert!(sanctions.add(Sanction::new(user("bob"), None, None, None, Some(1), NOW), 2, NOW));
        assert!(!sanctions.lift(&bob, later(60_000)), "ended by itself");
    }

    #[test]
    fn a_sanction_that_is_renewed_still_holds_for_the_program() {
        let mut sanctions = Sanctions::default();
        for holder in [Some(holder(7)), None] {
            assert!(sanctions.add(Sanction::new(user("bob"), None, holder, None, None, NOW), 2, NOW));
        }
        let other_name = Identity { holder: Some(holder(7)), ..identity("carol", 9, "10.0.0.2") };
        assert!(sanctions.find(&other_name, NOW).is_some() && sanctions.in_force(NOW).count() == 1);
    }

    #[test]
    fn an_account_answers_for_what_its_guest_did() {
        let mut sanctions = Sanctions::default();
        for (name, guest) in [("bob", 7), ("carol", 8)] {
            let sanction = Sanction::new(user(name), Some(HistoryOwner::Guest(guest)), None, None, None, NOW);
            assert!(sanctions.add(sanction, 2, NOW));
        }
        let account = HistoryOwner::Account(NameKey::of("bob"));
        sanctions.replace_owner(&HistoryOwner::Guest(7), &account);
        let owners: Vec<_> = sanctions.in_force(NOW).filter_map(|sanction| sanction.owner.clone()).collect();
        assert_eq!(owners, [account, HistoryOwner::Guest(8)]);
    }

    #[test]
    fn the_list_is_bounded_and_forgets_what_has_ended() {
        let mut sanctions = Sanctions::default();
        for (name, minutes) in [("a1", Some(1)), ("b1", None)] {
            assert!(sanctions.add(Sanction::new(user(name), None, None, None, minutes, NOW), 2, NOW));
        }
        let third = || Sanction::new(user("c1"), None, None, None, None, NOW);
        assert!(!sanctions.add(third(), 2, NOW), "full");
        assert!(
            sanctions.add(Sanction::new(user("B1"), None, None, None, None, NOW), 2, NOW),
            "in place of the same name"
        );
        assert!(sanctions.add(third(), 2, later(60_000)), "the first one has ended");
    }
}
