//! Name tokens: secrets by which a server keeps the names of a guest while the guest is away.
//!
//! There is one token for each server and name, so that no server learns the token of another one, and two running
//! programs with different names use different tokens. A guest who takes another name by `/nick` has the same token under
//! both, since the server keeps the new name for it. The token is drawn and stored before the first sign-in: a token
//! that was lost with the answer of the server would lock this user out of the name.
//!
//! The file `name_tokens.toml` is readable by its owner only. Each change locks it, since several programs may start at
//! once. Without the file the program works all the same, and servers keep no name.

use crate::atomic_file;
use landline_common::{NameKey, UserName};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Bytes to read at most. This program writes no larger file.
const MAX_BYTES: u64 = 64 << 10;
/// Tokens to store. Above that, the server with the most of them loses the one that was used longest ago.
const MAX_TOKENS: usize = 64;

/// The content of the file, latest sign-in first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct NameTokens {
    tokens: Vec<NameToken>,
}

/// The token of one name at one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NameToken {
    /// The server's address, with its port.
    server: String,
    name: String,
    token: String,
}

/// Whether to draw a token where none is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingToken {
    /// Draw and store one: the server shall keep the name.
    Draw,
    /// Use none: the server keeps no name.
    Omit,
}

impl MissingToken {
    /// Draws a token only for a user whose name the server shall keep: a guest, on a machine that stays.
    #[must_use]
    pub fn of(keeps_name: bool) -> MissingToken {
        if keeps_name { MissingToken::Draw } else { MissingToken::Omit }
    }
}

/// Returns the token of `name` at `server`. A server that has moved from the address `moved_from` keeps its token; it is
/// not stored for the new address, since the server has yet to prove that it is the same. See [`store`]. Returns `None` without a token, or if it cannot be stored.
#[must_use]
pub fn of(
    file: Option<&Path>,
    server: &str,
    moved_from: Option<&str>,
    name: &UserName,
    missing: MissingToken,
) -> Option<String> {
    let file = file?;
    // A failure is not worth a message: the name is then as free as before.
    let _lock = atomic_file::lock(file).ok()?;
    let mut stored = NameTokens::load(file);
    let known = stored.take(server, name);
    if known.is_none()
        && let Some(token) = moved_from.and_then(|moved_from| stored.find(moved_from, name))
    {
        return Some(token);
    }
    let token = match (known, missing) {
        (Some(token), _) => token,
        (None, MissingToken::Draw) => draw()?,
        (None, MissingToken::Omit) => return None,
    };
    stored.put(server, name, &token);
    stored.save(file).ok()?;
    Some(token)
}

/// Stores the token of `name`: its user has taken the name at `server` with the token of an earlier one, for which the
/// server keeps it, or has signed in with the token of the server's previous address.
pub fn store(file: Option<&Path>, server: &str, name: &UserName, token: &str) {
    let Some(file) = file else { return };
    // A failure is not worth a message, as in `of`.
    let Ok(_lock) = atomic_file::lock(file) else { return };
    let mut stored = NameTokens::load(file);
    stored.take(server, name);
    stored.put(server, name, token);
    let _ = stored.save(file);
}

/// Draws a token: 128 random bits of the system.
fn draw() -> Option<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bits)))
}

