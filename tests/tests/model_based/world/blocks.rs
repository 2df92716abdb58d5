//! Blocks: those of an account persist, those of a guest end with the session.

use super::{ModelServer, names, not_online};
use crate::steps::{ACCOUNTS, NAMES, UserIndex};

impl ModelServer {
    /// Returns the users that a user blocks. Works for online users and for offline accounts.
    pub(super) fn blocks_of(&self, user: UserIndex) -> &[UserIndex] {
        let guest =
            || self.online.iter().find(|session| session.user == user).map_or(&[][..], |session| &session.blocks);
        self.blocks.get(user).map_or_else(guest, Vec::as_slice)
    }

    fn blocks_mut(&mut self, user: UserIndex) -> &mut Vec<UserIndex> {
        if user < ACCOUNTS { &mut self.blocks[user] } else { &mut self.session_mut(user).blocks }
    }

    pub(super) fn list_blocks(&mut self, me: UserIndex) {
        let blocked = names(self.blocks_of(me).to_vec());
        self.tell(me, format!("Blocked: {blocked}"));
    }

    pub(super) fn block(&mut self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        if !self.is_online(user) && user >= ACCOUNTS && !self.seen.contains(&user) {
            return Err(not_online(user));
        }
        if user == me {
            return Err("400 That is you. Nothing was done.".into());
        }
        if self.blocks_of(me).contains(&user) {
            return Err(format!("400 You block {} already.", NAMES[user]));
        }
        self.blocks_mut(me).push(user);
        self.end_private_between(me, user);
        self.tell(me, format!("INFO: {} is blocked", NAMES[user]));
        Ok(())
    }

    pub(super) fn unblock(&mut self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        let name = NAMES[user];
        let blocks = self.blocks_mut(me);
        let Some(at) = blocks.iter().position(|blocked| *blocked == user) else {
            return Err(format!("404 You do not block {name}. /block lists the users you block."));
        };
        blocks.remove(at);
        self.tell(me, format!("INFO: {name} is unblocked"));
        Ok(())
    }
}
