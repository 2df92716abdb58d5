//! The text door: `NAME_ROOM` for guests, REGISTER and LOGIN for accounts. Spoken by `nc`, by tcp_chat's and Chat77's
//! clients and by the bundled one. The exact lines are the ones these clients compare.

use super::object::ObjectSignIn;
use super::unsupported::Unsupported;
use super::{AuthRequest, AuthResult, Door, DoorAction, Inbound, Mistakes, ServerInfo, cleaned, refused};
use landline_common::clean::blank_line_ends;
use landline_common::command::{Command, Format, Request, parse};
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, NameError, Rendering, Report, RoomName, UserName, password};

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
/// The hint for a user at a terminal who typed something else at the greeting.
const HOW_TO_JOIN: &str = "To join as a guest, type NAME_ROOM, for example carol_lobby. \
                           Or type LOGIN or REGISTER for an account; /quit leaves.";
/// The hint once LOGIN or REGISTER was typed. It offers no NAME_ROOM: a line may be a password from then on.
const HOW_TO_LOG_IN: &str = "Type LOGIN or REGISTER. To join as a guest, connect again; /quit leaves.";
/// The hint for a user who typed the pattern itself.
const PATTERN_EXPLAINED: &str = "NAME_ROOM stands for your own name and a room, for example carol_lobby: \
                                 carol in the room lobby.";
/// The last answer to a user who typed wrong lines only.
const TOO_MANY_MISTAKES: &str = "Too many wrong lines; the connection is closed. Connect again and type NAME_ROOM, for \
                                 example alice_lobby.";
/// Words without a slash that end the connection at the greeting, like the quit command.
const QUIT_WORDS: [&str; 2] = ["quit", "bye"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Register,
    Login,
}

/// The meaning of the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Awaits {
    /// The first line of a client that did not wait for the greeting. Such a program knows the forms, so one wrong line
    /// ends the connection.
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
    /// The result of a command object.
    Object,
}

/// The sign-in of one client at the text door.
#[derive(Debug)]
pub(super) struct TextDoor {
    server_info: ServerInfo,
    awaits: Awaits,
    format: Format,
    framing: Framing,
    /// The client has started REGISTER or LOGIN. An unframed client is then Chat77's. A line at the greeting may then
    /// be a password that was typed too late, so it is no longer read as NAME_ROOM.
    uses_accounts: bool,
    unsupported: Unsupported,
    objects: ObjectSignIn,
    /// Lines that had none of the forms asked for.
    mistakes: Mistakes,
    /// The greeting was sent.
    greeted: bool,
}

impl TextDoor {
    pub(super) fn new(server_info: ServerInfo) -> TextDoor {
        TextDoor {
            server_info,
            awaits: Awaits::First,
            format: Format::Text,
            framing: Framing::Undecided,
            uses_accounts: false,
            unsupported: Unsupported::default(),
            objects: ObjectSignIn::new(server_info),
            mistakes: Mistakes::default(),
            greeted: false,
        }
    }

    /// Sends `report`, then the greeting.
    fn restart(&mut self, report: Report<'static>) -> DoorAction {
        self.greet_after(vec![cleaned(report).into()])
    }

    /// Sends `events`, then the greeting.
    fn greet_after(&mut self, mut events: Vec<EventKind<'static>>) -> DoorAction {
        self.awaits = Awaits::Mode;
        self.greeted = true;
        events.push(ask(GREETING));
        DoorAction::Reply(events)
    }

    /// Counts a line that has none of the forms asked for. Returns `action`, or ends the connection after too many.
    fn count_mistake(&mut self, action: DoorAction) -> DoorAction {
        self.mistakes.count(action, TOO_MANY_MISTAKES)
    }

