//! One person's stay: everything that they can do once they are signed in. Dropping it is leaving.

mod account;
mod answers;
mod blocks;
mod catch_up;
mod direct_chats;
mod history;
mod lifecycle;
mod lists;
mod messages;
mod pages;
mod private_chats;
mod repeated;
mod resuming;
mod rooms;

pub use resuming::{DetachedSession, NotResumed, Resumable};

use super::broadcast_group::BroadcastGroup;
use super::publications::{LineBatch, MessageIdSink, Tag, TalkPublication};
use super::user::delivery_mode;
use super::{Hub, NameReservation, User};
use crate::fanout::Subscription;
use landline_common::clean::{clean, clean_message, count_lines};
use landline_common::command::{Command, Format, HOORAY};
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::visible::is_blank;
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, Rendering, Report, RoomKey, RoomName, UserName};
use rooms::Membership;
use std::borrow::Cow;
use std::sync::Arc;

/// What came of a command: nothing more to say, or why it was refused.
type CommandResult = Result<(), Report<'static>>;

/// Whether somebody stays after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCommand {
    /// They do.
    Here,
    /// They asked to leave.
    Leaving,
}

/// Somebody who is here. Its session owns it.
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    user: Arc<User>,
    /// The seat in the hidden room of everybody.
    global_subscription: Arc<Subscription>,
    /// The last id that was said to everybody before they came.
    global_start_id: u64,
    /// The last one is the current one.
    rooms: Vec<Membership>,
    /// What was said and is not yet in the log of its room, the `addressee`.
    pending: LineBatch,
    pending_room: Option<RoomKey>,
    /// Where something was said last, and its batch there: it must be out before anything is said elsewhere.
    last_batch: Option<(Arc<BroadcastGroup>, u64)>,
    /// The batch of the news that they are here: it must be out before they say anything.
    arrival: Option<u64>,
    sent_foreign_notice: bool,
    /// The connection was lost, so that the session may be resumed.
    connection_lost: bool,
    /// With whom they had private chats when they left.
    former_partners: Vec<(UserName, HistoryOwner)>,
    /// What the client sent along with the command in hand. Who answers it takes the label.
    tag: Tag,
    now: OffsetDateTime,
    /// Last, so that the name is free only when everything else is done.
    reservation: NameReservation,
}

