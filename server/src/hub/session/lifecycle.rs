//! Signing in and leaving.
//!
//! Leaving is a sequence of steps in `Drop`. Each step runs even if an earlier one panics, since a panic may already be
//! the reason for leaving, and a second one would abort the server.

use super::super::broadcast_group::PresenceChange;
use super::super::profile::Profile;
use super::super::publications::{LineBatch, Tag};
use super::super::user::delivery_mode;
use super::super::{Leaving, NameReservation, NameState, Registry, SessionOptions, SignInOptions, SignInRequest};
use super::rooms::Entry;
use super::{Hub, Session, User};
use crate::fanout::Subscription;
use crate::hub::Token;
use crate::hub::name_tokens::NameHolder;
use crate::hub::session_state::SessionState;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Cause, Event, OffsetDateTime, Reply, Report, RoomName, UserName};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Maximum number of rooms of a sign-in. The answer lists each room, and must fit into the client's backlog together
/// with its mail.
const MAX_SIGN_IN_ROOMS: usize = 48;

/// How a session starts.
pub(super) struct SessionStart {
    /// The rooms to enter; the last one is the current room.
    pub(super) rooms: Vec<RoomName>,
    /// The token that resumes the session.
    pub(super) token: Option<Token>,
    /// The name token of a guest whose name is kept.
    pub(super) name_token: Option<Token>,
    /// The session is resumed.
    pub(super) resumed: bool,
    /// The sign-in is announced to all users.
    pub(super) announced: bool,
}

impl Hub {
    /// Signs a user in under the reserved name: enters the rooms, announces the user to all others, and sends the
    /// greeting, which is the first event that the client gets.
    ///
    /// # Errors
    /// The user is banned from the server; its doors are closed to newcomers; the room refuses the user (a ban,
    /// invitations only, a key word); or the room is new and the user's address has as many rooms open as it may have.
    /// The user is then not signed in.
    pub fn sign_in(
        self: &Arc<Self>,
        reservation: NameReservation,
        mut request: SignInRequest,
        now: OffsetDateTime,
    ) -> Result<Session, Report<'static>> {
        let outbox = request.outbox.clone();
        let number = self.allocate_session_number();
        let name = reservation.name.clone();
        let history_owner =
            if request.account { HistoryOwner::Account(name.key().clone()) } else { HistoryOwner::Guest(number) };
        let options = request.options.session;
        let session =
            options.map(|options| SessionState::new(number, &outbox, request.rendering, options.acks, &self.limits));
        let address = request.address.clone();
        let profile = Profile::new(request.options.name_token.map(NameHolder::of), now);
        let user = User::new(name, history_owner, address, outbox.clone(), request.rendering, session, profile);
        let blocks = if user.is_account() { self.storage.block_list(user.name.key()) } else { Vec::new() };
        // Ask under the lock: a ban finds the user in the registry, or the user finds the ban.
        let mut registry = self.registry();
        self.server_rules.lock().admit(&user.rules_identity(), now)?;
        // Enter first: from here on the room stays open, so that entering it again in `start_session` cannot fail.
        let entry = Entry { key: None, resumed: false, now };
        let must_be_stored = self.enter(&mut registry, &request.room, &user, entry)?.must_be_stored;
        outbox.hold();
        registry.add_user(&user, blocks);
        registry.keep_name(&user);
        self.server_rules.lock().come_in(user.rules_identity());
        if let Some(SessionOptions { token, transport, .. }) = options {
            registry.sessions.insert(number, user.client(), transport, token);
        }
        drop(registry);
        if must_be_stored {
            self.store_ownership_of(&user, now);
        }
        let mut rooms = request.options.rooms.clone();
        rooms.retain(|other| other.key() != request.room.key());
        let most = count(self.limits.rooms_per_person).min(MAX_SIGN_IN_ROOMS);
        let surplus = rooms.split_off(most.saturating_sub(1).min(rooms.len()));
        let refuse = |room: RoomName| Cause::TooManyRooms.with_count(most as u64).in_room(room.to_string());
        request.options.refused_rooms.extend(surplus.into_iter().map(refuse));
        rooms.push(request.room.clone());
        let token = options.map(|options| options.token);
        let name_token = request.options.name_token.filter(|_| !user.is_account());
        let arrival = SessionStart { rooms, token, name_token, resumed: false, announced: true };
        Ok(self.start_session(reservation, user, arrival, request, now))
    }

    /// Subscribes a user who is in the registry to rooms and the global group, and sends the greeting.
    pub(super) fn start_session(
        self: &Arc<Self>,
        reservation: NameReservation,
        user: Arc<User>,
        arrival: SessionStart,
        request: SignInRequest,
        now: OffsetDateTime,
    ) -> Session {
        let global_subscription = Subscription::new(&user.outbox, &user.block_filter);
        let SignInOptions { rate, label, refused_rooms, .. } = request.options;
        let SessionStart { rooms, token, name_token, resumed, announced } = arrival;
        let mut session = Session {
            hub: self.clone(),
            user,
            global_subscription,
            global_start_id: 0,
            rooms: Vec::new(),
            pending: LineBatch::default(),
            pending_room: None,
            last_batch: None,
            arrival_batch: None,
            sent_foreign_notice: false,
            refused_rooms,
            connection_lost: false,
            tag: Tag { label, ..Tag::default() },
            now,
            reservation,
        };
        // Empty at first: a room that refuses the user now must not be entered by a later connection of the session.
        session.save_room_list();
        for room in &rooms {
            if session.room_position(room).is_none()
                && let Err(report) = session.enter(room, resumed)
            {
                session.refused_rooms.push(report.in_room(room.to_string()));
            }
        }
        // Announce last, after all rooms are entered: a reply to the notice must reach this user.
        let change = PresenceChange { hub: self, group: &self.global, user: &session.user, joins: true };
        let mut notice = change.notice(now);
        let notice = announced.then_some(&mut notice);
        let opened_before = self.next_message_id.load(Relaxed) - 1;
        let rendering = session.user.rendering();
        let delivery_mode = delivery_mode(rendering, true);
        session.arrival_batch =
            Some(self.global.log.enter(&session.global_subscription, delivery_mode, notice.map(|notice| notice as _)));
        session.global_start_id = if session.global_subscription.id_before_joining() > 0 {
            session.global_subscription.id_before_joining()
        } else {
            opened_before
        };
        let reply = session.tag.label.as_deref().map(|label| Reply { label: label.into(), done: false });
        let welcome = Event { reply, ..session.welcome(rate, token, name_token, resumed).at(now) };
        let mut greeting = Vec::new();
        rendering.write(&welcome, &self.limits, &mut greeting);
        self.greet(&session.user, greeting);
        session
    }
}

