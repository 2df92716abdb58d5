//! The file `accounts.json`: registered names, the bcrypt hashes of their passwords, and the users they block.
//!
//! Lookups use a copy in memory and never wait for the disk. A change is written first and then applied to that copy,
//! so a name counts as registered only once it is on the disk. Changes of blocks are the exception: each write is the
//! whole file, so frequent ones are applied in memory and written later, see [`Accounts::retry_write`].

mod file;
mod pace;

use crate::store::{FileError, LockWatch, json_file, utc};
use file::{AccountRecord, Contents, is_bcrypt};
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime, UserName};
use pace::Pace;
use parking_lot::{Mutex, RwLock};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;
use thiserror::Error;

/// One registered name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name as typed at the registration.
    pub name: UserName,
    /// The bcrypt hash of the password.
    pub hash: String,
}

/// A name to be registered.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name.
    pub name: UserName,
    /// The bcrypt hash of the password.
    pub hash: String,
    /// The time of the registration.
    pub registered: OffsetDateTime,
}

/// The reason for which a name was not registered. Nothing has changed then, but see `NotStored`.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// This name, or one that looks like it, is registered.
    #[error("the name {0}, or a name that looks like it, is registered already")]
    Taken(UserName),
    /// The server has as many accounts as it may have.
    #[error("no more accounts can be registered on this server; --limit accounts=NUMBER allows more")]
    Full,
    /// The disk refused. (If only its last step failed, the next start may still find the name registered.)
    #[error("accounts.json not written: {0}")]
    NotStored(io::Error),
}

/// The reason for which the blocks of an account were not changed. Nothing has changed then, but see `NotStored`.
#[derive(Debug, Error)]
pub enum BlocksError {
    /// The name is not registered.
    #[error("this name has no account, or has none any more")]
    NoAccount,
    /// The list is longer than one account may have; the number is the limit.
    #[error("an account can block at most {0} users (--limit blocks-per-person)")]
    TooMany(usize),
    /// The disk refused. (If only its last step failed, the next start may still find the change.)
    #[error("accounts.json not written: {0}")]
    NotStored(io::Error),
}

/// The reason for which a password was not changed. Nothing has changed then, but see `NotStored`.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The account was removed or its password changed since the caller read it.
    #[error("meanwhile the account was removed, or its password was changed by another command")]
    Changed,
    /// The disk refused. (If only its last step failed, the next start may still find the change.)
    #[error("accounts.json not written: {0}")]
    NotStored(io::Error),
}

/// All accounts. Looking one up never waits for the disk.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    most: usize,
    most_blocks: usize,
    /// The contents of the file. Locked during a change and its write, so that writes happen in order.
    writer: Mutex<OnDisk>,
    /// The copy for lookups.
    known: RwLock<HashMap<NameKey, AccountLookup>>,
}

/// The contents of the file, and the state of its writes.
#[derive(Debug)]
struct OnDisk {
    contents: Contents,
    /// The contents have blocks that are not on the disk yet.
    behind: bool,
    pace: Pace,
    lock: LockWatch,
}

impl OnDisk {
    fn write(&mut self, path: &Path) -> io::Result<()> {
        self.lock.check()?;
        json_file::write(path, &self.contents)?;
        self.behind = false;
        Ok(())
    }
}

/// One account in the copy for lookups.
#[derive(Debug)]
struct AccountLookup {
    account: Account,
    /// Time of the registration in milliseconds since 1970, if the file has one.
    registered_ms: Option<i64>,
    blocks: Vec<UserName>,
    /// Index of its row in the file.
    row: usize,
}

