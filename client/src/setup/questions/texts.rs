//! The texts of the questions, for both presenters.

use super::{MenuEntry, Question, Questions};
use crate::new_password;

impl Questions {
    /// Returns the text of the question.
    #[must_use]
    pub fn question_text(&self) -> String {
        let (server, name) = self.chosen();
        match self.question {
            Question::Server => "Where do you want to talk?".into(),
            Question::Address => "The address of the server, as HOST or HOST:PORT".into(),
            Question::Name => "Your name".into(),
            Question::SignInMethod => format!("How do you want to sign in, {name}?"),
            Question::Password if self.registers() => format!("Choose a password for {name} (8 or more characters)"),
            Question::Password => format!("Password for {name}"),
            Question::PasswordAgain => "The same password again".into(),
            Question::ServerPassword => format!("Password for the server {server}"),
            Question::Starting => "Starting a server on this machine…".into(),
            Question::Connecting => format!("Connecting to {server} as {name}…"),
        }
    }

    /// Returns a warning to show with the question.
    #[must_use]
    pub fn caution(&self) -> Option<&'static str> {
        self.is_secret().then_some(new_password::caution(None))
    }

    /// Returns the state of the search, while servers are listed.
    #[must_use]
    pub fn search_state(&self) -> &'static str {
        match (self.question, self.searched, self.offers.is_empty()) {
            (Question::Server, false, _) => "searching for servers…",
            (Question::Server, true, true) => "No server found yet, still searching…",
            (Question::Server, true, false) => "searching for more…",
            _ => "",
        }
    }

    /// Returns the keys that have an effect now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.question {
            Question::Server => "↑ ↓ Enter choose · or type an address · Esc leaves",
            Question::SignInMethod => "↑ ↓ Enter choose · Esc back",
            Question::Starting | Question::Connecting => "Esc back",
            _ if self.proposed => "Enter takes it · or type another · Esc back",
            _ => "Enter go on · Esc back",
        }
    }
}

impl MenuEntry {
    /// Returns the text of the entry in columns: name, address, number of users, password.
    #[must_use]
    pub fn columns(&self) -> [String; 4] {
        let one = |text: &str| [text.to_owned(), String::new(), String::new(), String::new()];
        match self {
            MenuEntry::ContinueLast(last, formerly) => {
                let server = if last.server_name.is_empty() { &last.server } else { &last.server_name };
                let moved = formerly.as_ref().map_or(String::new(), |_| format!("; now at {}", last.server));
                one(&format!("{} on {server} as {} (last time{moved})", last.room, last.name))
            }
            MenuEntry::Found(offer) => {
                let name = if offer.name.is_empty() { "a server" } else { &offer.name };
                let people = if offer.people == 1 { "1 person".into() } else { format!("{} people", offer.people) };
                let password = if offer.password { "password" } else { "" };
                let lock = if offer.tls { " 🔒" } else { "" };
                [format!("{name}{lock}"), offer.address.clone(), people, password.into()]
            }
            MenuEntry::LastServer(address) => ["the last one".into(), address.clone(), String::new(), String::new()],
            MenuEntry::Address => one("another server: type its address"),
            MenuEntry::StartServer => one("start a server here, for all users on this network"),
            MenuEntry::JoinLocal(address) => {
                let port = address.rsplit(':').next().unwrap_or_default();
                one(&format!("a Landline server already runs here on port {port}: join it"))
            }
            MenuEntry::Guest => one("As a guest (no password)"),
            MenuEntry::Account => one("Sign in to my account"),
            MenuEntry::Register => one("Create an account (reserves the name)"),
        }
    }
}
