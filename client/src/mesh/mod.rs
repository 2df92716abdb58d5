//! The mesh: talk among people on one network, without a server. `node` decides everything and touches nothing; the
//! rest of this folder is what it acts through.

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
use links::{Links, Terms};
use node::{LocalIdentity, Node, NodeInput};
use pins::Pins;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

/// News that the screen may leave where they are.
const NEWS: usize = 1_024;
/// So long is waited for good-byes.
const LEAVING: Duration = Duration::from_secs(1);

/// Who enters, and how.
#[derive(Debug)]
pub struct MeshOptions {
    /// The name.
    pub name: UserName,
    /// The only address to be at.
    pub host: Option<Ipv4Addr>,
    /// The UDP port for hellos.
    pub port: u16,
    /// The secret that members share.
    pub secret: Option<[u8; 32]>,
    /// Nobody sits at the keyboard: it says what it has to say, and leaves.
    pub is_script: bool,
}

/// Enters the mesh.
///
/// # Errors
/// The key is damaged, or the ports cannot be had.
pub fn enter(wish: &MeshOptions) -> anyhow::Result<SignedIn> {
    let (keys, note) = identity::keys(paths::mesh_key_file().as_deref())?;
    let pins = Pins::new(paths::known_peers_file());
    let known = pins.load()?;
    let host = wish.host.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let listener = TcpListener::bind((host, 0)).with_context(|| {
        format!("nobody could reach you at {host}; HOST is an address of this machine, and may be left out")
    })?;
    let port = listener.local_addr().context("listening")?.port();
    let me = LocalIdentity {
        id: new_id(&keys.public())?,
        name: wish.name.clone(),
        key: keys.public(),
        pins: known,
        pins_file: pins.place(),
        patience_ms: if wish.is_script { limits::COMPANY_MS } else { 0 },
    };
    let hello = Hello { id: me.id, name: me.name.clone(), port };
    let broadcast = Broadcast::open(wish.port, wish.host, &hello).with_context(|| {
        format!("UDP port {} cannot be had; --port names another, the same for everybody", wish.port)
    })?;
    let alone = broadcast.is_alone().then(|| "there is no network to find others on; waiting for one".to_owned());
    let broadcast = Arc::new(broadcast);

    let (inputs, taken) = bounded(limits::INPUTS);
    let (news_out, news) = bounded(NEWS);
    let links = Links::new(Terms { keys, secret: wish.secret, only: wish.host }, inputs.clone());
    let start = Instant::now();
    let node = Node::new(me, RandomState::new().hash_one(port), now(start));
    let (waiting, answering, hearing) = (VecDeque::new(), links.clone(), broadcast.clone());
    let engine = Engine { start, node, links, broadcast, pins, news: news_out, waiting, left_out: 0 };
    let heard = inputs.clone();
    let (over_in, over) = bounded::<()>(0);
    spawn("answer", move || answering.answer(&listener))?;
    // Before the first hello goes out, so that no answer is missed.
    spawn("hellos", move || hearing.hear(|hello, from| heard.send(NodeInput::Heard(hello, from)).is_ok()))?;
    spawn("mesh", move || {
        engine.run(&taken);
        drop(over_in);
    })?;
    let mut mesh = Mesh { inputs, news, over };
    mesh.connect(SignIn::without_server()).context("entering")?;
    note.into_iter().chain(alone).for_each(|note| _ = mesh.inputs.send(NodeInput::Note(note)));
    let (_, first) = mesh.news.recv().context("entering")?;
    let first = SignInConfirmation::of(first).map_err(|refusal| anyhow::anyhow!("entering: {}", refusal.why))?;
    let room = landline_common::RoomName::parse(ROOM)?;
    let (rooms, password, server_password) = (Vec::new(), None, None);
    let who = Identity { name: wish.name.clone(), room, rooms, password, register: false, server_password };
    let engine = Session::new(who, RandomState::new().hash_one(port));
    Ok(SignedIn { connection: Box::new(mesh), engine, first })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    Builder::new().name(name.into()).spawn(run).context("starting a thread")?;
    Ok(())
}

/// This start's id for that key. What is random in it is a part of a key that is thrown away.
fn new_id(key: &PublicKey) -> anyhow::Result<NodeId> {
    let drawn = Keys::generate()?.public();
    let random = drawn.as_bytes().first_chunk().context("a key is longer")?;
    Ok(NodeId::new(*random, key))
}

/// The mesh, as screens see it.
#[derive(Debug)]
struct Mesh {
    inputs: Sender<NodeInput>,
    news: Receiver<(u64, ConnectionEvent)>,
    /// Closed when all is said.
    over: Receiver<()>,
}

impl Connection for Mesh {
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)> {
        &self.news
    }

    fn process(&mut self, (_, news): (u64, ConnectionEvent)) -> Option<ConnectionEvent> {
        Some(news)
    }

    /// One is always in; the screen is told so.
    fn connect(&mut self, _: SignIn) -> std::io::Result<()> {
        self.inputs.send(NodeInput::Enter).map_err(std::io::Error::other)
    }

    fn send(&mut self, line: &str) {
        let line = line.replace(['\n', '\r'], " ");
        // Nobody takes it when one has left.
        let _ = self.inputs.send(NodeInput::Line(line));
    }

    /// There is nothing to be given up: the mesh goes on as long as the program.
    fn disconnect(&mut self) {}

    fn is_local(&self) -> bool {
        false
    }

    fn close(mut self: Box<Self>) {
        self.send(&Session::quit_line());
        let _ = self.over.recv_timeout(LEAVING);
    }
}