    /// Handles a line at the greeting, or the first line without one.
    fn first_line(&mut self, line: &str) -> DoorAction {
        let line = line.trim();
        if line.is_empty() {
            return DoorAction::Reply(Vec::new());
        }
        if self.format == Format::Json && Request::is_object(line) {
            let action = self.objects.handle(line, &mut self.mistakes, TOO_MANY_MISTAKES);
            if matches!(action, DoorAction::Try(_)) {
                self.awaits = Awaits::Object;
            }
            return action;
        }
        if let Some(Ok(Command::Format(format))) = parse(line, "") {
            if self.framing == Framing::Unframed {
                // An unframed client reads one format only, as within a session.
                let answer = self.restart(Cause::FormatFixed.report());
                return self.count_mistake(answer);
            }
            self.format = format;
            return DoorAction::Reply(vec![EventKind::Format(format)]);
        }
        let modes = [("register", Mode::Register), ("login", Mode::Login)];
        if let Some((_, mode)) = modes.into_iter().find(|(word, _)| line.eq_ignore_ascii_case(word)) {
            return self.ask_credentials(mode);
        }
        match (line.rsplit_once('_').filter(|_| !self.uses_accounts), &self.awaits) {
            (Some(("NAME", _)), _) if self.talks_to_a_user() => {
                self.greet_after(vec![EventKind::info(PATTERN_EXPLAINED)])
            }
            (Some((name, room)), _) if !name.is_empty() && !room.is_empty() => {
                self.guest(name, room.strip_prefix('#').unwrap_or(room))
            }
            (_, Awaits::First) => refused(Cause::HowToSignIn.report()),
            _ => {
                let answer = self.refuse_line(line);
                self.count_mistake(answer)
            }
        }
    }

    /// Answers a line that is not an answer to the greeting.
    fn refuse_line(&mut self, line: &str) -> DoorAction {
        if !self.talks_to_a_user() {
            return self.restart(Cause::InvalidMode.report());
        }
        let is_quit = QUIT_WORDS.iter().any(|word| line.eq_ignore_ascii_case(word));
        if is_quit || matches!(parse(line, ""), Some(Ok(Command::Quit))) {
            return DoorAction::Close(Cause::Goodbye.report().into());
        }
        let how = if self.uses_accounts { HOW_TO_LOG_IN } else { HOW_TO_JOIN };
        self.greet_after(vec![Cause::InvalidMode.report().into(), EventKind::info(how)])
    }

    /// Returns true if a user may be reading: the client waited for the greeting and ends its lines. Other clients get
    /// no hints: unframed programs compare every message, and a program that speaks first knows the forms.
    fn talks_to_a_user(&self) -> bool {
        self.greeted && self.format == Format::Text && self.framing == Framing::Lines
    }

    /// Refuses a guest. A user at a terminal may try again with another name.
    fn refuse_guest(&mut self, report: Report<'static>) -> DoorAction {
        if !self.talks_to_a_user() {
            return refused(report);
        }
        let is_mistake = report.code() == Some(400);
        let answer = self.greet_after(vec![EventKind::Refused(cleaned(report))]);
        if is_mistake { self.count_mistake(answer) } else { answer }
    }

    /// Starts the dialogue of REGISTER or LOGIN.
    fn ask_credentials(&mut self, mode: Mode) -> DoorAction {
        self.uses_accounts = true;
        if self.server_info.has_password {
            self.awaits = Awaits::ServerPassword(mode);
            return DoorAction::Reply(vec![Cause::ServerPasswordFirst.report().into(), ask("PASSWORD?")]);
        }
        self.awaits = Awaits::Alias(mode);
        DoorAction::Reply(vec![ask("ALIAS?")])
    }

