//! `accounts.json`: who has registered, and the bcrypt hash of their password.

use crate::store::{FileError, json_file, utc};
use bcrypt::HashParts;
use landline_common::{Moment, NameKey, UserName};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

const VERSION: u32 = 1;

/// The bcrypt costs that are accepted from the file: a check at cost 20 takes a minute, at 31 a day.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

/// One registered name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name as its owner wrote it when registering.
    pub name: UserName,
    /// The bcrypt hash of the password.
    pub hash: String,
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

/// All accounts. Looking one up never waits for the disk.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    most: usize,
    /// The file as it is on the disk; held over a write, so that there is one at a time.
    writer: Mutex<Contents>,
    /// What is looked up; changed only after the file is.
    known: RwLock<HashMap<NameKey, Account>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    accounts: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    password: String,
    registered: String,
}

impl Accounts {
    /// Reads `accounts.json` in `folder`; without that file there are no accounts yet. At most `most` are registered
    /// (a file that has more is still read).
    ///
    /// # Errors
    /// A file that is damaged, of another version, or has an impossible account in it is refused by name.
    pub fn open(folder: &Path, most: usize) -> Result<Accounts, FileError> {
        let path = folder.join("accounts.json");
        let contents: Contents = json_file::read_version(&path, VERSION)?
            .unwrap_or_else(|| Contents { version: VERSION, accounts: Vec::new() });
        let known = index(&contents.accounts).map_err(|why| FileError::Content { path: path.clone(), why })?;
        Ok(Accounts { path, most, writer: Mutex::new(contents), known: RwLock::new(known) })
    }

    /// True if the name, or one that looks like it, is registered.
    #[must_use]
    pub fn exists(&self, name: &NameKey) -> bool {
        self.known.read().contains_key(name)
    }

    /// The account with that name, or with one that looks like it.
    #[must_use]
    pub fn find(&self, name: &NameKey) -> Option<Account> {
        self.known.read().get(name).cloned()
    }

    /// Registers a name with the bcrypt hash of its password; returns once it is safely on the disk. Of several at once
    /// for one name exactly one succeeds.
    ///
    /// # Errors
    /// Says why not; nothing has changed then.
    pub fn register(&self, name: &UserName, hash: String, now: Moment) -> Result<(), RegisterError> {
        debug_assert!(is_bcrypt(&hash), "the next start would refuse it");
        let mut file = self.writer.lock();
        if self.exists(name.key()) {
            return Err(RegisterError::Taken);
        }
        if file.accounts.len() >= self.most {
            return Err(RegisterError::Full);
        }
        let registered = format!("{:.0}", utc(now));
        file.accounts.push(Row { name: name.to_string(), password: hash.clone(), registered });
        if let Err(e) = json_file::write(&self.path, &*file) {
            file.accounts.pop();
            return Err(RegisterError::NotStored(e));
        }
        self.known.write().insert(name.key().clone(), Account { name: name.clone(), hash });
        Ok(())
    }
}

/// The accounts by key, or what is wrong with the first one that cannot be.
fn index(rows: &[Row]) -> Result<HashMap<NameKey, Account>, String> {
    let mut known = HashMap::<NameKey, Account>::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let which = format!("account {} ({:?})", i + 1, row.name);
        let name = UserName::parse(&row.name).map_err(|e| format!("{which} has no valid name: {e}"))?;
        if !is_bcrypt(&row.password) {
            return Err(format!("the password of {which} is not a bcrypt hash (cost 4 to 16)"));
        }
        if let Some(other) = known.get(name.key()) {
            return Err(format!("{which} has the same name as {:?} before it", other.name.as_str()));
        }
        known.insert(name.key().clone(), Account { name, hash: row.password.clone() });
    }
    Ok(known)
}

