//! A Wi-Fi network in a form common to all tools, and the merging of access points into networks.

use landline_common::clean::{clean, is_invisible};
use std::collections::HashMap;
use std::fmt;

/// Networks to list at most. A crowded place has some hundred; a device that fakes more must not flood the terminal.
const MAX_NETWORKS: usize = 1_000;
/// Characters of a name to show. A name has at most 32 bytes (IEEE 802.11), but tools that escape bytes make it longer.
const MAX_NAME_CHARS: usize = 64;

/// The name (SSID) of a network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A visible name without control characters, since it is printed to a terminal.
    Known(String),
    /// The network does not announce its name.
    Hidden,
    /// The operating system withholds the name from this program.
    Withheld,
}

impl Name {
    /// Cleans the name that a tool printed. A name without any visible character counts as hidden.
    #[must_use]
    pub fn of(raw: &str) -> Name {
        let name: String = clean(raw).chars().take(MAX_NAME_CHARS).collect();
        if name.chars().all(|c| c.is_whitespace() || is_invisible(c)) { Name::Hidden } else { Name::Known(name) }
    }
}

/// The address of an access point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bssid([u8; 6]);

impl Bssid {
    /// Parses six pairs of hexadecimal digits separated by colons.
    #[must_use]
    pub fn parse(text: &str) -> Option<Bssid> {
        let mut bytes = [0; 6];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Bssid(bytes))
    }
}

impl fmt::Display for Bssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Frequency band. The channel number alone does not tell it: 5 and 6 GHz use the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// 2.4 GHz.
    Two,
    /// 5 GHz.
    Five,
    /// 6 GHz.
    Six,
    /// 60 GHz.
    Sixty,
}

impl Band {
    /// Parses a number of GHz as tools write it: `2.4`, `2,4`, `2`, `5`, `6`.
    #[must_use]
    pub fn of_ghz(text: &str) -> Option<Band> {
        match text.trim().split(['.', ',']).next()? {
            "2" => Some(Band::Two),
            "5" => Some(Band::Five),
            "6" => Some(Band::Six),
            "60" => Some(Band::Sixty),
            _ => None,
        }
    }

    /// Guesses the band from the channel, for tools that print no band. A tool that knows 6 GHz prints the band.
    #[must_use]
    pub fn of_channel(channel: u16) -> Option<Band> {
        match channel {
            1..=14 => Some(Band::Two),
            32..=196 => Some(Band::Five),
            _ => None,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Band::Two => "2.4 GHz",
            Band::Five => "5 GHz",
            Band::Six => "6 GHz",
            Band::Sixty => "60 GHz",
        })
    }
}

/// Channel numbering: first and last MHz of a range, MHz of its channel 0, MHz between two channels, and the band
/// (IEEE 802.11, annex E).
const RANGES: [(u32, u32, u32, u32, Band); 7] = [
    (2_412, 2_472, 2_407, 5, Band::Two),
    (2_484, 2_484, 2_414, 5, Band::Two),
    (4_910, 4_980, 4_000, 5, Band::Five),
    (5_000, 5_925, 5_000, 5, Band::Five),
    (5_935, 5_935, 5_925, 5, Band::Six),
    (5_955, 7_115, 5_950, 5, Band::Six),
    (58_320, 70_200, 56_160, 2_160, Band::Sixty),
];

/// Returns channel and band of a frequency in MHz.
#[must_use]
pub fn channel_of(mhz: u32) -> Option<(u16, Band)> {
    let range = RANGES.iter().find(|(first, last, ..)| (*first..=*last).contains(&mhz))?;
    let (_, _, zero, step, band) = *range;
    Some((u16::try_from((mhz - zero) / step).ok()?, band))
}

/// Converts dBm to percent like Windows and NetworkManager: -50 dBm and above is 100 %, -100 dBm and below is 0 %.
#[must_use]
pub fn percent(dbm: f32) -> u8 {
    // A cast from float to integer saturates, so a negative value (and NaN) becomes 0.
    ((dbm + 100.0) * 2.0).round().min(100.0) as u8
}

/// A network, or one of its access points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Name.
    pub name: Name,
    /// Address of the access point with the strongest signal.
    pub bssid: Option<Bssid>,
    /// Strongest signal, in percent.
    pub signal: Option<u8>,
    /// Channel of that access point.
    pub channel: Option<u16>,
    /// Band of that access point.
    pub band: Option<Band>,
    /// Protection, in the words of `security::Security`.
    pub security: String,
    /// True if this machine is connected to the network.
    pub in_use: bool,
}

impl Network {
    /// Merges another access point of this network: the stronger signal wins.
    fn absorb(&mut self, other: Network) {
        let in_use = self.in_use || other.in_use;
        if other.signal > self.signal {
            *self = other;
        }
        self.in_use = in_use;
    }
}

/// Identity of a network. Access points with one name and protection are one network. Access points without a name
/// cannot be grouped, but one that two adapters see is listed once.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Named(String, String),
    Nameless(Bssid),
}

