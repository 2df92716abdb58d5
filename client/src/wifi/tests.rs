//! What the parsers have in common: how their tests write a network, and that no input breaks them.

use super::network::{Name, Network, merge};
use super::trouble::Trouble;
use super::{Found, first, iw, netsh, nmcli, print, system_profiler};
use proptest::prelude::*;
use std::fmt::Display;

/// A network in one line.
fn line(network: &Network) -> String {
    fn told(value: Option<impl Display>) -> String {
        value.map_or("-".into(), |value| value.to_string())
    }
    let name = match &network.name {
        Name::Known(name) => name,
        Name::Hidden => "(hidden)",
        Name::Withheld => "(withheld)",
    };
    let used = if network.in_use { "* " } else { "" };
    let (bssid, signal) = (told(network.bssid), told(network.signal));
    format!(
        "{used}{name} | {bssid} | {signal} | {} {} | {}",
        told(network.channel),
        told(network.band),
        network.security
    )
}

pub fn lines(networks: &[Network]) -> Vec<String> {
    networks.iter().map(line).collect()
}

fn parsed(text: &str) -> Vec<Network> {
    let told = [nmcli::parse(text), iw::parse(text), Ok(netsh::parse(text)), system_profiler::parse(text)];
    told.into_iter().flatten().flatten().collect()
}

/// Lists as these tools print them, in form; their networks are made up, since no one place has all that may come.
const RECORDED: [&str; 7] = [
    include_str!("recorded/nmcli.txt"),
    include_str!("recorded/iw.txt"),
    include_str!("recorded/netsh-en.txt"),
    include_str!("recorded/netsh-de.txt"),
    include_str!("recorded/netsh-interfaces.txt"),
    include_str!("recorded/system_profiler.json"),
    include_str!("recorded/system_profiler-redacted.json"),
];

/// A real list in which something was cut out and something put in.
fn torn() -> impl Strategy<Value = String> {
    let garbage = prop_oneof![any::<String>(), "[\\\\:x\t\n0-9a-f\u{1b}\\[%]{0,40}"];
    (0..RECORDED.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), garbage).prop_map(
        |(which, from, to, garbage)| {
            let chars: Vec<char> = RECORDED[which].chars().collect();
            let (from, to) = (from.index(chars.len()), to.index(chars.len()));
            let (before, after) = (&chars[..from], &chars[to.max(from)..]);
            before.iter().copied().chain(garbage.chars()).chain(after.iter().copied()).collect()
        },
    )
}

proptest! {
    #[test]
    fn no_input_breaks_a_parser_or_reaches_the_terminal(text in prop_oneof![any::<String>(), torn()]) {
        let networks = merge(parsed(&text));
        for text in [print::table(&networks), print::json_lines(&networks)] {
            let safe = |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
            prop_assert!(text.chars().all(safe), "{text:?}");
        }
        prop_assert_eq!(print::table(&networks).lines().count(), networks.len() + 1);
    }
}

#[test]
fn a_tool_that_works_is_enough() {
    let found = || Ok(Found { networks: iw::parse("BSS \n")?, note: None });
    assert_eq!(first(&[|| Err(Trouble::NoAdapter), found]).ok().map(|found| found.networks.len()), Some(1));
    let why = |ways: &[super::Look]| first(ways).err();
    assert_eq!(why(&[|| Err(Trouble::Missing), || Err(Trouble::Missing)]), Some(Trouble::Missing));
    assert_eq!(why(&[|| Err(Trouble::NoAdapter), || Err(Trouble::Missing)]), Some(Trouble::NoAdapter));
    assert_eq!(why(&[|| Err(Trouble::Nothing), || Err(Trouble::Off("so"))]), Some(Trouble::Off("so")));
}
