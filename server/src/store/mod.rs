//! The files of the data folder.
//!
//! A file that is damaged, or of another program, is refused with an error that names it. It is left unchanged and
//! never replaced by an empty one.

pub mod accounts;
pub mod bans;
pub mod certificate;
pub mod exposure;
pub mod file_error;
pub mod identity;
pub mod json_file;
pub mod lock_file;
pub mod messages;
pub mod rules;
pub mod sessions;
pub mod web_port;

pub use crate::ban_row::BanRow;
pub use accounts::{Account, Accounts, BlocksError, NewAccount, PasswordError, RegisterError};
pub use bans::BanFile;
pub use file_error::FileError;
pub use identity::FileIdentity;
pub use lock_file::{LockError, LockFile, LockWatch};
pub use messages::Messages;
pub use rules::RulesFile;
pub use sessions::{Record, Sessions, Sighting};

use jiff::Timestamp;
use landline_common::OffsetDateTime;

/// Converts a moment to the form of the files: RFC 3339 in UTC. A moment outside the years that jiff supports becomes
/// 1970.
fn utc(moment: OffsetDateTime) -> Timestamp {
    Timestamp::from_millisecond(moment.unix_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
