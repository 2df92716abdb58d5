//! Scans with Windows' `netsh`. Windows translates the labels, so the parser reads entries by their form: `SSID`, a
//! number and a name begin a network; a value that is a MAC address begins one of its access points.

use super::Scan;
use super::failure::Failure;
use super::network::{Band, Bssid, Name, Network};
use super::security::{Meaning, Scheme, Security};
use super::tool::{Tool, below};

/// Index of a value between the network's name and its first access point. Index 0 is the network type.
const AUTHENTICATION: usize = 1;
const ENCRYPTION: usize = 2;
/// Settings link in the error text of every language, printed when location access is off.
const LOCATION: &str = "ms-settings:privacy-location";

const WORDS: [Meaning; 5] = [
    ("WEP", &[Scheme::Wep], false),
    ("WPA", &[Scheme::Wpa], false),
    ("WPA2", &[Scheme::Wpa2], false),
    ("WPA3", &[Scheme::Wpa3], false),
    ("OWE", &[Scheme::Owe], false),
];
/// Ciphers that only a protected network uses.
const CIPHERS: [&str; 5] = ["CCMP", "TKIP", "GCMP", "GCMP-256", "CCMP-256"];

/// Scans, and marks the networks in use.
///
/// # Errors
/// `netsh` fails, location access is off, or no network is in range.
pub fn scan() -> Result<Scan, Failure> {
    let netsh = Tool::at("netsh", below("SystemRoot", "C:\\Windows", "System32\\netsh.exe"));
    let output = netsh.run(&["wlan", "show", "networks", "mode=bssid"])?;
    if !output.success {
        return Err(if output.stdout.contains(LOCATION) { Failure::NoLocation } else { netsh.failure_of(&output) });
    }
    let mut networks = parse(output.complete_entries("\nSSID "));
    if networks.is_empty() {
        return Err(Failure::NoNetwork);
    }
    // If this call fails, the list is printed without marks.
    let used = netsh.run(&["wlan", "show", "interfaces"]).map(|output| connected(&output.stdout)).unwrap_or_default();
    for network in &mut networks {
        network.in_use = network.bssid.is_some_and(|bssid| used.contains(&bssid));
    }
    Ok(Scan { networks, note: None })
}

/// Returns the access points that this machine's adapters are connected to. Each is the address below an `SSID` line;
/// the address above that line is the adapter's own.
fn connected(text: &str) -> Vec<Bssid> {
    let mut used = Vec::new();
    let mut named = false;
    for (label, value) in text.lines().filter_map(pair) {
        if label == "SSID" {
            named = true;
        } else if let (true, Some(bssid)) = (named, Bssid::parse(value.trim())) {
            used.push(bssid);
            named = false;
        }
    }
    used
}

/// Parses the output of `netsh wlan show networks mode=bssid` into access points.
#[must_use]
pub fn parse(text: &str) -> Vec<Network> {
    let mut networks = Vec::new();
    let mut entry: Option<NetshEntry<'_>> = None;
    for line in text.lines() {
        let Some((label, value)) = pair(line) else { continue };
        if is_network(line) {
            networks.extend(entry.take().map(NetshEntry::network));
            entry = Some(NetshEntry::begin(value));
        } else if let Some(current) = &mut entry {
            if let Some(bssid) = Bssid::parse(value.trim()) {
                let next = current.next(bssid);
                networks.extend(entry.replace(next).filter(|entry| entry.bssid.is_some()).map(NetshEntry::network));
            } else if !label.is_empty() {
                current.read(value.trim());
            }
        }
    }
    networks.extend(entry.map(NetshEntry::network));
    networks
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once(':')?;
    Some((label.trim(), value.strip_prefix(' ').unwrap_or(value)))
}

/// Returns whether a line is `SSID 1 : name` without indentation. The digits may be of any script.
fn is_network(line: &str) -> bool {
    let number = line.strip_prefix("SSID ").and_then(|rest| rest.split(':').next());
    number.is_some_and(|number| !number.trim().is_empty() && number.trim().chars().all(char::is_numeric))
}

#[derive(Clone)]
struct NetshEntry<'a> {
    name: &'a str,
    /// Values above the first access point, in order.
    head: Vec<&'a str>,
    bssid: Option<Bssid>,
    signal: Option<u8>,
    channel: Option<u16>,
    band: Option<Band>,
}

impl<'a> NetshEntry<'a> {
    fn begin(name: &'a str) -> NetshEntry<'a> {
        NetshEntry { name, head: Vec::new(), bssid: None, signal: None, channel: None, band: None }
    }

    fn next(&self, bssid: Bssid) -> NetshEntry<'a> {
        NetshEntry { head: self.head.clone(), bssid: Some(bssid), ..NetshEntry::begin(self.name) }
    }

