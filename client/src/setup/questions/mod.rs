//! The setup questions, pure: which server, which name, guest or account. Known answers are not asked for, and an answer
//! that the server refuses is asked for again.
//!
//! ```text
//! Server ─▶ Address ─▶ Name ─▶ SignInMethod ─▶ Password (─▶ PasswordAgain) ─▶ ServerPassword ─▶ Connecting
//!    │                  ▲                                                                          │
//!    └─▶ Starting ──────┘   ◀─────────── refused: back to the question that the cause names ───────┘
//! ```
//!
//! Each question is skipped if its answer is known. [`Questions::step`] takes an input and returns effects; a full screen
//! sends keys, a plain terminal sends lines.

mod answers;
mod keys;
mod texts;

use crate::chat::editor::Editor;
use crate::chat::key::Key;
use crate::discovery::Offer;
use crate::new_password::NewPassword;
use crate::setup::{NotStarted, Started};
use landline_common::service::MAIN_PORT;
use landline_common::tls::ServerKey;
use landline_common::{Cause, RoomName, UserName};

/// Searches in a row in which a server must be missing before its entry is removed: single datagrams get lost.
const MAX_MISSED: u8 = 3;

/// The present question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which server?
    Server,
    /// The address of the server.
    Address,
    /// The name of the user.
    Name,
    /// Guest, existing account or new account?
    SignInMethod,
    /// The password of the account.
    Password,
    /// The password of a new account once more.
    PasswordAgain,
    /// The password of the server.
    ServerPassword,
    /// No question: a server is being started.
    Starting,
    /// No question: the sign-in is under way.
    Connecting,
}

/// The last session on a terminal. It is the first entry, so that one Enter continues it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSession {
    /// The server's address, with its port.
    pub server: String,
    /// The server's name; empty if it is not known.
    pub server_name: String,
    /// The id of the running server; empty if it is not known.
    pub server_id: String,
    /// The user's name there.
    pub name: UserName,
    /// The room.
    pub room: RoomName,
    /// True if the user signed in with an account. Then the password is asked for.
    pub account: bool,
    /// The key that the server must prove at another address; `None` if it was never met with TLS.
    pub key: Option<ServerKey>,
}

/// An entry to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuEntry {
    /// Continue the last session; with the server's address then, if it has changed.
    ContinueLast(PreviousSession, Option<String>),
    /// A server that was found.
    Found(Offer),
    /// The server of the last session, at this address.
    LastServer(String),
    /// Type an address.
    Address,
    /// Start a server on this machine.
    StartServer,
    /// Join the server that runs on this machine, at this address. A second one could not open the same port.
    JoinLocal(String),
    /// Sign in as a guest.
    Guest,
    /// Sign in with an existing account.
    Account,
    /// Create an account.
    Register,
}

/// An input.
#[derive(Clone, Debug)]
pub enum SetupInput {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A line was typed on a plain terminal.
    Line(String),
    /// The servers that the last search found.
    Found(Vec<Offer>),
    /// A server was started on this machine at this address, or the reason why not.
    Started(Result<String, NotStarted>),
    /// The sign-in failed: the reason, and the server's cause, or `None` if no server was reached.
    Refused(String, Option<Cause>),
}

/// Work for the presenter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupEffect {
    /// Connect and sign in.
    Connect(SignInChoice),
    /// Cancel the sign-in.
    GiveUp,
    /// Start a server on this machine.
    Start,
    /// End the program.
    Leave,
}

/// The answers to sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInChoice {
    /// The server's address, with its port.
    pub server: String,
    /// The server's address in the last session, if it has changed: remembered rooms are stored under that one.
    pub previous_address: Option<String>,
    /// The key that the server must prove, if its address has changed.
    pub key: Option<ServerKey>,
    /// The id of the running server; empty if it is not known.
    pub server_id: String,
    /// The name.
    pub name: UserName,
    /// Password of the account; `None` for a guest.
    pub password: Option<String>,
    /// True to create the account first.
    pub register: bool,
    /// The password of the server.
    pub server_password: Option<String>,
}

/// Answers and proposals that are known before the first question.
#[derive(Clone, Debug, Default)]
pub struct KnownAnswers {
    /// The server of the last session, at this address.
    pub server: Option<String>,
    /// The last session, if all of it is known.
    pub previous_session: Option<PreviousSession>,
    /// The name to propose.
    pub name: String,
    /// True if the name is from the command line or the configuration. Then it is not asked for.
    pub name_is_given: bool,
    /// The name of the last session, if that was with an account.
    pub account: Option<String>,
    /// Password of the account, from the command line.
    pub password: Option<String>,
    /// True to create the account first.
    pub register: bool,
    /// Password of the server, from the command line.
    pub server_password: Option<String>,
}

