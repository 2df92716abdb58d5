//! Blocking: who is blocked is not heard by who blocks, and does not see them.

use super::{Done, Session, shown};
use crate::fanout::EventClass;
use crate::hub::{Registry, User};
use landline_common::command::Command;
use landline_common::limits::count;
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, UserName};
use std::sync::Arc;

/// How long a guest who left can still be blocked.
const LATELY_MS: i64 = 24 * 3_600 * 1_000;

impl Registry {
    /// Somebody comes who blocks `list`; others here may block them.
    pub(in super::super) fn silence_arrival(&mut self, user: &User, list: Vec<UserName>) {
        user.set_blocks_anybody(!list.is_empty());
        self.blocks.arrive(user.client(), list);
        self.silence_relations(user, true);
    }

    /// The same user on another connection: whom others silence, by the number of the connection, is both for now.
    pub(in super::super) fn silence_successor(&mut self, user: &User) {
        self.silence_relations(user, true);
    }

    /// The connection before is gone from every room. What its user blocks is the successor's.
    pub(in super::super) fn forget_predecessor(&mut self, old: &User) {
        for blocker in self.blocks.blockers(old.name.key()).filter_map(|client| self.users.get(&client)) {
            blocker.block_filter.set(EventClass::Talk, old.client(), false);
        }
        let Some(successor) = self.here(old.name.key()) else { return };
        for blocked in self.blocks.list(successor.client()).iter().filter_map(|name| self.here(name.key())) {
            blocked.block_filter.set(EventClass::Presence, old.client(), false);
        }
    }

    /// Somebody is gone, and the last that others had to hear of it is out.
    pub(in super::super) fn silence_departure(&mut self, user: &User) {
        self.silence_relations(user, false);
        self.blocks.leave(user.client());
    }

    /// Whether anybody blocks `user`, or is blocked by them.
    pub(in super::super) fn has_blocks(&self, user: &User) -> bool {
        !self.blocks.list(user.client()).is_empty() || self.blocks.blockers(user.name.key()).next().is_some()
    }

    fn silence_relations(&self, user: &User, silent: bool) {
        for blocked in self.blocks.list(user.client()).iter().filter_map(|name| self.here(name.key())) {
            silence(user, &blocked, silent);
        }
        for blocker in self.blocks.blockers(user.name.key()).filter_map(|client| self.users.get(&client)) {
            silence(blocker, user, silent);
        }
    }
}

/// The blocker does not hear what the blocked one says; the blocked one does not hear the blocker come and go.
fn silence(blocker: &User, blocked: &User, silent: bool) {
    blocker.block_filter.set(EventClass::Talk, blocked.client(), silent);
    blocked.block_filter.set(EventClass::Presence, blocker.client(), silent);
}

impl Session {
    pub(super) fn list_blocked(&mut self, after: Option<&str>) -> Done {
        let next = |after| Command::Blocked { after };
        self.tell_names(self.blocked().iter(), after, next, |users, part| EventKind::Blocked { users, part });
        Ok(())
    }

    pub(super) fn block(&mut self, user: &str) -> Done {
        let name = self.known(user).or_else(|unknown| self.seen_lately(user).ok_or(unknown))?;
        if name.key() == self.user.name.key() {
            return Err(Cause::Yourself.report());
        }
        let most = count(self.hub.limits.blocks_per_person);
        let mut list = self.blocked();
        if list.len() >= most {
            return Err(Cause::TooManyBlocks.of_count(most as u64));
        }
        if list.iter().any(|blocked| blocked.key() == name.key()) {
            return Err(Cause::BlockedAlready.of_user(name.to_string()));
        }
        list.push(name.clone());
        self.store_blocks(&list)?;
        let mut registry = self.hub.registry();
        registry.blocks.block(self.user.client(), name.clone());
        self.user.set_blocks_anybody(true);
        let other = registry.here(name.key());
        if let Some(other) = &other {
            silence(&self.user, other, true);
        }
        drop(registry);
        if let Some(other) = other {
            self.break_off(&other);
        }
        self.answer(Cause::Blocked.of_user(name.as_str()).into());
        Ok(())
    }

    /// A user who is gone, and had no account: insulting and leaving is no way out of being blocked.
    pub(super) fn seen_lately(&self, user: &str) -> Option<UserName> {
        let since = OffsetDateTime { unix_ms: self.now.unix_ms.saturating_sub(LATELY_MS), ..self.now };
        let key = NameKey::of(user);
        self.hub.memory.seen_since(since).into_iter().find(|name| *name.key() == key)
    }

    pub(super) fn unblock(&mut self, user: &str) -> Done {
        let key = NameKey::of(user);
        let mut list = self.blocked();
        let Some(at) = list.iter().position(|blocked| *blocked.key() == key) else {
            return Err(Cause::NotBlocked.of_user(shown(user)));
        };
        let name = list.remove(at);
        self.store_blocks(&list)?;
        let mut registry = self.hub.registry();
        registry.blocks.unblock(self.user.client(), &key);
        self.user.set_blocks_anybody(!list.is_empty());
        if let Some(other) = registry.here(&key) {
            silence(&self.user, &other, false);
        }
        drop(registry);
        self.answer(Cause::Unblocked.of_user(name.as_str()).into());
        Ok(())
    }

    /// Whom they block.
    pub(super) fn blocked(&self) -> Vec<UserName> {
        self.hub.registry().blocks.list(self.user.client()).to_vec()
    }

    /// Whether somebody who is here blocks them.
    pub(super) fn is_blocked_by(&self, other: &User) -> bool {
        self.hub.registry().blocks.is_blocked(other.client(), self.user.name.key())
    }

    /// Whether an account blocks them, here or away.
    pub(super) fn is_blocked_by_account(&self, account: &NameKey) -> bool {
        self.hub.memory.blocks(account).iter().any(|blocked| blocked.key() == self.user.name.key())
    }

    /// Of these people, those whom they may see.
    pub(super) fn visible(&self, mut users: Vec<Arc<User>>) -> Vec<Arc<User>> {
        let registry = self.hub.registry();
        users.retain(|other| !registry.blocks.is_blocked(other.client(), self.user.name.key()));
        users
    }

    /// Accounts keep their blocks; a guest's end with the visit.
    pub(super) fn store_blocks(&self, list: &[UserName]) -> Done {
        if !self.user.is_account() {
            return Ok(());
        }
        self.hub.memory.set_blocks(self.user.name.key(), list).map_err(|why| {
            if self.hub.logs_failure("blocks") {
                log::error!("the blocks of {} could not be stored: {why}", self.user.name);
            }
            Cause::BlocksNotStored.report()
        })
    }
}
