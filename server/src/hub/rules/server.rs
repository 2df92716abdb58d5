//! The rules of the whole server.

use super::room::{RoomOwner, timed};
use super::sanctions::Sanctions;
use super::{Identity, Sanction};
use crate::hub::name_tokens::NameHolder;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::room_overview::ServerOverview;
use landline_common::{Cause, Limits, OffsetDateTime, Report, UserName};

/// A user who was inside when the doors were closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Insider {
    pub(in crate::hub) owner: HistoryOwner,
    /// The program of a guest that has a name token: the guest may come back in a new session.
    pub(in crate::hub) holder: Option<NameHolder>,
}

impl Insider {
    /// Returns the insider that an account is.
    pub(super) fn account(owner: HistoryOwner) -> Insider {
        Insider { owner, holder: None }
    }

    /// True if a user with this owner or this holder is the insider.
    fn is(&self, owner: Option<&HistoryOwner>, holder: Option<NameHolder>) -> bool {
        owner == Some(&self.owner) || (holder.is_some() && self.holder == holder)
    }
}

/// What the owners of a server have set. The default restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct ServerRules {
    pub(in crate::hub) owners: Vec<RoomOwner>,
    pub(in crate::hub) bans: Sanctions,
    /// Guests may write to owners only.
    pub(in crate::hub) whispers_to_owners_only: bool,
    /// Users who were inside when the doors were closed, and may come back; `None` while the doors are open.
    pub(in crate::hub) inside: Option<Vec<Insider>>,
    /// The code that makes the next user an owner; used once.
    code: Option<String>,
}

impl ServerRules {
    /// True for an owner of the server.
    pub(in crate::hub) fn is_owner(&self, owner: &HistoryOwner) -> bool {
        self.owners.iter().any(|other| other.owner == *owner)
    }

    /// Sets the code for [`ServerRules::claim`]; the one before is void.
    pub(in crate::hub) fn set_code(&mut self, code: String) {
        self.code = Some(code);
    }

