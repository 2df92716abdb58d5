//! Asks the setup questions on the full screen: feeds keys, found servers and results of connections to the model.

use super::run::TerminalGuard;
use super::theme::Theme;
use super::view;
use crate::chat;
use crate::chat::key::Code;
use crate::connect::SignInAttempt;
use crate::connection::{ConnectFailure, Connection, ConnectionEvent};
use crate::setup::answers::{SetupContext, SetupResult};
use crate::setup::questions::{Questions, SetupEffect, SetupInput, SignInChoice};
use crate::setup::{self, NotStarted};
use crate::signals::Signal;
use crate::signed_in::SignedIn;
use anyhow::Context;
use crossbeam_channel::{Receiver, never, select};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

/// The screen is redrawn at least at this interval, so that it follows a change of the window's size.
const REDRAW_INTERVAL: Duration = Duration::from_secs(1);

/// A sign-in under way, and the answers that it was started with.
type PendingSignIn = Option<(SignInChoice, SignInAttempt)>;
type ServerStart = Receiver<Result<setup::Started, NotStarted>>;

/// Asks until the user is signed in. Returns `None` if the user leaves.
///
/// # Errors
/// The terminal is gone, or no thread can be started.
pub fn ask(
    terminal: &mut TerminalGuard,
    questions: Questions,
    context: &SetupContext,
    theme: &Theme,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<SetupResult>> {
    let searches = setup::watch_servers().context("cannot start a thread")?;
    let mut setup_loop = SetupLoop { questions, context, attempt: None, starting: never(), left: false };
    loop {
        terminal.draw(|area, buffer| view::questions::draw(&setup_loop.questions, theme, area, buffer))?;
        let events = setup_loop.attempt.as_ref().map_or_else(never, |(_, attempt)| attempt.connection.events().clone());
        let starting = setup_loop.starting.clone();
        select! {
            recv(terminal.keys) -> key => match key {
                Ok(chat::Input::Key(key)) => setup_loop.feed(SetupInput::Key(key))?,
                Ok(chat::Input::Paste(text) | chat::Input::Burst(text)) => setup_loop.feed(SetupInput::Paste(text))?,
                Ok(chat::Input::Wheel { back, rows }) => {
                    let arrow = chat::Key::plain(if back { Code::Up } else { Code::Down });
                    (0..rows).try_for_each(|_| setup_loop.feed(SetupInput::Key(arrow)))?;
                }
                Ok(_) => {}
                Err(_) => setup_loop.left = true,
            },
            recv(searches) -> offers => setup_loop.feed(SetupInput::Found(offers.unwrap_or_default()))?,
            recv(starting) -> started => {
                setup_loop.starting = never();
                setup_loop.started(started.unwrap_or_else(|_| Err(NotStarted::Failed("the starting thread has ended".into()))))?;
            }
            recv(events) -> event => if let Some((choice, signed_in)) = setup_loop.event(event.ok())? {
                return Ok(Some(setup_loop.answered(choice, signed_in)));
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => terminal.resume()?,
                _ => setup_loop.left = true,
            },
            default(REDRAW_INTERVAL) => {}
        }
        if setup_loop.left {
            return Ok(None);
        }
    }
}

struct SetupLoop<'s> {
    questions: Questions,
    context: &'s SetupContext,
    attempt: PendingSignIn,
    starting: ServerStart,
    left: bool,
}

impl SetupLoop<'_> {
    fn feed(&mut self, input: SetupInput) -> anyhow::Result<()> {
        for effect in self.questions.step(input) {
            match effect {
                SetupEffect::Connect(choice) => {
                    let (identity, security) = (self.context.identity(&choice), self.context.security(&choice));
                    let attempt = SignInAttempt::begin(&choice.server, &identity, &security)?;
                    self.attempt = Some((choice, attempt));
                }
                SetupEffect::GiveUp => {
                    if let Some((_, mut attempt)) = self.attempt.take() {
                        attempt.connection.disconnect();
                    }
                }
                SetupEffect::Start => {
                    self.starting = setup::start(self.context.data.clone()).context("cannot start a thread")?
                }
                SetupEffect::Leave => self.left = true,
            }
        }
        Ok(())
    }

    fn started(&mut self, started: Result<setup::Started, NotStarted>) -> anyhow::Result<()> {
        if let Ok(started) = &started {
            self.questions.started = Some(started.clone());
        }
        self.feed(SetupInput::Started(started.map(|started| started.address)))
    }

    /// Handles an event of the sign-in under way. Returns the session when the user is signed in.
    fn event(&mut self, event: Option<(u64, ConnectionEvent)>) -> anyhow::Result<Option<(SignInChoice, SignedIn)>> {
        let (Some((choice, attempt)), Some(event)) = (self.attempt.take(), event) else { return Ok(None) };
        match attempt.handle(event) {
            Ok(Break(signed_in)) => Ok(Some((choice, signed_in))),
            Ok(Continue(pending)) => {
                self.attempt = Some((choice, pending));
                Ok(None)
            }
            Err(ConnectFailure { why, cause }) => self.feed(SetupInput::Refused(why, cause)).map(|()| None),
        }
    }

    fn answered(self, choice: SignInChoice, signed_in: SignedIn) -> SetupResult {
        SetupResult::new(self.context, choice, signed_in, self.questions.started)
    }
}
