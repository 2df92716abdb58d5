//! Chat77's users become accounts, with the passwords they have.

use super::document::ImportedUser;
use super::{shown, tell_refused};
use crate::guard::Hasher;
use crate::guard::hasher::{HashError, is_usable};
use crate::store::{Accounts, NewAccount};
use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use landline_common::password::to_nfc;
use landline_common::{Limits, NameKey, OffsetDateTime, UserName};
use std::collections::HashSet;
use std::io::Write;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// Passwords from which on it is said that hashing takes a while.
const MANY: usize = 100;

/// A user who becomes an account.
struct SignInRequest<'a> {
    name: UserName,
    password: &'a str,
    registered: OffsetDateTime,
}

/// What becomes of the users.
#[derive(Default)]
struct Sorted<'a> {
    new: Vec<SignInRequest<'a>>,
    kept: Vec<UserName>,
    refused: Vec<(String, String)>,
}

/// Makes an account of every user whose name is free, with one write.
pub(super) fn import(users: &[ImportedUser], data: &Path, limits: &Limits, out: &mut dyn Write) -> anyhow::Result<()> {
    let accounts = Accounts::open(data, limits)?;
    let Sorted { new, kept, refused } = sort(users, &accounts);
    let room = accounts.vacancies();
    if new.len() > room {
        bail!(
            "there is room for {room} more accounts, and it has {}; nothing was imported. \
             --limit accounts=NUMBER allows more (give the server the same)",
            new.len()
        );
    }
    if new.len() >= MANY {
        writeln!(out, "Hashing {} passwords; this takes a while.", new.len())?;
    }
    let passwords: Vec<&str> = new.iter().map(|user| user.password).collect();
    let hashes = hash_all(&passwords, limits).context("nothing was imported")?;
    let made = new.len();
    let with_hash =
        |(user, hash): (SignInRequest<'_>, String)| NewAccount { name: user.name, hash, registered: user.registered };
    let new = new.into_iter().zip(hashes).map(with_hash).collect();
    accounts.register_all(new).context("nothing was imported")?;
    writeln!(out, "Accounts made of Chat77's users, who keep their passwords: {made}.")?;
    if !kept.is_empty() {
        let names: Vec<&str> = kept.iter().map(UserName::as_str).collect();
        writeln!(out, "Registered here already, and left as they are ({}): {}", kept.len(), names.join(", "))?;
    }
    tell_refused(&refused, out)?;
    Ok(())
}

fn sort<'a>(users: &'a [ImportedUser], accounts: &Accounts) -> Sorted<'a> {
    let (zone, now) = (TimeZone::system(), Timestamp::now());
    let mut sorted = Sorted::default();
    let mut seen = HashSet::<NameKey>::new();
    for (i, user) in users.iter().enumerate() {
        // What is wrong with a field is never quoted: it may be the password.
        let (alias, password) = (user.aliase.trim(), user.password.trim());
        let which = if alias.is_empty() { format!("user {}", i + 1) } else { shown(alias) };
        match check(alias, password) {
            Ok(name) if accounts.exists(name.key()) => sorted.kept.push(name),
            Ok(name) if !seen.insert(name.key().clone()) => {
                sorted.refused.push((which, "a user before has that name, or one that looks like it".to_owned()));
            }
            Ok(name) => {
                let registered = registered(user.created_at.trim(), &zone).unwrap_or(now);
                let registered = OffsetDateTime { unix_ms: registered.as_millisecond(), offset_s: 0 };
                sorted.new.push(SignInRequest { name, password, registered });
            }
            Err(why) => sorted.refused.push((which, why)),
        }
    }
    sorted
}

/// The name, if these two can be an account's. Both come without the spaces around them, as the door reads them.
fn check(alias: &str, password: &str) -> Result<UserName, String> {
    if alias.is_empty() {
        return Err("it has no alias".to_owned());
    }
    let name = UserName::parse(alias).map_err(|e| e.to_string())?;
    if password.is_empty() {
        return Err("it has no password".to_owned());
    }
    if is_usable(password) { Ok(name) } else { Err(HashError::Unusable.to_string()) }
}

/// When Chat77 made the user: its clock was local.
fn registered(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    Some(text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

/// Hashes on all cores: nobody else needs them, no server runs.
fn hash_all(passwords: &[&str], limits: &Limits) -> Result<Vec<String>, HashError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hasher = Hasher::new(cores, 0, u32::try_from(limits.bcrypt_cost).unwrap_or(u32::MAX));
    let share = passwords.len().div_ceil(cores).max(1);
    let hash_share = |share: &[&str]| share.iter().map(|password| hasher.hash(&to_nfc(password))).collect();
    let hash_share = &hash_share;
    thread::scope(|scope| {
        let shares: Vec<_> = passwords.chunks(share).map(|share| scope.spawn(move || hash_share(share))).collect();
        let hashes = shares.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        hashes.collect::<Result<Vec<Vec<String>>, HashError>>().map(|hashes| hashes.concat())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_registering_is_read_where_it_can_be() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = |text| registered(text, &zone).map(|at| at.to_string());
        assert_eq!(read("2025-01-02 03:04:05").as_deref(), Some("2025-01-02T01:04:05Z"));
        for text in ["", "yesterday", "2025-13-01 00:00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn hashes_come_in_the_order_of_the_passwords() {
        let limits = Limits { bcrypt_cost: 4, ..Limits::default() };
        let passwords = ["a", "b", "c", "d", "e"];
        let hashes = hash_all(&passwords, &limits).unwrap();
        assert_eq!(hashes.len(), passwords.len());
        for (password, hash) in passwords.iter().zip(&hashes) {
            assert!(bcrypt::verify(password, hash).unwrap(), "{password}");
        }
        assert!(hash_all(&[], &limits).unwrap().is_empty());
    }
}
