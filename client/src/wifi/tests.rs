//! Tests of all parsers together: no input makes one panic or puts control characters on the terminal.

use super::failure::Failure;
use super::network::{Name, Network, merge};
use super::{Scan, first_success, iw, netsh, nmcli, print, system_profiler};
use proptest::prelude::*;
use std::fmt::Display;

/// Formats a network as one line, for comparison.
fn line(network: &Network) -> String {
    fn or_dash(value: Option<impl Display>) -> String {
        value.map_or("-".into(), |value| value.to_string())
    }
    let name = match &network.name {
        Name::Known(name) => name,
        Name::Hidden => "(hidden)",
        Name::Withheld => "(withheld)",
    };
    let used = if network.in_use { "* " } else { "" };
    let bssid = or_dash(network.bssid);
    let signal = or_dash(network.signal);
    format!(
        "{used}{name} | {bssid} | {signal} | {} {} | {}",
        or_dash(network.channel),
        or_dash(network.band),
        network.security
    )
}

pub fn lines(networks: &[Network]) -> Vec<String> {
    networks.iter().map(line).collect()
}

fn parsed(text: &str) -> Vec<Network> {
    let or_dash = [nmcli::parse(text), iw::parse(text), Ok(netsh::parse(text)), system_profiler::parse(text)];
    or_dash.into_iter().flatten().flatten().collect()
}

/// Lists in the format of each tool, with made-up networks: no single place has all cases.
const RECORDED: [&str; 7] = [
    include_str!("recorded/nmcli.txt"),
    include_str!("recorded/iw.txt"),
    include_str!("recorded/netsh-en.txt"),
    include_str!("recorded/netsh-de.txt"),
    include_str!("recorded/netsh-interfaces.txt"),
    include_str!("recorded/system_profiler.json"),
    include_str!("recorded/system_profiler-redacted.json"),
];

/// Generates a recorded list in which a part is replaced by garbage.
fn corrupted() -> impl Strategy<Value = String> {
    let garbage = prop_oneof![any::<String>(), "[\\\\:x\t\n0-9a-f\u{1b}\\[%]{0,40}"];
    (0..RECORDED.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), garbage).prop_map(
        |(which, from, to, garbage)| {
            let chars: Vec<char> = RECORDED[which].chars().collect();
            let from = from.index(chars.len());
            let to = to.index(chars.len()).max(from);
            let before = &chars[..from];
            let after = &chars[to..];
            before.iter().copied().chain(garbage.chars()).chain(after.iter().copied()).collect()
        },
    )
}

proptest! {
    #[test]
    fn no_input_panics_or_puts_control_characters_on_the_terminal(text in prop_oneof![any::<String>(), corrupted()]) {
        let networks = merge(parsed(&text));
        for text in [print::table(&networks), print::json_lines(&networks)] {
            let safe = |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
            prop_assert!(text.chars().all(safe), "{text:?}");
        }
        prop_assert_eq!(print::table(&networks).lines().count(), networks.len() + 1);
    }
}

#[test]
fn one_working_tool_suffices() {
    let found = || Ok(Scan { networks: iw::parse("BSS \n")?, note: None });
    assert_eq!(first_success(&[|| Err(Failure::NoAdapter), found]).ok().map(|scan| scan.networks.len()), Some(1));
    let why = |scanners: &[super::Scanner]| first_success(scanners).err();
    assert_eq!(why(&[|| Err(Failure::NoTool), || Err(Failure::NoTool)]), Some(Failure::NoTool));
    assert_eq!(why(&[|| Err(Failure::NoAdapter), || Err(Failure::NoTool)]), Some(Failure::NoAdapter));
    assert_eq!(why(&[|| Err(Failure::NoNetwork), || Err(Failure::WifiOff("so"))]), Some(Failure::WifiOff("so")));
}
