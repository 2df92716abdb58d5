//! Scans with NetworkManager's `nmcli` in terse mode: fields are separated by `:`, and `\` escapes `:` and `\`.

use super::Scan;
use super::failure::Failure;
use super::network::{Band, Bssid, Name, Network, channel_of};
use super::security::{Meaning, Scheme, Security};
use super::tool::Tool;

const LIST: [&str; 6] = ["-t", "-f", "IN-USE,SSID,BSSID,CHAN,FREQ,SIGNAL,SECURITY", "device", "wifi", "list"];
const HOW_TO_ENABLE: &str = "nmcli radio wifi on";

/// Known error texts, in English because `Tool` sets the locale. The second one appears when D-Bus does not run.
const COMPLAINTS: [(&str, Failure); 3] = [
    ("NetworkManager is not running", Failure::NoManager),
    ("Could not create NMClient", Failure::NoManager),
    ("No Wi-Fi device", Failure::NoAdapter),
];

/// Words of the SECURITY field.
const WORDS: [Meaning; 8] = [
    ("WEP", &[Scheme::Wep], false),
    ("WPA1", &[Scheme::Wpa], false),
    ("WPA2", &[Scheme::Wpa2], false),
    ("WPA3", &[Scheme::Wpa3], false),
    ("OWE", &[Scheme::Owe], false),
    // OWE transition mode: an open network with an encrypted twin for clients that support OWE.
    ("OWE-TM", &[Scheme::Open, Scheme::Owe], false),
    ("802.1X", &[], true),
    ("WPA-EAP-SUITE-B-192", &[Scheme::Wpa3], true),
];

/// Scans on all adapters that NetworkManager manages.
///
/// # Errors
/// `nmcli` is missing or fails, NetworkManager does not run, or no network is in range.
pub fn scan() -> Result<Scan, Failure> {
    let nmcli = Tool::find("nmcli")?;
    let output = nmcli.run(&LIST)?;
    if !output.success {
        let has = |text: &str| output.stderr.contains(text);
        let known = COMPLAINTS.iter().find(|(text, _)| has(text)).map(|(_, failure)| failure.clone());
        return Err(known.unwrap_or_else(|| nmcli.failure_of(&output)));
    }
    let networks = parse(output.complete_entries("\n"))?;
    if networks.is_empty() { Err(why_none(&nmcli)) } else { Ok(Scan { networks, note: None }) }
}

/// Finds the reason for an empty list: the radio is off, there is no adapter, or no network is in range.
fn why_none(nmcli: &Tool) -> Failure {
    let output_of = |args: &[&str]| nmcli.run(args).ok().filter(|output| output.success).map(|output| output.stdout);
    let radio = output_of(&["-t", "-f", "WIFI-HW,WIFI", "radio"]).unwrap_or_default();
    if radio.trim().split(':').any(|state| state == "disabled") {
        return Failure::WifiOff(HOW_TO_ENABLE);
    }
    let devices = output_of(&["-t", "-f", "TYPE", "device"]);
    if devices.is_some_and(|list| !list.lines().any(|kind| kind == "wifi")) {
        return Failure::NoAdapter;
    }
    Failure::NoNetwork
}

/// Parses the output of `nmcli -t device wifi list` into access points. Lines of another form are skipped.
///
/// # Errors
/// The output is not empty and no line has the expected form.
pub fn parse(text: &str) -> Result<Vec<Network>, Failure> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let networks: Vec<Network> = lines().filter_map(network).collect();
    if networks.is_empty() && lines().next().is_some() {
        return Err(Failure::UnknownFormat("nmcli"));
    }
    Ok(networks)
}

fn network(line: &str) -> Option<Network> {
    let fields = fields(line);
    let [in_use, name, bssid, channel, frequency, signal, security] = &fields[..] else { return None };
    let mhz = frequency.split(' ').next().and_then(|mhz| mhz.parse().ok()).and_then(channel_of);
    let channel = channel.parse().ok().or(mhz.map(|(channel, _)| channel));
    Some(Network {
        name: if name == "--" { Name::Hidden } else { Name::of(name) },
        bssid: Bssid::parse(bssid),
        signal: signal.parse().ok().map(|signal: u8| signal.min(100)),
        channel,
        band: mhz.map(|(_, band)| band).or(channel.and_then(Band::of_channel)),
        security: Security::describe(&WORDS, security.split_whitespace(), security),
        in_use: in_use == "*",
    })
}

/// Splits a line at unescaped colons and removes the escapes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(chars.next()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::tests::lines;

    #[test]
    fn parses_a_recorded_scan() {
        let list = parse(include_str!("recorded/nmcli.txt")).unwrap();
        assert_eq!(
            lines(&list),
            [
                "* Room 12 | 02:aa:bb:cc:dd:01 | 94 | 36 5 GHz | WPA2/WPA3",
                "Room 12 | 02:aa:bb:cc:dd:02 | 87 | 6 2.4 GHz | WPA2/WPA3",
                "a:b\\c | 02:aa:bb:cc:dd:03 | 72 | 11 2.4 GHz | WPA2",
                "Grüße ☕ | 02:aa:bb:cc:dd:04 | 70 | 37 6 GHz | WPA3",
                "eduroam | 02:aa:bb:cc:dd:05 | 64 | 100 5 GHz | WPA2 Enterprise",
                "(hidden) | 02:aa:bb:cc:dd:06 | 59 | 1 2.4 GHz | WPA2",
                "Library | 02:aa:bb:cc:dd:07 | 55 | 44 5 GHz | OWE",
                "Library guests | 02:aa:bb:cc:dd:08 | 55 | 44 5 GHz | open/OWE",
                "museum | 02:aa:bb:cc:dd:09 | 40 | 3 2.4 GHz | WEP",
                "cafe | 02:aa:bb:cc:dd:0a | 35 | 13 2.4 GHz | open",
                "evilname | 02:aa:bb:cc:dd:0b | 22 | 6 2.4 GHz | WPA/WPA2",
                "vault | 02:aa:bb:cc:dd:0c | 12 | 149 5 GHz | WPA3 Enterprise",
            ]
        );
    }

    #[test]
    fn skips_malformed_lines_and_missing_fields() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("Usage: nmcli device\n"), Err(Failure::UnknownFormat("nmcli")));
        let list = parse(" :--:::::\nnonsense\n:x:zz:999999:7 GHz:250:WPA9\n").unwrap();
        assert_eq!(lines(&list), ["(hidden) | - | - | - - | open", "x | - | 100 | - - | WPA9"]);
    }
}
