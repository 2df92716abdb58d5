//! Lines in, lines out: for pipes, scripts, bots and screen readers. No escapes, nothing is drawn twice.

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

/// How it ended, if it did: well, or why not.
type Ended = Option<Result<(), String>>;

/// Passes lines both ways until one leaves.
///
/// # Errors
/// One was thrown out, or lines could not be sent.
pub fn run(
    entered: SignedIn,
    ways: PlainOptions,
    signals: &Receiver<Signal>,
    remember: &dyn Fn(Remembered),
) -> anyhow::Result<()> {
    let SignedIn { connection, engine, first: SignInConfirmation { event, line } } = entered;
    let plain = Plain::new(engine, ways);
    let output = Output::new(ways);
    let start = Instant::now();
    let connection_log = ConnectionLog::begin();
    let interactive = ways.interactive;
    let mut running = PlainLoop {
        start,
        ticked: start,
        plain,
        connection,
        connection_log,
        output,
        interactive,
        remember,
        ended: None,
    };
    let ended = running.feed(PlainInput::Event(event), Some((&line, false))).and_then(|()| running.serve(signals));
    let PlainLoop { mut connection, .. } = running;
    let end = match ended {
        // Whoever reads has had enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(anyhow!(error).context("printing")),
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
    ticked: Instant,
    plain: Plain,
    connection: Box<dyn Connection>,
    connection_log: ConnectionLog,
    output: Output,
    interactive: bool,
    remember: &'r dyn Fn(Remembered),
    ended: Ended,
}

impl PlainLoop<'_> {
    fn serve(&mut self, signals: &Receiver<Signal>) -> io::Result<Result<(), String>> {
        #[cfg(unix)]
        if let Some((editor, lines, writer)) = self.edited_lines() {
            self.output.flush()?;
            self.output.print_above(Some(writer));
            let end = self.serve_lines(signals, &lines);
            // The editor prints what is left, and gives the terminal back.
            let flushed = self.output.flush();
            self.output.print_above(None);
            drop(editor);
            return end.and_then(|end| flushed.map(|()| end));
        }
        let lines = input::listen(self.interactive)?;
        self.serve_lines(signals, &lines)
    }

    fn serve_lines(&mut self, signals: &Receiver<Signal>, input: &Lines) -> io::Result<Result<(), String>> {
        let Lines { lines, go_on } = input;
        loop {
            if let Some(end) = self.ended.take() {
                self.output.flush()?;
                return Ok(end);
            }
            let typed = if self.plain.takes_lines() { lines.clone() } else { never() };
            let news = self.connection.events().clone();
            if news.is_empty() {
                self.output.flush()?;
            }
            select! {
                recv(typed) -> line => {
                    self.feed(line.unwrap_or(PlainInput::End), None)?;
                    // Nobody reads on where standard input has ended.
                    let _ = go_on.try_send(());
                }
                recv(news) -> news => {
                    let news = news.ok().and_then(|news| self.connection.process(news));
                    self.news(news)?;
                }
                recv(signals) -> signal => if signal == Ok(Signal::End) { self.feed(PlainInput::Stop, None)? },
                default(self.patience()) => {}
            }
            // Also while lines come without a pause; but a sign of life that waits to be taken comes first.
            if self.connection.events().is_empty() && self.patience().is_zero() {
                self.ticked = Instant::now();
                self.feed(PlainInput::Tick, None)?;
            }
        }
    }

    /// An editor, the lines that are typed in it, and what prints above them: on a terminal for people.
    #[cfg(unix)]
    fn edited_lines(&self) -> Option<(line_editor::LineEditor, Lines, line_editor::Above)> {
        if self.output.is_for_programs() { None } else { line_editor::LineEditor::begin() }
    }

    /// How long until time itself changes something.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.plain.tick_interval()).saturating_sub(self.ticked.elapsed())
    }

    fn news(&mut self, news: Option<ConnectionEvent>) -> io::Result<()> {
        match news {
            Some(ConnectionEvent::Event { event, line, by_program }) => {
                self.feed(PlainInput::Event(event), Some((&line, by_program)))
            }
            Some(ConnectionEvent::Unknown(line)) => self.output.unknown(&line, |_| false),
            Some(ConnectionEvent::Down { why, loss }) => self.feed(PlainInput::Down { why, loss }, None),
            Some(ConnectionEvent::Refused(refused)) => self.feed(PlainInput::Refused(refused), None),
            Some(ConnectionEvent::UnparsedLine(_)) | None => Ok(()),
        }
    }

    /// One input, and everything that follows from it; `told` is how an event was sent, and whether this program told
    /// it itself.
    fn feed(&mut self, input: PlainInput, told: Option<(&str, bool)>) -> io::Result<()> {
        let event = match &input {
            PlainInput::Event(event) => Some(event.clone()),
            _ => None,
        };
        let (line, by_program) = told.unwrap_or_default();
        let now = now(self.start);
        let acts = self.plain.step(input, now);
        self.connection_log.log_phase(self.plain.phase(), now.ms);
        for act in acts {
            match act {
                PlainEffect::Engine(effect) => self.carry_out(effect)?,
                PlainEffect::Show(dialect) => {
                    if let Some(event) = &event {
                        let plain = &self.plain;
                        let print = Print { dialect, line, by_program };
                        self.output.show(event, &print, |label| plain.is_own_label(label))?;
                    }
                }
                PlainEffect::ShowLate(event, dialect) => {
                    let print = Print { dialect, line: "", by_program: false };
                    self.output.show(&event, &print, |_| false)?;
                }
                PlainEffect::Answer(event) => self.output.own(&event)?,
                PlainEffect::Notice(text) => self.output.say(&text)?,
                PlainEffect::AskPasswords(purpose) => {
                    self.output.flush()?;
                    let answer = passwords::ask(purpose)?;
                    self.feed(PlainInput::Passwords(answer), None)?;
                }
                PlainEffect::RememberAccount => (self.remember)(Remembered::Account),
                PlainEffect::Leave(end) => self.ended = Some(end),
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Connect(sign_in) => return self.connection.connect(sign_in),
            Effect::Disconnect => self.connection.disconnect(),
            Effect::Send(line) => self.connection.send(&line),
            // What is acknowledged has been printed.
            Effect::Acknowledge(line) => {
                self.output.flush()?;
                self.connection.send(&line);
            }
        }
        Ok(())
    }
}
