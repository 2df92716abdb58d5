//! The mesh: talk among users on one network, without a server.
//!
//! `node` is a pure state machine that makes all decisions. The other modules carry them out: `broadcast` sends and
//! receives hellos, `links` has the encrypted TCP links, `engine` is the main loop on one thread. The UI sees a mesh as a
//! [`Connection`] that never breaks.

mod admission;
mod broadcast;
mod engine;
mod hello_limiter;
mod identity;
mod limits;
mod links;
mod node;
pub mod passphrase;
mod pins;

pub use node::ROOM;

use landline_common::mesh::{hello, id, wire};

use crate::clock::now;
use crate::connection::{Connection, ConnectionEvent, Identity, SignIn, SignInConfirmation};
use crate::encryption::Encryption;
use crate::engine::Engine as Session;
use crate::paths;
use crate::signed_in::SignedIn;
use anyhow::Context;
use broadcast::Broadcast;
use crossbeam_channel::{Receiver, Sender, bounded};
use engine::Engine;
use hello::Hello;
use id::NodeId;
use landline_common::UserName;
use landline_common::link::{Keys, PublicKey};
use links::{LinkOptions, Links};
use node::{LocalIdentity, Node, NodeInput};
use pins::Pins;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Events that may wait in the channel to the UI.
const EVENTS: usize = 1_024;
/// Time limit for sending the goodbyes.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Options of a member.
#[derive(Debug)]
pub struct MeshOptions {
    /// The user's name.
    pub name: UserName,
    /// The only local address to use; `None` for all.
    pub host: Option<Ipv4Addr>,
    /// The UDP port for hellos.
    pub port: u16,
    /// The secret that all members share, derived from the passphrase; `None` in an open mesh.
    pub secret: Option<[u8; 32]>,
    /// Input comes from a script, which ends after its last line. Its lines wait for another member.
    pub is_script: bool,
}

/// Starts a member: its threads, and a connection for the UI.
///
/// # Errors
/// The key file or the file of known keys is damaged, or a port cannot be opened.
pub fn connect(options: &MeshOptions) -> anyhow::Result<SignedIn> {
    let (keys, note) = identity::keys(paths::mesh_key_file().as_deref())?;
    let pins = Pins::new(paths::known_peers_file());
    let known = pins.load()?;
    let host = options.host.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let listener = TcpListener::bind((host, 0)).with_context(|| {
        format!("cannot listen at {host}: not an address of this machine; leave HOST out to use all")
    })?;
    let port = listener.local_addr().context("cannot read the port that was opened")?.port();
    let me = LocalIdentity {
        id: new_id(&keys.public())?,
        name: options.name.clone(),
        key: keys.public(),
        pins: known,
        pins_file: pins.path_text(),
        wait_for_members_ms: if options.is_script { limits::WAIT_FOR_MEMBERS_MS } else { 0 },
    };
    let hello = Hello { id: me.id, name: me.name.clone(), port };
    let broadcast = Broadcast::open(options.port, options.host, &hello).with_context(|| {
        format!("cannot open UDP port {}; choose another by --port, the same for all members", options.port)
    })?;
    let no_network = broadcast
        .is_alone()
        .then(|| "this computer is on no network; members are found as soon as there is one".to_owned());
    let broadcast = Arc::new(broadcast);

    let (inputs, node_inputs) = bounded(limits::INPUTS);
    let (events, news) = bounded(EVENTS);
    let links = Links::new(LinkOptions { keys, secret: options.secret, only: options.host }, inputs.clone());
    let start = Instant::now();
    let node = Node::new(me, RandomState::new().hash_one(port), now(start));
    let acceptor = links.clone();
    let receiver = broadcast.clone();
    let engine = Engine { start, node, links, broadcast, pins, news: events, waiting: VecDeque::new(), dropped: 0 };
    let hello_inputs = inputs.clone();
    let (running, ended) = bounded::<()>(0);
    spawn("answer", move || acceptor.accept_all(&listener))?;
    // Listen before the main loop sends the first hello, so that no answer is missed.
    spawn("hellos", move || {
        receiver.receive_hellos(|hello, from| hello_inputs.send(NodeInput::HelloReceived(hello, from)).is_ok())
    })?;
    spawn("mesh", move || {
        engine.run(&node_inputs);
        drop(running);
    })?;
    let mut mesh = Mesh { inputs, news, ended };
    mesh.connect(SignIn::without_server()).context("cannot enter the mesh")?;
    for notice in note.into_iter().chain(no_network) {
        let _ = mesh.inputs.send(NodeInput::Notice(notice));
    }
    let (_, first) = mesh.news.recv().context("cannot enter the mesh")?;
    let first =
        SignInConfirmation::of(first).map_err(|refusal| anyhow::anyhow!("cannot enter the mesh: {}", refusal.why))?;
    let room = landline_common::RoomName::parse(ROOM)?;
    let identity = Identity {
        name: options.name.clone(),
        room,
        rooms: Vec::new(),
        password: None,
        register: false,
        server_password: None,
        name_token: None,
    };
    let engine = Session::new(identity, RandomState::new().hash_one(port));
    Ok(SignedIn { connection: Box::new(mesh), engine, encryption: Encryption::None, first })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    Builder::new().name(name.into()).spawn(run).context("cannot start a thread")?;
    Ok(())
}

/// Draws an id for a key. The random bits are from a key that is not used otherwise.
fn new_id(key: &PublicKey) -> anyhow::Result<NodeId> {
    let drawn = Keys::generate()?.public();
    let random = drawn.as_bytes().first_chunk().context("cannot draw an id: a key has too few bytes")?;
    Ok(NodeId::new(*random, key))
}

/// The mesh as a connection of the UI.
#[derive(Debug)]
struct Mesh {
    inputs: Sender<NodeInput>,
    news: Receiver<(u64, ConnectionEvent)>,
    /// Disconnected when the main loop has ended.
    ended: Receiver<()>,
}

impl Connection for Mesh {
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)> {
        &self.news
    }

    fn process(&mut self, (_, news): (u64, ConnectionEvent)) -> Option<ConnectionEvent> {
        Some(news)
    }

    /// Answers at once with a welcome, since a member is always connected.
    fn connect(&mut self, _: SignIn) -> std::io::Result<()> {
        self.inputs.send(NodeInput::SignIn).map_err(std::io::Error::other)
    }

    fn send(&mut self, line: &str) {
        let line = line.replace(['\n', '\r'], " ");
        // The receiver is gone after `/quit`.
        let _ = self.inputs.send(NodeInput::LineTyped(line));
    }

    /// Does nothing: the mesh lives as long as the program.
    fn disconnect(&mut self) {}

    fn is_local(&self) -> bool {
        false
    }

    fn close(mut self: Box<Self>) {
        self.send(&Session::quit_line());
        let _ = self.ended.recv_timeout(GOODBYE_TIMEOUT);
    }
}
