//! Going on with a session: taking it over from a connection that still stands, or after its connection was lost.
//!
//! *Take-over.* Between two turns of the old connection the new one takes its place everywhere, in one step under the
//! hub's lock: name, rooms, private chats, blocks. Nobody hears of it. The new connection takes seats of its own in the
//! rooms; what was said between the last line that the client received and these seats is in the history. The old
//! connection's thread finds that it owns the session no more, and leaves in silence.
//!
//! *After a loss* the user has left like any other, and what is not stored elsewhere is kept for a while. Resuming is
//! coming in again, with notices; private chats that ended by the loss are opened again.

use super::super::resume::FoundSession;
use super::super::session_state::SessionState;
use super::super::{NameReservation, NameState, Registry, SignInRequest};
use super::lifecycle::Arrival;
use super::{Hub, Session, User};
use crate::fanout::{ClientId, DisconnectReason};
use crate::hub::{SessionOptions, Token, Transport};
use landline_common::history::HistoryOwner;
use landline_common::{Cause, EventKind, Limits, OffsetDateTime, Rendering, RoomName, UserName};
use std::sync::Arc;
use std::time::Duration;

/// How long the old connection's turn may take: it may wait for the disk.
const TURN: Duration = Duration::from_secs(6);
/// How long a user who is just leaving may take.
const LEAVING: Duration = Duration::from_secs(5);
/// About the bytes of a detached session beside its private lines, its labels and the names that it keeps.
const DETACHED_BYTES: usize = 1_024;
/// About the bytes of a room or a user that a detached session keeps.
const NAME_BYTES: usize = 160;

/// What is kept of a session whose connection was lost.
#[derive(Debug)]
pub struct Detached {
    name: UserName,
    party: HistoryOwner,
    session: Arc<SessionState>,
    /// The last one was the current one.
    rooms: Vec<RoomName>,
    blocked: Vec<UserName>,
    /// With whom there were private chats.
    partners: Vec<(UserName, HistoryOwner)>,
}

impl Detached {
    /// A private chat with `before` is one with `after` from now on.
    pub(super) fn rename_partner(&mut self, before: &HistoryOwner, after: &HistoryOwner) {
        for (_, party) in self.partners.iter_mut().filter(|(_, party)| party == before) {
            party.clone_from(after);
        }
    }
}

/// A session that a token goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumable {
    /// A connection serves it.
    Live,
    /// Its connection was lost. The name has to be claimed again.
    Lost(UserName),
}

/// Why a session does not go on.
#[derive(Debug)]
pub enum NotResumed {
    /// The session has changed meanwhile: look again.
    Changed,
    /// The old connection is busy.
    Busy,
}

impl Hub {
    /// A user's session ends for good: the tokens are void from now on.
    pub fn revoke_session(&self, user: &User) {
        if let Some(session) = &user.session {
            let revoked = self.registry().sessions.revoke(session.number);
            drop(revoked);
        }
    }

    /// The chosen of the sessions whose connection was lost cannot be resumed any more. Returns their users.
    pub fn revoke_lost(&self, chosen: impl Fn(&UserName, &HistoryOwner) -> bool) -> Vec<UserName> {
        let mut registry = self.registry();
        let lost = registry.sessions.all_detached().filter(|detached| chosen(&detached.name, &detached.party));
        let lost: Vec<_> = lost.map(|detached| detached.session.number).collect();
        let revoked: Vec<_> = lost.into_iter().filter_map(|session| registry.sessions.revoke(session)).collect();
        drop(registry);
        revoked.into_iter().map(|detached| detached.name).collect()
    }

    /// The session that a token goes on with.
    #[must_use]
    pub fn resumable(&self, token: Token, transport: Transport) -> Option<Resumable> {
        let registry = self.registry();
        Some(match registry.sessions.find(token, transport)? {
            FoundSession::Live(..) => Resumable::Live,
            FoundSession::Detached(session) => Resumable::Lost(registry.sessions.detached(session)?.name.clone()),
        })
    }

