//! The text door: `NAME_ROOM` for guests, REGISTER and LOGIN for accounts. Spoken by `nc`, by tcp_chat's and Chat77's
//! clients and by the bundled one. The exact lines are the ones these clients compare.

use super::unsupported::Unsupported;
use super::{AuthRequest, AuthResult, Door, DoorAction, Inbound, ServerInfo, object};
use landline_common::clean::{blank_line_ends, clean};
use landline_common::command::{Command, Format, Request, parse};
use landline_common::limits::SIGN_IN_MISTAKES;
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, NameError, Rendering, Report, RoomName, UserName, password};

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
/// What a user at a terminal is told who typed something else at the greeting.
const HOW_TO_JOIN: &str = "To join as a guest, type NAME_ROOM, for example carol_lobby. \
                           Or type LOGIN or REGISTER for an account; /quit leaves.";
/// The same once LOGIN or REGISTER was typed: what stands in a line then may be a password.
const HOW_TO_LOG_IN: &str = "Type LOGIN or REGISTER. To join as a guest, connect again; /quit leaves.";
/// The same for a user who typed the pattern itself.
const PATTERN_EXPLAINED: &str = "NAME_ROOM stands for your own name and a room, for example carol_lobby: \
                                 carol in the room lobby.";
/// Bare words that leave at the greeting, beside the commands that do.
const LEAVING: [&str; 2] = ["quit", "bye"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Register,
    Login,
}

/// What the next line is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Awaits {
    /// The first line of all: whoever speaks first must know how.
    First,
    /// REGISTER, LOGIN or NAME_ROOM, after a greeting.
    Mode,
    /// The server's password, of a guest.
    GuestPassword {
        name: UserName,
        room: RoomName,
    },
    /// The server's password, before REGISTER or LOGIN.
    ServerPassword(Mode),
    Alias(Mode),
    Password(Mode, String),
    /// The outcome of a command object with that label.
    Object(Option<String>),
}

/// One client at the text door.
#[derive(Debug)]
pub(super) struct TextDoor {
    server_info: ServerInfo,
    awaits: Awaits,
    format: Format,
    framing: Framing,
    /// The client has begun REGISTER or LOGIN: if it is unframed, it is Chat77's. What it sends at the greeting then may
    /// be a password that was typed too late, so it is no longer read as NAME_ROOM.
    uses_accounts: bool,
    foreign: Unsupported,
    /// Lines that were of no form asked for.
    mistakes: u32,
    /// The client has got the greeting.
    greeted: bool,
}

impl TextDoor {
    pub(super) fn new(server_info: ServerInfo) -> TextDoor {
        let (format, framing) = (Format::Text, Framing::Undecided);
        let (foreign, mistakes) = (Unsupported::default(), 0);
        let (uses_accounts, greeted) = (false, false);
        TextDoor { server_info, awaits: Awaits::First, format, framing, uses_accounts, foreign, mistakes, greeted }
    }

    /// Answers `report`, and begins again at the greeting.
    fn again(&mut self, report: Report<'static>) -> DoorAction {
        self.greet_behind(vec![cleaned(report).into()])
    }

    /// Answers `whats` and the greeting.
    fn greet_behind(&mut self, mut whats: Vec<EventKind<'static>>) -> DoorAction {
        self.awaits = Awaits::Mode;
        self.greeted = true;
        whats.push(ask(GREETING));
        DoorAction::Reply(whats)
    }

    /// Answers a line of no form asked for as `step` does, or ends the connection: that was one too many.
    fn mistake(&mut self, step: DoorAction) -> DoorAction {
        self.mistakes += 1;
        if self.mistakes < SIGN_IN_MISTAKES { step } else { refused(Cause::HowToSignIn.report()) }
    }

    /// A sign-in by object. What is wrong with it is answered, and another one may follow.
    fn object(&mut self, line: &str) -> DoorAction {
        match object::attempt(line, self.server_info) {
            Ok((label, attempt)) => {
                self.awaits = Awaits::Object(label);
                DoorAction::Try(attempt)
            }
            Err((label, report)) => {
                let is_mistake = report.cause == Cause::BadObject;
                let answer = DoorAction::Answer { label, what: EventKind::Refused(cleaned(report)) };
                if is_mistake { self.mistake(answer) } else { answer }
            }
        }
    }

