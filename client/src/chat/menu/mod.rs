//! A menu over the conversation: it chooses a user, acts on a user, or runs a room.
//!
//! A menu is made once, when it opens, from what the client knows then. Events change neither its rows nor its subject, so
//! that a key never acts on another user than the one that the screen showed. `state/menus.rs` carries the choices out.

mod members;
mod room;
mod user;

pub use members::{Listed, members};
pub use room::{Newest, RoomAct, room};
pub use user::{About, UserAct, user};

use super::bindings::{Action, action_of};
use super::conversation::ConversationId;
use super::editor::Edit;
use super::key::{Code, Key};

/// Rows by which PgUp and PgDn move.
const PAGE_ROWS: usize = 10;
/// Characters of a name that are searched for.
const MAX_FILTER_CHARS: usize = 40;

/// What a menu is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The users of a conversation, one of whom is chosen.
    Members(ConversationId),
    /// A user, and the room in which the user is acted on.
    User {
        /// Name of the user.
        user: Box<str>,
        /// Name of the room; `None` outside of rooms.
        room: Option<Box<str>>,
        /// Id of the user's message that the menu shows.
        message: Option<u64>,
    },
    /// A room.
    Room(Box<str>),
}

/// The choice of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Show the menu about this user.
    User(Box<str>),
    /// Act on the user that the menu is about.
    Act(UserAct),
    /// Change the room that the menu is about, or ask about it.
    Run(RoomAct),
    /// Put a command into the input of the room, for the user to complete.
    Draft(String),
    /// Show the menu that chooses a user.
    Members,
    /// Put the user's newest message of the room into the input, to change it.
    Edit,
}

/// A row of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuRow {
    /// Key that chooses the row at once.
    pub key: Option<char>,
    /// What the row does, or the name of a user.
    pub label: String,
    /// More about it: how to take it back, or the mark of a user.
    pub hint: String,
    /// What happens.
    pub choice: Choice,
}

/// An open menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// Subject.
    pub subject: Subject,
    /// Title.
    pub title: String,
    /// What has changed since the menu opened.
    pub remark: Option<String>,
    rows: Vec<MenuRow>,
    /// Index of the selected row among the visible ones.
    selected: usize,
    /// Beginning of the wanted name, in a menu of users.
    filter: String,
}

/// The effect of a key on a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuKey {
    /// The menu stays open.
    Stay,
    /// The menu closes.
    Close,
    /// The menu closes, and this is carried out.
    Choose(Choice),
}

impl Menu {
    /// Creates a menu with its first row selected.
    #[must_use]
    pub fn new(subject: Subject, title: String, rows: Vec<MenuRow>) -> Menu {
        Menu { subject, title, remark: None, rows, selected: 0, filter: String::new() }
    }

    /// Returns the rows that the typed name leaves, each with whether it is selected.
    pub fn visible(&self) -> impl Iterator<Item = (&MenuRow, bool)> {
        let filter = self.filter.to_lowercase();
        let fits = move |row: &&MenuRow| row.label.to_lowercase().starts_with(&filter);
        self.rows.iter().filter(fits).enumerate().map(|(index, row)| (row, index == self.selected))
    }

    /// Returns the typed beginning of a name.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Returns whether the user types names into this menu.
    #[must_use]
    pub fn takes_names(&self) -> bool {
        matches!(self.subject, Subject::Members(_))
    }

    /// Handles a key. Keys that mean nothing here do nothing: they must not become talk.
    pub fn key(&mut self, key: Key) -> MenuKey {
        match action_of(key) {
            Some(Action::Escape | Action::Interrupt) => return MenuKey::Close,
            Some(Action::Submit) => {
                let chosen = self.visible().find(|(_, is_selected)| *is_selected).map(|(row, _)| row.choice.clone());
                return chosen.map_or(MenuKey::Stay, MenuKey::Choose);
            }
            Some(Action::InputHistory { back } | Action::Row { back }) => self.select(back, 1),
            Some(Action::Page { back }) => self.select(back, PAGE_ROWS),
            Some(Action::FirstLine | Action::Edit(Edit::Home)) => self.selected = 0,
            Some(Action::End | Action::Edit(Edit::End)) => self.select(false, usize::MAX),
            Some(Action::Edit(Edit::Backspace)) => {
                self.filter.pop();
                self.selected = 0;
            }
            _ => return self.letter(key),
        }
        MenuKey::Stay
    }

