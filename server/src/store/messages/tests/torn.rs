//! Cut at any place: everything up to some moment, or a refusal that names the file and leaves it.

use super::*;
use std::fs;

/// Messages in a file that is cut.
const MESSAGES: u64 = 60;
/// Cuts of each file: enough to meet headers, pages and frames at both their edges.
const CUTS: u64 = 120;

/// Places in a file of that length: all of its first bytes that matter, then steps that are no multiple of a page.
fn places(len: u64) -> impl Iterator<Item = u64> {
    let edges = [0, 1, 15, 16, 31, 32, 33, 55, 56, 99, 100, 101, 4_095, 4_096, 4_097, len - 4_096, len - 1];
    let step = (len / CUTS).max(1) | 1;
    edges.into_iter().filter(move |at| *at < len).chain((0..len).step_by(usize::try_from(step).unwrap()))
}

/// A folder with these files.
fn folder_of(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, content)| fs::write(folder.path().join(name), content).unwrap());
    folder
}

/// The ids of a store on that folder, or why there is none.
fn kept(folder: &Path) -> Result<Vec<u64>, String> {
    let (messages, _) = open(folder, Retention::Forever, &Limits::default()).map_err(|why| why.to_string())?;
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let page = messages.recall(&viewer, Range::Last(500)).map_err(|why| why.to_string())?;
    assert!(messages.highest_id() >= page.entries.last().map_or(0, |last| last.id));
    Ok(ids(&page))
}

#[test]
fn a_log_that_is_cut_anywhere_has_what_was_stored_before() {
    let store = Store::new();
    for id in 1..=MESSAGES {
        store.say(id, "a", &"word ".repeat(20));
        // Each in a transaction of its own.
        store.messages.wait_for_stored(false).unwrap();
    }
    let read = |name: &str| fs::read(store.folder.path().join(name)).unwrap();
    let (main, log) = (read("messages.db"), read("messages.db-wal"));
    let whole: Vec<u64> = (1..=MESSAGES).collect();
    let mut counts = Vec::new();
    let mut all: Vec<u64> = places(log.len() as u64).collect();
    all.sort_unstable();
    for at in all {
        let folder = folder_of(&[("messages.db", &main), ("messages.db-wal", &log[..at as usize])]);
        // Cut in front of the first table, there is nothing yet.
        let kept = kept(folder.path()).unwrap();
        assert!(whole.starts_with(&kept), "cut at {at}: {kept:?}");
        counts.push(kept.len());
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert!(counts[0] == 0 && counts.iter().any(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_database_that_is_cut_anywhere_is_whole_or_refused() {
    for closed in [true, false] {
        let store = Store::new();
        (1..=MESSAGES).for_each(|id| store.say(id, "a", &"word ".repeat(20)));
        store.messages.stop();
        if !closed {
            let connection = rusqlite::Connection::open(store.path()).unwrap();
            schema::set_meta(&connection, "clean", 0).unwrap();
        }
        let main = fs::read(store.path()).unwrap();
        for at in places(main.len() as u64) {
            let torn = &main[..at as usize];
            let folder = folder_of(&[("messages.db", torn)]);
            match kept(folder.path()) {
                Ok(kept) => assert!(at == 0 && kept.is_empty(), "closed {closed}, cut at {at}: {kept:?}"),
                Err(why) => {
                    assert!(why.contains("messages.db"), "cut at {at}: {why}");
                    assert!(fs::read(folder.path().join("messages.db")).unwrap() == torn, "cut at {at}: changed");
                }
            }
        }
    }
}
