//! What the server says: which request it answers, and what it means for rooms, lines and the connection.

use super::limits::PAGES;
use super::received::{Membership, folded};
use super::request::{Progress, RequestKind};
use super::send_queue::Item;
use super::{Effect, Engine, Update};
use crate::sign_in::Session;
use landline_common::command::object::EVERYBODY;
use landline_common::event::Grant;
use landline_common::history::Place;
use landline_common::{Cause, Event, Report, Request, What};

/// How long a history that has no time now is left alone.
const BUSY_MS: u64 = 1_000;

/// What an event is to the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The request that it answers, and its number.
    pub answer: Option<(RequestKind, u64)>,
    /// It was not received before.
    pub new: bool,
    /// The number of the user's own line that it is.
    pub own: Option<u64>,
    /// Of a message out of the history: why it was looked up.
    pub looked: Looked,
}

/// Why a message was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It was not.
    No,
    /// It was missed.
    Missed,
    /// The server will say whether it was missed; [`Update::Recalled`] follows.
    Held,
    /// The user reads back.
    Older,
    /// The user asked for it.
    Asked,
    /// The user searched for it.
    Searched,
}

/// Where something was said, by the name of its room.
fn room_of<'e>(place: &'e Place<'_>) -> Option<&'e str> {
    match place {
        Place::Room(room) => Some(room),
        Place::Everybody => Some(EVERYBODY),
        Place::Direct { .. } => None,
    }
}

impl Engine {
    /// Takes note of what the server says.
    pub fn hear(&mut self, event: &Event<'_>) -> Heard {
        self.connection.heard(self.now.ms);
        let reply = event.reply.as_ref().map(|reply| (&*reply.label, reply.done));
        let item = reply.and_then(|(label, _)| self.queue.answered(label)).cloned();
        let given_up = reply.is_some_and(|(label, _)| self.is_given_up(label));
        let kind = item.as_ref().map(|item| (item.kind.clone(), item.key));
        let answer = kind.or_else(|| given_up.then_some((RequestKind::GivenUp, 0)));
        let mut heard = Heard { answer, new: true, own: None, looked: Looked::No };
        if let Some(seq) = seq_of(event) {
            heard.new = self.received.is_new_seq(seq);
        }
        match &event.what {
            // Only while a sign-in is under way: a server that says it later has the user in no other room.
            What::Welcome { .. } if self.connection.phase != super::Phase::Connecting => heard.new = false,
            What::Welcome { user, server, room, account, grant } => {
                (self.me, self.server, self.account) = ((**user).into(), (**server).into(), *account);
                self.welcomed(room, grant);
            }
            What::Said { id, room, .. } => self.said(room, *id, &mut heard),
            What::SaidToAll { id, .. } => self.said(EVERYBODY, *id, &mut heard),
            What::Direct { id, .. } => heard.new &= self.received.is_new(*id),
            What::Recalled { .. } => self.recalled(event, &mut heard),
            What::CaughtUp { room, missed, more, .. } => self.caught_up(room, *missed, *more),
            What::RecallEnd { next, .. } => self.page_end(item.as_ref(), next.is_some()),
            What::Ping => self.effects.push(Effect::Send(Request::of("pong").to_line())),
            What::Report(report) => self.reported(report, item.as_ref()),
            _ => {}
        }
        if let Some((label, true)) = reply {
            self.answered(label, event, &mut heard);
        }
        heard
    }

    /// Whether an answer is to a request that nobody waits for any more: it was given up with its connection.
    fn is_given_up(&self, label: &str) -> bool {
        let is_sign_in = self.sign_in_labels.iter().any(|other| other == label);
        self.is_own_label(label) && !is_sign_in && self.queue.answered(label).is_none()
    }

