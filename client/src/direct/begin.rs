//! How a chat begins: one side accepts and waits, the other one dials.

use super::addresses::{Own, offered, targets};
use super::chat::{Chat, Way};
use super::ending::Ending;
use super::meet::Pair;
use super::offer::Offer;
use super::requests::Request;
use super::{Direct, LABEL, LIMIT};
use crate::link::Connection;
use landline_common::clean::clean;
use landline_common::command::Command;
use landline_common::{NameKey, What};
use log::info;
use std::io;

impl<C: Connection> Direct<C> {
    /// Accepts a request that waits. `false` if there is none: then the server may know of one of another kind.
    pub(super) fn accept(&mut self, user: Option<&str>, label: Option<&str>) -> bool {
        if let (None, Some(names)) = (user, self.requests.several()) {
            let why = format!("{} ask for an encrypted chat: /accept USER", names.join(", "));
            self.answer(What::info(why), label);
            return true;
        }
        let Some(request) = self.requests.take(user) else { return false };
        info!("accepting a direct chat with {}", request.from);
        if self.wait_for(&request, label).is_err() {
            self.answer(What::Done { id: None, repeated: false }, label);
            let from = request.from.to_string();
            let reason = Ending::NoMeans.sentence(&from).into();
            self.tell(What::DirectEnded { with: from.into(), reason });
        }
        true
    }

    /// Opens a port, and tells the one who asked.
    fn wait_for(&mut self, request: &Request, label: Option<&str>) -> io::Result<()> {
        let pair = Pair { own: self.keys.clone(), theirs: request.key };
        let offer = Offer::open()?;
        let addresses = offered(&Own::all(), offer.port()?);
        let waiting = offer.wait_for(pair.clone())?;
        self.begin(&request.from, pair, Way::Wait(waiting))?;
        let (to, key) = (&*request.from, request.key.to_string());
        self.forward(&Command::DirectAccept { to, key: &key, addresses: &addresses }, label.unwrap_or(LABEL));
        Ok(())
    }

    /// Goes where somebody waits.
    pub(super) fn dial(&mut self, user: &str, key: &str, addresses: &str) {
        let user = clean(user).into_owned();
        let begun = match key.parse() {
            Ok(theirs) => {
                let pair = Pair { own: self.keys.clone(), theirs };
                let way = Way::Dial(targets(addresses, &Own::all(), self.inner.is_local()));
                self.begin(&user, pair, way).map_err(|_| Ending::NoMeans)
            }
            Err(_) => Err(Ending::Stranger),
        };
        if let Err(why) = begun {
            let reason = why.sentence(&user).into();
            self.tell(What::DirectEnded { with: user.into(), reason });
        }
    }

    /// A chat, in the place of one with the same person.
    fn begin(&mut self, with: &str, pair: Pair, way: Way) -> io::Result<()> {
        let who = NameKey::of(with);
        if let Some(at) = self.chats.iter().position(|other| other.who == who) {
            self.replace(at);
        }
        if self.chats.len() >= LIMIT {
            return Err(io::Error::other("too many chats"));
        }
        self.count += 1;
        self.chats.push(Chat::begin((self.count, with), pair, way, self.out.clone())?);
        Ok(())
    }

    /// Ends one before its time. Of one that nobody has heard of yet, nobody hears.
    fn replace(&mut self, at: usize) {
        let old = self.chats.remove(at);
        let why = old.ending().or(old.open.then_some(Ending::Replaced));
        let with = old.with.to_string();
        old.end(Ending::Replaced);
        if let Some(why) = why {
            let reason = why.sentence(&with).into();
            self.tell(What::DirectEnded { with: with.into(), reason });
        }
    }
}
