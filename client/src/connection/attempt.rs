//! One connection to the server on its own thread: dial, sign in, then read until the connection ends. A second thread
//! writes.

use super::dial::loss_of;
use super::establish::{Established, Security, TIMEOUT, establish};
use super::transport::{Transport, TransportReader};
use super::{ConnectionEvent, Loss, TransportSlot, foreign, own_address};
use crate::encryption::{Encryption, TlsMode};
use crate::sign_in::{SignIn, SignInStep};
use crossbeam_channel::{Receiver, Sender};
use landline_common::service::Service;
use landline_common::{Cause, json};
use log::info;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Bytes of a line at most; a longer one is not from a Landline server. The longest line is a user list: 10,000 names
/// of 24 letters, each once for scripts and once for people, are half a MiB. Also, a server disconnects a client for
/// which more than 1 MiB waits.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Time limit for signing in, with the TLS handshake. Only a server that checks very many passwords needs longer.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(20);

/// Parameters of one connection.
pub(super) struct ConnectAttempt<'a> {
    pub sign_in: SignIn,
    pub security: &'a Security,
    /// True for a reconnection, which uses a shorter dial timeout.
    pub again: bool,
    /// Set to whether the server was reached over loopback.
    pub local: &'a AtomicBool,
    /// Receives the transport, for the UI's thread.
    pub slot: &'a TransportSlot,
}

/// Lines to send, and a channel that disconnects when all of them are written.
pub(super) type Outgoing = (Receiver<String>, Sender<()>);

