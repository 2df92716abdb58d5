//! Handles an event of the server: finds the request that it answers, and updates rooms, requests and the connection.
//! Only labels and causes decide, never the text of a sentence.

use super::limits::MAX_PAGES;
use super::received::{Membership, Numbering, folded};
use super::request::{Progress, RequestKind};
use super::send_queue::QueuedRequest;
use super::session::IN_DOUBT;
use super::{Effect, Engine, Update};
use crate::sign_in::{Loss, Session};
use landline_common::clean::clean;
use landline_common::command::object::EVERYBODY;
use landline_common::event::SignInDetails;
use landline_common::history::Location;
use landline_common::{Cause, Event, EventKind, Report, Request, UserName};

/// Default pause before a request that the server was too busy for is sent again, in milliseconds.
const BUSY_MS: u64 = 1_000;

/// The engine's findings about an event, for the UI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The request that the event answers, and the UI's number for it (0 for a background request).
    pub answer: Option<(RequestKind, u64)>,
    /// False if the event was received before.
    pub is_new: bool,
    /// The UI's number of the user's line, if the event is that line.
    pub own_key: Option<u64>,
    /// Why a message comes from the history.
    pub source: MessageSource,
}

/// Why a message comes from the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageSource {
    /// The message is live.
    Live,
    /// The user missed the message.
    Missed,
    /// The engine holds the message back until the server tells whether it was missed; [`Update::Recalled`] follows.
    HeldBack,
    /// The user scrolls back.
    Scrollback,
    /// The user asked for the history.
    Requested,
    /// The user searched.
    Search,
}

/// Returns the room of a message, [`EVERYBODY`] for one to all users, or `None` for a direct message.
fn room_name<'e>(place: &'e Location<'_>) -> Option<&'e str> {
    match place {
        Location::Room(room) => Some(room),
        Location::Global => Some(EVERYBODY),
        Location::DirectMessage { .. } => None,
    }
}

impl Engine {
    /// Handles an event of the server. [`Engine::take`] then returns the consequences.
    pub fn handle_event(&mut self, event: &Event<'_>) -> IncomingEvent {
        self.connection.record_traffic(self.now.ms);
        let reply = event.reply.as_ref().map(|reply| (&*reply.label, reply.done));
        let item = reply.and_then(|(label, _)| self.queue.find_unanswered(label)).cloned();
        let given_up = reply.is_some_and(|(label, _)| self.is_given_up(label));
        let kind = item.as_ref().map(|item| (item.kind.clone(), item.key));
        let answer = kind.or_else(|| given_up.then_some((RequestKind::Abandoned, 0)));
        let mut incoming = IncomingEvent { answer, is_new: true, own_key: None, source: MessageSource::Live };
        if let Some(seq) = seq_of(event)
            && !self.record_seq(seq, &mut incoming)
        {
            return IncomingEvent { answer: None, own_key: None, source: MessageSource::Live, is_new: false };
        }
        match &event.what {
            // Only an event during the sign-in counts: a server must not move the user to another room with a second
            // one.
            EventKind::Welcome { .. } if self.connection.phase != super::Phase::Connecting => incoming.is_new = false,
            EventKind::Welcome { user, server, room, account, grant } => {
                self.set_name(user);
                self.server = (**server).into();
                self.account = *account;
                self.is_encrypted = grant.encrypted;
                if !grant.resumed {
                    self.resolve_unconfirmed_password(reply.map(|(label, _)| label));
                }
                self.apply_welcome(room, grant);
            }
            EventKind::Said { id, room, .. } => self.record_message(room, *id, &mut incoming),
            EventKind::SaidToAll { id, .. } => self.record_message(EVERYBODY, *id, &mut incoming),
            EventKind::Direct { id, .. } => incoming.is_new &= self.received.record_id(*id),
            EventKind::Recalled { .. } => self.apply_history(event, &mut incoming),
            EventKind::CaughtUp { room, missed, more, .. } => self.apply_caught_up(room, *missed, *more),
            EventKind::RecallEnd { next, .. } => self.end_page(item.as_ref(), next.is_some()),
            EventKind::Renamed { from, to } if self.is_me(from) => self.set_name(to),
            EventKind::Ping => self.effects.push(Effect::Send(Request::of("pong").to_line())),
            EventKind::Report(report) => self.apply_report(report, item.as_ref(), incoming.is_new),
            _ => {}
        }
        if let Some((label, true)) = reply {
            self.finish_request(label, event, &mut incoming);
        }
        incoming
    }

