//! The door of LanTalk 2.0 clients, on a port of its own. The server speaks first, and all messages are JSON lines. The
//! client sends one object with name and password, and the connection ends if that is refused.

use super::{Attempt, Door, House, Outcome, Step, Typed};
use landline_common::lines::Framing;
use landline_common::{Cause, NameError, Rendering, Report, UserName, What, lantalk};

/// The sign-in of one LanTalk client.
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
            Err(why) => fail(why),
        }
    }

    fn too_long(&mut self) -> Step {
        fail(NameError::BadUser)
    }

    fn outcome(&mut self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::WrongPassword => fail(Cause::WrongPassword.report()),
            Outcome::AlreadyHere => fail(Cause::AlreadyHere.report()),
            Outcome::NameTaken(why) | Outcome::Refused(why) => fail(why),
            // Cannot happen: it is the result of registrations and password checks, which this door does not request.
            Outcome::Done => fail(NameError::BadUser),
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

fn fail(why: impl Into<Report<'static>>) -> Step {
    Step::Close(What::Refused(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVALID: &str = "Invalid username.";
    const TAKEN: &str = "Username already taken.";

    fn door() -> LanTalkDoor {
        LanTalkDoor::new(House { has_password: false })
    }

    #[test]
    fn refusals_use_the_sentences_of_lantalk() {
        for (line, reason) in [
            ("[]", INVALID),
            (r#"{"username":5}"#, INVALID),
            (r#"{"username":"a b"}"#, INVALID),
            (r#"{"username":"server"}"#, TAKEN),
        ] {
            let Step::Close(What::Refused(why)) = door().line(line, Framing::Lines) else { panic!("{line}") };
            assert_eq!(why.lantalk_sentence(), reason);
        }
        let attempt = Attempt::Name { name: UserName::parse("Bob").unwrap(), password: String::new() };
        assert_eq!(door().line(r#"{"username":"Bob"}"#, Framing::Lines), Step::Try(attempt));
    }

    #[test]
    fn only_texts_with_a_slash_are_commands() {
        let exit = r#"{"type":"message","text":"exit"}"#;
        let users = r#"{"type":"message","text":"/users"}"#;
        assert_eq!(door().typed(exit), Some(Typed::Talk("exit".into())));
        assert_eq!(door().typed(users), Some(Typed::Line("/users".into())));
        assert_eq!(door().typed("{}"), None);
    }
}