    /// Requests the sign-in of a guest.
    fn guest(&mut self, name: &str, room: &str) -> DoorAction {
        let parsed = UserName::parse(name).and_then(|name| {
            let room = RoomName::parse(room)?;
            room.check_new()?;
            Ok((name, room))
        });
        let (name, room) = match parsed {
            Ok(both) => both,
            // Without the server's password, the answer must not tell which names are reserved.
            Err(NameError::Reserved) if !self.server_info.has_password => {
                return self.refuse_guest(reserved(name, room));
            }
            Err(why) => {
                let how = Cause::HowToSignIn.report();
                let why = Report::from(why);
                let text = format!("{} {}", why.sentence(), how.sentence());
                return self.refuse_guest(Report { code: how.code(), ..why }.with_text(text));
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

    /// Requests the login or the registration with both answers.
    fn credentials(&mut self, mode: Mode, alias: &str, password: &str) -> DoorAction {
        let alias = alias.trim();
        let password = password::from_line(password).to_owned();
        if alias.is_empty() || password.is_empty() {
            return self.restart(Cause::CredentialsRequired.report());
        }
        match mode {
            Mode::Login => DoorAction::Try(AuthRequest::Login { alias: alias.to_owned(), password }),
            Mode::Register => match UserName::parse(alias) {
                Ok(name) => DoorAction::Try(AuthRequest::Register { name, password }),
                Err(why) => self.restart(Report::from_user_name_error(why, alias)),
            },
        }
    }
}

impl Door for TextDoor {
    fn greet(&mut self) -> DoorAction {
        self.greet_after(Vec::new())
    }

    fn handle_line(&mut self, line: &str, framing: Framing) -> DoorAction {
        self.framing = framing;
        // A file saved on Windows may start with a byte order mark.
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let is_answer = !matches!(self.awaits, Awaits::First | Awaits::Mode | Awaits::Object);
        if self.unsupported.detect(line, framing, is_answer) {
            return refused(Cause::HowToSignIn.report());
        }
        match self.awaits.clone() {
            Awaits::First | Awaits::Mode | Awaits::Object => self.first_line(line),
            Awaits::GuestPassword { name, room } => DoorAction::Try(AuthRequest::Guest {
                name,
                room,
                server_password: Some(password::from_line(line).to_owned()),
            }),
            Awaits::ServerPassword(_) => {
                DoorAction::Try(AuthRequest::ServerPassword(password::from_line(line).to_owned()))
            }
            Awaits::Alias(mode) => {
                self.awaits = Awaits::Password(mode, line.to_owned());
                DoorAction::Reply(vec![ask("PASSWORD?")])
            }
            Awaits::Password(mode, alias) => self.credentials(mode, &alias, line),
        }
    }

    fn handle_too_long(&mut self) -> DoorAction {
        // Ends the connection: the line is discarded, so it cannot be checked for an HTTP request.
        refused(match self.awaits {
            Awaits::First => Cause::HowToSignIn.report(),
            _ => Cause::LineTooLong.report().with_text("that line is too long"),
        })
    }

    fn handle_result(&mut self, result: AuthResult) -> DoorAction {
        if self.awaits == Awaits::Object {
            self.awaits = Awaits::Mode;
            return self.objects.refuse(result);
        }
        match (&self.awaits, result) {
            (Awaits::ServerPassword(mode), AuthResult::Done) => {
                self.awaits = Awaits::Alias(*mode);
                DoorAction::Reply(vec![ask("ALIAS?")])
            }
            (Awaits::ServerPassword(_), AuthResult::WrongPassword) => self.restart(Cause::WrongServerPassword.report()),
            (Awaits::Password(..), AuthResult::Done) => self.restart(Cause::Registered.report()),
            (Awaits::Password(..), outcome) => self.restart(outcome.report()),
            (Awaits::ServerPassword(_), AuthResult::Refused(why)) => self.restart(why),
            (_, AuthResult::WrongPassword) => self.refuse_guest(Cause::WrongServerPassword.report()),
            (_, AuthResult::NameTaken(report)) if report.cause == Cause::NameRegistered => {
                let name = report.about.user.clone().unwrap_or_default();
                let how = format!("{name} is a registered name. Type LOGIN to sign in, or choose another name.");
                self.refuse_guest(report.with_text(how))
            }
            (_, AuthResult::NameTaken(report)) => self.refuse_guest(report),
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
        // Clients of this door send single lines, so Unicode line ends within a line become spaces.
        Some(Inbound::Line(blank_line_ends(message)))
    }
}

fn ask(text: &'static str) -> EventKind<'static> {
    EventKind::Ask(text.into())
}

/// Returns the report about the reserved one of the two names.
fn reserved(name: &str, room: &str) -> Report<'static> {
    match UserName::parse(name) {
        Err(why) => Report::from_user_name_error(why, name),
        Ok(_) => Cause::NameReserved.with_user(room.to_owned()),
    }
}

#[cfg(test)]
mod tests;
