//! The first questions on the full screen: keys, servers that answer and connections go into the model.

use super::run::TerminalGuard;
use super::theme::Theme;
use super::view;
use crate::chat;
use crate::chat::key::Code;
use crate::connect::SignInAttempt;
use crate::connection::{ConnectFailure, Connection, ConnectionEvent, SignInConfirmation};
use crate::setup::answers::{SetupContext, SetupResult};
use crate::setup::questions::{Questions, SetupEffect, SetupInput, SignInChoice};
use crate::setup::{self, NotStarted};
use crate::signals::Signal;
use crate::signed_in::SignedIn;
use anyhow::Context;
use crossbeam_channel::{Receiver, never, select};
use std::time::Duration;

/// Redrawn at least so often, for whoever resizes the window.
const IDLE: Duration = Duration::from_secs(1);

/// A connection that is being made, and for what.
type PendingSignIn = Option<(SignInChoice, SignInAttempt)>;
type Starting = Receiver<Result<setup::Started, NotStarted>>;

/// Asks until one is in. `None` if one leaves.
///
/// # Errors
/// The terminal is gone.
pub fn ask(
    taken: &mut TerminalGuard,
    welcome: Questions,
    setting: &SetupContext,
    theme: &Theme,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<SetupResult>> {
    let looking = setup::watch_servers().context("starting a thread")?;
    let mut asking = Asking { welcome, setting, attempt: None, starting: never(), over: false };
    loop {
        taken.draw(|area, buffer| view::questions::draw(&asking.welcome, theme, area, buffer))?;
        let news = asking.attempt.as_ref().map_or_else(never, |(_, attempt)| attempt.connection.events().clone());
        let starting = asking.starting.clone();
        select! {
            recv(taken.keys) -> key => match key {
                Ok(chat::Input::Key(key)) => asking.feed(SetupInput::Key(key))?,
                Ok(chat::Input::Paste(text) | chat::Input::Burst(text)) => asking.feed(SetupInput::Paste(text))?,
                Ok(chat::Input::Wheel { back, rows }) => {
                    let arrow = chat::Key::plain(if back { Code::Up } else { Code::Down });
                    (0..rows).try_for_each(|_| asking.feed(SetupInput::Key(arrow)))?;
                }
                Ok(_) => {}
                Err(_) => asking.over = true,
            },
            recv(looking) -> offers => asking.feed(SetupInput::Found(offers.unwrap_or_default()))?,
            recv(starting) -> started => {
                asking.starting = never();
                asking.started(started.unwrap_or_else(|_| Err(NotStarted::Failed("it was not started".into()))))?;
            }
            recv(news) -> news => if let Some((choice, entered)) = asking.news(news.ok())? {
                return Ok(Some(asking.answered(choice, entered)));
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => taken.resume()?,
                _ => asking.over = true,
            },
            default(IDLE) => {}
        }
        if asking.over {
            return Ok(None);
        }
    }
}

struct Asking<'s> {
    welcome: Questions,
    setting: &'s SetupContext,
    attempt: PendingSignIn,
    starting: Starting,
    over: bool,
}

impl Asking<'_> {
    fn feed(&mut self, input: SetupInput) -> anyhow::Result<()> {
        for wish in self.welcome.step(input) {
            match wish {
                SetupEffect::Connect(choice) => {
                    let attempt = SignInAttempt::begin(&choice.server, &self.setting.identity(&choice))?;
                    self.attempt = Some((choice, attempt));
                }
                SetupEffect::GiveUp => {
                    if let Some((_, mut attempt)) = self.attempt.take() {
                        attempt.connection.disconnect();
                    }
                }
                SetupEffect::Start => {
                    self.starting = setup::start(self.setting.data.clone()).context("starting a thread")?
                }
                SetupEffect::Leave => self.over = true,
            }
        }
        Ok(())
    }

    fn started(&mut self, started: Result<setup::Started, NotStarted>) -> anyhow::Result<()> {
        if let Ok(started) = &started {
            self.welcome.note = Some(started.note.clone());
        }
        self.feed(SetupInput::Started(started.map(|started| started.address)))
    }

    /// What a connection that is being made has come to.
    fn news(&mut self, news: Option<(u64, ConnectionEvent)>) -> anyhow::Result<Option<(SignInChoice, SignedIn)>> {
        let Some((choice, mut attempt)) = self.attempt.take() else { return Ok(None) };
        let Some(news) = news.and_then(|news| attempt.connection.process(news)) else {
            self.attempt = Some((choice, attempt));
            return Ok(None);
        };
        match SignInConfirmation::of(news) {
            Ok(first) => {
                let SignInAttempt { connection, engine } = attempt;
                Ok(Some((choice, SignedIn { connection: Box::new(connection), engine, first })))
            }
            Err(ConnectFailure { why, cause }) => self.feed(SetupInput::Refused(why, cause)).map(|()| None),
        }
    }

    fn answered(self, choice: SignInChoice, entered: SignedIn) -> SetupResult {
        let who = self.setting.identity(&choice);
        SetupResult { server: choice.server, server_id: choice.server_id, who, entered, note: self.welcome.note }
    }
}
