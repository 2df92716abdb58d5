//! Types shared by the modules of the store: retention, and the columns that identify a conversation.

use landline_common::history::HistoryOwner;
use std::borrow::Cow;

/// How long history is kept. Mail is kept until it is delivered, whatever the retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Stores no new history, and shows none of the history in the file.
    Off,
    /// Stores everything and removes nothing by age.
    Forever,
    /// Removes messages that are older than this number of days.
    Days(u32),
}

/// The kind of a conversation: column `kind` of the table `circle`, whose rows are conversations. Kind 0 is the single
/// row for messages to all users online, see [`super::schema::GLOBAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConversationKind {
    /// A room. Its key is the room's key.
    Room = 1,
    /// The direct messages that an account sends. Its key is the account's name key.
    Account = 2,
    /// The direct messages that a guest sends during one visit. Its key is the number of the visit.
    Guest = 3,
}

/// The columns `kind` and `key` that identify an owner of direct messages.
pub(super) trait OwnerColumns {
    fn kind(&self) -> ConversationKind;
    fn key(&self) -> Cow<'_, str>;
}

impl OwnerColumns for HistoryOwner {
    fn kind(&self) -> ConversationKind {
        match self {
            HistoryOwner::Account(_) => ConversationKind::Account,
            HistoryOwner::Guest(_) => ConversationKind::Guest,
        }
    }

    fn key(&self) -> Cow<'_, str> {
        match self {
            HistoryOwner::Account(key) => key.as_str().into(),
            HistoryOwner::Guest(session) => session.to_string().into(),
        }
    }
}

/// Converts an id for SQLite. Ids are below 2⁵³; a larger one becomes the highest possible id, which is stored once.
pub(super) fn to_sql_id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}