    /// Makes a user an owner who knows the code, which is void from then on.
    ///
    /// # Errors
    /// The code is wrong or used, or there are too many owners.
    pub(in crate::hub) fn claim(
        &mut self,
        code: &str,
        user: &UserName,
        owner: &HistoryOwner,
        limits: &Limits,
    ) -> Result<(), Report<'static>> {
        if !self.code.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(code)) {
            return Err(Cause::WrongCode.report());
        }
        let most = count(limits.room_owners);
        if !self.is_owner(owner) {
            if self.owners.len() >= most {
                let mut report = Cause::RulesFull.with_count(most as u64);
                report.about.room = Some("the server".into());
                return Err(report);
            }
            self.owners.push(RoomOwner { user: user.clone(), owner: owner.clone() });
        }
        self.code = None;
        Ok(())
    }

    /// Admits a user to the server, or refuses.
    pub(in crate::hub) fn admit(&self, identity: &Identity, now: OffsetDateTime) -> Result<(), Report<'static>> {
        if self.is_owner(&identity.owner) {
            return Ok(());
        }
        self.check_ban(identity, now)?;
        match &self.inside {
            Some(inside) if !inside.iter().any(|insider| insider.is(Some(&identity.owner), identity.holder)) => {
                Err(Cause::DoorsClosed.report())
            }
            _ => Ok(()),
        }
    }

    /// Bans a user from the server. Returns false if there are too many bans.
    #[must_use]
    pub(in crate::hub) fn ban(&mut self, sanction: Sanction, limits: &Limits, now: OffsetDateTime) -> bool {
        if let Some(inside) = &mut self.inside {
            inside.retain(|insider| !insider.is(sanction.owner.as_ref(), sanction.holder));
        }
        self.bans.add(sanction, count(limits.room_list), now)
    }

    /// Returns the rules for owners to read.
    pub(in crate::hub) fn overview(&self, now: OffsetDateTime) -> ServerOverview {
        let banned = self.bans.in_force(now).map(|ban| (ban.user.to_string(), ban.seconds_left(now)));
        ServerOverview {
            doors_closed: self.inside.is_some(),
            whispers_owners: self.whispers_to_owners_only,
            banned: banned.collect(),
        }
    }

    /// Lists an owner under the new name of its user.
    pub(in crate::hub) fn rename(&mut self, owner: &HistoryOwner, name: &UserName) {
        self.owners.iter_mut().filter(|other| other.owner == *owner).for_each(|owner| owner.user.clone_from(name));
    }

    /// Refuses a banned user, unless it owns the server.
    pub(in crate::hub) fn check_ban(&self, identity: &Identity, now: OffsetDateTime) -> Result<(), Report<'static>> {
        match self.bans.find(identity, now).filter(|_| !self.is_owner(&identity.owner)) {
            Some(ban) => Err(timed(Cause::Expelled.report(), ban.seconds_left(now))),
            None => Ok(()),
        }
    }

    /// Makes an account the owner of what a guest had, who has registered it.
    pub(in crate::hub) fn replace_owner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        for owner in &mut self.owners {
            if owner.owner == *guest {
                owner.owner.clone_from(account);
            }
        }
        if let Some(inside) = &mut self.inside {
            inside.push(Insider::account(account.clone()));
        }
        self.bans.replace_owner(guest, account);
    }

    /// Forgets a guest whose session has ended for good, or an account that was deleted.
    pub(in crate::hub) fn forget_owner(&mut self, user: &HistoryOwner) {
        self.owners.retain(|owner| owner.owner != *user);
        if let Some(inside) = &mut self.inside {
            inside.retain(|insider| insider.owner != *user || insider.holder.is_some());
        }
        self.open_without_owners();
    }

    /// Opens the doors if no owner is left to open them: nobody could come in any more.
    pub(super) fn open_without_owners(&mut self) {
        if self.owners.is_empty() {
            self.inside = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::NameKey;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_000_000, offset_s: 0 };

    fn identity(name: &str, owner: HistoryOwner) -> Identity {
        Identity {
            name: NameKey::of(name),
            former_names: std::sync::Arc::default(),
            owner,
            holder: None,
            address: "10.0.0.1".into(),
            has_own_address: false,
        }
    }

    #[test]
    fn a_code_makes_one_owner() {
        let mut rules = ServerRules::default();
        let limits = Limits::default();
        let alice = UserName::parse("alice").unwrap();
        let guest = HistoryOwner::Guest(1);
        let refused = rules.claim("", &alice, &guest, &limits).unwrap_err();
        assert_eq!(refused.cause, Cause::WrongCode, "no code is set");
        rules.set_code("abcd".into());
        assert!(rules.claim("abce", &alice, &guest, &limits).is_err());
        assert_eq!(rules.claim("ABCD", &alice, &guest, &limits), Ok(()), "in capitals, too");
        assert!(rules.is_owner(&guest) && !rules.is_owner(&HistoryOwner::Guest(2)));
        assert!(rules.claim("abcd", &alice, &HistoryOwner::Guest(2), &limits).is_err(), "used once");
        let account = HistoryOwner::Account(alice.key().clone());
        rules.replace_owner(&guest, &account);
        assert!(rules.is_owner(&account) && !rules.is_owner(&guest));
        rules.set_code("new".into());
        let guest = HistoryOwner::Guest(3);
        rules.claim("new", &alice, &guest, &limits).unwrap();
        rules.forget_owner(&guest);
        assert!(!rules.is_owner(&guest), "an owner as long as the session");
    }

    #[test]
    fn doors_open_when_the_last_owner_goes() {
        let mut rules = ServerRules::default();
        rules.set_code("code".into());
        rules.claim("code", &UserName::parse("alice").unwrap(), &HistoryOwner::Guest(1), &Limits::default()).unwrap();
        rules.inside = Some(Vec::new());
        assert!(rules.admit(&identity("bob", HistoryOwner::Guest(2)), NOW).is_err());
        let record = rules.to_record(NOW);
        let restarted = ServerRules::from_record(&record);
        assert_eq!(
            restarted.admit(&identity("bob", HistoryOwner::Guest(2)), NOW),
            Ok(()),
            "a guest's ownership has ended"
        );
        rules.forget_owner(&HistoryOwner::Guest(1));
        assert_eq!(rules.admit(&identity("bob", HistoryOwner::Guest(2)), NOW), Ok(()));
    }

    #[test]
    fn closed_doors_admit_those_who_were_inside_and_owners() {
        let mut rules = ServerRules::default();
        let account = |name: &str| HistoryOwner::Account(NameKey::of(name));
        rules.owners.push(RoomOwner { user: UserName::parse("alice").unwrap(), owner: account("alice") });
        rules.inside = Some(["bob", "dave", "erin"].map(|name| Insider::account(account(name))).into());
        let admits = |rules: &ServerRules, name: &str, owner| rules.admit(&identity(name, owner), NOW).is_ok();
        assert!(admits(&rules, "alice", account("alice")) && admits(&rules, "bob", account("bob")));
        assert!(!admits(&rules, "carol", account("carol")) && !admits(&rules, "bob", HistoryOwner::Guest(5)));
        let ban = Sanction::new(UserName::parse("bob").unwrap(), Some(account("bob")), None, None, None, NOW);
        assert!(rules.ban(ban, &Limits::default(), NOW));
        assert!(!admits(&rules, "bob", account("bob")) && admits(&rules, "dave", account("dave")));
        rules.forget_owner(&account("dave"));
        assert!(!admits(&rules, "dave", account("dave")) && admits(&rules, "erin", account("erin")));
        rules.inside = None;
        assert!(admits(&rules, "carol", account("carol")) && !admits(&rules, "bob", HistoryOwner::Guest(5)));
    }

    #[test]
    fn guest_who_was_inside_comes_back_with_its_token_only() {
        let holder = |n| Some(NameHolder::of(crate::hub::Token::from_bits([n; 16])));
        let mut rules = ServerRules::default();
        let alice = HistoryOwner::Account(NameKey::of("alice"));
        rules.owners.push(RoomOwner { user: UserName::parse("alice").unwrap(), owner: alice });
        rules.inside = Some(vec![Insider { owner: HistoryOwner::Guest(1), holder: holder(1) }]);
        rules.forget_owner(&HistoryOwner::Guest(1));
        let back = |holder| Identity { holder, ..identity("bob", HistoryOwner::Guest(2)) };
        assert_eq!(rules.admit(&back(holder(1)), NOW), Ok(()));
        for other in [None, holder(2)] {
            assert!(rules.admit(&back(other), NOW).is_err());
        }
        let ban = Sanction::new(UserName::parse("rob").unwrap(), None, holder(1), None, Some(1), NOW);
        assert!(rules.ban(ban, &Limits::default(), NOW));
        let after_the_ban = OffsetDateTime { unix_ms: NOW.unix_ms + 60_000, ..NOW };
        assert!(rules.admit(&back(holder(1)), after_the_ban).is_err(), "a banned guest is no insider any more");
    }
}
