//! Blocking. The blocker gets no talk of the blocked user; the blocked user gets no presence of the blocker and does
//! not see the blocker in lists.
//!
//! The registry holds the blocks. Each user's `BlockFilter` lists the connections whose entries its subscriptions leave
//! out. The functions here update the filters as users come, leave and change connections.

use super::{CommandResult, Session, quoted};
use crate::fanout::EventClass;
use crate::hub::{Registry, User};
use landline_common::command::Command;
use landline_common::limits::count;
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, UserName};
use std::sync::Arc;

/// Time after its leave in which a guest can still be blocked, in milliseconds.
const RECENTLY_LEFT_MS: i64 = 24 * 3_600 * 1_000;

impl Registry {
    /// Sets the filters for a user who signs in and blocks `list`: in both directions, since others may block the user.
    pub(in super::super) fn apply_blocks(&mut self, user: &User, list: Vec<UserName>) {
        user.set_blocks_others(!list.is_empty());
        self.blocks.add_client(user.client(), list);
        self.set_filters_of(user, true);
    }

    /// Sets the filters for a user's new connection. Until the old one is gone, filters of others contain both.
    pub(in super::super) fn block_connection(&mut self, user: &User) {
        self.set_filters_of(user, true);
    }

    /// Removes a replaced connection from the filters of others, once it has left every room. The user's own blocks and
    /// filter belong to the new connection.
    pub(in super::super) fn unblock_connection(&mut self, old: &User) {
        for blocker in self.blocks.blockers(&old.name_keys()).filter_map(|client| self.users.get(&client)) {
            blocker.block_filter.set(EventClass::Talk, old.client(), false);
        }
        let Some(successor) = self.online(old.name.key()) else { return };
        for blocked in self.blocks.list(successor.client()).iter().flat_map(|name| self.users_called(name.key())) {
            blocked.block_filter.set(EventClass::Presence, old.client(), false);
        }
    }

    /// Removes the filters and blocks of a user who has left, after the leave was delivered to all others.
    pub(in super::super) fn remove_blocks(&mut self, user: &User) {
        self.set_filters_of(user, false);
        self.blocks.remove_client(user.client());
    }

    /// True if `user` blocks a name or is blocked by a user.
    pub(in super::super) fn has_blocks(&self, user: &User) -> bool {
        !self.blocks.list(user.client()).is_empty() || self.blocks.blockers(&user.name_keys()).next().is_some()
    }

    /// Sets or clears the filters between `user` and all users that it blocks or that block it.
    pub(in super::super) fn set_filters_of(&self, user: &User, silent: bool) {
        for blocked in self.blocks.list(user.client()).iter().flat_map(|name| self.users_called(name.key())) {
            set_filters(user, &blocked, silent);
        }
        for blocker in self.blocks.blockers(&user.name_keys()).filter_map(|client| self.users.get(&client)) {
            set_filters(blocker, user, silent);
        }
    }
}

/// Sets or clears both filters of one block: talk of the blocked user, and presence of the blocker. A user who blocks a
/// name that it has had itself does not block itself.
fn set_filters(blocker: &User, blocked: &User, silent: bool) {
    if blocker.client() == blocked.client() {
        return;
    }
    blocker.block_filter.set(EventClass::Talk, blocked.client(), silent);
    blocked.block_filter.set(EventClass::Presence, blocker.client(), silent);
}

impl Session {
    /// Lists the names that the user blocks.
    pub(super) fn list_blocked(&mut self, after: Option<&str>) -> CommandResult {
        let next = |after| Command::Blocked { after };
        self.send_names(self.blocked().iter(), after, next, |users, part| EventKind::Blocked { users, part });
        Ok(())
    }

