//! A guest who makes an account of their name stays where they are: in rooms and private chats, and for the others.

use super::super::Registry;
use super::Session;
use landline_common::history::HistoryOwner;

impl Session {
    /// The guest is here with their own account from now on: what was theirs for this visit is the account's, and lasts.
    pub fn becomes_account(&mut self) {
        let (guest, key) = (self.user.party().clone(), self.user.name.key().clone());
        let account = HistoryOwner::Account(key.clone());
        self.flush();
        let mut registry = self.hub.registry();
        self.user.has_made(account.clone());
        registry.rename_partner(&guest, &account);
        drop(registry);
        if let HistoryOwner::Guest(session) = guest {
            self.hub.nonces.lock().adopt(session);
        }
        self.hub.memory.adopt(&guest, &account);
        let blocked = self.blocked();
        if !blocked.is_empty() {
            // What cannot be stored is logged, and counts until the end of the session.
            let _ = self.store_blocks(&blocked);
        }
    }
}

impl Registry {
    /// Lost sessions that have a private chat with `guest` to open again have it with `account` from now on.
    fn rename_partner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        for detached in self.sessions.all_detached() {
            detached.rename_partner(guest, account);
        }
    }
}