    /// Reads one value. The first percentage is the signal and the first bare number after it the channel; later
    /// numbers count stations.
    fn read(&mut self, value: &'a str) {
        if self.bssid.is_none() {
            if self.head.len() <= ENCRYPTION {
                self.head.push(value);
            }
        } else if let Some(signal) = value.strip_suffix('%') {
            self.signal = self.signal.or(signal.trim().parse().ok().map(|signal: u8| signal.min(100)));
        } else if let Some(ghz) = value.strip_suffix("GHz") {
            self.band = self.band.or(Band::of_ghz(ghz));
        } else if self.signal.is_some() {
            self.channel = self.channel.or(value.parse().ok());
        }
    }

    fn network(self) -> Network {
        let value = |at: usize| self.head.get(at).copied().unwrap_or_default();
        Network {
            name: Name::of(self.name),
            bssid: self.bssid,
            signal: self.signal,
            channel: self.channel,
            band: self.band.or(self.channel.and_then(Band::of_channel)),
            security: security(value(AUTHENTICATION), value(ENCRYPTION)),
            in_use: false,
        }
    }
}

/// Normalizes values such as `WPA2-Personal`, `WPA2 - Entreprise` and `Offen`.
///
/// Generations have the same names in all languages. In Latin script the word behind begins with P (personal) or
/// E (enterprise). An unknown value of a network with encryption is returned unchanged.
fn security(authentication: &str, encryption: &str) -> String {
    let mut words = authentication.split([' ', '-']).filter(|word| !word.is_empty());
    let generation = words.next().unwrap_or_default();
    let mut security = Security::default();
    if !security.add(&WORDS, generation) {
        let open = !CIPHERS.contains(&encryption);
        return if open {
            Security::describe(&WORDS, encryption.split(' ').filter(|word| *word == "WEP"), encryption)
        } else {
            Security::describe(&WORDS, [authentication].into_iter(), authentication)
        };
    }
    match words.next().and_then(|kind| kind.chars().next()) {
        None | Some('P' | 'p') => security.to_string(),
        Some('E' | 'e') => format!("{security} Enterprise"),
        Some(_) => Security::describe(&[], [authentication].into_iter(), authentication),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::tests::lines;

    #[test]
    fn parses_recorded_scans_in_two_languages() {
        let expected = [
            "Harbor-Home | 02:aa:bb:cc:dd:01 | 94 | 6 2.4 GHz | WPA2",
            "Harbor-Home | 02:aa:bb:cc:dd:02 | 88 | 36 5 GHz | WPA2",
            "(hidden) | 02:aa:bb:cc:dd:03 | 70 | 37 6 GHz | WPA3",
            "a: 50% \\ b | 02:aa:bb:cc:dd:04 | 62 | 11 2.4 GHz | open",
            "eduroam | 02:aa:bb:cc:dd:05 | 40 | 100 5 GHz | WPA2 Enterprise",
            "museum | 02:aa:bb:cc:dd:06 | 30 | 3 2.4 GHz | WEP",
            "Library | 02:aa:bb:cc:dd:07 | 20 | 44 5 GHz | OWE",
        ];
        assert_eq!(lines(&parse(include_str!("recorded/netsh-en.txt"))), expected);
        assert_eq!(lines(&parse(include_str!("recorded/netsh-de.txt"))), expected, "the labels are German");
    }

    #[test]
    fn normalizes_security_of_many_languages() {
        for (authentication, encryption, expected) in [
            ("WPA2 - Personnel", "CCMP", "WPA2"),
            ("WPA2 - Entreprise", "CCMP", "WPA2 Enterprise"),
            ("WPA3-Enterprise 192 Bits", "GCMP-256", "WPA3 Enterprise"),
            ("WPA2-Empresa", "CCMP", "WPA2 Enterprise"),
            ("WPA2 - 个人", "CCMP", "WPA2 - 个人"),
            ("開放", "なし", "open"),
            ("Ouvert", "Aucun", "open"),
            ("Offen", "WEP", "WEP"),
            ("Something new", "GCMP-256", "Something new"),
            ("", "", "open"),
        ] {
            assert_eq!(security(authentication, encryption), expected, "{authentication}");
        }
    }

    #[test]
    fn finds_the_access_point_in_use_by_its_address() {
        let text = include_str!("recorded/netsh-interfaces.txt");
        assert_eq!(connected(text), [Bssid::parse("02:aa:bb:cc:dd:02").unwrap()]);
        assert_eq!(connected("    Physical address : 02:aa:bb:00:00:01\n    State : disconnected\n"), []);
    }

    #[test]
    fn finds_no_network_in_other_text() {
        let none = "\r\nInterface name : Wi-Fi \r\nThere are 0 networks currently visible. \r\n";
        for text in ["", none, "Signal : 5%", "SSID : x", "SSID one : x"] {
            assert_eq!(parse(text), [], "{text}");
        }
        assert_eq!(lines(&parse("SSID 1 : x\n a : b\n c : 999%\n")), ["x | - | - | - - | open"]);
    }
}