impl Session {
    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Does what a command asks for. Talk is gathered until [`Session::flush`] or the next other command. What a program
    /// sent along is in `tag`: the last object of the answer says that it is the last.
    pub fn perform(&mut self, command: Command<'_>, tag: Tag, now: OffsetDateTime) -> AfterCommand {
        (self.now, self.tag) = (now, tag);
        if self.tag.nonce.as_deref().is_some_and(|nonce| self.pending.has_nonce(nonce)) {
            // The first of the two has no id yet.
            self.flush();
        }
        if let Some(id) = self.find_repeated(&command) {
            self.flush();
            self.answer(EventKind::Done { id, repeated: true });
            return AfterCommand::Here;
        }
        let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
        let may_be_talk = self.may_be_talk(&command);
        let done = match command {
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
                if other == Command::Quit {
                    self.answer(Cause::Goodbye.report().into());
                    return AfterCommand::Leaving;
                }
                self.dispatch(other)
            }
        };
        match done {
            Err(refusal) => {
                self.forget_refused_label(label.as_deref());
                let refusal = if may_be_talk { refusal.hinting_at_say() } else { refusal };
                self.refuse(refusal.into(), now);
            }
            Ok(()) if self.tag.label.is_some() => self.answer(EventKind::Done { id: None, repeated: false }),
            Ok(()) => {}
        }
        AfterCommand::Here
    }

    /// True for a line without a slash that may have been meant as talk. A private text never is: a hint at `/say` would
    /// make it public.
    fn may_be_talk(&self, command: &Command<'_>) -> bool {
        self.tag.is_bare
            && match command {
                Command::Private { .. } => false,
                Command::DirectText { to, .. } => self.hub.find(to).is_none(),
                _ => true,
            }
    }

    /// Begins a command that the session itself carries out: everything that was said before is out. False if it was
    /// carried out before, which is answered.
    #[must_use]
    pub fn begin_command(&mut self, command: &Command<'_>, tag: Tag, now: OffsetDateTime) -> bool {
        (self.now, self.tag) = (now, tag);
        self.flush();
        let repeated = self.find_repeated(command);
        if let Some(id) = repeated {
            self.answer(EventKind::Done { id, repeated: true });
        }
        repeated.is_none()
    }

    /// Ends a command that the session itself carried out, with what came of it.
    pub fn finish_command(&mut self, report: Report<'static>) {
        if report.is_refusal() {
            let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
            self.forget_refused_label(label.as_deref());
        }
        self.answer(report.into());
    }

    /// Tells them why something was not done, behind what they said before.
    pub fn refuse(&mut self, why: EventKind<'_>, now: OffsetDateTime) {
        self.now = now;
        self.flush();
        self.answer(why);
    }

    /// Answers a command that comes to nothing, whatever it was.
    pub fn refuse_labeled(&mut self, label: Option<String>, why: Report<'_>, now: OffsetDateTime) {
        self.tag = Tag { label, ..Tag::default() };
        self.refuse(why.into(), now);
    }

    /// Says what was gathered.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.wait_for_arrival_notice();
        // What cannot be stored is said all the same.
        let stored = self.hub.storage.wait_for_capacity();
        // Taken out: after a panic, leaving must not try to say it again.
        let mut pending = std::mem::take(&mut self.pending);
        let pending_room = self.pending_room.take();
        let is_it = |membership: &&Membership| Some(membership.name.key()) == pending_room.as_ref();
        if let Some(Membership { name, group, subscription, .. }) = self.rooms.iter().rev().find(is_it) {
            let batch = group.log.say(subscription, &mut self.talk_publication(Some(name.as_str()), &pending, stored));
            self.last_batch = Some((group.clone(), batch));
        }
        pending.clear();
        self.pending = pending;
        if !stored {
            self.send_event(messages::not_stored().into());
        }
    }

    /// Texts as theirs, in a room or to everybody.
    fn talk_publication<'t>(
        &'t self,
        room: Option<&'t str>,
        pending: &'t LineBatch,
        stored: bool,
    ) -> TalkPublication<'t> {
        let hub = &*self.hub;
        TalkPublication {
            ids: &hub.next_message_id,
            storage: stored.then_some(&*hub.storage),
            limits: &hub.limits,
            client: self.user.client(),
            room,
            user: self.user.name.as_str(),
            lines: pending,
            id_sink: Some(self.id_sink()),
            at: self.now,
            first_id: 0,
        }
    }

    /// Where the ids of what they say are noted.
    fn id_sink(&self) -> MessageIdSink<'_> {
        let labels = self.user.session.as_ref().map(|session| &session.labels);
        MessageIdSink {
            labels,
            nonces: &self.hub.nonces,
            author: self.user.name.key(),
            history_owner: self.user.history_owner(),
        }
    }

    /// Waits until the last line is out, so that nothing overtakes it.
    fn wait_for_last_batch(&mut self) {
        self.wait_for_arrival_notice();
        if let Some((group, batch)) = self.last_batch.take() {
            group.log.settle(batch);
        }
    }

    /// Waits until everybody knows that they are here.
    fn wait_for_arrival_notice(&mut self) {
        if let Some(arrival) = self.arrival.as_mut().filter(|arrival| **arrival > 0) {
            self.hub.global.log.settle(std::mem::take(arrival));
        }
    }

    /// Talk in a room, or in the current one.
    fn buffer_talk(&mut self, room: Option<&str>, text: &str) -> CommandResult {
        let place = match room {
            Some(room) => self.require_room(room)?,
            None => self.rooms.len().checked_sub(1).ok_or_else(|| Cause::NoRoomToTalk.report())?,
        };
        let text = match room {
            Some(_) => self.checked_message(text)?,
            None => self.checked_text(text)?,
        };
        let Membership { name, group, .. } = &self.rooms[place];
        let (key, group) = (name.key().clone(), group.clone());
        if self.pending_room.as_ref().is_some_and(|pending_room| *pending_room != key) {
            self.flush();
        }
        // No line of theirs overtakes another one, also across rooms.
        if self.last_batch.as_ref().is_some_and(|(last_batch, _)| !Arc::ptr_eq(last_batch, &group)) {
            self.wait_for_last_batch();
        }
        // Cleaning may have left nothing that can be seen.
        if !is_blank(&text) {
            let tag = self.take_tag();
            self.pending.push(&text, tag);
            self.pending_room = Some(key);
        }
        Ok(())
    }

    /// Where a room that they must be in stands.
    fn require_room(&self, room: &str) -> Result<usize, Report<'static>> {
        let place = RoomName::parse(room).ok().and_then(|name| self.room_position(&name));
        place.ok_or_else(|| Cause::NotInRoom.of_room(quoted(room)))
    }

    /// What came along with the command in hand, for what carries it on.
    fn take_tag(&mut self) -> Tag {
        std::mem::take(&mut self.tag)
    }

    /// What a user typed, as others may see it: one line or several.
    fn checked_text<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
        let text = clean_message(text);
        let most = count(self.hub.limits.message_chars);
        // Every character has at least one byte.
        if text.len() > most && text.chars().count() > most {
            return Err(Cause::MessageTooLong.of_count(most as u64));
        }
        let most = count(self.hub.limits.message_lines);
        if count_lines(&text) > most {
            return Err(Cause::TooManyLines.of_count(most as u64));
        }
        Ok(text)
    }

    /// The same for a message to somebody, which must have something in it.
    fn checked_message<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
        let text = self.checked_text(text)?;
        if is_blank(&text) {
            return Err(Cause::EmptyMessage.report());
        }
        Ok(text)
    }

    fn dispatch(&mut self, command: Command<'_>) -> CommandResult {
        match command {
            Command::All(text) => self.say_to_all(text),
            Command::Online { after } => self.list_people(true, after),
            Command::OnlineDetails => self.list_people(true, None),
            Command::Others { after } => self.list_people(false, after),
            Command::Members { room, after } => self.list_members(room, after),
            Command::Rooms { after } => self.list_rooms(after),
            Command::Message { to, text } => self.send_message(to, text),
            Command::Connect(user) => self.ask_private(user),
            Command::Accept(user) => self.answer_private(user, true),
            Command::Reject(user) => self.answer_private(user, false),
            Command::Chats { after } => self.list_private(after),
            Command::Private { to, text } => self.say_private(to, text),
            Command::End(user) => self.end_private(user),
            Command::Join(room) => self.join(room),
            Command::Leave(room) => self.leave(room),
            Command::Format(format) => self.change_format(format),
            Command::Help(word) => self.help(word),
            Command::Ping(token) => self.pong(token.unwrap_or_default()),
            Command::Foreign { by_program } => self.answer_foreign(by_program),
            Command::Trust(_) => Err(Cause::MeshOnly.report()),
            Command::Since { seconds, after } => self.list_seen(seconds, after),
            Command::Block(user) => self.block(user),
            Command::Blocked { after } => self.list_blocked(after),
            Command::Unblock(user) => self.unblock(user),
            Command::History(ask) => self.history(ask),
            Command::Search { words, before } => self.search(words, before),
            Command::Forget => self.forget(),
            Command::HistoryIn { room, ask } => self.history_in(room, ask),
            Command::Direct(user) => self.ask_direct(user),
            Command::DirectKey(key) => self.announce_key(key),
            Command::DirectAccept { to, key, addresses } => self.accept_direct(to, key, addresses),
            Command::DirectText { to, .. } | Command::DirectStop(to) => Err(direct_chats::unsupported(to)),
            // The session has done these: they need what the hub does not know.
            Command::Register { .. } | Command::Password(_) => Err(Cause::NoQuestionsHere.report()),
            // `perform` has done these.
            Command::Say(_) | Command::SayIn { .. } | Command::Hooray | Command::Quit => Ok(()),
            Command::Ack(_) | Command::Alive => Ok(()),
        }
    }

    fn change_format(&mut self, format: Format) -> CommandResult {
        let rendering = match (format, self.user.rendering()) {
            (Format::Json, Rendering::Text | Rendering::Json) => Rendering::Json,
            (Format::Text, Rendering::Text | Rendering::Json) => Rendering::Text,
            _ => return Err(Cause::FormatFixed.report()),
        };
        let global = &self.hub.global.log;
        global.settle(global.change(
            &self.global_subscription,
            delivery_mode(self.user.rendering(), true),
            delivery_mode(rendering, true),
        ));
        self.user.set_rendering(rendering);
        let current = self.rooms.len().saturating_sub(1);
        for (i, membership) in self.rooms.iter_mut().enumerate() {
            membership.set_delivery_mode(delivery_mode(rendering, i == current));
        }
        self.answer(EventKind::Format(format));
        Ok(())
    }

    /// A program's own line is answered once. A client that ends its lines may be a user at `nc`, whose talk only begins
    /// like one: no further line of that kind vanishes without a word.
    fn answer_foreign(&mut self, by_program: bool) -> CommandResult {
        if !std::mem::replace(&mut self.sent_foreign_notice, true) {
            self.send_event(Cause::NotSupported.report().into());
            return Ok(());
        }
        if by_program || self.user.rendering().is_unframed() { Ok(()) } else { Err(Cause::MachineLine.report()) }
    }

    fn pong(&mut self, token: &str) -> CommandResult {
        let token = clean(&self.checked_text(token)?).into_owned();
        self.answer(EventKind::Pong(token.into()));
        Ok(())
    }

    /// Somebody by any way to write their name, here or with an account.
    fn find_user(&self, name: &str) -> Result<UserName, Report<'static>> {
        let here = self.hub.find(name).map(|user| user.name.clone());
        here.or_else(|| self.hub.storage.account_name(&NameKey::of(name))).ok_or_else(|| no_such_user(name))
    }

    /// Somebody else who is here.
    fn other_online_user(&self, name: &str) -> Result<Arc<User>, Report<'static>> {
        match self.hub.registry().find(name) {
            Some(user) if Arc::ptr_eq(&user, &self.user) => Err(Cause::Yourself.report()),
            Some(user) => Ok(user),
            None => Err(no_such_user(name)),
        }
    }
}

fn no_such_user(name: &str) -> Report<'static> {
    Cause::NoSuchUser.of_user(quoted(name))
}

/// Something a client wrote that is to be quoted back: cleaned and short.
fn quoted(text: &str) -> String {
    clean(text).chars().take(40).collect()
}
