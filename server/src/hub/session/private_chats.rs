//! Private chats: both must want them, and they end when somebody leaves.

use super::super::Registry;
use super::super::private::Asked;
use super::{Done, Session, User};
use crate::fanout::ClientId;
use landline_common::command::Command;
use landline_common::event::Text;
use landline_common::{Cause, EventKind, Rendering, Report};
use std::sync::Arc;

/// What the one who stays is told as the reason; Chat77 shows it.
const ENDED: &str = "ended by command";
const DISCONNECTED: &str = "disconnected";

impl Session {
    pub(super) fn ask_private(&mut self, user: &str) -> Done {
        let hub = self.hub.clone();
        let _order = hub.privately.lock();
        let other = self.other(user)?;
        self.may_ask(&other)?;
        let name = &other.name;
        let mut registry = self.hub.registry();
        let asked = registry.privates.ask(self.user.client(), other.client());
        if asked == Asked::Sent
            && let Err(refusal) = self.count_request(&mut registry, &other)
        {
            registry.privates.reject(other.client(), self.user.client());
            return Err(refusal);
        }
        drop(registry);
        match asked {
            Asked::Sent => {
                self.answer(Cause::PrivateAsked.with_user(name.as_str()).into());
                self.tell_to(&other, EventKind::PrivateRequest { from: self.name() });
                // A user who types reads words; the unframed programs compare every message.
                if other.rendering() == Rendering::Text {
                    self.tell_to(&other, Cause::PrivateAsks.with_user(self.name()).into());
                }
                Ok(())
            }
            Asked::Connected => {
                self.connected(&other);
                Ok(())
            }
            Asked::Already => Err(Cause::PrivateAlready.with_user(name.to_string())),
            Asked::Open => Err(Cause::AskedAlready.with_user(name.to_string())),
            Asked::TooMany => Err(Cause::TooManyPrivates.report()),
        }
    }

    /// Whether neither blocks the other.
    pub(super) fn may_ask(&self, other: &User) -> Done {
        let name = &other.name;
        if self.is_blocked_by(other) {
            return Err(Cause::RequestBlocked.with_user(name.to_string()));
        }
        if self.hub.registry().blocks.is_blocked(self.user.client(), name.key()) {
            return Err(Cause::YouBlock.with_user(name.to_string()));
        }
        Ok(())
    }

    /// Counts a request to `other`.
    ///
    /// # Errors
    /// Too many requests came from this address lately.
    pub(super) fn count_request(&self, registry: &mut Registry, other: &User) -> Done {
        let now = self.hub.poller.uptime();
        registry.request_budgets.take(other.client(), &self.user.address, now).map_err(|wait| {
            let mut why = Cause::Throttled.report();
            why.about.retry_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
            why
        })
    }

    pub(super) fn answer_private(&mut self, user: Option<&str>, accept: bool) -> Done {
        let hub = self.hub.clone();
        let _order = hub.privately.lock();
        if !accept && self.reject_direct(user)? {
            return Ok(());
        }
        let other = match user {
            Some(user) => self.other(user)?,
            None => self.only_requester()?,
        };
        let (me, name) = (self.user.client(), &other.name);
        let mut registry = self.hub.registry();
        let asked = if accept {
            registry.privates.accept(me, other.client())
        } else {
            registry.privates.reject(me, other.client())
        };
        drop(registry);
        if !asked {
            return Err(Cause::NotAskedPrivate.with_user(name.to_string()));
        }
        if accept {
            self.connected(&other);
        } else {
            self.answer(Cause::PrivateDeclined.with_user(name.as_str()).into());
            self.tell_to(&other, EventKind::PrivateRejected { by: self.name() });
        }
        Ok(())
    }

    pub(super) fn list_private(&mut self, after: Option<&str>) -> Done {
        let registry = self.hub.registry();
        let partners = registry.privates.partners(self.user.client());
        let users: Vec<_> = partners.filter_map(|client| registry.users.get(&client).cloned()).collect();
        drop(registry);
        let next = |after| Command::Chats { after };
        let chats = |users, part| EventKind::PrivateChats { users, part };
        self.tell_names(users.iter().map(|user| &user.name), after, next, chats);
        Ok(())
    }

    /// Says a text in the private chat with `to`. Of a typed line, `to` is only the first word: if it names no user, it
    /// belongs to the text, which goes to the only partner.
    pub(super) fn say_private(&mut self, to: Option<&str>, text: &str) -> Done {
        let hub = self.hub.clone();
        let is_word = to.is_some_and(|word| self.is_first_word(word));
        let _order = hub.privately.lock();
        let (other, text) = match to {
            Some(word) if is_word => (self.only_partner()?, format!("{word} {text}").into()),
            Some(name) => (self.other(name)?, Text::from(text)),
            None => (self.only_partner()?, Text::from(text)),
        };
        if !self.hub.registry().privates.connected(self.user.client(), other.client()) {
            return Err(Cause::NoPrivateToTalk.with_user(other.name.to_string()));
        }
        let text = self.message(&text)?;
        self.hub.tell_surely(&other, EventKind::Private { from: self.name(), text }.at(self.now));
        Ok(())
    }

