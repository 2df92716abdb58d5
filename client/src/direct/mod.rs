//! Encrypted ("direct") chats between two clients. Their texts do not go through the server.
//!
//! [`DirectChats`] wraps the connection to a server and is a [`Connection`] itself. It handles commands about direct chats
//! and passes all others on. Events of direct chats come out of the same channel as the server's; the number beside
//! each event tells the source:
//!
//! | number | source |
//! |---|---|
//! | below `CHAT_BIT` | a connection to the server, as numbered by the wrapped connection |
//! | `CHAT_BIT` + chat number | the threads of a direct chat |
//! | `LOCAL_NUMBER` | this type: answers to commands of the user |
//!
//! The UI thread owns all state here. Each chat has threads of its own, and their events change the state only when the
//! UI thread takes them in [`Connection::process`]. So the UI and this module always agree on which chats are open,
//! without a lock.

mod addresses;
mod begin;
mod chat;
mod close_reason;
mod dial;
mod forged;
mod frame;
mod handshake;
mod logging;
mod offer;
mod requests;
mod run_chat;

use crate::clock::wall;
use crate::connection::{Connection, ConnectionEvent, SignIn};
use crate::message::length_error;
use chat::{BYE_TIMEOUT, Chat};
use close_reason::CloseReason;
use crossbeam_channel::{Receiver, Sender};
use landline_common::clean::clean_message;
use landline_common::command::{Command, Request};
use landline_common::event::Reply;
use landline_common::link::{Keys, LinkError};
use landline_common::{Cause, Event, EventKind, NameKey, json};
use log::info;
use requests::Requests;
use std::collections::VecDeque;
use std::io;
use std::time::Instant;

/// Limit for open chats and waiting requests together, and for requests sent: a server must not fill the memory.
const LIMIT: usize = 64;
/// Set in the event numbers of direct chats. Numbers of server connections are below.
const CHAT_BIT: u64 = 1 << 63;
/// Event number of answers from this type, which are never outdated.
const LOCAL_NUMBER: u64 = u64::MAX;
/// Prefix of the labels of commands that this program sends on its own.
const LABEL_PREFIX: &str = "direct-";

/// A connection to a server, and the encrypted chats beside it.
#[derive(Debug)]
pub struct DirectChats<C> {
    inner: C,
    out: Sender<(u64, ConnectionEvent)>,
    /// Generated at each start and never stored, so that recorded traffic cannot be decrypted with a seized computer.
    /// A lasting key for a name would promise too much, since any guest can take a free name.
    keys: Keys,
    requests: Requests,
    chats: Vec<Chat>,
    /// Number of the newest chat.
    last_number: u64,
    /// Number in the newest label.
    last_label: u64,
    /// Local events that did not fit into `out`. The UI thread must not block on that channel, since only the UI thread
    /// drains it.
    local_queue: VecDeque<ConnectionEvent>,
}

impl<C: Connection> DirectChats<C> {
    /// Wraps `inner`. `out` must be the sending half of the channel that `inner.news()` returns.
    ///
    /// # Errors
    /// No key can be generated: the system provides no random numbers.
    pub fn wrap(inner: C, out: Sender<(u64, ConnectionEvent)>) -> Result<DirectChats<C>, LinkError> {
        Ok(DirectChats {
            inner,
            out,
            keys: Keys::generate()?,
            requests: Requests::default(),
            chats: Vec::new(),
            last_number: 0,
            last_label: 0,
            local_queue: VecDeque::new(),
        })
    }

    /// Sends a command of this program to the server. The answer is not shown.
    fn command(&mut self, command: &Command<'_>) {
        self.last_label += 1;
        let label = format!("{LABEL_PREFIX}{}", self.last_label);
        self.forward(command, &label);
    }

    /// Sends a command to the server under `label`.
    fn forward(&mut self, command: &Command<'_>, label: &str) {
        if let Some(request) = Request::of_command(command, None) {
            self.inner.send(&Request { label: Some(label.into()), ..request }.to_line());
        }
    }

