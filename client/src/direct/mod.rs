//! Direct private chats, past the server. [`Direct`] stands around the connection to a server: what is about such chats
//! it deals with itself, everything else it passes on. News of them come out of the same channel as the server's.
//!
//! The screens' thread owns everything here; each chat has threads of its own, and what they tell counts when the
//! screens take it. So screens and this never disagree on whether a chat is open.

mod addresses;
mod begin;
mod chat;
mod dial;
mod diary;
mod ending;
mod forged;
mod frame;
mod meet;
mod offer;
mod peer;
mod requests;

use crate::clock::wall;
use crate::link::{Connection, News, SignIn};
use crate::message::too_long;
use chat::{Chat, LEAVING};
use crossbeam_channel::{Receiver, Sender};
use ending::Ending;
use landline_common::clean::clean_message;
use landline_common::command::{Command, Request};
use landline_common::event::Reply;
use landline_common::link::{Keys, LinkError};
use landline_common::{Cause, Event, NameKey, What, json};
use log::info;
use requests::Requests;
use std::collections::VecDeque;
use std::io;
use std::time::Instant;

/// Chats and requests at once; more than anybody follows.
const LIMIT: usize = 64;
/// Numbers of connections to a server are below; with this they are of chats.
const LOCAL: u64 = 1 << 63;
/// The number of what is said here, which is always news.
const HERE: u64 = u64::MAX;
/// The beginning of the labels of this program's own commands to the server.
const LABEL: &str = "direct-";

/// A connection to a server, with direct chats past it.
#[derive(Debug)]
pub struct Direct<C> {
    inner: C,
    out: Sender<(u64, News)>,
    /// New ones each time the program starts: who gets hold of this computer later cannot read what was said, and a
    /// name is nobody's for ever.
    keys: Keys,
    requests: Requests,
    chats: Vec<Chat>,
    /// How many chats there were.
    count: u64,
    /// How many commands of its own it has sent.
    labels: u64,
    /// What is to be told as soon as there is room: this thread is the one that makes it.
    late: VecDeque<News>,
}

