//! One member, to whom others do what they like.

use super::world::{World, address, id, key};
use crate::engine::typed::object;
use crate::mesh::id::NodeId;
use crate::mesh::node::ROOM;
use crate::mesh::node::{LocalIdentity, Node, NodeEffect, NodeInput, Pinned};
use crate::mesh::wire::Frame;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName, text};
use std::collections::BTreeMap;

/// A member, and somebody else of whom each frame is written by hand.
pub struct Table {
    pub world: World,
    pub node: Node,
    pub links: u64,
    /// What the other's clock shows.
    pub wall: i64,
    /// The screen takes nothing.
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
    let me = LocalIdentity { id: me(), name, key: key(0), pins, pins_file: "known_peers.toml".into(), patience_ms: 0 };
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
            NodeEffect::Show(private, _) => Some(NodeInput::Shown(*private)),
            _ => None,
        };
        if self.full {
            effects.retain(|effect| shown(effect).is_none());
        }
        let inputs: Vec<NodeInput> = effects.iter().filter_map(shown).collect();
        inputs.into_iter().for_each(|input| effects.extend(self.node.step(input, self.world.clock())));
        effects
    }

    /// Somebody links, and says who they are.
    pub fn enters(&mut self, id: NodeId, name: &str, seat: usize) -> (u64, Vec<NodeEffect>) {
        self.links += 1;
        self.step(NodeInput::Opened(self.links, key(seat), address(seat, 1), None));
        let hello = Frame::Hello { id, name: name.into(), clock: 0, dial: self.links, top: 0, at: self.wall };
        (self.links, self.step(NodeInput::Frame(self.links, hello)))
    }

    pub fn frame(&mut self, link: u64, frame: Frame) -> Vec<NodeEffect> {
        self.step(NodeInput::Frame(link, frame))
    }

    pub fn says(&mut self, link: u64, seq: u64, lamport: u64) -> Vec<String> {
        told(&self.frame(link, Frame::Say { seq, lamport, at: 1, text: format!("number {seq}") }))
    }

    pub fn history(&mut self) -> Vec<String> {
        told(&self.step(NodeInput::Line(object("/history", ROOM))))
    }
}

pub fn told(effects: &[NodeEffect]) -> Vec<String> {
    let event = |effect: &NodeEffect| match effect {
        NodeEffect::Tell(event) | NodeEffect::Show(_, event) => Some(text::plain(event)),
        _ => None,
    };
    effects.iter().filter_map(event).collect()
}

pub fn closes(effects: &[NodeEffect], link: u64) -> bool {
    effects.contains(&NodeEffect::Close(link))
}
