//! Who runs a room and the server, who may enter, and who may speak.
//!
//! The rules are pure: they are asked with an identity and a time, and answer with a refusal or not. Each question is
//! asked in one place of the session, whatever the door, so that no door is a way around a rule:
//!
//! | question | asked by | rule |
//! |---|---|---|
//! | may this user come in? | sign-in | [`ServerRules::admit`] |
//! | may this user enter the room? | joining, sign-in | [`RoomRules::admit`] |
//! | may this user speak in the room? | each message of talk | [`RoomRules::allow_message`] |
//! | may this user do that here? | each command of owners | [`RoomRules::is_owner`], [`ServerRules::is_owner`] |
//!
//! A sanction (mute or ban) holds for a name, for the account or the session of a guest, for the program that has the
//! guest's name token, and for the address if no other user had it when the sanction was made: thirty phones behind one
//! router are one address. A pause in slow mode holds for the same, so that no new sign-in ends it. Rights of a guest
//! (ownership, an invitation, the floor) belong to its session alone.

mod record;
mod room;
mod sanctions;
mod server;
mod table;

pub(super) use room::{Hand, Pin, RoomRules};
pub(super) use sanctions::{Sanction, Sanctions};
pub(super) use server::ServerRules;
pub(super) use table::{RoomGate, RulesTable, unused_since_ms};

use super::name_tokens::NameHolder;
use landline_common::history::HistoryOwner;
use landline_common::{NameKey, OffsetDateTime};
use std::sync::Arc;

/// What the rules know of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) name: NameKey,
    /// Names that the user had earlier in its session.
    pub(super) former_names: Arc<[NameKey]>,
    /// The account, or the session of a guest.
    pub(super) owner: HistoryOwner,
    /// The program of a guest that has a name token.
    pub(super) holder: Option<NameHolder>,
    pub(super) address: Arc<str>,
    /// No other user has the address. Only a pause in slow mode depends on it, so other callers leave it false.
    pub(super) has_own_address: bool,
}

impl Identity {
    /// Returns what the rules know of an account that is not here.
    pub(super) fn absent_account(name: NameKey) -> Identity {
        let owner = HistoryOwner::Account(name.clone());
        Identity { name, former_names: Arc::default(), owner, holder: None, address: "".into(), has_own_address: false }
    }
}

/// Seconds from `now` until a time in milliseconds, rounded up, at least 1.
fn seconds_until(until_ms: i64, now: OffsetDateTime) -> u64 {
    u64::try_from(until_ms.saturating_sub(now.unix_ms)).unwrap_or(0).div_ceil(1_000).max(1)
}

/// The time `minutes` from `now`, in milliseconds.
fn after_minutes(minutes: u64, now: OffsetDateTime) -> i64 {
    now.unix_ms.saturating_add(i64::try_from(minutes.saturating_mul(60_000)).unwrap_or(i64::MAX))
}
