//! The menu that chooses a user.

use super::{Choice, Menu, MenuRow, Subject};
use crate::chat::conversation::ConversationId;

/// A user in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name.
    pub user: Box<str>,
    /// Words on the user, such as `hand 1`.
    pub hint: String,
}

/// Creates the menu of `users`, the most likely first. The first nine have a digit.
#[must_use]
pub fn members(of: ConversationId, users: Vec<Listed>) -> Menu {
    let digits = ('1'..='9').map(Some).chain(std::iter::repeat(None));
    let rows = users.into_iter().zip(digits).map(|(Listed { user, hint }, key)| MenuRow {
        key,
        label: user.to_string(),
        hint,
        choice: Choice::User(user),
    });
    Menu::new(Subject::Members(of), " Which user? ".to_owned(), rows.collect())
}
