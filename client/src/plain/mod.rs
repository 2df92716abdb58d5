//! The presenter of plain lines, for pipes, scripts, bots and screen readers: reads lines, runs the loop around the pure
//! model in `chat::plain`, and prints. Without escape sequences, and nothing is printed twice.

mod input;
#[cfg(unix)]
mod line_editor;
mod object;
mod output;
mod passwords;
pub mod setup;

use super::clock::now;
use super::signals::Signal;
use crate::chat::Remembered;
use crate::chat::plain::{Plain, PlainEffect, PlainInput, PlainOptions};
use crate::connection::{Connection, ConnectionEvent, SignInConfirmation};
use crate::engine::Effect;
use crate::logging::ConnectionLog;
use crate::signed_in::SignedIn;
use anyhow::anyhow;
use crossbeam_channel::{Receiver, never, select};
use input::Lines;
use output::{Output, Print};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// The result of the run, once it has ended.
type Ended = Option<Result<(), String>>;

/// Runs the presenter until the user leaves or the session ends.
///
/// # Errors
/// The server ended the session, or lines could not be sent.
pub fn run(
    signed_in: SignedIn,
    options: PlainOptions,
    signals: &Receiver<Signal>,
    remember: &dyn Fn(Remembered),
) -> anyhow::Result<()> {
    let SignedIn { connection, engine, first: SignInConfirmation { event, line } } = signed_in;
    let plain = Plain::new(engine, options);
    let output = Output::new(options);
    let start = Instant::now();
    let connection_log = ConnectionLog::begin();
    let interactive = options.interactive;
    let mut running = PlainLoop {
        start,
        last_tick: start,
        plain,
        connection,
        connection_log,
        output,
        interactive,
        remember,
        end: None,
    };
    let end = running.feed(PlainInput::Event(event), Some((&line, false))).and_then(|()| running.serve(signals));
    let PlainLoop { mut connection, .. } = running;
    let end = match end {
        // The reader has closed the pipe, like `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(anyhow!(error).context("cannot print to standard output")),
        Ok(end) => end.map_err(|why| anyhow!(why)),
    };
    if let Effect::Send(line) = Plain::quit_effect() {
        connection.send(&line);
    }
    connection.close();
    end
}

struct PlainLoop<'r> {
    start: Instant,
    last_tick: Instant,
    plain: Plain,
    connection: Box<dyn Connection>,
    connection_log: ConnectionLog,
    output: Output,
    interactive: bool,
    remember: &'r dyn Fn(Remembered),
    end: Ended,
}

impl PlainLoop<'_> {
    fn serve(&mut self, signals: &Receiver<Signal>) -> io::Result<Result<(), String>> {
        #[cfg(unix)]
        if let Some((editor, lines, writer)) = self.edited_lines() {
            self.output.flush()?;
            self.output.print_above(Some(writer));
            let end = self.serve_lines(signals, &lines);
            // Dropping the editor prints the remaining text and restores the terminal.
            let flushed = self.output.flush();
            self.output.print_above(None);
            drop(editor);
            return end.and_then(|end| flushed.map(|()| end));
        }
        let lines = input::listen(self.interactive)?;
        self.serve_lines(signals, &lines)
    }

    fn serve_lines(&mut self, signals: &Receiver<Signal>, input: &Lines) -> io::Result<Result<(), String>> {
        let Lines { lines, handled } = input;
        loop {
            if let Some(end) = self.end.take() {
                self.output.flush()?;
                return Ok(end);
            }
            let typed = if self.plain.takes_lines() { lines.clone() } else { never() };
            let events = self.connection.events().clone();
            if events.is_empty() {
                self.output.flush()?;
            }
            select! {
                recv(typed) -> line => {
                    self.feed(line.unwrap_or(PlainInput::End), None)?;
                    // The receiver is gone when standard input has ended.
                    let _ = handled.try_send(());
                }
                recv(events) -> event => {
                    let event = event.ok().and_then(|event| self.connection.process(event));
                    self.event(event)?;
                }
                recv(signals) -> signal => if signal == Ok(Signal::End) { self.feed(PlainInput::Stop, None)? },
                default(self.patience()) => {}
            }
            // Tick also while lines arrive without pause. Handle waiting events first: a waiting pong must count before the
            // tick judges the silence.
            if self.connection.events().is_empty() && self.patience().is_zero() {
                self.last_tick = Instant::now();
                self.feed(PlainInput::Tick, None)?;
            }
        }
    }

    /// Starts a line editor, if a user reads the output on a terminal.
    #[cfg(unix)]
    fn edited_lines(&self) -> Option<(line_editor::LineEditor, Lines, line_editor::AbovePrompt)> {
        if self.output.is_for_programs() { None } else { line_editor::LineEditor::begin() }
    }

    /// Returns the time until the next tick.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.plain.tick_interval()).saturating_sub(self.last_tick.elapsed())
    }

    fn event(&mut self, event: Option<ConnectionEvent>) -> io::Result<()> {
        match event {
            Some(ConnectionEvent::Event { event, line, by_program }) => {
                self.feed(PlainInput::Event(event), Some((&line, by_program)))
            }
            Some(ConnectionEvent::Unknown(line)) => self.output.print_json(&line, |_| false),
            Some(ConnectionEvent::Down { why, loss }) => self.feed(PlainInput::Down { why, loss }, None),
            Some(ConnectionEvent::Refused(refused)) => self.feed(PlainInput::Refused(refused), None),
            Some(ConnectionEvent::UnparsedLine(_)) | None => Ok(()),
        }
    }

    /// Feeds one input to the model and performs the effects. For an event, `source` is its JSON line, and whether this
    /// program created it.
    fn feed(&mut self, input: PlainInput, source: Option<(&str, bool)>) -> io::Result<()> {
        let event = match &input {
            PlainInput::Event(event) => Some(event.clone()),
            _ => None,
        };
        let (line, by_program) = source.unwrap_or_default();
        let now = now(self.start);
        let effects = self.plain.step(input, now);
        self.connection_log.log_phase(self.plain.phase(), now.ms);
        for effect in effects {
            match effect {
                PlainEffect::Engine(effect) => self.carry_out(effect)?,
                PlainEffect::Show(dialect) => {
                    if let Some(event) = &event {
                        let plain = &self.plain;
                        let print = Print { dialect, line, by_program };
                        self.output.print_event(event, &print, |label| plain.is_own_label(label))?;
                    }
                }
                PlainEffect::ShowLate(event, dialect) => {
                    let print = Print { dialect, line: "", by_program: false };
                    self.output.print_event(&event, &print, |_| false)?;
                }
                PlainEffect::Answer(event) => self.output.print_answer(&event)?,
                PlainEffect::Notice(text) => self.output.print_notice(&text)?,
                PlainEffect::AskPasswords { purpose, is_encrypted } => {
                    self.output.flush()?;
                    let answer = passwords::ask(purpose, is_encrypted)?;
                    self.feed(PlainInput::Passwords(answer), None)?;
                }
                PlainEffect::Remember(what) => (self.remember)(what),
                PlainEffect::Leave(end) => self.end = Some(end),
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Connect(sign_in) => return self.connection.connect(sign_in),
            Effect::Disconnect => self.connection.disconnect(),
            Effect::Send(line) => self.connection.send(&line),
            // Print before acknowledging: the server forgets acknowledged events.
            Effect::Acknowledge(line) => {
                self.output.flush()?;
                self.connection.send(&line);
            }
        }
        Ok(())
    }
}
