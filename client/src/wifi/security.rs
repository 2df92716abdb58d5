//! How one gets into a network, in the same words whichever tool told it.

use landline_common::clean::clean;
use std::collections::BTreeSet;
use std::fmt;

/// Characters of a tool's own word that are shown; the longest known ones have half as many.
const LONGEST_WORD: usize = 40;

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

/// A tool's word, what it offers, and whether each person has a sign-in of their own (802.1X).
pub type Meaning = (&'static str, &'static [Scheme], bool);

/// What a network offers; nothing is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    schemes: BTreeSet<Scheme>,
    enterprise: bool,
}

impl Security {
    /// Adds what `word` means. Whether that is known.
    pub fn add(&mut self, meanings: &[Meaning], word: &str) -> bool {
        let found = meanings.iter().find(|(known, ..)| *known == word);
        if let Some((_, schemes, enterprise)) = found {
            self.schemes.extend(*schemes);
            self.enterprise |= enterprise;
        }
        found.is_some()
    }

    /// What `words` mean, written out. Where none is known, `raw` stands for itself: it must not pass for open.
    #[must_use]
    pub fn told<'a>(meanings: &[Meaning], words: impl Iterator<Item = &'a str>, raw: &str) -> String {
        let mut security = Security::default();
        let (mut known, mut any) = (false, false);
        for word in words {
            any = true;
            known |= security.add(meanings, word);
        }
        if any && !known { clean(raw).trim().chars().take(LONGEST_WORD).collect() } else { security.to_string() }
    }

    /// Adds one more.
    pub fn offer(&mut self, scheme: Scheme) {
        self.schemes.insert(scheme);
    }

    /// Nothing was added.
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
    fn what_is_offered_is_named_once_and_in_order() {
        const WORDS: [Meaning; 2] = [("SAE", &[Scheme::Wpa3], false), ("802.1X", &[Scheme::Wpa2], true)];
        let mut security = Security::default();
        assert!(security.is_open());
        assert_eq!(security.to_string(), "open");
        assert!(security.add(&WORDS, "SAE") && security.add(&WORDS, "802.1X") && security.add(&WORDS, "SAE"));
        assert!(!security.add(&WORDS, "sae"));
        assert_eq!(security.to_string(), "WPA2/WPA3 Enterprise");
        security.offer(Scheme::Open);
        assert_eq!(security.to_string(), "open/WPA2/WPA3 Enterprise");
        let told = |raw: &str| Security::told(&WORDS, raw.split_whitespace(), raw);
        assert_eq!(["", "SAE new", " \u{1b}[2Jnew one "].map(told), ["open", "WPA3", "new one"]);
    }
}
