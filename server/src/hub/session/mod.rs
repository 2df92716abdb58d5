//! A signed-in user's session: all commands that the hub carries out. Dropping the session makes the user leave.
//!
//! [`Session::perform`] carries out one command. Talk is only buffered: the connection calls [`Session::flush`] after
//! each read, so that all lines of a read are published together. Other commands flush first, so that no answer
//! overtakes a line that was sent before it.

mod account;
mod answers;
mod blocks;
mod catch_up;
mod detached;
mod direct_chats;
mod history;
mod lifecycle;
mod lists;
mod messages;
mod moderation;
mod pages;
mod people;
mod private_chats;
mod renaming;
mod repeated;
mod resuming;
mod rooms;
mod talk;

pub use detached::DetachedSession;
pub use resuming::{NotResumed, Resumable};

use super::broadcast_group::BroadcastGroup;
use super::publications::{LineBatch, Tag};
use super::user::delivery_mode;
use super::{Hub, NameReservation, User};
use crate::fanout::Subscription;
use landline_common::clean::clean;
use landline_common::command::{Command, Format, HOORAY};
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, Rendering, Report, RoomKey, RoomName, UserName};
use rooms::Membership;
use std::sync::Arc;

/// Result of a command, or the report with which it is refused.
type CommandResult = Result<(), Report<'static>>;

/// The user's state after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCommand {
    /// The user stays.
    Here,
    /// The user leaves.
    Leaving,
}

/// The session of one user on one connection.
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    user: Arc<User>,
    /// The subscription to the global group.
    global_subscription: Arc<Subscription>,
    /// The last message id in the global group before this subscription.
    global_start_id: u64,
    /// The user's rooms; the last one is the current room.
    rooms: Vec<Membership>,
    /// Talk that is not yet in the log of its room, `pending_room`.
    pending: LineBatch,
    pending_room: Option<RoomKey>,
    /// The user's last talk. It must be delivered before the user talks in another room.
    last_batch: Option<SentBatch>,
    /// The batch that announced the user in the global group, 0 once it is delivered. `None` before the announcement.
    /// Talk waits for it, so that no user reads a line of a user who has not been announced.
    arrival_batch: Option<u64>,
    sent_foreign_notice: bool,
    /// Refusals of rooms that the sign-in named, for the end of its answer.
    refused_rooms: Vec<Report<'static>>,
    /// The connection was lost, so the session may be resumed.
    connection_lost: bool,
    /// Label and nonce of the current command. The last event of the answer takes the label.
    tag: Tag,
    now: OffsetDateTime,
    /// The last field, so that the name is freed only after everything else is dropped.
    reservation: NameReservation,
}

/// Talk in the log of a room.
#[derive(Debug)]
struct SentBatch {
    group: Arc<BroadcastGroup>,
    number: u64,
}

impl Session {
    /// Returns the session's user.
    #[must_use]
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Sets the time at which the user leaves, which may have been silent for long.
    pub fn set_time(&mut self, now: OffsetDateTime) {
        self.now = now;
    }

    /// Carries out a command. Talk is buffered until [`Session::flush`] or the next command that is not talk. `tag` is
    /// the label and nonce that came with the command.
    pub fn perform(&mut self, command: Command<'_>, tag: Tag, now: OffsetDateTime) -> AfterCommand {
        self.now = now;
        self.tag = Tag::default();
        let ended_current = self.drop_ended_rooms();
        self.tag = tag;
        if !command.is_upkeep() {
            self.user.profile.mark_active(now);
        }
        if self.tag.nonce.as_deref().is_some_and(|nonce| self.pending.has_nonce(nonce)) {
            // The first message with this nonce gets its id only when it is flushed.
            self.flush();
        }
        if let Some(id) = self.find_repeated(&command) {
            self.flush();
            self.answer(EventKind::Done { id, repeated: true });
            return AfterCommand::Here;
        }
        let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
        let may_be_talk = self.may_be_talk(&command);
        let ends_away = self.user.profile.is_away() && people::is_message(&command);
        let done = match command {
            // The text was typed for the room that the user was just taken out of, and is for no other one.
            Command::Say(_) | Command::Hooray if let Some(room) = &ended_current => {
                Err(Cause::NotInRoom.with_room(room.to_string()))
            }
            Command::Ack(seq) => {
                self.hub.handle_ack(&self.user, seq);
                return AfterCommand::Here;
            }
            Command::Say(text) => self.buffer_talk(None, text),
            Command::SayIn { room, text } => self.buffer_talk(Some(room), text),
            Command::Hooray => self.buffer_talk(None, HOORAY),
            other => {
                self.flush();
                self.wait_for_last_batch();
                match other {
                    Command::Quit => {
                        self.answer(Cause::Goodbye.report().into());
                        return AfterCommand::Leaving;
                    }
                    // Idle clients send it: the locals of `dispatch` would cost each of them a page of memory.
                    Command::Ping(token) => self.pong(token.unwrap_or_default()),
                    other => self.dispatch(other),
                }
            }
        };
        if ends_away && done.is_ok() {
            self.end_away();
        }
        match done {
            Err(refusal) => {
                self.forget_refused_label(label.as_deref());
                let refusal = self.explain(refusal);
                let refusal = if may_be_talk { refusal.with_say_hint() } else { refusal };
                self.refuse(refusal.into(), now);
            }
            Ok(()) if self.tag.label.is_some() => self.answer(EventKind::Done { id: None, repeated: false }),
            Ok(()) => {}
        }
        AfterCommand::Here
    }

