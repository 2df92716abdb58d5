//! Runs an established chat: the calling thread writes, a second one reads. A chat ends by a goodbye or a lost link.
//!
//! The writing thread reports the end, after all texts that came before. Two rules keep texts from getting lost:
//! - After its goodbye, the writer half-closes the stream and waits until the reader has seen the other side's end.
//!   Closing at once, with unread bytes in the buffer, would send a reset and destroy the goodbye on its way.
//! - If a write fails, the reader still reports the texts that arrived before the failure.

use super::chat::{BYE_TIMEOUT, Control, EventSender, OutgoingText};
use super::close_reason::CloseReason;
use super::frame::{ByeReason, Frame};
use super::handshake::Established;
use crate::rate_counter::{LINES, RateCounter};
use crossbeam_channel::{Receiver, bounded, select};
use landline_common::EventKind;
use landline_common::link::{LinkError, LinkReceiver, LinkSender};
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A ping is sent after this time without another message.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// The link counts as lost after this time without a message.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);
/// Interval at which the reading thread checks the time limits.
const READ_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval of that check while the reading thread pauses because of the rate limit.
const RATE_PAUSE: Duration = Duration::from_millis(100);

/// Runs the chat to its end, and reports the end.
pub(super) fn run(
    established: Established,
    texts: &Receiver<OutgoingText>,
    control: &Arc<Control>,
    sender: &EventSender,
) {
    let Established { stream, opened } = established;
    let timeouts =
        stream.set_read_timeout(Some(READ_TIMEOUT)).and_then(|()| stream.set_write_timeout(Some(SILENCE_TIMEOUT)));
    let (Ok(()), Ok(reading), Ok(shared)) = (timeouts, stream.try_clone(), stream.try_clone()) else {
        return sender.ended(control.reason().unwrap_or(CloseReason::NoResources));
    };
    control.set_stream(shared);
    let (out, reader_done) = bounded(1);
    let sender_there = sender.clone();
    let control_there = control.clone();
    let read = move || {
        let begun = Instant::now();
        let lines = RateCounter::default();
        let mut reader = ChatReader { stream: reading, last_heard: begun, begun, lines, control: control_there };
        // The writing thread may have ended already; then the result is not needed.
        let _ = out.send(reader.read_all(opened.opener, &sender_there));
    };
    if std::thread::Builder::new().name("direct-reader".into()).spawn(read).is_err() {
        return sender.ended(CloseReason::NoResources);
    }
    let mut writer = ChatWriter { stream, sealer: opened.sealer };
    let reason = writer.write_all(texts, &reader_done, control, sender);
    sender.ended(control.reason().unwrap_or(reason));
    // Let the other client read the goodbye before this stream is gone (see the module's first rule).
    let _ = writer.stream.shutdown(Shutdown::Write);
    let _ = reader_done.recv_timeout(BYE_TIMEOUT);
    let _ = writer.stream.shutdown(Shutdown::Both);
}

/// The writing half.
struct ChatWriter {
    stream: TcpStream,
    sealer: LinkSender,
}

impl ChatWriter {
    /// Sends texts and pings until the queue is disconnected, the reader has ended, or a write fails. Returns why the
    /// chat ends.
    fn write_all(
        &mut self,
        texts: &Receiver<OutgoingText>,
        reader_done: &Receiver<CloseReason>,
        control: &Control,
        sender: &EventSender,
    ) -> CloseReason {
        let mut due = Instant::now() + PING_INTERVAL;
        loop {
            let (frame, label) = select! {
                recv(texts) -> text => match text {
                    Ok(OutgoingText { text, label }) => (Frame::Text { text }, label),
                    Err(_) => return self.say_goodbye(control.reason().unwrap_or(CloseReason::Left)),
                },
                recv(reader_done) -> reason => return reason.unwrap_or(CloseReason::Lost),
                default(due.saturating_duration_since(Instant::now())) => (Frame::Ping, None),
            };
            match self.send(&frame) {
                Ok(()) => {}
                Err(LinkError::Stream(why)) if is_timeout(&why) => return CloseReason::Lost,
                Err(_) => return drain(texts, reader_done).unwrap_or(control.reason().unwrap_or(CloseReason::Left)),
            }
            due = Instant::now() + PING_INTERVAL;
            if let Frame::Text { text } = frame {
                let told = EventKind::DirectTalk { with: sender.with(), own: true, text: text.into() };
                sender.answer(told, label.as_deref());
            }
        }
    }

