//! Lists the Wi-Fi networks in range with the platform's own tool. Names and other fields come from the air, so
//! treat them as hostile input: any access point may send control characters in its name.

mod failure;
mod iw;
mod netsh;
mod network;
mod nmcli;
mod print;
mod security;
mod system_profiler;
mod tool;

#[cfg(test)]
mod tests;

use failure::Failure;
use network::{Network, merge};

/// The result of a scan.
struct Scan {
    /// One entry per access point, not yet merged.
    networks: Vec<Network>,
    /// A hint for the user about the quality of the list, printed to standard error.
    note: Option<&'static str>,
}

/// Runs one platform tool and parses its list.
type Scanner = fn() -> Result<Scan, Failure>;

/// Prints the networks in range, as a table or as JSON lines.
///
/// # Errors
/// No network is in range, or the list cannot be had; the message tells the user what to do.
pub fn run(json: bool) -> anyhow::Result<bool> {
    // Chosen at run time, so that each platform's parser is compiled, linted and tested on every platform.
    let scanners: &[Scanner] = match std::env::consts::OS {
        "windows" => &[netsh::scan],
        "macos" => &[system_profiler::scan],
        _ => &[nmcli::scan, iw::scan],
    };
    let Scan { networks, note } = first_success(scanners)?;
    if let Some(note) = note {
        eprintln!("landline: {note}");
    }
    let networks = merge(networks);
    crate::print(&if json { print::json_lines(&networks) } else { print::table(&networks) })
}

/// Returns the first scan that succeeds, or the most specific error of all tools.
fn first_success(scanners: &[Scanner]) -> Result<Scan, Failure> {
    let mut most_specific = Failure::NoTool;
    for scan in scanners {
        match scan() {
            Ok(found) => return Ok(found),
            Err(failure) => most_specific = most_specific.max(failure),
        }
    }
    Err(most_specific)
}