    /// True for a line without a slash that may have been meant as talk. Never true for a private text: the hint at
    /// `/say` would lead the user to publish it.
    fn may_be_talk(&self, command: &Command<'_>) -> bool {
        self.tag.is_bare
            && match command {
                Command::Private { .. } => false,
                Command::DirectText { to, .. } => self.hub.find(to).is_none(),
                _ => true,
            }
    }

    /// Begins a command that the connection carries out itself; flushes earlier talk first. Returns false, after
    /// answering, if the command already ran.
    #[must_use]
    pub fn begin_command(&mut self, command: &Command<'_>, tag: Tag, now: OffsetDateTime) -> bool {
        self.now = now;
        self.tag = Tag::default();
        self.drop_ended_rooms();
        self.tag = tag;
        self.user.profile.mark_active(now);
        self.flush();
        let repeated = self.find_repeated(command);
        if let Some(id) = repeated {
            self.answer(EventKind::Done { id, repeated: true });
        }
        repeated.is_none()
    }

    /// Answers a command that the connection carried out itself.
    pub fn finish_command(&mut self, report: Report<'static>) {
        if report.is_refusal() {
            let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
            self.forget_refused_label(label.as_deref());
        }
        self.answer(report.into());
    }

    /// Flushes earlier talk, then answers with a refusal.
    pub fn refuse(&mut self, why: EventKind<'_>, now: OffsetDateTime) {
        self.now = now;
        self.flush();
        self.answer(why);
    }

    /// Refuses a command that cannot be parsed or must not run.
    pub fn refuse_labeled(&mut self, label: Option<String>, why: Report<'_>, now: OffsetDateTime) {
        self.tag = Tag { label, ..Tag::default() };
        self.refuse(why.into(), now);
    }

