//! One person's stay: everything that they can do once they are signed in. Dropping it is leaving.

mod blocks;
mod direct_chats;
mod history;
mod lists;
mod messages;
mod private_chats;
mod rooms;
mod stay;

use super::person::ear;
use super::talk::{Talk, Texts};
use super::{Audience, Claim, Hub, Person};
use crate::fanout::Seat;
use landline_common::clean::clean;
use landline_common::command::{Command, Format, HOORAY};
use landline_common::limits::count;
use landline_common::{Moment, NameKey, Rendering, UserName, What};
use rooms::Membership;
use std::borrow::Cow;
use std::sync::Arc;

/// What came of a command: nothing more to say, or why it was refused.
type Done = Result<(), What<'static>>;

/// Whether somebody stays after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// They do.
    Here,
    /// They asked to leave.
    Leaving,
}

/// Somebody who is here. Its session owns it.
#[derive(Debug)]
pub struct Visit {
    hub: Arc<Hub>,
    person: Arc<Person>,
    /// The seat in the hidden room of everybody.
    hall: Arc<Seat>,
    /// The last one is the current one.
    rooms: Vec<Membership>,
    /// What was said in the current room and is not yet in its log.
    texts: Texts,
    /// The batch of the last line in the current room: it must be out before anything is said elsewhere.
    last_batch: u64,
    /// The batch of the news that they are here: it must be out before they say anything.
    arrival: Option<u64>,
    told_foreign: bool,
    now: Moment,
    /// Last, so that the name is free only when everything else is done.
    _claim: Claim,
}

impl Visit {
    /// Who it is.
    #[must_use]
    pub fn person(&self) -> &Arc<Person> {
        &self.person
    }

    /// Does what a command asks for. Talk is gathered until [`Visit::flush`] or the next other command.
    pub fn perform(&mut self, command: Command<'_>, now: Moment) -> Stay {
        self.now = now;
        let done = match command {
            Command::Say(text) => self.gather(text),
            Command::Hooray => self.gather(HOORAY),
            other => {
                self.flush();
                self.settle();
                if other == Command::Quit {
                    self.tell(What::info("Goodbye!"));
                    return Stay::Leaving;
                }
                self.obey(other)
            }
        };
        if let Err(refusal) = done {
            self.refuse(refusal, now);
        }
        Stay::Here
    }

    /// Tells them why something was not done, behind what they said before.
    pub fn refuse(&mut self, why: What<'_>, now: Moment) {
        self.now = now;
        self.flush();
        self.tell(why);
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
        if let Some(Membership { name, circle, seat, .. }) = self.rooms.last() {
            self.last_batch = circle.log.say(seat, &mut self.talk(Some(name.as_str()), &texts, stored));
        }
        texts.clear();
        self.texts = texts;
        if !stored {
            self.tell(messages::not_stored());
        }
    }