    /// True if `word` names no user and so begins a text. The name of a user who has left stays a name for a day: a text
    /// for a former partner must not go to another one. Programs always name the user.
    fn is_first_word(&self, word: &str) -> bool {
        match self.user.rendering() {
            Rendering::Json => false,
            // Chat77's first client never names a user.
            Rendering::Chat77 => self.other(word).is_err(),
            _ => self.known(word).is_err() && self.seen_lately(word).is_none(),
        }
    }

    pub(super) fn end_private(&mut self, user: Option<&str>) -> Done {
        let hub = self.hub.clone();
        let _order = hub.privately.lock();
        let other = match user {
            Some(user) => self.other(user)?,
            None => self.only_partner()?,
        };
        let name = other.name.as_str();
        if !self.hub.registry().privates.end(self.user.client(), other.client()) {
            return Err(Cause::NoPrivateToEnd.with_user(name.to_owned()));
        }
        // Chat77's client forgets the chat at this line, on both sides.
        self.tell(EventKind::PrivateEnded { with: name.into(), reason: ENDED.into() });
        self.answer(Cause::PrivateOver.with_user(name).into());
        self.tell_to(&other, EventKind::PrivateEnded { with: self.name(), reason: ENDED.into() });
        Ok(())
    }

    /// Ends everything between them and somebody whom they now block.
    pub(super) fn break_off(&self, other: &User) {
        let hub = self.hub.clone();
        let _order = hub.privately.lock();
        let (me, them) = (self.user.client(), other.client());
        let mut registry = self.hub.registry();
        let ended = registry.privates.end(me, them);
        let rejected = registry.privates.reject(me, them);
        registry.privates.reject(them, me);
        drop(registry);
        self.break_off_direct(other);
        if ended {
            self.tell(EventKind::PrivateEnded { with: other.name.as_str().into(), reason: ENDED.into() });
            self.tell_to(other, EventKind::PrivateEnded { with: self.name(), reason: ENDED.into() });
        }
        if rejected {
            self.tell_to(other, EventKind::PrivateRejected { by: self.name() });
        }
    }

    /// Leaving ends all that was private. Nobody finds this person any more.
    pub(super) fn end_all_private(&mut self) {
        let hub = self.hub.clone();
        let _order = hub.privately.lock();
        self.end_all_direct();
        let mut registry = self.hub.registry();
        let ended = registry.privates.leave(self.user.client());
        let find = |clients: &[ClientId]| -> Vec<Arc<User>> {
            clients.iter().filter_map(|client| registry.users.get(client).cloned()).collect()
        };
        let partners = find(&ended.partners);
        let requesters = find(&ended.requesters);
        self.partners = partners.iter().map(|partner| partner.identity()).collect();
        // Where both lose their connections at once, the first to get here remembers the chat for both.
        for client in &ended.partners {
            if let Some(partner) = registry.leaving.get_mut(client) {
                partner.partners.push(self.user.identity());
                self.partners.push(partner.user.identity());
            }
        }
        drop(registry);
        for partner in partners {
            self.tell_to(&partner, EventKind::PrivateEnded { with: self.name(), reason: DISCONNECTED.into() });
        }
        for requester in requesters {
            self.tell_to(&requester, Cause::PrivateUnavailable.with_user(self.name()).into());
        }
    }

    fn connected(&mut self, other: &User) {
        self.tell_to(other, EventKind::PrivateConnected { with: self.name() });
        self.answer(EventKind::PrivateConnected { with: other.name.as_str().into() });
    }

    /// The only partner, for commands that name no user.
    fn only_partner(&self) -> Result<Arc<User>, Report<'static>> {
        let registry = self.hub.registry();
        let partners = registry.privates.partners(self.user.client());
        let partners: Vec<_> = partners.filter_map(|client| registry.users.get(&client)).collect();
        match partners[..] {
            [only] => Ok(only.clone()),
            [] => Err(Cause::NoPrivates.report()),
            _ => Err(Cause::SeveralPrivates.with_word(joined(&partners))),
        }
    }

    /// The only user who waits for an answer, for commands that name no user.
    fn only_requester(&self) -> Result<Arc<User>, Report<'static>> {
        let registry = self.hub.registry();
        let requesters = registry.privates.requesters(self.user.client());
        let requesters: Vec<_> = requesters.filter_map(|client| registry.users.get(&client)).collect();
        match requesters[..] {
            [only] => Ok(only.clone()),
            [] => Err(Cause::NoneOpen.with_word("request")),
            _ => Err(Cause::SeveralOpen.with_word(joined(&requesters))),
        }
    }

    pub(super) fn name(&self) -> Text<'_> {
        self.user.name.as_str().into()
    }
}

/// The names, of at most as many users as one may have chats with.
fn joined(users: &[&Arc<User>]) -> String {
    users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ")
}
