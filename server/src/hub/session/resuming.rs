//! Resuming a session on a new connection, by a token.
//!
//! The old connection may still be open, because the server cannot see that the client's network is gone. Both threads
//! then want to act for one user, and no command, event or notice may be lost or doubled.
//!
//! | | takeover (`take_over`) | after a loss (`resume_lost`) |
//! |---|---|---|
//! | old connection | open | gone; the user has left |
//! | session state | shared with the old connection | stored as a [`DetachedSession`] |
//! | name | passes to the new connection | reserved again |
//! | notices to others | none | leave, then sign-in |
//! | private chats | move to the new connection | reopened |
//!
//! Invariant: a takeover happens between two turns of the old connection ([`super::super::session_state`]), and
//! replaces the user in one step under the hub's lock: name, rooms, chats and blocks. The old connection's thread gets
//! no further turn; it finds that it has lost the session and leaves without notices.
//!
//! Both connections are subscribed to the rooms for a moment. The client gets what was said between the last line that
//! it received and its new subscriptions from the history ([`super::catch_up`]).
//!
//! | step of a takeover | failure |
//! |---|---|
//! | wait for the old turn to end, take the turn | [`NotResumed::Busy`] after [`TURN_TIMEOUT`] |
//! | replace the user, void the older tokens | [`NotResumed::Changed`]: the caller looks the token up again |
//! | end the old connection, send unacknowledged events again | |
//! | subscribe, greet, catch up | |
//!
//! Not here: tokens ([`super::super::resume`]), and the sign-in dialog (`connection/resuming.rs`).

use super::super::resume::{FoundSession, SessionNumber};
use super::super::session_state::SessionState;
use super::super::{NameReservation, NameState, Registry, SignInRequest};
use super::detached::DetachedSession;
use super::lifecycle::SessionStart;
use super::rooms::Entry;
use super::{Hub, Session, User};
use crate::fanout::{ClientId, DisconnectReason};
use crate::hub::rules::Identity;
use crate::hub::{CountedAddress, SessionOptions, Token, Transport};
use landline_common::history::HistoryOwner;
use landline_common::{Cause, EventKind, Limits, OffsetDateTime, Report, RoomName, UserName};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the old connection's turn, which may wait for the disk.
const TURN_TIMEOUT: Duration = Duration::from_secs(6);
/// Longest wait for a user who is leaving.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Approximate bytes of a detached session without its buffered events, labels and names.
const DETACHED_BYTES: usize = 1_024;
/// Approximate bytes of a name of a room or user in a detached session.
const NAME_BYTES: usize = 160;

/// The state of the session that a token resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumable {
    /// A connection serves the session.
    Live,
    /// The session's connection was lost. The caller reserves the name again.
    Lost(UserName),
    /// The session's connection was lost, and its name is reserved for another guest since.
    NameKept(UserName),
}

/// Why a session is not resumed.
#[derive(Debug)]
pub enum NotResumed {
    /// The session has changed meanwhile: look the token up again.
    Changed,
    /// The old connection's turn did not end in time.
    Busy,
    /// The user is banned from the server.
    Banned(Report<'static>),
}

impl Hub {
    /// Voids the tokens of a user's session, so that it cannot be resumed.
    pub fn revoke_session(&self, user: &User) {
        if let Some(session) = &user.session {
            let revoked = self.registry().sessions.revoke(session.number);
            drop(revoked);
        }
    }

    /// Removes the detached sessions that `matches` selects by name and history owner. Returns the names of their
    /// users.
    pub fn revoke_lost(&self, matches: impl Fn(&UserName, &HistoryOwner) -> bool) -> Vec<UserName> {
        let mut registry = self.registry();
        let lost = registry.sessions.all_detached().filter(|detached| matches(&detached.name, &detached.history_owner));
        let lost: Vec<_> = lost.map(|detached| detached.session.number).collect();
        let revoked: Vec<_> = lost.into_iter().filter_map(|session| registry.sessions.revoke(session)).collect();
        drop(registry);
        for detached in &revoked {
            self.forget_guest(&detached.history_owner);
        }
        revoked.into_iter().map(|detached| detached.name).collect()
    }

    /// Finds the session that a token resumes.
    #[must_use]
    pub fn resumable(&self, token: Token, transport: Transport, now: OffsetDateTime) -> Option<Resumable> {
        let registry = self.registry();
        let FoundSession::Detached(session) = registry.sessions.find(token, transport)? else {
            return Some(Resumable::Live);
        };
        let DetachedSession { name, profile, .. } = registry.sessions.detached(session)?;
        let is_kept = registry.name_tokens.check(name.key(), profile.name_holder(), now).is_err();
        Some(if is_kept { Resumable::NameKept(name.clone()) } else { Resumable::Lost(name.clone()) })
    }

