//! One entry (access point) in the output of `iw scan`.

use crate::wifi::network::{Bssid, Name, Network, channel_of, percent};
use crate::wifi::security::{Meaning, Scheme, Security};

/// Authentication suites in the RSN part, as `iw` names them (`print_auth` in its `scan.c`).
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
    // SAE-EXT-KEY, with and without FT: older versions of `iw` print the suite's number.
    ("00-0f-ac:24", &[Scheme::Wpa3], false),
    ("00-0f-ac:25", &[Scheme::Wpa3], false),
    ("OWE", &[Scheme::Owe], false),
    ("OSEN", &[Scheme::Wpa2], true),
];

/// The part of an entry that the following lines belong to, as far as they list authentication suites.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BssPart {
    Wpa,
    Rsn,
    Other,
}

/// An access point whose entry is being read.
pub struct BssEntry<'a> {
    bssid: Option<Bssid>,
    in_use: bool,
    name: &'a str,
    mhz: Option<u32>,
    signal: Option<u8>,
    /// The capability `Privacy`: traffic is encrypted. Without any suite that means WEP.
    privacy: bool,
    part: BssPart,
    security: Security,
}

impl<'a> BssEntry<'a> {
    /// Begins an entry from the text behind `BSS `, such as `02:aa:bb:cc:dd:01(on wlan0) -- associated`. Older versions
    /// have a space before the bracket.
    #[must_use]
    pub fn begin(head: &str) -> BssEntry<'a> {
        let address = head.split(['(', ' ']).next().unwrap_or_default();
        BssEntry {
            bssid: Bssid::parse(address),
            in_use: head.ends_with("-- associated"),
            name: "",
            mhz: None,
            signal: None,
            privacy: false,
            part: BssPart::Other,
            security: Security::default(),
        }
    }

    /// Reads one line of the entry, without its first tab.
    pub fn read(&mut self, line: &'a str) {
        if line.starts_with('\t') {
            // Ignore all other nested lines: they may hold names and addresses of other access points.
            if let Some(suites) = line.trim().strip_prefix("* Authentication suites: ") {
                self.read_suites(suites);
            }
            return;
        }
        let Some((key, value)) = line.split_once(':') else { return };
        self.part = BssPart::Other;
        let number = || value.split_whitespace().next().unwrap_or_default();
        match key {
            "SSID" => self.name = value.strip_prefix(' ').unwrap_or(value),
            // Newer versions print tenths of MHz.
            "freq" => self.mhz = number().split('.').next().and_then(|mhz| mhz.parse().ok()),
            "signal" => self.signal = signal(number()),
            "capability" => self.privacy = value.split_whitespace().any(|word| word == "Privacy"),
            "RSN" => self.part = BssPart::Rsn,
            "WPA" => {
                self.part = BssPart::Wpa;
                self.security.add_scheme(Scheme::Wpa);
            }
            _ => {}
        }
    }

    fn read_suites(&mut self, suites: &str) {
        let suites = suites.replace("IEEE 802.1X", "802.1X");
        let mut known = false;
        for suite in suites.split_whitespace() {
            let suite = suite.strip_prefix("FT/").unwrap_or(suite);
            match self.part {
                BssPart::Rsn => known |= self.security.add(&SUITES, suite),
                BssPart::Wpa => _ = self.security.add(&[("802.1X", &[], true)], suite),
                BssPart::Other => {}
            }
        }
        if self.part == BssPart::Rsn && !known {
            // The suite is newer than this table, so it is at least WPA2.
            self.security.add_scheme(Scheme::Wpa2);
        }
    }

    /// Returns the access point after its last line.
    #[must_use]
    pub fn network(mut self) -> Network {
        if self.privacy && self.security.is_open() {
            self.security.add_scheme(Scheme::Wep);
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

/// Parses `-64.00` (dBm), or `70/100` from drivers that report no unit, and returns percent.
fn signal(text: &str) -> Option<u8> {
    match text.strip_suffix("/100") {
        Some(part) => part.parse().ok().map(|part: u8| part.min(100)),
        None => text.parse().ok().filter(|dbm: &f32| dbm.is_finite()).map(percent),
    }
}

/// Decodes `\xHH`, which `iw` prints for non-ASCII bytes, backslashes, and spaces at either end of a name.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match escape(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the byte of the escape at the start of `text`, if there is one.
fn escape(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', digits @ ..] = text.get(..4)? else { return None };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes() {
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
