//! Private chats through the server. A chat opens by a request and its acceptance, and ends by a command, a block, or
//! when one of the two users leaves.
//!
//! Each function locks the hub's `private_chat_order` until the notices are sent, so that both users get them in the
//! order of the changes.

use super::super::Registry;
use super::super::private::RequestOutcome;
use super::{CommandResult, Session, User};
use crate::fanout::ClientId;
use crate::hub::throttled;
use landline_common::command::Command;
use landline_common::event::Text;
use landline_common::{Cause, EventKind, NameKey, Rendering, Report};
use std::sync::Arc;

/// Reason for the end of a chat, shown by Chat77's client.
pub(super) const ENDED: &str = "ended by command";
/// Reason for the end of a chat whose partner left, shown by Chat77's client.
const DISCONNECTED: &str = "disconnected";

impl Session {
    /// Requests a private chat, or opens it if the other user has requested it.
    pub(super) fn request_private(&mut self, user: &str) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let other = self.other_online_user(user)?;
        self.check_not_blocked(&other)?;
        let name = &other.name;
        let mut registry = self.hub.registry();
        let outcome = registry.private_chats.request(self.user.client(), other.client());
        if outcome == RequestOutcome::Sent
            && let Err(refusal) = self.count_request(&mut registry, &other)
        {
            registry.private_chats.remove_request(other.client(), self.user.client());
            return Err(refusal);
        }
        drop(registry);
        match outcome {
            RequestOutcome::Sent => {
                self.report_away(&other);
                self.answer(Cause::PrivateAsked.with_user(name.as_str()).into());
                self.send_event_to(&other, EventKind::PrivateRequest { from: self.name() });
                // Explain the line to a user at a terminal. Unframed programs compare every message, so they get no
                // more.
                if other.rendering() == Rendering::Text {
                    self.send_event_to(&other, Cause::PrivateAsks.with_user(self.name()).into());
                }
                Ok(())
            }
            RequestOutcome::Connected => {
                self.announce_connected(&other);
                Ok(())
            }
            RequestOutcome::AlreadyConnected => Err(Cause::PrivateAlready.with_user(name.to_string())),
            RequestOutcome::AlreadyRequested => Err(Cause::AskedAlready.with_user(name.to_string())),
            RequestOutcome::TooMany => Err(Cause::TooManyPrivates.report()),
        }
    }

    /// Checks that neither user blocks the other, and that this user may write to the other.
    ///
    /// # Errors
    /// The other user blocks this one, or is blocked by it; or the rules forbid this user to write to the other, see
    /// [`Session::check_whisper`].
    pub(super) fn check_not_blocked(&self, other: &User) -> CommandResult {
        let name = &other.name;
        if self.is_blocked_by(other) {
            return Err(Cause::RequestBlocked.with_user(name.to_string()));
        }
        if self.hub.registry().blocks.is_blocked(self.user.client(), &other.name_keys()) {
            return Err(Cause::YouBlock.with_user(name.to_string()));
        }
        self.check_whisper(other.history_owner(), Some(other.client()))
    }

    /// Counts a request from this address to `other`.
    ///
    /// # Errors
    /// The address has sent too many requests to that user within the last minute.
    pub(super) fn count_request(&self, registry: &mut Registry, other: &User) -> CommandResult {
        let now = self.hub.poller.uptime();
        registry.request_budgets.take(other.client(), &self.user.address, now).map_err(throttled)
    }

    /// Accepts or rejects a request: of the named user, or the only open one. Rejects direct requests too.
    pub(super) fn answer_private(&mut self, user: Option<&str>, accept: bool) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        if !accept && self.reject_direct(user)? {
            return Ok(());
        }
        let other = match user {
            Some(user) => self.other_online_user(user)?,
            None => self.only_requester()?,
        };
        let me = self.user.client();
        let name = &other.name;
        let mut registry = self.hub.registry();
        let was_requested = if accept {
            registry.private_chats.accept(me, other.client())
        } else {
            registry.private_chats.remove_request(me, other.client())
        };
        drop(registry);
        if !was_requested {
            return Err(Cause::NotAskedPrivate.with_user(name.to_string()));
        }
        if accept {
            self.announce_connected(&other);
        } else {
            self.answer(Cause::PrivateDeclined.with_user(name.as_str()).into());
            self.send_event_to(&other, EventKind::PrivateRejected { by: self.name() });
        }
        Ok(())
    }

    /// Lists the partners of the user's private chats.
    pub(super) fn list_private(&mut self, after: Option<&str>) -> CommandResult {
        let registry = self.hub.registry();
        let partners = registry.private_chats.partners(self.user.client());
        let users: Vec<_> = partners.filter_map(|client| registry.users.get(&client).cloned()).collect();
        drop(registry);
        let next = |after| Command::Chats { after };
        let chats = |users, part| EventKind::PrivateChats { users, part };
        self.send_names(users.iter().map(|user| &user.name), after, next, chats);
        Ok(())
    }

    /// Sends a text in the private chat with `to`. In a typed line `to` is only the first word: if it names no user,
    /// the word belongs to the text, which goes to the only partner.
    pub(super) fn say_private(&mut self, to: Option<&str>, text: &str) -> CommandResult {
        let hub = self.hub.clone();
        let is_text = to.is_some_and(|word| self.begins_text(word));
        let _order = hub.private_chat_order.lock();
        let (other, text) = match to {
            Some(word) if is_text => (self.only_partner()?, format!("{word} {text}").into()),
            Some(name) => (self.other_online_user(name)?, Text::from(text)),
            None => (self.only_partner()?, Text::from(text)),
        };
        if !self.hub.registry().private_chats.are_connected(self.user.client(), other.client()) {
            return Err(Cause::NoPrivateToTalk.with_user(other.name.to_string()));
        }
        let text = self.checked_message(&text)?;
        self.check_whisper(other.history_owner(), Some(other.client()))?;
        self.hub.send_reliably(&other, EventKind::Private { from: self.name(), text }.at(self.now));
        Ok(())
    }

    /// True if `word` names no user, so that it is the first word of a text. The name of a user who left or changed it
    /// within the last day still counts as a name: a text for a former partner must not go to another one. Programs always name
    /// the user.
    fn begins_text(&self, word: &str) -> bool {
        match self.user.rendering() {
            rendering if rendering.is_json() => false,
            // Chat77's first client never names a user.
            Rendering::Chat77 => self.other_online_user(word).is_err(),
            _ => {
                self.find_user(word).is_err()
                    && self.hub.registry().users_called(&NameKey::of(word)).is_empty()
                    && self.recently_left(word).is_none()
            }
        }
    }

    /// Ends a private chat: with the named user, or the only one.
    pub(super) fn end_private(&mut self, user: Option<&str>) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let other = match user {
            Some(user) => self.other_online_user(user)?,
            None => self.only_partner()?,
        };
        let name = other.name.as_str();
        if !self.hub.registry().private_chats.end(self.user.client(), other.client()) {
            return Err(Cause::NoPrivateToEnd.with_user(name.to_owned()));
        }
        // Chat77's client drops the chat when it gets this line, so both sides need it.
        self.send_event(EventKind::PrivateEnded { with: name.into(), reason: ENDED.into() });
        self.answer(Cause::PrivateOver.with_user(name).into());
        self.send_event_to(&other, EventKind::PrivateEnded { with: self.name(), reason: ENDED.into() });
        Ok(())
    }

    /// Ends all chats and requests with a user who is blocked from now on.
    pub(super) fn end_contact(&self, other: &User) {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let me = self.user.client();
        let them = other.client();
        let mut registry = self.hub.registry();
        let ended = registry.private_chats.end(me, them);
        let rejected = registry.private_chats.remove_request(me, them);
        registry.private_chats.remove_request(them, me);
        drop(registry);
        self.cancel_direct_requests(other);
        if ended {
            self.send_event(EventKind::PrivateEnded { with: other.name.as_str().into(), reason: ENDED.into() });
            self.send_event_to(other, EventKind::PrivateEnded { with: self.name(), reason: ENDED.into() });
        }
        if rejected {
            self.send_event_to(other, EventKind::PrivateRejected { by: self.name() });
        }
    }

    /// Ends all private and direct chats of a user who leaves. Lookups do not find the user any more.
    pub(super) fn end_all_private(&mut self) {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        self.end_chats(DISCONNECTED);
    }

    /// Ends all private chats, and the requests for private and direct chats, and tells the other users; for `reason`.
    /// Returns the partners. The caller holds `private_chat_order`.
    pub(super) fn end_chats(&self, reason: &str) -> Vec<Arc<User>> {
        self.end_all_direct();
        let mut registry = self.hub.registry();
        let ended = registry.private_chats.remove_client(self.user.client());
        let find = |clients: &[ClientId]| -> Vec<Arc<User>> {
            clients.iter().filter_map(|client| registry.users.get(client).cloned()).collect()
        };
        let partners = find(&ended.partners);
        let requesters = find(&ended.requesters);
        let mut former: Vec<_> = partners.iter().map(|partner| partner.identity()).collect();
        // If both partners leave at the same time, the first one to get here records the chat for both, so that it can
        // be reopened when both resume.
        for client in &ended.partners {
            if let Some(partner) = registry.leaving.get_mut(client) {
                partner.partners.push(self.user.identity());
                former.push(partner.user.identity());
            }
        }
        if let Some(leaving) = registry.leaving.get_mut(&self.user.client()) {
            leaving.partners.append(&mut former);
        }
        drop(registry);
        for partner in &partners {
            self.send_event_to(partner, EventKind::PrivateEnded { with: self.name(), reason: reason.into() });
        }
        for requester in requesters {
            self.send_event_to(&requester, Cause::PrivateUnavailable.with_user(self.name()).into());
        }
        partners
    }

    /// Tells both users that their chat is open.
    fn announce_connected(&mut self, other: &User) {
        self.send_event_to(other, EventKind::PrivateConnected { with: self.name() });
        self.answer(EventKind::PrivateConnected { with: other.name.as_str().into() });
    }

    /// Returns the only partner, for commands that name no user.
    fn only_partner(&self) -> Result<Arc<User>, Report<'static>> {
        let registry = self.hub.registry();
        let partners = registry.private_chats.partners(self.user.client());
        let partners: Vec<_> = partners.filter_map(|client| registry.users.get(&client)).collect();
        match partners[..] {
            [only] => Ok(only.clone()),
            [] => Err(Cause::NoPrivates.report()),
            _ => Err(Cause::SeveralPrivates.with_word(joined(&partners))),
        }
    }

    /// Returns the only user that waits for an answer, for commands that name no user.
    fn only_requester(&self) -> Result<Arc<User>, Report<'static>> {
        let registry = self.hub.registry();
        let requesters = registry.private_chats.requesters(self.user.client());
        let requesters: Vec<_> = requesters.filter_map(|client| registry.users.get(&client)).collect();
        match requesters[..] {
            [only] => Ok(only.clone()),
            [] => Err(Cause::NoneOpen.with_word("request")),
            _ => Err(Cause::SeveralOpen.with_word(joined(&requesters))),
        }
    }

    /// Returns the user's name for an event.
    pub(super) fn name(&self) -> Text<'_> {
        self.user.name.as_str().into()
    }
}

/// Joins names into one text. Its length is bounded by the number of chats that a user may have.
fn joined(users: &[&Arc<User>]) -> String {
    users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ")
}
