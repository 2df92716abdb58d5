//! The one loop: keys, news and time go into the model, and what it wants done is done.

use super::files;
use super::input::listen;
use super::terminal::{Screen, give_back};
use super::theme::Theme;
use super::view;
use crate::chat::leaving::unsent_summary;
use crate::chat::{Exit, Input, Remembered, ScreenEffect, Settings, State};
use crate::clock::now;
use crate::connect::Entered;
use crate::connection::{Connection, ConnectionEvent, First};
use crate::logging::ConnectionLog;
use crate::signals::{self, Signal};
use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, never, select};
use landline_common::clean::clean;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::{Duration, Instant};

/// News taken at once, before keys have their turn.
const AT_ONCE: usize = 256;
/// While much happens, the screen is drawn at most so often.
const FRAME: Duration = Duration::from_millis(33);
/// Lines that are named when they could not be sent.
const NAMED: usize = 10;
/// Where nobody can say "go on", a stop is over after so long.
const STOPPED: Duration = Duration::from_millis(300);

/// The terminal, taken over, and the keys that are pressed.
pub struct TerminalGuard {
    screen: Screen,
    /// Keys, pastes, and other sizes.
    pub(super) keys: Receiver<Input>,
}

impl TerminalGuard {
    /// Takes it over.
    ///
    /// # Errors
    /// It is no terminal.
    pub fn take() -> anyhow::Result<TerminalGuard> {
        let screen = Screen::take().context("taking the terminal over")?;
        Ok(TerminalGuard { screen, keys: listen().context("reading keys")? })
    }

    /// Draws something else than the conversations.
    pub(super) fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> anyhow::Result<()> {
        Ok(self.screen.draw(draw)?)
    }

    /// Goes on after a stop.
    pub(super) fn go_on(&mut self) -> anyhow::Result<()> {
        Ok(self.screen.take_again()?)
    }
}

/// Shows the full screen until one leaves.
///
/// # Errors
/// One was thrown out, or the terminal is gone.
pub fn run(
    taken: TerminalGuard,
    (server, room): (&str, &str),
    entered: Entered,
    (settings, theme): (Settings, Theme),
    signals: &Receiver<Signal>,
    remember: &dyn Fn(Remembered),
) -> anyhow::Result<()> {
    let start = Instant::now();
    let Entered { link, engine, first: First { event, .. } } = entered;
    let mut state = State::new(engine, server, room, settings);
    let first = Input::Event { event, by_program: false };
    let TerminalGuard { screen, keys } = taken;
    let mut running = ScreenLoop {
        start,
        state: &mut state,
        link,
        screen,
        signals: signals.clone(),
        remember,
        theme,
        diary: ConnectionLog::begin(),
        ticked: start,
        drawn: None,
        repaint: false,
    };
    let exit = running.serve(first, keys)?;
    let ScreenLoop { link, screen, .. } = running;
    drop(screen);
    link.finish();
    match exit {
        Exit::Left => Ok(()),
        Exit::Unsent { lines, in_doubt } => bail!("{}", unsent(&lines, in_doubt)),
        Exit::Refused(why) => bail!("{why}"),
    }
}

/// Lines that were not sent are named in the shell; the last line says how many.
fn unsent(lines: &[String], perhaps: usize) -> String {
    for line in lines.iter().take(NAMED) {
        eprintln!("landline: {}", clean(line));
    }
    if lines.len() > NAMED {
        eprintln!("landline: not sent: {} more lines", lines.len() - NAMED);
    }
    unsent_summary(lines.len() - perhaps.min(lines.len()), perhaps)
}

struct ScreenLoop<'s> {
    start: Instant,
    state: &'s mut State,
    link: Box<dyn Connection>,
    screen: Screen,
    signals: Receiver<Signal>,
    remember: &'s dyn Fn(Remembered),
    theme: Theme,
    diary: ConnectionLog,
    ticked: Instant,
    drawn: Option<Instant>,
    repaint: bool,
}

type Flow = ControlFlow<Exit>;