    /// Returns the position in `rooms` of a room that the user must be in.
    fn require_room(&self, room: &str) -> Result<usize, Report<'static>> {
        let position = RoomName::parse(room).ok().and_then(|name| self.room_position(&name));
        position.ok_or_else(|| Cause::NotInRoom.with_room(quoted(room)))
    }

    /// Takes the tag of the current command, for the publication that answers it.
    fn take_tag(&mut self) -> Tag {
        std::mem::take(&mut self.tag)
    }

    /// Carries out a command that is not talk.
    fn dispatch(&mut self, command: Command<'_>) -> CommandResult {
        match command {
            Command::All(text) => self.say_to_all(text),
            Command::Online { after } => self.list_users(true, after),
            Command::OnlineDetails => self.list_users(true, None),
            Command::Others { after } => self.list_users(false, after),
            Command::Members { room, after } => self.list_members(room, after),
            Command::Rooms { after } => self.list_rooms(after),
            Command::Link(room) => self.show_link(room),
            Command::Message { to, text } => self.send_message(to, text),
            Command::Connect(user) => self.request_private(user),
            Command::Accept(user) => self.answer_private(user, true),
            Command::Reject(user) => self.answer_private(user, false),
            Command::Chats { after } => self.list_private(after),
            Command::Private { to, text } => self.say_private(to, text),
            Command::End(user) => self.end_private(user),
            Command::Join(room) => self.join(room, None),
            Command::JoinWithKey { room, key } => self.join(room, Some(key)),
            Command::InRoom { room, action } => self.act_in_room(room, action),
            Command::OnServer(action) => self.act_on_server(action),
            Command::Leave(room) => self.leave(room),
            Command::Format(format) => self.change_format(format),
            Command::Help(word) => self.help(word),
            Command::Foreign { by_program } => self.answer_foreign(by_program),
            Command::Trust(_) => Err(Cause::MeshOnly.report()),
            Command::Since { seconds, after } => self.list_seen(seconds, after),
            Command::Away(text) => self.set_away(text),
            Command::Whois(user) => self.whois(user),
            Command::Block(user) => self.block(user),
            Command::Blocked { after } => self.list_blocked(after),
            Command::Unblock(user) => self.unblock(user),
            Command::History(ask) => self.history(ask),
            Command::Search { words, before } => self.search(words, before),
            Command::Forget => self.forget(),
            Command::HistoryIn { room, ask } => self.history_in(room, ask),
            Command::Direct(user) => self.request_direct(user),
            Command::DirectKey(key) => self.announce_key(key),
            Command::DirectAccept { to, key, addresses } => self.accept_direct(to, key, addresses),
            Command::DirectText { to, .. } | Command::DirectStop(to) => Err(direct_chats::unsupported(to)),
            // The connection carries these out where it can ask for a password.
            Command::Register { .. } | Command::Password(_) => Err(Cause::NoQuestionsHere.report()),
            // The connection claims the name.
            Command::Nick(_) => Ok(()),
            // `perform` carries these out.
            Command::Say(_) | Command::SayIn { .. } | Command::Hooray | Command::Quit | Command::Ping(_) => Ok(()),
            Command::Ack(_) | Command::Alive => Ok(()),
        }
    }

    fn change_format(&mut self, format: Format) -> CommandResult {
        let rendering = match (format, self.user.rendering()) {
            (Format::Json, Rendering::Text | Rendering::Json) => Rendering::Json,
            (Format::Json, Rendering::WebSocket) => Rendering::WebSocket,
            (Format::Text, Rendering::Text | Rendering::Json) => Rendering::Text,
            _ => return Err(Cause::FormatFixed.report()),
        };
        let global = &self.hub.global.log;
        global.wait_delivered(global.change_mode(&self.global_subscription, delivery_mode(rendering, true)));
        self.user.set_rendering(rendering);
        let current = self.rooms.len().saturating_sub(1);
        for (i, membership) in self.rooms.iter_mut().enumerate() {
            membership.set_delivery_mode(delivery_mode(rendering, i == current));
        }
        self.answer(EventKind::Format(format));
        Ok(())
    }

    /// Answers a line that belongs to another program's protocol: with a notice the first time, then not at all. A
    /// framed client that is not known as a program may be a user at `nc` whose talk only looks like such a line. It
    /// gets an error instead of silence.
    fn answer_foreign(&mut self, by_program: bool) -> CommandResult {
        if !std::mem::replace(&mut self.sent_foreign_notice, true) {
            self.send_event(Cause::NotSupported.report().into());
            return Ok(());
        }
        if by_program || self.user.rendering().is_unframed() { Ok(()) } else { Err(Cause::MachineLine.report()) }
    }

    /// Finds the name of an online user or an account by any spelling.
    fn find_user(&self, name: &str) -> Result<UserName, Report<'static>> {
        let online = self.hub.find(name).map(|user| user.name.clone());
        online.or_else(|| self.hub.storage.account_name(&NameKey::of(name))).ok_or_else(|| no_such_user(name))
    }

    /// Finds another online user by any spelling of the name.
    fn other_online_user(&self, name: &str) -> Result<Arc<User>, Report<'static>> {
        match self.hub.registry().find(name) {
            Some(user) if Arc::ptr_eq(&user, &self.user) => Err(Cause::Yourself.report()),
            Some(user) => Ok(user),
            None => Err(no_such_user(name)),
        }
    }
}

/// Makes the refusal of a name that no user and no account has.
fn no_such_user(name: &str) -> Report<'static> {
    Cause::NoSuchUser.with_user(quoted(name))
}

/// Cleans and shortens a client's text, to quote it in an answer.
fn quoted(text: &str) -> String {
    clean(text).chars().take(40).collect()
}
