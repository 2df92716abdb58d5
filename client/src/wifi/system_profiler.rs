//! Scans with macOS' `system_profiler`, which prints JSON.

use super::Scan;
use super::failure::Failure;
use super::network::{Band, Bssid, Name, Network, percent};
use super::security::{Meaning, Scheme, Security};
use super::tool::Tool;
use serde_json::Value;

const HOW_TO_ENABLE: &str = "in the menu bar, or in System Settings, Wi-Fi";
const WITHHELD: &str = "macOS hides network names from programs without location access; allow it for your \
                        terminal: System Settings, Privacy & Security, Location Services";
/// Placeholder for a withheld name.
const REDACTED: &str = "<redacted>";

/// Words behind `security_mode_`. The parser skips the prefix before that, which some versions misspell.
const MODES: [Meaning; 19] = [
    ("none", &[Scheme::Open], false),
    ("open", &[Scheme::Open], false),
    ("wep", &[Scheme::Wep], false),
    ("wep40", &[Scheme::Wep], false),
    ("wep128", &[Scheme::Wep], false),
    ("8021x", &[Scheme::Wep], true),
    ("wpa_personal", &[Scheme::Wpa], false),
    ("wpa_personal_mixed", &[Scheme::Wpa, Scheme::Wpa2], false),
    ("wpa_enterprise", &[Scheme::Wpa], true),
    ("wpa2_personal", &[Scheme::Wpa2], false),
    ("wpa2_personal_mixed", &[Scheme::Wpa, Scheme::Wpa2], false),
    ("wpa2_enterprise", &[Scheme::Wpa2], true),
    ("wpa2_enterprise_mixed", &[Scheme::Wpa, Scheme::Wpa2], true),
    ("wpa3_personal", &[Scheme::Wpa3], false),
    ("wpa3_transition", &[Scheme::Wpa2, Scheme::Wpa3], false),
    ("wpa3_personal_transition", &[Scheme::Wpa2, Scheme::Wpa3], false),
    ("wpa3_enterprise", &[Scheme::Wpa3], true),
    ("wpa2_wpa3_enterprise", &[Scheme::Wpa2, Scheme::Wpa3], true),
    ("owe", &[Scheme::Owe], false),
];

/// Scans. If macOS withholds the names, the note tells the user how to allow them.
///
/// # Errors
/// The tool fails, there is no adapter, Wi-Fi is off, or no network is in range.
pub fn scan() -> Result<Scan, Failure> {
    let tool = Tool::at("system_profiler", "/usr/sbin/system_profiler");
    let output = tool.run(&["SPAirPortDataType", "-json"])?;
    if !output.success {
        return Err(tool.failure_of(&output));
    }
    let networks = parse(&output.stdout)?;
    if networks.is_empty() {
        return Err(Failure::NoNetwork);
    }
    let withheld = networks.iter().any(|network| network.name == Name::Withheld);
    Ok(Scan { networks, note: withheld.then_some(WITHHELD) })
}

