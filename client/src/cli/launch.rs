//! Starts a chat: combines arguments, configuration and the last session, asks the user for the rest, and runs a
//! presenter.

mod settings;

use crate::chat::plain::PlainOptions;
use crate::chat::{Remembered, Settings};
use crate::cli::args::{AppearanceArgs, Args, MeshArgs};
use crate::cli::config::Config;
use crate::cli::error_hints::with_hint;
use crate::cli::last_session::LastSession;
use crate::cli::prompts::{ask_name, passphrase};
use crate::cli::trust::security;
use crate::connect::{print_first_meetings, sign_in};
use crate::connection::{Identity, Security};
use crate::encryption::TlsMode;
use crate::name_tokens::{self, MissingToken};
use crate::server_address::with_port;
use crate::setup::answers::{SetupContext, SetupResult};
use crate::setup::questions::{KnownAnswers, PreviousSession, Questions};
use crate::signals::{self, Signal};
use crate::signed_in::SignedIn;
use crate::tui::theme::supports_full_screen;
use crate::tui::{ScreenOptions, TerminalGuard};
use crate::usage_error::UsageError;
use crate::{discovery, logging, own_name, paths, plain, tui};
use anyhow::{Context, bail};
use crossbeam_channel::Receiver;
use landline_common::clean::clean;
use landline_common::tls::ServerKey;
use landline_common::{RoomName, UserName};
use std::cell::RefCell;
use std::io::{self, IsTerminal};

/// The settings of this run.
struct Launch<'a> {
    args: &'a Args,
    appearance: &'a AppearanceArgs,
    config: Config,
    last_session: LastSession,
    security: Security,
    /// True if standard input is a terminal, so that the program can ask the user.
    interactive: bool,
    /// True if the full screen is used.
    screen: bool,
}

/// Connects to a server and chats there until the user leaves.
///
/// # Errors
/// Wrong usage, a server that refuses the user or cannot be reached, or lines that could not be sent.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let launch = Launch::new(args, &args.appearance, args.plain || args.json)?;
    match launch.server()? {
        Some(server) => launch.connect_to(&server),
        None => {
            let signals = signals::listen().context("cannot handle signals")?;
            let last = launch.last_session.server.clone().unwrap_or_default();
            launch.ask(Questions::new(launch.known()?), &last, &signals)
        }
    }
}

/// Joins the mesh and chats there until the user leaves.
///
/// # Errors
/// Wrong usage, or a port that cannot be opened.
pub fn mesh(args: &Args, mesh_args: &MeshArgs) -> anyhow::Result<()> {
    let launch = Launch::new(args, &mesh_args.appearance, mesh_args.plain || mesh_args.json)?;
    let given = mesh_args.name.as_deref().map(UserName::parse).transpose();
    let name = match given.map_err(|why| UsageError::new(format!("NAME: {why}")))? {
        Some(name) => name,
        None => launch.name_or_ask()?,
    };
    // Other members would refuse a member with a reserved name.
    name.check_new().map_err(|why| UsageError::new(format!("NAME: {why}")))?;
    let secret = passphrase(mesh_args)?.map(|text| crate::mesh::passphrase::secret(&text)).transpose();
    let secret = secret.map_err(|why| UsageError::new(why.to_string()))?;
    let signals = signals::listen().context("cannot handle signals")?;
    let options = crate::mesh::MeshOptions {
        name: name.clone(),
        host: mesh_args.host,
        port: mesh_args.port,
        secret,
        is_script: !launch.interactive,
    };
    let signed_in = crate::mesh::connect(&options)?;
    if !launch.screen {
        let options = PlainOptions { json: mesh_args.json, mesh: true, ..launch.options() };
        return plain::run(signed_in, options, &signals, &|_| {});
    }
    let settings = Settings { mesh: true, ..launch.settings() };
    let room = crate::mesh::ROOM;
    let options = ScreenOptions { server: room, room, settings, theme: launch.theme() };
    tui::run(TerminalGuard::acquire()?, signed_in, options, &signals, &|_| {})
}

