//! Display names, and the keys that belong to names.
//!
//! Members choose their names, so several may have the same one. Display names are unique: the second member with a name
//! gets digits of its id, as in `bob#3f2a`.
//!
//! The key of a member is saved (pinned) at the first meeting. A later member with that name and another key gets digits
//! and a warning, since it may be an impostor. `/trust` accepts its key.

use super::NodeEffect;
use super::member::Member;
use super::{Node, Pinned, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::PINS;
use landline_common::link::PublicKey;
use landline_common::{Cause, EventKind, NameKey, UserName};
use std::net::SocketAddr;

/// Minimum number of digits behind a name.
const TAG: usize = 4;

impl Node {
    /// Returns the display name for a member. It is the bare name, unless another member or the local user has that name,
    /// or the name is pinned with another key.
    pub(super) fn display_name_for(&self, id: NodeId, name: &UserName, key: PublicKey) -> Box<str> {
        let is_pinned_key = self.me.pins.get(name.key()).is_none_or(|pinned| pinned.key == key);
        let is_unique = self.members.iter().all(|(other, member)| *other == id || member.name.key() != name.key());
        if is_pinned_key && is_unique && name.key() != self.me.name.key() {
            return name.as_str().into();
        }
        self.tagged_name(id, name.as_str()).into()
    }

    /// Returns a name with as many digits of the id as tell the member from all others with that name.
    fn tagged_name(&self, id: NodeId, name: &str) -> String {
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
    /// An earlier start of a present user has the same key, so it gets the same name. The key is public: every member can
    /// draw another id for it and send messages under that id. So only messages received over the author's own link get
    /// the bare name; those received from other members are marked.
    pub(super) fn author_name(&self, origin: NodeId, seq: u64) -> String {
        if origin == self.me.id {
            return self.me.name.to_string();
        }
        if let Some(member) = self.members.get(&origin) {
            return member.display_name.to_string();
        }
        let Some(author) = self.store.author(origin) else { return origin.tag(8) };
        let name = NameKey::of(&author.name);
        if let Some(shown) = self.display_name_by_key(&name, author.key) {
            let is_proven = self.store.is_from_author(origin, seq);
            return if is_proven { shown.to_owned() } else { format!("{shown} (earlier)") };
        }
        let is_taken = name == *self.me.name.key() || self.members.values().any(|member| *member.name.key() == name);
        let has_other_key = self.me.pins.get(&name).is_some_and(|pinned| pinned.key != author.key);
        if is_taken || has_other_key { self.tagged_name(origin, &author.name) } else { author.name.to_string() }
    }

    /// Returns the display name of the present member, or the local user, with that name and key.
    fn display_name_by_key(&self, name: &NameKey, key: PublicKey) -> Option<&str> {
        if key == self.me.key && name == self.me.name.key() {
            return Some(self.me.name.as_str());
        }
        let same = self.members.values().filter(|member| member.key == key && member.name.key() == name);
        // A user may run two programs with one key.
        same.map(|member| &*member.display_name).min_by_key(|shown| shown.len())
    }

    /// Pins the key of a name that has none. Warns the user if the name is pinned with another key, or is the user's own.
    pub(super) fn check_pin(&mut self, name: &UserName, key: PublicKey, address: SocketAddr, display_name: &str) {
        match self.me.pins.get(name.key()) {
            _ if name.key() == self.me.name.key() => self.warn_of_own_name(key, address, display_name),
            Some(pinned) if pinned.key == key => {}
            Some(pinned) => {
                let pinned_key = pinned.key.fingerprint();
                let new_key = key.fingerprint();
                let at = address.ip();
                let owner = self.describe_owner_of(&key);
                let text = format!(
                    "WARNING: {name} at {at} has another key than the {name} whom you met before, and is shown as \
                     {display_name}. {owner}The key was {pinned_key}, and is {new_key} now. If {name} confirms the new \
                     key (/members shows it to them), /trust {display_name} accepts it."
                );
                self.emit(EventKind::info(text));
            }
            None if self.me.pins.len() < PINS => {
                self.pin(name, key);
                self.effects.push(NodeEffect::Pin(name.clone(), key));
            }
            None => self.report_pins_full(),
        }
    }

    /// Tells the user that a member has the user's own name. `/trust` is of no use then: the name has the user's key.
    fn warn_of_own_name(&mut self, key: PublicKey, address: SocketAddr, display_name: &str) {
        let at = address.ip();
        let text = if key == self.me.key {
            format!("{display_name} at {at} has your name and your key: it is another landline of yours.")
        } else {
            format!(
                "WARNING: {display_name} at {at} has your name with another key: you on another computer, another user of \
                 this name, or an impostor. That key is {}, and yours is {} (/members shows both). To be told apart, one \
                 of you can take another name.",
                key.fingerprint(),
                self.me.key.fingerprint()
            )
        };
        self.emit(EventKind::info(text));
    }

    /// Returns a sentence with the names for which a key is pinned; without any, a warning of impostors.
    fn describe_owner_of(&self, key: &PublicKey) -> String {
        let names: Vec<&str> = self.me.pins.values().filter(|pinned| pinned.key == *key).map(|p| &*p.name).collect();
        match &names[..] {
            [] => "Another user may be using this name. ".into(),
            names => format!("This is the key of {}, whom you met before. ", names.join(" and of ")),
        }
    }

    fn pin(&mut self, name: &UserName, key: PublicKey) {
        self.me.pins.insert(name.key().clone(), Pinned { name: name.as_str().into(), key });
    }

    /// Carries out `/trust`: pins the key of a present member for its name.
    pub(super) fn trust(&mut self, name: &str) {
        let id = match self.find_member(name) {
            Ok(id) => id,
            Err(why) => return self.emit(why),
        };
        let Some(member) = self.members.get(&id) else { return };
        let (name, key, before) = (member.name.clone(), member.key, member.display_name.clone());
        let known = self.me.pins.get(name.key()).map(|pinned| pinned.key);
        let has_known = |(other, member): (&NodeId, &Member)| {
            *other != id && member.name.key() == name.key() && Some(member.key) == known
        };
        let refusal = match known {
            _ if name.key() == self.me.name.key() => Some(format!("{name} is your own name, which has your key")),
            Some(known) if known == key => {
                return self.emit(EventKind::info(format!("the key of {before} is trusted already")));
            }
            Some(_) if self.members.iter().any(has_known) => {
                Some(format!("a member with the trusted key of {name} is here; a name has only one trusted key"))
            }
            None if self.me.pins.len() >= PINS => return self.report_pins_full(),
            _ => None,
        };
        if let Some(why) = refusal {
            return self.emit(EventKind::error(400, why));
        }
        self.pin(&name, key);
        let shown = self.display_name_for(id, &name, key);
        if let Some(member) = self.members.get_mut(&id) {
            member.display_name = shown.clone();
        }
        if shown != before {
            self.emit(EventKind::Disconnected { user: String::from(before).into() });
            self.emit(EventKind::Joined { user: String::from(shown).into(), room: ROOM.into() });
        }
        let file = &self.me.pins_file;
        let text = format!("the trusted key of {name} is {} now, saved in {file}", key.fingerprint());
        self.emit(EventKind::info(text));
        self.effects.push(NodeEffect::Repin(name, key));
    }

    /// Tells the user, once, that no more keys can be saved.
    pub(super) fn report_pins_full(&mut self) {
        if !std::mem::replace(&mut self.pins_full_reported, true) {
            let file = &self.me.pins_file;
            let text = format!(
                "{file} has the keys of {PINS} names, the maximum: new keys are not saved, so you will not be warned of \
                 impostors of users whom you meet from now on. Delete lines of users whom you no longer meet, and \
                 start landline again."
            );
            self.emit(EventKind::info(text));
        }
    }

    /// Returns the member whose display name is `name`. A bare name never means a member that is shown with digits, so that
    /// a message to a user who has left does not reach another one with that name.
    ///
    /// # Errors
    /// No member has that display name, or several have the name; the event lists the display names to choose from.
    pub(super) fn find_member(&self, name: &str) -> Result<NodeId, EventKind<'static>> {
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
        let exact = same.iter().find(|(_, member)| !tag.is_empty() && member.tag() == tag);
        match (exact, &same[..]) {
            (Some((id, _)), _) => Ok(**id),
            (_, [(id, member)]) if member.tag().len() <= tag.len() => Ok(**id),
            (_, []) => Err(Cause::NoSuchUser.with_user(name.to_owned()).into()),
            (_, [(id, member)]) => {
                let candidate = self.tagged_with_address(**id, member);
                Err(EventKind::error(400, format!("no member is shown as {name}; did you mean {candidate}?")))
            }
            (_, several) => {
                let candidates: Vec<String> =
                    several.iter().map(|(id, member)| self.tagged_with_address(**id, member)).collect();
                let count = several.len();
                let candidates = candidates.join(", ");
                Err(EventKind::error(400, format!("{count} members are called {name}; name one of them: {candidates}")))
            }
        }
    }

    /// Returns a member's name with digits, and its address.
    fn tagged_with_address(&self, id: NodeId, member: &Member) -> String {
        let tagged_name = if member.tag().is_empty() {
            self.tagged_name(id, member.name.as_str())
        } else {
            member.display_name.to_string()
        };
        format!("{tagged_name} ({})", member.address.ip())
    }
}
