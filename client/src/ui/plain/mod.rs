//! Lines in, lines out: for pipes, scripts, bots and screen readers. No escapes, nothing is drawn twice.

pub mod first;
mod input;
mod object;
mod output;

use super::clock::now;
use super::signals::Signal;
use crate::link::{Connection, Entered, Identity, News};
use crate::logging::Diary;
use crate::model::plain::{Act, Input, Plain, Ways};
use anyhow::anyhow;
use crossbeam_channel::{Receiver, never, select};
use landline_common::clean::clean;
use output::Output;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How it ended, if it did: well, or why not.
type Ended = Option<Result<(), String>>;

/// Passes lines both ways until one leaves.
///
/// # Errors
/// One was thrown out, or lines could not be sent.
pub fn run(who: &Identity, entered: Entered, ways: Ways, signals: &Receiver<Signal>) -> anyhow::Result<()> {
    let seed = RandomState::new().hash_one(std::process::id());
    let plain = Plain::new(who.name.as_str(), who.room.as_str(), ways, seed);
    let Entered { link, event, line } = entered;
    let output = Output::new(ways);
    let start = Instant::now();
    let mut running = Running { start, ticked: start, plain, link, diary: Diary::begin(), output, ended: None };
    let ended = running.feed(Input::Event(event), Some(&line)).and_then(|()| running.serve(signals));
    let Running { mut link, .. } = running;
    let end = match ended {
        // Whoever reads has had enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(anyhow!(error).context("printing")),
        Ok(end) => end.map_err(|why| anyhow!(why)),
    };
    link.send("/quit");
    link.finish();
    end
}

struct Running {
    start: Instant,
    ticked: Instant,
    plain: Plain,
    link: Box<dyn Connection>,
    diary: Diary,
    output: Output,
    ended: Ended,
}

impl Running {
    fn serve(&mut self, signals: &Receiver<Signal>) -> io::Result<Result<(), String>> {
        let lines = input::listen()?;
        loop {
            if let Some(end) = self.ended.take() {
                self.output.flush()?;
                return Ok(end);
            }
            let typed = if self.plain.takes_lines() { lines.clone() } else { never() };
            let news = self.link.news().clone();
            if news.is_empty() {
                self.output.flush()?;
            }
            select! {
                recv(typed) -> line => self.feed(line.unwrap_or(Input::End), None)?,
                recv(news) -> news => {
                    let news = news.ok().and_then(|news| self.link.current(news));
                    self.news(news)?;
                }
                recv(signals) -> signal => if signal == Ok(Signal::End) { self.feed(Input::Stop, None)? },
                default(self.patience()) => {}
            }
            // Also while lines come without a pause; but a sign of life that waits to be taken comes first.
            if self.link.news().is_empty() && self.patience().is_zero() {
                self.ticked = Instant::now();
                self.feed(Input::Tick, None)?;
            }
        }
    }

    /// How long until time itself changes something.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.plain.patience()).saturating_sub(self.ticked.elapsed())
    }

    fn news(&mut self, news: Option<News>) -> io::Result<()> {
        match news {
            Some(News::Event { event, line }) => self.feed(Input::Event(event), Some(&line)),
            Some(News::Unknown(line)) => self.output.unknown(&line),
            Some(News::Down(why)) => self.feed(Input::Down(why), None),
            Some(News::Refused { why, again, .. }) => self.feed(Input::Refused { why, again }, None),
            Some(News::Unread(_)) | None => Ok(()),
        }
    }

    /// One input, and everything that follows from it; `line` is how an event was sent.
    fn feed(&mut self, input: Input, line: Option<&str>) -> io::Result<()> {
        let event = match &input {
            Input::Event(event) => Some(event.clone()),
            _ => None,
        };
        let now = now(self.start);
        let acts = self.plain.step(input, now);
        self.diary.note(self.plain.phase(), now.ms);
        for act in acts {
            match act {
                Act::Connect => self.link.connect()?,
                Act::Disconnect => self.link.disconnect(),
                Act::Send(line) => self.link.send(&line),
                Act::Show(dialect) => {
                    if let Some(event) = &event {
                        self.output.show(event, dialect, line.unwrap_or_default())?;
                    }
                }
                Act::Say(text) => {
                    self.output.flush()?;
                    eprintln!("landline: {}", clean(&text));
                }
                Act::Leave(end) => self.ended = Some(end),
            }
        }
        Ok(())
    }
}