    /// Takes a session over from the connection that serves it.
    ///
    /// # Errors
    /// The connection is busy, or the session has changed meanwhile.
    pub fn take_over(
        self: &Arc<Self>,
        used: Token,
        newcomer: SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<Session, NotResumed> {
        let session = self.live_session(used, options.transport)?;
        let client = newcomer.outbox.client();
        let owner = session.take_turn(client, TURN).ok_or(NotResumed::Busy)?;
        let Some((old, user)) = self.replace(&session, owner, used, &newcomer, options) else {
            session.give_turn_back(client, owner);
            return Err(NotResumed::Changed);
        };
        old.tell(&EventKind::from(Cause::ResumedElsewhere.report()).at(now), &self.limits);
        old.outbox.close_input();
        old.outbox.disconnect(DisconnectReason::Resumed);
        let reservation = NameReservation { hub: self.clone(), name: user.name.clone(), passed_on: false };
        self.attach(&session, &user, options.acks, options.seq, now);
        let rooms = current_last(session.rooms.lock().clone(), &newcomer.options.rooms);
        let arrival = Arrival { rooms, token: Some(options.token), resumed: true, announced: false };
        Ok(self.move_in(reservation, user, arrival, newcomer, now))
    }

    /// The session of a connection that stands. Waits for a user who is just leaving, and is then found elsewhere.
    fn live_session(&self, token: Token, transport: Transport) -> Result<Arc<SessionState>, NotResumed> {
        let mut registry = self.registry();
        let Some(FoundSession::Live(_, client)) = registry.sessions.find(token, transport) else {
            return Err(NotResumed::Changed);
        };
        if let Some(session) = registry.users.get(&client).and_then(|user| user.session.clone()) {
            return Ok(session);
        }
        registry.wait_for(&self.name_freed, LEAVING);
        Err(NotResumed::Changed)
    }

    /// Puts the newcomer in the place of the client `owner`, everywhere. Returns both.
    fn replace(
        &self,
        session: &SessionState,
        owner: ClientId,
        used: Token,
        newcomer: &SignInRequest,
        options: SessionOptions,
    ) -> Option<(Arc<User>, Arc<User>)> {
        let _order = self.privately.lock();
        let mut registry = self.registry();
        let found = registry.sessions.find(used, options.transport);
        if found != Some(FoundSession::Live(session.number, owner)) {
            return None;
        }
        let old = registry.users.remove(&owner)?;
        // From here on nothing fails: a refusal would lie in the held outbox.
        newcomer.outbox.hold();
        let user = old.on(newcomer.outbox.clone(), newcomer.address.clone());
        let client = user.client();
        registry.sessions.resume(session.number, client, used, options.token);
        registry.names.insert(user.name.key().clone(), NameState::Here(client));
        registry.users.insert(client, user.clone());
        registry.rooms.replace(owner, &user);
        registry.privates.rename(owner, client);
        registry.directs.rename(owner, client);
        registry.blocks.rename(owner, client);
        registry.silence_successor(&user);
        old.leaves();
        Some((old, user))
    }

    /// Goes on with a session whose connection was lost, under its name, which is claimed again.
    ///
    /// # Errors
    /// The session has changed meanwhile.
    pub fn come_back(
        self: &Arc<Self>,
        reservation: NameReservation,
        used: Token,
        newcomer: SignInRequest,
        options: SessionOptions,
        now: OffsetDateTime,
    ) -> Result<Session, NotResumed> {
        let client = newcomer.outbox.client();
        let (number, session) = self.lost_session(&reservation, used, options.transport).ok_or(NotResumed::Changed)?;
        let owner = session.take_turn(client, TURN).ok_or(NotResumed::Busy)?;
        let account_blocks = self.memory.blocks(reservation.name.key());
        let mut registry = self.registry();
        let is_lost = registry.sessions.find(used, options.transport) == Some(FoundSession::Detached(number));
        let detached = is_lost.then(|| registry.sessions.resume(number, client, used, options.token)).flatten();
        let Some(Detached { name, party, rooms, blocked, partners, .. }) = detached else {
            drop(registry);
            session.give_turn_back(client, owner);
            return Err(NotResumed::Changed);
        };
        // From here on nothing fails: a refusal would lie in the held outbox.
        newcomer.outbox.hold();
        let (outbox, address) = (newcomer.outbox.clone(), newcomer.address.clone());
        let user = User::new(name, party, address, outbox, Rendering::Json, Some(session.clone()));
        registry.arrive(&user, if user.is_account() { account_blocks } else { blocked });
        drop(registry);
        self.attach(&session, &user, options.acks, options.seq, now);
        let rooms = current_last(rooms, &newcomer.options.rooms);
        let arrival = Arrival { rooms, token: Some(options.token), resumed: true, announced: true };
        let session = self.move_in(reservation, user, arrival, newcomer, now);
        self.reopen_chats(&session.user, &partners, now);
        Ok(session)
    }

    /// The session of the name that is claimed, if its connection was lost.
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

    /// Opens private chats again that ended when a connection was lost.
    fn reopen_chats(self: &Arc<Self>, user: &Arc<User>, partners: &[(UserName, HistoryOwner)], now: OffsetDateTime) {
        let _order = self.privately.lock();
        for (name, party) in partners {
            let mut registry = self.registry();
            let Some(other) = registry.here(name.key()).filter(|other| other.party() == party) else {
                // The other's connection is lost, too: the chat opens when the second one is back.
                registry.remember_partner(party, user);
                continue;
            };
            let blocked = registry.blocks.is_blocked(other.client(), user.name.key())
                || registry.blocks.is_blocked(user.client(), other.name.key());
            let opens = !blocked && registry.privates.reopen(user.client(), other.client());
            drop(registry);
            if opens {
                for (one, with) in [(&other, user), (user, &other)] {
                    one.tell(&EventKind::PrivateConnected { with: with.name.as_str().into() }.at(now), &self.limits);
                }
            }
        }
    }
}

/// The rooms of a session, with the one that the client asks for as the current one.
fn current_last(mut rooms: Vec<RoomName>, asked: &[RoomName]) -> Vec<RoomName> {
    let at = asked.last().and_then(|asked| rooms.iter().position(|room| room.key() == asked.key()));
    if let Some(at) = at {
        let current = rooms.remove(at);
        rooms.push(current);
    }
    rooms
}

impl Registry {
    /// A session of that party that is lost has one more private chat to open again.
    fn remember_partner(&mut self, party: &HistoryOwner, partner: &User) {
        for detached in self.sessions.all_detached().filter(|detached| detached.party == *party) {
            if detached.partners.iter().all(|(_, known)| known != partner.party()) {
                detached.partners.push(partner.identity());
            }
        }
    }
}

impl Session {
    /// The connection was lost: the session may be resumed for a while.
    pub fn lose(&mut self) {
        self.lost = true;
    }

