//! Sign-ins by command object: one JSON object that names the user, the rooms and the options, instead of a dialogue.

use super::{AuthRequest, AuthResult, DoorAction, Mistakes, ServerInfo, cleaned};
use landline_common::command::object::EVERYBODY;
use landline_common::command::{Request, SignIn};
use landline_common::{Cause, EventKind, Report, RoomName, password};
use std::collections::HashSet;

/// Most rooms in one sign-in. Each is looked up in the history, and the answer about all of them must fit into the
/// client's backlog.
const MOST_ROOMS: usize = 48;

/// The options of a session that a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRequest {
    /// The label that the answer carries.
    pub label: Option<String>,
    /// The room that becomes the current one.
    pub room: Option<RoomName>,
    /// The rooms to enter, each with the last id that the client received there. The room `None` stands for the global
    /// group, the talk to all users.
    pub rooms: Vec<(Option<RoomName>, Option<u64>)>,
    /// Refusals of named rooms that may not be opened.
    pub refused_rooms: Vec<Report<'static>>,
    /// The client acknowledges events that carry a `seq`.
    pub acks: bool,
    /// The last `seq` that the client received.
    pub seq: Option<u64>,
}

/// The reason for which an object is refused, after the label for the answer.
type SignInRefusal = (Option<String>, Report<'static>);

/// The objects with which one client signs in. A refusal is answered, and another object may follow.
#[derive(Debug)]
pub(super) struct ObjectSignIn {
    server_info: ServerInfo,
    /// The label of the object whose result the door awaits.
    label: Option<String>,
}

impl ObjectSignIn {
    pub(super) fn new(server_info: ServerInfo) -> ObjectSignIn {
        ObjectSignIn { server_info, label: None }
    }

    /// Handles an object. Counts it as a mistake if it is no sign-in; `too_many` is the answer to the last one.
    pub(super) fn handle(&mut self, line: &str, mistakes: &mut Mistakes, too_many: &'static str) -> DoorAction {
        match parse(line, self.server_info) {
            Ok((label, request)) => {
                self.label = label;
                DoorAction::Try(request)
            }
            Err((label, report)) => {
                let is_mistake = report.cause == Cause::BadObject;
                let answer = DoorAction::Answer { label, event: EventKind::Refused(cleaned(report)) };
                if is_mistake { mistakes.count(answer, too_many) } else { answer }
            }
        }
    }

    /// Answers the last object, whose request did not sign the client in.
    pub(super) fn refuse(&mut self, result: AuthResult) -> DoorAction {
        DoorAction::Answer { label: self.label.take(), event: EventKind::Refused(result.report()) }
    }
}

/// Parses a sign-in. The server's password is checked later: parsing tells the client nothing about names.
fn parse(line: &str, server_info: ServerInfo) -> Result<(Option<String>, AuthRequest), SignInRefusal> {
    let request = Request::parse(line)?;
    let label = request.answer_label();
    let fail = |report: Report<'static>| (label.clone(), report);
    let sign_in = match request.sign_in() {
        Some(sign_in) => sign_in.map_err(fail)?,
        None => return Err(fail(Cause::BadObject.with_word("sign in first: guest, login, register or resume"))),
    };
    let server_password = request.server_password.as_deref().map(|typed| password::from_line(typed).to_owned());
    if server_info.has_password && server_password.is_none() && !matches!(sign_in, SignIn::Resume { .. }) {
        return Err(fail(Cause::ServerPasswordNeeded.report()));
    }
    let session = session_request(&request).map_err(fail)?;
    Ok((label.clone(), AuthRequest::Object { sign_in, server_password, session }))
}

/// Returns the options of the session.
fn session_request(request: &Request<'_>) -> Result<SessionRequest, Report<'static>> {
    let rooms = request.rooms.iter().flatten();
    let parse_room = |name: &str| match name {
        EVERYBODY => Ok(None),
        name => RoomName::parse(name).map(Some).map_err(Report::from_room_name_error),
    };
    let mut rooms =
        rooms.map(|(name, id)| Ok((parse_room(name)?, *id))).collect::<Result<Vec<_>, Report<'static>>>()?;
    // Two spellings of a name are one room.
    let mut known = HashSet::new();
    rooms.retain(|(room, _)| known.insert(room.as_ref().map(|room| room.key().clone())));
    if rooms.len() > MOST_ROOMS {
        return Err(Cause::BadObject.with_word(format!("rooms: at most {MOST_ROOMS}")));
    }
    // Refuses rooms whose names new rooms may not have, and not the sign-in: a room of an older server must not keep its
    // users from signing in.
    let refusal = |room: &RoomName| {
        let why = room.check_new().err()?;
        Some(Report::from_room_name_error(why).in_room(room.to_string()))
    };
    let mut refused_rooms = Vec::new();
    rooms.retain(|(room, _)| match room.as_ref().and_then(refusal) {
        Some(refusal) => {
            refused_rooms.push(refusal);
            false
        }
        None => true,
    });
    let room = |name| RoomName::parse(name).and_then(|room| room.check_new().map(|()| room));
    Ok(SessionRequest {
        label: request.answer_label(),
        room: request.room.as_deref().map(room).transpose().map_err(Report::from_room_name_error)?,
        rooms,
        refused_rooms,
        acks: request.acks == Some(true),
        seq: request.seq,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, has_password: bool) -> Result<(Option<String>, AuthRequest), SignInRefusal> {
        parse(line, ServerInfo { has_password })
    }

    #[test]
    fn sign_in_lists_its_rooms() {
        let line =
            r#"{"type":"guest","user":"alice","room":"ops","label":"1","rooms":{"all":9,"dev":null},"acks":true}"#;
        let (label, attempt) = read(line, false).unwrap();
        let AuthRequest::Object { sign_in, server_password: None, session } = attempt else { panic!() };
        assert_eq!((label.as_deref(), sign_in), (Some("1"), SignIn::Guest { user: "alice".into(), name_token: None }));
        assert_eq!(session.rooms, [(None, Some(9)), (RoomName::parse("dev").ok(), None)]);
        assert!(session.acks && session.room.unwrap().as_str() == "ops");
    }

    #[test]
    fn malformed_sign_in_is_answered_with_its_label() {
        for (line, cause) in [
            (r#"{"type":"say","room":"ops","text":"hi","label":"1"}"#, Cause::BadObject),
            (r#"{"type":"login","user":"alice","label":"1"}"#, Cause::BadObject),
            (r#"{"type":"guest","user":"alice","room":"a b","label":"1"}"#, Cause::RoomNameBad),
            (r#"{"type":"guest","user":"alice","rooms":{"a_b":1},"label":"1"}"#, Cause::RoomNameBad),
        ] {
            let (label, report) = read(line, false).unwrap_err();
            assert_eq!((label.as_deref(), report.cause), (Some("1"), cause), "{line}");
        }
        let guest = r#"{"type":"guest","user":"alice"}"#;
        assert_eq!(read(guest, true).unwrap_err().1.cause, Cause::ServerPasswordNeeded);
    }
}
