//! The encrypted TCP links of a member. Each link has a thread that dials or accepts, runs the handshake and then
//! reads, and a thread that writes from a bounded queue.
//!
//! Results arrive as [`Input`]s of the node, identified by the number of the link. A member that does not read fast
//! enough loses its link: the queue must not grow, and catching up brings what was dropped.

use super::admission::HandshakeLimiter;
use super::limits::{HANDSHAKE_MS, LINKS, QUEUE, QUEUE_BYTES};
use super::node::{Dial, NodeInput};
use super::wire::Frame;
use crate::deadline_stream::DeadlineStream;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::link::{EncryptedLink, ExpectedPeer, Keys, LinkError, LinkSender, Side, open};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Purpose that both sides put into the handshake. A link for a direct chat fails here.
const PURPOSE: &str = "mesh";
/// Time limit for dialing and handshake together.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(HANDSHAKE_MS);
/// Pause after a failed accept, which usually means that the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Parameters of all links.
#[derive(Debug)]
pub struct Terms {
    /// Keys of this member.
    pub keys: Keys,
    /// The secret that all members share, derived from the passphrase; `None` in an open mesh.
    pub secret: Option<[u8; 32]>,
    /// The only local address to dial from, if the user has chosen one.
    pub only: Option<Ipv4Addr>,
}

/// All links. Clones share them.
#[derive(Clone, Debug)]
pub struct Links(Arc<LinksState>);

#[derive(Debug)]
struct LinksState {
    terms: Terms,
    inputs: Sender<NodeInput>,
    open: Mutex<OpenLinks>,
}

#[derive(Debug, Default)]
struct OpenLinks {
    last_number: u64,
    writers: BTreeMap<u64, Writer>,
}

/// The sending half of a link.
#[derive(Debug)]
struct Writer {
    stream: TcpStream,
    queue: Sender<Vec<u8>>,
    /// Bytes in the queue and in the frame being written.
    queued_bytes: Arc<AtomicUsize>,
    /// Disconnected when all frames are written.
    written: Receiver<()>,
}

impl Links {
    /// Starts without links. Events of links are sent to `inputs`.
    #[must_use]
    pub fn new(terms: Terms, inputs: Sender<NodeInput>) -> Links {
        Links(Arc::new(LinksState { terms, inputs, open: Mutex::default() }))
    }

    fn open_links(&self) -> MutexGuard<'_, OpenLinks> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts links without end. Connections above the limits are closed at once.
    pub fn answer(&self, listener: &TcpListener) {
        let limiter = HandshakeLimiter::default();
        loop {
            let Ok((stream, from)) = listener.accept() else {
                std::thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            let has_capacity = self.open_links().writers.len() < LINKS;
            let Some(permit) = limiter.admit(from.ip()).filter(|_| has_capacity) else { continue };
            let links = self.clone();
            let run = move || {
                let end = Instant::now() + HANDSHAKE_TIMEOUT;
                let opened = links.shake_hands(&stream, Side::Answered, end);
                drop(permit);
                if let Ok(opened) = opened {
                    links.serve(stream, opened, from, None);
                }
            };
            // If no thread can be started, the connection closes and the other member dials again.
            let _ = Builder::new().name("answered".into()).spawn(run);
        }
    }

    /// Dials on a thread of its own. The result arrives as an input.
    ///
    /// # Errors
    /// No thread can be started; then no input arrives. This method must not send one itself: its caller is the thread
    /// that drains the inputs, and a full channel would deadlock.
    pub fn dial(&self, dial: Dial, address: SocketAddr) -> io::Result<()> {
        let links = self.clone();
        let run = move || {
            let end = Instant::now() + HANDSHAKE_TIMEOUT;
            let opened = links.connect(address).map_err(LinkError::from).and_then(|stream| {
                let opened = links.shake_hands(&stream, Side::Dialled, end)?;
                Ok((stream, opened))
            });
            match opened {
                Ok((stream, opened)) => links.serve(stream, opened, address, Some(dial)),
                Err(why) => links.tell(NodeInput::Failed(dial.id, matches!(why, LinkError::Unauthenticated))),
            }
        };
        Builder::new().name("dialled".into()).spawn(run)?;
        Ok(())
    }

    fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(only) = self.0.terms.only {
            socket.bind(&SocketAddr::from((only, 0)).into())?;
        }
        socket.connect_timeout(&address.into(), HANDSHAKE_TIMEOUT)?;
        Ok(socket.into())
    }

