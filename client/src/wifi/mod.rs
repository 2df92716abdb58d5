//! The Wi-Fi networks around, told by the platform's own tool. Everything in a list of networks comes from the air:
//! anybody can name a network as they like.

mod iw;
mod netsh;
mod network;
mod nmcli;
mod print;
mod security;
mod system_profiler;
mod tool;
mod trouble;

#[cfg(test)]
mod tests;

use network::{Network, merge};
use trouble::Trouble;

/// What a tool told.
struct Found {
    /// Access points, one by one.
    networks: Vec<Network>,
    /// What is to be known about the list.
    note: Option<&'static str>,
}

/// A way to ask.
type Look = fn() -> Result<Found, Trouble>;

/// Prints the networks that are around.
///
/// # Errors
/// There are none, or they cannot be listed; it says what to do.
pub fn run(json: bool) -> anyhow::Result<bool> {
    // Chosen while running, so that every platform's code is compiled, linted and tested on all of them.
    let ways: &[Look] = match std::env::consts::OS {
        "windows" => &[netsh::look],
        "macos" => &[system_profiler::look],
        _ => &[nmcli::look, iw::look],
    };
    let Found { networks, note } = first(ways)?;
    if let Some(note) = note {
        eprintln!("landline: {note}");
    }
    let networks = merge(networks);
    crate::print(&if json { print::json_lines(&networks) } else { print::table(&networks) })
}

/// What the first tool tells that tells something.
fn first(ways: &[Look]) -> Result<Found, Trouble> {
    let mut most_telling = Trouble::Missing;
    for look in ways {
        match look() {
            Ok(found) => return Ok(found),
            Err(trouble) => most_telling = most_telling.max(trouble),
        }
    }
    Err(most_telling)
}