fn is_bcrypt(hash: &str) -> bool {
    hash.parse::<HashParts>().is_ok_and(|parts| COSTS.contains(&parts.get_cost()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::Barrier;

    const HASH: &str = "$2b$04$.....................................................";
    const NOW: Moment = Moment { unix_ms: 1_795_248_000_123, offset_s: 19_800 };

    fn name(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    fn add(accounts: &Accounts, text: &str) -> Result<(), RegisterError> {
        accounts.register(&name(text), HASH.to_owned(), NOW)
    }

    #[test]
    fn accounts_last_in_the_order_of_registering() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path(), 10).unwrap();
        for text in ["zoe", "Alice", "Müller"] {
            add(&accounts, text).unwrap();
        }
        let text = fs::read_to_string(folder.path().join("accounts.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["accounts"][0]["name"], "zoe");
        assert_eq!(json["accounts"][1]["registered"], "2026-11-21T08:00:00Z");
        assert_eq!(json["accounts"][2]["password"], HASH);

        let again = Accounts::open(folder.path(), 10).unwrap();
        assert_eq!(again.find(&NameKey::of("ALICE")), Some(Account { name: name("Alice"), hash: HASH.to_owned() }));
        assert!(again.exists(name("zoe").key()) && !again.exists(name("bob").key()));
        assert!(matches!(add(&again, "аlice"), Err(RegisterError::Taken)), "Cyrillic а");
    }

    #[test]
    fn there_is_a_most() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path(), 1).unwrap();
        add(&accounts, "a").unwrap();
        assert!(matches!(add(&accounts, "b"), Err(RegisterError::Full)));
        assert!(matches!(add(&accounts, "a"), Err(RegisterError::Taken)));
    }

    #[test]
    fn what_is_not_stored_is_not_registered_and_storing_resumes() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        fs::create_dir(&folder).unwrap();
        let accounts = Accounts::open(&folder, 10).unwrap();
        add(&accounts, "a").unwrap();
        fs::rename(&folder, parent.path().join("away")).unwrap();
        assert!(matches!(add(&accounts, "b"), Err(RegisterError::NotStored(_))));
        assert!(!accounts.exists(name("b").key()));
        fs::rename(parent.path().join("away"), &folder).unwrap();
        add(&accounts, "b").unwrap();
        assert_eq!(Accounts::open(&folder, 10).unwrap().writer.lock().accounts.len(), 2);
    }

    #[test]
    fn of_many_at_once_one_gets_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path(), 100).unwrap();
        let start = Barrier::new(16);
        let won = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|i| {
                    let (accounts, start) = (&accounts, &start);
                    scope.spawn(move || {
                        start.wait();
                        add(accounts, &format!("own{i}x")).unwrap();
                        add(accounts, if i % 2 == 0 { "Same" } else { "same" }).is_ok()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        assert_eq!(Accounts::open(folder.path(), 100).unwrap().known.read().len(), 17);
    }

    #[test]
    fn impossible_files_are_refused_by_name_and_left() {
        let row = |name: &str, hash: &str| format!(r#"{{"name":"{name}","password":"{hash}","registered":"x"}}"#);
        let dear = HASH.replace("$04$", "$31$");
        for (rows, says) in [
            (vec![row("bob", HASH), row("BOB", HASH)], "account 2 (\"BOB\") has the same name as \"bob\" before it"),
            (vec![row("a b", HASH)], "account 1 (\"a b\") has no valid name"),
            (vec![row("info", HASH)], "that name is reserved"),
            (vec![row("bob", "secret")], "the password of account 1 (\"bob\") is not a bcrypt hash"),
            (vec![row("bob", &dear)], "not a bcrypt hash"),
            (vec![r#"{"name":"bob"}"#.to_owned()], "damaged (line 1: missing field `password`)"),
            (vec![row("bob", HASH).replace("registered", "since")], "unknown field `since`"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("accounts.json");
            let content = format!(r#"{{"version":1,"accounts":[{}]}}"#, rows.join(","));
            fs::write(&path, &content).unwrap();
            let text = Accounts::open(folder.path(), 10).unwrap_err().to_string();
            assert!(text.contains(says) && text.contains("accounts.json") && !text.contains("secret"), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
