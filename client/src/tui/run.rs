//! The loop of the full screen: feeds keys, events of the connection and time to the model, and performs its effects.

use super::files;
use super::input::listen;
use super::terminal::{Screen, restore};
use super::theme::Theme;
use super::view;
use crate::chat::leaving::unsent_summary;
use crate::chat::{Exit, Input, Remembered, ScreenEffect, Settings, State};
use crate::clock::now;
use crate::connection::{Connection, ConnectionEvent, SignInConfirmation};
use crate::logging::ConnectionLog;
use crate::signals::{self, Signal};
use crate::signed_in::SignedIn;
use anyhow::{Context, bail};
use crossbeam_channel::{Receiver, never, select};
use landline_common::clean::clean;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::{Duration, Instant};

/// Events to handle in a row before the next look at the keys.
const MAX_BATCH: usize = 256;
/// Minimum time between two frames while many events arrive.
const FRAME_INTERVAL: Duration = Duration::from_millis(33);
/// Most unsent lines that are printed on exit; of further ones only the number.
const MAX_NAMED: usize = 10;
/// How long to wait for SIGCONT after a stop. Without a shell the system ignores the stop, and no signal arrives.
const STOP_TIMEOUT: Duration = Duration::from_millis(300);

/// The [`Screen`] and the keys that are typed on it. Dropping it restores the terminal.
pub struct TerminalGuard {
    screen: Screen,
    /// Keys, pastes and changes of size.
    pub(super) keys: Receiver<Input>,
}

impl TerminalGuard {
    /// Sets the modes of the full screen, and starts to read keys.
    ///
    /// # Errors
    /// Standard input or output is no terminal, or no thread can be started.
    pub fn acquire() -> anyhow::Result<TerminalGuard> {
        let screen = Screen::acquire().context("cannot set up the terminal")?;
        Ok(TerminalGuard { screen, keys: listen().context("cannot read keys")? })
    }

    /// Draws one frame with `draw`, which returns the position of the cursor.
    pub(super) fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> anyhow::Result<()> {
        Ok(self.screen.draw(draw)?)
    }

    /// Sets the modes again after a stop.
    pub(super) fn resume(&mut self) -> anyhow::Result<()> {
        Ok(self.screen.reacquire()?)
    }
}

/// What the full screen shows, and how.
pub struct ScreenOptions<'a> {
    /// Address of the server, with port.
    pub server: &'a str,
    /// The room to show first.
    pub room: &'a str,
    /// Settings of the model.
    pub settings: Settings,
    /// The styles.
    pub theme: Theme,
}

/// Runs the full screen until the user leaves or the session ends.
///
/// # Errors
/// The server ended the session, lines could not be sent, or the terminal is gone.
pub fn run(
    terminal: TerminalGuard,
    signed_in: SignedIn,
    options: ScreenOptions<'_>,
    signals: &Receiver<Signal>,
    remember: &dyn Fn(Remembered),
) -> anyhow::Result<()> {
    let start = Instant::now();
    let SignedIn { connection, engine, encryption, first: SignInConfirmation { event, .. } } = signed_in;
    let mut state = State::new(engine, options.server, options.room, options.settings);
    let first = [Input::Reached(encryption), Input::Event { event, by_program: false }];
    let TerminalGuard { screen, keys } = terminal;
    let mut running = ScreenLoop {
        start,
        state: &mut state,
        connection,
        screen,
        signals: signals.clone(),
        remember,
        theme: options.theme,
        connection_log: ConnectionLog::begin(),
        last_tick: start,
        last_frame: None,
        repaint: false,
    };
    let exit = running.run_loop(first, keys)?;
    let ScreenLoop { connection, screen, .. } = running;
    drop(screen);
    connection.close();
    match exit {
        Exit::Left => Ok(()),
        Exit::Unsent { lines, in_doubt } => bail!("{}", report_unsent(&lines, in_doubt)),
        Exit::Refused(why) => bail!("{why}"),
    }
}

/// Prints the unsent lines to standard error, and returns the summary. `perhaps` of them may have arrived.
fn report_unsent(lines: &[String], perhaps: usize) -> String {
    for line in lines.iter().take(MAX_NAMED) {
        eprintln!("landline: {}", clean(line));
    }
    if lines.len() > MAX_NAMED {
        eprintln!("landline: not sent: {} more lines", lines.len() - MAX_NAMED);
    }
    unsent_summary(lines.len() - perhaps.min(lines.len()), perhaps)
}

struct ScreenLoop<'s> {
    start: Instant,
    state: &'s mut State,
    connection: Box<dyn Connection>,
    screen: Screen,
    signals: Receiver<Signal>,
    remember: &'s dyn Fn(Remembered),
    theme: Theme,
    connection_log: ConnectionLog,
    last_tick: Instant,
    last_frame: Option<Instant>,
    repaint: bool,
}

type Flow = ControlFlow<Exit>;

