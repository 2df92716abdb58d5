//! Begins a chat: the user who accepts opens a port and waits, the client of the user who asked dials.

use super::addresses::{LocalAddress, offered, targets};
use super::chat::{Chat, Role};
use super::close_reason::CloseReason;
use super::handshake::ExpectedKeys;
use super::offer::Offer;
use super::requests::ChatRequest;
use super::{DirectChats, LABEL_PREFIX, LIMIT};
use crate::connection::Connection;
use landline_common::clean::clean;
use landline_common::command::Command;
use landline_common::{EventKind, NameKey};
use log::info;
use std::io;

impl<C: Connection> DirectChats<C> {
    /// Accepts a waiting request, of `user` or the only one. Returns `false` if there is none: the server may know one
    /// for an off-the-record chat.
    pub(super) fn accept(&mut self, user: Option<&str>, label: Option<&str>) -> bool {
        if let (None, Some(names)) = (user, self.requests.several_names()) {
            let why = format!("{} ask for an encrypted chat; choose one: /accept USER", names.join(", "));
            self.answer(EventKind::info(why), label);
            return true;
        }
        let Some(request) = self.requests.take_incoming(user) else { return false };
        info!("direct: accepting request user={}", request.from);
        // Without a port or a thread, the request is used up and the user learns the reason.
        if self.open_port(&request, label).is_err() {
            self.answer(EventKind::Done { id: None, repeated: false }, label);
            let from = request.from.to_string();
            let reason = CloseReason::NoResources.sentence(&from).into();
            self.tell(EventKind::DirectEnded { with: from.into(), reason });
        }
        true
    }

    /// Opens a port for the client that asked, and sends the addresses by way of the server.
    fn open_port(&mut self, request: &ChatRequest, label: Option<&str>) -> io::Result<()> {
        let pair = ExpectedKeys { own: self.keys.clone(), theirs: request.key };
        let offer = Offer::open()?;
        let addresses = offered(&LocalAddress::all(), offer.port()?);
        let handle = offer.accept_from(pair.clone())?;
        self.begin(&request.from, pair, Role::Wait(handle))?;
        let key = request.key.to_string();
        let accept = Command::DirectAccept { to: &request.from, key: &key, addresses: &addresses };
        self.forward(&accept, label.unwrap_or(LABEL_PREFIX));
        Ok(())
    }

    /// Dials the client of a user that accepted.
    pub(super) fn dial(&mut self, user: &str, key: &str, addresses: &str) {
        let user = clean(user).into_owned();
        let begun = match key.parse() {
            Ok(theirs) => {
                let pair = ExpectedKeys { own: self.keys.clone(), theirs };
                let role = Role::Dial(targets(addresses, &LocalAddress::all(), self.inner.is_local()));
                self.begin(&user, pair, role).map_err(|_| CloseReason::NoResources)
            }
            Err(_) => Err(CloseReason::WrongKey),
        };
        if let Err(why) = begun {
            let reason = why.sentence(&user).into();
            self.tell(EventKind::DirectEnded { with: user.into(), reason });
        }
    }

    /// Adds a chat and starts its thread. A chat with the same user is replaced.
    fn begin(&mut self, with: &str, pair: ExpectedKeys, role: Role) -> io::Result<()> {
        let name_key = NameKey::of(with);
        if let Some(at) = self.chats.iter().position(|other| other.name_key == name_key) {
            self.replace(at);
        }
        if self.chats.len() >= LIMIT {
            return Err(io::Error::other("too many chats"));
        }
        self.last_number += 1;
        self.chats.push(Chat::begin(self.last_number, with, pair, role, self.out.clone())?);
        Ok(())
    }

    /// Closes the chat at index `at`. The UI hears of it only if the chat was open or already closing.
    fn replace(&mut self, at: usize) {
        let old = self.chats.remove(at);
        let why = old.close_reason().or(old.open.then_some(CloseReason::Replaced));
        let with = old.with.to_string();
        old.finish(CloseReason::Replaced);
        if let Some(why) = why {
            let reason = why.sentence(&with).into();
            self.tell(EventKind::DirectEnded { with: with.into(), reason });
        }
    }
}
