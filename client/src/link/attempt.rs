//! One attempt to be connected: dialling, signing in, reading and writing until it is over.

use super::dial::dial;
use super::sign_in::{SignIn, Step};
use super::{Identity, News};
use crossbeam_channel::{Receiver, Sender};
use landline_common::json;
use log::info;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A server that says more in one line is none. The longest lists who is there: 10,000 people with names of 24 letters
/// are half a MiB, each name once for programs and once for people. And a server cuts off for whom more than 1 MiB waits.
const LONGEST_LINE: u64 = 1 << 20;
/// Signing in takes no longer, unless the server checks very many passwords.
const SIGNING_IN: Duration = Duration::from_secs(20);

/// One attempt to be connected.
pub(super) struct Attempt<'a> {
    pub who: &'a Identity,
    pub registered: &'a AtomicBool,
    /// The server was reached over loopback.
    pub local: &'a AtomicBool,
}

impl Attempt<'_> {
    /// Runs until the connection is over, and says why it is. `tell` gets what the server says, line by line, from when
    /// one is in.
    pub fn run(
        &self,
        server: &str,
        stream_out: Sender<TcpStream>,
        (lines, done): (Receiver<String>, Sender<()>),
        tell: impl Fn(Box<str>) -> bool,
    ) -> News {
        let stream = match dial(server) {
            Ok(stream) => stream,
            Err(why) => return News::Down(why),
        };
        self.local.store(stream.peer_addr().is_ok_and(|to| to.ip().to_canonical().is_loopback()), Relaxed);
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
        info!("connected to {server}");
        let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
            write_all(&writing, &lines);
            drop(done);
        });
        if writer.is_err() || !tell(welcome) {
            return News::Down("out of threads".into());
        }
        loop {
            let why = match reader.next() {
                Ok(Some(line)) => match tell(line) {
                    true => continue,
                    false => "given up".into(),
                },
                Ok(None) => "the server closed the connection".into(),
                Err(why) => why,
            };
            return News::Down(why);
        }
    }

    fn sign_in(&self, reader: &mut Reader, mut writer: &TcpStream) -> Result<Box<str>, News> {
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
            let line = match reader.next() {
                Ok(Some(line)) => line,
                Ok(None) => return Err(News::Down("the server closed the connection while signing in".into())),
                Err(_) if Instant::now() >= end => return Err(late()),
                Err(why) => return Err(News::Down(why)),
            };
            match json::read(&line).map_or(Step::Wait, |event| sign_in.answer(&event.what)) {
                Step::Send(line) => writer.write_all(format!("{line}\n").as_bytes()).map_err(down)?,
                Step::Wait => {}
                Step::In => {
                    reader.input.get_ref().set_read_timeout(None).map_err(down)?;
                    return Ok(line);
                }
                Step::Refused { why, again, cause } => return Err(News::Refused { why, again, cause }),
            }
        }
    }
}

/// Reads what the server tells.
struct Reader {
    input: BufReader<TcpStream>,
}

impl Reader {
    /// The next line that it tells, or `None` when the server has closed.
    fn next(&mut self) -> Result<Option<Box<str>>, String> {
        let mut line = Vec::new();
        match self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Err(why) => return Err(format!("the connection broke: {why}")),
            Ok(0) => return Ok(None),
            Ok(_) if line.len() as u64 >= LONGEST_LINE => {
                return Err("the server sent a line without end; it is no Landline server".into());
            }
            Ok(_) => {}
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().into()))
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