    /// Acts on an event of the server, and returns it if the UI is to see it.
    ///
    /// Drops events that only this program may tell, answers to questions that the user did not ask, and answers to
    /// this program's own commands.
    fn filter_server_event(&mut self, event: ConnectionEvent) -> Option<ConnectionEvent> {
        let server_event = match &event {
            ConnectionEvent::Event { event, .. } => event,
            // A server must not fake an event of a direct chat, not even in a form that only scripts understand.
            ConnectionEvent::Unknown(line) => return (!forged::is_forged(line)).then_some(event),
            _ => return Some(event),
        };
        // True for answers to commands that the user did not type.
        let is_own = server_event.reply.as_ref().is_some_and(|reply| reply.label.starts_with(LABEL_PREFIX));
        let passes = match &server_event.what {
            EventKind::Welcome { grant, .. } => {
                if !grant.resumed {
                    self.requests.clear();
                }
                let key = self.keys.public().to_string();
                self.command(&Command::DirectKey(&key));
                true
            }
            EventKind::DirectRequest { from, key } => self.requests.add_incoming(from, key, self.chats.len()),
            EventKind::DirectReady { user, key, addresses } => {
                let was_asked = self.requests.take_outgoing(user);
                if was_asked {
                    // If both users asked, drop the other request: one chat is enough.
                    self.requests.take_incoming(Some(user));
                    self.dial(user, key, addresses);
                }
                was_asked
            }
            EventKind::DirectRejected { by } => {
                self.requests.take_outgoing(by);
                true
            }
            EventKind::Report(report) if report.cause == Cause::DirectUnavailable => {
                self.requests.take_incoming(report.about.user.as_deref());
                true
            }
            // A server has no part in direct chats, and asks for nothing after sign-in.
            EventKind::DirectConnected { .. }
            | EventKind::DirectTalk { .. }
            | EventKind::DirectEnded { .. }
            | EventKind::Ask(_)
            | EventKind::AskAll { .. } => false,
            _ => true,
        };
        (passes && !is_own).then_some(event)
    }

    /// Applies an event of a chat to the list of chats, and returns it. Events of a chat that is gone are dropped.
    fn apply_chat_event(&mut self, number: u64, event: ConnectionEvent) -> Option<ConnectionEvent> {
        let at = self.chats.iter().position(|chat| chat.number == number)?;
        if let ConnectionEvent::Event { event, .. } = &event {
            match &event.what {
                EventKind::DirectConnected { .. } => self.chats[at].open = true,
                EventKind::DirectEnded { .. } => _ = self.chats.remove(at),
                _ => {}
            }
        }
        Some(event)
    }

