//! Linux's `iw`. Its lists are made for people, but are the only ones where nobody runs NetworkManager: an entry begins
//! with `BSS`, what belongs to it is indented by one tab, what belongs to that by two.

mod entry;

use super::Found;
use super::network::Network;
use super::tool::{Said, Tool};
use super::trouble::Trouble;
use entry::Entry;

/// More adapters than a machine has; virtual ones repeat what the real ones see.
const MOST_INTERFACES: usize = 8;
const ON: &str = "ip link set up its interface as root, or rfkill unblock wifi";
const SEEN_LAST: &str = "scanning needs root; shown is what was seen last";
const BUSY: &str = "another program is scanning; shown is what was seen last";

/// Ends of its complaints: negative numbers of Linux's errors, in any language.
const NOT_PERMITTED: &str = "(-1)";
const BUSY_NOW: &str = "(-16)";
const DOWN: [&str; 2] = ["(-100)", "(-132)"];

/// Asks it.
///
/// # Errors
/// It lists none.
pub fn look() -> Result<Found, Trouble> {
    let iw = Tool::find("iw")?;
    let said = iw.run(&["dev"])?;
    // Without any adapter Linux does not even know what Wi-Fi is.
    if !said.success && !said.complaint.contains("nl80211 not found") {
        return Err(iw.complains(&said));
    }
    let interfaces = interfaces(&said.text);
    if interfaces.is_empty() {
        return Err(Trouble::NoAdapter);
    }
    let mut found = Found { networks: Vec::new(), note: None };
    let mut troubles = Vec::new();
    for interface in interfaces {
        match scan(&iw, interface) {
            Ok(Found { networks, note }) => {
                found.networks.extend(networks);
                found.note = found.note.or(note);
            }
            Err(trouble) => troubles.push(trouble),
        }
        if matches!(troubles.last(), Some(Trouble::Slow { .. })) {
            // The others would hang as well, each for as long.
            break;
        }
    }
    if found.networks.is_empty() { Err(troubles.into_iter().max().unwrap_or(Trouble::Nothing)) } else { Ok(found) }
}

/// What one interface hears; or, if this person may not scan, what it has heard last.
fn scan(iw: &Tool, interface: &str) -> Result<Found, Trouble> {
    let said = iw.run(&["dev", interface, "scan"])?;
    if said.success {
        return Ok(Found { networks: parse(said.whole("BSS "))?, note: None });
    }
    let (note, otherwise) = match refusal(&said) {
        Refusal::NotPermitted => (SEEN_LAST, Trouble::NotPermitted),
        Refusal::Busy => (BUSY, Trouble::Nothing),
        Refusal::Off => return Err(Trouble::Off(ON)),
        Refusal::Other => return Err(iw.complains(&said)),
    };
    let said = iw.run(&["dev", interface, "scan", "dump"])?;
    let networks = parse(said.whole("BSS "))?;
    if networks.is_empty() { Err(otherwise) } else { Ok(Found { networks, note: Some(note) }) }
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    NotPermitted,
    Busy,
    Off,
    Other,
}

fn refusal(said: &Said) -> Refusal {
    let complaint = said.complaint.trim_end();
    match complaint {
        _ if complaint.ends_with(NOT_PERMITTED) => Refusal::NotPermitted,
        _ if complaint.ends_with(BUSY_NOW) => Refusal::Busy,
        _ if DOWN.iter().any(|number| complaint.ends_with(number)) => Refusal::Off,
        _ => Refusal::Other,
    }
}

/// The interfaces that can be clients, from what `iw dev` prints.
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
    clients.truncate(MOST_INTERFACES);
    clients
}

/// Its list → access points.
///
/// # Errors
/// It is no such list.
pub fn parse(text: &str) -> Result<Vec<Network>, Trouble> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("BSS ") {
            entries.push(Entry::begin(head));
        } else if let (Some(entry), Some(line)) = (entries.last_mut(), line.strip_prefix('\t')) {
            entry.read(line);
        }
    }
    if entries.is_empty() && !text.trim().is_empty() {
        return Err(Trouble::Unintelligible("iw"));
    }
    Ok(entries.into_iter().map(Entry::network).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::tests::lines;

    #[test]
    fn a_recorded_list() {
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
    fn lists_that_are_none() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("Usage:\tiw [options] command\n"), Err(Trouble::Unintelligible("iw")));
        let list = parse("BSS nonsense\n\tfreq: much\n\tsignal: nan dBm\nBSS \n\tsignal: 200/100\n").unwrap();
        assert_eq!(lines(&list), ["(hidden) | - | - | - - | open", "(hidden) | - | 100 | - - | open"]);
    }

    #[test]
    fn only_clients_scan() {
        let text = include_str!("recorded/iw-dev.txt");
        assert_eq!(interfaces(text), ["wlan1", "wlp2s0"]);
        assert_eq!(interfaces(""), [""; 0]);
        let many: String = (0..100).map(|n| format!("\tInterface w{n}\n\t\ttype managed\n")).collect();
        assert_eq!(interfaces(&many).len(), MOST_INTERFACES);
    }
}