    /// Blocks a user who is online, has an account or left recently, and ends contact with it.
    pub(super) fn block(&mut self, user: &str) -> CommandResult {
        let name = self.find_user(user).or_else(|unknown| self.recently_left(user).ok_or(unknown))?;
        if name.key() == self.user.name.key() {
            return Err(Cause::Yourself.report());
        }
        let most = count(self.hub.limits.blocks_per_person);
        let mut list = self.blocked();
        if list.len() >= most {
            return Err(Cause::TooManyBlocks.with_count(most as u64));
        }
        if list.iter().any(|blocked| blocked.key() == name.key()) {
            return Err(Cause::BlockedAlready.with_user(name.to_string()));
        }
        list.push(name.clone());
        self.store_blocks(&list)?;
        let mut registry = self.hub.registry();
        registry.blocks.block(self.user.client(), name.clone());
        self.user.set_blocks_others(true);
        let others = registry.users_called(name.key());
        for other in &others {
            set_filters(&self.user, other, true);
        }
        drop(registry);
        for other in others.iter().filter(|other| other.client() != self.user.client()) {
            self.end_contact(other);
        }
        self.answer(Cause::Blocked.with_user(name.as_str()).into());
        Ok(())
    }

    /// Finds a user who left recently, possibly a guest. Leaving right after an insult must not prevent a block.
    pub(super) fn recently_left(&self, user: &str) -> Option<UserName> {
        let since = OffsetDateTime { unix_ms: self.now.unix_ms.saturating_sub(RECENTLY_LEFT_MS), ..self.now };
        let key = NameKey::of(user);
        self.hub.storage.seen_since(since).into_iter().find(|name| *name.key() == key)
    }

    /// Removes a block.
    pub(super) fn unblock(&mut self, user: &str) -> CommandResult {
        let key = NameKey::of(user);
        let mut list = self.blocked();
        // A user who was blocked under an earlier name is unblocked by the present one, too.
        let keys = self.hub.registry().online(&key).map_or_else(|| vec![key], |user| user.name_keys());
        let Some(position) = list.iter().position(|blocked| keys.contains(blocked.key())) else {
            return Err(Cause::NotBlocked.with_user(quoted(user)));
        };
        let name = list.remove(position);
        self.store_blocks(&list)?;
        let me = self.user.client();
        let mut registry = self.hub.registry();
        registry.blocks.unblock(me, name.key());
        self.user.set_blocks_others(!list.is_empty());
        for other in registry.users_called(name.key()) {
            set_filters(&self.user, &other, registry.blocks.is_blocked(me, &other.name_keys()));
        }
        drop(registry);
        self.answer(Cause::Unblocked.with_user(name.as_str()).into());
        Ok(())
    }

    /// Returns the names that the user blocks.
    pub(super) fn blocked(&self) -> Vec<UserName> {
        self.hub.registry().blocks.list(self.user.client()).to_vec()
    }

    /// True if the online user `other` blocks this user.
    pub(super) fn is_blocked_by(&self, other: &User) -> bool {
        other.client() != self.user.client()
            && self.hub.registry().blocks.is_blocked(other.client(), &self.user.name_keys())
    }

    /// True if this user blocks `other`.
    pub(super) fn blocks_user(&self, other: &User) -> bool {
        other.client() != self.user.client()
            && self.hub.registry().blocks.is_blocked(self.user.client(), &other.name_keys())
    }

    /// True if an account, online or offline, blocks this user.
    pub(super) fn is_blocked_by_account(&self, account: &NameKey) -> bool {
        let names = self.user.name_keys();
        self.hub.storage.block_list(account).iter().any(|blocked| names.contains(blocked.key()))
    }

    /// Removes users that block this user from a list.
    pub(super) fn without_blockers(&self, mut users: Vec<Arc<User>>) -> Vec<Arc<User>> {
        let (me, names) = (self.user.client(), self.user.name_keys());
        let registry = self.hub.registry();
        users.retain(|other| other.client() == me || !registry.blocks.is_blocked(other.client(), &names));
        users
    }

    /// Stores the blocks of an account. Does nothing for a guest, whose blocks end with the session.
    ///
    /// # Errors
    /// The blocks could not be stored.
    pub(super) fn store_blocks(&self, list: &[UserName]) -> CommandResult {
        if !self.user.is_account() {
            return Ok(());
        }
        self.hub.storage.store_block_list(self.user.name.key(), list).map_err(|why| {
            if self.hub.note_failure("blocks") {
                log::error!(
                    "hub: blocks not stored user={}: {why}; the stored ones stay, and the user was told",
                    self.user.name
                );
            }
            Cause::BlocksNotStored.report()
        })
    }
}