    /// Sends the goodbye, and returns `reason`.
    fn say_goodbye(&mut self, reason: CloseReason) -> CloseReason {
        let bye = match reason {
            CloseReason::Left => ByeReason::Left,
            CloseReason::Replaced => ByeReason::Other,
            _ => ByeReason::Stopped,
        };
        // If this fails, the other client still sees the end of the stream.
        let _ = self.send(&Frame::Bye { reason: bye });
        reason
    }

    fn send(&mut self, frame: &Frame) -> Result<(), LinkError> {
        self.sealer.send(&mut &self.stream, &frame.bytes())
    }
}

/// After a failed write, waits until the reader has reported everything that arrived before, and returns its reason.
/// Returns `None` if this side closes the chat first. Texts to send are dropped.
fn drain(texts: &Receiver<OutgoingText>, reader_done: &Receiver<CloseReason>) -> Option<CloseReason> {
    loop {
        select! {
            recv(reader_done) -> reason => return Some(reason.unwrap_or(CloseReason::Lost)),
            recv(texts) -> text => {
                text.ok()?;
            }
        }
    }
}

/// Returns whether an I/O call only took too long.
fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The reading half, which also watches the time limits.
struct ChatReader {
    stream: TcpStream,
    /// Arrival of the last whole message.
    last_heard: Instant,
    /// Begin of the chat, from which `lines` counts milliseconds.
    begun: Instant,
    /// Messages received lately.
    lines: RateCounter,
    control: Arc<Control>,
}

impl ChatReader {
    /// Reports texts of the other client until the link ends. Returns why the chat ends.
    fn read_all(&mut self, mut opener: LinkReceiver, sender: &EventSender) -> CloseReason {
        loop {
            let message = match opener.receive(self) {
                Ok(Some(message)) => message,
                Ok(None) => return CloseReason::Lost,
                Err(LinkError::Stream(why)) if why.kind() == ErrorKind::TimedOut => return CloseReason::Silent,
                Err(LinkError::Stream(_)) => return CloseReason::Lost,
                Err(_) => return CloseReason::Damaged,
            };
            let is_open = self.wait_for_rate();
            match Frame::read(&message) {
                Frame::Text { text } if is_open && !text.is_empty() => {
                    sender.send(EventKind::DirectTalk { with: sender.with(), own: false, text: text.into() });
                }
                Frame::Bye { reason } => return CloseReason::PeerClosed(reason),
                _ => {}
            }
            self.last_heard = Instant::now();
        }
    }

    /// Waits until the rate limit allows one more message, and counts it. Meanwhile nothing is read, so TCP makes the
    /// other client wait. Returns `false` if this side closes the chat; then the message is dropped.
    fn wait_for_rate(&mut self) -> bool {
        loop {
            let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            if self.lines.counted(now) < LINES {
                self.lines.count(now);
                return true;
            }
            if self.control.reason().is_some() {
                return false;
            }
            std::thread::sleep(RATE_PAUSE.min(Duration::from_millis(self.lines.remaining_ms(now))));
        }
    }
}

impl Read for ChatReader {
    /// Reads, ignoring read timeouts, until the silence limit passes. A closing chat whose goodbye is late is shut down
    /// here.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.last_heard.elapsed() >= SILENCE_TIMEOUT {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.stream.read(buffer) {
                Err(why) if is_timeout(&why) => {
                    self.control.shut_down_if_late();
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}
