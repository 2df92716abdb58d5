//! Signing in with JSON objects: the objects to send, and the meaning of the server's answers. Pure.
//!
//! A client tries up to three objects over one connection, each only if the server refused the one before:
//!
//! 1. `resume` with the token of the lost session, if there was one;
//! 2. `guest`, `login` or `register` with the password that the client knows;
//! 3. `login` with a new password whose confirmation was lost with the connection.

use landline_common::event::PROTOCOL;
use landline_common::{Cause, Event, EventKind, Report, Request, RoomName, UserName};
use std::collections::BTreeMap;

/// Error text for a server without command objects.
const OLD_SERVER: &str = "this server speaks an older protocol; update landline-server";

/// The user that signs in, and how.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Name of the user.
    pub name: UserName,
    /// The room to start in.
    pub room: RoomName,
    /// Further rooms to enter.
    pub rooms: Vec<RoomName>,
    /// Password of the account; `None` for a guest.
    pub password: Option<String>,
    /// True to create the account first.
    pub register: bool,
    /// Password of the server itself, if it has one.
    pub server_password: Option<String>,
    /// The secret by which the server keeps the name of a guest; unused for an account.
    pub name_token: Option<String>,
}

/// A session that can be resumed after its connection was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The server's token for the session.
    pub token: String,
    /// The last sequence number that was received.
    pub seq: Option<u64>,
}

/// Rooms to enter, each with the id up to which no message is missing.
pub type RoomsAndIds = BTreeMap<String, Option<u64>>;

/// The objects of one sign-in, in the order of the attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    user: String,
    attempts: Vec<String>,
    next: usize,
}

/// Next step after an answer of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInStep {
    /// Send this line.
    Send(String),
    /// Wait for another answer.
    Wait,
    /// The user is signed in.
    SignedIn,
    /// The server refused the sign-in.
    Refused(SignInRefused),
}

/// Why the server refused a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRefused {
    /// Reason, for the user.
    pub why: String,
    /// Reason, for decisions of the program.
    pub cause: Cause,
    /// True if a later attempt may succeed.
    pub retry: bool,
}

/// The part that failed when a connection was lost. It determines when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The server's machine answers; the server closed the connection or refuses it.
    Server,
    /// The network does not answer.
    Network,
    /// This machine has lost the address of the connection.
    Address,
    /// The server has no TLS now, and must have it. A later attempt may succeed.
    NoTls,
    /// The server's key is not the known one. Only the user can decide to go on.
    Untrusted,
}

