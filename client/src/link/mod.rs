//! The connection to a server: one thread that connects, signs in and reads, one that writes. What happens comes out
//! of a channel, tagged with the number of the connection, so that nothing of an old one is taken for news.

mod dial;
mod sign_in;

use crate::args::Identity;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::{Event, json};
use sign_in::{SignIn, Step};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A server that says more in one line is none.
const LONGEST_LINE: u64 = 1 << 20;
/// Signing in takes no longer, unless the server checks very many passwords.
const SIGNING_IN: Duration = Duration::from_secs(20);
/// News that wait to be taken; then the server waits, as for any slow reader.
const NEWS: usize = 1_024;
/// Lines that wait to be written; the network is gone long before that.
const LINES: usize = 256;
/// So long is waited for what was sent last when one leaves.
const LEAVING: Duration = Duration::from_secs(1);

/// What happens on a connection.
#[derive(Debug)]
pub enum News {
    /// The server told something; the first is that one is signed in.
    Event(Box<Event<'static>>),
    /// The connection could not be made, or broke: why.
    Down(String),
    /// The server does not let one in.
    Refused {
        /// Why, in its own words.
        why: String,
        /// It may, later.
        again: bool,
    },
}

/// A connection that can be made again and again.
#[derive(Debug)]
pub struct Link {
    server: String,
    who: Arc<Identity>,
    /// The account has been made.
    registered: Arc<AtomicBool>,
    number: u64,
    live: Option<Live>,
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
}

impl Link {
    /// To `server` (with its port), as `who`; not connected yet.
    #[must_use]
    pub fn new(server: &str, who: Identity) -> Link {
        let (out, news) = bounded(NEWS);
        let (who, registered) = (Arc::new(who), Arc::default());
        Link { server: server.to_owned(), who, registered, number: 0, live: None, out, news }
    }

    /// Where news come from; each must pass [`Link::current`].
    #[must_use]
    pub fn news(&self) -> &Receiver<(u64, News)> {
        &self.news
    }

    /// The news, if it is of the present connection.
    #[must_use]
    pub fn current(&self, (number, news): (u64, News)) -> Option<News> {
        (number == self.number).then_some(news)
    }

    /// Connects and signs in; what comes of it is news.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn connect(&mut self) -> std::io::Result<()> {
        self.disconnect();
        let (lines, queue) = bounded(LINES);
        let (stream_out, stream) = bounded(1);
        let (done, written) = bounded(0);
        self.live = Some(Live { lines, stream, written });
        let (server, who, registered) = (self.server.clone(), self.who.clone(), self.registered.clone());
        let (out, number) = (self.out.clone(), self.number);
        let run = move || {
            let attempt = Attempt { who: &who, registered: &registered };
            let last = attempt.run(&server, stream_out, (queue, done), |news| out.send((number, news)).is_ok());
            // Nobody listens any more when the program ends.
            let _ = out.send((number, last));
        };
        std::thread::Builder::new().name("link".into()).spawn(run).map(|_| ())
    }

    /// Sends a line; one line, whatever is in it. When the network has stalled, the connection is given up.
    pub fn send(&mut self, line: &str) {
        let line = line.replace(['\n', '\r'], " ");
        if let Some(live) = &self.live
            && live.lines.try_send(line).is_err()
        {
            live.shut_down();
        }
    }

    /// Gives the present connection up; no more news come of it.
    pub fn disconnect(&mut self) {
        self.number += 1;
        if let Some(live) = self.live.take() {
            live.shut_down();
        }
    }

    /// Waits until what was sent is out, and the server has had a moment to take it.
    pub fn finish(mut self) {
        let Some(Live { lines, stream, written }) = self.live.take() else { return };
        drop(lines);
        let _ = written.recv_timeout(LEAVING);
        if let Ok(stream) = stream.try_recv() {
            let _ = stream.shutdown(Shutdown::Write);
            self.drain(LEAVING);
        }
    }

    /// Until the server has closed, too: what it has not read when this end is gone would be lost.
    fn drain(&self, most: Duration) {
        let end = Instant::now() + most;
        while let Ok((_, News::Event(_))) = self.news.recv_deadline(end) {}
    }
}