impl NameTokens {
    /// Reads the file. A missing or malformed one has no tokens.
    fn load(file: &Path) -> NameTokens {
        let text = atomic_file::read_bounded(file, MAX_BYTES).ok();
        text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    fn save(&self, file: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        atomic_file::replace_private(file, &text)
    }

    fn find(&self, server: &str, name: &UserName) -> Option<String> {
        self.tokens.iter().find(|entry| entry.is_of(server, name)).map(|entry| entry.token.clone())
    }

    /// Removes a token, to put it first.
    fn take(&mut self, server: &str, name: &UserName) -> Option<String> {
        let position = self.tokens.iter().position(|entry| entry.is_of(server, name))?;
        Some(self.tokens.remove(position).token)
    }

    fn put(&mut self, server: &str, name: &UserName, token: &str) {
        let entry = NameToken { server: server.into(), name: name.to_string(), token: token.into() };
        self.tokens.insert(0, entry);
        if self.tokens.len() > MAX_TOKENS {
            self.remove_one();
        }
    }

    /// Removes the token that was used longest ago, of the server with the most of them: a server that gives its users
    /// other names without end takes no token of another server.
    fn remove_one(&mut self) {
        let size = |entry: &NameToken| self.tokens.iter().filter(|other| other.server == entry.server).count();
        let most = self.tokens.iter().map(size).max();
        if let Some(position) = self.tokens.iter().rposition(|entry| Some(size(entry)) == most) {
            self.tokens.remove(position);
        }
    }
}

impl NameToken {
    fn is_of(&self, server: &str, name: &UserName) -> bool {
        self.server == server && NameKey::of(&self.name) == *name.key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn name(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    #[test]
    fn each_server_and_name_has_a_token_that_stays() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("deep").join("name_tokens.toml");
        let of = |server, user| super::of(Some(&file), server, None, &name(user), MissingToken::Draw).unwrap();
        let bob = of("a:1", "bob");
        assert!(bob.len() == 32 && bob.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bob}");
        let others = [of("a:1", "carol"), of("b:1", "bob"), of("b:1", "carol")];
        assert!(!others.contains(&bob) && others[0] != others[1] && others[0] != others[2]);
        assert_eq!((of("a:1", "Bob"), of("b:1", "carol")), (bob, others[2].clone()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_token_is_drawn_only_if_wanted_and_moves_with_its_server() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("name_tokens.toml");
        let of = |server, before, missing| super::of(Some(&file), server, before, &name("bob"), missing);
        assert_eq!(of("a:1", None, MissingToken::Omit), None);
        assert!(!file.exists());
        let token = of("a:1", None, MissingToken::Draw);
        assert!(token.is_some());
        assert_eq!(of("a:1", None, MissingToken::Omit), token);
        assert_eq!(of("a:2", Some("a:1"), MissingToken::Draw), token);
        assert_eq!(of("a:2", None, MissingToken::Omit), None, "the server has not proved itself yet");
        super::store(Some(&file), "a:2", &name("bob"), token.as_deref().unwrap());
        assert_eq!(of("a:2", None, MissingToken::Omit), token, "stored at the new address");
        assert_eq!(super::of(None, "a:1", None, &name("bob"), MissingToken::Draw), None);
    }

    #[test]
    fn tokens_are_bounded_and_a_malformed_file_has_none() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("name_tokens.toml");
        fs::write(&file, "tokens = 7").unwrap();
        let of = |user: &str, missing| super::of(Some(&file), "a:1", None, &name(user), missing);
        let first = of("first1", MissingToken::Draw);
        for n in 0..MAX_TOKENS - 1 {
            assert!(of(&format!("user{n}x"), MissingToken::Draw).is_some());
        }
        assert_eq!(of("first1", MissingToken::Omit), first, "used again, so the latest");
        assert!(of("more1", MissingToken::Draw).is_some());
        assert_eq!(of("user0x", MissingToken::Omit), None);
        assert_eq!(of("first1", MissingToken::Omit), first);
        assert!(fs::metadata(&file).unwrap().len() < MAX_BYTES);
    }

    #[test]
    fn a_name_that_was_taken_with_the_token_of_another_one_has_it_from_then_on() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("name_tokens.toml");
        let of = |server, user| super::of(Some(&file), server, None, &name(user), MissingToken::Draw).unwrap();
        let (bob, robert, elsewhere) = (of("a:1", "bob"), of("a:1", "robert"), of("b:1", "robert"));
        super::store(Some(&file), "a:1", &name("robert"), &bob);
        assert!(bob != robert && of("a:1", "robert") == bob && of("a:1", "bob") == bob);
        assert_eq!(of("b:1", "robert"), elsewhere);
        for n in 0..2 * MAX_TOKENS {
            super::store(Some(&file), "a:1", &name(&format!("user{n}x")), &bob);
        }
        assert_eq!(of("b:1", "robert"), elsewhere, "a server takes no token of another one");
        assert_eq!(NameTokens::load(&file).tokens.len(), MAX_TOKENS);
    }

    #[test]
    fn programs_that_start_at_once_lose_no_token() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("name_tokens.toml");
        let of = |n: u8, missing| super::of(Some(&file), "a:1", None, &name(&format!("user{n}x")), missing);
        let drawn: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || of(n, MissingToken::Draw))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (n, token) in (0..8).zip(drawn) {
            assert!(token.is_some());
            assert_eq!(of(n, MissingToken::Omit), token);
        }
    }
}
