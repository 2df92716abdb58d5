//! What people are called here. Names need not be unique, but two are never shown the same: the second of a name gets
//! a few digits of the id behind it, as in `bob#3f2a`.

use super::Effect;
use super::Node;
use crate::mesh::id::NodeId;
use crate::mesh::limits::PINS;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName, What};
use std::net::SocketAddr;

impl Node {
    /// What a newcomer is called: by their name alone only if nobody else is, and if theirs is the key that goes with it.
    pub(super) fn name_for(&self, id: NodeId, name: &UserName, key: PublicKey) -> Box<str> {
        let pinned = self.me.pins.get(name.key()).is_none_or(|pinned| *pinned == key);
        let alone = self.members.values().all(|member| member.name.key() != name.key());
        if pinned && alone && name.key() != self.me.name.key() {
            return name.as_str().into();
        }
        self.tagged(id, name.as_str()).into()
    }

    /// A name with as many digits behind it as nobody else of that name has.
    fn tagged(&self, id: NodeId, name: &str) -> String {
        let key = NameKey::of(name);
        let free = |digits: &usize| {
            let tag = id.tag(*digits);
            let has = |(other, member): (&NodeId, &super::Member)| {
                *other != id && *member.name.key() == key && other.to_string().starts_with(&tag)
            };
            !self.members.iter().any(has)
        };
        let digits = (4..32).find(free).unwrap_or(32);
        format!("{name}#{}", id.tag(digits))
    }

    /// What the author of something is called.
    pub(super) fn author_name(&self, origin: NodeId) -> String {
        if origin == self.me.id {
            return self.me.name.to_string();
        }
        if let Some(member) = self.members.get(&origin) {
            return member.shown.to_string();
        }
        let Some(author) = self.store.author(origin) else { return origin.tag(8) };
        // Perhaps only others told that they were here, and anybody's name and key can be told.
        let name = NameKey::of(&author.name);
        let here = |member: &super::Member| *member.name.key() == name;
        let mistaken = name == *self.me.name.key() || self.members.values().any(here);
        if mistaken { self.tagged(origin, &author.name) } else { author.name.to_string() }
    }

    /// Notes the key of somebody met for the first time; says so loudly if a name comes with another key.
    pub(super) fn meet(&mut self, name: &UserName, key: PublicKey, (address, shown): (SocketAddr, &str)) {
        match self.me.pins.get(name.key()) {
            Some(pinned) if *pinned == key => {}
            Some(pinned) => {
                let (before, now, file) = (pinned.fingerprint(), key.fingerprint(), &self.me.pins_file);
                let at = address.ip();
                let text = format!(
                    "WARNING: {name} at {at} has another key than the {name} whom you met before, and is shown as \
                     {shown}. Somebody may be passing for {name}. The key was {before}, and is {now} now. If {name} \
                     says that this is right (/members shows everybody's own), delete the line of {name} in {file} \
                     and start again."
                );
                self.tell(What::info(text));
            }
            None if self.me.pins.len() < PINS && name.key() != self.me.name.key() => {
                self.me.pins.insert(name.key().clone(), key);
                self.effects.push(Effect::Pin(name.clone(), key));
            }
            None => {}
        }
    }

    /// Who is meant by a name.
    ///
    /// # Errors
    /// Nobody, or more than one.
    pub(super) fn find(&self, name: &str) -> Result<NodeId, What<'static>> {
        let typed = NameKey::of(name);
        let same: Vec<_> = self.members.iter().filter(|(_, member)| *member.name.key() == typed).collect();
        if let [(id, _)] = same[..] {
            return Ok(*id);
        }
        if !same.is_empty() {
            let ways: Vec<String> =
                same.iter().map(|(id, member)| format!("{name}#{} ({})", id.tag(4), member.address.ip())).collect();
            let text =
                format!("{} people are called {name}; write which one you mean: {}", same.len(), ways.join(", "));
            return Err(What::error(400, text));
        }
        let tagged = name.rsplit_once('#').filter(|(_, tag)| tag.len() >= 4);
        let is_it = |id: &NodeId, member: &super::Member| {
            tagged.is_some_and(|(bare, tag)| {
                *member.name.key() == NameKey::of(bare) && id.to_string().starts_with(&tag.to_lowercase())
            })
        };
        let found = self.members.iter().find(|(id, member)| is_it(id, member)).map(|(id, _)| *id);
        found.ok_or_else(|| What::NoSuchUser { name: name.to_owned().into() })
    }
}