    fn first_line(&mut self, line: &str) -> DoorAction {
        let line = line.trim();
        if line.is_empty() {
            return DoorAction::Reply(Vec::new());
        }
        if self.format == Format::Json && Request::is_object(line) {
            return self.object(line);
        }
        if let Some(Ok(Command::Format(format))) = parse(line, "") {
            if self.framing == Framing::Unframed {
                // Its form is fixed, here as within a session.
                let again = self.again(Cause::FormatFixed.report());
                return self.mistake(again);
            }
            self.format = format;
            return DoorAction::Reply(vec![EventKind::Format(format)]);
        }
        let modes = [("register", Mode::Register), ("login", Mode::Login)];
        if let Some((_, mode)) = modes.into_iter().find(|(word, _)| line.eq_ignore_ascii_case(word)) {
            return self.begin(mode);
        }
        match (line.rsplit_once('_').filter(|_| !self.uses_accounts), &self.awaits) {
            (Some(("NAME", _)), _) if self.talks_to_a_user() => {
                self.greet_behind(vec![EventKind::info(PATTERN_EXPLAINED)])
            }
            (Some((name, room)), _) if !name.is_empty() && !room.is_empty() => {
                self.guest(name, room.strip_prefix('#').unwrap_or(room))
            }
            (_, Awaits::First) => refused(Cause::HowToSignIn.report()),
            _ => {
                let answer = self.no_mode(line);
                self.mistake(answer)
            }
        }
    }

    /// A line that is no answer to the greeting.
    fn no_mode(&mut self, line: &str) -> DoorAction {
        if !self.talks_to_a_user() {
            return self.again(Cause::InvalidMode.report());
        }
        let leaves = LEAVING.iter().any(|word| line.eq_ignore_ascii_case(word));
        if leaves || matches!(parse(line, ""), Some(Ok(Command::Quit))) {
            return DoorAction::Close(Cause::Goodbye.report().into());
        }
        let how = if self.uses_accounts { HOW_TO_LOG_IN } else { HOW_TO_JOIN };
        self.greet_behind(vec![Cause::InvalidMode.report().into(), EventKind::info(how)])
    }

    /// Whether a user may be reading: the client waited for the greeting and ends lines. The unframed programs
    /// compare every message that they get, and a program that speaks first knows how to: both are told nothing else.
    fn talks_to_a_user(&self) -> bool {
        self.greeted && self.format == Format::Text && self.framing == Framing::Lines
    }

    /// Refuses a guest. A user may try again, with another name.
    fn no_guest(&mut self, report: Report<'static>) -> DoorAction {
        if !self.talks_to_a_user() {
            return refused(report);
        }
        let is_mistake = report.code() == Some(400);
        let answer = self.greet_behind(vec![EventKind::Refused(cleaned(report))]);
        if is_mistake { self.mistake(answer) } else { answer }
    }

    fn begin(&mut self, mode: Mode) -> DoorAction {
        self.uses_accounts = true;
        if self.server_info.has_password {
            self.awaits = Awaits::ServerPassword(mode);
            return DoorAction::Reply(vec![Cause::ServerPasswordFirst.report().into(), ask("PASSWORD?")]);
        }
        self.awaits = Awaits::Alias(mode);
        DoorAction::Reply(vec![ask("ALIAS?")])
    }

    fn guest(&mut self, name: &str, room: &str) -> DoorAction {
        let parsed = UserName::parse(name).and_then(|name| {
            let room = RoomName::parse(room)?;
            room.check_new()?;
            Ok((name, room))
        });
        let (name, room) = match parsed {
            Ok(both) => both,
            // With a password in force nothing is learned about names without it.
            Err(NameError::Reserved) if !self.server_info.has_password => {
                return self.no_guest(reserved(name, room));
            }
            Err(why) => {
                let (how, why) = (Cause::HowToSignIn.report(), Report::from(why));
                let text = format!("{} {}", why.sentence(), how.sentence());
                return self.no_guest(Report { code: how.code(), ..why }.saying(text));
            }
        };
        match (self.server_info.has_password, self.framing) {
            (false, _) => DoorAction::Try(AuthRequest::Guest { name, room, server_password: None }),
            (true, Framing::Unframed) => refused(Cause::ServerPasswordNeeded.report()),
            (true, _) => {
                self.awaits = Awaits::GuestPassword { name, room };
                DoorAction::Reply(vec![ask("PASSWORD?")])
            }
        }
    }

    fn credentials(&mut self, mode: Mode, alias: &str, password: &str) -> DoorAction {
        let (alias, password) = (alias.trim(), password::of_line(password).to_owned());
        if alias.is_empty() || password.is_empty() {
            return self.again(Cause::CredentialsRequired.report());
        }
        match mode {
            Mode::Login => DoorAction::Try(AuthRequest::Login { alias: alias.to_owned(), password }),
            Mode::Register => match UserName::parse(alias) {
                Ok(name) => DoorAction::Try(AuthRequest::Register { name, password }),
                Err(why) => self.again(Report::of_user_name(why, alias)),
            },
        }
    }
}

