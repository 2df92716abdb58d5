//! From what was given, chosen and remembered to a conversation.

use crate::chat::plain::PlainOptions;
use crate::chat::{Bell, Remembered, Settings};
use crate::cli::args::{AppearanceArgs, Args, BadUsage, MeshArgs, first_line, with_port};
use crate::cli::config::Config;
use crate::cli::error_hints::with_advice;
use crate::cli::last_session::LastSession;
use crate::connect::{Entered, enter};
use crate::connection::Identity;
use crate::setup::answers::{Answered, Setting};
use crate::setup::questions::{KnownAnswers, LastTime, Questions};
use crate::signals::{self, Signal};
use crate::tui::TerminalGuard;
use crate::tui::theme::{Depth, Palette, Theme, depth, has_screen};
use crate::{discovery, logging, own_name, password_prompt, paths, plain, tui};
use anyhow::{Context, bail};
use crossbeam_channel::Receiver;
use landline_common::clean::clean;
use landline_common::{RoomName, UserName};
use std::io::{self, IsTerminal};

/// Seconds that a script waits for a lost connection, unless told otherwise.
const PATIENCE: u64 = 30;

/// Everything that counts for this run.
struct Start<'a> {
    args: &'a Args,
    look: &'a AppearanceArgs,
    config: Config,
    memory: LastSession,
    /// Somebody sits at the keyboard.
    people: bool,
    /// And looks at a screen.
    screen: bool,
}

/// Goes where people want to, and talks there.
///
/// # Errors
/// Arguments that make no sense, a server that refuses or cannot be reached, or lines that could not be sent.
pub fn talk(args: &Args) -> anyhow::Result<()> {
    let start = Start::new(args, &args.look, args.plain || args.json)?;
    match start.server()? {
        Some(server) => start.go(&server),
        None => {
            let signals = signals::listen().context("listening for signals")?;
            let last = start.memory.server.clone().unwrap_or_default();
            start.ask(Questions::new(start.known()?), &last, &signals)
        }
    }
}

/// Enters the mesh, and talks there.
///
/// # Errors
/// Arguments that make no sense, or ports that cannot be had.
pub fn mesh(args: &Args, wanted: &MeshArgs) -> anyhow::Result<()> {
    let start = Start::new(args, &wanted.look, wanted.plain || wanted.json)?;
    let given = wanted.name.as_deref().map(UserName::parse).transpose();
    let name = match given.map_err(|why| BadUsage::new(format!("NAME: {why}")))? {
        Some(name) => name,
        None => start.name_or_ask()?,
    };
    // Nobody would let such a member in.
    name.check_new().map_err(|why| BadUsage::new(format!("NAME: {why}")))?;
    let secret = passphrase(wanted)?.map(|text| crate::mesh::passphrase::secret(&text)).transpose();
    let secret = secret.map_err(|why| BadUsage::new(why.to_string()))?;
    let signals = signals::listen().context("listening for signals")?;
    let wish = crate::mesh::MeshOptions {
        name: name.clone(),
        host: wanted.host,
        port: wanted.port,
        secret,
        is_script: !start.people,
    };
    let entered = crate::mesh::connect(&wish)?;
    if !start.screen {
        let ways = PlainOptions { json: wanted.json, mesh: true, ..start.ways() };
        return plain::run(entered, ways, &signals, &|_| {});
    }
    let settings = Settings { mesh: true, ..start.settings() };
    let there = (crate::mesh::ROOM, crate::mesh::ROOM);
    tui::run(TerminalGuard::take()?, there, entered, (settings, start.theme()), &signals, &|_| {})
}

/// The passphrase that members share, if there is to be one.
fn passphrase(wanted: &MeshArgs) -> anyhow::Result<Option<String>> {
    if let Some(file) = &wanted.passphrase_file {
        return Ok(Some(first_line("--passphrase-file", file)?));
    }
    let variable = std::env::var("LANDLINE_PASSPHRASE").ok().filter(|text| !text.trim().is_empty());
    if variable.is_some() || !wanted.passphrase {
        return Ok(variable.map(|text| text.trim().to_owned()));
    }
    if !io::stdin().is_terminal() {
        bail!(BadUsage::new("--passphrase asks on a terminal; scripts use LANDLINE_PASSPHRASE or --passphrase-file"));
    }
    let typed = password_prompt::ask("The passphrase of the mesh")?.map(|text| text.trim().to_owned());
    match typed.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(text)),
        None => bail!(BadUsage::new("without a passphrase you are not there; leave --passphrase out to go without")),
    }
}

