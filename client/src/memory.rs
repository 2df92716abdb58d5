//! What is remembered of the last time: server, name and room; never a password.

use crate::small_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// No file of ours is larger.
const MOST_BYTES: u64 = 16 << 10;

/// The last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The server's address, with its port.
    pub server: Option<String>,
    /// One's name there.
    pub name: Option<String>,
    /// The room.
    pub room: Option<String>,
    /// The name is an account's.
    pub account: bool,
}

impl Memory {
    /// What is remembered: nothing, if the file is not there or is none of ours.
    #[must_use]
    pub fn load(file: Option<&Path>) -> Memory {
        file.and_then(|file| small_file::read(file, MOST_BYTES).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Remembers it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        small_file::replace(file, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_remembers_and_takes_nonsense_for_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("deep").join("last.toml");
        assert_eq!(Memory::load(Some(&file)), Memory::default());
        let some = |text: &str| Some(text.to_owned());
        let last = Memory { server: some("[::1]:1"), name: some("zoë \"z\""), room: some("ops/a"), account: true };
        last.save(&file).unwrap();
        assert_eq!(Memory::load(Some(&file)), last);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        fs::write(&file, "server = 7").unwrap();
        assert_eq!(Memory::load(Some(&file)), Memory::default());
        assert_eq!(Memory::load(None), Memory::default());
    }
}