impl Live {
    fn shut_down(&self) {
        if let Ok(stream) = self.stream.try_recv() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// One attempt to be connected.
struct Attempt<'a> {
    who: &'a Identity,
    registered: &'a AtomicBool,
}

impl Attempt<'_> {
    /// Runs until the connection is over, and says why it is.
    fn run(
        &self,
        server: &str,
        stream_out: Sender<TcpStream>,
        (lines, done): (Receiver<String>, Sender<()>),
        tell: impl Fn(News) -> bool,
    ) -> News {
        let stream = match dial::dial(server) {
            Ok(stream) => stream,
            Err(why) => return News::Down(why),
        };
        let (Ok(reading), Ok(writing)) = (stream.try_clone(), stream.try_clone()) else {
            return News::Down("too many files are open".into());
        };
        // Nobody takes it when the attempt has been given up.
        if stream_out.send(stream).is_err() {
            return News::Down("given up".into());
        }
        let mut reader = Reader { input: BufReader::new(reading) };
        let welcome = match self.sign_in(&mut reader, &writing) {
            Ok(welcome) => welcome,
            Err(news) => return news,
        };
        self.registered.store(true, Relaxed);
        let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
            write_all(&writing, &lines);
            drop(done);
        });
        if writer.is_err() || !tell(News::Event(Box::new(welcome))) {
            return News::Down("out of threads".into());
        }
        loop {
            let why = match reader.event() {
                Ok(Some(event)) => match tell(News::Event(Box::new(event))) {
                    true => continue,
                    false => "given up".into(),
                },
                Ok(None) => "the server closed the connection".into(),
                Err(why) => why,
            };
            return News::Down(why);
        }
    }

    fn sign_in(&self, reader: &mut Reader, mut writer: &TcpStream) -> Result<Event<'static>, News> {
        let down = |why: std::io::Error| News::Down(format!("the connection broke: {why}"));
        let (mut sign_in, first) = SignIn::begin(self.who, self.registered.load(Relaxed));
        writer.write_all(first.as_bytes()).map_err(down)?;
        let end = Instant::now() + SIGNING_IN;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let wait = (!left.is_zero()).then_some(left);
            let late = || News::Down("the server did not let anybody in in time; is it a Landline server?".into());
            let input = reader.input.get_ref();
            input.set_read_timeout(Some(wait.ok_or_else(late)?)).map_err(down)?;
            let event = match reader.event() {
                Ok(Some(event)) => event,
                Ok(None) => return Err(News::Down("the server closed the connection while signing in".into())),
                Err(_) if Instant::now() >= end => return Err(late()),
                Err(why) => return Err(News::Down(why)),
            };
            match sign_in.answer(&event.what) {
                Step::Send(line) => writer.write_all(format!("{line}\n").as_bytes()).map_err(down)?,
                Step::Wait => {}
                Step::In => {
                    reader.input.get_ref().set_read_timeout(None).map_err(down)?;
                    return Ok(event);
                }
                Step::Refused { why, again } => return Err(News::Refused { why, again }),
            }
        }
    }
}

/// Reads events.
struct Reader {
    input: BufReader<TcpStream>,
}

impl Reader {
    /// The next event that this version knows, or `None` when the server has closed.
    fn event(&mut self) -> Result<Option<Event<'static>>, String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            match read {
                Err(why) => return Err(format!("the connection broke: {why}")),
                Ok(0) => return Ok(None),
                Ok(_) if line.len() as u64 >= LONGEST_LINE => {
                    return Err("the server sent a line without end; it is no Landline server".into());
                }
                Ok(_) => {}
            }
            if let Some(event) = json::read(String::from_utf8_lossy(&line).trim_end()) {
                return Ok(Some(event));
            }
        }
    }
}

fn write_all(mut writer: &TcpStream, lines: &Receiver<String>) {
    for line in lines {
        if writer.write_all(format!("{line}\n").as_bytes()).is_err() {
            // The reader notices, too.
            let _ = writer.shutdown(Shutdown::Both);
            return;
        }
    }
}
