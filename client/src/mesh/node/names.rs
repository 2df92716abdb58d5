//! What people are called here. Names need not be unique, but two are never shown the same: the second of a name gets
//! a few digits of the id behind it, as in `bob#3f2a`.

use super::NodeEffect;
use super::member::Member;
use super::{Node, Pinned, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::PINS;
use landline_common::link::PublicKey;
use landline_common::{Cause, EventKind, NameKey, UserName};
use std::net::SocketAddr;

/// Digits behind a name, at least.
const TAG: usize = 4;

impl Node {
    /// What a newcomer is called: by their name alone only if nobody else is, and if theirs is the key that goes with it.
    pub(super) fn name_for(&self, id: NodeId, name: &UserName, key: PublicKey) -> Box<str> {
        let pinned = self.me.pins.get(name.key()).is_none_or(|pinned| pinned.key == key);
        let alone = self.members.iter().all(|(other, member)| *other == id || member.name.key() != name.key());
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
            let has = |(other, member): (&NodeId, &Member)| {
                *other != id && *member.name.key() == key && other.to_string().starts_with(&tag)
            };
            !self.members.iter().any(has)
        };
        let digits = (TAG..32).find(free).unwrap_or(32);
        format!("{name}#{}", id.tag(digits))
    }

    /// Returns the name under which an author's message of that number is shown.
    ///
    /// An earlier start of a user who is here has the same key, so it gets the same name. The key is public: every
    /// member can draw another id for it and tell lines under that id. So only lines that were heard over the author's
    /// own link get the bare name; lines that others told are marked.
    pub(super) fn author_name(&self, origin: NodeId, seq: u64) -> String {
        if origin == self.me.id {
            return self.me.name.to_string();
        }
        if let Some(member) = self.members.get(&origin) {
            return member.shown.to_string();
        }
        let Some(author) = self.store.author(origin) else { return origin.tag(8) };
        let name = NameKey::of(&author.name);
        if let Some(shown) = self.shown_name(&name, author.key) {
            let is_proven = self.store.said(origin, seq);
            return if is_proven { shown.to_owned() } else { format!("{shown} (earlier)") };
        }
        let is_taken = name == *self.me.name.key() || self.members.values().any(|member| *member.name.key() == name);
        let has_other_key = self.me.pins.get(&name).is_some_and(|pinned| pinned.key != author.key);
        if is_taken || has_other_key { self.tagged(origin, &author.name) } else { author.name.to_string() }
    }

    /// Returns the shown name of the member who is here, or of this one, with that name and key.
    fn shown_name(&self, name: &NameKey, key: PublicKey) -> Option<&str> {
        if key == self.me.key && name == self.me.name.key() {
            return Some(self.me.name.as_str());
        }
        let same = self.members.values().filter(|member| member.key == key && member.name.key() == name);
        // Two programs may run with one key.
        same.map(|member| &*member.shown).min_by_key(|shown| shown.len())
    }

    /// Notes the key of somebody met for the first time; says so loudly if a name comes with another key.
    pub(super) fn meet(&mut self, name: &UserName, key: PublicKey, (address, shown): (SocketAddr, &str)) {
        match self.me.pins.get(name.key()) {
            Some(pinned) if pinned.key == key => {}
            Some(pinned) => {
                let (before, now) = (pinned.key.fingerprint(), key.fingerprint());
                let (at, whose) = (address.ip(), self.known_as(&key));
                let text = format!(
                    "WARNING: {name} at {at} has another key than the {name} whom you met before, and is shown as \
                     {shown}. {whose}The key was {before}, and is {now} now. If {name} says that this is right \
                     (/members shows everybody's own), /trust {shown} accepts it."
                );
                self.tell(EventKind::info(text));
            }
            None if name.key() == self.me.name.key() => {}
            None if self.me.pins.len() < PINS => {
                self.pin(name, key);
                self.effects.push(NodeEffect::Pin(name.clone(), key));
            }
            None => self.pins_full(),
        }
    }

    /// The names under which a key is known, in a sentence; without one, what else it may mean.
    fn known_as(&self, key: &PublicKey) -> String {
        let names: Vec<&str> = self.me.pins.values().filter(|pinned| pinned.key == *key).map(|p| &*p.name).collect();
        match &names[..] {
            [] => "Another program may be passing for that one. ".into(),
            names => format!("This is the key of {}, whom you met before. ", names.join(" and of ")),
        }
    }

    fn pin(&mut self, name: &UserName, key: PublicKey) {
        self.me.pins.insert(name.key().clone(), Pinned { name: name.as_str().into(), key });
    }

    /// Takes the key of a member who is here for the right one of that name.
    pub(super) fn trust(&mut self, name: &str) {
        let id = match self.find(name) {
            Ok(id) => id,
            Err(why) => return self.tell(why),
        };
        let Some(member) = self.members.get(&id) else { return };
        let (name, key, before) = (member.name.clone(), member.key, member.shown.clone());
        let known = self.me.pins.get(name.key()).map(|pinned| pinned.key);
        let has_known = |(other, member): (&NodeId, &Member)| {
            *other != id && member.name.key() == name.key() && Some(member.key) == known
        };
        let refusal = match known {
            _ if name.key() == self.me.name.key() => Some(format!("{name} is your own name; its key is yours")),
            Some(known) if known == key => return self.tell(EventKind::info(format!("the key of {before} is known"))),
            Some(_) if self.members.iter().any(has_known) => {
                Some(format!("{name} is here with the key that you know; only one key of a name can be the right one"))
            }
            None if self.me.pins.len() >= PINS => return self.pins_full(),
            _ => None,
        };
        if let Some(why) = refusal {
            return self.tell(EventKind::error(400, why));
        }
        self.pin(&name, key);
        let shown = self.name_for(id, &name, key);
        if let Some(member) = self.members.get_mut(&id) {
            member.shown = shown.clone();
        }
        if shown != before {
            self.tell(EventKind::Disconnected { user: String::from(before).into() });
            self.tell(EventKind::Joined { user: String::from(shown).into(), room: ROOM.into() });
        }
        let file = &self.me.pins_file;
        let text = format!("the key of {name} is {} from now on, and kept in {file}", key.fingerprint());
        self.tell(EventKind::info(text));
        self.effects.push(NodeEffect::Repin(name, key));
    }

    /// Says, once, that nobody new is remembered.
    pub(super) fn pins_full(&mut self) {
        if !std::mem::replace(&mut self.told_full, true) {
            let file = &self.me.pins_file;
            let text = format!(
                "{file} has the keys of {PINS} names, and there is room for no more: if somebody passes for one whom \
                 you meet from now on, you will not be warned. Delete there the lines of those you no longer meet, and \
                 start again."
            );
            self.tell(EventKind::info(text));
        }
    }

    /// Who is meant by a name: the one who is shown by it, and nobody else. After somebody has left, whoever has taken
    /// their name is still not them.
    ///
    /// # Errors
    /// Nobody, or more than one.
    pub(super) fn find(&self, name: &str) -> Result<NodeId, EventKind<'static>> {
        let (bare, tag) = match name.rsplit_once('#') {
            Some((bare, tag)) if tag.len() >= TAG => (bare, tag.to_lowercase()),
            _ => (name, String::new()),
        };
        let key = NameKey::of(bare);
        let same: Vec<_> = self
            .members
            .iter()
            .filter(|(id, member)| *member.name.key() == key && id.to_string().starts_with(&tag))
            .collect();
        let shown = same.iter().find(|(_, member)| !tag.is_empty() && member.tag() == tag);
        match (shown, &same[..]) {
            (Some((id, _)), _) => Ok(**id),
            (_, [(id, member)]) if member.tag().len() <= tag.len() => Ok(**id),
            (_, []) => Err(Cause::NoSuchUser.with_user(name.to_owned()).into()),
            (_, [(id, member)]) => {
                let there = self.written(**id, member);
                Err(EventKind::error(
                    400,
                    format!("nobody here is shown as {name}, but {there} is; write that to reach them"),
                ))
            }
            (_, several) => {
                let ways: Vec<String> = several.iter().map(|(id, member)| self.written(**id, member)).collect();
                let (count, ways) = (several.len(), ways.join(", "));
                Err(EventKind::error(
                    400,
                    format!("{count} people are called {name}; write which one you mean: {ways}"),
                ))
            }
        }
    }

    /// How somebody is written who is to be told from others of their name, and where they are.
    fn written(&self, id: NodeId, member: &Member) -> String {
        let tagged =
            if member.tag().is_empty() { self.tagged(id, member.name.as_str()) } else { member.shown.to_string() };
        format!("{tagged} ({})", member.address.ip())
    }
}
