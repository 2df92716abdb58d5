//! Reports for names that cannot be used.

use super::{Cause, Report};
use crate::name::NameError;

impl Report<'static> {
    /// The report for an invalid user name.
    #[must_use]
    pub fn from_user_name_error(error: NameError, text: &str) -> Report<'static> {
        match error {
            // A reserved name has only characters of names, so it is safe to show.
            NameError::Reserved => Cause::NameReserved.with_user(text.to_owned()),
            error => error.into(),
        }
    }

    /// The report for an invalid room name.
    #[must_use]
    pub fn from_room_name_error(error: NameError) -> Report<'static> {
        if error == NameError::Reserved { Cause::RoomNameReserved.report() } else { error.into() }
    }
}

impl From<NameError> for Report<'static> {
    fn from(error: NameError) -> Report<'static> {
        match error {
            NameError::Empty => Cause::NameEmpty.report(),
            NameError::TooLong(most) => Cause::NameTooLong.with_count(most as u64),
            NameError::BadUser => Cause::NameBad.report(),
            NameError::BadRoom => Cause::RoomNameBad.report(),
            NameError::Reserved => Cause::NameReserved.report().with_text("That name is reserved. Choose another."),
        }
    }
}

/// Returns the end of the sentence about an unknown command: the command that was meant, if known, and where all are.
pub(super) fn hint(meant: Option<&str>) -> String {
    match meant {
        None => " Try /help.".to_owned(),
        Some("/help") => " Did you mean /help?".to_owned(),
        Some(meant) => format!(" Did you mean {meant}? Try /help."),
    }
}