    fn letter(&mut self, key: Key) -> MenuKey {
        let Key { code: Code::Char(letter), ctrl: false, alt: false } = key else { return MenuKey::Stay };
        let row = self.rows.iter().filter(|_| self.filter.is_empty()).find(|row| row.key == Some(letter));
        if let Some(row) = row {
            return MenuKey::Choose(row.choice.clone());
        }
        if self.takes_names() && self.filter.chars().count() < MAX_FILTER_CHARS {
            self.filter.push(letter);
            self.selected = 0;
        }
        MenuKey::Stay
    }

    fn select(&mut self, back: bool, rows: usize) {
        let last = self.visible().count().saturating_sub(1);
        self.selected = match back {
            true => self.selected.saturating_sub(rows),
            false => self.selected.saturating_add(rows).min(last),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: Option<char>, label: &str) -> MenuRow {
        MenuRow { key, label: label.to_owned(), hint: String::new(), choice: Choice::User(label.into()) }
    }

    fn of_names() -> Menu {
        let rows = vec![row(Some('1'), "carol"), row(Some('2'), "bob"), row(None, "Bea")];
        Menu::new(Subject::Members(ConversationId::room("ops")), String::new(), rows)
    }

    fn chosen(menu: &mut Menu, code: Code) -> Option<String> {
        match menu.key(Key::plain(code)) {
            MenuKey::Choose(Choice::User(user)) => Some(user.to_string()),
            MenuKey::Stay => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn name_is_chosen_by_digit_arrow_or_its_beginning() {
        assert_eq!(chosen(&mut of_names(), Code::Char('2')).as_deref(), Some("bob"));
        assert_eq!(chosen(&mut of_names(), Code::Enter).as_deref(), Some("carol"));
        let mut menu = of_names();
        for code in [Code::Down, Code::Down, Code::Down, Code::Up] {
            assert_eq!(chosen(&mut menu, code), None);
        }
        assert_eq!(chosen(&mut menu, Code::Enter).as_deref(), Some("bob"));
        let mut menu = of_names();
        for letter in ['b', 'E'] {
            assert_eq!(chosen(&mut menu, Code::Char(letter)), None);
        }
        assert_eq!(menu.visible().map(|(row, selected)| (&*row.label, selected)).collect::<Vec<_>>(), [("Bea", true)]);
        assert_eq!(chosen(&mut menu, Code::Enter).as_deref(), Some("Bea"));
        assert_eq!(chosen(&mut menu, Code::Char('x')), None);
        assert_eq!(chosen(&mut menu, Code::Enter), None, "no name begins so");
        assert_eq!(chosen(&mut menu, Code::Char('1')), None, "a digit within a name chooses none");
    }

    #[test]
    fn letters_choose_in_other_menus_and_unknown_keys_do_nothing() {
        let mut menu = Menu::new(Subject::Room("ops".into()), String::new(), vec![row(Some('q'), "quiet")]);
        assert_eq!((chosen(&mut menu, Code::Char('z')), menu.filter()), (None, ""));
        assert_eq!(menu.key(Key::ctrl('q')), MenuKey::Stay);
        assert_eq!(chosen(&mut menu, Code::Char('q')).as_deref(), Some("quiet"));
        assert_eq!(menu.key(Key::plain(Code::Escape)), MenuKey::Close);
        assert_eq!(menu.key(Key::ctrl('c')), MenuKey::Close);
    }
}