impl Registry {
    /// Adds a user, who can be found from now on.
    pub(super) fn add_user(&mut self, user: &Arc<User>, blocks: Vec<UserName>) {
        self.names.insert(user.name.key().clone(), NameState::Online(user.client()));
        self.users.insert(user.client(), user.clone());
        self.add_former_names(user);
        self.apply_blocks(user, blocks);
    }

    /// Reserves the name of a guest with a name token. The name of an account needs no reservation.
    pub(in crate::hub) fn keep_name(&mut self, user: &User) {
        match user.name_holder() {
            _ if user.is_account() => self.name_tokens.forget(user.name.key()),
            Some(holder) => self.name_tokens.keep(&user.name, holder, &user.address),
            None => {}
        }
    }
}

impl Session {
    /// Removes the user from lookups. The name stays taken until the leave is announced.
    fn unregister(&mut self) {
        let mut registry = self.hub.registry();
        registry.names.insert(self.user.name.key().clone(), NameState::Leaving);
        registry.users.remove(&self.user.client());
        registry.remove_former_names(&self.user);
        let leaving = Leaving { user: self.user.clone(), partners: Vec::new() };
        registry.leaving.insert(self.user.client(), leaving);
        registry.name_tokens.release(self.user.name.key(), self.now);
        self.user.mark_left();
    }

    /// Ends the leave that [`Session::unregister`] began.
    fn remove_from_leaving(&mut self) {
        self.hub.registry().leaving.remove(&self.user.client());
    }

    /// Publishes the remaining talk and waits for its delivery.
    fn flush_talk(&mut self) {
        self.flush();
        self.wait_for_last_batch();
        #[cfg(feature = "faults")]
        crate::faults::strike("leaving", self.user.name.as_str().as_bytes());
    }

    /// Leaves the current room without a notice.
    fn leave_room(&mut self) {
        if let Some(membership) = self.rooms.pop() {
            self.unsubscribe(membership, false);
        }
    }

    /// Leaves the global group without a notice, because the user stays on another connection.
    fn leave_to_successor(&mut self) {
        self.reservation.transferred = true;
        if self.arrival_batch.is_none() {
            return;
        }
        let global = &self.hub.global.log;
        if let Some(last) = global.leave(&self.global_subscription, None) {
            global.wait_delivered(last);
        }
        self.hub.registry().unblock_connection(&self.user);
    }

    /// Leaves the global group and announces that the user has left.
    fn leave_global_group(&mut self) {
        if self.arrival_batch.is_none() {
            // A panic ended the sign-in before it was announced.
            return;
        }
        let hub = &self.hub;
        let change = PresenceChange { hub, group: &hub.global, user: &self.user, joins: false };
        let last = hub.global.log.leave(&self.global_subscription, Some(&mut change.notice(self.now)));
        let has_blocks = hub.registry().has_blocks(&self.user);
        if has_blocks {
            // Remove the blocks only after the delivery, which leaves out the blocked users.
            if let Some(last) = last {
                hub.global.log.wait_delivered(last);
            }
            hub.registry().remove_blocks(&self.user);
        }
    }

    /// Runs one step of leaving and survives its panic. A panic while another one unwinds would abort the server, and
    /// the later steps have to run in any case.
    fn run_leave_step(&mut self, step: fn(&mut Session)) {
        if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
            log::error!("hub: panic in a step of leaving user={}; the other steps continue", self.user.name);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // This turn lasts to the end: a takeover then finds a session that is detached or gone, never one that is
        // leaving.
        let stays = !self.begin_turn();
        if !stays {
            self.run_leave_step(Session::unregister);
        }
        self.run_leave_step(Session::flush_talk);
        if !stays {
            self.run_leave_step(Session::end_all_private);
        }
        while !self.rooms.is_empty() {
            self.run_leave_step(Session::leave_room);
        }
        if stays {
            self.run_leave_step(Session::leave_to_successor);
        } else {
            self.run_leave_step(Session::end_session);
            self.run_leave_step(Session::leave_global_group);
            self.run_leave_step(Session::remove_from_leaving);
            self.end_turn();
        }
    }
}
