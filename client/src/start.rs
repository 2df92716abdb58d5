//! From what was given, chosen and remembered to a conversation.

use crate::advice::with_advice;
use crate::args::{Args, BadUsage, Identity, with_port};
use crate::config::Config;
use crate::link::{Cause, Entered, Link, Refusal};
use crate::memory::Memory;
use crate::model::plain::Ways;
use crate::model::{Bell, Settings};
use crate::ui::signals::{self, Signal};
use crate::ui::tui::theme::{Depth, Palette, Theme, depth};
use crate::{discover, places, secret, ui};
use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, select};
use landline_common::{RoomName, UserName};
use std::io::{self, IsTerminal};

/// Seconds that a script waits for a lost connection, unless told otherwise.
const PATIENCE: u64 = 30;

/// Everything that counts for this run.
struct Start<'a> {
    args: &'a Args,
    config: Config,
    memory: Memory,
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
    let config = match (&args.config, places::config_file()) {
        (Some(file), _) => Config::load(file, true)?,
        (None, Some(file)) => Config::load(&file, false)?,
        (None, None) => Config::default(),
    };
    let memory = Memory::load(places::memory_file().as_deref());
    let people = io::stdin().is_terminal();
    let screen = people && io::stdout().is_terminal() && !args.plain && !args.json && !config.plain;
    let start = Start { args, config, memory, people, screen };
    match start.server()? {
        Some(server) => start.go(&server),
        None => bail!(BadUsage::new("say which server, for example: landline 192.168.1.20")),
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
        Ok(Some(discover::only_one(secret)?))
    }

    /// To that server.
    fn go(&self, server: &str) -> anyhow::Result<()> {
        let who = self.identity(server)?;
        let signals = signals::listen().context("listening for signals")?;
        let entered = match enter(server, &who, &signals) {
            Ok(entered) => entered,
            Err(refusal) => bail!("{}", with_advice(&refusal.why)),
        };
        self.remember(server, &who);
        if self.screen {
            return ui::tui::run(server, &who, entered, (self.settings(), self.theme()), &signals);
        }
        ui::plain::run(&who, entered, self.ways(), &signals)
    }

    fn identity(&self, server: &str) -> anyhow::Result<Identity> {
        let name = self.name()?;
        let room = self.room(server)?;
        let mut password = self.args.password()?;
        if self.args.register && password.is_none() {
            if !self.people {
                bail!(BadUsage::new("--register needs a password: in LANDLINE_PASSWORD or with --password-file"));
            }
            password = secret::ask(&format!("A password for {name}"))?;
            if password.as_ref().is_none_or(String::is_empty) {
                bail!(BadUsage::new("nothing was registered"));
            }
        }
        let (register, server_password) = (self.args.register, self.args.server_password());
        Ok(Identity { name, room, password, register, server_password })
    }

    fn name(&self) -> anyhow::Result<UserName> {
        let own = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|variable| std::env::var(variable).ok());
        match (&self.args.name, &self.config.name) {
            (Some(name), _) => UserName::parse(name).map_err(|why| BadUsage::new(format!("--name: {why}")).into()),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => {
                let last = self.memory.name.as_deref().filter(|_| self.people);
                let name = last.map(str::to_owned).or_else(own).unwrap_or_default();
                let unfit =
                    |why| BadUsage::new(format!("you are {name:?} on this machine: {why}; choose a name with --name"));
                Ok(UserName::parse(&name).map_err(unfit)?)
            }
        }
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
    fn remember(&self, server: &str, who: &Identity) {
        let Some(file) = places::memory_file().filter(|_| self.people) else { return };
        let memory = Memory {
            server: Some(server.to_owned()),
            name: Some(who.name.to_string()),
            room: Some(who.room.to_string()),
            account: who.password.is_some(),
        };
        // It works without.
        let _ = memory.save(&file);
    }

    fn keepalive_ms(&self) -> u64 {
        self.config.keepalive.map_or(Settings::default().keepalive_ms, |seconds| seconds * 1_000)
    }

    fn settings(&self) -> Settings {
        let bell = self.args.bell.or(self.config.bell).unwrap_or(Bell::Private);
        Settings { bell, notify: self.args.notify || self.config.notify, keepalive_ms: self.keepalive_ms() }
    }

    fn ways(&self) -> Ways {
        Ways {
            interactive: self.people,
            json: self.args.json,
            patience_ms: self.args.patience.or(self.config.patience).unwrap_or(PATIENCE) * 1_000,
            keepalive_ms: self.keepalive_ms(),
        }
    }

    fn theme(&self) -> Theme {
        let variable = |name| std::env::var(name).ok();
        let (no_color, colorterm, term) = (variable("NO_COLOR"), variable("COLORTERM"), variable("TERM"));
        match depth(no_color.as_deref(), colorterm.as_deref(), term.as_deref()) {
            Some(depth) if !self.args.no_color => {
                Theme::new(self.args.theme.or(self.config.theme).unwrap_or(Palette::Dark), depth)
            }
            _ => Theme::new(Palette::Mono, Depth::Sixteen),
        }
    }
}

/// Connects, and waits until one is in, or told to end.
fn enter(server: &str, who: &Identity, signals: &Receiver<Signal>) -> Result<Entered, Refusal> {
    let broken = |why: String| Refusal { why, cause: Cause::Unreachable };
    let mut link = Link::new(server, who.clone());
    link.connect().map_err(|why| broken(format!("no thread can be had: {why}")))?;
    loop {
        select! {
            recv(link.news().clone()) -> news => return match news.map(|news| link.current(news)) {
                Ok(Some(news)) => link.entered(news),
                _ => Err(broken("the connection was not made".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::GoOn) => {}
                _ => return Err(broken("told to end before it was connected".into())),
            },
        }
    }
}