impl SignIn {
    /// Creates a sign-in for `identity`, which resumes `session` if possible. `registered` means that the account exists
    /// already. `unconfirmed` is a new password that the server may have set: it is tried if the server refuses the one
    /// of `identity`. `label` returns a new label for each object.
    pub fn new(
        identity: &Identity,
        registered: bool,
        session: Option<&Session>,
        unconfirmed: Option<&str>,
        rooms: &RoomsAndIds,
        mut label: impl FnMut() -> String,
    ) -> SignIn {
        let rooms: BTreeMap<_, _> = rooms.iter().map(|(room, id)| (room.as_str().into(), *id)).collect();
        let mut object = |request: Request<'_>| {
            let label = label();
            let common = Request {
                label: Some(label.into()),
                acks: Some(true),
                rooms: Some(rooms.clone()),
                server_password: identity.server_password.as_deref().map(Into::into),
                ..request
            };
            common.to_line()
        };
        let mut attempts = Vec::new();
        if let Some(Session { token, seq }) = session {
            attempts.push(object(Request { token: Some(token.into()), seq: *seq, ..Request::of("resume") }));
        }
        let r#type = match (&identity.password, identity.register && !registered) {
            (None, _) => "guest",
            (Some(_), true) => "register",
            (Some(_), false) => "login",
        };
        let mut as_user = |r#type, password: Option<&str>| {
            let name_token = identity.name_token.as_deref().filter(|_| r#type != "login");
            attempts.push(object(Request {
                user: Some(identity.name.as_str().into()),
                room: Some(identity.room.as_str().into()),
                password: password.map(Into::into),
                name_token: name_token.map(Into::into),
                ..Request::of(r#type)
            }));
        };
        as_user(r#type, identity.password.as_deref());
        if unconfirmed.is_some() {
            as_user("login", unconfirmed);
        }
        SignIn { user: identity.name.to_string(), attempts, next: 0 }
    }

    /// Creates an empty sign-in, for a mesh, which has no server.
    #[must_use]
    pub fn without_server() -> SignIn {
        SignIn { user: String::new(), attempts: Vec::new(), next: 0 }
    }

    /// Returns the name of the user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the first lines to send.
    pub fn begin(&mut self) -> String {
        format!("format json\n{}\n", self.attempt().unwrap_or_default())
    }

    fn attempt(&mut self) -> Option<String> {
        let attempt = self.attempts.get(self.next).cloned();
        self.next += 1;
        attempt
    }

    /// Handles an answer of the server, and returns the next step.
    pub fn answer(&mut self, event: &Event<'_>) -> SignInStep {
        match &event.what {
            EventKind::Welcome { grant, .. } if grant.protocol >= PROTOCOL => SignInStep::SignedIn,
            EventKind::Report(report) | EventKind::Refused(report) if report.cause == Cause::TokenUnknown => {
                match self.attempt() {
                    Some(next) => SignInStep::Send(next),
                    None => SignInStep::Refused(refused(report)),
                }
            }
            EventKind::Report(report) | EventKind::Refused(report)
                if matches!(report.cause, Cause::WrongPassword | Cause::NameRegistered)
                    && (1..self.attempts.len()).contains(&self.next) =>
            {
                self.attempt().map_or(SignInStep::Wait, SignInStep::Send)
            }
            EventKind::Report(report) | EventKind::Refused(report)
                if report.is_refusal() || is_refusal_without_code(report.cause) =>
            {
                SignInStep::Refused(refused(report))
            }
            // A server of the present protocol gives every refusal a cause, so this is an older server.
            EventKind::Welcome { .. } | EventKind::Error { .. } => {
                let refused = SignInRefused { why: OLD_SERVER.into(), cause: Cause::Other, retry: false };
                SignInStep::Refused(refused)
            }
            _ => SignInStep::Wait,
        }
    }
}

/// Returns whether the cause is a refusal without a code. Older clients compare the whole line of that one.
fn is_refusal_without_code(cause: Cause) -> bool {
    cause == Cause::AlreadyHere
}

/// Returns whether a later attempt may succeed: the rate or number of clients was too high, or the name is in use.
fn is_temporary(report: &Report<'_>) -> bool {
    matches!(report.code(), Some(429 | 503))
        || matches!(report.cause, Cause::NameTaken | Cause::AlreadyHere | Cause::SignInTooLong | Cause::TokenUnknown)
}

