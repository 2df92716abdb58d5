//! What lasts: files in the data folder.
//!
//! A file that is torn or foreign is refused by name and left as it is; it is never replaced by an empty one.

pub mod accounts;
pub mod bans;
pub mod exposure;
pub mod file_error;
pub mod json_file;
pub mod lock_file;
pub mod messages;
pub mod sessions;

pub use accounts::{Account, Accounts, BlocksError, NewAccount, RegisterError};
pub use bans::{BanFile, BanRow};
pub use file_error::FileError;
pub use lock_file::{LockError, LockFile};
pub use messages::Messages;
pub use sessions::{Record, Sessions, Sighting};

use jiff::Timestamp;
use landline_common::Moment;

/// A moment as the files have it: RFC 3339 in UTC. One outside the years that jiff knows is shown as 1970.
fn utc(moment: Moment) -> Timestamp {
    Timestamp::from_millisecond(moment.unix_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
