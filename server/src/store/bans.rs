//! The file `bans.json`: banned addresses and ranges.

use crate::ban_row::BanRow;
use crate::store::{FileError, LockWatch, json_file};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

/// The file.
#[derive(Debug)]
pub struct BanFile {
    path: PathBuf,
    lock: LockWatch,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents<B> {
    version: u32,
    bans: B,
}

impl BanFile {
    /// Reads the file in `folder`; a missing file means no bans. `is_address` checks each address.
    ///
    /// # Errors
    /// The file cannot be read, is damaged or of an unknown version, or contains a malformed address.
    pub fn open(folder: &Path, is_address: impl Fn(&str) -> bool) -> Result<(BanFile, Vec<BanRow>), FileError> {
        let path = folder.join("bans.json");
        let contents: Option<Contents<Vec<BanRow>>> = json_file::read_version(&path, VERSION..=VERSION)?;
        let bans = contents.map(|contents| contents.bans).unwrap_or_default();
        if let Some(bad) = bans.iter().find(|ban| !is_address(&ban.address)) {
            let why = format!("it bans {:?}, which is not an address", bad.address);
            return Err(FileError::Content { path, why });
        }
        Ok((BanFile { path, lock: LockWatch::of(folder) }, bans))
    }

    /// True if the file is there. False if nothing was written yet, or the file was removed.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Replaces the file; when this returns, the bans are on the disk.
    ///
    /// # Errors
    /// The data folder was removed or replaced since the start, or as [`json_file::write`].
    pub fn write(&self, bans: &[BanRow]) -> io::Result<()> {
        self.lock.check()?;
        json_file::write(&self.path, &Contents { version: VERSION, bans })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::OffsetDateTime;
    use std::fs;

    fn open(text: &str) -> Result<Vec<BanRow>, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bans.json"), text).unwrap();
        let opened = BanFile::open(folder.path(), |address| address != "bad");
        assert_eq!(fs::read_to_string(folder.path().join("bans.json")).unwrap(), text, "the file was changed");
        opened.map(|(_, bans)| bans).map_err(|e| e.to_string())
    }

    #[test]
    fn written_bans_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (file, bans) = BanFile::open(folder.path(), |_| true).unwrap();
        assert!(bans.is_empty());
        let now = OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 };
        let bans = [BanRow::new("10.0.0.1".into(), now, Some(5)), BanRow::new("10.1.0.0/16".into(), now, None)];
        file.write(&bans).unwrap();
        assert_eq!(BanFile::open(folder.path(), |_| true).unwrap().1, bans);
        let later = |s: i64| OffsetDateTime { unix_ms: now.unix_ms + s * 1_000, offset_s: 0 };
        assert!(!bans[0].has_ended(later(299)) && bans[0].has_ended(later(300)) && !bans[1].has_ended(later(1 << 30)));
    }

    #[test]
    fn truncated_and_foreign_files_are_refused_by_name() {
        let whole = r#"{"version":1,"bans":[{"address":"10.0.0.1","since":"2026-11-21T08:00:00Z"}]}"#;
        assert_eq!(open(whole).unwrap().len(), 1);
        for cut in 0..whole.len() {
            assert!(open(&whole[..cut]).unwrap_err().contains("bans.json"), "cut at {cut}");
        }
        for foreign in
            [r#""10.0.0.1""#, r#"["10.0.0.1"]"#, "null", r#"{"version":2}"#, &whole.replace("10.0.0.1", "bad")]
        {
            assert!(open(foreign).unwrap_err().contains("bans.json"), "{foreign}");
        }
    }
}
