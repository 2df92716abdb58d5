//! Links on their way: a thread that dials or answers, shakes hands and then reads, and one that writes.

use super::admission::Admission;
use super::limits::{HANDSHAKE_MS, LINKS, QUEUE, QUEUE_BYTES};
use super::node::{Dial, Input};
use super::wire::Frame;
use crate::timed::DeadlineStream;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::link::{Keys, LinkError, Opened, Sealer, Side, Whom, open};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// What both ends of a link say it is for.
const PURPOSE: &str = "mesh";
/// A handshake, with the dialling before it, takes no longer.
const HANDSHAKE: Duration = Duration::from_millis(HANDSHAKE_MS);
/// So long is waited where the system has no more sockets.
const PAUSE: Duration = Duration::from_millis(200);

/// What is needed to open links.
#[derive(Debug)]
pub struct Terms {
    /// One's own key.
    pub keys: Keys,
    /// The secret that all members share, if they do.
    pub secret: Option<[u8; 32]>,
    /// The only address to dial from.
    pub only: Option<Ipv4Addr>,
}

/// All links. Clones are the same.
#[derive(Clone, Debug)]
pub struct Links(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    terms: Terms,
    inputs: Sender<Input>,
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    last: u64,
    links: BTreeMap<u64, Writing>,
}

/// The end of a link into which frames go.
#[derive(Debug)]
struct Writing {
    stream: TcpStream,
    queue: Sender<Vec<u8>>,
    /// Bytes that wait.
    waiting: Arc<AtomicUsize>,
    /// Closed when everything is written.
    written: Receiver<()>,
}

impl Links {
    /// None yet; what happens goes into `inputs`.
    #[must_use]
    pub fn new(terms: Terms, inputs: Sender<Input>) -> Links {
        Links(Arc::new(Shared { terms, inputs, live: Mutex::default() }))
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whoever dials, for ever.
    pub fn answer(&self, listener: &TcpListener) {
        let admission = Admission::default();
        loop {
            let Ok((stream, from)) = listener.accept() else {
                std::thread::sleep(PAUSE);
                continue;
            };
            let room = self.live().links.len() < LINKS;
            let Some(admitted) = admission.admit(from.ip()).filter(|_| room) else { continue };
            let links = self.clone();
            let run = move || {
                let end = Instant::now() + HANDSHAKE;
                let opened = links.shake_hands(&stream, Side::Answered, end);
                drop(admitted);
                if let Ok(opened) = opened {
                    links.serve(stream, opened, from, None);
                }
            };
            // Without threads nobody is answered; they dial again.
            let _ = Builder::new().name("answered".into()).spawn(run);
        }
    }

    /// Dials; what comes of it is an input.
    ///
    /// # Errors
    /// There is no thread for it, and no input comes. It is not told here: whoever takes the inputs calls this, and
    /// would wait for themselves.
    pub fn dial(&self, dial: Dial, address: SocketAddr) -> io::Result<()> {
        let links = self.clone();
        let run = move || {
            let end = Instant::now() + HANDSHAKE;
            let opened = links.connect(address).map_err(LinkError::from).and_then(|stream| {
                let opened = links.shake_hands(&stream, Side::Dialled, end)?;
                Ok((stream, opened))
            });
            match opened {
                Ok((stream, opened)) => links.serve(stream, opened, address, Some(dial)),
                Err(why) => links.tell(Input::Failed(dial.id, matches!(why, LinkError::Stranger))),
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
        socket.connect_timeout(&address.into(), HANDSHAKE)?;
        Ok(socket.into())
    }

    fn shake_hands(&self, stream: &TcpStream, side: Side, end: Instant) -> Result<Opened, LinkError> {
        let _ = stream.set_nodelay(true);
        let Terms { keys, secret, .. } = &self.0.terms;
        let opened =
            open(&mut DeadlineStream::until(stream, end), (side, PURPOSE), keys, Whom::Anybody(secret.as_ref()))?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        Ok(opened)
    }

    /// Reads what comes over a link until it ends.
    fn serve(&self, stream: TcpStream, opened: Opened, address: SocketAddr, dial: Option<Dial>) {
        let Opened { peer, sealer, mut opener } = opened;
        let Ok(number) = self.enter(&stream, sealer) else {
            return dial.iter().for_each(|dial| self.tell(Input::Failed(dial.id, false)));
        };
        self.tell(Input::Opened(number, peer, address, dial));
        let mut input = BufReader::new(&stream);
        while let Ok(Some(message)) = opener.receive(&mut input) {
            match Frame::parse(&message) {
                Some(frame) => self.tell(Input::Frame(number, frame)),
                None => break,
            }
        }
        self.close(number);
        self.tell(Input::Lost(number));
    }

    /// Takes a link in, and starts what writes to it.
    fn enter(&self, stream: &TcpStream, sealer: Sealer) -> io::Result<u64> {
        let (queue, frames) = bounded(QUEUE);
        let (done, written) = bounded(0);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (writing, counted) = (stream.try_clone()?, waiting.clone());
        let run = move || {
            write_all(&writing, sealer, &frames, &counted);
            drop(done);
        };
        Builder::new().name("writer".into()).spawn(run)?;
        let mut live = self.live();
        live.last += 1;
        let number = live.last;
        live.links.insert(number, Writing { stream: stream.try_clone()?, queue, waiting, written });
        Ok(number)
    }

    /// Sends a frame, when those before it are out. A member who takes none is given up.
    pub fn send(&self, number: u64, frame: &Frame) {
        let taken = self.live().links.get(&number).is_none_or(|writing| {
            let bytes = frame.to_bytes();
            let waiting = writing.waiting.fetch_add(bytes.len(), Relaxed) + bytes.len();
            waiting <= QUEUE_BYTES && writing.queue.try_send(bytes).is_ok()
        });
        if !taken {
            self.close(number);
        }
    }

    /// Ends a link.
    pub fn close(&self, number: u64) {
        if let Some(writing) = self.live().links.remove(&number) {
            let _ = writing.stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until everything is written, and ends all links.
    pub fn finish(&self, most: Duration) {
        let links = std::mem::take(&mut self.live().links);
        let end = Instant::now() + most;
        let mut written = Vec::new();
        for (_, writing) in links {
            drop(writing.queue);
            written.push((writing.written, writing.stream));
        }
        for (written, stream) in written {
            let _ = written.recv_deadline(end);
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn tell(&self, input: Input) {
        // Nobody listens any more when the program ends.
        let _ = self.0.inputs.send(input);
    }
}

fn write_all(mut stream: &TcpStream, mut sealer: Sealer, frames: &Receiver<Vec<u8>>, waiting: &AtomicUsize) {
    for frame in frames {
        if sealer.send(&mut stream, &frame).is_err() {
            // The reader notices, too.
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        waiting.fetch_sub(frame.len(), Relaxed);
    }
}
