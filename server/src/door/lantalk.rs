//! The door of LanTalk 2.0's clients, on a port of its own: the server speaks first, and everything is JSON.

use super::{Attempt, Door, House, Outcome, Step, Typed};
use landline_common::lines::Framing;
use landline_common::{NameError, Rendering, UserName, What, lantalk};

/// The reasons that LanTalk 2.0 gives.
const INVALID: &str = "Invalid username.";
const TAKEN: &str = "Username already taken.";
const WRONG: &str = "Wrong password.";

/// One client at the LanTalk door.
#[derive(Debug)]
pub(super) struct LanTalkDoor {
    house: House,
}

impl LanTalkDoor {
    pub(super) fn new(house: House) -> LanTalkDoor {
        LanTalkDoor { house }
    }
}

impl Door for LanTalkDoor {
    fn greet(&mut self) -> Step {
        Step::Reply(vec![What::AskAll { needs_password: self.house.has_password }])
    }

    fn line(&mut self, line: &str, _: Framing) -> Step {
        let (name, password) = lantalk::read_sign_in(line);
        match UserName::parse(&name) {
            Ok(name) => Step::Try(Attempt::Name { name, password }),
            Err(NameError::Reserved) => fail(403, TAKEN),
            Err(_) => fail(400, INVALID),
        }
    }

    fn too_long(&mut self) -> Step {
        fail(400, INVALID)
    }

    fn outcome(&mut self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::WrongPassword => fail(403, WRONG),
            Outcome::NameTaken(_) | Outcome::AlreadyHere => fail(403, TAKEN),
            Outcome::Refused(code, why) => Step::Close(What::Refused { code, why: why.into() }),
            // Nothing that this door tries ends so.
            Outcome::Done => fail(400, INVALID),
        }
    }

    fn rendering(&self) -> Rendering {
        Rendering::LanTalk
    }

    fn typed<'m>(&self, message: &'m str) -> Option<Typed<'m>> {
        let text = lantalk::read_message(message)?;
        Some(if text.starts_with('/') { Typed::Line(text.into()) } else { Typed::Talk(text.into()) })
    }
}

fn fail(code: u16, reason: &'static str) -> Step {
    Step::Close(What::Refused { code, why: reason.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> LanTalkDoor {
        LanTalkDoor::new(House { has_password: false })
    }

    #[test]
    fn reasons_are_lantalks_own() {
        for (line, reason) in [
            ("[]", INVALID),
            (r#"{"username":5}"#, INVALID),
            (r#"{"username":"a b"}"#, INVALID),
            (r#"{"username":"server"}"#, TAKEN),
        ] {
            let Step::Close(What::Refused { why, .. }) = door().line(line, Framing::Lines) else { panic!("{line}") };
            assert_eq!(why, reason);
        }
        let attempt = Attempt::Name { name: UserName::parse("Bob").unwrap(), password: String::new() };
        assert_eq!(door().line(r#"{"username":"Bob"}"#, Framing::Lines), Step::Try(attempt));
    }

    #[test]
    fn only_slash_words_are_commands() {
        let exit = r#"{"type":"message","text":"exit"}"#;
        let users = r#"{"type":"message","text":"/users"}"#;
        assert_eq!(door().typed(exit), Some(Typed::Talk("exit".into())));
        assert_eq!(door().typed(users), Some(Typed::Line("/users".into())));
        assert_eq!(door().typed("{}"), None);
    }
}
