//! Signing in by one object: what to send, and what the server's answers mean. Pure.
//!
//! A client that was in before sends `resume` first. If the server does not know that session any more, the same
//! connection goes on with a whole sign-in.

use landline_common::event::PROTOCOL;
use landline_common::{Cause, Event, EventKind, Report, Request, RoomName, UserName};
use std::collections::BTreeMap;

/// What a server without command objects is refused with.
const OLD_SERVER: &str = "this server speaks an older protocol; update landline-server";

/// The user who signs in, and how.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name.
    pub name: UserName,
    /// The room to start in.
    pub room: RoomName,
    /// Further rooms to be in.
    pub rooms: Vec<RoomName>,
    /// An account's password; guests have none.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password.
    pub server_password: Option<String>,
}

/// What a session goes on with after its connection was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The server's token for it.
    pub token: String,
    /// The last `seq` that was received.
    pub seq: Option<u64>,
}

/// Rooms to be in, each with the last id that was received there.
pub type RoomsAndIds = BTreeMap<String, Option<u64>>;

/// The objects of one sign-in, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    user: String,
    attempts: Vec<String>,
    next: usize,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInStep {
    /// Send this.
    Send(String),
    /// Wait for more.
    Wait,
    /// The user is in.
    In,
    /// The user is not let in.
    Refused(SignInRefused),
}

/// Why a user is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRefused {
    /// In words.
    pub why: String,
    /// For the program.
    pub cause: Cause,
    /// Trying again later may help.
    pub again: bool,
}

/// What a lost connection says of the way to the server, and so of when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A machine answers, and the server there ended the connection or refuses it.
    Server,
    /// The network does not answer.
    Network,
    /// This machine's own address is gone.
    Address,
}

impl SignIn {
    /// A sign-in as `who`, whose account has been made already if `registered`; after an attempt to go on with
    /// `session`. If the server wants another password than that of `who`, `doubtful` is tried, which may have been set.
    /// `label` gives a new label for each object.
    pub fn new(
        who: &Identity,
        registered: bool,
        session: Option<&Session>,
        doubtful: Option<&str>,
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
                server_password: who.server_password.as_deref().map(Into::into),
                ..request
            };
            common.to_line()
        };
        let mut attempts = Vec::new();
        if let Some(Session { token, seq }) = session {
            attempts.push(object(Request { token: Some(token.into()), seq: *seq, ..Request::of("resume") }));
        }
        let r#type = match (&who.password, who.register && !registered) {
            (None, _) => "guest",
            (Some(_), true) => "register",
            (Some(_), false) => "login",
        };
        let mut as_user = |r#type, password: Option<&str>| {
            attempts.push(object(Request {
                user: Some(who.name.as_str().into()),
                room: Some(who.room.as_str().into()),
                password: password.map(Into::into),
                ..Request::of(r#type)
            }));
        };
        as_user(r#type, who.password.as_deref());
        if doubtful.is_some() {
            as_user("login", doubtful);
        }
        SignIn { user: who.name.to_string(), attempts, next: 0 }
    }

    /// Where no server asks who comes: in a mesh.
    #[must_use]
    pub fn none() -> SignIn {
        SignIn { user: String::new(), attempts: Vec::new(), next: 0 }
    }

    /// The name of the user who signs in.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The first lines to send.
    pub fn begin(&mut self) -> String {
        format!("format json\n{}\n", self.attempt().unwrap_or_default())
    }

    fn attempt(&mut self) -> Option<String> {
        let attempt = self.attempts.get(self.next).cloned();
        self.next += 1;
        attempt
    }

    /// What follows from what the server said.
    pub fn answer(&mut self, event: &Event<'_>) -> SignInStep {
        match &event.what {
            EventKind::Welcome { grant, .. } if grant.protocol >= PROTOCOL => SignInStep::In,
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
            EventKind::Report(report) | EventKind::Refused(report) if report.is_refusal() || is_line(report.cause) => {
                SignInStep::Refused(refused(report))
            }
            // A server of this protocol gives every refusal a cause.
            EventKind::Welcome { .. } | EventKind::Error { .. } => {
                let (why, cause) = (OLD_SERVER.into(), Cause::Other);
                SignInStep::Refused(SignInRefused { why, cause, again: false })
            }
            _ => SignInStep::Wait,
        }
    }
}