    /// Handles a command about encrypted chats. Returns `false` if the command must go to the server.
    fn handle(&mut self, command: &Command<'_>, label: Option<&str>) -> bool {
        match *command {
            Command::DirectText { to, text } => self.send_text(to, text, label),
            Command::DirectStop(user) => self.stop(user, label),
            Command::Accept(user) => return self.accept(user, label),
            Command::Reject(user) => match self.requests.take_incoming(user) {
                Some(request) => {
                    info!("direct: rejecting request user={}", request.from);
                    let label = label.unwrap_or(LABEL_PREFIX);
                    self.forward(&Command::Reject(Some(&request.from)), label);
                }
                None => return false,
            },
            Command::Direct(user) => return self.request_chat(user, label),
            Command::Block(user) => {
                self.requests.take_incoming(Some(user));
                if let Some(chat) = self.chat_mut(user) {
                    chat.close(CloseReason::Blocked);
                    chat.open = false;
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    fn send_text(&mut self, to: &str, text: &str, label: Option<&str>) {
        let text = clean_message(text).into_owned();
        if let Some(why) = length_error(&text) {
            return self.answer(EventKind::error(413, why), label);
        }
        match self.chat_mut(to).filter(|chat| chat.open) {
            Some(_) if text.is_empty() => self.answer(EventKind::Done { id: None, repeated: false }, label),
            // The chat's thread answers when the text was sent.
            Some(chat) => chat.send(text, label.map(str::to_owned)),
            None => self.answer(EventKind::error(403, not_open(to)), label),
        }
    }

    fn stop(&mut self, user: &str, label: Option<&str>) {
        match self.chat_mut(user).filter(|chat| chat.close_reason().is_none()) {
            Some(chat) => {
                chat.close(CloseReason::Stopped);
                chat.open = false;
                self.answer(EventKind::Done { id: None, repeated: false }, label);
            }
            None => self.answer(EventKind::info(not_open(user)), label),
        }
    }

    /// Notes that the user asks for a chat. Returns `true`, after an answer, if a chat is open or being opened already;
    /// otherwise the server must have the command.
    fn request_chat(&mut self, user: &str, label: Option<&str>) -> bool {
        // A chat that is being closed does not count: the user may ask for another one.
        let Some(chat) = self.chat_mut(user).filter(|chat| chat.close_reason().is_none()) else {
            info!("direct: sending request user={user}");
            self.requests.add_outgoing(user);
            return false;
        };
        let with = &chat.with;
        let fingerprint = &chat.fingerprint;
        let why = if chat.open {
            format!("an encrypted chat with {with} is open; compare: {fingerprint}. /direct-stop {with} ends it")
        } else {
            format!("an encrypted chat with {with} is being set up; /direct-stop {with} cancels it")
        };
        self.answer(EventKind::info(why), label);
        true
    }

    fn chat_mut(&mut self, user: &str) -> Option<&mut Chat> {
        let name_key = NameKey::of(user);
        self.chats.iter_mut().find(|chat| chat.name_key == name_key)
    }

    /// Queues a local event for the UI.
    fn tell(&mut self, what: EventKind<'static>) {
        self.answer(what, None);
    }

    /// Queues the answer to a command that the server never sees.
    fn answer(&mut self, what: EventKind<'static>, label: Option<&str>) {
        // `Done` carries no text, so without a label there is nothing to tell.
        if label.is_some() || !matches!(what, EventKind::Done { .. }) {
            self.local_queue.push_back(local_event(what, label));
        }
        self.flush_local();
    }

    /// Sends queued local events without blocking. If the channel is full, `current` calls this again after each event
    /// that the UI takes.
    fn flush_local(&mut self) {
        while let Some(event) = self.local_queue.pop_front() {
            if let Err(full) = self.out.try_send((LOCAL_NUMBER, event)) {
                let (_, event) = full.into_inner();
                self.local_queue.push_front(event);
                return;
            }
        }
    }
}

impl<C: Connection + 'static> Connection for DirectChats<C> {
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)> {
        self.inner.events()
    }

    fn process(&mut self, (number, event): (u64, ConnectionEvent)) -> Option<ConnectionEvent> {
        let event = match number {
            LOCAL_NUMBER => Some(event),
            CHAT_BIT.. => self.apply_chat_event(number & !CHAT_BIT, event),
            _ => self.inner.process((number, event)).and_then(|event| self.filter_server_event(event)),
        };
        self.flush_local();
        if let Some(ConnectionEvent::Event { event, .. }) = &event
            && let Some(note) = logging::note(&event.what)
        {
            info!("{note}");
        }
        event
    }

    fn connect(&mut self, sign_in: SignIn) -> io::Result<()> {
        self.inner.connect(sign_in)
    }

    fn send(&mut self, line: &str) {
        let request = Request::parse(line).unwrap_or_default();
        match request.command() {
            Ok(command) if self.handle(&command, request.label.as_deref()) => {}
            _ => self.inner.send(line),
        }
    }

    /// Ends the connection to the server. Encrypted chats go on.
    fn disconnect(&mut self) {
        self.inner.disconnect();
    }

    fn is_local(&self) -> bool {
        self.inner.is_local()
    }

    /// Closes all chats, then the connection to the server. Waits up to two seconds until the goodbyes were sent.
    fn close(self: Box<Self>) {
        let DirectChats { inner, chats, .. } = *self;
        let end = Instant::now() + 2 * BYE_TIMEOUT;
        let closing = chats.into_iter().map(|chat| {
            info!(
                "direct: ended user={} reason={}",
                chat.with,
                chat.close_reason().unwrap_or(CloseReason::Left).sentence(&chat.with)
            );
            chat.finish(CloseReason::Left)
        });
        let closing: Vec<_> = closing.collect();
        Box::new(inner).close();
        for gone in closing {
            let _ = gone.recv_deadline(end);
        }
    }
}

fn not_open(user: &str) -> String {
    format!("no encrypted chat with {user} is open; /direct {user} asks for one")
}

/// Builds a local event, also as the JSON line that scripts read. With a label it is the last answer to that command.
fn local_event(what: EventKind<'static>, label: Option<&str>) -> ConnectionEvent {
    let reply = label.map(|label| Reply { label: label.to_owned().into(), done: true });
    let event = Event { reply, ..what.at(wall()) };
    let mut line = Vec::new();
    json::write(&event, &mut line);
    let line = String::from_utf8_lossy(&line).trim_end().into();
    ConnectionEvent::Event { event: Box::new(event), line, by_program: true }
}

#[cfg(test)]
mod tests;
