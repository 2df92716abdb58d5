//! A guest registers an account of its name and stays signed in: rooms, private chats and connection do not change. An
//! account is deleted: the next user of its name inherits nothing.

use super::super::{Hub, Registry};
use super::Session;
use landline_common::history::HistoryOwner;

impl Session {
    /// Signs the guest in to the account that it has just registered. The direct messages, nonces and blocks of the
    /// guest's session belong to the account from now on.
    pub fn upgrade_to_account(&mut self) {
        let guest = self.user.history_owner().clone();
        let account = HistoryOwner::Account(self.user.name.key().clone());
        self.flush();
        let mut registry = self.hub.registry();
        self.user.set_account(account.clone());
        registry.replace_history_owner(&guest, &account);
        registry.keep_name(&self.user);
        drop(registry);
        if let HistoryOwner::Guest(session) = guest {
            self.hub.nonces.lock().transfer_to_account(session);
        }
        self.hub.registry().rules.replace_owner(&guest, &account);
        self.hub.server_rules.lock().replace_owner(&guest, &account);
        self.store_ownership();
        self.hub.storage.transfer_direct_messages(&guest, &account);
        let blocked = self.blocked();
        if !blocked.is_empty() {
            // A failure is logged; the blocks then last until the end of the session.
            let _ = self.store_blocks(&blocked);
        }
    }
}

impl Hub {
    /// Forgets an account that was deleted: no private chat with it opens again, and no nonce of its
    /// name is known. The caller waits until the account's
    /// session has ended, and holds its name.
    pub fn forget_account(&self, account: &HistoryOwner) {
        let mut registry = self.registry();
        for detached in registry.sessions.all_detached() {
            detached.remove_partner(account);
        }
        for leaving in registry.leaving.values_mut() {
            leaving.partners.retain(|(_, partner)| partner != account);
        }
        drop(registry);
        if let HistoryOwner::Account(name) = account {
            self.nonces.lock().remove_author(name);
        }
    }
}

impl Registry {
    /// Updates the lost sessions that have to reopen a private chat with `guest`: the partner is `account` from now on.
    fn replace_history_owner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        for detached in self.sessions.all_detached() {
            detached.replace_history_owner(guest, account);
        }
    }
}
