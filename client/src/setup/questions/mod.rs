//! The first questions: where to go, as whom, and how; without a socket, a thread, a terminal or a clock. What is
//! known already is not asked, and what a server refuses is asked again.

mod answers;
mod keys;
mod texts;

use crate::chat::editor::Editor;
use crate::chat::key::Key;
use crate::discovery::Offer;
use crate::new_password::NewPassword;
use crate::setup::NotStarted;
use landline_common::service::MAIN_PORT;
use landline_common::{Cause, RoomName, UserName};

/// A server that is missing from so many lists in a row is gone: single datagrams get lost.
const MISSED: u8 = 3;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which server?
    Server,
    /// At which address is it?
    Address,
    /// Under which name?
    Name,
    /// As a guest, or with an account?
    SignInMethod,
    /// The account's password.
    Password,
    /// The password of a new account once more.
    PasswordAgain,
    /// The server's own password.
    ServerPassword,
    /// Nothing: a server is being started.
    Starting,
    /// Nothing: one is being connected.
    Connecting,
}

/// The last session on a terminal: offered first, so that one Enter goes on with it.
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
    /// The name is an account's: its password is asked for.
    pub account: bool,
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuEntry {
    /// The same as the last time; where the server was then, if it has another address now.
    ContinueLast(PreviousSession, Option<String>),
    /// A server that was found.
    Found(Offer),
    /// Where one was the last time.
    LastServer(String),
    /// A server whose address is typed.
    Address,
    /// A server that is started on this machine.
    StartServer,
    /// The server that runs on this machine already, at that address: a second one could not have its port.
    JoinLocal(String),
    /// Without an account.
    Guest,
    /// With an account there is.
    Account,
    /// With an account that is made.
    Register,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum SetupInput {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A line was typed, where there is no screen.
    Line(String),
    /// These servers answer.
    Found(Vec<Offer>),
    /// A server runs here now, at that address, or why not.
    Started(Result<String, NotStarted>),
    /// One is not in: why, and the server's cause; `None` if none was reached.
    Refused(String, Option<Cause>),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupEffect {
    /// Connect.
    Connect(SignInChoice),
    /// Do not wait for the connection any more.
    GiveUp,
    /// Start a server on this machine.
    Start,
    /// End.
    Leave,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInChoice {
    /// The server's address, with its port.
    pub server: String,
    /// Where it was the last time, if it has another address now: what is remembered of it is kept under that one.
    pub previous_address: Option<String>,
    /// The id of the running server; empty if it is not known.
    pub server_id: String,
    /// The name.
    pub name: UserName,
    /// An account's password; guests have none.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password.
    pub server_password: Option<String>,
}

/// What is known before anything is asked.
#[derive(Clone, Debug, Default)]
pub struct KnownAnswers {
    /// Where one was the last time.
    pub server: Option<String>,
    /// The last time as a whole, if all of it is known.
    pub previous_session: Option<PreviousSession>,
    /// The name that is proposed.
    pub name: String,
    /// It was given on the command line: it is not asked for.
    pub name_is_given: bool,
    /// The name of the account of the last time, if the last time was with one.
    pub account: Option<String>,
    /// An account's password, from the command line.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password, from the command line.
    pub server_password: Option<String>,
}

/// The first questions.
#[derive(Debug)]
pub struct Questions {
    /// What is asked now.
    pub step: Question,
    /// Which of the entries is selected.
    pub at: usize,
    /// What has been typed.
    pub field: Editor,
    /// The field holds a proposal: what is typed replaces it, a key that edits keeps it.
    proposed: bool,
    /// What was wrong with the last answer.
    pub problem: Option<String>,
    /// Something to know.
    pub note: Option<String>,
    /// The network has been looked at.
    pub searched: bool,
    /// The servers that answer, and how often each has been missing since.
    offers: Vec<(Offer, u8)>,
    moved: bool,
    /// Enter was pressed before the network had been looked at.
    enter_waits: bool,
    /// Starting a server showed that one runs on this machine, at that address.
    running: Option<String>,
    known: KnownAnswers,
    server: String,
    asks_password: bool,
    name: Option<UserName>,
    register: bool,
    new_password: NewPassword,
    /// The server for which a password was typed: no other one gets it.
    typed_for: Option<String>,
    effects: Vec<SetupEffect>,
}

impl Questions {
    /// Nothing is answered yet.
    #[must_use]
    pub fn new(known: KnownAnswers) -> Questions {
        Questions {
            step: Question::Server,
            at: 0,
            field: Editor::default(),
            proposed: false,
            problem: None,
            note: None,
            searched: false,
            offers: Vec::new(),
            moved: false,
            enter_waits: false,
            running: None,
            register: known.register,
            known,
            server: String::new(),
            asks_password: false,
            name: None,
            new_password: NewPassword::default(),
            typed_for: None,
            effects: Vec::new(),
        }
    }

    /// The server is known. With a name, the password of a new account is asked for; without one, the name.
    #[must_use]
    pub fn at(server: &str, known: KnownAnswers, name: Option<UserName>) -> Questions {
        let mut welcome = Questions::new(known);
        welcome.server = server.to_owned();
        welcome.name = name;
        match welcome.name {
            Some(_) => welcome.ask(Question::Password, ""),
            None => welcome.ask_name(),
        }
        welcome
    }

    /// The same after the server has refused to let the user in. `None` if no answer could change that.
    #[must_use]
    pub fn refused_at(server: &str, known: KnownAnswers, why: &str, cause: Option<Cause>) -> Option<Questions> {
        let cause = cause.filter(|cause| can_be_answered(*cause))?;
        let name = UserName::parse(&known.name).ok();
        let mut welcome = Questions::at(server, known, name);
        welcome.known.name_is_given = true;
        welcome.step = Question::Connecting;
        welcome.refused(why.to_owned(), Some(cause));
        Some(welcome)
    }

    /// Takes note of what happened, and says what is to be done.
    pub fn step(&mut self, input: SetupInput) -> Vec<SetupEffect> {
        match input {
            SetupInput::Key(key) => self.key(key),
            SetupInput::Paste(text) => self.paste(&text),
            SetupInput::Line(line) => self.line(line.trim()),
            SetupInput::Found(offers) => self.update_offers(offers),
            SetupInput::Started(started) => self.started(started),
            SetupInput::Refused(why, cause) => self.refused(why, cause),
        }
        std::mem::take(&mut self.effects)
    }

    /// What there is to choose from now; nothing where something is typed.
    #[must_use]
    pub fn entries(&self) -> Vec<MenuEntry> {
        match self.step {
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

    /// The server that was found at that address.
    fn offer_at(&self, address: &str) -> Option<&Offer> {
        self.offers.iter().map(|(offer, _)| offer).find(|offer| offer.address == address)
    }

    /// The last time, at the address that the server has now. An id proves nothing, since it can be repeated by
    /// others: it counts only while no server answers at the old address.
    fn continue_entry(&self) -> Option<MenuEntry> {
        let last = self.known.previous_session.clone().filter(|_| !self.known.register)?;
        if let Some(offer) = self.offer_at(&last.server) {
            return Some(MenuEntry::ContinueLast(PreviousSession { server_name: offer.name.clone(), ..last }, None));
        }
        let is_it = |offer: &&Offer| !last.server_id.is_empty() && offer.id == last.server_id;
        let moved = self.offers.iter().map(|(offer, _)| offer).find(is_it);
        Some(match moved {
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

    /// The server on this machine that has the port of one that would be started here.
    fn running_here(&self) -> Option<String> {
        let port = format!(":{MAIN_PORT}");
        let is_it = |offer: &&Offer| offer.on_this_machine && offer.address.ends_with(&port);
        let found = self.offers.iter().map(|(offer, _)| offer).find(is_it).map(|offer| offer.address.clone());
        found.or_else(|| self.running.clone())
    }

    /// What is typed must not be seen.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.step, Question::Password | Question::PasswordAgain | Question::ServerPassword)
    }

    /// The server that was chosen, and the name, as far as they are.
    #[must_use]
    pub fn chosen(&self) -> (&str, &str) {
        (&self.server, self.name.as_ref().map_or("", |name| name.as_str()))
    }

    /// An account is to be made.
    #[must_use]
    pub fn registers(&self) -> bool {
        self.register
    }

    /// These servers answer now; what is selected stays selected.
    fn update_offers(&mut self, list: Vec<Offer>) {
        let selected = self.entries().get(self.at).cloned();
        self.searched = true;
        for (offer, missed) in &mut self.offers {
            match list.iter().find(|new| new.address == offer.address) {
                Some(new) => (*offer, *missed) = (new.clone(), 0),
                None => *missed += 1,
            }
        }
        self.offers.retain(|(_, missed)| *missed < MISSED);
        for new in list {
            if self.offers.iter().all(|(offer, _)| offer.address != new.address) {
                self.offers.push((new, 0));
            }
        }
        if self.step == Question::Server {
            self.select(selected);
            self.enter_now();
        }
    }

    /// An Enter that waited for the first look takes the server that is proposed, if there is one.
    fn enter_now(&mut self) {
        let is_server = |entry: &MenuEntry| {
            matches!(entry, MenuEntry::ContinueLast(..) | MenuEntry::Found(_) | MenuEntry::LastServer(_))
        };
        let waits = std::mem::take(&mut self.enter_waits);
        if waits && self.entries().get(self.at).is_some_and(is_server) {
            self.choose(self.at);
        }
    }

    /// Selects the same again, or, as long as nobody has chosen, what is likely.
    fn select(&mut self, before: Option<MenuEntry>) {
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
        let at = if self.moved { entries.iter().position(same) } else { entries.iter().position(likely) };
        let fallback = if self.moved { self.at.min(entries.len().saturating_sub(1)) } else { 0 };
        self.at = at.unwrap_or(fallback);
    }
}

/// Whether another name or a password changes that answer of a server.
fn can_be_answered(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NameTaken
            | Cause::NameOfServer
            | Cause::NameRegistered
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
