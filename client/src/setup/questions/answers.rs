//! Takes answers, and moves on to the next question or the sign-in.

use super::{MenuEntry, PreviousSession, Question, Questions, SetupEffect, SignInChoice};
use crate::new_password::{NewPassword, PasswordStep};
use crate::server_address::with_port;
use crate::setup::NotStarted;
use landline_common::{Cause, UserName};

impl Questions {
    /// Chooses the entry with this index.
    pub(super) fn choose(&mut self, at: usize) {
        let Some(entry) = self.entries().into_iter().nth(at) else { return };
        self.problem = None;
        match entry {
            MenuEntry::ContinueLast(last, _) => self.continue_last(last),
            MenuEntry::Found(offer) => self.choose_server(offer.address, offer.password),
            MenuEntry::LastServer(address) => self.choose_server(address, false),
            MenuEntry::JoinLocal(address) => {
                let needs_server_password = self.offer_at(&address).is_some_and(|offer| offer.password);
                self.choose_server(address, needs_server_password);
            }
            // Propose the last address again, so that the user can correct it.
            MenuEntry::Address => self.ask(Question::Address, &self.server.clone()),
            MenuEntry::StartServer => {
                self.question = Question::Starting;
                self.effects.push(SetupEffect::Start);
            }
            MenuEntry::Guest => {
                self.known.password = None;
                self.register = false;
                self.connect();
            }
            MenuEntry::Account | MenuEntry::Register => {
                self.register = entry == MenuEntry::Register;
                self.ask(Question::Password, "");
            }
        }
    }

    /// Takes a typed answer.
    pub(super) fn accept_answer(&mut self, text: &str) {
        let text = text.trim();
        self.problem = None;
        match self.question {
            Question::Address if text.is_empty() => {
                self.problem = Some("Type an address, for example 192.168.1.20".into());
            }
            Question::Address => match with_port(text) {
                Ok(address) => self.choose_server(address, false),
                Err(why) => self.problem = Some(why.to_string()),
            },
            Question::Name => match UserName::parse(text) {
                Ok(name) => {
                    self.known.name = name.to_string();
                    self.name = Some(name);
                    self.ask_how();
                }
                Err(why) => self.problem = Some(why.to_string()),
            },
            Question::Password | Question::PasswordAgain | Question::ServerPassword if text.is_empty() => self.back(),
            Question::Password | Question::PasswordAgain if self.register => match self.new_password.take(text) {
                PasswordStep::Again => self.ask(Question::PasswordAgain, ""),
                PasswordStep::Done(password) => self.connect_with(password),
                PasswordStep::Rejected(why) => {
                    self.ask(Question::Password, "");
                    self.problem = Some(why);
                }
            },
            Question::Password => self.connect_with(text.to_owned()),
            Question::ServerPassword => {
                self.password_server = Some(self.server.clone());
                self.known.server_password = Some(text.to_owned());
                self.connect();
            }
            _ => {}
        }
    }

    /// Continues with a server.
    fn choose_server(&mut self, server: String, needs_server_password: bool) {
        self.set_server(server, needs_server_password);
        let name = self.known.name.clone();
        self.name = UserName::parse(&name).ok().filter(|_| self.known.name_is_given);
        match self.name {
            Some(_) => self.ask_how(),
            None => self.ask(Question::Name, &name),
        }
    }

    /// Continues the last session; asks for the password if it was with an account.
    fn continue_last(&mut self, last: PreviousSession) {
        let needs_server_password = self.offer_at(&last.server).is_some_and(|offer| offer.password);
        self.set_server(last.server, needs_server_password);
        self.known.name = last.name.to_string();
        self.name = Some(last.name);
        if last.account && self.known.password.is_none() { self.ask(Question::Password, "") } else { self.connect() }
    }

    /// Sets the server, and drops passwords that were typed for another one.
    fn set_server(&mut self, server: String, needs_server_password: bool) {
        if self.password_server.take_if(|password_server| *password_server != server).is_some() {
            self.known.password = None;
            self.known.server_password = None;
        }
        self.moved_from = match self.continue_entry() {
            Some(MenuEntry::ContinueLast(last, previous_address)) if last.server == server => {
                previous_address.zip(last.key)
            }
            _ => None,
        };
        self.server = server;
        self.needs_server_password = needs_server_password;
    }

