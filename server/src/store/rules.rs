//! The file `rules.json`: owners of the server and of rooms, and what they have set.

use crate::rules_record::RulesRecord;
use crate::store::{FileError, LockWatch, json_file};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

/// The file.
#[derive(Debug)]
pub struct RulesFile {
    path: PathBuf,
    lock: LockWatch,
    /// Held while the record is taken and written, so that an older record never replaces a newer one.
    writing: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesContents<R> {
    version: u32,
    rules: R,
}

impl RulesFile {
    /// Reads the file in `folder`; `None` if there is none yet.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged or of an unknown version.
    pub fn open(folder: &Path) -> Result<(RulesFile, Option<RulesRecord>), FileError> {
        let path = folder.join("rules.json");
        let contents: Option<RulesContents<RulesRecord>> = json_file::read_version(&path, VERSION..=VERSION)?;
        let file = RulesFile { path, lock: LockWatch::of(folder), writing: Mutex::new(()) };
        Ok((file, contents.map(|contents| contents.rules)))
    }

    /// Takes the record and replaces the file; when this returns, it is on the disk.
    ///
    /// # Errors
    /// The data folder was removed or replaced since the start, or as [`json_file::write`].
    pub fn write(&self, record: impl FnOnce() -> RulesRecord) -> io::Result<()> {
        self.lock.check()?;
        let _writing = self.writing.lock();
        json_file::write(&self.path, &RulesContents { version: VERSION, rules: record() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules_record::{NameRecord, RoomRecord, SanctionRecord, ServerRecord};
    use std::fs;

    #[test]
    fn written_rules_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (file, none) = RulesFile::open(folder.path()).unwrap();
        assert_eq!(none, None);
        let bob = SanctionRecord {
            user: "bob".into(),
            account: None,
            holder: Some("0f".into()),
            address: Some("10.0.0.1".into()),
            until_ms: Some(5),
        };
        let record = RulesRecord {
            server: ServerRecord { owners: vec!["alice".into()], inside: Some(vec![]), ..ServerRecord::default() },
            server_rooms: vec!["attic".into()],
            rooms: vec![RoomRecord { name: "ops".into(), mutes: vec![bob], slow_seconds: 5, ..RoomRecord::default() }],
            names: vec![NameRecord {
                user: "carol".into(),
                holder: "0f".into(),
                address: "10.0.0.1".into(),
                multiplier: 1,
                left_ms: 7,
            }],
        };
        file.write(|| record.clone()).unwrap();
        assert_eq!(RulesFile::open(folder.path()).unwrap().1, Some(record));
        let before_names = r#"{"version":1,"rules":{"server":{"owners":[],"bans":[],"whispers_to_owners_only":false,"inside":null},"server_rooms":["attic"],"rooms":[]}}"#;
        fs::write(folder.path().join("rules.json"), before_names).unwrap();
        assert_eq!(RulesFile::open(folder.path()).unwrap().1.map(|record| record.names), Some(vec![]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{", r#"{"version":2,"rules":{}}"#, r#"{"version":1,"rules":{"owner":1}}"#] {
            fs::write(folder.path().join("rules.json"), text).unwrap();
            assert!(RulesFile::open(folder.path()).is_err(), "{text}");
            assert_eq!(fs::read_to_string(folder.path().join("rules.json")).unwrap(), text);
        }
    }
}