/// A refusal that has no code, since older clients compare its whole line.
fn is_line(cause: Cause) -> bool {
    cause == Cause::AlreadyHere
}

/// A refusal that may be over later: too often, too many at once, or the name is still in use.
fn is_for_now(report: &Report<'_>) -> bool {
    matches!(report.code(), Some(429 | 503))
        || matches!(report.cause, Cause::NameTaken | Cause::AlreadyHere | Cause::SignInTooLong | Cause::TokenUnknown)
}

fn refused(report: &Report<'_>) -> SignInRefused {
    // An old server's refusals of an object have no cause, or one that nobody knows.
    let old = report.cause == Cause::Other && report.text.as_ref().is_none_or(|text| text.is_empty());
    let why = if old { OLD_SERVER.into() } else { landline_common::clean::clean(&report.sentence()).into_owned() };
    SignInRefused { why, cause: report.cause, again: is_for_now(report) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::OffsetDateTime;
    use landline_common::event::SignInDetails;

    fn who(password: Option<&str>, register: bool) -> Identity {
        Identity {
            name: UserName::parse("alice").unwrap(),
            room: RoomName::parse("ops").unwrap(),
            rooms: Vec::new(),
            password: password.map(str::to_owned),
            register,
            server_password: None,
        }
    }

    fn sign_in(who: &Identity, registered: bool, session: Option<&Session>) -> SignIn {
        let rooms = [("ops".to_owned(), Some(7)), ("lobby".to_owned(), None)].into();
        let mut labels = 0;
        SignIn::new(who, registered, session, None, &rooms, || {
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
        matches!(step, SignInStep::Refused(refused) if refused.cause == cause && refused.again == again)
    }

    #[test]
    fn one_object_says_everything() {
        let first = sign_in(&who(None, false), false, None).begin();
        let object = first.strip_prefix("format json\n").unwrap();
        let request = Request::parse(object).unwrap();
        assert_eq!((&*request.r#type, request.room.as_deref(), request.acks), ("guest", Some("ops"), Some(true)));
        assert_eq!(request.rooms.unwrap()["ops"], Some(7));
        for (registered, r#type) in [(false, "register"), (true, "login")] {
            let line = sign_in(&who(Some("secret"), true), registered, None).begin();
            assert!(line.contains(&format!("\"type\":\"{type}\"")) && line.contains("secret"), "{line}");
        }
    }

    #[test]
    fn a_session_that_is_over_is_followed_by_a_whole_sign_in() {
        let session = Session { token: "t".into(), seq: Some(3) };
        let mut resume = sign_in(&who(None, false), false, Some(&session));
        let first = resume.begin();
        assert!(first.contains("\"type\":\"resume\"") && first.contains("\"seq\":3"), "{first}");
        let SignInStep::Send(second) = answer(&mut resume, Cause::TokenUnknown.report().into()) else {
            panic!("no attempt")
        };
        assert!(second.contains("\"type\":\"guest\"") && second.contains("x-2"), "{second}");
        assert!(is_refused(answer(&mut resume, Cause::TokenUnknown.report().into()), Cause::TokenUnknown, true));
    }

    #[test]
    fn a_password_that_may_have_been_set_is_tried_second() {
        for (before, refusal) in [(None, Cause::NameRegistered), (Some("old"), Cause::WrongPassword)] {
            let mut labels = 0;
            let mut sign_in =
                SignIn::new(&who(before, false), true, None, Some("new horse"), &RoomsAndIds::new(), || {
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
        let mut guest = sign_in(&who(None, false), false, None);
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
        assert_eq!(answer(&mut guest, welcome(2)), SignInStep::In);
    }

    #[test]
    fn an_older_server_is_refused_in_words() {
        let mut guest = sign_in(&who(None, false), false, None);
        for what in [welcome(0), welcome(1), EventKind::Error { code: None, text: "Invalid auth mode".into() }] {
            let SignInStep::Refused(refused) = answer(&mut guest, what) else { panic!("it is let in") };
            assert_eq!((&*refused.why, refused.again), (OLD_SERVER, false));
        }
    }
}
