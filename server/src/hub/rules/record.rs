//! Rules ⇄ the record that outlasts a restart.

use super::room::{Pin, RoomOwner};
use super::sanctions::Sanctions;
use super::server::Insider;
use super::{RoomRules, Sanction, ServerRules};
use crate::hub::name_tokens::NameHolder;
use crate::rules_record::{PinRecord, RoomRecord, SanctionRecord, ServerRecord};
use landline_common::history::HistoryOwner;
use landline_common::{NameKey, OffsetDateTime, UserName};

/// Names of the accounts among owners.
fn accounts<'o>(owners: impl Iterator<Item = &'o HistoryOwner>) -> Vec<String> {
    let names = owners.filter_map(|owner| match owner {
        HistoryOwner::Account(name) => Some(name.as_str().to_owned()),
        HistoryOwner::Guest(_) => None,
    });
    names.collect()
}

fn account(name: &str) -> HistoryOwner {
    HistoryOwner::Account(NameKey::of(name))
}

/// The accounts that own something. Names that are none are left out: the file may have been edited.
fn owners_of(names: &[String]) -> Vec<RoomOwner> {
    let owners = names.iter().filter_map(|name| UserName::parse(name).ok());
    owners.map(|user| RoomOwner { owner: account(user.as_str()), user }).collect()
}

fn names_of(owners: &[RoomOwner]) -> Vec<String> {
    owners.iter().filter_map(|RoomOwner { user, owner }| account_name(user, owner)).collect()
}

/// Returns the name of an account; `None` for a guest. `user` is its name at that time, which may have been another one
/// before the guest registered.
fn account_name(user: &UserName, owner: &HistoryOwner) -> Option<String> {
    match owner {
        HistoryOwner::Account(account) if account == user.key() => Some(user.to_string()),
        HistoryOwner::Account(account) => Some(account.as_str().to_owned()),
        HistoryOwner::Guest(_) => None,
    }
}

fn record_of(sanctions: &Sanctions, now: OffsetDateTime) -> Vec<SanctionRecord> {
    let record = |sanction: &Sanction| SanctionRecord {
        user: sanction.user.to_string(),
        account: sanction.owner.as_ref().and_then(|owner| account_name(&sanction.user, owner)),
        holder: sanction.holder.map(|holder| holder.to_string()),
        address: sanction.address.as_deref().map(str::to_owned),
        until_ms: sanction.until_ms,
    };
    sanctions.in_force(now).map(record).collect()
}

fn sanctions_of(records: &[SanctionRecord]) -> Sanctions {
    let sanction = |record: &SanctionRecord| {
        let user = UserName::parse(&record.user).ok()?;
        let owner = record.account.as_deref().map(account);
        let holder = record.holder.as_deref().and_then(NameHolder::parse);
        let address = record.address.as_deref().map(Into::into);
        Some(Sanction { user, owner, holder, address, until_ms: record.until_ms })
    };
    Sanctions::from_list(records.iter().filter_map(sanction).collect())
}

impl RoomRules {
    /// Returns the record of a room that an account owns, or that belongs to the server and has rules; `None` for other
    /// rooms, whose rules end with the session of their owner.
    pub(in crate::hub) fn to_record(&self, name: &str, last_used_ms: i64, now: OffsetDateTime) -> Option<RoomRecord> {
        let record = RoomRecord {
            name: name.to_owned(),
            owners: names_of(&self.owners),
            of_server: self.is_servers,
            topic: self.topic.clone(),
            pin: self.pin.as_ref().map(|pin| PinRecord {
                id: pin.id,
                at_ms: pin.at_ms,
                user: pin.user.clone(),
                text: pin.text.clone(),
            }),
            key: self.key.clone(),
            closed: self.is_closed,
            invited: accounts(self.invited.iter()),
            quiet: self.is_quiet,
            slow_seconds: self.slow_seconds,
            mutes: record_of(&self.mutes, now),
            bans: record_of(&self.bans, now),
            last_used_ms,
        };
        let without_rules =
            RoomRecord { name: name.to_owned(), of_server: self.is_servers, last_used_ms, ..RoomRecord::default() };
        let is_kept = !record.owners.is_empty() || (self.is_servers && record != without_rules);
        is_kept.then_some(record)
    }

    pub(in crate::hub) fn from_record(record: &RoomRecord) -> RoomRules {
        let mut rules = RoomRules::default();
        rules.owners = owners_of(&record.owners);
        rules.is_servers = record.of_server || record.owners.is_empty();
        rules.topic.clone_from(&record.topic);
        rules.pin = record.pin.clone().map(|PinRecord { id, at_ms, user, text }| Pin { id, at_ms, user, text });
        rules.key.clone_from(&record.key);
        rules.is_closed = record.closed;
        rules.is_quiet = record.quiet;
        rules.slow_seconds = record.slow_seconds;
        rules.mutes = sanctions_of(&record.mutes);
        rules.bans = sanctions_of(&record.bans);
        rules.invited = record.invited.iter().map(|name| account(name)).collect();
        rules
    }
}

impl ServerRules {
    pub(in crate::hub) fn to_record(&self, now: OffsetDateTime) -> ServerRecord {
        ServerRecord {
            owners: names_of(&self.owners),
            bans: record_of(&self.bans, now),
            whispers_to_owners_only: self.whispers_to_owners_only,
            inside: self.inside.as_ref().map(|inside| accounts(inside.iter().map(|insider| &insider.owner))),
            inside_holders: self
                .inside
                .iter()
                .flatten()
                .filter_map(|insider| Some(insider.holder?.to_string()))
                .collect(),
        }
    }

