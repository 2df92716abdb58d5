//! The format of `accounts.json`, and the validation of its accounts.

use super::{Account, AccountLookup};
use crate::store::{FileError, json_file};
use bcrypt::HashParts;
use jiff::Timestamp;
use landline_common::{NameKey, UserName};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;

/// The version that is written. Version 1 had no blocks.
const VERSION: u32 = 2;
/// The versions that are read.
const READABLE: RangeInclusive<u32> = 1..=VERSION;

/// The bcrypt costs that are accepted from the file. A higher cost would let one password check run for minutes or
/// days.
const COSTS: RangeInclusive<u32> = 4..=16;

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    version: u32,
    pub(super) accounts: Vec<AccountRecord>,
}

/// One account in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountRecord {
    pub(super) name: String,
    pub(super) password: String,
    pub(super) registered: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) blocks: Vec<String>,
}

/// Reads and validates the file. Returns its contents, which later writes start from, and its accounts by key.
pub(super) fn read(path: &Path, most_blocks: usize) -> Result<(Contents, HashMap<NameKey, AccountLookup>), FileError> {
    let read: Option<Contents> = json_file::read_version(path, READABLE)?;
    let accounts = read.map(|contents| contents.accounts).unwrap_or_default();
    let known = index(&accounts, most_blocks).map_err(|why| FileError::Content { path: path.to_owned(), why })?;
    Ok((Contents { version: VERSION, accounts }, known))
}

/// Returns the accounts by key, or the error of the first invalid one.
fn index(rows: &[AccountRecord], most_blocks: usize) -> Result<HashMap<NameKey, AccountLookup>, String> {
    let mut all = HashMap::<NameKey, AccountLookup>::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let which = format!("account {} ({:?})", i + 1, row.name);
        let name = UserName::parse(&row.name).map_err(|e| format!("{which} has no valid name: {e}"))?;
        if !is_bcrypt(&row.password) {
            return Err(format!("the password of {which} is not a bcrypt hash (cost 4 to 16)"));
        }
        if let Some(other) = all.get(name.key()) {
            return Err(format!("{which} has the same name as {:?} before it", other.account.name.as_str()));
        }
        if row.blocks.len() > most_blocks {
            return Err(format!("{which} blocks more than {most_blocks} users (--limit blocks-per-person)"));
        }
        let block = |name: &String| UserName::parse(name).map_err(|e| format!("{which} blocks {name:?}: {e}"));
        let blocks = row.blocks.iter().map(block).collect::<Result<_, _>>()?;
        let account = Account { name: name.clone(), hash: row.password.clone() };
        let registered_ms = row.registered.parse().ok().map(Timestamp::as_millisecond);
        all.insert(name.key().clone(), AccountLookup { account, registered_ms, blocks, row: i });
    }
    Ok(all)
}

/// Returns true if `hash` is a bcrypt hash of an accepted cost.
pub(super) fn is_bcrypt(hash: &str) -> bool {
    hash.parse::<HashParts>().is_ok_and(|parts| COSTS.contains(&parts.get_cost()))
}
