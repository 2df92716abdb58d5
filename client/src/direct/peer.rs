//! The chat itself: one thread that writes, one that reads. It ends by a goodbye, or when the link is lost.

use super::chat::{Control, LEAVING, Line, Teller};
use super::ending::Ending;
use super::frame::{Farewell, Frame};
use super::meet::Met;
use crate::window::{LINES, Window};
use crossbeam_channel::{Receiver, bounded, select};
use landline_common::What;
use landline_common::link::{LinkError, Opener, Sealer};
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sign of life goes out when nothing else did for so long.
const PING: Duration = Duration::from_secs(5);
/// Nothing heard for so long: the link is lost.
const SILENCE: Duration = Duration::from_secs(15);
/// How soon the thread that reads notices that it is over.
const TICK: Duration = Duration::from_secs(1);
/// And where it has read enough for the moment.
const PAUSE: Duration = Duration::from_millis(100);

/// Talks until it is over, and tells so.
pub(super) fn talk(met: Met, said: &Receiver<Line>, control: &Arc<Control>, teller: &Teller) {
    let Met { stream, opened } = met;
    let patient = stream.set_read_timeout(Some(TICK)).and_then(|()| stream.set_write_timeout(Some(SILENCE)));
    let (Ok(()), Ok(reading), Ok(kept)) = (patient, stream.try_clone(), stream.try_clone()) else {
        return teller.ended(control.reason().unwrap_or(Ending::NoMeans));
    };
    control.hold(kept);
    let (out, over) = bounded(1);
    let (heard, control_there) = (teller.clone(), control.clone());
    let run = move || {
        let (begun, lines) = (Instant::now(), Window::default());
        let mut watched = Watched { stream: reading, heard: begun, begun, lines, control: control_there };
        // It is the first to know, or nobody asks any more.
        let _ = out.send(watched.read_all(opened.opener, &heard));
    };
    if std::thread::Builder::new().name("direct-reader".into()).spawn(run).is_err() {
        return teller.ended(Ending::NoMeans);
    }
    let mut mouth = Mouth { stream, sealer: opened.sealer };
    let ending = mouth.say_all(said, &over, control, teller);
    teller.ended(control.reason().unwrap_or(ending));
    // The goodbye must be read before this end is gone: bytes that nobody took would tear it away.
    let _ = mouth.stream.shutdown(Shutdown::Write);
    let _ = over.recv_timeout(LEAVING);
    let _ = mouth.stream.shutdown(Shutdown::Both);
}

/// The half that writes.
struct Mouth {
    stream: TcpStream,
    sealer: Sealer,
}

impl Mouth {
    /// Says what is to be said, until nothing more will be, or the other half has ended.
    fn say_all(
        &mut self,
        said: &Receiver<Line>,
        over: &Receiver<Ending>,
        control: &Control,
        teller: &Teller,
    ) -> Ending {
        let mut due = Instant::now() + PING;
        loop {
            let (frame, label) = select! {
                recv(said) -> line => match line {
                    Ok(Line { text, label }) => (Frame::Text { text }, label),
                    Err(_) => return self.part(control.reason().unwrap_or(Ending::Left)),
                },
                recv(over) -> ending => return ending.unwrap_or(Ending::Lost),
                default(due.saturating_duration_since(Instant::now())) => (Frame::Ping, None),
            };
            match self.send(&frame) {
                Ok(()) => {}
                Err(LinkError::Stream(why)) if is_wait(&why) => return Ending::Lost,
                Err(_) => return outlast(said, over).unwrap_or(control.reason().unwrap_or(Ending::Left)),
            }
            due = Instant::now() + PING;
            if let Frame::Text { text } = frame {
                let told = What::DirectTalk { with: teller.with(), own: true, text: text.into() };
                teller.answer(told, label.as_deref());
            }
        }
    }

    /// Says goodbye.
    fn part(&mut self, ending: Ending) -> Ending {
        let reason = match ending {
            Ending::Left => Farewell::Left,
            Ending::Replaced => Farewell::Other,
            _ => Farewell::Stopped,
        };
        // If that does not arrive, the end of the stream does.
        let _ = self.send(&Frame::Bye { reason });
        ending
    }

    fn send(&mut self, frame: &Frame) -> Result<(), LinkError> {
        self.sealer.send(&mut &self.stream, &frame.bytes())
    }
}

/// The stream is gone; what came before is still read, until the other half has ended or nothing more is to be said.
fn outlast(said: &Receiver<Line>, over: &Receiver<Ending>) -> Option<Ending> {
    loop {
        select! {
            recv(over) -> ending => return Some(ending.unwrap_or(Ending::Lost)),
            recv(said) -> text => {
                text.ok()?;
            }
        }
    }
}

/// Whether that was no end, but took too long.
fn is_wait(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The half that reads, and watches over time.
struct Watched {
    stream: TcpStream,
    /// When the last whole message came.
    heard: Instant,
    /// When the chat began.
    begun: Instant,
    /// How much came lately.
    lines: Window,
    control: Arc<Control>,
}

impl Watched {
    /// Tells what the other side says, until it is over.
    fn read_all(&mut self, mut opener: Opener, teller: &Teller) -> Ending {
        loop {
            let message = match opener.receive(self) {
                Ok(Some(message)) => message,
                Ok(None) => return Ending::Lost,
                Err(LinkError::Stream(why)) if why.kind() == ErrorKind::TimedOut => return Ending::Silent,
                Err(LinkError::Stream(_)) => return Ending::Lost,
                Err(_) => return Ending::Damaged,
            };
            let has_room = self.wait_for_room();
            match Frame::read(&message) {
                Frame::Text { text } if has_room && !text.is_empty() => {
                    teller.tell(What::DirectTalk { with: teller.with(), own: false, text: text.into() });
                }
                Frame::Bye { reason } => return Ending::Theirs(reason),
                _ => {}
            }
            self.heard = Instant::now();
        }
    }

    /// Reads on only when there is room for one more: meanwhile it is the other side that waits. `false` if that is too
    /// late, since the chat ends here.
    fn wait_for_room(&mut self) -> bool {
        loop {
            let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            if self.lines.counted(now) < LINES {
                self.lines.count(now);
                return true;
            }
            if self.control.reason().is_some() {
                return false;
            }
            std::thread::sleep(PAUSE.min(Duration::from_millis(self.lines.left(now))));
        }
    }
}

impl Read for Watched {
    /// Waits for bytes as long as there is reason to.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.heard.elapsed() >= SILENCE {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.stream.read(buffer) {
                Err(why) if is_wait(&why) => {
                    self.control.cut_if_late();
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}