    pub(in crate::hub) fn from_record(record: &ServerRecord) -> ServerRules {
        let mut rules = ServerRules::default();
        rules.owners = owners_of(&record.owners);
        rules.bans = sanctions_of(&record.bans);
        rules.whispers_to_owners_only = record.whispers_to_owners_only;
        rules.inside = record.inside.as_ref().map(|names| {
            let accounts = names.iter().map(|name| Insider::returning(account(name), None));
            let holders = record.inside_holders.iter().filter_map(|holder| NameHolder::parse(holder));
            // No session has the number 0.
            accounts.chain(holders.map(|holder| Insider::returning(HistoryOwner::Guest(0), Some(holder)))).collect()
        });
        rules.open_without_owners();
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::Limits;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_000_000, offset_s: 0 };

    #[test]
    fn what_accounts_have_outlasts_a_restart_and_what_guests_have_does_not() {
        let limits = Limits::default();
        let name = |text: &str| UserName::parse(text).unwrap();
        let mut rules = RoomRules::default();
        rules.topic = Some("tea".into());
        rules.pin = Some(Pin { id: 7, at_ms: 5, user: "bob".into(), text: "at five".into() });
        assert!(rules.add_owner(name("gus"), HistoryOwner::Guest(1), &limits));
        assert_eq!(rules.to_record("ops", 5, NOW), None, "a guest's room");
        assert!(rules.add_owner(name("Alice"), account("alice"), &limits));
        let holder = NameHolder::of(crate::hub::Token::from_bits([7; 16]));
        let ban = Sanction::new(
            name("bob"),
            Some(HistoryOwner::Guest(2)),
            Some(holder),
            Some("10.0.0.1".into()),
            Some(1),
            NOW,
        );
        assert!(rules.sanction(true, ban, &limits, NOW));
        assert!(rules.invite(&account("carol"), &limits) && rules.invite(&HistoryOwner::Guest(3), &limits));
        let record = rules.to_record("ops", 5, NOW).unwrap();
        assert_eq!((&record.owners[..], &record.invited[..]), (&["Alice".to_owned()][..], &["carol".to_owned()][..]));
        let read = RoomRules::from_record(&record);
        assert!(read.is_owner(&account("alice")) && !read.is_owner(&HistoryOwner::Guest(1)));
        assert_eq!((read.topic.as_deref(), &read.pin), (Some("tea"), &rules.pin));
        assert_eq!(read.bans.in_force(NOW).map(|ban| ban.holder).collect::<Vec<_>>(), [Some(holder)]);
        assert_eq!(read.to_record("ops", 5, NOW), Some(record));
        assert_eq!(RoomRules::default().to_record("ops", 5, NOW), None);
    }

    #[test]
    fn a_room_of_the_server_outlasts_a_guest_who_runs_it_too() {
        let mut rules = RoomRules::of_server();
        assert_eq!(rules.to_record("lobby", 5, NOW), None, "no rules");
        rules.topic = Some("tea".into());
        assert!(rules.add_owner(UserName::parse("gus").unwrap(), HistoryOwner::Guest(1), &Limits::default()));
        let record = rules.to_record("lobby", 5, NOW).unwrap();
        assert!(record.of_server && record.owners.is_empty());
        assert!(RoomRules::from_record(&record).is_servers);
        rules.is_servers = false;
        assert_eq!(rules.to_record("lobby", 5, NOW), None, "a guest's room");
        let older = RoomRecord { of_server: false, ..record };
        assert!(RoomRules::from_record(&older).is_servers, "without owners, it was always the server's");
    }

    #[test]
    fn a_sanction_follows_its_user_into_the_account_of_another_name() {
        let mut rules = RoomRules::of_server();
        let mallory = UserName::parse("mallory").unwrap();
        let ban = Sanction::new(mallory.clone(), Some(HistoryOwner::Guest(1)), None, None, None, NOW);
        assert!(rules.sanction(true, ban, &Limits::default(), NOW));
        assert!(rules.add_owner(mallory, HistoryOwner::Guest(1), &Limits::default()));
        rules.replace_owner(&HistoryOwner::Guest(1), &account("trent"));
        let record = rules.to_record("ops", 5, NOW).unwrap();
        assert_eq!(
            (&record.bans[0].account, &record.owners[..]),
            (&Some("trent".to_owned()), &["trent".to_owned()][..])
        );
        let read = RoomRules::from_record(&record);
        let owners: Vec<_> = read.bans.in_force(NOW).map(|ban| ban.owner.clone()).collect();
        assert_eq!(owners, [Some(account("trent"))]);
        assert!(read.is_owner(&account("trent")) && !read.is_owner(&account("mallory")));
    }

    #[test]
    fn the_servers_rules_outlast_a_restart() {
        let mut rules = ServerRules::default();
        rules.whispers_to_owners_only = true;
        rules.set_code("x".into());
        rules.claim("x", &UserName::parse("Alice").unwrap(), &account("alice"), &Limits::default()).unwrap();
        let holder = NameHolder::of(crate::hub::Token::from_bits([7; 16]));
        let guest = |holder| Insider::returning(HistoryOwner::Guest(4), holder);
        rules.inside = Some(vec![Insider::returning(account("bob"), None), guest(None), guest(Some(holder))]);
        let record = rules.to_record(NOW);
        assert_eq!(record.inside, Some(vec!["bob".to_owned()]));
        assert_eq!(record.inside_holders, [holder.to_string()]);
        let read = ServerRules::from_record(&record);
        assert!(read.is_owner(&account("alice")) && read.whispers_to_owners_only);
        assert_eq!(read.to_record(NOW), record);
    }
}
