//! Keys of people met before, by name: a TOML file with a line for each.

use super::limits::PINS;
use crate::small_file;
use anyhow::Context;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A line has at most a name and a key.
const MOST_BYTES: u64 = 1 << 20;

/// The file, if there is a place for one.
#[derive(Debug)]
pub struct Pins {
    file: Option<PathBuf>,
}

impl Pins {
    /// In that file.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Pins {
        Pins { file }
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        self.file.as_ref().map_or("(no file)".into(), |file| file.display().to_string())
    }

    /// Everybody's key.
    ///
    /// # Errors
    /// The file is damaged, or cannot be read: whoever was known would be a stranger.
    pub fn load(&self) -> anyhow::Result<BTreeMap<NameKey, PublicKey>> {
        let lines = self.lines()?;
        let key = |(name, key): (String, String)| {
            let key = key.parse().with_context(|| format!("{}: {name} has no key there", self.place()))?;
            Ok((NameKey::of(&name), key))
        };
        lines.into_iter().map(key).collect()
    }

    fn lines(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let Some(file) = &self.file else { return Ok(BTreeMap::new()) };
        let Some(text) = small_file::read_if_exists(file, MOST_BYTES)? else { return Ok(BTreeMap::new()) };
        let damaged = || format!("{} is damaged; put it right, or delete it", file.display());
        toml::from_str(&text).with_context(damaged)
    }

    /// Adds somebody's key, if that name has none. Several programs may do so at once: one after the other, and each
    /// reads again what is there. `false` if there is room for no more names.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&self, name: &UserName, key: &PublicKey) -> anyhow::Result<bool> {
        let Some(file) = &self.file else { return Ok(true) };
        let _alone = small_file::lock(file)?;
        let mut lines = self.lines()?;
        if lines.keys().any(|other| NameKey::of(other) == *name.key()) {
            return Ok(true);
        }
        if lines.len() >= PINS {
            return Ok(false);
        }
        lines.insert(name.to_string(), key.to_string());
        small_file::replace(file, &toml::to_string(&lines)?)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;
    use std::fs;

    #[test]
    fn keys_are_kept_by_name_and_never_replaced() {
        let folder = tempfile::TempDir::new().unwrap();
        let pins = Pins::new(Some(folder.path().join("deep").join("known_peers.toml")));
        assert!(pins.load().unwrap().is_empty());
        let [one, other] = [1, 2].map(|n| Keys::from_bytes(&[n; 64]).public());
        for (name, key) in [("zoë", one), ("Bob", one), ("bob", other)] {
            pins.add(&UserName::parse(name).unwrap(), &key).unwrap();
        }
        let known = pins.load().unwrap();
        assert_eq!((known.len(), known[&NameKey::of("BOB")]), (2, one));
        assert!(fs::read_to_string(pins.file.as_ref().unwrap()).unwrap().contains("Bob = \""));
    }

    #[test]
    fn programs_at_once_do_not_lose_each_other_s() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("known_peers.toml");
        let key = Keys::from_bytes(&[1; 64]).public();
        let names = |who: &str| (0..10).map(|n| UserName::parse(&format!("{who}{n}")).unwrap()).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            for who in ["one", "two", "three"] {
                let pins = Pins::new(Some(file.clone()));
                scope.spawn(move || names(who).iter().for_each(|name| assert!(pins.add(name, &key).unwrap())));
            }
        });
        assert_eq!(Pins::new(Some(file)).load().unwrap().len(), 30);
    }

    #[test]
    fn there_is_room_for_so_many() {
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
    fn what_is_damaged_is_said() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("known_peers.toml");
        for text in ["bob = 5", "bob = \"abc\"", "bob"] {
            fs::write(&file, text).unwrap();
            let why = Pins::new(Some(file.clone())).load().unwrap_err().to_string();
            assert!(why.contains("known_peers.toml"), "{why}");
        }
    }
}
