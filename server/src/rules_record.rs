//! What outlasts a restart of the rules that [`crate::hub`] enforces: the record that [`crate::store`] writes.
//!
//! Only accounts are kept as owners and as invited: a guest's rights belong to its session. The mutes and bans of a guest
//! are kept. If the guest has a name token, so are its name, and that it was inside closed doors.

use serde::{Deserialize, Serialize};

/// The rules of the server and of its rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesRecord {
    /// The rules of the server.
    pub server: ServerRecord,
    /// Rooms that belong to the server's owners: they are older than the rules.
    pub server_rooms: Vec<String>,
    /// Rooms with owners or rules.
    pub rooms: Vec<RoomRecord>,
    /// Names that are reserved for absent guests.
    #[serde(default)]
    pub names: Vec<NameRecord>,
}

/// A name that is reserved for an absent guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRecord {
    /// The name.
    pub user: String,
    /// The hash of the guest's name token.
    pub holder: String,
    /// The guest's address or network, by which names are counted.
    pub address: String,
    /// The bound on names of that network, as a multiple of the bound of one address.
    pub multiplier: u32,
    /// When the guest left, in milliseconds since 1970.
    pub left_ms: i64,
}

/// The rules of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRecord {
    /// Names of the accounts that own the server.
    pub owners: Vec<String>,
    /// Users who may not come in.
    pub bans: Vec<SanctionRecord>,
    /// Guests may write to owners only.
    pub whispers_to_owners_only: bool,
    /// Accounts that may come in although the doors are closed; `None` while they are open.
    pub inside: Option<Vec<String>>,
    /// The hashes of the name tokens of guests who may come in although the doors are closed.
    #[serde(default)]
    pub inside_holders: Vec<String>,
}

/// The rules of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomRecord {
    /// The room.
    pub name: String,
    /// Names of the accounts that own it.
    pub owners: Vec<String>,
    /// The room belongs to the server's owners, beside the accounts.
    #[serde(default)]
    pub of_server: bool,
    /// The topic.
    pub topic: Option<String>,
    /// The message on top.
    pub pin: Option<PinRecord>,
    /// The key word.
    pub key: Option<String>,
    /// Only invited users may enter.
    pub closed: bool,
    /// Names of the accounts that are invited.
    pub invited: Vec<String>,
    /// Only owners and users with the floor speak.
    pub quiet: bool,
    /// Seconds between two messages of a user; 0 without slow mode.
    pub slow_seconds: u64,
    /// Users who may not speak.
    pub mutes: Vec<SanctionRecord>,
    /// Users who may not enter.
    pub bans: Vec<SanctionRecord>,
    /// Time of the last use, in milliseconds since 1970.
    pub last_used_ms: i64,
}

/// A message that is kept on top of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinRecord {
    /// Id of the message.
    pub id: u64,
    /// Time of the message in milliseconds since 1970.
    pub at_ms: i64,
    /// Name of the author.
    pub user: String,
    /// The beginning of the text, as one line.
    pub text: String,
}

/// A mute or a ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanctionRecord {
    /// The user's name.
    pub user: String,
    /// The account that the user is, or has registered since.
    pub account: Option<String>,
    /// The hash of the guest's name token, if the guest had one.
    #[serde(default)]
    pub holder: Option<String>,
    /// The address, if no other user had it.
    pub address: Option<String>,
    /// End in milliseconds since 1970; `None` without an end.
    pub until_ms: Option<i64>,
}
