//! `accounts.json`: who has registered, the bcrypt hash of their password, and whom they do not want to hear.

mod file;
mod pace;

use crate::store::{FileError, json_file, utc};
use file::{Contents, Row, is_bcrypt};
use landline_common::limits::count;
use landline_common::{Limits, Moment, NameKey, UserName};
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
    /// The name as its owner wrote it when registering.
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
    /// Since when it counts as registered.
    pub registered: Moment,
}

/// Why a name was not registered. Nothing has changed then.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// Somebody has that name, or one that looks like it.
    #[error("that name is already registered")]
    Taken,
    /// There are as many accounts as the server keeps.
    #[error("no more accounts can be registered on this server")]
    Full,
    /// The disk refused. (If only its last step failed, the next start may still find the name registered.)
    #[error("accounts.json could not be written: {0}")]
    NotStored(io::Error),
}

/// Why the people somebody blocks were not noted. Nothing has changed then.
#[derive(Debug, Error)]
pub enum BlocksError {
    /// Nobody has registered that name.
    #[error("that name has no account")]
    NoAccount,
    /// One person blocks no more people than that.
    #[error("you cannot block more than {0} people")]
    TooMany(usize),
    /// The disk refused. (If only its last step failed, the next start may still find the change.)
    #[error("accounts.json could not be written: {0}")]
    NotStored(io::Error),
}

/// All accounts. Looking one up never waits for the disk.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    most: usize,
    most_blocks: usize,
    /// The file as it is on the disk; held over a write, so that there is one at a time.
    writer: Mutex<OnDisk>,
    /// What is looked up; changed only after the file is.
    known: RwLock<HashMap<NameKey, Known>>,
}

/// The file, and what it lacks.
#[derive(Debug)]
struct OnDisk {
    contents: Contents,
    /// Blocks have changed since the last write.
    behind: bool,
    pace: Pace,
}

impl OnDisk {
    fn write(&mut self, path: &Path) -> io::Result<()> {
        json_file::write(path, &self.contents)?;
        self.behind = false;
        Ok(())
    }
}

/// What is looked up about one account.
#[derive(Debug)]
struct Known {
    account: Account,
    blocks: Vec<UserName>,
    /// Its place in the file.
    row: usize,
}

impl Accounts {
    /// Reads `accounts.json` in `folder`; without that file there are no accounts yet. Of `limits` the number of
    /// accounts counts (a file that has more is still read) and the number of people one person may block.
    ///
    /// # Errors
    /// A file that is damaged, of another version, or has an impossible account in it is refused by name.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Accounts, FileError> {
        let path = folder.join("accounts.json");
        let (most, most_blocks) = (count(limits.accounts), count(limits.blocks_per_person));
        let (contents, known) = file::read(&path, most_blocks)?;
        let writer = Mutex::new(OnDisk { contents, behind: false, pace: Pace::new() });
        Ok(Accounts { path, most, most_blocks, writer, known: RwLock::new(known) })
    }

    /// True if the name, or one that looks like it, is registered.
    #[must_use]
    pub fn exists(&self, name: &NameKey) -> bool {
        self.known.read().contains_key(name)
    }

    /// The account with that name, or with one that looks like it.
    #[must_use]
    pub fn find(&self, name: &NameKey) -> Option<Account> {
        self.known.read().get(name).map(|known| known.account.clone())
    }

    /// How many more names can be registered.
    #[must_use]
    pub fn vacancies(&self) -> usize {
        self.most.saturating_sub(self.known.read().len())
    }

    /// Whom the owner of an account does not want to hear; nobody for a name without one.
    #[must_use]
    pub fn blocks(&self, name: &NameKey) -> Vec<UserName> {
        self.known.read().get(name).map(|known| known.blocks.clone()).unwrap_or_default()
    }

    /// Notes whom the owner of an account does not want to hear, in place of what was noted before. Returns once it is
    /// on the disk; where users change their blocks too often for that, [`Accounts::store_again`] puts it there.
    ///
    /// # Errors
    /// Says why not; nothing has changed then.
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

    /// Writes the blocks that were not written when they changed.
    ///
    /// # Errors
    /// The disk refused; the next call tries again.
    pub fn store_again(&self) -> io::Result<()> {
        let mut file = self.writer.lock();
        if file.behind { file.write(&self.path) } else { Ok(()) }
    }

    /// Removes an account; returns once it is safely off the disk. False if there is none of that name.
    ///
    /// # Errors
    /// The disk refused; nothing has changed then.
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

    /// Registers a name with the bcrypt hash of its password; returns once it is safely on the disk. Of several at once
    /// for one name exactly one succeeds.
    ///
    /// # Errors
    /// Says why not; nothing has changed then.
    pub fn register(&self, name: &UserName, hash: String, now: Moment) -> Result<(), RegisterError> {
        self.register_all(vec![NewAccount { name: name.clone(), hash, registered: now }])
    }

    /// Registers all of these names with one write, or, if one of them cannot be, none.
    ///
    /// # Errors
    /// Says why not; nothing has changed then.
    pub fn register_all(&self, new: Vec<NewAccount>) -> Result<(), RegisterError> {
        debug_assert!(new.iter().all(|new| is_bcrypt(&new.hash)), "the next start would refuse it");
        let mut file = self.writer.lock();
        let mut keys = HashSet::with_capacity(new.len());
        if new.iter().any(|new| self.exists(new.name.key()) || !keys.insert(new.name.key())) {
            return Err(RegisterError::Taken);
        }
        if new.len() > self.vacancies() {
            return Err(RegisterError::Full);
        }
        if new.is_empty() {
            return Ok(());
        }
        let before = file.contents.accounts.len();
        file.contents.accounts.extend(new.iter().map(|NewAccount { name, hash, registered }| Row {
            name: name.to_string(),
            password: hash.clone(),
            registered: format!("{:.0}", utc(*registered)),
            blocks: Vec::new(),
        }));
        if let Err(e) = file.write(&self.path) {
            file.contents.accounts.truncate(before);
            return Err(RegisterError::NotStored(e));
        }
        self.known.write().extend(new.into_iter().zip(before..).map(|(NewAccount { name, hash, .. }, row)| {
            (name.key().clone(), Known { account: Account { name, hash }, blocks: Vec::new(), row })
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
