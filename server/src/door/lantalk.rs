//! The door of LanTalk 2.0 clients, on a port of its own. The server speaks first, and all messages are JSON lines. The
//! client sends one object with name and password, and the connection ends if that is refused.

use super::{AuthRequest, AuthResult, Door, DoorAction, Inbound, ServerInfo};
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, NameError, Rendering, Report, UserName, lantalk};

/// The sign-in of one LanTalk client.
#[derive(Debug)]
pub(super) struct LanTalkDoor {
    server_info: ServerInfo,
}

impl LanTalkDoor {
    pub(super) fn new(server_info: ServerInfo) -> LanTalkDoor {
        LanTalkDoor { server_info }
    }
}

impl Door for LanTalkDoor {
    fn greet(&mut self) -> DoorAction {
        DoorAction::Reply(vec![EventKind::AskAll { needs_password: self.server_info.has_password }])
    }

    fn handle_line(&mut self, line: &str, _: Framing) -> DoorAction {
        let (name, password) = lantalk::read_sign_in(line);
        match UserName::parse(&name) {
            Ok(name) => DoorAction::Try(AuthRequest::Name { name, password }),
            Err(why) => fail(why),
        }
    }

    fn handle_too_long(&mut self) -> DoorAction {
        fail(NameError::BadUser)
    }

    fn handle_result(&mut self, result: AuthResult) -> DoorAction {
        match result {
            AuthResult::WrongPassword => fail(Cause::WrongPassword.report()),
            AuthResult::AlreadyHere => fail(Cause::AlreadyHere.report()),
            AuthResult::NameTaken(why) | AuthResult::Refused(why) => fail(why),
            // Cannot happen: `Done` is the result of registrations and password checks, which this door does not
            // request.
            AuthResult::Done => fail(NameError::BadUser),
        }
    }

    fn rendering(&self) -> Rendering {
        Rendering::LanTalk
    }

    fn decode<'m>(&self, message: &'m str) -> Option<Inbound<'m>> {
        let text = lantalk::read_message(message)?;
        Some(if text.starts_with('/') { Inbound::Line(text.into()) } else { Inbound::Talk(text.into()) })
    }
}

fn fail(why: impl Into<Report<'static>>) -> DoorAction {
    DoorAction::Close(EventKind::Refused(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVALID: &str = "Invalid username.";
    const TAKEN: &str = "Username already taken.";

    fn door() -> LanTalkDoor {
        LanTalkDoor::new(ServerInfo { has_password: false })
    }

    #[test]
    fn refusals_use_lantalk_sentences() {
        for (line, reason) in [
            ("[]", INVALID),
            (r#"{"username":5}"#, INVALID),
            (r#"{"username":"a b"}"#, INVALID),
            (r#"{"username":"server"}"#, TAKEN),
        ] {
            let DoorAction::Close(EventKind::Refused(why)) = door().handle_line(line, Framing::Lines) else {
                panic!("{line}")
            };
            assert_eq!(why.lantalk_sentence(), reason);
        }
        let attempt = AuthRequest::Name { name: UserName::parse("Bob").unwrap(), password: String::new() };
        assert_eq!(door().handle_line(r#"{"username":"Bob"}"#, Framing::Lines), DoorAction::Try(attempt));
    }

    #[test]
    fn only_texts_with_a_slash_are_commands() {
        let exit = r#"{"type":"message","text":"exit"}"#;
        let users = r#"{"type":"message","text":"/users"}"#;
        assert_eq!(door().decode(exit), Some(Inbound::Talk("exit".into())));
        assert_eq!(door().decode(users), Some(Inbound::Line("/users".into())));
        assert_eq!(door().decode("{}"), None);
    }
}