    /// Sets the name of the user. A guest also signs in under it again; an account has one name. A resumed session tells of
    /// a change that the lost connection has hidden.
    fn set_name(&mut self, name: &str) {
        self.me = name.into();
        if self.identity.password.is_none()
            && let Ok(name) = UserName::parse(name)
            && name != self.identity.name
        {
            self.identity.name = name.clone();
            self.push_update(Update::OwnName(name));
        }
    }

    /// Records the sequence number of an event. Returns `false` if the event must be ignored: the client is not signed
    /// in, or numbers are missing before it. In the second case the server is broken, so the client reconnects.
    fn record_seq(&mut self, seq: u64, incoming: &mut IncomingEvent) -> bool {
        if !self.is_up() {
            return false;
        }
        match self.received.record_seq(seq) {
            Numbering::New => {}
            Numbering::Known => incoming.is_new = false,
            Numbering::Broken { last } => {
                let why = format!("the server is broken: it sent message {seq} for you after message {last}");
                self.effects.push(Effect::Disconnect);
                self.connection_lost(&why, Loss::Server);
                return false;
            }
        }
        true
    }

    /// Returns whether a label is this engine's, but of no request under way. Usually a background request was dropped
    /// with its connection.
    fn is_given_up(&self, label: &str) -> bool {
        let is_sign_in = self.sign_in_labels.iter().any(|other| other == label);
        self.is_own_label(label) && !is_sign_in && self.queue.find_unanswered(label).is_none()
    }

    /// Handles a successful sign-in: starts the queue, and compares the server's list of rooms with the client's.
    fn apply_welcome(&mut self, room: &str, grant: &SignInDetails<'_>) {
        let first = !self.was_up();
        self.registered = true;
        self.connection.set_up(self.now.ms);
        self.queue.set_rate(grant.rate, if self.options.mesh { 0 } else { 2 }, self.now.ms);
        self.session = grant.token.as_ref().map(|token| Session { token: token.to_string(), seq: None });
        self.received.begin_connection(grant.resumed);
        if !grant.resumed {
            self.fail_non_idempotent();
        }
        let members: Vec<&str> = grant.member_of.iter().map(|room| &**room).chain([room]).collect();
        // If the answer to a join was lost, the server has the user in a room that the client does not know of.
        let unknown: Vec<&str> = members.iter().filter(|room| !self.rooms.is_in(room)).copied().collect();
        for room in &members {
            if let Some(room) = self.rooms.get_or_create(room, Membership::In) {
                room.membership = Membership::In;
            }
        }
        let is_out = |key: &str| key != EVERYBODY && !members.iter().any(|room| *folded(room) == *key);
        let mut out = Vec::new();
        for (key, room) in self.rooms.iter_mut() {
            if room.membership == Membership::In && is_out(key) {
                room.membership = Membership::Out;
                out.push(room.title.clone());
            }
        }
        self.push_update(Update::Up { first, resumed: grant.resumed, room: room.into() });
        for room in out {
            self.refuse_entry(&room, 0, "the server did not let you into that room again");
        }
        for room in unknown {
            self.push_update(Update::Entered { room: room.into(), key: 0 });
            self.start_catch_up(room);
        }
        // A mesh has no server that could tell what was missed.
        if self.options.mesh {
            self.finish_catch_up(room);
        }
    }

