//! An access point in a list of `iw`.

use crate::wifi::network::{Bssid, Name, Network, channel_of, percent};
use crate::wifi::security::{Meaning, Scheme, Security};

/// Its words for ways to sign in (its `scan.c`, `print_auth`), in WPA2's own part.
const SUITES: [Meaning; 15] = [
    ("PSK", &[Scheme::Wpa2], false),
    ("PSK/SHA-256", &[Scheme::Wpa2], false),
    ("802.1X", &[Scheme::Wpa2], true),
    ("802.1X/SHA-256", &[Scheme::Wpa2], true),
    ("802.1X/SUITE-B", &[Scheme::Wpa2], true),
    ("FILS/SHA-256", &[Scheme::Wpa2], true),
    ("FILS/SHA-384", &[Scheme::Wpa2], true),
    ("802.1X/SUITE-B-192", &[Scheme::Wpa3], true),
    ("802.1X/SHA-384", &[Scheme::Wpa3], true),
    ("SAE", &[Scheme::Wpa3], false),
    ("SAE-EXT-KEY", &[Scheme::Wpa3], false),
    // The same with longer keys; older ones have no word for it.
    ("00-0f-ac:24", &[Scheme::Wpa3], false),
    ("00-0f-ac:25", &[Scheme::Wpa3], false),
    ("OWE", &[Scheme::Owe], false),
    ("OSEN", &[Scheme::Wpa2], true),
];

/// A part of an entry in which ways to sign in are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Wpa,
    Rsn,
    Other,
}

/// What is known of an access point while its entry is read.
pub struct Entry<'a> {
    bssid: Option<Bssid>,
    in_use: bool,
    name: &'a str,
    mhz: Option<u32>,
    signal: Option<u8>,
    /// What is sent is encrypted somehow.
    privacy: bool,
    part: Part,
    security: Security,
}

impl<'a> Entry<'a> {
    /// Of `02:aa:bb:cc:dd:01(on wlan0) -- associated`; older ones have a space before the bracket.
    #[must_use]
    pub fn begin(head: &str) -> Entry<'a> {
        let address = head.split(['(', ' ']).next().unwrap_or_default();
        Entry {
            bssid: Bssid::parse(address),
            in_use: head.ends_with("-- associated"),
            name: "",
            mhz: None,
            signal: None,
            privacy: false,
            part: Part::Other,
            security: Security::default(),
        }
    }

    /// One of its lines, without the tab before it.
    pub fn read(&mut self, line: &'a str) {
        if line.starts_with('\t') {
            // Deeper down there are names and addresses of others, too.
            if let Some(suites) = line.trim().strip_prefix("* Authentication suites: ") {
                self.suites(suites);
            }
            return;
        }
        let Some((key, value)) = line.split_once(':') else { return };
        self.part = Part::Other;
        let number = || value.split_whitespace().next().unwrap_or_default();
        match key {
            "SSID" => self.name = value.strip_prefix(' ').unwrap_or(value),
            // Newer ones write tenths.
            "freq" => self.mhz = number().split('.').next().and_then(|mhz| mhz.parse().ok()),
            "signal" => self.signal = signal(number()),
            "capability" => self.privacy = value.split_whitespace().any(|word| word == "Privacy"),
            "RSN" => self.part = Part::Rsn,
            "WPA" => {
                self.part = Part::Wpa;
                self.security.offer(Scheme::Wpa);
            }
            _ => {}
        }
    }

    fn suites(&mut self, suites: &str) {
        let suites = suites.replace("IEEE 802.1X", "802.1X");
        let mut known = false;
        for suite in suites.split_whitespace() {
            let suite = suite.strip_prefix("FT/").unwrap_or(suite);
            match self.part {
                Part::Rsn => known |= self.security.add(&SUITES, suite),
                Part::Wpa => _ = self.security.add(&[("802.1X", &[], true)], suite),
                Part::Other => {}
            }
        }
        if self.part == Part::Rsn && !known {
            // Something newer than this table; certainly no less than WPA2.
            self.security.offer(Scheme::Wpa2);
        }
    }

    /// All of it.
    #[must_use]
    pub fn network(mut self) -> Network {
        if self.privacy && self.security.is_open() {
            self.security.offer(Scheme::Wep);
        }
        let channel = self.mhz.and_then(channel_of);
        Network {
            name: Name::of(&unescaped(self.name)),
            bssid: self.bssid,
            signal: self.signal,
            channel: channel.map(|(channel, _)| channel),
            band: channel.map(|(_, band)| band),
            security: self.security.to_string(),
            in_use: self.in_use,
        }
    }
}

/// `-64.00` (dBm), or `70/100` from drivers that measure in no unit.
fn signal(text: &str) -> Option<u8> {
    match text.strip_suffix("/100") {
        Some(part) => part.parse().ok().map(|part: u8| part.min(100)),
        None => text.parse().ok().filter(|dbm: &f32| dbm.is_finite()).map(percent),
    }
}

/// It writes bytes that are no plain ASCII, backslashes and spaces at the ends as `\x` and two hexadecimal digits.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        match escape(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', digits @ ..] = text.get(..4)? else { return None };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_bytes() {
        for (text, name) in [
            ("\\x20a\\x20", " a "),
            ("\\x5cx41", "\\x41"),
            ("\\xc3\\xa9\\xff", "é\u{fffd}"),
            ("\\x4", "\\x4"),
            ("\\x+1\\xgg\\é", "\\x+1\\xgg\\é"),
        ] {
            assert_eq!(unescaped(text), name);
        }
    }
}