impl<'a> Launch<'a> {
    fn new(args: &'a Args, appearance: &'a AppearanceArgs, lines: bool) -> anyhow::Result<Launch<'a>> {
        let config = match (&appearance.config, paths::config_file()) {
            (Some(file), _) => Config::load(file, true)?,
            (None, Some(file)) => Config::load(&file, false)?,
            (None, None) => Config::default(),
        };
        if let Some(file) = appearance.log.as_ref().or(config.log.as_ref()) {
            logging::start(&paths::expand_home(file))?;
        }
        let last_session = LastSession::load(paths::last_session_file().as_deref());
        let interactive = io::stdin().is_terminal();
        let term = std::env::var("TERM").ok();
        let screen = interactive
            && io::stdout().is_terminal()
            && !lines
            && !config.plain
            && supports_full_screen(term.as_deref());
        let security = security(args, &config)?;
        Ok(Launch { args, appearance, config, last_session, security, interactive, screen })
    }
}

impl Launch<'_> {
    /// Returns the server to connect to, or `None` to ask the user.
    fn server(&self) -> anyhow::Result<Option<String>> {
        if let Some(server) = self.args.server()? {
            return Ok(Some(server));
        }
        if let Some(server) = &self.config.server {
            return Ok(Some(with_port(server)?));
        }
        if self.interactive {
            return Ok(None);
        }
        if let Some(server) = self.last_session.server.as_deref().and_then(|server| with_port(server).ok()) {
            return Ok(Some(server));
        }
        // Any machine can answer the search. Send a password only to a server that the user has named.
        let secret = self.args.password()?.or(self.args.server_password()).is_some();
        Ok(Some(discovery::only_server(secret)?))
    }

    /// Connects to `server`. On a terminal, asks for missing answers first, and again for those that the server refuses.
    fn connect_to(&self, server: &str) -> anyhow::Result<()> {
        let signals = signals::listen().context("cannot handle signals")?;
        let asks_first = self.interactive
            && match self.name() {
                Ok(_) => self.args.register && self.args.password()?.is_none(),
                Err(_) => self.args.name.is_none(),
            };
        if asks_first {
            return self.ask(Questions::at(server, self.known()?, self.name().ok()), server, &signals);
        }
        let identity = self.identity(server)?;
        let failure = match sign_in(server, &identity, &self.security, &signals) {
            Ok(Some(signed_in)) => {
                self.remember(server, &identity, &signed_in, "");
                return self.chat_at(server, &identity, signed_in, &signals);
            }
            Ok(None) => bail!("ended by a signal before the connection was made"),
            Err(failure) => failure,
        };
        let known = if self.interactive { Some(self.known()?) } else { None };
        let questions = known.and_then(|known| Questions::refused_at(server, known, &failure.why, failure.cause));
        // The full screen would hide what is printed now, so the chat that follows shows it.
        if questions.is_none() || !self.screen {
            print_first_meetings(&self.security);
        }
        match questions {
            Some(questions) => self.ask(questions, server, &signals),
            None => bail!("{}", with_hint(&failure.why, failure.cause, identity.register)),
        }
    }

    /// Runs the presenter.
    fn chat_at(
        &self,
        server: &str,
        identity: &Identity,
        signed_in: SignedIn,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        if !self.screen {
            return plain::run(signed_in, self.options(), signals, &self.remembering(server, identity));
        }
        self.chat_on_screen(TerminalGuard::acquire()?, server, identity, signed_in, signals)
    }

    fn chat_on_screen(
        &self,
        terminal: TerminalGuard,
        server: &str,
        identity: &Identity,
        signed_in: SignedIn,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        let remember = self.remembering(server, identity);
        let room = identity.room.as_str();
        let options = ScreenOptions { server, room, settings: self.settings(), theme: self.theme() };
        tui::run(terminal, signed_in, options, signals, &remember)
    }

    /// Asks the setup questions, then chats at the chosen server. `last` is the server of the last session or of the
    /// command line: its remembered room applies.
    fn ask(&self, questions: Questions, last: &str, signals: &Receiver<Signal>) -> anyhow::Result<()> {
        let context = SetupContext {
            room: self.room("")?,
            last: Some((last.to_owned(), self.room(last)?)),
            rooms: self.remembered_rooms(),
            name_token,
            security: self.security.clone(),
            data: paths::server_data(),
        };
        if self.screen {
            let done = self.ask_on_screen(questions, &context, signals);
            // Servers that refused the sign-in before the user left or signed in at another one.
            print_first_meetings(&self.security);
            done
        } else {
            self.ask_in_lines(questions, &context, signals)
        }
    }

    /// Asks the setup questions on the full screen, then chats.
    fn ask_on_screen(
        &self,
        questions: Questions,
        context: &SetupContext,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        let mut terminal = TerminalGuard::acquire()?;
        let Some(answered) = tui::setup::ask(&mut terminal, questions, context, &self.theme(), signals)? else {
            return Ok(());
        };
        let SetupResult { server, server_id, identity, signed_in, note } = answered;
        self.remember(&server, &identity, &signed_in, &server_id);
        let done = self.chat_on_screen(terminal, &server, &identity, signed_in, signals);
        print_note(note.as_deref());
        done
    }

    /// Asks the setup questions in plain lines, then chats.
    fn ask_in_lines(
        &self,
        questions: Questions,
        context: &SetupContext,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        let Some(answered) = plain::setup::ask(questions, context, signals)? else { return Ok(()) };
        let SetupResult { server, server_id, identity, signed_in, note } = answered;
        self.remember(&server, &identity, &signed_in, &server_id);
        let done = self.chat_at(&server, &identity, signed_in, signals);
        print_note(note.as_deref());
        done
    }

    /// Returns the answers that need not be asked for, and the proposals for the others.
    fn known(&self) -> anyhow::Result<KnownAnswers> {
        let name = match &self.args.name {
            Some(_) => self.name()?.to_string(),
            None => self.proposed_name(),
        };
        Ok(KnownAnswers {
            server: self.last_session.server.as_deref().and_then(|server| with_port(server).ok()),
            name,
            previous_session: self.last_time()?,
            name_is_given: self.args.name.is_some() || self.config.name.is_some(),
            account: self.last_session.name.clone().filter(|_| self.last_session.account),
            password: self.args.password()?,
            register: self.args.register,
            server_password: self.args.server_password(),
        })
    }

    /// Returns the last session if the user can continue it with one Enter. A name on the command line replaces its name.
    fn last_time(&self) -> anyhow::Result<Option<PreviousSession>> {
        let LastSession { server: Some(server), name: Some(last), account, .. } = &self.last_session else {
            return Ok(None);
        };
        let (Ok(server), Ok(name)) = (with_port(server), self.name()) else { return Ok(None) };
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default()).into_owned();
        // Without TLS, and against another demanded key, the server cannot prove that it is the same one.
        let can_prove = |key: &ServerKey| {
            self.security.mode != TlsMode::Off && self.security.fingerprint.as_ref().is_none_or(|one| one.is_of(key))
        };
        let key = self.security.known.find(&server)?.map(|row| row.key).filter(can_prove);
        Ok(Some(PreviousSession {
            key,
            room: self.room(&server)?,
            server,
            server_name: text(&self.last_session.server_name),
            server_id: text(&self.last_session.server_id),
            account: *account && name.as_str() == last,
            name,
        }))
    }

    fn identity(&self, server: &str) -> anyhow::Result<Identity> {
        let name = self.name()?;
        let room = self.room(server)?;
        let password = self.args.password()?;
        if self.args.register && password.is_none() {
            bail!(UsageError::new("--register needs a password; give it in LANDLINE_PASSWORD or with --password-file"));
        }
        let register = self.args.register;
        let server_password = self.args.server_password();
        let rooms = (self.remembered_rooms())(server, name.as_str());
        // Not for lines from a pipe: such a script may run once, on a machine that forgets the token.
        let missing = MissingToken::of(password.is_none() && (self.interactive || self.args.json));
        let name_token = name_token(server, None, &name, missing);
        Ok(Identity { name, room, rooms, password, register, server_password, name_token })
    }

    fn name(&self) -> anyhow::Result<UserName> {
        match (&self.args.name, &self.config.name) {
            (Some(name), _) => UserName::parse(name).map_err(|why| UsageError::new(format!("--name: {why}")).into()),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => {
                let last = self.last_session.name.as_deref().filter(|_| self.interactive);
                if let Some(last) = last.and_then(|last| UserName::parse(last).ok()) {
                    return Ok(last);
                }
                own_name::from_system_account().map_err(|own| {
                    let example = own_name::suggestion(&own).map_or("NAME".into(), |name| name.to_string());
                    let why = "your login name is not valid in the chat";
                    UsageError::new(format!("{own:?}: {why}; choose a name, for example --name {example}")).into()
                })
            }
        }
    }

    /// Returns the name of the user. Asks for it on a terminal if the login name is not valid.
    fn name_or_ask(&self) -> anyhow::Result<UserName> {
        match self.name() {
            Err(_) if self.interactive && self.args.name.is_none() => ask_name(&self.proposed_name()),
            name => name,
        }
    }

    /// Returns the name to propose to the user; empty if there is none.
    fn proposed_name(&self) -> String {
        let near = || own_name::from_system_account().or_else(|own| own_name::suggestion(&own).ok_or(()));
        self.name().ok().or_else(|| near().ok()).map(|name| name.to_string()).unwrap_or_default()
    }

    fn room(&self, server: &str) -> anyhow::Result<RoomName> {
        if let Some(room) = &self.args.room {
            return Ok(RoomName::parse(room).map_err(|why| UsageError::new(format!("--room: {why}")))?);
        }
        let is_same_server = self.interactive && self.last_session.server.as_deref() == Some(server);
        let last =
            self.last_session.room.as_deref().filter(|_| is_same_server).and_then(|room| RoomName::parse(room).ok());
        Ok(self.config.room.clone().or(last).unwrap_or_else(RoomName::lobby))
    }

    /// Saves the session for the next start, if a user is at the terminal: names of scripts must not be proposed to users.
    ///
    /// `server_id` is empty if the network was not searched. Then the remembered id of the same server is kept.
    fn remember(&self, server: &str, identity: &Identity, signed_in: &SignedIn, server_id: &str) {
        let Some(file) = paths::last_session_file().filter(|_| self.interactive) else { return };
        let last_id =
            self.last_session.server_id.clone().filter(|_| self.last_session.server.as_deref() == Some(server));
        let last_session = LastSession {
            server: Some(server.to_owned()),
            server_name: signed_in.server_name().map(str::to_owned),
            server_id: Some(server_id.to_owned()).filter(|id| !id.is_empty()).or(last_id),
            name: Some(identity.name.to_string()),
            room: Some(identity.room.to_string()),
            account: identity.password.is_some(),
            visits: LastSession::load(Some(&file)).visits,
        };
        // Ignore a failure: the program works without this file.
        let _ = last_session.save(&file);
        // The token of a server that has moved is stored here: the server has now proved that it is the same.
        if let Some(token) = &identity.name_token {
            name_tokens::store(paths::name_tokens_file().as_deref(), server, &identity.name, token);
        }
    }

    /// Returns the callback by which a presenter saves rooms, account and name of this user at this server. In a script
    /// it saves nothing but the name token of a new name.
    fn remembering(&self, server: &str, identity: &Identity) -> impl Fn(Remembered) {
        let file = paths::last_session_file().filter(|_| self.interactive);
        let server = server.to_owned();
        let name = RefCell::new(identity.name.to_string());
        let token = identity.name_token.clone();
        move |what| {
            if let (Remembered::Name(new), Some(token)) = (&what, &token) {
                name_tokens::store(paths::name_tokens_file().as_deref(), &server, new, token);
            }
            let Some(file) = &file else { return };
            let mut last_session = LastSession::load(Some(file));
            match what {
                Remembered::Rooms(rooms) => last_session.set_rooms(&server, &name.borrow(), &rooms),
                Remembered::Account => last_session.set_account(&server, &name.borrow()),
                Remembered::Name(new) => {
                    let former = name.replace(new.to_string());
                    last_session.set_name(&server, &former, new.as_str());
                }
            }
            // Ignore a failure: the program works without this file.
            let _ = last_session.save(file);
        }
    }

    /// Returns the function that looks up the rooms of the last session. Without the full screen it returns none, since a
    /// script does not expect lines of further rooms.
    fn remembered_rooms(&self) -> fn(&str, &str) -> Vec<RoomName> {
        if self.screen { rooms_of } else { |_, _| Vec::new() }
    }
}

/// Returns the name token of a user at a server.
fn name_token(server: &str, moved_from: Option<&str>, name: &UserName, missing: MissingToken) -> Option<String> {
    name_tokens::of(paths::name_tokens_file().as_deref(), server, moved_from, name, missing)
}

/// Returns the rooms that a user was in at a server in the last session.
fn rooms_of(server: &str, name: &str) -> Vec<RoomName> {
    let last_session = LastSession::load(paths::last_session_file().as_deref());
    last_session.rooms(server, name).iter().filter_map(|room| RoomName::parse(room).ok()).collect()
}

/// Prints the note about a server that this program has started, as the last output.
fn print_note(note: Option<&str>) {
    if let Some(note) = note {
        eprintln!("landline: {note}");
    }
}
