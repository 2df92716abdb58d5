//! Files cut at any position: the store has all messages up to some time, or refuses the file and leaves it unchanged.

use super::*;
use std::fs;

/// Messages in a file that is cut.
const MESSAGES: u64 = 60;
/// Number of cuts of each file, in addition to those at the edges of headers and pages.
const CUTS: u64 = 120;

/// Returns the positions at which a file is cut: edges of headers and pages, and steps that are not multiples of a page.
fn positions(len: u64) -> impl Iterator<Item = u64> {
    let edges = [0, 1, 15, 16, 31, 32, 33, 55, 56, 99, 100, 101, 4_095, 4_096, 4_097, len - 4_096, len - 1];
    let step = (len / CUTS).max(1) | 1;
    edges.into_iter().filter(move |at| *at < len).chain((0..len).step_by(usize::try_from(step).unwrap()))
}

/// Makes a folder with these files.
fn folder_of(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, content)| fs::write(folder.path().join(name), content).unwrap());
    folder
}

/// Opens a store on a folder and returns the ids of its messages, or the error.
fn stored_ids(folder: &Path) -> Result<Vec<u64>, String> {
    let (messages, _) = open(folder, Retention::Forever, &Limits::default()).map_err(|why| why.to_string())?;
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let page = messages.read_history(&viewer, Range::Last(500)).map_err(|why| why.to_string())?;
    assert!(messages.highest_id() >= page.entries.last().map_or(0, |last| last.id));
    Ok(ids(&page))
}

#[test]
fn a_log_cut_anywhere_keeps_the_messages_before_the_cut() {
    let store = Store::new();
    for id in 1..=MESSAGES {
        store.say(id, "a", &"word ".repeat(20));
        // Store each message in a transaction of its own.
        store.messages.wait_for_stored(false).unwrap();
    }
    let read = |name: &str| fs::read(store.folder.path().join(name)).unwrap();
    let main = read("messages.db");
    let log = read("messages.db-wal");
    let whole: Vec<u64> = (1..=MESSAGES).collect();
    let mut counts = Vec::new();
    let mut all: Vec<u64> = positions(log.len() as u64).collect();
    all.sort_unstable();
    for at in all {
        let folder = folder_of(&[("messages.db", &main), ("messages.db-wal", &log[..at as usize])]);
        let kept = stored_ids(folder.path()).unwrap();
        assert!(whole.starts_with(&kept), "cut at {at}: {kept:?}");
        counts.push(kept.len());
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert!(counts[0] == 0 && counts.iter().any(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_database_cut_anywhere_is_refused_and_left_unchanged() {
    for closed in [true, false] {
        let store = Store::new();
        (1..=MESSAGES).for_each(|id| store.say(id, "a", &"word ".repeat(20)));
        store.messages.stop();
        if !closed {
            let connection = rusqlite::Connection::open(store.path()).unwrap();
            meta::set_meta(&connection, "clean", 0).unwrap();
        }
        let main = fs::read(store.path()).unwrap();
        for at in positions(main.len() as u64) {
            let torn = &main[..at as usize];
            let folder = folder_of(&[("messages.db", torn)]);
            match stored_ids(folder.path()) {
                Ok(kept) => assert!(at == 0 && kept.is_empty(), "closed {closed}, cut at {at}: {kept:?}"),
                Err(why) => {
                    assert!(why.contains("messages.db"), "cut at {at}: {why}");
                    assert!(fs::read(folder.path().join("messages.db")).unwrap() == torn, "cut at {at}: changed");
                }
            }
        }
    }
}
