//! One connection to the server on its own thread: dial, sign in, then read until the connection ends. A second thread
//! writes.

use super::dial::{dial, loss_of};
use super::{ConnectionEvent, Loss, foreign, own_address};
use crate::deadline_stream::DeadlineStream;
use crate::sign_in::{SignIn, SignInStep};
use crossbeam_channel::{Receiver, Sender};
use landline_common::json;
use landline_common::service::Service;
use log::info;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Bytes of a line at most; a longer one is not from a Landline server. The longest line is a user list: 10,000 names
/// of 24 letters, each once for scripts and once for people, are half a MiB. Also, a server disconnects a client for
/// which more than 1 MiB waits.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Time limit for signing in. Only a server that checks very many passwords needs longer.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(20);

/// Parameters of one connection.
pub(super) struct ConnectAttempt<'a> {
    pub sign_in: SignIn,
    /// True for a reconnection, which uses a shorter dial timeout.
    pub again: bool,
    /// Set to whether the server was reached over loopback.
    pub local: &'a AtomicBool,
}

/// Lines to send, and a channel that disconnects when all of them are written.
pub(super) type Outgoing = (Receiver<String>, Sender<()>);

impl ConnectAttempt<'_> {
    /// Runs the connection to its end, and returns why it ended. Calls `forward` with each line of the server, beginning
    /// with the one that completes the sign-in; `forward` returns false when the receiver is gone.
    pub fn run(
        self,
        server: &str,
        stream_out: Sender<TcpStream>,
        (lines, done): Outgoing,
        forward: impl Fn(Box<str>) -> bool,
    ) -> ConnectionEvent {
        let stream = match dial(server, self.again) {
            Ok(stream) => stream,
            Err(unreachable) => return ConnectionEvent::Down { why: unreachable.why, loss: unreachable.loss },
        };
        self.local.store(stream.peer_addr().is_ok_and(|to| to.ip().to_canonical().is_loopback()), Relaxed);
        let (Ok(reading), Ok(writing), Ok(watched)) = (stream.try_clone(), stream.try_clone(), stream.try_clone())
        else {
            return ConnectionEvent::down("too many files are open");
        };
        // The receiver is gone if `ServerConnection` has given this connection up.
        if stream_out.send(stream).is_err() {
            return ConnectionEvent::down("given up");
        }
        let gone = Arc::new(AtomicBool::new(false));
        let (_watching, over) = crossbeam_channel::bounded(0);
        // If the watch cannot start, a lost address is noticed when the server does not answer.
        let _ = own_address::watch(watched, over, gone.clone());
        let mut reader = ServerReader::new(reading, Instant::now() + SIGN_IN_TIMEOUT);
        let last = match sign_in(self.sign_in, &mut reader, &writing, server) {
            Ok(welcome) => {
                info!("connection: connected server={server}");
                relay(welcome, reader, writing, (lines, done), forward)
            }
            Err(last_event) => last_event,
        };
        match last {
            ConnectionEvent::Down { .. } if gone.load(Relaxed) => {
                ConnectionEvent::Down { why: "this machine's network address has changed".into(), loss: Loss::Address }
            }
            other => other,
        }
    }
}

/// Relays lines in both directions until the connection ends. Returns why it ended.
fn relay(
    welcome: Box<str>,
    mut reader: ServerReader,
    writing: TcpStream,
    (lines, done): Outgoing,
    forward: impl Fn(Box<str>) -> bool,
) -> ConnectionEvent {
    let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
        write_all(&writing, &lines);
        drop(done);
    });
    if writer.is_err() || !forward(welcome) {
        return ConnectionEvent::down("out of threads");
    }
    loop {
        match reader.next_line() {
            Ok(Some(line)) => {
                if !forward(line) {
                    return ConnectionEvent::down("given up");
                }
            }
            Ok(None) => return ConnectionEvent::down("the server closed the connection"),
            Err(last_event) => return last_event,
        }
    }
}

