//! The names that users have had earlier in their session, and the change of a name in the tables of the hub.
//!
//! A user who takes another name becomes a new [`User`] on the same connection. What the session owns goes along by
//! itself: rooms, subscriptions, direct messages, ownership, floors. What holds for a name follows it, too: blocks and
//! sanctions of an earlier name hold for the user until the session ends, and for the next user of that name as well. The name that is
//! kept for the user's name token ([`super::name_tokens`]) is the new one from now on; the earlier one is free.

use super::{NameState, Registry, User};
use landline_common::NameKey;
use std::sync::Arc;

impl Registry {
    /// Replaces `old` by `new`, the same user under another name, in all tables. The old name stays taken until its
    /// reservation is dropped; a client that claims it waits for that.
    pub(super) fn rename(&mut self, old: &User, new: &Arc<User>) {
        new.profile.add_former_name(old.name.key());
        self.names.insert(old.name.key().clone(), NameState::Leaving);
        self.names.insert(new.name.key().clone(), NameState::Online(new.client()));
        self.users.insert(new.client(), new.clone());
        self.rooms.rename(new);
        self.add_former_names(new);
        // Users may block the new name already.
        self.set_filters_of(new, true);
        self.name_tokens.forget(old.name.key());
        self.keep_name(new);
        self.rules.rename(new.history_owner(), &new.name);
    }

    /// Makes a user findable by the names that it has had earlier in its session.
    pub(super) fn add_former_names(&mut self, user: &User) {
        for name in user.profile.former_names().iter() {
            self.former_names.entry(name.clone()).or_default().insert(user.client());
        }
    }

    /// Undoes [`Registry::add_former_names`] for a connection that ends.
    pub(super) fn remove_former_names(&mut self, user: &User) {
        for name in user.profile.former_names().iter() {
            if let Some(clients) = self.former_names.get_mut(name) {
                clients.remove(&user.client());
                if clients.is_empty() {
                    self.former_names.remove(name);
                }
            }
        }
    }

    /// Returns the users online that have this name, or had it earlier in their session.
    pub(super) fn users_called(&self, name: &NameKey) -> Vec<Arc<User>> {
        let former = self.former_names.get(name).into_iter().flatten().filter_map(|client| self.users.get(client));
        let mut users: Vec<Arc<User>> = former.cloned().collect();
        if let Some(user) = self.online(name)
            && users.iter().all(|other| other.client() != user.client())
        {
            users.push(user);
        }
        users
    }
}
