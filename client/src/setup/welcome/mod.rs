//! The first questions: where to go, as whom, and how; without a socket, a thread, a terminal or a clock. What is
//! known already is not asked, and what a server refuses is asked again.

mod answers;
mod keys;
mod texts;

use crate::chat::editor::Editor;
use crate::chat::key::Key;
use crate::new_password::NewPassword;
use landline_common::{Cause, UserName};

/// A server that is missing from so many lists in a row is gone: single datagrams get lost.
const MISSED: u8 = 3;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Which server?
    Server,
    /// At which address is it?
    Address,
    /// Under which name?
    Name,
    /// As a guest, or with an account?
    How,
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

/// A server that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// Where it is, with its port.
    pub address: String,
    /// How many people are there.
    pub people: u32,
    /// It asks everybody for a password.
    pub password: bool,
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A server that was found.
    Found(Offer),
    /// Where one was the last time.
    Last(String),
    /// A server whose address is typed.
    Address,
    /// A server that is started on this machine.
    Here,
    /// Without an account.
    Guest,
    /// With an account there is.
    Account,
    /// With an account that is made.
    Register,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A line was typed, where there is no screen.
    Line(String),
    /// These servers answer.
    Found(Vec<Offer>),
    /// A server runs here now, at that address, or why not.
    Started(Result<String, String>),
    /// One is not in: why, and the server's cause; `None` if none was reached.
    Refused(String, Option<Cause>),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Connect.
    Connect(Choice),
    /// Do not wait for the connection any more.
    GiveUp,
    /// Start a server on this machine.
    Start,
    /// End.
    Leave,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The server's address, with its port.
    pub server: String,
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
pub struct Known {
    /// Where one was the last time.
    pub server: Option<String>,
    /// The name that is proposed.
    pub name: String,
    /// It was given on the command line: it is not asked for.
    pub name_is_given: bool,
    /// The last time was with an account.
    pub account: bool,
    /// An account's password, from the command line.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password, from the command line.
    pub server_password: Option<String>,
}

/// The first questions.
#[derive(Debug)]
pub struct Welcome {
    /// What is asked now.
    pub step: Step,
    /// Which of the entries is selected.
    pub at: usize,
    /// What has been typed.
    pub field: Editor,
    /// What was wrong with the last answer.
    pub problem: Option<String>,
    /// Something to know.
    pub note: Option<String>,
    /// The network has been looked at.
    pub searched: bool,
    /// The servers that answer, and how often each has been missing since.
    offers: Vec<(Offer, u8)>,
    moved: bool,
    known: Known,
    server: String,
    asks_password: bool,
    name: Option<UserName>,
    register: bool,
    new_password: NewPassword,
    wishes: Vec<Wish>,
}

impl Welcome {
    /// Nothing is answered yet.
    #[must_use]
    pub fn new(known: Known) -> Welcome {
        Welcome {
            step: Step::Server,
            at: 0,
            field: Editor::default(),
            problem: None,
            note: None,
            searched: false,
            offers: Vec::new(),
            moved: false,
            register: known.register,
            known,
            server: String::new(),
            asks_password: false,
            name: None,
            new_password: NewPassword::default(),
            wishes: Vec::new(),
        }
    }

    /// The server is known, and so is the name, unless it cannot be one: a password for a new account is asked for.
    #[must_use]
    pub fn at(server: &str, known: Known) -> Welcome {
        let mut welcome = Welcome::new(known);
        welcome.server = server.to_owned();
        welcome.name = UserName::parse(&welcome.known.name).ok();
        match welcome.name {
            Some(_) => welcome.ask(Step::Password, ""),
            None => welcome.ask_name(),
        }
        welcome
    }

    /// The same after the server has refused to let the user in. `None` if no answer could change that.
    #[must_use]
    pub fn refused_at(server: &str, known: Known, why: &str, cause: Option<Cause>) -> Option<Welcome> {
        let cause = cause.filter(|cause| can_be_answered(*cause))?;
        let mut welcome = Welcome::at(server, known);
        welcome.known.name_is_given = true;
        welcome.step = Step::Connecting;
        welcome.refused(why.to_owned(), Some(cause));
        Some(welcome)
    }

    /// Takes note of what happened, and says what is to be done.
    pub fn step(&mut self, input: Input) -> Vec<Wish> {
        match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => self.paste(&text),
            Input::Line(line) => self.line(line.trim()),
            Input::Found(offers) => self.found(offers),
            Input::Started(started) => self.started(started),
            Input::Refused(why, cause) => self.refused(why, cause),
        }
        std::mem::take(&mut self.wishes)
    }

    /// What there is to choose from now; nothing where something is typed.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        match self.step {
            Step::Server => {
                let mut entries: Vec<Entry> =
                    self.offers.iter().map(|(offer, _)| Entry::Found(offer.clone())).collect();
                let new = |last: &&String| self.offers.iter().all(|(offer, _)| offer.address != **last);
                entries.extend(self.known.server.as_ref().filter(new).cloned().map(Entry::Last));
                entries.extend([Entry::Address, Entry::Here]);
                entries
            }
            Step::How => vec![Entry::Guest, Entry::Account, Entry::Register],
            _ => Vec::new(),
        }
    }

    /// What is typed must not be seen.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.step, Step::Password | Step::PasswordAgain | Step::ServerPassword)
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
    fn found(&mut self, list: Vec<Offer>) {
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
        if self.step == Step::Server {
            self.select(selected);
        }
    }

    /// Selects the same again, or, as long as nobody has chosen, what is likely.
    fn select(&mut self, before: Option<Entry>) {
        let entries = self.entries();
        let is_at = |entry: &Entry, address: &str| match entry {
            Entry::Found(offer) => offer.address == address,
            Entry::Last(last) => last == address,
            _ => false,
        };
        let same = |entry: &Entry| match &before {
            Some(Entry::Found(offer)) => is_at(entry, &offer.address),
            Some(Entry::Last(last)) => is_at(entry, last),
            other => other.as_ref() == Some(entry),
        };
        let last = |entry: &Entry| self.known.server.as_ref().is_some_and(|last| is_at(entry, last));
        let at = if self.moved { entries.iter().position(same) } else { entries.iter().position(last) };
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