/// Signs in. Returns the line by which the server confirms it.
fn sign_in(
    mut sign_in: SignIn,
    reader: &mut ServerReader,
    mut writer: &TcpStream,
    server: &str,
) -> Result<Box<str>, ConnectionEvent> {
    let down = |why: std::io::Error| ConnectionEvent::Down {
        loss: loss_of(&why),
        why: format!("the connection broke: {why}"),
    };
    writer.write_all(sign_in.begin().as_bytes()).map_err(down)?;
    let mut is_answered = false;
    loop {
        let line = match reader.next_line() {
            Ok(Some(line)) => line,
            Ok(None) if is_answered => {
                return Err(ConnectionEvent::down("the server closed the connection while signing in"));
            }
            Ok(None) => return Err(ConnectionEvent::down(&foreign::silent(server))),
            Err(_) if reader.input.get_ref().is_over() => {
                return Err(ConnectionEvent::down(
                    "the server did not answer the sign-in in time; is it a Landline server?",
                ));
            }
            Err(ConnectionEvent::Down { loss: Loss::Server, .. }) if !is_answered => {
                return Err(ConnectionEvent::down(&foreign::silent(server)));
            }
            Err(last_event) => return Err(last_event),
        };
        let is_first = !std::mem::replace(&mut is_answered, true);
        let service = if is_first { Service::from_greeting(line.as_bytes()) } else { Service::Landline };
        if let Some(why) = foreign::why_not(&service, server, writer.peer_addr().ok()) {
            return Err(ConnectionEvent::down(&why));
        }
        match json::read(&line).map_or(SignInStep::Wait, |event| sign_in.answer(&event)) {
            SignInStep::Send(line) => writer.write_all(format!("{line}\n").as_bytes()).map_err(down)?,
            SignInStep::Wait => {}
            SignInStep::SignedIn => {
                reader.input.get_mut().lift().map_err(down)?;
                return Ok(line);
            }
            SignInStep::Refused(refused) => return Err(ConnectionEvent::Refused(refused)),
        }
    }
}

/// Reads lines of the server.
struct ServerReader {
    /// Has a deadline until the sign-in is complete.
    input: BufReader<DeadlineStream<TcpStream>>,
}

impl ServerReader {
    fn new(stream: TcpStream, end: Instant) -> ServerReader {
        ServerReader { input: BufReader::new(DeadlineStream::until(stream, end)) }
    }

    /// Returns the next line, or `None` when the server has closed the connection.
    fn next_line(&mut self) -> Result<Option<Box<str>>, ConnectionEvent> {
        let mut line = Vec::new();
        match self.input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            Err(why) => {
                let loss = loss_of(&why);
                return Err(ConnectionEvent::Down { why: format!("the connection broke: {why}"), loss });
            }
            Ok(0) => return Ok(None),
            Ok(_) if line.len() as u64 >= MAX_LINE_BYTES => {
                return Err(ConnectionEvent::down("the server sent a line above 1 MiB; it is no Landline server"));
            }
            Ok(_) => {}
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().into()))
    }
}

/// Writes lines until the queue is disconnected or a write fails.
fn write_all(mut writer: &TcpStream, lines: &Receiver<String>) {
    for line in lines {
        if writer.write_all(format!("{line}\n").as_bytes()).is_err() {
            // End the reader, too, which reports the loss.
            let _ = writer.shutdown(Shutdown::Both);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::alice;
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn single_bytes_of_a_server_do_not_extend_the_sign_in() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let drip = std::thread::spawn(move || {
            // 10 s of bytes without a line end.
            for _ in 0..2_000 {
                if server.write_all(b"x").is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut reader = ServerReader::new(stream.try_clone().unwrap(), Instant::now() + Duration::from_millis(200));
        let begun = Instant::now();
        let Err(ConnectionEvent::Down { why, .. }) = sign_in(alice(), &mut reader, &stream, "host") else {
            panic!("signed in")
        };
        assert!(why.starts_with("the server did not answer the sign-in in time"), "{why}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        drop((reader, stream));
        drip.join().unwrap();
    }
}
