//! Puts requests into the send queue: lines that the user typed, objects of scripts, and background requests.

use super::limits::ENCRYPTED_UNDER_WAY;
use super::received::{Membership, folded};
use super::request::{Progress, RequestKind, Target};
use super::send_queue::{Lane, QueuedRequest};
use super::{Effect, Engine, Update};
use landline_common::command::{Command, HistoryQuery, Request, RoomAction};
use landline_common::event::Text;

/// Error text when too many lines wait.
pub const TOO_MANY: &str = "too many lines wait to be sent; wait until some are sent";

/// The reason for which a line is not taken: the server ended the session, and the user has not asked for another one.
pub const ENDED: &str = "not sent: the server ended your session (connect again first)";

/// Result of a cancellation, by the UI's numbers of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Lines that were cancelled.
    pub cancelled: Vec<u64>,
    /// Lines that the server may have already, which were not cancelled.
    pub already_sent: Vec<u64>,
}

impl Engine {
    fn lane(&self, target: &Target) -> Lane {
        if self.options.one_order { Lane::All } else { Lane::To(target.folded()) }
    }

    /// Queues a message, to be delivered exactly once. `key` is the UI's number of the line.
    ///
    /// # Errors
    /// Too many lines wait.
    pub fn send_message(&mut self, key: u64, target: &Target, text: &str) -> Result<(), &'static str> {
        let label = self.label();
        let lane = self.lane(target);
        let nonce = self.nonce(&label);
        let with =
            |r#type| Request { text: Some(text.into()), label: Some(label.as_str().into()), ..Request::of(r#type) };
        let once = |request| Request { nonce: Some(nonce.as_str().into()), ..request };
        let to = |user| Some(Text::Borrowed(user));
        let (request, room) = match target {
            Target::Room(room) => (Request { room: to(room), ..once(with("say")) }, Some(folded(room))),
            Target::Global => (once(with("all")), None),
            Target::User(user) => (Request { to: to(user), ..once(with("pm")) }, None),
            Target::OffTheRecord(user) => (Request { to: to(user), ..with("private") }, None),
            Target::Encrypted(user) => (Request { to: to(user), ..with("direct_say") }, None),
        };
        let line = request.to_line();
        // Off-the-record messages are not stored, so a server that lost the session cannot recognize a repetition.
        let not_idempotent = matches!(target, Target::OffTheRecord(_));
        let nonce = request.nonce.is_some().then(|| nonce.as_str().into());
        let item = QueuedRequest::new(key, RequestKind::Message(target.clone()), &label, line);
        let item = QueuedRequest { nonce, lane, room, not_idempotent, ..item };
        if target.is_direct() { self.send_direct(item) } else { self.queue(item) }
    }

    fn queue(&mut self, item: QueuedRequest) -> Result<(), &'static str> {
        if self.connection.ended.is_some() {
            return Err(ENDED);
        }
        if self.queue.push(item) { Ok(()) } else { Err(TOO_MANY) }
    }

    /// Sends a request of an encrypted chat at once, whatever the state of the connection to the server.
    fn send_direct(&mut self, item: QueuedRequest) -> Result<(), &'static str> {
        self.effects.push(Effect::Send(item.line.clone()));
        self.report_progress(&item, Progress::Sent);
        self.queue.push_sent_direct(item, self.now.ms);
        Ok(())
    }

    /// Returns the number of lines that an encrypted chat can take now.
    #[must_use]
    pub fn encrypted_capacity(&self, target: &Target) -> usize {
        let target = target.folded();
        let is_it =
            |item: &&QueuedRequest| matches!(&item.kind, RequestKind::Message(other) if other.folded() == target);
        ENCRYPTED_UNDER_WAY.saturating_sub(self.queue.direct().filter(is_it).count())
    }

    /// Returns the number of unanswered lines of encrypted chats.
    #[must_use]
    pub fn unanswered_direct(&self) -> usize {
        self.queue.direct().count()
    }

    /// Queues a typed command. `room` is the room that the UI shows.
    ///
    /// # Errors
    /// Too many lines wait, or the command needs a room and none is shown.
    pub fn send_command(&mut self, key: u64, command: &Command<'_>, room: Option<&str>) -> Result<(), &'static str> {
        let Some(mut request) = Request::of_command(command, room) else {
            return Err("not sent: this command needs a room; open one first");
        };
        let label = self.label();
        request.label = Some(label.as_str().into());
        let kind = match command {
            Command::Join(room) | Command::JoinWithKey { room, .. } => RequestKind::Join(folded(room)),
            Command::Leave(named) => RequestKind::Leave(folded(named.or(room).unwrap_or_default())),
            Command::History(_) | Command::HistoryIn { .. } => RequestKind::Lookup,
            Command::Search { .. } => RequestKind::Search,
            _ => RequestKind::Command,
        };
        let lane = match (&kind, command) {
            _ if self.options.one_order => Lane::All,
            (RequestKind::Join(room) | RequestKind::Leave(room), _) => Lane::To(Target::Room(room.clone())),
            (_, Command::End(Some(user))) => Lane::To(Target::OffTheRecord((*user).into()).folded()),
            (_, Command::End(None)) => Lane::All,
            _ => Lane::Free,
        };
        if let RequestKind::Join(room) = &kind
            && self.connection.ended.is_none()
            && !self.rooms.is_in(room)
            && let Command::Join(title) | Command::JoinWithKey { room: title, .. } = command
            && let Some(room) = self.rooms.get_or_create(title, Membership::Joining)
        {
            room.membership = Membership::Joining;
        }
        self.note_password(&label, command);
        let not_idempotent = command.runs_once();
        let direct = matches!(command, Command::DirectStop(_) | Command::DirectText { .. });
        let item = QueuedRequest { lane, not_idempotent, ..QueuedRequest::new(key, kind, &label, request.to_line()) };
        if direct { self.send_direct(item) } else { self.queue(item) }
    }

    /// Queues a command object of a script. The object keeps its label and nonce, or gets new ones.
    ///
    /// # Errors
    /// The line is no valid object, is not allowed after sign-in, repeats an unanswered label, or too many lines wait.
    pub fn send_object(&mut self, key: u64, line: &str) -> Result<(), String> {
        let mut request = Request::parse(line).map_err(|(_, why)| why.sentence().into_owned())?;
        if matches!(&*request.r#type, "guest" | "login" | "resume" | "format" | "quit") {
            return Err(format!("{:?} is not allowed after the sign-in", request.r#type));
        }
        let label = request.label.as_deref().map_or_else(|| self.label(), str::to_owned);
        if self.has_unanswered_label(&label) {
            return Err("a request with this label is still unanswered".into());
        }
        let says = matches!(&*request.r#type, "say" | "all" | "pm");
        if says && request.nonce.is_none() {
            let own_label = self.label();
            request.nonce = Some(self.nonce(&own_label).into());
        }
        request.label = Some(label.as_str().into());
        let name = |text: &Option<Text<'_>>| text.as_deref().unwrap_or_default().into();
        let kind = match &*request.r#type {
            "say" => RequestKind::Message(Target::Room(name(&request.room))),
            "all" => RequestKind::Message(Target::Global),
            "pm" => RequestKind::Message(Target::User(name(&request.to))),
            "private" => RequestKind::Message(Target::OffTheRecord(name(&request.to))),
            "direct_say" => RequestKind::Message(Target::Encrypted(name(&request.to))),
            "join" => RequestKind::Join(folded(request.room.as_deref().unwrap_or_default())),
            "leave" => RequestKind::Leave(folded(request.room.as_deref().unwrap_or_default())),
            _ => RequestKind::Command,
        };
        if let Ok(command) = request.command() {
            self.note_password(&label, &command);
        }
        let not_idempotent = request.runs_once();
        let direct = matches!(&*request.r#type, "direct_say" | "direct_stop");
        let unanswered = matches!(&*request.r#type, "ack" | "pong");
        let nonce = request.nonce.as_deref().map(Into::into);
        let item = QueuedRequest {
            nonce,
            not_idempotent,
            lane: Lane::All,
            ..QueuedRequest::new(key, kind, &label, request.to_line())
        };
        match (unanswered, direct) {
            (true, _) => {
                self.effects.push(Effect::Send(item.line));
                Ok(())
            }
            (_, true) => self.send_direct(item).map_err(str::to_owned),
            _ => self.queue(item).map_err(str::to_owned),
        }
    }

    /// Returns whether a request with this label is unanswered.
    #[must_use]
    pub fn has_unanswered_label(&self, label: &str) -> bool {
        self.queue.find_unanswered(label).is_some() || self.queue.unanswered().any(|item| *item.label == *label)
    }

    /// Returns whether a background request of this kind waits or is unanswered.
    #[must_use]
    pub fn is_requested(&self, kind: &RequestKind) -> bool {
        self.queue.contains_kind(|other| other == kind)
    }

    /// Queues a background request, unless an equal one is unanswered.
    pub fn request(&mut self, kind: RequestKind) {
        if self.is_requested(&kind) {
            return;
        }
        let label = self.label();
        if let Some(line) = question(&kind, &label, None) {
            self.queue.push_background(QueuedRequest::new(0, kind, &label, line));
        }
    }

    /// Requests messages of a room before the id `before`, or its newest ones without an id.
    pub fn request_older(&mut self, room: &str, before: Option<u64>) {
        let label = self.label();
        let kind = RequestKind::Older(folded(room));
        if let Some(line) = question(&kind, &label, before) {
            self.queue.push_background(QueuedRequest::new(0, kind, &label, line));
        }
    }

    /// Requests the next page of missed messages of a room, not before the time `ms`.
    pub(super) fn request_missed(&mut self, room: &str, page: usize, ms: u64) {
        let after = self.rooms.get(room).and_then(|room| room.complete_to);
        let label = self.label();
        let kind = RequestKind::CatchUp(folded(room), page);
        if let Some(line) = question(&kind, &label, after) {
            self.queue.push_background(QueuedRequest::new(0, kind, &label, line).not_before(ms));
        }
    }

    /// Cancels waiting requests that match. A line that was sent once may have arrived, even if the connection was
    /// lost; it is not cancelled but sent again until the server answers. Joins are cancelled in any case.
    pub fn cancel(&mut self, is_it: impl Fn(&RequestKind) -> bool) -> Cancelled {
        let is_join = |item: &QueuedRequest| matches!(item.kind, RequestKind::Join(_));
        let taken = self.queue.take_waiting(|item| is_it(&item.kind) && (!item.in_doubt || is_join(item)));
        let already_sent = self.queue.handed_over().filter(|item| is_it(&item.kind)).map(|item| item.key).collect();
        for item in &taken {
            if let RequestKind::Join(room) = &item.kind {
                self.cancel_join(room);
            }
        }
        Cancelled { cancelled: taken.into_iter().map(|item| item.key).collect(), already_sent }
    }

    /// Returns whether the user's line `key` was sent at least once and is unanswered.
    #[must_use]
    pub fn may_have_arrived(&self, key: u64) -> bool {
        self.queue.handed_over().any(|item| item.key == key)
    }

    /// Resets the membership of a room whose join was cancelled.
    pub(super) fn cancel_join(&mut self, room: &str) {
        if let Some(room) = self.rooms.get_mut(room)
            && room.membership == Membership::Joining
        {
            room.membership = Membership::Out;
        }
    }

    /// Fails the unanswered lines of an encrypted chat that has ended.
    pub fn fail_encrypted_lines(&mut self, with: &str, why: &str) {
        let target = Target::Encrypted(with.into()).folded();
        let is_it =
            |item: &QueuedRequest| matches!(&item.kind, RequestKind::Message(other) if other.folded() == target);
        for item in self.queue.take_direct(is_it) {
            self.report_progress(&item, Progress::Failed(why.into()));
        }
    }

    /// Returns the line that tells the server that the user leaves.
    #[must_use]
    pub fn quit_line() -> String {
        Request::of("quit").to_line()
    }

    /// Queues an update for the UI.
    pub(super) fn push_update(&mut self, update: Update) {
        self.updates.push(update);
    }
}

/// Returns the line of a background request. `id` is the message before or after which history is wanted.
fn question(kind: &RequestKind, label: &str, id: Option<u64>) -> Option<String> {
    let of = |command: &Command<'_>| {
        let request = Request::of_command(command, None)?;
        Some(Request { label: Some(label.into()), ..request }.to_line())
    };
    match kind {
        RequestKind::Members(room) => of(&Command::Members { room, after: None }),
        RequestKind::Rules(room) => of(&Command::InRoom { room: Some(room), action: RoomAction::Rules }),
        RequestKind::Online => of(&Command::Online { after: None }),
        RequestKind::RoomList => of(&Command::Rooms { after: None }),
        RequestKind::Older(room) => {
            of(&Command::HistoryIn { room, ask: id.map_or_else(HistoryQuery::default, HistoryQuery::Before) })
        }
        RequestKind::CatchUp(room, _) => {
            of(&Command::HistoryIn { room, ask: id.map_or(HistoryQuery::Unread, HistoryQuery::After) })
        }
        _ => None,
    }
}
