//! The file `rules.json`: owners of the server and of rooms, and what they have set.
//!
//! Each change rewrites the whole file, so changes that wait for the disk share one write: a write that begins after a
//! change was made has that change, too. A change therefore waits for two writes at most, the one under way and the next
//! one, however many users change rules.

use crate::rules_record::RulesRecord;
use crate::store::{FileError, LockWatch, json_file};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const VERSION: u32 = 1;

/// The file.
#[derive(Debug)]
pub struct RulesFile {
    path: PathBuf,
    lock: LockWatch,
    /// Number of writes that have begun.
    begun: AtomicU64,
    /// Held while the record is taken and written, so that an older record never replaces a newer one.
    last: Mutex<LastWrite>,
}

/// The write that ended last.
#[derive(Debug)]
struct LastWrite {
    /// Its number; 0 before the first write.
    number: u64,
    outcome: Result<(), String>,
    /// Texts of the pins that the file or its backup may have.
    pins: HashSet<String>,
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
        let rules = contents.map(|contents| contents.rules);
        let pins = rules.as_ref().map(pins_of).unwrap_or_default();
        let last = Mutex::new(LastWrite { number: 0, outcome: Ok(()), pins });
        Ok((RulesFile { path, lock: LockWatch::of(folder), begun: AtomicU64::new(0), last }, rules))
    }

    /// Stores a change that the caller has made: takes the record and replaces the file, or waits for a write of another
    /// caller that has the change. When this returns, it is on the disk.
    ///
    /// # Errors
    /// The reason why that write failed: the data folder was removed or replaced since the start, or as
    /// [`json_file::write`].
    pub fn write(&self, record: impl FnOnce() -> RulesRecord) -> Result<(), String> {
        self.write_after(self.begun.load(SeqCst), record)
    }

    /// Stores a change that was made before `begun` writes had begun, or at that time.
    ///
    /// A later write takes its record after the change: `record` takes the locks under which changes are made. If it had
    /// taken them before the change, the caller would have counted that write in `begun`.
    fn write_after(&self, begun: u64, record: impl FnOnce() -> RulesRecord) -> Result<(), String> {
        let mut last = self.last.lock();
        if last.number <= begun {
            let number = self.begun.fetch_add(1, SeqCst) + 1;
            let outcome = self.replace(record(), &mut last.pins).map_err(|why| why.to_string());
            (last.number, last.outcome) = (number, outcome);
        }
        last.outcome.clone()
    }

    /// Replaces the file. If a pinned text is no longer there, its backup, the version before, is replaced too.
    fn replace(&self, rules: RulesRecord, pins: &mut HashSet<String>) -> io::Result<()> {
        self.lock.check()?;
        let present = pins_of(&rules);
        let has_removed_text = !pins.is_subset(&present);
        pins.extend(present.iter().cloned());
        let contents = RulesContents { version: VERSION, rules };
        json_file::write(&self.path, &contents)?;
        if has_removed_text && let Err(why) = json_file::write(&self.path, &contents) {
            log::warn!(
                "rules.json: stored, but not written again: {why}; its backup has the text of a removed pin until the \
                 next change of rules"
            );
            return Ok(());
        }
        *pins = present;
        Ok(())
    }
}

fn pins_of(rules: &RulesRecord) -> HashSet<String> {
    rules.rooms.iter().filter_map(|room| room.pin.as_ref()).map(|pin| pin.text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules_record::{NameRecord, PinRecord, RoomRecord, SanctionRecord, ServerRecord};
    use crossbeam_channel::bounded;
    use std::sync::atomic::AtomicUsize;
    use std::{fs, thread};

    fn room(name: &str, pinned: Option<&str>) -> RoomRecord {
        let pin = pinned.map(|text| PinRecord { id: 1, at_ms: 0, user: "al".into(), text: text.into() });
        RoomRecord { name: name.into(), pin, ..RoomRecord::default() }
    }

    fn with_rooms(rooms: Vec<RoomRecord>) -> RulesRecord {
        RulesRecord { rooms, ..RulesRecord::default() }
    }

    /// Makes a change and begins to write it; makes 20 more changes before the disk goes on. Returns the outcomes of the
    /// 20, the number of writes, and the rooms of all changes.
    fn write_beside_a_slow_disk(file: &RulesFile) -> (Vec<Result<(), String>>, usize, Vec<RoomRecord>) {
        let rooms = Mutex::new(vec![room("first", None)]);
        let writes = AtomicUsize::new(0);
        let record = || {
            writes.fetch_add(1, SeqCst);
            with_rooms(rooms.lock().clone())
        };
        let (begin, begun) = bounded(1);
        let (go, gone) = bounded::<()>(1);
        let outcomes = thread::scope(|scope| {
            let first = scope.spawn(|| {
                file.write(|| {
                    let taken = record();
                    begin.send(()).unwrap();
                    gone.recv().unwrap();
                    taken
                })
            });
            begun.recv().unwrap();
            let change = |n: usize| {
                rooms.lock().push(room(&format!("room{n}"), None));
                let begun = file.begun.load(SeqCst);
                scope.spawn(move || file.write_after(begun, record))
            };
            let waiting: Vec<_> = (0..20).map(change).collect();
            go.send(()).unwrap();
            let _ = first.join().unwrap();
            waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
        });
        (outcomes, writes.into_inner(), rooms.into_inner())
    }

    #[test]
    fn changes_that_wait_for_the_disk_share_one_write() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = RulesFile::open(folder.path()).unwrap();
        let (outcomes, writes, rooms) = write_beside_a_slow_disk(&file);
        assert_eq!((outcomes, writes), (vec![Ok(()); 20], 2));
        assert_eq!(RulesFile::open(folder.path()).unwrap().1, Some(with_rooms(rooms)));
    }

    #[test]
    fn each_waiting_change_gets_the_error_of_its_write() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = RulesFile::open(folder.path()).unwrap();
        let path = folder.path().join("rules.json");
        fs::create_dir(&path).unwrap();
        let (outcomes, writes, _) = write_beside_a_slow_disk(&file);
        assert!(outcomes.iter().all(Result::is_err) && writes == 2, "{outcomes:?} in {writes} writes");
        fs::remove_dir(&path).unwrap();
        assert_eq!(file.write(RulesRecord::default), Ok(()), "an error holds for its write only");
        assert_eq!(RulesFile::open(folder.path()).unwrap().1, Some(RulesRecord::default()));
    }

    #[test]
    fn text_of_a_pin_that_is_gone_is_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let files_with = |text: &str| {
            let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
            names.filter(|path| fs::read_to_string(path).unwrap().contains(text)).count()
        };
        let write = |pinned: &[Option<&str>]| {
            let (file, _) = RulesFile::open(folder.path()).unwrap();
            for pinned in pinned {
                file.write(|| with_rooms(vec![room("ops", *pinned)])).unwrap();
            }
        };
        write(&[Some("tea kettle"), Some("tea kettle")]);
        assert_eq!(files_with("tea kettle"), 2, "the file and its backup");
        write(&[Some("coffee pot")]);
        assert_eq!((files_with("tea kettle"), files_with("coffee pot")), (0, 2));
        write(&[Some("red lantern"), None]);
        assert_eq!((files_with("coffee pot"), files_with("red lantern")), (0, 0));
        assert_eq!(files_with("ops"), 2);
    }

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
