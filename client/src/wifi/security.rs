//! The protection of a network, in words common to all tools.

use landline_common::clean::clean;
use std::collections::BTreeSet;
use std::fmt;

/// Characters of an unknown word to show. The longest known words have half as many.
const MAX_WORD_CHARS: usize = 40;

/// A generation of protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// None.
    Open,
    /// WEP: broken since 2001.
    Wep,
    /// The first WPA.
    Wpa,
    /// WPA2 (RSN).
    Wpa2,
    /// WPA3 (SAE, or 192 bits).
    Wpa3,
    /// Enhanced open: encrypted without a password.
    Owe,
}

/// A tool's word, the schemes it stands for, and whether each user has a sign-in of their own (802.1X).
pub type Meaning = (&'static str, &'static [Scheme], bool);

/// The schemes that a network offers. No scheme means open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    schemes: BTreeSet<Scheme>,
    enterprise: bool,
}

impl Security {
    /// Adds the schemes of `word`. Returns false, and adds nothing, if the word is unknown.
    pub fn add(&mut self, meanings: &[Meaning], word: &str) -> bool {
        let found = meanings.iter().find(|(known, ..)| *known == word);
        if let Some((_, schemes, enterprise)) = found {
            self.schemes.extend(*schemes);
            self.enterprise |= enterprise;
        }
        found.is_some()
    }

    /// Formats the protection that `words` stand for. If no word is known, returns `raw`, cleaned: a network with
    /// unknown protection must not be listed as open.
    #[must_use]
    pub fn describe<'a>(meanings: &[Meaning], words: impl Iterator<Item = &'a str>, raw: &str) -> String {
        let mut security = Security::default();
        let mut known = false;
        let mut any = false;
        for word in words {
            any = true;
            known |= security.add(meanings, word);
        }
        if any && !known { clean(raw).trim().chars().take(MAX_WORD_CHARS).collect() } else { security.to_string() }
    }

    /// Adds one scheme.
    pub fn add_scheme(&mut self, scheme: Scheme) {
        self.schemes.insert(scheme);
    }

    /// Returns whether no scheme was added.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.schemes.is_empty()
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |scheme: &Scheme| match scheme {
            Scheme::Open => "open",
            Scheme::Wep => "WEP",
            Scheme::Wpa => "WPA",
            Scheme::Wpa2 => "WPA2",
            Scheme::Wpa3 => "WPA3",
            Scheme::Owe => "OWE",
        };
        let names: Vec<&str> = self.schemes.iter().map(name).collect();
        let names = if names.is_empty() { "open".to_owned() } else { names.join("/") };
        write!(f, "{names}{}", if self.enterprise { " Enterprise" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_scheme_once_and_in_order() {
        const WORDS: [Meaning; 2] = [("SAE", &[Scheme::Wpa3], false), ("802.1X", &[Scheme::Wpa2], true)];
        let mut security = Security::default();
        assert!(security.is_open());
        assert_eq!(security.to_string(), "open");
        assert!(security.add(&WORDS, "SAE") && security.add(&WORDS, "802.1X") && security.add(&WORDS, "SAE"));
        assert!(!security.add(&WORDS, "sae"));
        assert_eq!(security.to_string(), "WPA2/WPA3 Enterprise");
        security.add_scheme(Scheme::Open);
        assert_eq!(security.to_string(), "open/WPA2/WPA3 Enterprise");
        let told = |raw: &str| Security::describe(&WORDS, raw.split_whitespace(), raw);
        assert_eq!(["", "SAE new", " \u{1b}[2Jnew one "].map(told), ["open", "WPA3", "new one"]);
    }
}