impl<C: Connection> Direct<C> {
    /// Around `inner`, whose news come out of where `out` leads.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn around(inner: C, out: Sender<(u64, News)>) -> Result<Direct<C>, LinkError> {
        let (requests, chats, late) = (Requests::default(), Vec::new(), VecDeque::new());
        Ok(Direct { inner, out, keys: Keys::generate()?, requests, chats, count: 0, labels: 0, late })
    }

    /// Sends a command of its own to the server.
    fn command(&mut self, command: &Command<'_>) {
        self.labels += 1;
        let label = format!("{LABEL}{}", self.labels);
        self.forward(command, &label);
    }

    /// Sends a command to the server, which answers to that label.
    fn forward(&mut self, command: &Command<'_>, label: &str) {
        if let Some(request) = Request::of_command(command, None) {
            self.inner.send(&Request { label: Some(label.into()), ..request }.to_line());
        }
    }

    /// What the server tells, as far as it is for the screens.
    fn told_by_server(&mut self, told: News) -> Option<News> {
        let event = match &told {
            News::Event { event, .. } => event,
            // Of what this version does not know, nothing may pass for what this program tells itself.
            News::Unknown(line) => return (!forged::is_forged(line)).then_some(told),
            _ => return Some(told),
        };
        // The answer to a command of its own is nothing that the user has asked for.
        let is_own = event.reply.as_ref().is_some_and(|reply| reply.label.starts_with(LABEL));
        let passes = match &event.what {
            What::Welcome { grant, .. } => {
                if !grant.resumed {
                    self.requests.clear();
                }
                let key = self.keys.public().to_string();
                self.command(&Command::DirectKey(&key));
                true
            }
            What::DirectRequest { from, key } => self.requests.came(from, key, self.chats.len()),
            What::DirectReady { user, key, addresses } => {
                let asked = self.requests.answered(user);
                if asked {
                    // Both may have asked; one chat is enough.
                    self.requests.take(Some(user));
                    self.dial(user, key, addresses);
                }
                asked
            }
            What::DirectRejected { by } => {
                self.requests.answered(by);
                true
            }
            What::Report(report) if report.cause == Cause::DirectUnavailable => {
                self.requests.take(report.about.user.as_deref());
                true
            }
            // No server is in the path of what these tell, and none asks for anything once the user is in.
            What::DirectConnected { .. }
            | What::DirectTalk { .. }
            | What::DirectEnded { .. }
            | What::Ask(_)
            | What::AskAll { .. } => false,
            _ => true,
        };
        (passes && !is_own).then_some(told)
    }

    /// What a chat tells, if it is one of the present ones.
    fn told_by_chat(&mut self, number: u64, told: News) -> Option<News> {
        let at = self.chats.iter().position(|chat| chat.number == number)?;
        if let News::Event { event, .. } = &told {
            match &event.what {
                What::DirectConnected { .. } => self.chats[at].open = true,
                What::DirectEnded { .. } => _ = self.chats.remove(at),
                _ => {}
            }
        }
        Some(told)
    }

    /// Does what a command says, if it is about direct chats. `false` if the server must have it.
    fn obey(&mut self, command: &Command<'_>, label: Option<&str>) -> bool {
        match *command {
            Command::DirectText { to, text } => self.say(to, text, label),
            Command::DirectStop(user) => self.stop(user, label),
            Command::Accept(user) => return self.accept(user, label),
            Command::Reject(user) => match self.requests.take(user) {
                Some(request) => {
                    info!("rejecting a direct chat with {}", request.from);
                    let label = label.unwrap_or(LABEL);
                    self.forward(&Command::Reject(Some(&request.from)), label);
                }
                None => return false,
            },
            Command::Direct(user) => return self.ask(user, label),
            Command::Block(user) => {
                self.requests.take(Some(user));
                if let Some(chat) = self.chat(user) {
                    chat.stop(Ending::Blocked);
                    chat.open = false;
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    fn say(&mut self, to: &str, text: &str, label: Option<&str>) {
        let text = clean_message(text).into_owned();
        if let Some(why) = too_long(&text) {
            return self.answer(What::error(413, why), label);
        }
        match self.chat(to).filter(|chat| chat.open) {
            Some(_) if text.is_empty() => self.answer(What::Done { id: None, repeated: false }, label),
            // Its own thread answers when the line has gone out.
            Some(chat) => chat.say(text, label.map(str::to_owned)),
            None => self.answer(What::error(403, not_open(to)), label),
        }
    }

    fn stop(&mut self, user: &str, label: Option<&str>) {
        match self.chat(user).filter(|chat| chat.ending().is_none()) {
            Some(chat) => {
                chat.stop(Ending::Stopped);
                chat.open = false;
                self.answer(What::Done { id: None, repeated: false }, label);
            }
            None => self.answer(What::info(not_open(user)), label),
        }
    }

    /// Whether a user need not be asked.
    fn ask(&mut self, user: &str, label: Option<&str>) -> bool {
        // One that is ending keeps nobody from asking for another.
        let Some(chat) = self.chat(user).filter(|chat| chat.ending().is_none()) else {
            info!("asking {user} for a direct chat");
            self.requests.ask(user);
            return false;
        };
        let (with, numbers) = (&chat.with, &chat.fingerprint);
        let why = if chat.open {
            format!("there is an encrypted chat with {with} already; compare: {numbers}. /direct-stop {with} ends it")
        } else {
            format!("an encrypted chat with {with} is about to begin; /direct-stop {with} gives it up")
        };
        self.answer(What::info(why), label);
        true
    }

    fn chat(&mut self, user: &str) -> Option<&mut Chat> {
        let who = NameKey::of(user);
        self.chats.iter_mut().find(|chat| chat.who == who)
    }

    /// Tells something that nobody else told.
    fn tell(&mut self, what: What<'static>) {
        self.answer(what, None);
    }

    /// Answers a command that goes no further.
    fn answer(&mut self, what: What<'static>, label: Option<&str>) {
        // A program that gave no label compares nothing, and is not told that nothing is to be said.
        if label.is_some() || !matches!(what, What::Done { .. }) {
            self.late.push_back(news(what, label));
        }
        self.tell_late();
    }

    /// Where there is no room, there is more to be taken: then this has its turn again.
    fn tell_late(&mut self) {
        while let Some(told) = self.late.pop_front() {
            if let Err(full) = self.out.try_send((HERE, told)) {
                let (_, told) = full.into_inner();
                self.late.push_front(told);
                return;
            }
        }
    }
}

impl<C: Connection + 'static> Connection for Direct<C> {
    fn news(&self) -> &Receiver<(u64, News)> {
        self.inner.news()
    }

    fn current(&mut self, (number, told): (u64, News)) -> Option<News> {
        let told = match number {
            HERE => Some(told),
            LOCAL.. => self.told_by_chat(number & !LOCAL, told),
            _ => self.inner.current((number, told)).and_then(|told| self.told_by_server(told)),
        };
        self.tell_late();
        if let Some(News::Event { event, .. }) = &told {
            diary::note(&event.what).iter().for_each(|note| info!("{note}"));
        }
        told
    }

    fn connect(&mut self, sign_in: SignIn) -> io::Result<()> {
        self.inner.connect(sign_in)
    }

    fn send(&mut self, line: &str) {
        let request = Request::parse(line).unwrap_or_default();
        match request.command() {
            Ok(command) if self.obey(&command, request.label.as_deref()) => {}
            _ => self.inner.send(line),
        }
    }

    /// Direct chats go on.
    fn disconnect(&mut self) {
        self.inner.disconnect();
    }

    fn is_local(&self) -> bool {
        self.inner.is_local()
    }

    /// And until everybody has been told goodbye.
    fn finish(self: Box<Self>) {
        let Direct { inner, chats, .. } = *self;
        let end = Instant::now() + 2 * LEAVING;
        let parting = chats.into_iter().map(|chat| {
            info!(
                "direct chat with {}: ended: {}",
                chat.with,
                chat.ending().unwrap_or(Ending::Left).sentence(&chat.with)
            );
            chat.end(Ending::Left)
        });
        let parting: Vec<_> = parting.collect();
        Box::new(inner).finish();
        for gone in parting {
            let _ = gone.recv_deadline(end);
        }
    }
}

fn not_open(user: &str) -> String {
    format!("there is no encrypted chat with {user}; /direct {user} asks for one")
}

/// Something that this program tells itself, also as programs read it; perhaps the answer to a command.
fn news(what: What<'static>, label: Option<&str>) -> News {
    let reply = label.map(|label| Reply { label: label.to_owned().into(), done: true });
    let event = Event { reply, ..what.at(wall()) };
    let mut line = Vec::new();
    json::write(&event, &mut line);
    let line = String::from_utf8_lossy(&line).trim_end().into();
    News::Event { event: Box::new(event), line, by_program: true }
}

#[cfg(test)]
mod tests;
