//! Who blocks whom: an account for ever, a guest for a visit.

use super::{World, names, nobody};
use crate::steps::{ACCOUNTS, NAMES, Who};

impl World {
    /// Whom somebody blocks, here or (accounts) away.
    pub(super) fn blocks_of(&self, who: Who) -> &[Who] {
        let guest = || self.here.iter().find(|visit| visit.who == who).map_or(&[][..], |visit| &visit.blocks);
        self.blocks.get(who).map_or_else(guest, Vec::as_slice)
    }

    fn blocks_mut(&mut self, who: Who) -> &mut Vec<Who> {
        if who < ACCOUNTS { &mut self.blocks[who] } else { &mut self.visit(who).blocks }
    }

    pub(super) fn list_blocks(&mut self, me: Who) {
        let blocked = names(self.blocks_of(me).to_vec());
        self.tell(me, format!("Blocked: {blocked}"));
    }

    pub(super) fn block(&mut self, me: Who, who: Who) -> Result<(), String> {
        if !self.is_here(who) && who >= ACCOUNTS && !self.seen.contains(&who) {
            return Err(nobody(who));
        }
        if who == me {
            return Err("400 That is you.".into());
        }
        if self.blocks_of(me).contains(&who) {
            return Err(format!("400 You block {} already.", NAMES[who]));
        }
        self.blocks_mut(me).push(who);
        self.break_off(me, who);
        self.tell(me, format!("INFO: {} is blocked", NAMES[who]));
        Ok(())
    }

    pub(super) fn unblock(&mut self, me: Who, who: Who) -> Result<(), String> {
        let name = NAMES[who];
        let blocks = self.blocks_mut(me);
        let Some(at) = blocks.iter().position(|blocked| *blocked == who) else {
            return Err(format!("404 You do not block {name}. /block lists the users you block."));
        };
        blocks.remove(at);
        self.tell(me, format!("INFO: {name} is unblocked"));
        Ok(())
    }
}