impl Door for TextDoor {
    fn greet(&mut self) -> DoorAction {
        self.greet_behind(Vec::new())
    }

    fn handle_line(&mut self, line: &str, framing: Framing) -> DoorAction {
        self.framing = framing;
        // A file that was saved on Windows may begin with one.
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let is_answer = !matches!(self.awaits, Awaits::First | Awaits::Mode | Awaits::Object(_));
        if self.foreign.is_in(line, framing, is_answer) {
            return refused(Cause::HowToSignIn.report());
        }
        match self.awaits.clone() {
            Awaits::First | Awaits::Mode | Awaits::Object(_) => self.first_line(line),
            Awaits::GuestPassword { name, room } => DoorAction::Try(AuthRequest::Guest {
                name,
                room,
                server_password: Some(password::of_line(line).to_owned()),
            }),
            Awaits::ServerPassword(_) => {
                DoorAction::Try(AuthRequest::ServerPassword(password::of_line(line).to_owned()))
            }
            Awaits::Alias(mode) => {
                self.awaits = Awaits::Password(mode, line.to_owned());
                DoorAction::Reply(vec![ask("PASSWORD?")])
            }
            Awaits::Password(mode, alias) => self.credentials(mode, &alias, line),
        }
    }

    fn handle_too_long(&mut self) -> DoorAction {
        // Its beginning is lost, and may have been a request of HTTP.
        refused(match self.awaits {
            Awaits::First => Cause::HowToSignIn.report(),
            _ => Cause::LineTooLong.report().saying("that line is too long"),
        })
    }

    fn handle_result(&mut self, result: AuthResult) -> DoorAction {
        if let Awaits::Object(label) = &mut self.awaits {
            let label = label.take();
            self.awaits = Awaits::Mode;
            return DoorAction::Answer { label, what: EventKind::Refused(result.report()) };
        }
        match (&self.awaits, result) {
            (Awaits::ServerPassword(mode), AuthResult::Done) => {
                self.awaits = Awaits::Alias(*mode);
                DoorAction::Reply(vec![ask("ALIAS?")])
            }
            (Awaits::ServerPassword(_), AuthResult::WrongPassword) => self.again(Cause::WrongServerPassword.report()),
            (Awaits::Password(..), AuthResult::Done) => self.again(Cause::Registered.report()),
            (Awaits::Password(..), outcome) => self.again(outcome.report()),
            (Awaits::ServerPassword(_), AuthResult::Refused(why)) => self.again(why),
            (_, AuthResult::WrongPassword) => self.no_guest(Cause::WrongServerPassword.report()),
            (_, AuthResult::NameTaken(report)) if report.cause == Cause::NameRegistered => {
                let name = report.about.user.clone().unwrap_or_default();
                let how = format!("{name} is a registered name. Type LOGIN to sign in, or choose another name.");
                self.no_guest(report.saying(how))
            }
            (_, AuthResult::NameTaken(report)) => self.no_guest(report),
            (_, outcome) => refused(outcome.report()),
        }
    }

    fn rendering(&self) -> Rendering {
        match (self.format, self.framing, self.uses_accounts) {
            (Format::Json, ..) => Rendering::Json,
            (_, Framing::Unframed, true) => Rendering::Chat77,
            (_, Framing::Unframed, false) => Rendering::TcpChat,
            _ => Rendering::Text,
        }
    }

    fn decode<'m>(&self, message: &'m str) -> Option<Inbound<'m>> {
        // These clients cannot send several lines: what looks like one within a line is none.
        Some(Inbound::Line(blank_line_ends(message)))
    }
}

fn ask(text: &'static str) -> EventKind<'static> {
    EventKind::Ask(text.into())
}

/// Which of the two is reserved.
fn reserved(name: &str, room: &str) -> Report<'static> {
    match UserName::parse(name) {
        Err(why) => Report::of_user_name(why, name),
        Ok(_) => Cause::NameReserved.of_user(room.to_owned()),
    }
}

fn refused(report: Report<'static>) -> DoorAction {
    DoorAction::Close(EventKind::Refused(cleaned(report)))
}

/// What clients sent and is quoted back is safe to show.
fn cleaned(mut report: Report<'static>) -> Report<'static> {
    for text in [&mut report.text, &mut report.about.word, &mut report.about.user] {
        *text = text.take().map(|text| clean(&text).into_owned().into());
    }
    report
}

#[cfg(test)]
mod tests;
