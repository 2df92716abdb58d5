//! A guest who makes an account of their name stays where they are: in rooms and private chats, and for the others.

use super::super::Registry;
use super::Session;
use landline_common::history::HistoryOwner;

impl Session {
    /// The guest is here with their own account from now on: what was theirs for this visit is the account's, and lasts.
    pub fn becomes_account(&mut self) {
        let (guest, key) = (self.user.history_owner().clone(), self.user.name.key().clone());
        let account = HistoryOwner::Account(key.clone());
        self.flush();
        let mut registry = self.hub.registry();
        self.user.set_account(account.clone());
        registry.replace_history_owner(&guest, &account);
        drop(registry);
        if let HistoryOwner::Guest(session) = guest {
            self.hub.nonces.lock().transfer_to_account(session);
        }
        self.hub.storage.transfer_direct_messages(&guest, &account);
        let blocked = self.blocked();
        if !blocked.is_empty() {
            // What cannot be stored is logged, and counts until the end of the session.
            let _ = self.store_blocks(&blocked);
        }
    }
}

impl Registry {
    /// Lost sessions that have a private chat with `guest` to open again have it with `account` from now on.
    fn replace_history_owner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        for detached in self.sessions.all_detached() {
            detached.replace_history_owner(guest, account);
        }
    }
}
