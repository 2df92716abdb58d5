//! What the store knows of the records that go in and come out.

use landline_common::history::HistoryOwner;
use std::borrow::Cow;

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Nothing new is kept, and what was kept is not shown. Mail works.
    Off,
    /// Everything, for as long as the file is there.
    Forever,
    /// What is younger than so many days.
    Days(u32),
}

/// Where a message belongs: each circle has its own members, and nobody else sees what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConversationKind {
    Room = 1,
    /// The direct messages of an account.
    Account = 2,
    /// The direct messages of one visit.
    Guest = 3,
}

/// A party as the tables have it.
pub(super) trait InTables {
    fn kind(&self) -> ConversationKind;
    fn key(&self) -> Cow<'_, str>;
}

impl InTables for HistoryOwner {
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