    fn shake_hands(&self, stream: &TcpStream, side: Side, end: Instant) -> Result<EncryptedLink, LinkError> {
        let _ = stream.set_nodelay(true);
        let Terms { keys, secret, .. } = &self.0.terms;
        let opened =
            open(&mut DeadlineStream::until(stream, end), (side, PURPOSE), keys, ExpectedPeer::Any(secret.as_ref()))?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        Ok(opened)
    }

    /// Registers an open link, and reads its frames until it ends.
    fn serve(&self, stream: TcpStream, opened: EncryptedLink, address: SocketAddr, dial: Option<Dial>) {
        let EncryptedLink { peer, sealer, mut opener } = opened;
        let Ok(number) = self.register(&stream, sealer) else {
            if let Some(dial) = dial {
                self.tell(NodeInput::Failed(dial.id, false));
            }
            return;
        };
        self.tell(NodeInput::Opened(number, peer, address, dial));
        let mut input = BufReader::new(&stream);
        while let Ok(Some(message)) = opener.receive(&mut input) {
            match Frame::parse(&message) {
                Some(frame) => self.tell(NodeInput::Frame(number, frame)),
                None => break,
            }
        }
        self.close(number);
        self.tell(NodeInput::Lost(number));
    }

    /// Starts the writing thread of a link, and returns the link's number.
    fn register(&self, stream: &TcpStream, sealer: LinkSender) -> io::Result<u64> {
        let (queue, frames) = bounded(QUEUE);
        let (done, written) = bounded(0);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let stream_there = stream.try_clone()?;
        let queued_there = queued_bytes.clone();
        let run = move || {
            write_all(&stream_there, sealer, &frames, &queued_there);
            drop(done);
        };
        Builder::new().name("writer".into()).spawn(run)?;
        let mut open = self.open_links();
        open.last_number += 1;
        let number = open.last_number;
        open.writers.insert(number, Writer { stream: stream.try_clone()?, queue, queued_bytes, written });
        Ok(number)
    }

    /// Queues a frame. If the queue is full, in frames or bytes, closes the link.
    pub fn send(&self, number: u64, frame: &Frame) {
        let is_queued = self.open_links().writers.get(&number).is_none_or(|writer| {
            let bytes = frame.to_bytes();
            let queued = writer.queued_bytes.fetch_add(bytes.len(), Relaxed) + bytes.len();
            queued <= QUEUE_BYTES && writer.queue.try_send(bytes).is_ok()
        });
        if !is_queued {
            self.close(number);
        }
    }

    /// Closes a link at once. Queued frames are lost.
    pub fn close(&self, number: u64) {
        if let Some(writer) = self.open_links().writers.remove(&number) {
            let _ = writer.stream.shutdown(Shutdown::Both);
        }
    }

    /// Closes all links after their queued frames, or after `timeout`.
    pub fn finish(&self, timeout: Duration) {
        let writers = std::mem::take(&mut self.open_links().writers);
        let end = Instant::now() + timeout;
        let mut written = Vec::new();
        for (_, writer) in writers {
            drop(writer.queue);
            written.push((writer.written, writer.stream));
        }
        for (written, stream) in written {
            let _ = written.recv_deadline(end);
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn tell(&self, input: NodeInput) {
        // The receiver is gone when the program ends.
        let _ = self.0.inputs.send(input);
    }
}

/// Writes frames until the queue is disconnected or a write fails.
fn write_all(mut stream: &TcpStream, mut sealer: LinkSender, frames: &Receiver<Vec<u8>>, queued_bytes: &AtomicUsize) {
    for frame in frames {
        if sealer.send(&mut stream, &frame).is_err() {
            // End the reader, too, which reports the loss.
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        queued_bytes.fetch_sub(frame.len(), Relaxed);
    }
}