fn refused(report: &Report<'_>) -> SignInRefused {
    // An older server refuses an object without a cause, or with one that this version does not know.
    let old = report.cause == Cause::Other && report.text.as_ref().is_none_or(|text| text.is_empty());
    let why = if old { OLD_SERVER.into() } else { landline_common::clean::clean(&report.sentence()).into_owned() };
    SignInRefused { why, cause: report.cause, retry: is_temporary(report) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::OffsetDateTime;
    use landline_common::event::SignInDetails;

    fn identity(password: Option<&str>, register: bool) -> Identity {
        Identity {
            name: UserName::parse("alice").unwrap(),
            room: RoomName::parse("ops").unwrap(),
            rooms: Vec::new(),
            password: password.map(str::to_owned),
            register,
            server_password: None,
            name_token: Some("5b1e".into()),
        }
    }

    fn sign_in(identity: &Identity, registered: bool, session: Option<&Session>) -> SignIn {
        let rooms = [("ops".to_owned(), Some(7)), ("lobby".to_owned(), None)].into();
        let mut labels = 0;
        SignIn::new(identity, registered, session, None, &rooms, || {
            labels += 1;
            format!("x-{labels}")
        })
    }

    fn answer(sign_in: &mut SignIn, what: EventKind<'static>) -> SignInStep {
        sign_in.answer(&what.at(OffsetDateTime::default()))
    }

    fn welcome(protocol: u64) -> EventKind<'static> {
        let grant = Box::new(SignInDetails { protocol, ..SignInDetails::default() });
        EventKind::Welcome { user: "alice".into(), server: "S".into(), room: "ops".into(), account: false, grant }
    }

    fn is_refused(step: SignInStep, cause: Cause, again: bool) -> bool {
        matches!(step, SignInStep::Refused(refused) if refused.cause == cause && refused.retry == again)
    }

    #[test]
    fn a_sign_in_is_one_object() {
        let first = sign_in(&identity(None, false), false, None).begin();
        let object = first.strip_prefix("format json\n").unwrap();
        let request = Request::parse(object).unwrap();
        assert_eq!((&*request.r#type, request.room.as_deref(), request.acks), ("guest", Some("ops"), Some(true)));
        assert_eq!((request.rooms.unwrap()["ops"], request.name_token.as_deref()), (Some(7), Some("5b1e")));
        for (registered, r#type) in [(false, "register"), (true, "login")] {
            let line = sign_in(&identity(Some("secret"), true), registered, None).begin();
            assert!(line.contains(&format!("\"type\":\"{type}\"")) && line.contains("secret"), "{line}");
            assert_eq!(line.contains("5b1e"), !registered, "an account needs no name token: {line}");
        }
    }

    #[test]
    fn an_unknown_session_is_followed_by_a_new_sign_in() {
        let session = Session { token: "t".into(), seq: Some(3) };
        let mut resume = sign_in(&identity(None, false), false, Some(&session));
        let first = resume.begin();
        assert!(first.contains("\"type\":\"resume\"") && first.contains("\"seq\":3"), "{first}");
        let SignInStep::Send(second) = answer(&mut resume, Cause::TokenUnknown.report().into()) else {
            panic!("no attempt")
        };
        assert!(second.contains("\"type\":\"guest\"") && second.contains("x-2"), "{second}");
        assert!(is_refused(answer(&mut resume, Cause::TokenUnknown.report().into()), Cause::TokenUnknown, true));
    }

    #[test]
    fn an_unconfirmed_password_is_tried_second() {
        for (before, refusal) in [(None, Cause::NameRegistered), (Some("old"), Cause::WrongPassword)] {
            let mut labels = 0;
            let mut sign_in =
                SignIn::new(&identity(before, false), true, None, Some("new horse"), &RoomsAndIds::new(), || {
                    labels += 1;
                    labels.to_string()
                });
            assert!(!sign_in.begin().contains("new horse"));
            let SignInStep::Send(second) = answer(&mut sign_in, refusal.report().into()) else { panic!("no attempt") };
            assert!(second.contains("login") && second.contains("new horse"), "{second}");
            assert!(is_refused(answer(&mut sign_in, refusal.report().into()), refusal, false));
        }
    }

    #[test]
    fn refusals_are_decided_by_cause() {
        let mut guest = sign_in(&identity(None, false), false, None);
        for (cause, again) in [
            (Cause::NameTaken, true),
            (Cause::ServerFull, true),
            (Cause::AddressSignIns, true),
            (Cause::AddressBanned, false),
            (Cause::WrongPassword, false),
            (Cause::NameRegistered, false),
        ] {
            let random = cause.report().with_text("xq wvzt");
            assert!(is_refused(answer(&mut guest, EventKind::Refused(random.clone())), cause, again), "{cause:?}");
            assert!(is_refused(answer(&mut guest, EventKind::Report(random)), cause, again), "{cause:?}");
        }
        assert!(is_refused(answer(&mut guest, Cause::AlreadyHere.report().into()), Cause::AlreadyHere, true));
        assert_eq!(answer(&mut guest, Cause::Registered.report().into()), SignInStep::Wait);
        assert_eq!(answer(&mut guest, welcome(2)), SignInStep::SignedIn);
    }

    #[test]
    fn an_older_server_is_rejected_with_advice() {
        let mut guest = sign_in(&identity(None, false), false, None);
        for what in [welcome(0), welcome(1), EventKind::Error { code: None, text: "Invalid auth mode".into() }] {
            let SignInStep::Refused(refused) = answer(&mut guest, what) else { panic!("the server is accepted") };
            assert_eq!((&*refused.why, refused.retry), (OLD_SERVER, false));
        }
    }
}
