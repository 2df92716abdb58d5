//! Why no networks could be listed, and what to do about it.

use std::fmt;

/// In the order of how much each tells: where several tools failed, the last of these is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The tool is not on this machine.
    Missing,
    /// It works, and sees no network.
    Nothing,
    /// It is the tool of a service that does not run.
    NoManager,
    /// It complains.
    Complains {
        /// The tool.
        tool: &'static str,
        /// In its words, cleaned.
        why: String,
    },
    /// It printed what this program cannot read.
    Unintelligible(&'static str),
    /// It did not end in time.
    Slow {
        /// The tool.
        tool: &'static str,
        /// So many seconds it had.
        seconds: u64,
    },
    /// It may not look for networks, and remembers none.
    NotPermitted,
    /// Windows shows networks only to those who may know where they are.
    NoLocation,
    /// There is nothing to look for networks with.
    NoAdapter,
    /// It is switched off; this switches it on.
    Off(&'static str),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => f.write_str("no Wi-Fi tool was found; install NetworkManager (nmcli) or iw"),
            Trouble::Nothing => f.write_str("no Wi-Fi network is in reach; try again where there is one"),
            Trouble::NoManager => {
                f.write_str("nmcli needs NetworkManager, which is not running; start it, or install iw")
            }
            Trouble::Complains { tool, why } => write!(f, "{tool} could not list the Wi-Fi networks; it says: {why}"),
            Trouble::Unintelligible(tool) => {
                write!(f, "{tool} printed something unexpected; another version of it may work")
            }
            Trouble::Slow { tool, seconds } => {
                write!(f, "{tool} did not answer within {seconds} s and was stopped; try again")
            }
            Trouble::NotPermitted => f.write_str("looking for Wi-Fi networks needs root: sudo landline wifi"),
            Trouble::NoLocation => f.write_str(
                "Windows shows Wi-Fi networks only with the location switched on: Settings, Privacy & security, Location",
            ),
            Trouble::NoAdapter => f.write_str("this machine has no Wi-Fi adapter, or no driver for it"),
            Trouble::Off(how) => write!(f, "Wi-Fi is switched off; switch it on: {how}"),
        }
    }
}

impl std::error::Error for Trouble {}
