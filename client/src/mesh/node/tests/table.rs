//! A single node, and hand-written frames of other members.

use super::world::{World, address, id, key};
use crate::engine::typed::object;
use crate::mesh::id::NodeId;
use crate::mesh::node::ROOM;
use crate::mesh::node::{LocalIdentity, Node, NodeEffect, NodeInput, Pinned};
use crate::mesh::wire::Frame;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName, text};
use std::collections::BTreeMap;

/// A node under test.
pub struct Table {
    pub world: World,
    pub node: Node,
    /// Number of links so far.
    pub links: u64,
    /// Wall clock of the other members, in Unix milliseconds.
    pub wall: i64,
    /// The UI accepts no private messages.
    pub full: bool,
}

pub fn me() -> NodeId {
    id(5 << 36, 0)
}

pub fn eve() -> NodeId {
    id(9 << 36, 1)
}

pub fn pinned(pins: &[(&str, PublicKey)]) -> Table {
    let world = World::new(0, 0);
    let pin = |(name, key): &(&str, PublicKey)| (NameKey::of(name), Pinned { name: (*name).into(), key: *key });
    let pins: BTreeMap<NameKey, Pinned> = pins.iter().map(pin).collect();
    let name = UserName::parse("alice").unwrap();
    let me = LocalIdentity {
        id: me(),
        name,
        key: key(0),
        pins,
        pins_file: "known_peers.toml".into(),
        wait_for_members_ms: 0,
    };
    let node = Node::new(me, 1, world.clock());
    Table { wall: world.clock().wall.unix_ms, world, node, links: 0, full: false }
}

impl Table {
    pub fn new() -> Table {
        pinned(&[])
    }

    pub fn step(&mut self, input: NodeInput) -> Vec<NodeEffect> {
        let mut effects = self.node.step(input, self.world.clock());
        let shown = |effect: &NodeEffect| match effect {
            NodeEffect::EmitPrivate(private, _) => Some(NodeInput::PrivateDisplayed(*private)),
            _ => None,
        };
        if self.full {
            effects.retain(|effect| shown(effect).is_none());
        }
        let inputs: Vec<NodeInput> = effects.iter().filter_map(shown).collect();
        for input in inputs {
            effects.extend(self.node.step(input, self.world.clock()));
        }
        effects
    }

    /// Opens a link and sends a hello over it. Returns the link and the effects.
    pub fn join(&mut self, id: NodeId, name: &str, host: usize) -> (u64, Vec<NodeEffect>) {
        self.links += 1;
        self.step(NodeInput::LinkOpened(self.links, key(host), address(host, 1), None));
        let hello = Frame::Hello { id, name: name.into(), clock: 0, dial: self.links, top: 0, at: self.wall };
        (self.links, self.step(NodeInput::FrameReceived(self.links, hello)))
    }

    pub fn receive(&mut self, link: u64, frame: Frame) -> Vec<NodeEffect> {
        self.step(NodeInput::FrameReceived(link, frame))
    }

    pub fn receive_say(&mut self, link: u64, seq: u64, lamport: u64) -> Vec<String> {
        displayed(&self.receive(link, Frame::Say { seq, lamport, at: 1, text: format!("number {seq}") }))
    }

    pub fn history(&mut self) -> Vec<String> {
        displayed(&self.step(NodeInput::LineTyped(object("/history", ROOM))))
    }
}

pub fn displayed(effects: &[NodeEffect]) -> Vec<String> {
    let event = |effect: &NodeEffect| match effect {
        NodeEffect::Emit(event) | NodeEffect::EmitPrivate(_, event) => Some(text::plain(event)),
        _ => None,
    };
    effects.iter().filter_map(event).collect()
}

pub fn is_closed(effects: &[NodeEffect], link: u64) -> bool {
    effects.contains(&NodeEffect::Close(link))
}
