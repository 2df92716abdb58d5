//! Scans with Linux's `iw`, for machines without NetworkManager. Its output is meant for people: an entry begins with
//! `BSS`, its fields are indented by one tab, their details by two.

mod entry;

use super::Scan;
use super::failure::Failure;
use super::network::Network;
use super::tool::{Tool, ToolOutput};
use entry::BssEntry;

/// Interfaces to scan at most, since each scan takes seconds. Virtual interfaces repeat what the real ones see.
const MAX_INTERFACES: usize = 8;
const HOW_TO_ENABLE: &str = "ip link set up its interface as root, or rfkill unblock wifi";
const CACHED_NOT_PERMITTED: &str = "scanning needs root; these are the results of the last scan";
const CACHED_BUSY: &str = "another program is scanning; these are the results of the last scan";

/// Error messages of `iw` end with a negated errno, which no translation changes: EPERM, EBUSY, then ENETDOWN and
/// ERFKILL.
const NOT_PERMITTED: &str = "(-1)";
const BUSY: &str = "(-16)";
const DOWN: [&str; 2] = ["(-100)", "(-132)"];

/// Scans on every interface in client mode.
///
/// # Errors
/// `iw` is missing or fails, there is no adapter, or no interface sees a network.
pub fn scan() -> Result<Scan, Failure> {
    let iw = Tool::find("iw")?;
    let output = iw.run(&["dev"])?;
    // On a machine without any adapter `iw` may fail like this, too; the empty list below then reports that.
    if !output.success && !output.stderr.contains("nl80211 not found") {
        return Err(iw.failure_of(&output));
    }
    let interfaces = interfaces(&output.stdout);
    if interfaces.is_empty() {
        return Err(Failure::NoAdapter);
    }
    let mut found = Scan { networks: Vec::new(), note: None };
    let mut failures = Vec::new();
    for interface in interfaces {
        match scan_interface(&iw, interface) {
            Ok(Scan { networks, note }) => {
                found.networks.extend(networks);
                found.note = found.note.or(note);
            }
            Err(failure) => failures.push(failure),
        }
        if matches!(failures.last(), Some(Failure::TimedOut { .. })) {
            // The other interfaces would likely hang as well, each for the full deadline.
            break;
        }
    }
    if found.networks.is_empty() { Err(failures.into_iter().max().unwrap_or(Failure::NoNetwork)) } else { Ok(found) }
}

/// Scans on one interface. Where the user may not scan, or another scan is running, returns the kernel's cached list.
fn scan_interface(iw: &Tool, interface: &str) -> Result<Scan, Failure> {
    let output = iw.run(&["dev", interface, "scan"])?;
    if output.success {
        return Ok(Scan { networks: parse(output.complete_entries("BSS "))?, note: None });
    }
    let (note, if_empty) = match refusal(&output) {
        IwRefusal::NotPermitted => (CACHED_NOT_PERMITTED, Failure::NotPermitted),
        IwRefusal::Busy => (CACHED_BUSY, Failure::NoNetwork),
        IwRefusal::Off => return Err(Failure::WifiOff(HOW_TO_ENABLE)),
        IwRefusal::Other => return Err(iw.failure_of(&output)),
    };
    let output = iw.run(&["dev", interface, "scan", "dump"])?;
    let networks = parse(output.complete_entries("BSS "))?;
    if networks.is_empty() { Err(if_empty) } else { Ok(Scan { networks, note: Some(note) }) }
}

#[derive(Debug, PartialEq, Eq)]
enum IwRefusal {
    NotPermitted,
    Busy,
    Off,
    Other,
}

fn refusal(output: &ToolOutput) -> IwRefusal {
    let complaint = output.stderr.trim_end();
    match complaint {
        _ if complaint.ends_with(NOT_PERMITTED) => IwRefusal::NotPermitted,
        _ if complaint.ends_with(BUSY) => IwRefusal::Busy,
        _ if DOWN.iter().any(|number| complaint.ends_with(number)) => IwRefusal::Off,
        _ => IwRefusal::Other,
    }
}

/// Returns the interfaces in client mode ("managed") from the output of `iw dev`.
fn interfaces(text: &str) -> Vec<&str> {
    let mut clients = Vec::new();
    let mut name = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(interface) = line.strip_prefix("Interface ") {
            name = Some(interface);
        } else if line == "type managed" {
            clients.extend(name.take());
        }
    }
    clients.truncate(MAX_INTERFACES);
    clients
}

/// Parses the output of `iw dev NAME scan` into access points.
///
/// # Errors
/// The output is not empty and has no `BSS` entry.
pub fn parse(text: &str) -> Result<Vec<Network>, Failure> {
    let mut entries: Vec<BssEntry> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("BSS ") {
            entries.push(BssEntry::begin(head));
        } else if let (Some(entry), Some(line)) = (entries.last_mut(), line.strip_prefix('\t')) {
            entry.read(line);
        }
    }
    if entries.is_empty() && !text.trim().is_empty() {
        return Err(Failure::UnknownFormat("iw"));
    }
    Ok(entries.into_iter().map(BssEntry::network).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::tests::lines;

    #[test]
    fn parses_a_recorded_scan() {
        let list = parse(include_str!("recorded/iw.txt")).unwrap();
        assert_eq!(
            lines(&list),
            [
                "* Room 12 | 02:aa:bb:cc:dd:01 | 100 | 36 5 GHz | WPA2/WPA3",
                "Çay Evi ☕ | 02:aa:bb:cc:dd:02 | 72 | 37 6 GHz | WPA3",
                "(hidden) | 02:aa:bb:cc:dd:03 | 60 | 44 5 GHz | WPA2",
                "(hidden) | 02:aa:bb:cc:dd:04 | 58 | 1 2.4 GHz | WPA2",
                "badname | 02:aa:bb:cc:dd:05 | 40 | 6 2.4 GHz | WPA/WPA2",
                "esc\\x1b: a:b | 02:aa:bb:cc:dd:06 | 38 | 11 2.4 GHz | WPA",
                "eduroam | 02:aa:bb:cc:dd:07 | 36 | 100 5 GHz | WPA2 Enterprise",
                "vault | 02:aa:bb:cc:dd:08 | 30 | 149 5 GHz | WPA3 Enterprise",
                "Library | 02:aa:bb:cc:dd:09 | 26 | 44 5 GHz | OWE",
                "museum | 02:aa:bb:cc:dd:0a | 24 | 3 2.4 GHz | WEP",
                "cafe | 02:aa:bb:cc:dd:0b | 70 | 13 2.4 GHz | open",
                "tomorrow | 02:aa:bb:cc:dd:0c | 0 | 14 2.4 GHz | WPA2",
            ]
        );
    }

    #[test]
    fn accepts_empty_output_and_rejects_other_text() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("Usage:\tiw [options] command\n"), Err(Failure::UnknownFormat("iw")));
        let list = parse("BSS nonsense\n\tfreq: much\n\tsignal: nan dBm\nBSS \n\tsignal: 200/100\n").unwrap();
        assert_eq!(lines(&list), ["(hidden) | - | - | - - | open", "(hidden) | - | 100 | - - | open"]);
    }

    #[test]
    fn lists_managed_interfaces_only() {
        let text = include_str!("recorded/iw-dev.txt");
        assert_eq!(interfaces(text), ["wlan1", "wlp2s0"]);
        assert_eq!(interfaces(""), [""; 0]);
        let many: String = (0..100).map(|n| format!("\tInterface w{n}\n\t\ttype managed\n")).collect();
        assert_eq!(interfaces(&many).len(), MAX_INTERFACES);
    }
}
