//! A guest takes another name.
//!
//! All users are told of the change once, as they are told of sign-ins, so a rename is a way to show a text to all of
//! them. It is therefore refused where a message to all users would be.
//!
//! | step | why in this order |
//! |---|---|
//! | deliver what the user has said | no line under the old name may follow the change |
//! | end private chats and requests | a line for the old name must not reach its next user |
//! | change the tables, under the registry's lock | each thread finds the user by one name, never by both or none |
//! | tell all users | before the old name is free: its next user must not be taken for this one |
//! | free the old name | |

use super::super::NameReservation;
use super::super::broadcast_group::Notice;
use super::super::throttled;
use super::private_chats::ENDED;
use super::{CommandResult, Session, User};
use landline_common::limits::count;
use landline_common::{Cause, EventKind};

impl Session {
    /// Refuses a user who may not take another name.
    ///
    /// # Errors
    /// The user has an account, has changed its name too often, or may not speak to all users.
    pub fn check_rename(&self) -> CommandResult {
        if self.user.is_account() {
            return Err(Cause::NameFixed.with_user(self.user.name.to_string()));
        }
        let most = self.hub.limits.renames_per_session;
        if self.user.profile.former_names().len() >= count(most) {
            return Err(Cause::TooManyRenames.with_count(most));
        }
        self.check_announcement().map_err(|refusal| self.explain(refusal))
    }

    /// Gives the user the reserved name, and tells all users.
    ///
    /// # Errors
    /// The new name is banned from the server or from a room of the user, or too many users change their names now.
    pub fn rename(&mut self, new: NameReservation) -> CommandResult {
        self.wait_for_last_batch();
        let hub = self.hub.clone();
        let user = self.user.with_name(new.name().clone());
        self.check_bans_of(&user)?;
        hub.global.take_line(&hub).map_err(throttled)?;
        let order = hub.private_chat_order.lock();
        for partner in self.end_chats(ENDED) {
            self.send_event(EventKind::PrivateEnded { with: partner.name.as_str().into(), reason: ENDED.into() });
        }
        hub.registry().rename(&self.user, &user);
        drop(order);
        hub.server_rules.lock().rename(user.history_owner(), &user.name);
        let former = std::mem::replace(&mut self.user, user);
        let old = std::mem::replace(&mut self.reservation, new);
        let groups = self.rooms.iter().map(|membership| &membership.group).chain([&hub.global]);
        groups.for_each(|group| group.rename(&self.user));
        let renamed = || EventKind::Renamed { from: former.name.as_str().into(), to: self.user.name.as_str().into() };
        hub.global.log.wait_delivered(
            hub.global
                .log
                .announce_presence(&self.global_subscription, &mut Notice::of(renamed().at(self.now), &hub.limits)),
        );
        drop(old);
        if self.tag.label.is_some() {
            self.answer(EventKind::Done { id: None, repeated: false });
        }
        Ok(())
    }

    /// Refuses a name that is banned from the server, or from a room that the user is in.
    fn check_bans_of(&self, user: &User) -> CommandResult {
        let identity = user.rules_identity();
        self.hub.server_rules.lock().check_ban(&identity, self.now)?;
        for gate in self.rooms.iter().filter_map(|membership| membership.group.gate.as_ref()) {
            if !self.is_owner_of(gate) {
                gate.read(|rules| rules.check_ban(gate.name().as_str(), &identity, self.now))?;
            }
        }
        Ok(())
    }
}