    /// Fails requests that the lost session may have run already. A new session does not know their labels, so a second
    /// sending would run them twice.
    fn fail_non_idempotent(&mut self) {
        for item in self.queue.take_waiting(|item| item.not_idempotent && item.in_doubt) {
            self.report_progress(&item, Progress::Failed(IN_DOUBT.into()));
        }
    }

    /// Records the id of a live message. If the message answers a request, it is the user's own.
    fn record_message(&mut self, room: &str, id: u64, incoming: &mut IncomingEvent) {
        incoming.is_new &= self.received.record_id(id);
        self.rooms.record_live(room, id);
        if let Some((RequestKind::Message(_), key)) = incoming.answer {
            incoming.own_key = Some(key);
        }
    }

    /// Handles a message from the history. The nonce tells whether it is an unanswered line of the user, which is then
    /// delivered: its first sending had arrived before the connection broke.
    fn apply_history(&mut self, event: &Event<'_>, incoming: &mut IncomingEvent) {
        let EventKind::Recalled { id, place, user, text, edited } = &event.what else { return };
        let room = room_name(place);
        incoming.source = match &incoming.answer {
            Some((RequestKind::CatchUp(..), _)) => MessageSource::Missed,
            Some((RequestKind::Older(_) | RequestKind::Abandoned, _)) => MessageSource::Scrollback,
            Some((RequestKind::Search, _)) => MessageSource::Search,
            Some(_) => MessageSource::Requested,
            // Part of the answer to the sign-in, for which no request waits.
            None => match room.and_then(|room| self.rooms.get(room)) {
                Some(room) if !room.caught_up && room.is_first_look => MessageSource::HeldBack,
                Some(room) if !room.caught_up => MessageSource::Missed,
                _ => MessageSource::Requested,
            },
        };
        if matches!(incoming.source, MessageSource::Missed | MessageSource::HeldBack) {
            incoming.is_new &= self.received.record_id(*id);
            if let Some(room) = room {
                self.rooms.record_missed(room, *id);
            }
        }
        if let Some(label) = nonce_of(event).and_then(|nonce| self.queue.label_of_nonce(nonce))
            && let Some(item) = self.queue.finish(&label)
        {
            incoming.own_key = Some(item.key);
            self.report_progress(&item, Progress::Done { id: Some(*id), at: event.at.unix_ms });
        }
        if incoming.source == MessageSource::HeldBack && incoming.own_key.is_none() {
            let copy = owned_message(*id, place, user, text, *edited).at(event.at);
            for event in self.held_back.push(copy) {
                self.push_update(Update::Recalled { event: Box::new(event), missed: false });
            }
        }
    }

    /// Handles a report whose cause changes rooms or the connection. `is_new` is false if it was received before.
    fn apply_report(&mut self, report: &Report<'_>, item: Option<&QueuedRequest>, is_new: bool) {
        let room = report.about.room.as_deref();
        match report.cause {
            Cause::Entered => {
                if let Some(room) = room {
                    self.enter_room(room, item);
                }
            }
            Cause::LeftRoom => {
                if let Some(room) = room {
                    self.leave_room(room);
                }
            }
            // A repetition may be older than the user's return into the room.
            Cause::KickedFromRoom if is_new => {
                if let Some(room) = room {
                    self.end_membership(room, &removal_of(report));
                }
            }
            Cause::Kicked | Cause::Banned => {
                let what = if report.cause == Cause::Kicked { "you were kicked" } else { "you were banned" };
                let reason = report.about.reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
                self.connection.ended = Some(format!("{what}{}", clean(&reason)).into());
                self.session = None;
            }
            Cause::PasswordReset => {
                self.connection.ended = Some("the operator has set a new password for your account".into());
                self.session = None;
                self.password_refused = true;
            }
            // Do not reconnect: two copies of the client would take the session from each other without end.
            Cause::ResumedElsewhere => {
                self.connection.ended = Some("this session goes on over another connection".into());
            }
            _ => {}
        }
    }