    /// Takes a session over from the connection that serves it, which ends.
    ///
    /// # Errors
    /// The old connection's turn does not end in time, the session has changed meanwhile, or the user is banned.
    pub fn take_over(
        self: &Arc<Self>,
        used: Token,
        mut request: SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<Session, NotResumed> {
        let session = self.live_session(used, options.transport)?;
        let client = request.outbox.client();
        let owner = session.take_turn(client, TURN_TIMEOUT).ok_or(NotResumed::Busy)?;
        let replaced = self.replace_user(&session, owner, used, &request, options, now);
        let ReplacedUser { old, new: user, rooms } = replaced.inspect_err(|_| session.return_turn(client, owner))?;
        if rooms.must_be_stored {
            self.store_ownership_of(&user, now);
        }
        request.options.refused_rooms.extend(rooms.refused);
        old.send_event(&EventKind::from(Cause::ResumedElsewhere.report()).at(now), &self.limits);
        old.outbox.close_input();
        old.outbox.disconnect(DisconnectReason::Resumed);
        let reservation = NameReservation { hub: self.clone(), name: user.name.clone(), transferred: false };
        self.attach(&session, &user, options.acks, options.seq, now);
        let rooms = make_current(rooms.entered, &request.options.rooms);
        let arrival =
            SessionStart { rooms, token: Some(options.token), name_token: None, resumed: true, announced: false };
        Ok(self.start_session(reservation, user, arrival, request, now))
    }

    /// Returns the session of an open connection. If its user is leaving, waits for that.
    ///
    /// # Errors
    /// The session has changed: after a leave, the caller finds it detached or gone.
    fn live_session(&self, token: Token, transport: Transport) -> Result<Arc<SessionState>, NotResumed> {
        let mut registry = self.registry();
        let Some(FoundSession::Live(_, client)) = registry.sessions.find(token, transport) else {
            return Err(NotResumed::Changed);
        };
        if let Some(session) = registry.users.get(&client).and_then(|user| user.session.clone()) {
            return Ok(session);
        }
        registry.wait_for(&self.name_freed, LEAVE_TIMEOUT);
        Err(NotResumed::Changed)
    }

    /// Replaces the user of the client `owner` by a user on the requesting connection, in all tables. Returns both.
    ///
    /// # Errors
    /// The session has changed meanwhile, or the user is banned.
    fn replace_user(
        &self,
        session: &SessionState,
        owner: ClientId,
        used: Token,
        request: &SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<ReplacedUser, NotResumed> {
        let _order = self.private_chat_order.lock();
        let mut registry = self.registry();
        let found = registry.sessions.find(used, options.transport);
        if found != Some(FoundSession::Live(session.number, owner)) {
            return Err(NotResumed::Changed);
        }
        let old = registry.users.get(&owner).cloned().ok_or(NotResumed::Changed)?;
        self.check_not_banned(old.rules_identity(), &request.address, now)?;
        registry.users.remove(&owner);
        registry.remove_former_names(&old);
        // Hold only now that nothing can fail: a refusal would be stuck in the held outbox.
        request.outbox.hold();
        let user = old.with_connection(request.outbox.clone(), request.rendering, request.address.clone());
        let client = user.client();
        registry.sessions.resume(session.number, client, used, options.token);
        registry.names.insert(user.name.key().clone(), NameState::Online(client));
        registry.users.insert(client, user.clone());
        registry.add_former_names(&user);
        registry.rooms.replace_client(owner, &user);
        registry.private_chats.replace_client(owner, client);
        registry.direct_requests.replace_client(owner, client);
        registry.blocks.replace_client(owner, client);
        registry.block_connection(&user);
        old.mark_left();
        // The old connection may have left its rooms already, since the turn is no longer its own.
        let rooms = session.rooms.lock().clone();
        let rooms = self.enter_again(&mut registry, rooms, &user, now);
        Ok(ReplacedUser { old, new: user, rooms })
    }

    /// Makes a user who resumes its session a member of its rooms, so that an owner who takes it out finds it there.
    /// [`Hub::start_session`] enters only rooms of which the user is still a member.
    fn enter_again(
        &self,
        registry: &mut Registry,
        rooms: Vec<RoomName>,
        user: &Arc<User>,
        now: OffsetDateTime,
    ) -> RoomsAgain {
        let mut again = RoomsAgain::default();
        for room in rooms {
            match self.enter(registry, &room, user, Entry { key: None, resumed: true, now }) {
                Ok(entered) => {
                    again.must_be_stored |= entered.must_be_stored;
                    again.entered.push(room);
                }
                Err(report) => again.refused.push(report.in_room(room.to_string())),
            }
        }
        again
    }

    /// Refuses a session of a user who is banned from the server, by its new address, too. The caller holds the registry:
    /// a ban finds the user there, or the user finds the ban here.
    fn check_not_banned(
        &self,
        identity: Identity,
        address: &CountedAddress,
        now: OffsetDateTime,
    ) -> Result<(), NotResumed> {
        let identity = Identity { address: address.key.clone(), ..identity };
        self.server_rules.lock().check_ban(&identity, now).map_err(NotResumed::Banned)
    }

    /// Resumes a session whose connection was lost, under its name, which the caller has reserved again.
    ///
    /// # Errors
    /// The session has changed meanwhile, its last turn does not end in time, or the user is banned.
    pub fn resume_lost(
        self: &Arc<Self>,
        reservation: NameReservation,
        used: Token,
        mut request: SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<Session, NotResumed> {
        let client = request.outbox.client();
        let (number, session) = self.lost_session(&reservation, used, options.transport).ok_or(NotResumed::Changed)?;
        let owner = session.take_turn(client, TURN_TIMEOUT).ok_or(NotResumed::Busy)?;
        let account_blocks = self.storage.block_list(reservation.name.key());
        let mut registry = self.registry();
        let detached = self.take_lost(&mut registry, number, used, &request, options, now);
        let detached = detached.inspect_err(|_| session.return_turn(client, owner))?;
        let DetachedSession { name, history_owner, profile, rooms, blocked, partners, .. } = detached;
        // Hold only now that nothing can fail: a refusal would be stuck in the held outbox.
        request.outbox.hold();
        let outbox = request.outbox.clone();
        let address = request.address.clone();
        let rendering = request.rendering;
        let user = User::new(name, history_owner, address, outbox, rendering, Some(session.clone()), profile);
        registry.add_user(&user, if user.is_account() { account_blocks } else { blocked });
        registry.keep_name(&user);
        self.server_rules.lock().come_in(user.rules_identity());
        let rooms = self.enter_again(&mut registry, rooms, &user, now);
        drop(registry);
        if rooms.must_be_stored {
            self.store_ownership_of(&user, now);
        }
        request.options.refused_rooms.extend(rooms.refused);
        self.attach(&session, &user, options.acks, options.seq, now);
        let rooms = make_current(rooms.entered, &request.options.rooms);
        let arrival =
            SessionStart { rooms, token: Some(options.token), name_token: None, resumed: true, announced: true };
        let session = self.start_session(reservation, user, arrival, request, now);
        self.reopen_chats(&session.user, &partners, now);
        Ok(session)
    }

    /// Takes the detached session of a token out of the table.
    ///
    /// # Errors
    /// The session has changed meanwhile, or the user is banned.
    fn take_lost(
        &self,
        registry: &mut Registry,
        number: SessionNumber,
        used: Token,
        request: &SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<DetachedSession, NotResumed> {
        if registry.sessions.find(used, options.transport) != Some(FoundSession::Detached(number)) {
            return Err(NotResumed::Changed);
        }
        let detached = registry.sessions.detached(number).ok_or(NotResumed::Changed)?;
        self.check_not_banned(detached.rules_identity(), &request.address, now)?;
        registry.sessions.resume(number, request.outbox.client(), used, options.token).ok_or(NotResumed::Changed)
    }

    /// Finds the detached session of a token, if it has the reserved name. Returns its number too.
    fn lost_session(
        &self,
        reservation: &NameReservation,
        token: Token,
        transport: Transport,
    ) -> Option<(u64, Arc<SessionState>)> {
        let registry = self.registry();
        let Some(FoundSession::Detached(number)) = registry.sessions.find(token, transport) else { return None };
        let detached = registry.sessions.detached(number).filter(|detached| detached.name == reservation.name)?;
        Some((number, detached.session.clone()))
    }

    /// Reopens the private chats that ended when the connection was lost.
    fn reopen_chats(self: &Arc<Self>, user: &Arc<User>, partners: &[(UserName, HistoryOwner)], now: OffsetDateTime) {
        let _order = self.private_chat_order.lock();
        for (name, history_owner) in partners {
            let mut registry = self.registry();
            let Some(other) = registry.online(name.key()).filter(|other| other.history_owner() == history_owner) else {
                // The partner's connection is lost too: the chat opens when the partner resumes.
                registry.add_lost_partner(history_owner, user);
                continue;
            };
            let blocked = registry.blocks.is_blocked(other.client(), &user.name_keys())
                || registry.blocks.is_blocked(user.client(), &other.name_keys());
            let opens = !blocked && registry.private_chats.reopen(user.client(), other.client());
            drop(registry);
            if opens {
                for (one, with) in [(&other, user), (user, &other)] {
                    one.send_event(
                        &EventKind::PrivateConnected { with: with.name.as_str().into() }.at(now),
                        &self.limits,
                    );
                }
            }
        }
    }
}

/// The user before and after a takeover.
struct ReplacedUser {
    old: Arc<User>,
    new: Arc<User>,
    rooms: RoomsAgain,
}

/// The rooms of a user who resumes its session.
#[derive(Default)]
struct RoomsAgain {
    entered: Vec<RoomName>,
    /// Rooms that refuse the user now, as reports.
    refused: Vec<Report<'static>>,
    /// The rules must be stored, since a room's last use is noted.
    must_be_stored: bool,
}

/// Reorders the rooms of a session, so that the last room in `requested` becomes the current one if the session has it.
fn make_current(mut rooms: Vec<RoomName>, requested: &[RoomName]) -> Vec<RoomName> {
    let last = requested.last();
    let position = last.and_then(|last| rooms.iter().position(|room| room.key() == last.key()));
    if let Some(position) = position {
        let current = rooms.remove(position);
        rooms.push(current);
    }
    rooms
}

impl Session {
    /// Notes that the connection was lost, so that the session can be resumed for a while after it is dropped.
    pub fn mark_connection_lost(&mut self) {
        self.connection_lost = true;
    }

    /// Begins a turn. Returns false if another connection owns the session.
    #[must_use]
    pub fn begin_turn(&self) -> bool {
        self.user.session.as_ref().is_none_or(|session| session.begin_turn(self.user.client()))
    }

    /// Ends a turn, after everything that arrived is handled.
    pub fn end_turn(&self) {
        if let Some(session) = &self.user.session {
            session.end_turn(self.user.client());
        }
    }

    /// Voids the token that was used to resume: the client has shown that it has the new one.
    pub fn confirm_token(&self) {
        if let Some(session) = &self.user.session {
            self.hub.registry().sessions.confirm(session.number);
        }
    }

    /// Copies the list of rooms into the session state, for the connection that resumes it.
    pub(super) fn save_room_list(&self) {
        if let Some(session) = &self.user.session {
            let rooms = self.rooms.iter().filter(|membership| membership.subscription.is_member());
            *session.rooms.lock() = rooms.map(|membership| membership.name.clone()).collect();
        }
    }

    /// Detaches the session for `resume_seconds` if the connection was lost; otherwise removes it and its tokens.
    pub(super) fn end_session(&mut self) {
        let Some(session) = self.user.session.clone() else {
            return self.hub.forget_guest(self.user.history_owner());
        };
        let bytes = self.hub.detach(&session, self.user.name.key());
        let labels = session.labels.lock().bytes();
        let mut registry = self.hub.registry();
        // Copy under the lock: an owner who takes the user out meanwhile finds the room here or in the lost session.
        let rooms = session.rooms.lock().clone();
        let leaving = registry.leaving.get_mut(&self.user.client());
        let partners = leaving.map(|leaving| std::mem::take(&mut leaving.partners)).unwrap_or_default();
        if !self.connection_lost {
            registry.sessions.revoke(session.number);
            drop(registry);
            self.hub.forget_guest(self.user.history_owner());
            return;
        }
        let blocked = registry.blocks.list(self.user.client()).to_vec();
        let name = self.user.name.clone();
        let history_owner = self.user.history_owner().clone();
        let number = session.number;
        let names = rooms.len() + blocked.len() + partners.len();
        let bytes = bytes + labels + names * NAME_BYTES + DETACHED_BYTES;
        let profile = self.user.profile.clone();
        let detached = DetachedSession { name, history_owner, session, profile, rooms, blocked, partners };
        let (detachment, evicted) = registry.sessions.detach(number, self.user.address.key.clone(), detached, bytes);
        drop(registry);
        // Free the evicted sessions without the hub's lock.
        for detached in evicted {
            self.hub.forget_guest(&detached.history_owner);
        }
        let Some(detachment) = detachment else { return };
        let hub = Arc::downgrade(&self.hub);
        let expire = move || {
            if let Some(hub) = hub.upgrade() {
                let expired = hub.registry().sessions.expire(detachment);
                if let Some(detached) = expired {
                    hub.forget_guest(&detached.history_owner);
                }
            }
        };
        self.hub.poller.run_after(Limits::seconds(self.hub.limits.resume_seconds), expire);
    }
}