impl ScreenLoop<'_> {
    fn serve(&mut self, first: Input, mut keys: Receiver<Input>) -> anyhow::Result<Exit> {
        let (width, height) = self.screen.size()?;
        for input in [Input::Resize(width, height), first] {
            if let Break(exit) = self.feed(input)? {
                return Ok(exit);
            }
        }
        self.draw()?;
        loop {
            let patience = self.patience();
            let (news, signals) = (self.link.news().clone(), self.signals.clone());
            let flow = select! {
                recv(keys) -> input => match input {
                    Ok(input) => self.feed(input)?,
                    // The terminal is gone.
                    Err(_) => { keys = never(); self.end() }
                },
                recv(news) -> news => self.news(news.ok())?,
                recv(signals) -> signal => self.signal(signal.ok())?,
                default(patience) => Continue(()),
            };
            let flow = if flow.is_continue() { self.take_waiting(&keys)? } else { flow };
            if let Break(exit) = flow {
                return Ok(exit);
            }
        }
    }

    /// How long until time itself changes something.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.state.tick_interval()).saturating_sub(self.ticked.elapsed())
    }

    /// All keys, some of the news, and time; then draws, if it is time to.
    fn take_waiting(&mut self, keys: &Receiver<Input>) -> anyhow::Result<Flow> {
        let mut typed = false;
        for input in keys.try_iter() {
            typed = true;
            if let Break(exit) = self.feed(input)? {
                return Ok(Break(exit));
            }
        }
        for _ in 0..AT_ONCE {
            let Ok(news) = self.link.news().try_recv() else { break };
            if let Break(exit) = self.news(Some(news))? {
                return Ok(Break(exit));
            }
        }
        let more = !self.link.news().is_empty();
        // Also while somebody types without a pause; but a sign of life that waits to be taken comes first.
        if !more && self.patience().is_zero() {
            self.ticked = Instant::now();
            if let Break(exit) = self.feed(Input::Tick)? {
                return Ok(Break(exit));
            }
        }
        if typed || !more || self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            self.draw()?;
        }
        Ok(Continue(()))
    }

    fn news(&mut self, news: Option<(u64, ConnectionEvent)>) -> anyhow::Result<Flow> {
        let input = match news.and_then(|news| self.link.current(news)) {
            Some(ConnectionEvent::Event { event, by_program, .. }) => Input::Event { event, by_program },
            Some(ConnectionEvent::Down { why, loss }) => Input::Down { why, loss },
            Some(ConnectionEvent::Refused(refused)) => Input::Refused(refused),
            Some(ConnectionEvent::Unknown(_) | ConnectionEvent::Unread(_)) | None => return Ok(Continue(())),
        };
        self.feed(input)
    }

    fn signal(&mut self, signal: Option<Signal>) -> anyhow::Result<Flow> {
        match signal {
            Some(Signal::GoOn) => {
                self.go_on()?;
                Ok(Continue(()))
            }
            Some(Signal::End) => Ok(self.end()),
            None => Ok(Continue(())),
        }
    }

    /// It ends, whatever is unsent.
    fn end(&mut self) -> Flow {
        let (exit, farewell) = self.state.terminate();
        farewell.iter().for_each(|line| self.link.send(line));
        Break(exit)
    }

    /// One input, and everything that follows from it.
    fn feed(&mut self, input: Input) -> anyhow::Result<Flow> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = now(self.start);
            let effects = self.state.step(input, now);
            self.diary.note(self.state.phase(), now.ms);
            for effect in effects {
                match self.carry_out(effect)? {
                    Continue(answer) => inputs.extend(answer),
                    Break(exit) => return Ok(Break(exit)),
                }
            }
        }
        Ok(Continue(()))
    }

    /// Does what the model wants, which may have an answer.
    fn carry_out(&mut self, effect: ScreenEffect) -> anyhow::Result<ControlFlow<Exit, Option<Input>>> {
        match effect {
            ScreenEffect::Connect(sign_in) => self.link.connect(sign_in).context("starting a thread")?,
            ScreenEffect::Disconnect => self.link.disconnect(),
            ScreenEffect::Send(line) => self.link.send(&line),
            ScreenEffect::Bell => self.screen.ring(),
            ScreenEffect::Notify(text) => self.screen.notify(&text),
            ScreenEffect::Remember(what) => (self.remember)(what),
            ScreenEffect::Repaint => self.repaint = true,
            ScreenEffect::Suspend => self.suspend()?,
            ScreenEffect::Save { path, text } => return Ok(Continue(Some(Input::Saved(files::save(&path, &text))))),
            ScreenEffect::ListFolder { folder, prefix } => {
                return Ok(Continue(Some(Input::Folder(files::list(&folder, &prefix)))));
            }
            ScreenEffect::Quit(exit) => return Ok(Break(exit)),
        }
        Ok(Continue(None))
    }

    fn suspend(&mut self) -> anyhow::Result<()> {
        give_back();
        signals::stop();
        // It stops any moment now, and goes on here.
        let _ = self.signals.recv_timeout(STOPPED);
        self.go_on()
    }

    fn go_on(&mut self) -> anyhow::Result<()> {
        self.screen.take_again()?;
        let (width, height) = self.screen.size()?;
        self.state.step(Input::Resize(width, height), now(self.start));
        // The link's thread needs a moment, too, before silence means anything.
        self.ticked = Instant::now();
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.repaint) {
            self.screen.forget();
        }
        let (state, theme) = (&*self.state, &self.theme);
        self.screen.draw(|area, buffer| view::draw(state, theme, area, buffer))?;
        self.drawn = Some(Instant::now());
        Ok(())
    }
}
