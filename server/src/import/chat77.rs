//! Turns Chat77's users into accounts with their passwords.
//!
//! Chat77 stored passwords as plain text. They are hashed here, and never shown: an error about a user names the alias
//! only, because any other field may contain a password.

use super::document::ImportedUser;
use super::{RefusedEntry, quoted, write_refused};
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

/// Number of passwords from which on the report announces that hashing takes a while.
const ANNOUNCED_PASSWORDS: usize = 100;

/// A user that becomes an account.
struct PlainAccount<'a> {
    name: UserName,
    password: &'a str,
    registered: OffsetDateTime,
}

/// The users, by the result of the import.
#[derive(Default)]
struct SortedUsers<'a> {
    new: Vec<PlainAccount<'a>>,
    /// Names that have an account already, which stays unchanged.
    existing: Vec<UserName>,
    refused: Vec<RefusedEntry>,
}

/// Makes an account of each user whose name is free, with one write.
pub(super) fn import(users: &[ImportedUser], data: &Path, limits: &Limits, out: &mut dyn Write) -> anyhow::Result<()> {
    let accounts = Accounts::open(data, limits)?;
    let SortedUsers { new, existing, refused } = sort(users, &accounts);
    let vacancies = accounts.vacancies();
    if new.len() > vacancies {
        bail!(
            "nothing was imported: the file has {} new accounts, but the limit allows only {vacancies} more \
             (--limit accounts=NUMBER raises it; start the server with it, too)",
            new.len()
        );
    }
    if new.len() >= ANNOUNCED_PASSWORDS {
        writeln!(out, "Hashing {} passwords; this takes a while.", new.len())?;
    }
    let passwords: Vec<&str> = new.iter().map(|user| user.password).collect();
    let hashes = hash_all(&passwords, limits).context("nothing was imported")?;
    let added = new.len();
    let with_hash =
        |(user, hash): (PlainAccount<'_>, String)| NewAccount { name: user.name, hash, registered: user.registered };
    let new = new.into_iter().zip(hashes).map(with_hash).collect();
    accounts.register_all(new).context("nothing was imported")?;
    writeln!(out, "Accounts added with their Chat77 passwords: {added}.")?;
    if !existing.is_empty() {
        let names: Vec<&str> = existing.iter().map(UserName::as_str).collect();
        writeln!(out, "Already registered, left unchanged ({}): {}", existing.len(), names.join(", "))?;
    }
    write_refused(&refused, out)?;
    Ok(())
}

fn sort<'a>(users: &'a [ImportedUser], accounts: &Accounts) -> SortedUsers<'a> {
    let zone = TimeZone::system();
    let now = Timestamp::now();
    let mut sorted = SortedUsers::default();
    let mut seen = HashSet::<NameKey>::new();
    for (i, user) in users.iter().enumerate() {
        // Errors never quote a field other than the alias: it may be the password.
        let alias = user.aliase.trim();
        let password = user.password.trim();
        let entry = if alias.is_empty() { format!("user {}", i + 1) } else { quoted(alias) };
        match check(alias, password) {
            Ok(name) if accounts.exists(name.key()) => sorted.existing.push(name),
            Ok(name) if !seen.insert(name.key().clone()) => {
                let why = "an earlier user in the file has this name, or one that looks like it".to_owned();
                sorted.refused.push(RefusedEntry { entry, why });
            }
            Ok(name) => {
                let registered = registered(user.created_at.trim(), &zone).unwrap_or(now);
                let registered = OffsetDateTime { unix_ms: registered.as_millisecond(), offset_s: 0 };
                sorted.new.push(PlainAccount { name, password, registered });
            }
            Err(why) => sorted.refused.push(RefusedEntry { entry, why }),
        }
    }
    sorted
}

/// Returns the name if the two can form an account. Both must be trimmed, as the prompts of a sign-in trim them.
fn check(alias: &str, password: &str) -> Result<UserName, String> {
    if alias.is_empty() {
        return Err("the alias is missing".to_owned());
    }
    let name = UserName::parse(alias).map_err(|e| e.to_string())?;
    if password.is_empty() {
        return Err("the password is missing".to_owned());
    }
    if is_usable(password) { Ok(name) } else { Err(HashError::Unusable.to_string()) }
}

/// Parses the time at which Chat77 created a user. It is local time.
fn registered(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    Some(text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

/// Hashes the passwords on all cores: no server is running that would need them. Returns the hashes in order.
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
    fn registration_times_are_parsed_as_local_time() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = |text| registered(text, &zone).map(|at| at.to_string());
        assert_eq!(read("2025-01-02 03:04:05").as_deref(), Some("2025-01-02T01:04:05Z"));
        for text in ["", "yesterday", "2025-13-01 00:00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn hashes_are_in_the_order_of_the_passwords() {
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
