//! The rules of the whole server.

use super::room::RoomOwner;
use super::sanctions::Sanctions;
use super::{Identity, Sanction};
use crate::hub::name_tokens::NameHolder;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::room_overview::ServerOverview;
use landline_common::{Cause, Limits, NameKey, OffsetDateTime, Report, UserName};
use std::sync::Arc;

/// Users who were inside closed doors, and may come back. Beyond it, no further ones are remembered.
const MAX_INSIDERS: usize = 16_384;

/// A user who was inside while the doors were closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Insider {
    /// The account, or the last session of a guest.
    pub(super) owner: HistoryOwner,
    /// The program of a guest that has a name token.
    pub(super) holder: Option<NameHolder>,
    /// The name and the address of a guest without a name token.
    place: Option<(NameKey, Arc<str>)>,
}

impl Insider {
    /// Returns the insider that a user is.
    pub(in crate::hub) fn new(Identity { name, owner, holder, address, .. }: Identity) -> Insider {
        if matches!(owner, HistoryOwner::Account(_)) {
            return Insider { owner, holder: None, place: None };
        }
        Insider { owner, holder, place: holder.is_none().then_some((name, address)) }
    }

    /// Returns the insider that is known after a restart: by its account, or by the name token of a guest.
    pub(super) fn returning(owner: HistoryOwner, holder: Option<NameHolder>) -> Insider {
        Insider { owner, holder, place: None }
    }

    /// True if a user is the insider.
    fn is(&self, identity: &Identity) -> bool {
        let is_guest = matches!(identity.owner, HistoryOwner::Guest(_));
        self.owner == identity.owner
            || (is_guest && self.holder.is_some() && self.holder == identity.holder)
            || (is_guest
                && self
                    .place
                    .as_ref()
                    .is_some_and(|(name, address)| *name == identity.name && *address == identity.address))
    }

    /// True if a sanction names the insider.
    fn is_sanctioned(&self, sanction: &Sanction) -> bool {
        sanction.owner.as_ref() == Some(&self.owner)
            || (self.holder.is_some() && self.holder == sanction.holder)
            || self.place.as_ref().is_some_and(|(name, _)| name == sanction.user.key())
    }
}

/// What the owners of a server have set. The default restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct ServerRules {
    pub(in crate::hub) owners: Vec<RoomOwner>,
    pub(in crate::hub) bans: Sanctions,
    /// Guests may write to owners only.
    pub(in crate::hub) whispers_to_owners_only: bool,
    /// Users who were inside when the doors were closed or since, and may come back; `None` while the doors are open.
    pub(super) inside: Option<Vec<Insider>>,
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
                return Err(Cause::RulesFull.with_count(most as u64).in_room("the server"));
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
            Some(inside) if !inside.iter().any(|insider| insider.is(identity)) => Err(Cause::DoorsClosed.report()),
            _ => Ok(()),
        }
    }

    /// Opens the doors, or closes them behind the users who are inside.
    pub(in crate::hub) fn set_doors(&mut self, inside: Option<Vec<Identity>>) {
        self.inside = inside.map(|inside| inside.into_iter().take(MAX_INSIDERS).map(Insider::new).collect());
    }

    /// Notes that a user is inside, who may come back if the doors are closed.
    pub(in crate::hub) fn come_in(&mut self, identity: Identity) {
        let Some(inside) = &mut self.inside else { return };
        match inside.iter().position(|insider| insider.is(&identity)) {
            Some(position) => inside[position] = Insider::new(identity),
            None if inside.len() < MAX_INSIDERS => inside.push(Insider::new(identity)),
            None => {}
        }
    }

    /// Bans a user from the server. Returns false if there are too many bans.
    #[must_use]
    pub(in crate::hub) fn ban(&mut self, sanction: Sanction, limits: &Limits, now: OffsetDateTime) -> bool {
        if let Some(inside) = &mut self.inside {
            inside.retain(|insider| !insider.is_sanctioned(&sanction));
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

    /// Knows an owner and a guest who was inside by the new name of the user.
    pub(in crate::hub) fn rename(&mut self, owner: &HistoryOwner, name: &UserName) {
        let insiders = self.inside.iter_mut().flatten().filter(|insider| insider.owner == *owner);
        insiders.filter_map(|insider| insider.place.as_mut()).for_each(|place| place.0.clone_from(name.key()));
        self.owners.iter_mut().filter(|other| other.owner == *owner).for_each(|owner| owner.user.clone_from(name));
    }

    /// Refuses a banned user, unless it owns the server.
    pub(in crate::hub) fn check_ban(&self, identity: &Identity, now: OffsetDateTime) -> Result<(), Report<'static>> {
        match self.bans.find(identity, now).filter(|_| !self.is_owner(&identity.owner)) {
            Some(ban) => Err(Cause::Expelled.report().for_seconds(ban.seconds_left(now))),
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
        for insider in self.inside.iter_mut().flatten().filter(|insider| insider.owner == *guest) {
            *insider = Insider::returning(account.clone(), None);
        }
        self.bans.replace_owner(guest, account);
    }

    /// Forgets a guest whose session has ended for good, or an account that was deleted.
    pub(in crate::hub) fn forget_owner(&mut self, user: &HistoryOwner) {
        self.owners.retain(|owner| owner.owner != *user);
        if let Some(inside) = &mut self.inside {
            inside.retain(|insider| insider.owner != *user || insider.holder.is_some() || insider.place.is_some());
        }
        self.open_without_owners();
    }

    /// Opens the doors if no owner is left to open them: no user could come in any more.
    pub(super) fn open_without_owners(&mut self) {
        if self.owners.is_empty() {
            self.inside = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        rules.inside = Some(["bob", "dave", "erin"].map(|name| Insider::returning(account(name), None)).into());
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
        rules.inside = Some(vec![Insider::returning(HistoryOwner::Guest(1), holder(1))]);
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

    #[test]
    fn guest_without_a_token_comes_back_by_its_name_and_address() {
        let mut rules = ServerRules::default();
        let alice = HistoryOwner::Account(NameKey::of("alice"));
        rules.owners.push(RoomOwner { user: UserName::parse("alice").unwrap(), owner: alice });
        rules.set_doors(Some(Vec::new()));
        let guest = |name: &str, number| identity(name, HistoryOwner::Guest(number));
        rules.come_in(guest("bob", 1));
        rules.forget_owner(&HistoryOwner::Guest(1));
        assert_eq!(rules.admit(&guest("bob", 2), NOW), Ok(()));
        rules.come_in(guest("bob", 2));
        assert_eq!(rules.inside.as_ref().map(Vec::len), Some(1), "one insider in each of its sessions");
        assert!(rules.admit(&Identity { address: "10.0.0.2".into(), ..guest("bob", 3) }, NOW).is_err());
        assert!(rules.admit(&guest("carol", 3), NOW).is_err());
        rules.rename(&HistoryOwner::Guest(2), &UserName::parse("carol").unwrap());
        assert!(rules.admit(&guest("bob", 3), NOW).is_err() && rules.admit(&guest("carol", 3), NOW).is_ok());
        let ban = Sanction::new(UserName::parse("carol").unwrap(), None, None, None, Some(1), NOW);
        assert!(rules.ban(ban, &Limits::default(), NOW));
        let after_the_ban = OffsetDateTime { unix_ms: NOW.unix_ms + 60_000, ..NOW };
        assert!(rules.admit(&guest("carol", 3), after_the_ban).is_err(), "a banned guest is no insider any more");
    }
}
