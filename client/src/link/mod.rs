//! The connection to a server: one thread that connects, signs in and reads, one that writes. What happens comes out
//! of a channel, tagged with the number of the connection, so that nothing of an old one is taken for news.

mod allowance;
mod attempt;
mod dial;
mod own_address;

pub use crate::sign_in::{Identity, Loss, Refused, SignIn};

use allowance::{Allowance, Share};
use attempt::Attempt;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::{Cause, Event, json};
use log::{info, warn};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// News that wait to be taken; then the server waits, as for any slow reader.
const NEWS: usize = 1_024;
/// And so many bytes of the server's lines: a few of the longest. Read, a list is some ten times as large; so lines are
/// read when they are taken.
const NEWS_BYTES: usize = 4 << 20;
/// Lines that wait to be written; the network is gone long before that.
const LINES: usize = 256;
/// So long is waited for what was sent last when one leaves.
const LEAVING: Duration = Duration::from_secs(1);

/// What happens on a connection.
#[derive(Debug)]
pub enum News {
    /// The server told something; the first is that one is signed in.
    Event {
        /// What.
        event: Box<Event<'static>>,
        /// As it was sent, for programs.
        line: Box<str>,
        /// This program tells it itself: no server said it.
        by_program: bool,
    },
    /// The server told something that this version does not know: as it was sent.
    Unknown(Box<str>),
    /// The server told something; [`Connection::current`] reads it.
    Unread(Unread),
    /// The connection could not be made, or broke.
    Down {
        /// Why.
        why: String,
        /// What that says of the way to the server.
        loss: Loss,
    },
    /// The server does not let the user in.
    Refused(Refused),
}

impl News {
    /// A connection that is over, and not by the network.
    fn down(why: &str) -> News {
        News::Down { why: why.to_owned(), loss: Loss::Server }
    }
}

/// A line of the server that waits to be taken.
#[derive(Debug)]
pub struct Unread {
    line: Box<str>,
    /// Its part of what may wait.
    _share: Share,
}

impl Unread {
    fn read(self) -> News {
        match json::read(&self.line) {
            Some(event) => News::Event { event: Box::new(event), line: self.line, by_program: false },
            None => News::Unknown(self.line),
        }
    }
}

/// A connection that can be made again and again: to a server, or into a mesh. Screens know no more of it.
pub trait Connection: std::fmt::Debug {
    /// Where news come from; each must pass [`Connection::current`].
    fn news(&self) -> &Receiver<(u64, News)>;
    /// The news, if it is of the present connection.
    fn current(&mut self, news: (u64, News)) -> Option<News>;
    /// Connects and signs in; what comes of it is news.
    ///
    /// # Errors
    /// No thread can be had.
    fn connect(&mut self, sign_in: SignIn) -> std::io::Result<()>;
    /// Sends a line; one line, whatever is in it.
    fn send(&mut self, line: &str);
    /// Gives the present connection up; no more news come of it.
    fn disconnect(&mut self);
    /// Whether the server was reached on this machine, at an address that nobody else can reach.
    fn is_local(&self) -> bool;
    /// Waits until what was sent is out.
    fn finish(self: Box<Self>);
}

/// The connection to a server.
#[derive(Debug)]
pub struct Link {
    server: String,
    number: u64,
    live: Option<Live>,
    allowance: Allowance,
    out: Sender<(u64, News)>,
    news: Receiver<(u64, News)>,
}

/// One connection.
#[derive(Debug)]
struct Live {
    lines: Sender<String>,
    /// The stream, as soon as there is one.
    stream: Receiver<TcpStream>,
    /// Closed when everything is written.
    written: Receiver<()>,
    /// The server was reached over loopback.
    local: Arc<AtomicBool>,
}

/// Why one is not in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In words.
    pub why: String,
    /// For the program; `None` if no server could be reached.
    pub cause: Option<Cause>,
}

/// The first thing that a server tells a user who is in.
#[derive(Debug)]
pub struct First {
    /// That the user is in.
    pub event: Box<Event<'static>>,
    /// The same as it was sent.
    pub line: Box<str>,
}

