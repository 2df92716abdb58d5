//! Direct chats, which two clients hold without the server. The server passes on the public keys with a request, and
//! the addresses after its acceptance.

use super::super::direct::DirectRefusal;
use super::super::requests::RemovedRequests;
use super::{CommandResult, Session, User, quoted};
use crate::fanout::ClientId;
use landline_common::link::{ParseKeyError, PublicKey};
use landline_common::{Cause, EventKind, Report};
use std::sync::Arc;

/// Maximum number of addresses in an acceptance, since the other client dials each of them.
const MAX_ADDRESSES: usize = 16;
/// Maximum bytes of an address. An IPv6 address with an interface name and a port has about 70.
const MAX_ADDRESS_BYTES: usize = 100;

impl Session {
    /// Sets the public key of the user's client. A changed key ends the open requests.
    pub(super) fn announce_key(&mut self, key: &str) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let key: PublicKey = key.parse().map_err(|why: ParseKeyError| Cause::KeyBad.with_word(why.to_string()))?;
        let removed = self.hub.registry().direct_requests.set_key(self.user.client(), key);
        self.notify_unavailable(removed);
        Ok(())
    }

    /// Requests a direct chat.
    pub(super) fn request_direct(&mut self, user: &str) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let other = self.other_online_user(user)?;
        self.check_not_blocked(&other)?;
        let name = &other.name;
        let mut registry = self.hub.registry();
        let request = registry.direct_requests.request(self.user.client(), other.client());
        let key = request.map_err(|why| direct_refusal(why, name.as_str()))?;
        if let Err(refusal) = self.count_request(&mut registry, &other) {
            registry.direct_requests.remove(other.client(), self.user.client());
            return Err(refusal);
        }
        drop(registry);
        self.report_away(&other);
        self.answer(Cause::DirectAsked.with_user(name.as_str()).into());
        self.send_event_to(&other, EventKind::DirectRequest { from: self.name(), key: key.to_string().into() });
        Ok(())
    }

    /// Accepts a direct request made with `key`, and sends this client's key and addresses to the requester.
    pub(super) fn accept_direct(&mut self, user: &str, key: &str, addresses: &str) -> CommandResult {
        let hub = self.hub.clone();
        let _order = hub.private_chat_order.lock();
        let other = self.other_online_user(user)?;
        self.check_whisper(other.history_owner(), Some(other.client()))?;
        if !are_addresses(addresses) {
            return Err(Cause::AddressesBad.report());
        }
        let accept = |key| self.hub.registry().direct_requests.accept(self.user.client(), other.client(), key);
        let Some(own) = key.parse().ok().and_then(accept) else {
            return Err(Cause::NotAskedDirect.with_user(other.name.to_string()));
        };
        let key = own.to_string().into();
        self.send_event_to(&other, EventKind::DirectReady { user: self.name(), key, addresses: addresses.into() });
        Ok(())
    }

    /// Rejects a direct request: of the named user, or the only open request. Returns false if there is none.
    pub(super) fn reject_direct(&mut self, user: Option<&str>) -> Result<bool, Report<'static>> {
        let me = self.user.client();
        let other = match user {
            Some(user) => self.other_online_user(user)?,
            None => {
                let registry = self.hub.registry();
                let only = match registry.direct_requests.requesters(me).collect::<Vec<_>>()[..] {
                    [only] if registry.private_chats.requesters(me).next().is_none() => Some(only),
                    _ => None,
                };
                match only.and_then(|client| registry.users.get(&client).cloned()) {
                    Some(other) => other,
                    None => return Ok(false),
                }
            }
        };
        let rejected = self.hub.registry().direct_requests.remove(me, other.client());
        if rejected {
            self.answer(Cause::DirectDeclined.with_user(other.name.as_str()).into());
            self.send_event_to(&other, EventKind::DirectRejected { by: self.name() });
        }
        Ok(rejected)
    }

    /// Removes the direct requests between this user and a user who is blocked from now on.
    pub(super) fn cancel_direct_requests(&self, other: &User) {
        let me = self.user.client();
        let them = other.client();
        let mut registry = self.hub.registry();
        let rejected = registry.direct_requests.remove(me, them);
        registry.direct_requests.remove(them, me);
        drop(registry);
        if rejected {
            self.send_event_to(other, EventKind::DirectRejected { by: self.name() });
        }
    }

    /// Ends all direct requests from and to a user who leaves, and notifies the other sides.
    pub(super) fn end_all_direct(&self) {
        let removed = self.hub.registry().direct_requests.remove_client(self.user.client());
        self.notify_unavailable(removed);
    }

    /// Tells the other sides of removed requests that this user is not available.
    fn notify_unavailable(&self, removed: RemovedRequests) {
        let registry = self.hub.registry();
        let find = |client: &ClientId| registry.users.get(client).cloned();
        let users: Vec<Arc<User>> = removed.requesters.iter().chain(&removed.receivers).filter_map(find).collect();
        drop(registry);
        for user in users {
            self.send_event_to(&user, Cause::DirectUnavailable.with_user(self.name()).into());
        }
    }
}

/// Makes the refusal for a user whose program does not support direct chats.
pub(super) fn unsupported(user: &str) -> Report<'static> {
    Cause::DirectNotHere.with_user(quoted(user))
}

/// Makes the report of a refused request.
fn direct_refusal(why: DirectRefusal, name: &str) -> Report<'static> {
    match why {
        DirectRefusal::NoOwnKey => unsupported(name),
        DirectRefusal::NoReceiverKey => Cause::DirectNotThere.with_user(name.to_owned()),
        DirectRefusal::AlreadyRequested => Cause::AskedAlready.with_user(name.to_owned()),
        DirectRefusal::TooMany => Cause::TooManyDirects.report(),
    }
}

/// True if `text` looks like a list of addresses. Only a coarse check: the client that dials parses them.
fn are_addresses(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']' | '%' | '-' | '_');
    let is_one = |address: &str| {
        (9..=MAX_ADDRESS_BYTES).contains(&address.len()) && address.contains(':') && address.chars().all(fits)
    };
    text.split(',').count() <= MAX_ADDRESSES && text.split(',').all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_of_addresses_pass() {
        for good in ["1.2.3.4:5", "10.0.0.1:5000,[fe80::1%eth0]:5", &["10.0.0.1:1"; 16].join(",")] {
            assert!(are_addresses(good), "{good}");
        }
        for bad in [
            "",
            &format!("[fe80::1%{}]:5", "e".repeat(100)),
            "10.0.0.1",
            "10.0.0.1:1,",
            "10.0.0.1:1, 10.0.0.2:1",
            "a\u{1b}[2J:12345",
            &["10.0.0.1:1"; 17].join(","),
        ] {
            assert!(!are_addresses(bad), "{bad}");
        }
    }
}