/// Parses the JSON report into access points.
///
/// # Errors
/// The text is no such report, or the report shows no adapter or only adapters that are off.
pub fn parse(text: &str) -> Result<Vec<Network>, Failure> {
    let report: Value = serde_json::from_str(text).map_err(|_| Failure::UnknownFormat("system_profiler"))?;
    let sections = report["SPAirPortDataType"].as_array().ok_or(Failure::UnknownFormat("system_profiler"))?;
    let interfaces: Vec<&Value> = sections.iter().flat_map(|s| items(&s["spairport_airport_interfaces"])).collect();
    let networks: Vec<Network> = interfaces.iter().copied().flat_map(in_range).collect();
    if !networks.is_empty() {
        return Ok(networks);
    }
    // Interfaces for peer-to-peer links, such as awdl0, have no status field.
    let states: Vec<&str> = interfaces.iter().filter_map(|i| i["spairport_status_information"].as_str()).collect();
    match states[..] {
        [] => Err(Failure::NoAdapter),
        _ if states.iter().all(|state| state.ends_with("_off")) => Err(Failure::WifiOff(HOW_TO_ENABLE)),
        _ => Ok(networks),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the network in use, if any, and the others that the interface sees.
fn in_range(interface: &Value) -> impl Iterator<Item = Network> {
    let current = network(&interface["spairport_current_network_information"], true);
    let others = items(&interface["spairport_airport_other_local_wireless_networks"]);
    current.into_iter().chain(others.filter_map(|other| network(other, false)))
}

/// Reads one entry. An entry without a channel is a link to another device, not a network.
fn network(entry: &Value, in_use: bool) -> Option<Network> {
    let (channel, band) = channel(&entry["spairport_network_channel"])?;
    let name = entry["_name"].as_str().unwrap_or_default();
    let mode = entry["spairport_security_mode"].as_str().unwrap_or_default();
    let mode = mode.split_once("security_mode_").map_or(mode, |(_, mode)| mode);
    Some(Network {
        name: if name == REDACTED { Name::Withheld } else { Name::of(name) },
        bssid: entry["spairport_network_bssid"].as_str().and_then(Bssid::parse),
        signal: entry["spairport_signal_noise"].as_str().and_then(signal),
        channel: Some(channel),
        band: band.or(Band::of_channel(channel)),
        security: if mode.is_empty() { "?".into() } else { Security::describe(&MODES, [mode].into_iter(), mode) },
        in_use,
    })
}

/// Parses `36 (5GHz, 80MHz)`. Older versions print the number alone.
fn channel(value: &Value) -> Option<(u16, Option<Band>)> {
    if let Some(number) = value.as_u64() {
        return Some((u16::try_from(number).ok()?, None));
    }
    let (number, rest) = value.as_str().map(|text| text.split_once(' ').unwrap_or((text, "")))?;
    let band = rest.strip_prefix('(').and_then(|rest| rest.split_once("GHz")).and_then(|(ghz, _)| Band::of_ghz(ghz));
    Some((number.parse().ok()?, band))
}

/// Parses `-54 dBm / -95 dBm` (signal and noise) and returns the signal in percent.
fn signal(text: &str) -> Option<u8> {
    let dbm: f32 = text.split("dBm").next()?.trim().parse().ok()?;
    dbm.is_finite().then(|| percent(dbm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::tests::lines;

    #[test]
    fn parses_a_recorded_report() {
        let list = parse(include_str!("recorded/system_profiler.json")).unwrap();
        assert_eq!(
            lines(&list),
            [
                "* Room 12 | 02:aa:bb:cc:dd:01 | 92 | 36 5 GHz | WPA2/WPA3",
                "a:b\\c 🙂 | - | 90 | 11 2.4 GHz | WPA2",
                "(hidden) | - | 60 | 37 6 GHz | WPA3",
                "evil | - | 40 | 6 2.4 GHz | WPA/WPA2",
                "eduroam | - | - | 100 5 GHz | WPA2 Enterprise",
                "museum | - | 20 | 3 2.4 GHz | WEP",
                "Library | - | 10 | 44 5 GHz | OWE",
                "cafe | - | 4 | 13 2.4 GHz | open",
                "tomorrow | - | 2 | 1 2.4 GHz | wpa9_magic",
            ]
        );
    }

    #[test]
    fn recognizes_withheld_names() {
        let list = parse(include_str!("recorded/system_profiler-redacted.json")).unwrap();
        assert_eq!(lines(&list), ["* (withheld) | - | 84 | 149 5 GHz | WPA2", "(withheld) | - | - | 6 2.4 GHz | WPA2"]);
    }

    #[test]
    fn tells_reports_without_networks_apart() {
        let off = r#"{"SPAirPortDataType":[{"spairport_airport_interfaces":[
            {"_name":"en0","spairport_status_information":"spairport_status_off"},{"_name":"awdl0"}]}]}"#;
        let alone = off.replace("status_off", "status_disassociated");
        let none = r#"{"SPAirPortDataType":[{"spairport_airport_interfaces":[]}]}"#;
        assert_eq!(parse(off), Err(Failure::WifiOff(HOW_TO_ENABLE)));
        assert_eq!(parse(&alone), Ok(vec![]));
        assert_eq!(parse(none), Err(Failure::NoAdapter));
        for wrong in ["", "{}", "[1]", r#"{"SPAirPortDataType":5}"#] {
            assert_eq!(parse(wrong), Err(Failure::UnknownFormat("system_profiler")), "{wrong}");
        }
    }
}