/// State of the questions.
#[derive(Debug)]
pub struct Questions {
    /// The present question.
    pub question: Question,
    /// Index of the selected entry.
    pub at: usize,
    /// The input field.
    pub field: Editor,
    /// True while the field holds a proposal. Typed text replaces it; an editing key keeps it.
    proposed: bool,
    /// Error text about the last answer.
    pub problem: Option<String>,
    /// The server that was started on this machine.
    pub started: Option<Started>,
    /// True after the first search.
    pub searched: bool,
    /// Found servers, each with the number of searches in a row in which it was missing.
    offers: Vec<(Offer, u8)>,
    selection_moved: bool,
    /// True if the user pressed Enter before the first search was complete.
    enter_waits: bool,
    /// Address of a server on this machine, found by the attempt to start another one.
    running: Option<String>,
    known: KnownAnswers,
    server: String,
    needs_server_password: bool,
    /// The previous address of the chosen server, if it has moved, and the key that it must prove. Later search results
    /// do not change it.
    moved_from: Option<(String, ServerKey)>,
    name: Option<UserName>,
    register: bool,
    new_password: NewPassword,
    /// The server for which the user typed a password. Another server does not get it.
    password_server: Option<String>,
    effects: Vec<SetupEffect>,
}

impl Questions {
    /// Begins with the first question.
    #[must_use]
    pub fn new(known: KnownAnswers) -> Questions {
        Questions {
            question: Question::Server,
            at: 0,
            field: Editor::default(),
            proposed: false,
            problem: None,
            started: None,
            searched: false,
            offers: Vec::new(),
            selection_moved: false,
            enter_waits: false,
            running: None,
            register: known.register,
            known,
            server: String::new(),
            needs_server_password: false,
            moved_from: None,
            name: None,
            new_password: NewPassword::default(),
            password_server: None,
            effects: Vec::new(),
        }
    }

    /// Begins at a known server: with a name, asks for the password of a new account; without one, asks for the name.
    #[must_use]
    pub fn at(server: &str, known: KnownAnswers, name: Option<UserName>) -> Questions {
        let mut questions = Questions::new(known);
        questions.server = server.to_owned();
        questions.name = name;
        match questions.name {
            Some(_) => questions.ask(Question::Password, ""),
            None => questions.ask_name(),
        }
        questions
    }

    /// Begins after a known server refused the sign-in. Returns `None` if another answer cannot help.
    #[must_use]
    pub fn refused_at(server: &str, known: KnownAnswers, why: &str, cause: Option<Cause>) -> Option<Questions> {
        let cause = cause.filter(|cause| is_solvable(*cause))?;
        let name = UserName::parse(&known.name).ok();
        let mut questions = Questions::at(server, known, name);
        questions.known.name_is_given = true;
        questions.question = Question::Connecting;
        questions.sign_in_refused(why.to_owned(), Some(cause));
        Some(questions)
    }

    /// Handles an input, and returns the effects.
    pub fn step(&mut self, input: SetupInput) -> Vec<SetupEffect> {
        match input {
            SetupInput::Key(key) => self.key(key),
            SetupInput::Paste(text) => self.paste(&text),
            SetupInput::Line(line) => self.line(line.trim()),
            SetupInput::Found(offers) => self.update_offers(offers),
            SetupInput::Started(server_started) => self.server_started(server_started),
            SetupInput::Refused(why, cause) => self.sign_in_refused(why, cause),
        }
        std::mem::take(&mut self.effects)
    }

    /// Returns the entries to choose from; none if the question has an input field.
    #[must_use]
    pub fn entries(&self) -> Vec<MenuEntry> {
        match self.question {
            Question::Server => {
                let mut entries: Vec<MenuEntry> = self.continue_entry().into_iter().collect();
                entries.extend(self.offers.iter().map(|(offer, _)| MenuEntry::Found(offer.clone())));
                let new = |last: &&String| self.offer_at(last).is_none();
                entries.extend(self.known.server.as_ref().filter(new).cloned().map(MenuEntry::LastServer));
                entries.extend([
                    MenuEntry::Address,
                    self.running_here().map_or(MenuEntry::StartServer, MenuEntry::JoinLocal),
                ]);
                entries
            }
            Question::SignInMethod => vec![MenuEntry::Guest, MenuEntry::Account, MenuEntry::Register],
            _ => Vec::new(),
        }
    }

    /// Returns the found server at an address.
    fn offer_at(&self, address: &str) -> Option<&Offer> {
        self.offers.iter().map(|(offer, _)| offer).find(|offer| offer.address == address)
    }

