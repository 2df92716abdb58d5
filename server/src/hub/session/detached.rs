//! Sessions whose connection was lost, until they are resumed or end. See [`super::resuming`].

use super::super::profile::Profile;
use super::super::session_state::SessionState;
use super::super::{Registry, User};
use crate::hub::rules::Identity;
use landline_common::history::HistoryOwner;
use landline_common::{NameKey, RoomName, UserName};
use std::sync::Arc;

/// The data of a session whose connection was lost.
#[derive(Debug)]
pub struct DetachedSession {
    pub(super) name: UserName,
    pub(super) history_owner: HistoryOwner,
    pub(super) session: Arc<SessionState>,
    pub(super) profile: Arc<Profile>,
    /// The user's rooms; the last one was the current room.
    pub(super) rooms: Vec<RoomName>,
    pub(super) blocked: Vec<UserName>,
    /// Partners of private chats to reopen.
    pub(super) partners: Vec<(UserName, HistoryOwner)>,
}

impl DetachedSession {
    /// Returns what the rules know of the user, who has no address now.
    pub(super) fn rules_identity(&self) -> Identity {
        Identity {
            name: self.name.key().clone(),
            former_names: self.profile.former_names(),
            owner: self.history_owner.clone(),
            holder: self.profile.name_holder(),
            address: Arc::from(""),
            has_own_address: false,
        }
    }

    /// Replaces a partner's history owner `before` by `after`.
    pub(super) fn replace_history_owner(&mut self, before: &HistoryOwner, after: &HistoryOwner) {
        for (_, history_owner) in self.partners.iter_mut().filter(|(_, history_owner)| history_owner == before) {
            history_owner.clone_from(after);
        }
    }

    /// Removes a partner, so that no chat with this owner opens again.
    pub(super) fn remove_partner(&mut self, owner: &HistoryOwner) {
        self.partners.retain(|(_, partner)| partner != owner);
    }
}

impl Registry {
    /// Removes a room from the session of `owner` whose connection is lost, or is just being closed. Returns false if the
    /// session was not in it.
    pub(super) fn forget_room_of_lost(&mut self, owner: &HistoryOwner, room: &RoomName) -> bool {
        let leaving = self.leaving.values().filter(|leaving| leaving.user.is_author(owner));
        let mut was_in = leaving.fold(false, |was_in, leaving| was_in | leaving.user.forget_room(room));
        for detached in self.sessions.all_detached().filter(|detached| detached.history_owner == *owner) {
            let before = detached.rooms.len();
            detached.rooms.retain(|other| other.key() != room.key());
            was_in |= detached.rooms.len() < before;
        }
        was_in
    }

    /// Returns the history owner of a session of this name whose connection is lost, or is just being closed.
    pub(super) fn lost_owner(&mut self, name: &NameKey) -> Option<HistoryOwner> {
        let leaving = self.leaving.values().find(|leaving| leaving.user.name.key() == name);
        let leaving = leaving.map(|leaving| leaving.user.history_owner().clone());
        leaving.or_else(|| {
            let mut lost = self.sessions.all_detached().filter(|detached| detached.name.key() == name);
            lost.next().map(|detached| detached.history_owner.clone())
        })
    }

    /// Adds a private chat to reopen to the lost session of `history_owner`.
    pub(super) fn add_lost_partner(&mut self, history_owner: &HistoryOwner, partner: &User) {
        for detached in self.sessions.all_detached().filter(|detached| detached.history_owner == *history_owner) {
            if detached.partners.iter().all(|(_, other)| other != partner.history_owner()) {
                detached.partners.push(partner.identity());
            }
        }
    }
}
