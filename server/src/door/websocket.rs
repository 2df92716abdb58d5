//! The door of WebSocket clients: sign-in by command objects only, without a greeting. Afterwards it is the text door
//! after `format json`, with objects in frames.

use super::object::ObjectSignIn;
use super::{AuthResult, Door, DoorAction, Inbound, Mistakes, ServerInfo, refused};
use landline_common::clean::blank_line_ends;
use landline_common::command::Request;
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, Rendering};

/// The answer to a message that is no object.
const OBJECTS_ONLY: &str =
    r#"Sign in by a command object, for example {"type":"guest","user":"alice","room":"lobby"}."#;
/// The last answer to a client that sent no sign-in.
const TOO_MANY_MISTAKES: &str = "Too many messages that are no sign-in; the connection is closed.";

/// The sign-in of one client over a WebSocket.
#[derive(Debug)]
pub struct WebSocketDoor {
    objects: ObjectSignIn,
    mistakes: Mistakes,
}

impl WebSocketDoor {
    /// Makes the door of one client.
    #[must_use]
    pub fn new(server_info: ServerInfo) -> WebSocketDoor {
        WebSocketDoor { objects: ObjectSignIn::new(server_info), mistakes: Mistakes::default() }
    }
}

impl Door for WebSocketDoor {
    fn greet(&mut self) -> DoorAction {
        DoorAction::Reply(Vec::new())
    }

    fn handle_line(&mut self, message: &str, _: Framing) -> DoorAction {
        if Request::is_object(message) {
            return self.objects.handle(message, &mut self.mistakes, TOO_MANY_MISTAKES);
        }
        let why = Cause::HowToSignIn.report().with_text(OBJECTS_ONLY);
        self.mistakes.count(DoorAction::Reply(vec![EventKind::Refused(why)]), TOO_MANY_MISTAKES)
    }

    fn handle_too_long(&mut self) -> DoorAction {
        refused(Cause::LineTooLong.report().with_text("that message is too long"))
    }

    fn handle_result(&mut self, result: AuthResult) -> DoorAction {
        self.objects.refuse(result)
    }

    fn rendering(&self) -> Rendering {
        Rendering::WebSocket
    }

    fn decode<'m>(&self, message: &'m str) -> Option<Inbound<'m>> {
        // As at the text door, a message is one line.
        Some(Inbound::Line(blank_line_ends(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::AuthRequest;
    use landline_common::command::SignIn;
    use landline_common::limits::SIGN_IN_MISTAKES;

    fn door() -> WebSocketDoor {
        WebSocketDoor::new(ServerInfo { has_password: false })
    }

    fn handle(door: &mut WebSocketDoor, message: &str) -> DoorAction {
        door.handle_line(message, Framing::Lines)
    }

    /// The cause of an event, and whether the connection stays open.
    fn refusal(action: DoorAction) -> (Cause, bool) {
        match action {
            DoorAction::Reply(events) => match &events[..] {
                [EventKind::Refused(report)] => (report.cause, true),
                other => panic!("{other:?}"),
            },
            DoorAction::Close(EventKind::Refused(report)) => (report.cause, false),
            DoorAction::Answer { event: EventKind::Refused(report), .. } => (report.cause, true),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn there_is_no_greeting_and_events_are_framed() {
        let mut door = door();
        assert_eq!(door.greet(), DoorAction::Reply(Vec::new()));
        assert_eq!(door.rendering(), Rendering::WebSocket);
    }

    #[test]
    fn only_objects_sign_in_and_a_refusal_carries_the_label() {
        let mut door = door();
        for message in ["alice_lobby", "LOGIN", "format json", "", "GET / HTTP/1.1"] {
            let mut door = self::door();
            assert_eq!(refusal(handle(&mut door, message)), (Cause::HowToSignIn, true), "{message}");
        }
        let sign_in = r#"{"type":"guest","user":"alice","room":"ops","label":"1"}"#;
        let DoorAction::Try(AuthRequest::Object { sign_in, session, .. }) = handle(&mut door, sign_in) else {
            panic!()
        };
        assert_eq!(sign_in, SignIn::Guest { user: "alice".into(), name_token: None });
        assert_eq!(session.room.unwrap().as_str(), "ops");
        let refused = EventKind::Refused(Cause::NameTaken.report());
        let answer = DoorAction::Answer { label: Some("1".into()), event: refused };
        assert_eq!(door.handle_result(AuthResult::NameTaken(Cause::NameTaken.report())), answer);
        assert!(matches!(handle(&mut door, r#"{"type":"guest","user":"bob"}"#), DoorAction::Try(_)));
    }

    #[test]
    fn too_many_messages_that_are_no_sign_in_end_the_connection() {
        let mut door = door();
        for number in 1..SIGN_IN_MISTAKES {
            let message = if number % 2 == 0 { "hello" } else { r#"{"type":"say","room":"ops","text":"hi"}"# };
            assert!(refusal(handle(&mut door, message)).1);
        }
        assert_eq!(refusal(handle(&mut door, "hello")), (Cause::HowToSignIn, false));
        assert_eq!(refusal(self::door().handle_too_long()), (Cause::LineTooLong, false));
    }

    #[test]
    fn a_message_after_the_sign_in_is_one_line() {
        assert_eq!(door().decode("one\ntwo"), Some(Inbound::Line("one two".into())));
    }
}
