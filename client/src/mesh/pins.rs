//! Public keys of users met before, by name: a TOML file with one line per user. A key is pinned at the first meeting
//! (trust on first use), so that a later member with the same name and another key is recognized.

use super::limits::PINS;
use super::node::Pinned;
use crate::atomic_file;
use anyhow::Context;
use landline_common::clean::clean;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bytes to read at most: far more than the maximum number of names and keys takes.
const MAX_BYTES: u64 = 1 << 20;

/// The file of known keys. Without a path, nothing is remembered.
#[derive(Debug)]
pub struct Pins {
    file: Option<PathBuf>,
}

impl Pins {
    /// Uses `file`, which need not exist.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Pins {
        Pins { file }
    }

    /// Returns the path, for messages to the user.
    #[must_use]
    pub fn path_text(&self) -> String {
        self.file.as_ref().map_or("(no file)".into(), |file| file.display().to_string())
    }

    /// Reads all keys.
    ///
    /// # Errors
    /// The file is damaged or cannot be read. Going on without it would accept impostors of known users.
    pub fn load(&self) -> anyhow::Result<BTreeMap<NameKey, Pinned>> {
        let lines = self.lines()?;
        let key = |(name, key): (String, String)| {
            let key = key.parse().with_context(|| {
                format!("{}: the line of {name} has no valid key; correct or delete it", self.path_text())
            })?;
            Ok((NameKey::of(&name), Pinned { name: clean(&name).into(), key }))
        };
        lines.into_iter().map(key).collect()
    }

    /// Reads names and keys as written. A missing file has none.
    fn lines(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let Some(file) = &self.file else { return Ok(BTreeMap::new()) };
        let Some(text) = atomic_file::read_if_exists(file, MAX_BYTES)? else { return Ok(BTreeMap::new()) };
        let damaged = || format!("{} is damaged; correct it, or delete it to forget all keys", file.display());
        toml::from_str(&text).with_context(damaged)
    }

    /// Adds a key if the name has none yet. Locks the file and reads it again, since several programs may add keys at
    /// once. Returns `false` if the file is full.
    ///
    /// # Errors
    /// The file cannot be locked, read or written.
    pub fn add(&self, name: &UserName, key: &PublicKey) -> anyhow::Result<bool> {
        self.change(|lines| {
            if lines.keys().any(|other| NameKey::of(other) == *name.key()) {
                return true;
            }
            let has_space = lines.len() < PINS;
            if has_space {
                lines.insert(name.to_string(), key.to_string());
            }
            has_space
        })
    }

    /// Replaces the key of a name.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn replace(&self, name: &UserName, key: &PublicKey) -> anyhow::Result<()> {
        self.change(|lines| {
            lines.retain(|other, _| NameKey::of(other) != *name.key());
            lines.insert(name.to_string(), key.to_string());
        })
    }

    /// Reads the lines, changes them and writes them, under a lock against other programs.
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> anyhow::Result<T> {
        let mut lines = BTreeMap::new();
        let Some(file) = &self.file else { return Ok(change(&mut lines)) };
        let _lock = atomic_file::lock(file)?;
        lines = self.lines()?;
        let before = lines.clone();
        let done = change(&mut lines);
        if lines != before {
            atomic_file::replace(file, &toml::to_string(&lines)?)?;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;
    use std::fs;

    #[test]
    fn keys_are_saved_by_name_and_replaced_on_request_only() {
        let folder = tempfile::TempDir::new().unwrap();
        let pins = Pins::new(Some(folder.path().join("deep").join("known_peers.toml")));
        assert!(pins.load().unwrap().is_empty());
        let [one, other] = [1, 2].map(|n| Keys::from_bytes(&[n; 64]).public());
        for (name, key) in [("zoë", one), ("Bob", one), ("bob", other)] {
            pins.add(&UserName::parse(name).unwrap(), &key).unwrap();
        }
        let known = pins.load().unwrap();
        assert_eq!((known.len(), known[&NameKey::of("BOB")].key), (2, one));
        pins.replace(&UserName::parse("bob").unwrap(), &other).unwrap();
        let known = pins.load().unwrap();
        assert_eq!((known.len(), known[&NameKey::of("BOB")].key, &*known[&NameKey::of("BOB")].name), (2, other, "bob"));
        assert!(fs::read_to_string(pins.file.as_ref().unwrap()).unwrap().contains("bob = \""));
    }

    #[test]
    fn programs_that_add_at_once_lose_no_key() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("known_peers.toml");
        let key = Keys::from_bytes(&[1; 64]).public();
        let names =
            |prefix: &str| (0..10).map(|n| UserName::parse(&format!("{prefix}{n}")).unwrap()).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            for prefix in ["one", "two", "three"] {
                let pins = Pins::new(Some(file.clone()));
                scope.spawn(move || names(prefix).iter().for_each(|name| assert!(pins.add(name, &key).unwrap())));
            }
        });
        assert_eq!(Pins::new(Some(file)).load().unwrap().len(), 30);
    }

    #[test]
    fn limits_the_number_of_names() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("known_peers.toml");
        let key = Keys::from_bytes(&[1; 64]).public();
        let line = |n: usize| format!("user{n} = \"{key}\"\n");
        fs::write(&file, (1..PINS).map(line).collect::<String>()).unwrap();
        let pins = Pins::new(Some(file));
        let add = |name: &str| pins.add(&UserName::parse(name).unwrap(), &key).unwrap();
        assert_eq!([add("last"), add("no-more"), add("User7")], [true, false, true]);
        assert_eq!(pins.load().unwrap().len(), PINS);
    }

    #[test]
    fn an_error_names_the_damaged_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("known_peers.toml");
        for text in ["bob = 5", "bob = \"abc\"", "bob"] {
            fs::write(&file, text).unwrap();
            let why = Pins::new(Some(file.clone())).load().unwrap_err().to_string();
            assert!(why.contains("known_peers.toml"), "{why}");
        }
    }
}