    /// Returns the entry that continues the last session, with the server's present address. A server that has moved is
    /// found by its id. Another server could copy the id, so it counts only for a server with a known key, which it must
    /// prove, and only while no server answers at the old address.
    fn continue_entry(&self) -> Option<MenuEntry> {
        let last = self.known.previous_session.clone().filter(|_| !self.known.register)?;
        if let Some(offer) = self.offer_at(&last.server) {
            return Some(MenuEntry::ContinueLast(PreviousSession { server_name: offer.name.clone(), ..last }, None));
        }
        let can_prove = last.key.is_some() && !last.server_id.is_empty();
        let is_it = |offer: &&Offer| can_prove && offer.id == last.server_id;
        let selection_moved = self.offers.iter().map(|(offer, _)| offer).find(is_it);
        Some(match selection_moved {
            Some(Offer { name, address, .. }) => {
                let formerly = Some(last.server.clone());
                MenuEntry::ContinueLast(
                    PreviousSession { server: address.clone(), server_name: name.clone(), ..last },
                    formerly,
                )
            }
            None => MenuEntry::ContinueLast(last, None),
        })
    }

    /// Returns the address of a server on this machine that uses the default port.
    fn running_here(&self) -> Option<String> {
        let port = format!(":{MAIN_PORT}");
        let is_it = |offer: &&Offer| offer.on_this_machine && offer.address.ends_with(&port);
        let found = self.offers.iter().map(|(offer, _)| offer).find(is_it).map(|offer| offer.address.clone());
        found.or_else(|| self.running.clone())
    }

    /// Returns whether the answer is a password, which must be masked.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.question, Question::Password | Question::PasswordAgain | Question::ServerPassword)
    }

    /// Returns the chosen server and name; empty if not chosen yet.
    #[must_use]
    pub fn chosen(&self) -> (&str, &str) {
        (&self.server, self.name.as_ref().map_or("", |name| name.as_str()))
    }

    /// Returns whether the user creates an account.
    #[must_use]
    pub fn registers(&self) -> bool {
        self.register
    }

    /// Updates the list of found servers. The selected entry stays selected.
    fn update_offers(&mut self, list: Vec<Offer>) {
        let selected = self.entries().get(self.at).cloned();
        self.searched = true;
        for (offer, missed) in &mut self.offers {
            match list.iter().find(|new| new.address == offer.address) {
                Some(new) => (*offer, *missed) = (new.clone(), 0),
                None => *missed += 1,
            }
        }
        self.offers.retain(|(_, missed)| *missed < MAX_MISSED);
        for new in list {
            if self.offers.iter().all(|(offer, _)| offer.address != new.address) {
                self.offers.push((new, 0));
            }
        }
        if self.question == Question::Server {
            self.select_entry(selected);
            self.apply_waiting_enter();
        }
    }

    /// Applies an Enter that waited for the first search, if a server is selected.
    fn apply_waiting_enter(&mut self) {
        let is_server = |entry: &MenuEntry| {
            matches!(entry, MenuEntry::ContinueLast(..) | MenuEntry::Found(_) | MenuEntry::LastServer(_))
        };
        let waits = std::mem::take(&mut self.enter_waits);
        if waits && self.entries().get(self.at).is_some_and(is_server) {
            self.choose(self.at);
        }
    }

    /// Selects the entry `before` again. Until the user has moved the selection, selects the last session or server.
    fn select_entry(&mut self, before: Option<MenuEntry>) {
        let entries = self.entries();
        let is_at = |entry: &MenuEntry, address: &str| match entry {
            MenuEntry::Found(offer) => offer.address == address,
            MenuEntry::LastServer(last) => last == address,
            _ => false,
        };
        let same = |entry: &MenuEntry| match &before {
            Some(MenuEntry::Found(offer)) => is_at(entry, &offer.address),
            Some(MenuEntry::LastServer(last)) => is_at(entry, last),
            Some(MenuEntry::ContinueLast(..)) => matches!(entry, MenuEntry::ContinueLast(..)),
            Some(MenuEntry::StartServer | MenuEntry::JoinLocal(_)) => {
                matches!(entry, MenuEntry::StartServer | MenuEntry::JoinLocal(_))
            }
            other => other.as_ref() == Some(entry),
        };
        let last = |entry: &MenuEntry| self.known.server.as_ref().is_some_and(|last| is_at(entry, last));
        let likely = |entry: &MenuEntry| {
            matches!(entry, MenuEntry::ContinueLast(..)) || (self.continue_entry().is_none() && last(entry))
        };
        let at = if self.selection_moved { entries.iter().position(same) } else { entries.iter().position(likely) };
        let fallback = if self.selection_moved { self.at.min(entries.len().saturating_sub(1)) } else { 0 };
        self.at = at.unwrap_or(fallback);
    }
}

/// Returns whether another name or password can solve a refusal with this cause.
fn is_solvable(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NameTaken
            | Cause::NameOfServer
            | Cause::NameRegistered
            | Cause::NameKept
            | Cause::NameReserved
            | Cause::NameBad
            | Cause::NameTooLong
            | Cause::AliasTaken
            | Cause::WrongPassword
            | Cause::PasswordLength
            | Cause::PasswordUnusable
            | Cause::ServerPasswordNeeded
            | Cause::WrongServerPassword
    )
}

#[cfg(test)]
mod tests;