impl Accounts {
    /// Reads `accounts.json` in `folder`; a missing file means no accounts. Uses `accounts` and `blocks_per_person` of
    /// `limits`. A file with more accounts than the limit is still read.
    ///
    /// # Errors
    /// The file cannot be read, is damaged or of an unknown version, or contains an invalid account.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Accounts, FileError> {
        let path = folder.join("accounts.json");
        let most = count(limits.accounts);
        let most_blocks = count(limits.blocks_per_person);
        let (contents, known) = file::read(&path, most_blocks)?;
        let writer = Mutex::new(OnDisk { contents, behind: false, pace: Pace::new(), lock: LockWatch::of(folder) });
        Ok(Accounts { path, most, most_blocks, writer, known: RwLock::new(known) })
    }

    /// Returns true if the name, or one that looks like it, is registered.
    #[must_use]
    pub fn exists(&self, name: &NameKey) -> bool {
        self.known.read().contains_key(name)
    }

    /// Returns the account with that name, or with one that looks like it.
    #[must_use]
    pub fn find(&self, name: &NameKey) -> Option<Account> {
        self.known.read().get(name).map(|known| known.account.clone())
    }

    /// Returns true if the account of this name existed at that time.
    #[must_use]
    pub fn existed(&self, name: &NameKey, at: OffsetDateTime) -> bool {
        let known = self.known.read();
        known.get(name).and_then(|known| known.registered_ms).is_some_and(|registered_ms| registered_ms <= at.unix_ms)
    }

    /// Returns the number of names that can still be registered.
    #[must_use]
    pub fn vacancies(&self) -> usize {
        self.most.saturating_sub(self.known.read().len())
    }

    /// Returns the users that an account blocks; empty for a name without an account.
    #[must_use]
    pub fn blocks(&self, name: &NameKey) -> Vec<UserName> {
        self.known.read().get(name).map(|known| known.blocks.clone()).unwrap_or_default()
    }

    /// Replaces the users that an account blocks. Writes the file before it returns, unless blocks have changed too
    /// often lately: then [`Accounts::retry_write`] writes them.
    ///
    /// # Errors
    /// See [`BlocksError`]; nothing has changed then.
    pub fn set_blocks(&self, name: &NameKey, blocks: &[UserName]) -> Result<(), BlocksError> {
        if blocks.len() > self.most_blocks {
            return Err(BlocksError::TooMany(self.most_blocks));
        }
        let mut file = self.writer.lock();
        let place = self.known.read().get(name).map(|known| known.row);
        let row = place.and_then(|place| file.contents.accounts.get_mut(place)).ok_or(BlocksError::NoAccount)?;
        let mut names: Vec<String> = blocks.iter().map(UserName::to_string).collect();
        if row.blocks == names {
            return Ok(());
        }
        std::mem::swap(&mut row.blocks, &mut names);
        if !file.pace.take(Instant::now()) {
            file.behind = true;
        } else if let Err(e) = file.write(&self.path) {
            if let Some(row) = place.and_then(|place| file.contents.accounts.get_mut(place)) {
                row.blocks = names;
            }
            return Err(BlocksError::NotStored(e));
        }
        if let Some(known) = self.known.write().get_mut(name) {
            known.blocks = blocks.to_vec();
        }
        Ok(())
    }

    /// Replaces the hash `before` of an account's password by the bcrypt hash `hash`; returns once it is on the disk.
    ///
    /// # Errors
    /// See [`PasswordError`]; nothing has changed then.
    pub fn set_password(&self, name: &NameKey, before: &str, hash: String) -> Result<(), PasswordError> {
        debug_assert!(is_bcrypt(&hash), "the next start would refuse it");
        let mut file = self.writer.lock();
        let place = self.known.read().get(name).map(|known| known.row);
        let row = place.and_then(|place| file.contents.accounts.get_mut(place)).ok_or(PasswordError::Changed)?;
        if row.password != before {
            return Err(PasswordError::Changed);
        }
        row.password.clone_from(&hash);
        if let Err(e) = file.write(&self.path) {
            if let Some(row) = place.and_then(|place| file.contents.accounts.get_mut(place)) {
                before.clone_into(&mut row.password);
            }
            return Err(PasswordError::NotStored(e));
        }
        if let Some(known) = self.known.write().get_mut(name) {
            known.account.hash = hash;
        }
        Ok(())
    }

    /// Writes the blocks that were not written when they changed, and all accounts if the file was removed.
    ///
    /// # Errors
    /// The data folder was removed or replaced since the start, or the system's error; the next call tries again.
    pub fn retry_write(&self) -> io::Result<()> {
        let mut file = self.writer.lock();
        let is_removed = !file.contents.accounts.is_empty() && !self.path.exists();
        if !file.behind && !is_removed {
            return Ok(());
        }
        file.write(&self.path)?;
        if is_removed {
            log::warn!(
                "accounts: accounts.json was removed while the server runs; it was written anew, with all accounts"
            );
        }
        Ok(())
    }

    /// Removes an account, on the disk and in memory. Returns false if there is no account of that name.
    ///
    /// # Errors
    /// The data folder was removed or replaced since the start, or the system's error; nothing has changed then.
    pub fn remove(&self, name: &NameKey) -> io::Result<bool> {
        let mut file = self.writer.lock();
        let Some(place) = self.known.read().get(name).map(|known| known.row) else { return Ok(false) };
        let row = file.contents.accounts.remove(place);
        if let Err(e) = file.write(&self.path) {
            file.contents.accounts.insert(place, row);
            return Err(e);
        }
        let mut known = self.known.write();
        known.remove(name);
        known.values_mut().filter(|known| known.row > place).for_each(|known| known.row -= 1);
        Ok(true)
    }

    /// Registers a name with the bcrypt hash of its password. When this returns, the account is on the disk. Of several
    /// simultaneous calls for one name, exactly one succeeds.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing has changed then.
    pub fn register(&self, name: &UserName, hash: String, now: OffsetDateTime) -> Result<(), RegisterError> {
        self.register_all(vec![NewAccount { name: name.clone(), hash, registered: now }])
    }

    /// Registers several names with one write: all of them, or none if one cannot be registered.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing has changed then.
    pub fn register_all(&self, new: Vec<NewAccount>) -> Result<(), RegisterError> {
        debug_assert!(new.iter().all(|new| is_bcrypt(&new.hash)), "the next start would refuse it");
        let mut file = self.writer.lock();
        let mut keys = HashSet::with_capacity(new.len());
        if let Some(taken) = new.iter().find(|new| self.exists(new.name.key()) || !keys.insert(new.name.key())) {
            return Err(RegisterError::Taken(taken.name.clone()));
        }
        if new.len() > self.vacancies() {
            return Err(RegisterError::Full);
        }
        if new.is_empty() {
            return Ok(());
        }
        let before = file.contents.accounts.len();
        file.contents.accounts.extend(new.iter().map(|NewAccount { name, hash, registered }| AccountRecord {
            name: name.to_string(),
            password: hash.clone(),
            registered: format!("{:.0}", utc(*registered)),
            blocks: Vec::new(),
        }));
        if let Err(e) = file.write(&self.path) {
            file.contents.accounts.truncate(before);
            return Err(RegisterError::NotStored(e));
        }
        self.known.write().extend(new.into_iter().zip(before..).map(|(NewAccount { name, hash, registered }, row)| {
            let registered_ms = Some(registered.unix_ms);
            let account = Account { name, hash };
            (account.name.key().clone(), AccountLookup { account, registered_ms, blocks: Vec::new(), row })
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