    /// Signed in.
    fn welcomed(&mut self, room: &str, grant: &Grant<'_>) {
        let first = !self.was_up();
        self.registered = true;
        self.connection.up(self.now.ms);
        self.queue.set_rate(grant.rate, if self.options.mesh { 0 } else { 2 }, self.now.ms);
        self.session = grant.token.as_ref().map(|token| Session { token: token.to_string(), seq: None });
        if !grant.resumed {
            self.received.seq = None;
            self.fail_what_doubles();
        }
        let members: Vec<&str> = grant.member_of.iter().map(|room| &**room).chain([room]).collect();
        // A room that the client did not know it was in: the answer to a join was lost.
        let unknown: Vec<&str> = members.iter().filter(|room| !self.rooms.is_in(room)).copied().collect();
        for room in &members {
            if let Some(room) = self.rooms.open(room, Membership::In) {
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
        self.tell(Update::Up { first, resumed: grant.resumed, room: room.into() });
        for room in out {
            self.kept_out(&room, 0, "the server did not let you into that room again");
        }
        for room in unknown {
            self.tell(Update::Entered { room: room.into(), key: 0 });
            self.look_into(room);
        }
        // A mesh has no sign-in that could say what was missed.
        if self.options.mesh {
            self.all_there(room);
        }
    }

    /// The session is a new one: what the server may have taken before, and would take twice, is not sent again.
    fn fail_what_doubles(&mut self) {
        let why = "the connection broke, and it is not known whether this arrived";
        for item in self.queue.take_waiting(|item| item.doubles && item.in_doubt) {
            self.deliver(&item, Progress::Failed(why.into()));
        }
    }

    fn said(&mut self, room: &str, id: u64, heard: &mut Heard) {
        heard.new &= self.received.is_new(id);
        self.rooms.heard(room, id);
        if let Some((RequestKind::Message(_), key)) = heard.answer {
            heard.own = Some(key);
        }
    }

    /// A message out of the history. One of the user's own that came back so is known by its nonce.
    fn recalled(&mut self, event: &Event<'_>, heard: &mut Heard) {
        let What::Recalled { id, place, .. } = &event.what else { return };
        let room = room_of(place);
        heard.looked = match &heard.answer {
            Some((RequestKind::CatchUp(..), _)) => Looked::Missed,
            Some((RequestKind::Older(_) | RequestKind::GivenUp, _)) => Looked::Older,
            Some((RequestKind::Search, _)) => Looked::Searched,
            Some(_) => Looked::Asked,
            // The sign-in's own answer, which no request waits for.
            None => match room.and_then(|room| self.rooms.get(room)) {
                Some(room) if !room.caught_up && room.is_first_look => Looked::Held,
                Some(room) if !room.caught_up => Looked::Missed,
                _ => Looked::Asked,
            },
        };
        if matches!(heard.looked, Looked::Missed | Looked::Held) {
            heard.new &= self.received.is_new(*id);
            room.iter().for_each(|room| self.rooms.filled(room, *id));
        }
        if let Some(label) = nonce_of(event).and_then(|nonce| self.queue.label_of(nonce))
            && let Some(item) = self.queue.finish(&label)
        {
            heard.own = Some(item.key);
            self.deliver(&item, Progress::Done { id: Some(*id), at: event.at.unix_ms });
        }
        if heard.looked == Looked::Held && heard.own.is_none() {
            for event in self.held.push(owned(event)) {
                self.tell(Update::Recalled { event: Box::new(event), missed: false });
            }
        }
    }

    fn reported(&mut self, report: &Report<'_>, item: Option<&Item>) {
        let room = report.about.room.as_deref();
        match report.cause {
            Cause::Entered => {
                if let Some(room) = room {
                    self.entered(room, item);
                }
            }
            Cause::LeftRoom => {
                if let Some(room) = room {
                    self.left(room);
                }
            }
            Cause::Kicked | Cause::Banned => {
                let what = if report.cause == Cause::Kicked { "you were kicked" } else { "you were banned" };
                let reason = report.about.reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
                self.connection.ended = Some(format!("{what}{}", landline_common::clean::clean(&reason)).into());
                self.session = None;
            }
            // Two copies that both came back would take the session from each other for ever.
            Cause::ResumedElsewhere => {
                self.connection.ended = Some("this session goes on over another connection".into());
            }
            _ => {}
        }
    }

    /// A request is answered, all of it: or it is to be sent again.
    fn answered(&mut self, label: &str, event: &Event<'_>, heard: &mut Heard) {
        if self.connection.ponged(label, self.now.ms) {
            heard.answer = Some((RequestKind::Ping, 0));
            return;
        }
        if let What::Report(Report { cause: Cause::Throttled, about, .. }) = &event.what {
            let wait = about.retry_ms.unwrap_or(BUSY_MS);
            if let Some(item) = self.queue.put_back(label, wait, self.now.ms).cloned() {
                self.deliver(&item, Progress::Unsent);
            }
            return;
        }
        let Some(item) = self.queue.finish(label) else { return };
        let refusal = match &event.what {
            What::Report(report) if report.is_refusal() => Some((report.cause, report.sentence().into_owned())),
            What::Error { text, .. } => Some((Cause::Other, text.to_string())),
            _ => None,
        };
        match (refusal, &item.kind) {
            // The message itself was heard.
            (None | Some((Cause::NotStored, _)), _) => self.done(&item, event),
            (Some((Cause::HistoryBusy, _)), RequestKind::CatchUp(room, tries @ 0..PAGES)) => {
                self.ask_missed(room, tries + 1, self.now.ms + BUSY_MS);
            }
            (Some(_), RequestKind::CatchUp(room, _)) => self.all_there(room),
            (Some((_, why)), RequestKind::Join(room)) => {
                self.kept_out(room, item.key, &why);
                self.deliver(&item, Progress::Failed(why.into()));
            }
            (Some((_, why)), _) => self.deliver(&item, Progress::Failed(why.into())),
        }
    }

    fn done(&mut self, item: &Item, event: &Event<'_>) {
        let id = match &event.what {
            What::Said { id, .. } | What::SaidToAll { id, .. } | What::Direct { id, .. } => Some(*id),
            What::Done { id, .. } => *id,
            _ => None,
        };
        match &item.kind {
            // A repeated label is answered without a word about the room.
            RequestKind::Join(room) if !matches!(event.what, What::Report(_)) => {
                let title = self.rooms.get(room).map_or_else(|| room.clone(), |room| room.title.clone());
                self.entered(&title, Some(item));
            }
            RequestKind::Leave(room) if self.rooms.is_in(room) => self.left(room),
            _ => {}
        }
        self.deliver(item, Progress::Done { id, at: event.at.unix_ms });
    }
}

/// The number under which the reader acknowledges an event.
fn seq_of(event: &Event<'_>) -> Option<u64> {
    event.seq
}

/// What the author of a message sent to know it again by.
fn nonce_of<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    event.nonce.as_deref()
}

/// The same event, for later.
fn owned(event: &Event<'_>) -> Event<'static> {
    let What::Recalled { id, place, user, text } = &event.what else {
        return What::info(String::new()).at(event.at);
    };
    let own = |text: &str| text.to_owned().into();
    let place = match place {
        Place::Room(room) => Place::Room(own(room)),
        Place::Everybody => Place::Everybody,
        Place::Direct { to } => Place::Direct { to: own(to) },
    };
    What::Recalled { id: *id, place, user: own(user), text: own(text) }.at(event.at)
}
