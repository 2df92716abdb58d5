//! Signing in, with answers as JSON: what the server asks → what it is told.

use super::Cause;
use landline_common::{Cause as Reason, Report, RoomName, UserName, What};

/// Who signs in, and how.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name.
    pub name: UserName,
    /// The room to be in.
    pub room: RoomName,
    /// An account's password; guests have none.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password.
    pub server_password: Option<String>,
}

/// The sign-in of one connection.
#[derive(Debug)]
pub(super) struct SignIn<'a> {
    who: &'a Identity,
    /// The account is to be made first.
    register: bool,
    /// The next password that is asked for is the server's own.
    for_server: bool,
    registered: bool,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Answer this.
    Send(String),
    /// Wait for more.
    Wait,
    /// One is in.
    In,
    /// One is not let in.
    Refused {
        /// Why.
        why: String,
        /// It may be different later.
        again: bool,
        /// What would have to be different.
        cause: Cause,
    },
}

impl<'a> SignIn<'a> {
    /// Begins; also gives the first lines to send. `registered`: the account has been made before.
    pub(super) fn begin(who: &'a Identity, registered: bool) -> (SignIn<'a>, String) {
        let register = who.register && !registered;
        let first = match (&who.password, register) {
            (None, _) => format!("{}_{}", who.name, who.room),
            (Some(_), true) => "REGISTER".into(),
            (Some(_), false) => "LOGIN".into(),
        };
        let for_server = who.password.is_none();
        (SignIn { who, register, for_server, registered: false }, format!("format json\n{first}\n"))
    }

    /// What follows from what the server said.
    pub(super) fn answer(&mut self, what: &What<'_>) -> Step {
        match what {
            What::Ask(question) => self.asked(question),
            What::Welcome { .. } => Step::In,
            What::Report(report) if report.cause == Reason::ServerPasswordFirst => {
                self.for_server = true;
                Step::Wait
            }
            What::Report(report) if report.cause == Reason::Registered => {
                (self.register, self.registered) = (false, true);
                Step::Wait
            }
            What::Report(report) | What::Refused(report) => refused(report),
            _ => Step::Wait,
        }
    }

    fn asked(&mut self, question: &str) -> Step {
        match question {
            "ALIAS?" => Step::Send(self.who.name.to_string()),
            "PASSWORD?" if std::mem::take(&mut self.for_server) => match &self.who.server_password {
                Some(password) => Step::Send(password.clone()),
                None => {
                    let why = "this server has a password".into();
                    Step::Refused { why, again: false, cause: Cause::ServerPassword }
                }
            },
            "PASSWORD?" => Step::Send(self.who.password.clone().unwrap_or_default()),
            // The greeting comes again once the account is made.
            _ if std::mem::take(&mut self.registered) => Step::Send("LOGIN".into()),
            _ => Step::Wait,
        }
    }
}

/// Too often, or too many at once.
fn is_for_now(code: u16) -> bool {
    matches!(code, 429 | 503)
}

fn refused(report: &Report<'_>) -> Step {
    let cause = match report.cause {
        Reason::WrongServerPassword | Reason::ServerPasswordNeeded => Cause::ServerPassword,
        Reason::WrongPassword => Cause::Password,
        Reason::NameRegistered => Cause::Account,
        _ => Cause::Other,
    };
    // The old connection may not have ended yet.
    let passing = [Reason::NameTaken, Reason::AlreadyHere, Reason::SignInTooLong].contains(&report.cause);
    let again = report.code().is_some_and(is_for_now) || passing;
    Step::Refused { why: landline_common::clean::clean(&report.sentence()).into_owned(), again, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::{RoomName, UserName};

    fn who(password: Option<&str>, register: bool, server_password: Option<&str>) -> Identity {
        Identity {
            name: UserName::parse("alice").unwrap(),
            room: RoomName::parse("ops").unwrap(),
            password: password.map(str::to_owned),
            register,
            server_password: server_password.map(str::to_owned),
        }
    }

    fn ask(text: &'static str) -> What<'static> {
        What::Ask(text.into())
    }

    fn send(line: &str) -> Step {
        Step::Send(line.into())
    }

    #[test]
    fn a_guest_says_name_and_room() {
        let who = who(None, false, Some("pw"));
        let (mut guest, first) = SignIn::begin(&who, false);
        assert_eq!(first, "format json\nalice_ops\n");
        assert_eq!(guest.answer(&ask("PASSWORD?")), send("pw"));
        let taken = What::Refused(Reason::NameTaken.report());
        assert!(matches!(guest.answer(&taken), Step::Refused { again: true, .. }));
        for cause in [Reason::AddressSignIns, Reason::ServerFull] {
            let busy = What::Refused(cause.report());
            assert!(matches!(guest.answer(&busy), Step::Refused { again: true, .. }), "{cause:?}");
        }
        let slow = What::from(Reason::SignInTooLong.report());
        assert!(matches!(guest.answer(&slow), Step::Refused { again: true, .. }));
        let banned = What::Refused(Reason::AddressBanned.report());
        assert!(matches!(guest.answer(&banned), Step::Refused { again: false, .. }));
    }

    #[test]
    fn an_account_is_made_once() {
        let who = who(Some("secret"), true, None);
        let (mut first, lines) = SignIn::begin(&who, false);
        assert_eq!(lines, "format json\nREGISTER\n");
        assert_eq!(first.answer(&ask("ALIAS?")), send("alice"));
        assert_eq!(first.answer(&ask("PASSWORD?")), send("secret"));
        assert_eq!(first.answer(&Reason::Registered.report().into()), Step::Wait);
        assert_eq!(first.answer(&ask("Authorise MODE? (REGISTER/LOGIN)")), send("LOGIN"));
        assert_eq!(SignIn::begin(&who, true).1, "format json\nLOGIN\n");
    }

    #[test]
    fn a_servers_own_password_comes_first() {
        let who = who(Some("secret"), false, None);
        let (mut login, _) = SignIn::begin(&who, false);
        assert_eq!(login.answer(&Reason::ServerPasswordFirst.report().into()), Step::Wait);
        assert!(matches!(login.answer(&ask("PASSWORD?")), Step::Refused { again: false, .. }));
    }

    #[test]
    fn a_wrong_password_is_not_tried_again() {
        let who = who(Some("secret"), false, None);
        let (mut login, _) = SignIn::begin(&who, false);
        let wrong = What::from(Reason::WrongPassword.report());
        assert!(matches!(login.answer(&wrong), Step::Refused { again: false, .. }));
        let busy = What::from(Reason::AlreadyHere.report());
        assert!(matches!(login.answer(&busy), Step::Refused { again: true, .. }));
    }
}
