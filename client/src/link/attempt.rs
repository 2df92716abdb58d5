//! One attempt to be connected: dialling, signing in, reading and writing until it is over.

use super::dial::{dial, loss_of};
use super::{Loss, News, own_address};
use crate::sign_in::{SignIn, Step};
use crossbeam_channel::{Receiver, Sender};
use landline_common::json;
use log::info;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A server that says more in one line is none. The longest lists who is there: 10,000 people with names of 24 letters
/// are half a MiB, each name once for programs and once for people. And a server cuts off for whom more than 1 MiB waits.
const LONGEST_LINE: u64 = 1 << 20;
/// Signing in takes no longer, unless the server checks very many passwords.
const SIGNING_IN: Duration = Duration::from_secs(20);

/// One attempt to be connected.
pub(super) struct Attempt<'a> {
    pub sign_in: SignIn,
    /// The user was in before.
    pub again: bool,
    /// The server was reached over loopback.
    pub local: &'a AtomicBool,
}

/// Where lines to send come from, and what closes when all are written.
pub(super) type Outgoing = (Receiver<String>, Sender<()>);

impl Attempt<'_> {
    /// Runs until the connection is over, and says why it is. `tell` gets what the server says, line by line, from when
    /// the user is in.
    pub fn run(
        self,
        server: &str,
        stream_out: Sender<TcpStream>,
        (lines, done): Outgoing,
        tell: impl Fn(Box<str>) -> bool,
    ) -> News {
        let stream = match dial(server, self.again) {
            Ok(stream) => stream,
            Err(unreachable) => return News::Down { why: unreachable.why, loss: unreachable.loss },
        };
        self.local.store(stream.peer_addr().is_ok_and(|to| to.ip().to_canonical().is_loopback()), Relaxed);
        let (Ok(reading), Ok(writing), Ok(watched)) = (stream.try_clone(), stream.try_clone(), stream.try_clone())
        else {
            return News::down("too many files are open");
        };
        // Nobody takes it when the attempt has been given up.
        if stream_out.send(stream).is_err() {
            return News::down("given up");
        }
        let gone = Arc::new(AtomicBool::new(false));
        let (_watching, over) = crossbeam_channel::bounded(0);
        // Without the watch, a lost address is noticed when the server does not answer.
        let _ = own_address::watch(watched, over, gone.clone());
        let mut reader = Reader { input: BufReader::new(reading) };
        let last = match sign_in(self.sign_in, &mut reader, &writing) {
            Ok(welcome) => {
                info!("connected to {server}");
                pass_on(welcome, reader, writing, (lines, done), tell)
            }
            Err(news) => news,
        };
        match last {
            News::Down { .. } if gone.load(Relaxed) => {
                News::Down { why: "this machine's network address has changed".into(), loss: Loss::Address }
            }
            other => other,
        }
    }
}

/// Passes lines both ways until the connection is over.
fn pass_on(
    welcome: Box<str>,
    mut reader: Reader,
    writing: TcpStream,
    (lines, done): Outgoing,
    tell: impl Fn(Box<str>) -> bool,
) -> News {
    let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
        write_all(&writing, &lines);
        drop(done);
    });
    if writer.is_err() || !tell(welcome) {
        return News::down("out of threads");
    }
    loop {
        match reader.next() {
            Ok(Some(line)) => {
                if !tell(line) {
                    return News::down("given up");
                }
            }
            Ok(None) => return News::down("the server closed the connection"),
            Err(news) => return news,
        }
    }
}

/// Signs in. The line in which the server says that the user is in.
fn sign_in(mut sign_in: SignIn, reader: &mut Reader, mut writer: &TcpStream) -> Result<Box<str>, News> {
    let down = |why: std::io::Error| News::Down { loss: loss_of(&why), why: format!("the connection broke: {why}") };
    writer.write_all(sign_in.begin().as_bytes()).map_err(down)?;
    let end = Instant::now() + SIGNING_IN;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = (!left.is_zero()).then_some(left);
        let late = || News::down("the server did not let anybody in in time; is it a Landline server?");
        let input = reader.input.get_ref();
        input.set_read_timeout(Some(wait.ok_or_else(late)?)).map_err(down)?;
        let line = match reader.next() {
            Ok(Some(line)) => line,
            Ok(None) => return Err(News::down("the server closed the connection while signing in")),
            Err(_) if Instant::now() >= end => return Err(late()),
            Err(news) => return Err(news),
        };
        match json::read(&line).map_or(Step::Wait, |event| sign_in.answer(&event)) {
            Step::Send(line) => writer.write_all(format!("{line}\n").as_bytes()).map_err(down)?,
            Step::Wait => {}
            Step::In => {
                reader.input.get_ref().set_read_timeout(None).map_err(down)?;
                return Ok(line);
            }
            Step::Refused(refused) => return Err(News::Refused(refused)),
        }
    }
}

/// Reads what the server tells.
struct Reader {
    input: BufReader<TcpStream>,
}

impl Reader {
    /// The next line that it tells, or `None` when the server has closed.
    fn next(&mut self) -> Result<Option<Box<str>>, News> {
        let mut line = Vec::new();
        match self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Err(why) => {
                let loss = loss_of(&why);
                return Err(News::Down { why: format!("the connection broke: {why}"), loss });
            }
            Ok(0) => return Ok(None),
            Ok(_) if line.len() as u64 >= LONGEST_LINE => {
                return Err(News::down("the server sent a line without end; it is no Landline server"));
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