    /// Handles the last answer to a request: completes or fails the request, or queues it again.
    fn finish_request(&mut self, label: &str, event: &Event<'_>, incoming: &mut IncomingEvent) {
        if self.connection.take_pong(label, self.now.ms) {
            incoming.answer = Some((RequestKind::Ping, 0));
            return;
        }
        if let EventKind::Report(Report { cause: Cause::Throttled, about, .. }) = &event.what {
            let wait = about.retry_ms.unwrap_or(BUSY_MS);
            if let Some(item) = self.queue.requeue(label, wait, self.now.ms).cloned() {
                self.report_progress(&item, Progress::Queued);
            }
            return;
        }
        let Some(item) = self.queue.finish(label) else { return };
        let refusal = match &event.what {
            EventKind::Report(report) if report.is_refusal() => Some((report.cause, report.sentence().into_owned())),
            EventKind::Error { text, .. } => Some((Cause::Other, text.to_string())),
            _ => None,
        };
        self.password_answered(label, refusal.is_none());
        match (refusal, &item.kind) {
            // A message that could not be stored was still sent to its readers.
            (None | Some((Cause::NotStored, _)), _) => self.complete(&item, event),
            (Some((Cause::HistoryBusy, _)), RequestKind::CatchUp(room, tries @ 0..MAX_PAGES)) => {
                self.request_missed(room, tries + 1, self.now.ms + BUSY_MS);
            }
            (Some(_), RequestKind::CatchUp(room, _)) => self.finish_catch_up(room),
            (Some((cause, why)), RequestKind::Join(room)) => {
                let why = if cause == Cause::KeyNeeded { key_needed(room) } else { why };
                self.refuse_entry(room, item.key, &why);
                self.report_progress(&item, Progress::Failed(why.into()));
            }
            (Some((_, why)), _) => self.report_progress(&item, Progress::Failed(why.into())),
        }
    }

    /// Completes a request that the server has run.
    fn complete(&mut self, item: &QueuedRequest, event: &Event<'_>) {
        let id = match &event.what {
            EventKind::Said { id, .. } | EventKind::SaidToAll { id, .. } | EventKind::Direct { id, .. } => Some(*id),
            EventKind::Done { id, .. } => *id,
            _ => None,
        };
        match &item.kind {
            // The answer to a repeated label does not name the room.
            RequestKind::Join(room) if !matches!(event.what, EventKind::Report(_)) => {
                let title = self.rooms.get(room).map_or_else(|| room.clone(), |room| room.title.clone());
                self.enter_room(&title, Some(item));
            }
            RequestKind::Leave(room) if self.rooms.is_in(room) => self.leave_room(room),
            _ => {}
        }
        self.report_progress(item, Progress::Done { id, at: event.at.unix_ms });
    }
}

/// Returns by which owner the user was taken out of a room, and the reason.
fn removal_of(report: &Report<'_>) -> String {
    let by = report.about.by.as_deref().unwrap_or("an owner");
    let reason = report.about.reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
    clean(&format!("{by} took you out of the room{reason}")).into_owned()
}

/// Returns how to enter a room that has a key word.
fn key_needed(room: &str) -> String {
    format!("it has a key word; /join {room} WORD enters it")
}

/// Returns the sequence number by which the client acknowledges an event.
fn seq_of(event: &Event<'_>) -> Option<u64> {
    event.seq
}

/// Returns the nonce of a message, which the server sends to the author only.
fn nonce_of<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    event.nonce.as_deref()
}

/// Copies the fields of a history message, which is held back until the server tells whether the user missed it.
fn owned_message(id: u64, place: &Location<'_>, user: &str, text: &str, edited: bool) -> EventKind<'static> {
    let own = |text: &str| text.to_owned().into();
    let place = match place {
        Location::Room(room) => Location::Room(own(room)),
        Location::Global => Location::Global,
        Location::DirectMessage { to } => Location::DirectMessage { to: own(to) },
    };
    EventKind::Recalled { id, place, user: own(user), text: own(text), edited }
}
