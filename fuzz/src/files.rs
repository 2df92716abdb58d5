//! Files of the data folder, and files to import. Faster on a disk in memory (`TMPDIR=/dev/shm`).

use crate::assert_harmless;
use landline_common::history::{HistoryError, HistoryFilter, HistoryOwner, HistoryReader, NewMessages};
use landline_common::{Limits, NameKey, OffsetDateTime, UserName};
use landline_server::clock::Clock;
use landline_server::guard::bans::Stored;
use landline_server::store::messages::{Retention, excerpt};
use landline_server::store::{Accounts, BanRow, Messages, Sessions};
use landline_server::store_backend::open_bans;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

const HASH: &str = "$2b$04$.....................................................";
/// Maximum number of accounts of an import, so that no input costs many hashes.
const MAX_ACCOUNTS: u64 = 3;
/// Maximum length of a file to import in bytes.
const MAX_BYTES: u64 = 4_000;

fn folder_with(name: &str, data: &[u8]) -> Option<TempDir> {
    let folder = TempDir::new().ok()?;
    fs::write(folder.path().join(name), data).ok()?;
    Some(folder)
}

fn limits() -> Limits {
    Limits { bcrypt_cost: 4, accounts: MAX_ACCOUNTS, import_bytes: MAX_BYTES, search_ms: 60_000, ..Limits::default() }
}

/// Asserts that an error names the refused file, and that the file is unchanged.
fn assert_refused(folder: &Path, name: &str, data: &[u8], why: &str) {
    assert!(why.contains(name), "{why}");
    assert_eq!(fs::read(folder.join(name)).ok().as_deref(), Some(data), "the refused file has changed");
}

/// `accounts.json` is refused by name and left unchanged, or it is read. An account that is added can be read back.
pub fn accounts(data: &[u8]) {
    let Some(folder) = folder_with("accounts.json", data) else { return };
    let limits = Limits { accounts: 100_000, ..limits() };
    let accounts = match Accounts::open(folder.path(), &limits) {
        Err(why) => return assert_refused(folder.path(), "accounts.json", data, &why.to_string()),
        Ok(accounts) => accounts,
    };
    let Ok(name) = UserName::parse("newcomer") else { return };
    if accounts.register(&name, HASH.to_owned(), OffsetDateTime::default()).is_ok() {
        let again = Accounts::open(folder.path(), &limits);
        assert!(again.is_ok_and(|again| again.exists(name.key()) && again.vacancies() == accounts.vacancies()));
    }
}

/// `bans.json` is refused by name and left unchanged, or it is read. A ban that is added can be read back.
pub fn bans(data: &[u8]) {
    let Some(folder) = folder_with("bans.json", data) else { return };
    let bans = match open_bans(folder.path()) {
        Err(why) => return assert_refused(folder.path(), "bans.json", data, &why.to_string()),
        Ok(bans) => bans,
    };
    let now = Clock::system().now();
    let address = std::net::IpAddr::from([10, 9, 8, 7]);
    if let Ok(Stored::Yes) = bans.add(address.into(), BanRow::new(String::new(), now, None), now) {
        assert!(open_bans(folder.path()).is_ok_and(|again| again.is_banned(address, now)));
    }
}

/// `sessions.jsonl` is refused by name and left unchanged, or it is read. Opening it again changes nothing more, and no
/// user is online then.
pub fn sessions(data: &[u8]) {
    let Some(folder) = folder_with("sessions.jsonl", data) else { return };
    let content = || fs::read(folder.path().join("sessions.jsonl")).unwrap_or_default();
    let open =
        || Sessions::open(folder.path(), &limits()).map(|sessions| sessions.seen_since(OffsetDateTime::default()));
    match open() {
        Err(why) => assert_refused(folder.path(), "sessions.jsonl", data, &why.to_string()),
        Ok(_) => {
            let once = content();
            let seen = open();
            assert_eq!(content(), once);
            assert!(seen.is_ok_and(|seen| seen.iter().all(|sighting| !sighting.online)), "a user is still online");
        }
    }
}

/// A file is imported as a whole or refused, and importing it again gives the same result. The output is harmless to a
/// terminal.
pub fn import_file(data: &[u8]) {
    let Some(folder) = folder_with("old.json", data) else { return };
    let file = folder.path().join("old.json");
    let into = folder.path().join("data");
    let import = || {
        let mut out = Vec::new();
        let done = landline_server::import::run(&file, &into, &limits(), &mut out);
        assert_harmless(&String::from_utf8_lossy(&out));
        done.map_err(|why| format!("{why:#}"))
    };
    match import() {
        Ok(()) => assert_eq!(import(), Ok(()), "importing the file a second time fails"),
        Err(why) => assert!(why.contains("old.json") || why.contains("nothing was imported"), "{why}"),
    }
}

/// A search accepts any text, refuses one without a word, and never takes them for query syntax. An excerpt is part of its text.
pub fn search(data: &[u8]) {
    static STORE: OnceLock<Option<(Messages, TempDir)>> = OnceLock::new();
    let words = String::from_utf8_lossy(data);
    let Some((store, _)) = STORE.get_or_init(store) else { return };
    let reader = HistoryOwner::Account(NameKey::of("alice"));
    let viewer =
        HistoryReader { address: "", party: &reader, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let found = store.search(&viewer, &words, None, 10);
    assert!(matches!(found, Ok(_) | Err(HistoryError::NoWord)), "{found:?}");
    let (text, words) = words.split_once('\n').unwrap_or((&words, "tea"));
    let plain = |text: &str| text.replace(['*', '…'], "");
    assert!(plain(text).contains(&plain(&excerpt(text, words))));
}

fn store() -> Option<(Messages, TempDir)> {
    let folder = TempDir::new().ok()?;
    let messages = Messages::open(folder.path(), Retention::Forever, &limits(), Box::new(|_, _| {})).ok()?;
    let texts = ["The tea is ready", "Bücher und Tee", "don't stop", "a \"quoted\" word", "text:foo AND c1"];
    let said = NewMessages {
        first_id: 1,
        at: OffsetDateTime::default(),
        room: Some("a"),
        user: "bob",
        client: 0,
        nonces: &[],
    };
    messages.store_talk(&said, &mut texts.into_iter());
    Some((messages, folder))
}