impl ConnectAttempt<'_> {
    /// Runs the connection to its end, and returns why it ended. Calls `reached` before the sign-in, and `forward` with
    /// each line of the server, beginning with the one that completes the sign-in; `forward` returns false when the
    /// receiver is gone.
    pub fn run(
        self,
        server: &str,
        outgoing: Outgoing,
        reached: impl FnOnce(Encryption),
        forward: impl Fn(Box<str>) -> bool,
    ) -> ConnectionEvent {
        let established = establish(server, self.again, self.security, self.slot, SIGN_IN_TIMEOUT);
        let Established { transport, reader, encryption } = match established {
            Ok(established) => established,
            Err(last_event) => return last_event,
        };
        let is_encrypted = encryption.is_on();
        let stream = transport.stream();
        self.local.store(stream.peer_addr().is_ok_and(|to| to.ip().to_canonical().is_loopback()), Relaxed);
        let gone = Arc::new(AtomicBool::new(false));
        let (_watching, over) = crossbeam_channel::bounded(0);
        // If the watch cannot start, a lost address is noticed when the server does not answer.
        let _ = own_address::watch(stream.clone(), over, gone.clone());
        reached(encryption);
        let mut reader = ServerReader { input: BufReader::new(reader) };
        let last = match sign_in(self.sign_in, &mut reader, &transport, server, self.security) {
            Ok(welcome) => {
                info!("connection: connected server={server} tls={is_encrypted}");
                let known = &self.security.known;
                if is_encrypted {
                    known.forget_first_meeting(server)
                } else {
                    known.note_clear(server)
                }
                relay(welcome, reader, transport, outgoing, forward)
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
    transport: Arc<Transport>,
    (lines, done): Outgoing,
    forward: impl Fn(Box<str>) -> bool,
) -> ConnectionEvent {
    let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
        write_all(&transport, &lines);
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
    transport: &Transport,
    server: &str,
    security: &Security,
) -> Result<Box<str>, ConnectionEvent> {
    let down = |why: std::io::Error| ConnectionEvent::Down {
        loss: loss_of(&why),
        why: format!("the connection broke: {why}"),
    };
    transport.send(sign_in.begin().as_bytes()).map_err(down)?;
    let mut is_answered = false;
    loop {
        let line = match reader.next_line() {
            Ok(Some(line)) => line,
            Ok(None) if is_answered => {
                return Err(ConnectionEvent::down("the server closed the connection while signing in"));
            }
            Ok(None) => return Err(ConnectionEvent::down(&foreign::silent(server))),
            Err(_) if reader.input.get_ref().is_over() => {
                return Err(ConnectionEvent::down(TIMEOUT));
            }
            Err(ConnectionEvent::Down { loss: Loss::Server, .. }) if !is_answered => {
                return Err(ConnectionEvent::down(&foreign::silent(server)));
            }
            Err(last_event) => return Err(last_event),
        };
        let is_first = !std::mem::replace(&mut is_answered, true);
        if is_first && foreign::requires_tls(&line) {
            return Err(encrypted_only(server, security));
        }
        let service = if is_first { Service::from_greeting(line.as_bytes()) } else { Service::Landline };
        if let Some(why) = foreign::why_not(&service, server, transport.stream().peer_addr().ok()) {
            return Err(ConnectionEvent::down(&why));
        }
        match json::read(&line).map_or(SignInStep::Wait, |event| sign_in.answer(&event)) {
            SignInStep::Send(line) => transport.send(format!("{line}\n").as_bytes()).map_err(down)?,
            SignInStep::Wait => {}
            SignInStep::SignedIn => {
                reader.input.get_mut().lift().map_err(down)?;
                return Ok(line);
            }
            SignInStep::Refused(refused) if refused.cause == Cause::TlsRequired => {
                return Err(encrypted_only(server, security));
            }
            SignInStep::Refused(refused) => return Err(ConnectionEvent::Refused(refused)),
        }
    }
}

/// Returns the event for a server that refuses connections in the clear. If it had no TLS before, the next attempt asks
/// it again.
fn encrypted_only(server: &str, security: &Security) -> ConnectionEvent {
    security.known.forget_clear(server);
    let advice = if security.mode == TlsMode::Off { " (leave out --tls off)" } else { "" };
    ConnectionEvent::down(&format!("{server} accepts encrypted connections only{advice}"))
}

/// Reads lines of the server.
struct ServerReader {
    /// Has a deadline until the sign-in is complete.
    input: BufReader<TransportReader>,
}

impl ServerReader {
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
fn write_all(transport: &Transport, lines: &Receiver<String>) {
    for line in lines {
        if transport.send(format!("{line}\n").as_bytes()).is_err() {
            // End the reader, too, which reports the loss.
            transport.shut_down();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::alice;
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    #[test]
    fn a_server_that_demands_tls_is_not_called_a_foreign_one() {
        for line in [
            "403 This server accepts encrypted connections only. Use landline.\n",
            "{\"type\":\"error\",\"ts\":\"14:22\",\"text\":\"no\",\"cause\":\"tls_required\",\"code\":403}\n",
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut server, _) = listener.accept().unwrap();
            server.write_all(line.as_bytes()).unwrap();
            let transport = Arc::new(Transport::new(stream, None));
            let reader = TransportReader::new(&transport, Instant::now() + Duration::from_secs(20));
            let mut reader = ServerReader { input: BufReader::new(reader) };
            let security = Security { mode: TlsMode::Off, ..Security::default() };
            security.known.note_clear("host:1");
            let Err(ConnectionEvent::Down { why, .. }) = sign_in(alice(), &mut reader, &transport, "host:1", &security)
            else {
                panic!("{line}")
            };
            assert_eq!(why, "host:1 accepts encrypted connections only (leave out --tls off)");
            assert!(!security.known.is_clear("host:1"));
        }
    }

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
        let transport = Arc::new(Transport::new(stream, None));
        let reader = TransportReader::new(&transport, Instant::now() + Duration::from_millis(200));
        let mut reader = ServerReader { input: BufReader::new(reader) };
        let begun = Instant::now();
        let Err(ConnectionEvent::Down { why, .. }) =
            sign_in(alice(), &mut reader, &transport, "host", &Security::default())
        else {
            panic!("signed in")
        };
        assert!(why.starts_with("the server did not answer the sign-in in time"), "{why}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        drop((reader, transport));
        drip.join().unwrap();
    }
}