    fn ask_how(&mut self) {
        if self.known.password.is_some() {
            return self.connect();
        }
        self.ask(Question::SignInMethod, "");
        let name = self.name.as_ref();
        let account = self.known.account.as_deref();
        let is_account = name.zip(account).is_some_and(|(name, account)| name.as_str() == account);
        self.at = if self.register { 2 } else { usize::from(is_account) };
    }

    pub(super) fn ask(&mut self, question: Question, proposal: &str) {
        if question == Question::Password {
            self.new_password = NewPassword::default();
        }
        self.question = question;
        self.at = 0;
        self.field.set(proposal);
        self.proposed = !proposal.is_empty();
    }

    fn connect_with(&mut self, password: String) {
        self.password_server = Some(self.server.clone());
        self.known.password = Some(password);
        self.connect();
    }

    /// Connects if no answer is missing.
    fn connect(&mut self) {
        if self.needs_server_password && self.known.server_password.is_none() {
            return self.ask(Question::ServerPassword, "");
        }
        let Some(name) = self.name.clone() else { return self.ask(Question::Name, &self.known.name.clone()) };
        self.question = Question::Connecting;
        let (previous_address, key) = self.moved_from.clone().unzip();
        let server_id = self.offer_at(&self.server).map(|offer| offer.id.clone()).unwrap_or_default();
        self.effects.push(SetupEffect::Connect(SignInChoice {
            server: self.server.clone(),
            previous_address,
            key,
            server_id,
            name,
            password: self.known.password.clone(),
            register: self.register,
            server_password: self.known.server_password.clone(),
        }));
    }

    /// Goes back to the question before, or leaves from the first one.
    pub(super) fn back(&mut self) {
        self.problem = None;
        match self.question {
            Question::Server => self.effects.push(SetupEffect::Leave),
            Question::Address | Question::Name | Question::Starting => self.ask_server(),
            Question::Connecting => {
                self.effects.push(SetupEffect::GiveUp);
                self.ask_name();
            }
            Question::SignInMethod | Question::ServerPassword => self.ask_name(),
            Question::Password => self.ask_how(),
            Question::PasswordAgain => self.ask(Question::Password, ""),
        }
    }

    fn ask_server(&mut self) {
        self.ask(Question::Server, "");
        self.selection_moved = false;
        self.select_entry(None);
    }

    pub(super) fn ask_name(&mut self) {
        let name = self.known.name.clone();
        self.ask(Question::Name, &name);
    }

    /// Handles the result of starting a server.
    pub(super) fn server_started(&mut self, server_started: Result<String, NotStarted>) {
        if self.question != Question::Starting {
            return;
        }
        match server_started {
            Ok(address) => self.choose_server(address, false),
            Err(NotStarted::Running(address)) => {
                self.running = Some(address);
                self.ask_server();
                // Select the running server: the user wanted one on this machine.
                self.selection_moved = true;
                self.select_entry(Some(MenuEntry::StartServer));
                self.problem = Some("A Landline server already runs on this machine; Enter joins it".into());
            }
            Err(NotStarted::Failed(why)) => {
                self.ask_server();
                self.problem = Some(why);
            }
        }
    }

    /// Handles a failed sign-in: asks again for the answer that the cause rejects.
    pub(super) fn sign_in_refused(&mut self, why: String, cause: Option<Cause>) {
        if self.question != Question::Connecting {
            return;
        }
        match cause {
            None => self.ask_server(),
            Some(Cause::ServerPasswordNeeded | Cause::WrongServerPassword) => {
                self.known.server_password = None;
                self.needs_server_password = true;
                self.ask(Question::ServerPassword, "");
            }
            Some(Cause::WrongPassword) => {
                self.known.password = None;
                self.ask(Question::Password, "");
            }
            // The user gave this name on the command line, so the account is the user's: ask for its password only.
            Some(Cause::NameRegistered) if !self.register && self.known.name_is_given => {
                self.known.password = None;
                self.ask(Question::Password, "");
            }
            Some(Cause::PasswordLength | Cause::PasswordUnusable) => {
                self.known.password = None;
                self.ask(Question::Password, "");
            }
            Some(Cause::NameRegistered) if !self.register => {
                self.known.password = None;
                self.ask(Question::SignInMethod, "");
                self.at = 1;
            }
            Some(_) => {
                self.known.password = None;
                self.ask_name();
            }
        }
        self.problem = Some(why);
    }
}