impl<'a> Start<'a> {
    fn new(args: &'a Args, look: &'a AppearanceArgs, lines: bool) -> anyhow::Result<Start<'a>> {
        let config = match (&look.config, paths::config_file()) {
            (Some(file), _) => Config::load(file, true)?,
            (None, Some(file)) => Config::load(&file, false)?,
            (None, None) => Config::default(),
        };
        if let Some(file) = look.log.as_ref().or(config.log.as_ref()) {
            logging::start(&paths::from_home(file))?;
        }
        let memory = LastSession::load(paths::memory_file().as_deref());
        let people = io::stdin().is_terminal();
        let term = std::env::var("TERM").ok();
        let screen = people && io::stdout().is_terminal() && !lines && !config.plain && has_screen(term.as_deref());
        Ok(Start { args, look, config, memory, people, screen })
    }
}

impl Start<'_> {
    /// Where to go, if that is known.
    fn server(&self) -> anyhow::Result<Option<String>> {
        if let Some(server) = self.args.server()? {
            return Ok(Some(server));
        }
        if let Some(server) = &self.config.server {
            return Ok(Some(with_port(server)?));
        }
        if self.people {
            return Ok(None);
        }
        if let Some(server) = self.memory.server.as_deref().and_then(|server| with_port(server).ok()) {
            return Ok(Some(server));
        }
        // Anybody can answer; a password is only for a server that somebody chose.
        let secret = self.args.password()?.or(self.args.server_password()).is_some();
        Ok(Some(discovery::only_one(secret)?))
    }

    /// To that server. On a terminal it is asked what is missing, or what the server does not take.
    fn go(&self, server: &str) -> anyhow::Result<()> {
        let signals = signals::listen().context("listening for signals")?;
        let asks_first = self.people
            && match self.name() {
                Ok(_) => self.args.register && self.args.password()?.is_none(),
                Err(_) => self.args.name.is_none(),
            };
        if asks_first {
            return self.ask(Questions::at(server, self.known()?, self.name().ok()), server, &signals);
        }
        let who = self.identity(server)?;
        let refusal = match enter(server, &who, &signals) {
            Ok(Some(entered)) => {
                self.remember(server, &who, &entered, "");
                return self.talk_at(server, &who, entered, &signals);
            }
            Ok(None) => bail!("told to end before it was connected"),
            Err(refusal) => refusal,
        };
        let known = if self.people { Some(self.known()?) } else { None };
        match known.and_then(|known| Questions::refused_at(server, known, &refusal.why, refusal.cause)) {
            Some(welcome) => self.ask(welcome, server, &signals),
            None => bail!("{}", with_advice(&refusal.why, refusal.cause, who.register)),
        }
    }

    /// The user is in, and talks.
    fn talk_at(
        &self,
        server: &str,
        who: &Identity,
        entered: Entered,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        if !self.screen {
            return plain::run(entered, self.ways(), signals, &self.remembering(server, who));
        }
        self.talk_on_screen(TerminalGuard::take()?, server, who, entered, signals)
    }

    fn talk_on_screen(
        &self,
        taken: TerminalGuard,
        server: &str,
        who: &Identity,
        entered: Entered,
        signals: &Receiver<Signal>,
    ) -> anyhow::Result<()> {
        let there = (server, who.room.as_str());
        let remember = self.remembering(server, who);
        tui::run(taken, there, entered, (self.settings(), self.theme()), signals, &remember)
    }

    /// Asks what is to be asked, and goes where the answers say. `last` is the server where the user was or wants to be.
    fn ask(&self, welcome: Questions, last: &str, signals: &Receiver<Signal>) -> anyhow::Result<()> {
        let setting = Setting {
            room: self.room("")?,
            last: Some((last.to_owned(), self.room(last)?)),
            rooms: self.remembered_rooms(),
            data: paths::server_data(),
        };
        if self.screen {
            self.ask_on_screen(welcome, &setting, signals)
        } else {
            self.ask_in_lines(welcome, &setting, signals)
        }
    }

    /// The same on the full screen.
    fn ask_on_screen(&self, welcome: Questions, setting: &Setting, signals: &Receiver<Signal>) -> anyhow::Result<()> {
        let mut taken = TerminalGuard::take()?;
        let Some(answered) = tui::setup::ask(&mut taken, welcome, setting, &self.theme(), signals)? else {
            return Ok(());
        };
        let Answered { server, server_id, who, entered, note } = answered;
        self.remember(&server, &who, &entered, &server_id);
        let done = self.talk_on_screen(taken, &server, &who, entered, signals);
        farewell(note.as_deref());
        done
    }

    /// The same in lines.
    fn ask_in_lines(&self, welcome: Questions, setting: &Setting, signals: &Receiver<Signal>) -> anyhow::Result<()> {
        let Some(answered) = plain::setup::ask(welcome, setting, signals)? else { return Ok(()) };
        let Answered { server, server_id, who, entered, note } = answered;
        self.remember(&server, &who, &entered, &server_id);
        let done = self.talk_at(&server, &who, entered, signals);
        farewell(note.as_deref());
        done
    }

    /// What need not be asked.
    fn known(&self) -> anyhow::Result<KnownAnswers> {
        let name = match &self.args.name {
            Some(_) => self.name()?.to_string(),
            None => self.proposal(),
        };
        Ok(KnownAnswers {
            server: self.memory.server.as_deref().and_then(|server| with_port(server).ok()),
            name,
            last_time: self.last_time()?,
            name_is_given: self.args.name.is_some() || self.config.name.is_some(),
            account: self.memory.name.clone().filter(|_| self.memory.account),
            password: self.args.password()?,
            register: self.args.register,
            server_password: self.args.server_password(),
        })
    }

    /// The last time on a terminal, if one Enter can go on with it; under the name that was given, if one was.
    fn last_time(&self) -> anyhow::Result<Option<LastTime>> {
        let LastSession { server: Some(server), name: Some(last), account, .. } = &self.memory else { return Ok(None) };
        let (Ok(server), Ok(name)) = (with_port(server), self.name()) else { return Ok(None) };
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default()).into_owned();
        Ok(Some(LastTime {
            room: self.room(&server)?,
            server,
            server_name: text(&self.memory.server_name),
            server_id: text(&self.memory.server_id),
            account: *account && name.as_str() == last,
            name,
        }))
    }

    fn identity(&self, server: &str) -> anyhow::Result<Identity> {
        let name = self.name()?;
        let room = self.room(server)?;
        let password = self.args.password()?;
        if self.args.register && password.is_none() {
            bail!(BadUsage::new("--register needs a password: in LANDLINE_PASSWORD or with --password-file"));
        }
        let (register, server_password) = (self.args.register, self.args.server_password());
        let rooms = (self.remembered_rooms())(server, name.as_str());
        Ok(Identity { name, room, rooms, password, register, server_password })
    }

    fn name(&self) -> anyhow::Result<UserName> {
        match (&self.args.name, &self.config.name) {
            (Some(name), _) => UserName::parse(name).map_err(|why| BadUsage::new(format!("--name: {why}")).into()),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => {
                let last = self.memory.name.as_deref().filter(|_| self.people);
                if let Some(last) = last.and_then(|last| UserName::parse(last).ok()) {
                    return Ok(last);
                }
                own_name::of_this_machine().map_err(|own| {
                    let example = own_name::suggestion(&own).map_or("NAME".into(), |name| name.to_string());
                    let why = "this machine's name for you is no name that can be used here";
                    BadUsage::new(format!("{own:?}: {why}; choose one with --name, for example --name {example}"))
                        .into()
                })
            }
        }
    }

    /// The same; a user at a terminal is asked for a name where this machine's own cannot be used.
    fn name_or_ask(&self) -> anyhow::Result<UserName> {
        match self.name() {
            Err(_) if self.people && self.args.name.is_none() => ask_name(&self.proposal()),
            name => name,
        }
    }

    /// The name that is proposed where one is asked for.
    fn proposal(&self) -> String {
        let near = || own_name::of_this_machine().or_else(|own| own_name::suggestion(&own).ok_or(()));
        self.name().ok().or_else(|| near().ok()).map(|name| name.to_string()).unwrap_or_default()
    }

    fn room(&self, server: &str) -> anyhow::Result<RoomName> {
        if let Some(room) = &self.args.room {
            return Ok(RoomName::parse(room).map_err(|why| BadUsage::new(format!("--room: {why}")))?);
        }
        let there = self.people && self.memory.server.as_deref() == Some(server);
        let last = self.memory.room.as_deref().filter(|_| there).and_then(|room| RoomName::parse(room).ok());
        Ok(self.config.room.clone().or(last).unwrap_or_else(RoomName::lobby))
    }

    /// For the next time, if people are here: what scripts are called is nobody's name.
    ///
    /// The id is empty where the network was not looked at; the one of the last time is of the same server then.
    fn remember(&self, server: &str, who: &Identity, entered: &Entered, server_id: &str) {
        let Some(file) = paths::memory_file().filter(|_| self.people) else { return };
        let last_id = self.memory.server_id.clone().filter(|_| self.memory.server.as_deref() == Some(server));
        let memory = LastSession {
            server: Some(server.to_owned()),
            server_name: entered.server_name().map(str::to_owned),
            server_id: Some(server_id.to_owned()).filter(|id| !id.is_empty()).or(last_id),
            name: Some(who.name.to_string()),
            room: Some(who.room.to_string()),
            account: who.password.is_some(),
            visits: LastSession::load(Some(&file)).visits,
        };
        // It works without.
        let _ = memory.save(&file);
    }

    /// What remembers something of that user at that server, if people are here.
    fn remembering(&self, server: &str, who: &Identity) -> impl Fn(Remembered) {
        let file = paths::memory_file().filter(|_| self.people);
        let (server, name) = (server.to_owned(), who.name.to_string());
        move |what| {
            let Some(file) = &file else { return };
            let mut memory = LastSession::load(Some(file));
            match what {
                Remembered::Rooms(rooms) => memory.set_rooms(&server, &name, &rooms),
                Remembered::Account => memory.set_account(&server, &name),
            }
            // It works without.
            let _ = memory.save(file);
        }
    }

    /// The rooms of the last time, for the full screen: lines come from all of them, which scripts do not expect.
    fn remembered_rooms(&self) -> fn(&str, &str) -> Vec<RoomName> {
        if self.screen { rooms_of } else { |_, _| Vec::new() }
    }

    fn keepalive_ms(&self) -> u64 {
        self.config.keepalive.map_or(Settings::default().keepalive_ms, |seconds| seconds * 1_000)
    }

    fn settings(&self) -> Settings {
        let bell = self.look.bell.or(self.config.bell).unwrap_or(Bell::Private);
        Settings {
            bell,
            notify: self.look.notify || self.config.notify,
            keepalive_ms: self.keepalive_ms(),
            mesh: false,
        }
    }

    fn ways(&self) -> PlainOptions {
        PlainOptions {
            interactive: self.people,
            json: self.args.json,
            say: self.args.say,
            mesh: false,
            patience_ms: self.args.patience.or(self.config.patience).unwrap_or(PATIENCE) * 1_000,
            keepalive_ms: self.keepalive_ms(),
        }
    }

    fn theme(&self) -> Theme {
        let variable = |name| std::env::var(name).ok();
        let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
        match depth(no_color.as_deref(), colorterm.as_deref(), term.as_deref()) {
            Some(depth) if !self.look.no_color => {
                Theme::new(self.look.theme.or(self.config.theme).unwrap_or(Palette::Dark), depth)
            }
            _ => Theme::new(Palette::Mono, Depth::Sixteen),
        }
    }
}

/// The rooms in which a user was at a server the last time.
fn rooms_of(server: &str, name: &str) -> Vec<RoomName> {
    let memory = LastSession::load(paths::memory_file().as_deref());
    memory.rooms(server, name).iter().filter_map(|room| RoomName::parse(room).ok()).collect()
}

/// Asks for a name, in a line.
fn ask_name(proposal: &str) -> anyhow::Result<UserName> {
    let shown = if proposal.is_empty() { String::new() } else { format!(" [{proposal}]") };
    loop {
        eprint!("Your name{shown}: ");
        let mut line = String::new();
        if io::stdin().read_line(&mut line).context("reading a name")? == 0 {
            bail!(BadUsage::new("no name was given; choose one with --name"));
        }
        let typed = if line.trim().is_empty() { proposal } else { line.trim() };
        match UserName::parse(typed).and_then(|name| name.check_new().map(|()| name)) {
            Ok(name) => return Ok(name),
            Err(why) => eprintln!("! {why}"),
        }
    }
}

/// What to know about a server that was started here, for whoever leaves.
fn farewell(note: Option<&str>) {
    if let Some(note) = note {
        eprintln!("landline: {note}");
    }
}