    /// Begins to do what arrived. False if another connection serves the session now.
    #[must_use]
    pub fn begin_turn(&self) -> bool {
        self.user.session.as_ref().is_none_or(|session| session.begin_turn(self.user.client()))
    }

    /// Everything that arrived is done.
    pub fn end_turn(&self) {
        if let Some(session) = &self.user.session {
            session.end_turn(self.user.client());
        }
    }

    /// The client has shown that it has the token of its sign-in.
    pub fn confirm_token(&self) {
        if let Some(session) = &self.user.session {
            self.hub.registry().sessions.confirm(session.number);
        }
    }

    /// Notes in which rooms a session is.
    pub(super) fn note_rooms(&self) {
        if let Some(session) = &self.user.session {
            *session.rooms.lock() = self.rooms.iter().map(|membership| membership.name.clone()).collect();
        }
    }

    /// The session ends with this connection, or is kept for a while if that was lost. Afterwards it may be resumed.
    pub(super) fn end_session(&mut self) {
        let Some(session) = self.user.session.clone() else { return };
        let bytes = self.hub.detach(&session, self.user.name.key());
        let labels = session.labels.lock().bytes();
        let rooms = session.rooms.lock().clone();
        let mut partners = std::mem::take(&mut self.partners);
        let mut registry = self.hub.registry();
        if let Some(leaving) = registry.leaving.get_mut(&self.user.client()) {
            partners.append(&mut leaving.partners);
        }
        if !self.lost {
            registry.sessions.revoke(session.number);
            return;
        }
        let blocked = registry.blocks.list(self.user.client()).to_vec();
        let (name, party, number) = (self.user.name.clone(), self.user.party().clone(), session.number);
        let names = rooms.len() + blocked.len() + partners.len();
        let bytes = bytes + labels + names * NAME_BYTES + DETACHED_BYTES;
        let detached = Detached { name, party, session, rooms, blocked, partners };
        let (detachment, dropped) = registry.sessions.detach(number, self.user.address.clone(), detached, bytes);
        drop(registry);
        drop(dropped);
        let hub = Arc::downgrade(&self.hub);
        let expire = move || {
            if let Some(hub) = hub.upgrade() {
                let expired = hub.registry().sessions.expire(detachment);
                drop(expired);
            }
        };
        self.hub.poller.run_after(Limits::seconds(self.hub.limits.resume_seconds), expire);
    }
}