impl ScreenLoop<'_> {
    fn run_loop(&mut self, first: [Input; 2], mut keys: Receiver<Input>) -> anyhow::Result<Exit> {
        let (width, height) = self.screen.size()?;
        for input in std::iter::once(Input::Resize(width, height)).chain(first) {
            if let Break(exit) = self.feed(input)? {
                return Ok(exit);
            }
        }
        self.draw()?;
        loop {
            let patience = self.time_to_tick();
            let events = self.connection.events().clone();
            let signals = self.signals.clone();
            let flow = select! {
                recv(keys) -> input => match input {
                    Ok(input) => self.feed(input)?,
                    // The terminal is gone.
                    Err(_) => { keys = never(); self.end() }
                },
                recv(events) -> event => self.connection_event(event.ok())?,
                recv(signals) -> signal => self.signal(signal.ok())?,
                default(patience) => Continue(()),
            };
            let flow = if flow.is_continue() { self.handle_waiting(&keys)? } else { flow };
            if let Break(exit) = flow {
                return Ok(exit);
            }
        }
    }

    /// Returns the time until the next tick.
    fn time_to_tick(&self) -> Duration {
        Duration::from_millis(self.state.tick_interval()).saturating_sub(self.last_tick.elapsed())
    }

    /// Handles all waiting keys, some of the waiting events and a due tick, then draws if a frame is due.
    fn handle_waiting(&mut self, keys: &Receiver<Input>) -> anyhow::Result<Flow> {
        let mut typed = false;
        for input in keys.try_iter() {
            typed = true;
            if let Break(exit) = self.feed(input)? {
                return Ok(Break(exit));
            }
        }
        for _ in 0..MAX_BATCH {
            let Ok(event) = self.connection.events().try_recv() else { break };
            if let Break(exit) = self.connection_event(Some(event))? {
                return Ok(Break(exit));
            }
        }
        let more = !self.connection.events().is_empty();
        // Tick also while the user types without pause. Handle waiting events first: a waiting pong must count before the
        // tick judges the silence.
        if !more && self.time_to_tick().is_zero() {
            self.last_tick = Instant::now();
            if let Break(exit) = self.feed(Input::Tick)? {
                return Ok(Break(exit));
            }
        }
        if typed || !more || self.last_frame.is_none_or(|last_frame| last_frame.elapsed() >= FRAME_INTERVAL) {
            self.draw()?;
        }
        Ok(Continue(()))
    }

    fn connection_event(&mut self, event: Option<(u64, ConnectionEvent)>) -> anyhow::Result<Flow> {
        let input = match event.and_then(|event| self.connection.process(event)) {
            Some(ConnectionEvent::Reached(encryption)) => Input::Reached(encryption),
            Some(ConnectionEvent::Event { event, by_program, .. }) => Input::Event { event, by_program },
            Some(ConnectionEvent::Down { why, loss }) => Input::Down { why, loss },
            Some(ConnectionEvent::Refused(refused)) => Input::Refused(refused),
            Some(ConnectionEvent::Unknown(_) | ConnectionEvent::UnparsedLine(_)) | None => return Ok(Continue(())),
        };
        self.feed(input)
    }

    fn signal(&mut self, signal: Option<Signal>) -> anyhow::Result<Flow> {
        match signal {
            Some(Signal::Continue) => {
                self.resume()?;
                Ok(Continue(()))
            }
            Some(Signal::End) => Ok(self.end()),
            None => Ok(Continue(())),
        }
    }

    /// Ends the session at once, with lines still unsent.
    fn end(&mut self) -> Flow {
        let (exit, quit_line) = self.state.terminate();
        if let Some(line) = quit_line {
            self.connection.send(&line);
        }
        Break(exit)
    }

    /// Feeds one input to the model, performs the effects, and feeds their results in turn.
    fn feed(&mut self, input: Input) -> anyhow::Result<Flow> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = now(self.start);
            let effects = self.state.step(input, now);
            self.connection_log.log_phase(self.state.phase(), now.ms);
            for effect in effects {
                match self.perform(effect)? {
                    Continue(answer) => inputs.extend(answer),
                    Break(exit) => return Ok(Break(exit)),
                }
            }
        }
        Ok(Continue(()))
    }

    /// Performs an effect. Returns its result as an input, if it has one.
    fn perform(&mut self, effect: ScreenEffect) -> anyhow::Result<ControlFlow<Exit, Option<Input>>> {
        match effect {
            ScreenEffect::Connect(sign_in) => self.connection.connect(sign_in).context("cannot start a thread")?,
            ScreenEffect::Disconnect => self.connection.disconnect(),
            ScreenEffect::Send(line) => self.connection.send(&line),
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
        restore();
        signals::suspend();
        // The signal arrives asynchronously: the process stops during this wait, and continues here.
        let _ = self.signals.recv_timeout(STOP_TIMEOUT);
        self.resume()
    }

    fn resume(&mut self) -> anyhow::Result<()> {
        self.screen.reacquire()?;
        let (width, height) = self.screen.size()?;
        self.state.step(Input::Resize(width, height), now(self.start));
        // Give the connection's thread one interval to deliver what arrived during the stop, before a tick judges the
        // silence.
        self.last_tick = Instant::now();
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.repaint) {
            self.screen.invalidate();
        }
        let state = &*self.state;
        let theme = &self.theme;
        self.screen.draw(|area, buffer| view::draw(state, theme, area, buffer))?;
        self.last_frame = Some(Instant::now());
        Ok(())
    }
}
