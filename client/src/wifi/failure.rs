//! Why a scan failed, and the advice for the user.

use std::fmt;

/// A failed scan. The order counts: if several tools fail, the user sees the greatest, which is the most specific.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The tool is not installed.
    NoTool,
    /// The scan worked and found no network.
    NoNetwork,
    /// `nmcli` is installed, but NetworkManager does not run.
    NoManager,
    /// The tool failed with a message of its own.
    ToolFailed {
        /// Name of the tool.
        tool: &'static str,
        /// Its message, cleaned.
        why: String,
    },
    /// The output of this tool has an unknown format.
    UnknownFormat(&'static str),
    /// The tool did not end in time.
    TimedOut {
        /// Name of the tool.
        tool: &'static str,
        /// Its deadline in seconds.
        seconds: u64,
    },
    /// The user may not scan, and there is no cached list.
    NotPermitted,
    /// Windows lists networks only with location access, and that is off.
    NoLocation,
    /// The machine has no Wi-Fi adapter.
    NoAdapter,
    /// Wi-Fi is switched off. The text tells how to switch it on.
    WifiOff(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoTool => f.write_str("no Wi-Fi tool was found; install NetworkManager (nmcli) or iw"),
            Failure::NoNetwork => f.write_str("no Wi-Fi network in range; try again in another place"),
            Failure::NoManager => {
                f.write_str("nmcli needs NetworkManager, which is not running; start it, or install iw")
            }
            Failure::ToolFailed { tool, why } => write!(f, "{tool} cannot list the Wi-Fi networks: {why}"),
            Failure::UnknownFormat(tool) => {
                write!(f, "{tool} printed output in an unknown format; another version may work")
            }
            Failure::TimedOut { tool, seconds } => {
                write!(f, "{tool} did not answer within {seconds} s and was stopped; try again")
            }
            Failure::NotPermitted => f.write_str("looking for Wi-Fi networks needs root: sudo landline wifi"),
            Failure::NoLocation => f.write_str(
                "Windows shows Wi-Fi networks only with the location switched on: Settings, Privacy & security, Location",
            ),
            Failure::NoAdapter => f.write_str("this machine has no Wi-Fi adapter, or no driver for it"),
            Failure::WifiOff(how) => write!(f, "Wi-Fi is switched off; switch it on: {how}"),
        }
    }
}

impl std::error::Error for Failure {}