impl First {
    /// What the first news of a connection mean.
    ///
    /// # Errors
    /// The user is not in.
    pub fn of(first: News) -> Result<First, Refusal> {
        match first {
            News::Event { event, line, .. } => Ok(First { event, line }),
            News::Refused(Refused { why, cause, .. }) => Err(Refusal { why, cause: Some(cause) }),
            News::Down { why, .. } => {
                warn!("no connection: {why}");
                Err(Refusal { why, cause: None })
            }
            News::Unknown(_) | News::Unread(_) => {
                Err(Refusal { why: "that is no Landline server".into(), cause: None })
            }
        }
    }
}

impl Link {
    /// To `server` (with its port); not connected yet.
    #[must_use]
    pub fn new(server: &str) -> Link {
        let (out, news) = bounded(NEWS);
        let allowance = Allowance::new(NEWS_BYTES);
        Link { server: server.to_owned(), number: 0, live: None, allowance, out, news }
    }

    /// Where its news come from, for whoever has others to tell.
    #[must_use]
    pub fn out(&self) -> Sender<(u64, News)> {
        self.out.clone()
    }

    /// Until the server has closed, too: what it has not read when this end is gone would be lost.
    fn drain(&self, most: Duration) {
        let end = Instant::now() + most;
        while let Ok((_, News::Event { .. } | News::Unknown(_) | News::Unread(_))) = self.news.recv_deadline(end) {}
    }
}

impl Connection for Link {
    fn news(&self) -> &Receiver<(u64, News)> {
        &self.news
    }

    fn current(&mut self, (number, news): (u64, News)) -> Option<News> {
        let news = (number == self.number).then_some(news)?;
        Some(if let News::Unread(unread) = news { unread.read() } else { news })
    }

    fn connect(&mut self, sign_in: SignIn) -> std::io::Result<()> {
        let again = self.number > 0;
        self.disconnect();
        let (lines, queue) = bounded(LINES);
        let (stream_out, stream) = bounded(1);
        let (done, written) = bounded(0);
        let local = Arc::new(AtomicBool::new(false));
        self.live = Some(Live { lines, stream, written, local: local.clone() });
        let server = self.server.clone();
        let (out, number, allowance) = (self.out.clone(), self.number, self.allowance.clone());
        info!("connecting to {server} as {}", sign_in.user());
        let run = move || {
            let attempt = Attempt { sign_in, again, local: &local };
            let tell = |line: Box<str>| {
                let unread = Unread { _share: allowance.take(line.len()), line };
                out.send((number, News::Unread(unread))).is_ok()
            };
            let last = attempt.run(&server, stream_out, (queue, done), tell);
            if let News::Refused(Refused { why, .. }) = &last {
                warn!("refused: {why}");
            }
            // Nobody listens any more when the program ends.
            let _ = out.send((number, last));
        };
        std::thread::Builder::new().name("link".into()).spawn(run).map(|_| ())
    }

    /// When the network has stalled, the connection is given up.
    fn send(&mut self, line: &str) {
        let line = line.replace(['\n', '\r'], " ");
        if let Some(live) = &self.live
            && live.lines.try_send(line).is_err()
        {
            live.shut_down();
        }
    }

    fn disconnect(&mut self) {
        self.number += 1;
        if let Some(live) = self.live.take() {
            live.shut_down();
        }
    }

    fn is_local(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.local.load(Relaxed))
    }

    /// And until the server has had a moment to take it.
    fn finish(mut self: Box<Self>) {
        let Some(Live { lines, stream, written, .. }) = self.live.take() else { return };
        drop(lines);
        let _ = written.recv_timeout(LEAVING);
        if let Ok(stream) = stream.try_recv() {
            let _ = stream.shutdown(Shutdown::Write);
            self.drain(LEAVING);
        }
    }
}

impl Live {
    fn shut_down(&self) {
        if let Ok(stream) = self.stream.try_recv() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests;