fn key(network: &Network) -> Option<Key> {
    match &network.name {
        Name::Known(name) => Some(Key::Named(name.clone(), network.security.clone())),
        Name::Hidden | Name::Withheld => network.bssid.map(Key::Nameless),
    }
}

/// Merges access points into networks and sorts them by signal, strongest first.
#[must_use]
pub fn merge(seen: Vec<Network>) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    let mut indexes = HashMap::new();
    for access_point in seen {
        let next = networks.len();
        let index = key(&access_point).map_or(next, |key| *indexes.entry(key).or_insert(next));
        match networks.get_mut(index) {
            Some(network) => network.absorb(access_point),
            None => networks.push(access_point),
        }
    }
    networks.sort_by(|a, b| b.signal.cmp(&a.signal).then_with(|| a.name.cmp(&b.name)));
    networks.truncate(MAX_NETWORKS);
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str, signal: u8, security: &str) -> Network {
        Network {
            name: Name::of(name),
            bssid: None,
            signal: Some(signal),
            channel: Some(u16::from(signal)),
            band: Some(Band::Two),
            security: security.into(),
            in_use: false,
        }
    }

    #[test]
    fn merges_access_points_of_one_name_and_security() {
        let used = Network { in_use: true, ..network("office", 40, "WPA2") };
        let seen =
            vec![network("cafe", 60, "open"), used, network("office", 70, "WPA2"), network("office", 50, "open")];
        let merged = merge(seen);
        let short: Vec<_> = merged.iter().map(|n| (n.name.clone(), n.signal, &*n.security, n.in_use)).collect();
        let known = |name: &str| Name::Known(name.into());
        let expected = [
            (known("office"), Some(70), "WPA2", true),
            (known("cafe"), Some(60), "open", false),
            (known("office"), Some(50), "open", false),
        ];
        assert_eq!(short, expected);
        assert_eq!(merged[0].channel, Some(70), "the channel of the strongest access point");
    }

    #[test]
    fn merges_hidden_access_points_by_address_only() {
        let at = |address, signal| Network { bssid: Bssid::parse(address), ..network("", signal, "WPA2") };
        let seen = vec![at("02:00:00:00:00:01", 9), at("02:00:00:00:00:01", 10), at("02:00:00:00:00:02", 8)];
        assert_eq!(merge(seen).iter().map(|n| n.signal).collect::<Vec<_>>(), [Some(10), Some(8)]);
        assert_eq!(merge(vec![network("", 1, "open"), network("", 2, "open")]).len(), 2);
    }

    #[test]
    fn limits_the_number_of_networks() {
        let seen = (0..5_000).map(|n| network(&format!("fake {n}"), 1, "open")).chain([network("real", 50, "WPA3")]);
        let merged = merge(seen.collect());
        assert_eq!((merged.len(), &merged[0].name), (1_000, &Name::Known("real".into())));
    }

    #[test]
    fn cleans_names() {
        assert_eq!(Name::of("a\u{1b}[31mb\u{202e}c\u{9b}2J"), Name::Known("abc".into()));
        for nothing in ["", " ", "\0\0\0", "\u{200b}\u{3164}", "\u{1b}[2J"] {
            assert_eq!(Name::of(nothing), Name::Hidden, "{nothing:?}");
        }
        assert_eq!(Name::of(&"x".repeat(1_000)), Name::Known("x".repeat(64)));
    }

    #[test]
    fn converts_frequencies_to_channels() {
        for (mhz, channel, band) in [
            (2_412, 1, Band::Two),
            (2_472, 13, Band::Two),
            (2_484, 14, Band::Two),
            (5_180, 36, Band::Five),
            (5_885, 177, Band::Five),
            (5_935, 2, Band::Six),
            (5_955, 1, Band::Six),
            (7_115, 233, Band::Six),
            (58_320, 1, Band::Sixty),
        ] {
            assert_eq!(channel_of(mhz), Some((channel, band)), "{mhz}");
        }
        for nothing in [0, 2_411, 5_940, 8_000, u32::MAX] {
            assert_eq!(channel_of(nothing), None);
        }
    }

    #[test]
    fn percent_stays_within_bounds() {
        let all = [-120.0, -100.0, -64.0, -50.0, -10.0, f32::NAN, f32::INFINITY].map(percent);
        assert_eq!(all, [0, 0, 72, 100, 100, 100, 100]);
    }

    #[test]
    fn parses_addresses_of_six_bytes_only() {
        assert_eq!(Bssid::parse("02:AA:bb:00:0f:9c").unwrap().to_string(), "02:aa:bb:00:0f:9c");
        for wrong in ["", "02:aa:bb:00:0f", "02:aa:bb:00:0f:9c:01", "+2:aa:bb:00:0f:9c", "2:aa:bb:00:0f:9c"] {
            assert_eq!(Bssid::parse(wrong), None, "{wrong}");
        }
    }
}