    /// Texts as theirs, in a room or to everybody.
    fn talk<'t>(&'t self, room: Option<&'t str>, texts: &'t Texts, stored: bool) -> Talk<'t> {
        let hub = &*self.hub;
        Talk {
            ids: &hub.ids,
            memory: stored.then_some(&*hub.memory),
            limits: &hub.limits,
            client: self.person.client(),
            room,
            user: self.person.name.as_str(),
            texts,
            at: self.now,
            first_id: 0,
        }
    }

    /// Waits until the last line is out, so that nothing overtakes it.
    fn settle(&mut self) {
        self.arrive();
        if let Some(current) = self.rooms.last() {
            current.circle.log.settle(std::mem::take(&mut self.last_batch));
        }
    }

    /// Waits until everybody knows that they are here.
    fn arrive(&mut self) {
        if let Some(arrival) = self.arrival.as_mut().filter(|arrival| **arrival > 0) {
            self.hub.everybody.log.settle(std::mem::take(arrival));
        }
    }

    fn gather(&mut self, text: &str) -> Done {
        if self.rooms.is_empty() {
            return Err(What::error(404, "you are in no room; /join ROOM goes into one, /rooms lists them"));
        }
        let text = self.sayable(text)?;
        // Cleaning may have left nothing, or spaces at the end.
        if !text.trim().is_empty() {
            self.texts.push(text.trim_end());
        }
        Ok(())
    }

    /// What somebody typed, as others may see it.
    fn sayable<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, What<'static>> {
        let text = clean(text);
        let most = count(self.hub.limits.message_chars);
        // Every character has at least one byte.
        if text.len() > most && text.chars().count() > most {
            return Err(What::error(413, format!("that is too long: at most {most} characters; nothing was sent")));
        }
        Ok(text)
    }

    /// The same for a message to somebody, which must have something in it.
    fn message<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, What<'static>> {
        let text = self.sayable(text)?;
        if text.trim().is_empty() {
            return Err(What::error(400, "there is nothing in that that others could see; nothing was sent"));
        }
        Ok(text)
    }

    fn obey(&mut self, command: Command<'_>) -> Done {
        match command {
            Command::All(text) => self.say_to_all(text),
            Command::Online | Command::OnlineDetails => self.list_people(true),
            Command::Others => self.list_people(false),
            Command::Members(room) => self.list_members(room),
            Command::Rooms => self.list_rooms(),
            Command::Message { to, text } => self.send_message(to, text),
            Command::Connect(user) => self.ask_private(user),
            Command::Accept(user) => self.answer_private(user, true),
            Command::Reject(user) => self.answer_private(user, false),
            Command::Chats => self.list_private(),
            Command::Private { to, text } => self.say_private(to, text),
            Command::End(user) => self.end_private(user),
            Command::Join(room) => self.join(room),
            Command::Leave(room) => self.leave(room),
            Command::Format(format) => self.change_format(format),
            Command::Help(word) => self.help(word),
            Command::Ping(token) => self.pong(token.unwrap_or_default()),
            Command::Foreign => self.answer_foreign(),
            Command::Since(seconds) => self.list_seen(seconds),
            Command::Block(user) => self.block(user),
            Command::Unblock(user) => self.unblock(user),
            Command::History(ask) => self.history(ask),
            Command::Search { words, before } => self.search(words, before),
            Command::Forget => self.forget(),
            Command::Direct(user) => self.ask_direct(user),
            Command::DirectKey(key) => self.announce_key(key),
            Command::DirectAccept { to, key, addresses } => self.accept_direct(to, key, addresses),
            Command::DirectText { to, .. } | Command::DirectStop(to) => Err(direct_chats::not_here(to)),
            // `perform` has done these.
            Command::Say(_) | Command::Hooray | Command::Quit => Ok(()),
        }
    }

    fn change_format(&mut self, format: Format) -> Done {
        let rendering = match (format, self.person.rendering()) {
            (Format::Json, Rendering::Text | Rendering::Json) => Rendering::Json,
            (Format::Text, Rendering::Text | Rendering::Json) => Rendering::Text,
            _ => return Err(What::error(400, "this client gets events in a form of its own, which cannot be changed")),
        };
        let everybody = &self.hub.everybody.log;
        everybody.settle(everybody.change(&self.hall, ear(self.person.rendering(), true), ear(rendering, true)));
        self.person.set_rendering(rendering);
        let current = self.rooms.len().saturating_sub(1);
        for (i, membership) in self.rooms.iter_mut().enumerate() {
            membership.listen(ear(rendering, i == current));
        }
        self.tell(What::Format(format));
        Ok(())
    }

    fn answer_foreign(&mut self) -> Done {
        if !std::mem::replace(&mut self.told_foreign, true) {
            self.tell(What::info("not supported here"));
        }
        Ok(())
    }

    fn pong(&self, token: &str) -> Done {
        self.tell(What::Pong(self.sayable(token)?.into_owned().into()));
        Ok(())
    }

    fn welcome(&self) -> What<'_> {
        let room = self.rooms.last().map_or("", |membership| membership.name.as_str());
        What::Welcome {
            user: self.person.name.as_str().into(),
            server: self.hub.server_name.as_str().into(),
            room: room.into(),
            account: self.person.account,
        }
    }

    /// An answer as this person reads it, for [`Outbox::release`](crate::fanout::Outbox::release).
    fn written(&self, what: What<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.person.rendering().write(&what.at(self.now), &self.hub.limits, &mut bytes);
        bytes
    }

    fn tell(&self, what: What<'_>) {
        self.tell_to(&self.person, what);
    }

    fn tell_to(&self, person: &Person, what: What<'_>) {
        self.hub.apply(Audience::Person(person), what.at(self.now));
    }

    /// Somebody by any way to write their name, here or with an account.
    fn known(&self, name: &str) -> Result<UserName, What<'static>> {
        let here = self.hub.find(name).map(|person| person.name.clone());
        here.or_else(|| self.hub.memory.account(&NameKey::of(name))).ok_or_else(|| nobody(name))
    }

    /// Somebody else who is here.
    fn other(&self, name: &str) -> Result<Arc<Person>, What<'static>> {
        match self.hub.registry().find(name) {
            Some(person) if Arc::ptr_eq(&person, &self.person) => Err(What::error(400, "that is you")),
            Some(person) => Ok(person),
            None => Err(nobody(name)),
        }
    }
}

fn nobody(name: &str) -> What<'static> {
    What::NoSuchUser { name: shown(name).into() }
}

/// Something a client wrote that is to be quoted back: cleaned and short.
fn shown(text: &str) -> String {
    clean(text).chars().take(40).collect()
}
