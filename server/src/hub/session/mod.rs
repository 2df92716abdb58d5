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

pub use resuming::{Detached, NotResumed, Resumable};

use super::broadcast_group::BroadcastGroup;
use super::publications::{LineBatch, MessageIdSink, Tag, Utterance};
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
type Done = Result<(), Report<'static>>;

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
    global_id_before_joining: u64,
    /// The last one is the current one.
    rooms: Vec<Membership>,
    /// What was said and is not yet in the log of its room, the `addressee`.
    texts: LineBatch,
    addressee: Option<RoomKey>,
    /// Where something was said last, and its batch there: it must be out before anything is said elsewhere.
    spoken: Option<(Arc<BroadcastGroup>, u64)>,
    /// The batch of the news that they are here: it must be out before they say anything.
    arrival: Option<u64>,
    told_foreign: bool,
    /// The connection was lost, so that the session may be resumed.
    lost: bool,
    /// With whom they had private chats when they left.
    partners: Vec<(UserName, HistoryOwner)>,
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
        if self.tag.nonce.as_deref().is_some_and(|nonce| self.texts.has_nonce(nonce)) {
            // The first of the two has no id yet.
            self.flush();
        }
        if let Some(id) = self.repeated(&command) {
            self.flush();
            self.answer(EventKind::Done { id, repeated: true });
            return AfterCommand::Here;
        }
        let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
        let may_be_talk = self.may_be_talk(&command);
        let done = match command {
            Command::Ack(seq) => {
                self.hub.acknowledged(&self.user, seq);
                return AfterCommand::Here;
            }
            Command::Say(text) => self.gather(None, text),
            Command::SayIn { room, text } => self.gather(Some(room), text),
            Command::Hooray => self.gather(None, HOORAY),
            other => {
                self.flush();
                self.settle();
                if other == Command::Quit {
                    self.answer(Cause::Goodbye.report().into());
                    return AfterCommand::Leaving;
                }
                self.obey(other)
            }
        };
        match done {
            Err(refusal) => {
                self.forget_label(label.as_deref());
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
    pub fn begin(&mut self, command: &Command<'_>, tag: Tag, now: OffsetDateTime) -> bool {
        (self.now, self.tag) = (now, tag);
        self.flush();
        let repeated = self.repeated(command);
        if let Some(id) = repeated {
            self.answer(EventKind::Done { id, repeated: true });
        }
        repeated.is_none()
    }

    /// Ends a command that the session itself carried out, with what came of it.
    pub fn end(&mut self, report: Report<'static>) {
        if report.is_refusal() {
            let label = self.user.session.as_ref().and_then(|_| self.tag.label.clone());
            self.forget_label(label.as_deref());
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
    pub fn refuse_labelled(&mut self, label: Option<String>, why: Report<'_>, now: OffsetDateTime) {
        self.tag = Tag { label, ..Tag::default() };
        self.refuse(why.into(), now);
    }

    /// Says what was gathered.
    pub fn flush(&mut self) {
        if self.texts.is_empty() {
            return;
        }
        self.arrive();
        // What cannot be stored is said all the same.
        let stored = self.hub.memory.make_room();
        // Taken out: after a panic, leaving must not try to say it again.
        let mut texts = std::mem::take(&mut self.texts);
        let addressee = self.addressee.take();
        let is_it = |membership: &&Membership| Some(membership.name.key()) == addressee.as_ref();
        if let Some(Membership { name, group, subscription, .. }) = self.rooms.iter().rev().find(is_it) {
            let batch = group.log.publish(subscription, &mut self.talk(Some(name.as_str()), &texts, stored));
            self.spoken = Some((group.clone(), batch));
        }
        texts.clear();
        self.texts = texts;
        if !stored {
            self.tell(messages::not_stored().into());
        }
    }

    /// Texts as theirs, in a room or to everybody.
    fn talk<'t>(&'t self, room: Option<&'t str>, texts: &'t LineBatch, stored: bool) -> Utterance<'t> {
        let hub = &*self.hub;
        Utterance {
            ids: &hub.ids,
            memory: stored.then_some(&*hub.memory),
            limits: &hub.limits,
            client: self.user.client(),
            room,
            user: self.user.name.as_str(),
            texts,
            marks: Some(self.marks()),
            at: self.now,
            first_id: 0,
        }
    }

    /// Where the ids of what they say are noted.
    fn marks(&self) -> MessageIdSink<'_> {
        let labels = self.user.session.as_ref().map(|session| &session.labels);
        MessageIdSink { labels, nonces: &self.hub.nonces, author: self.user.name.key(), party: self.user.party() }
    }

    /// Waits until the last line is out, so that nothing overtakes it.
    fn settle(&mut self) {
        self.arrive();
        if let Some((group, batch)) = self.spoken.take() {
            group.log.wait_delivered(batch);
        }
    }

    /// Waits until everybody knows that they are here.
    fn arrive(&mut self) {
        if let Some(arrival) = self.arrival.as_mut().filter(|arrival| **arrival > 0) {
            self.hub.global.log.wait_delivered(std::mem::take(arrival));
        }
    }

    /// Talk in a room, or in the current one.
    fn gather(&mut self, room: Option<&str>, text: &str) -> Done {
        let place = match room {
            Some(room) => self.place_in(room)?,
            None => self.rooms.len().checked_sub(1).ok_or_else(|| Cause::NoRoomToTalk.report())?,
        };
        let text = match room {
            Some(_) => self.message(text)?,
            None => self.sayable(text)?,
        };
        let Membership { name, group, .. } = &self.rooms[place];
        let (key, group) = (name.key().clone(), group.clone());
        if self.addressee.as_ref().is_some_and(|addressee| *addressee != key) {
            self.flush();
        }
        // No line of theirs overtakes another one, also across rooms.
        if self.spoken.as_ref().is_some_and(|(spoken, _)| !Arc::ptr_eq(spoken, &group)) {
            self.settle();
        }
        // Cleaning may have left nothing that can be seen.
        if !is_blank(&text) {
            let tag = self.take_tag();
            self.texts.push(&text, tag);
            self.addressee = Some(key);
        }
        Ok(())
    }

    /// Where a room that they must be in stands.
    fn place_in(&self, room: &str) -> Result<usize, Report<'static>> {
        let place = RoomName::parse(room).ok().and_then(|name| self.place_of(&name));
        place.ok_or_else(|| Cause::NotInRoom.of_room(shown(room)))
    }

    /// What came along with the command in hand, for what carries it on.
    fn take_tag(&mut self) -> Tag {
        std::mem::take(&mut self.tag)
    }

    /// What a user typed, as others may see it: one line or several.
    fn sayable<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
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
    fn message<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
        let text = self.sayable(text)?;
        if is_blank(&text) {
            return Err(Cause::EmptyMessage.report());
        }
        Ok(text)
    }

    fn obey(&mut self, command: Command<'_>) -> Done {
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
            Command::DirectText { to, .. } | Command::DirectStop(to) => Err(direct_chats::not_here(to)),
            // The session has done these: they need what the hub does not know.
            Command::Register { .. } | Command::Password(_) => Err(Cause::NoQuestionsHere.report()),
            // `perform` has done these.
            Command::Say(_) | Command::SayIn { .. } | Command::Hooray | Command::Quit => Ok(()),
            Command::Ack(_) | Command::Alive => Ok(()),
        }
    }

    fn change_format(&mut self, format: Format) -> Done {
        let rendering = match (format, self.user.rendering()) {
            (Format::Json, Rendering::Text | Rendering::Json) => Rendering::Json,
            (Format::Text, Rendering::Text | Rendering::Json) => Rendering::Text,
            _ => return Err(Cause::FormatFixed.report()),
        };
        let global = &self.hub.global.log;
        global.wait_delivered(global.change_mode(
            &self.global_subscription,
            delivery_mode(self.user.rendering(), true),
            delivery_mode(rendering, true),
        ));
        self.user.set_rendering(rendering);
        let current = self.rooms.len().saturating_sub(1);
        for (i, membership) in self.rooms.iter_mut().enumerate() {
            membership.listen(delivery_mode(rendering, i == current));
        }
        self.answer(EventKind::Format(format));
        Ok(())
    }

    /// A program's own line is answered once. A client that ends its lines may be a user at `nc`, whose talk only begins
    /// like one: no further line of that kind vanishes without a word.
    fn answer_foreign(&mut self, by_program: bool) -> Done {
        if !std::mem::replace(&mut self.told_foreign, true) {
            self.tell(Cause::NotSupported.report().into());
            return Ok(());
        }
        if by_program || self.user.rendering().is_unframed() { Ok(()) } else { Err(Cause::MachineLine.report()) }
    }

    fn pong(&mut self, token: &str) -> Done {
        let token = clean(&self.sayable(token)?).into_owned();
        self.answer(EventKind::Pong(token.into()));
        Ok(())
    }

    /// Somebody by any way to write their name, here or with an account.
    fn known(&self, name: &str) -> Result<UserName, Report<'static>> {
        let here = self.hub.find(name).map(|user| user.name.clone());
        here.or_else(|| self.hub.memory.account(&NameKey::of(name))).ok_or_else(|| nobody(name))
    }

    /// Somebody else who is here.
    fn other(&self, name: &str) -> Result<Arc<User>, Report<'static>> {
        match self.hub.registry().find(name) {
            Some(user) if Arc::ptr_eq(&user, &self.user) => Err(Cause::Yourself.report()),
            Some(user) => Ok(user),
            None => Err(nobody(name)),
        }
    }
}

fn nobody(name: &str) -> Report<'static> {
    Cause::NoSuchUser.of_user(shown(name))
}

/// Something a client wrote that is to be quoted back: cleaned and short.
fn shown(text: &str) -> String {
    clean(text).chars().take(40).collect()
}
