//! Private chats: both must want them.

use super::{World, names};
use crate::steps::{NAMES, Who, text};

impl World {
    pub(super) fn connect(&mut self, me: Who, who: Who) -> Result<(), String> {
        self.other(me, who)?;
        let name = NAMES[who];
        if self.blocks_of(who).contains(&me) {
            return Err(format!("403 Not delivered: {name} blocks you."));
        }
        if self.blocks_of(me).contains(&who) {
            return Err(format!("403 You block {name} and could not read the answer. /unblock {name} first."));
        }
        if self.chats.contains(&(me, who)) {
            return Err(format!("400 You already have an off-the-record chat with {name}."));
        }
        if self.take_request(who, me) {
            self.begin(me, who);
        } else if self.asked.contains(&(me, who)) {
            return Err(format!("400 You have asked {name} already. Wait for an answer."));
        } else {
            self.asked.push((me, who));
            self.tell(me, format!("INFO: Connection request sent to {name}"));
            self.tell(who, format!("PRIVATE_REQUEST_FROM:{}", NAMES[me]));
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, me: Who, who: Option<Who>, accept: bool) -> Result<(), String> {
        let who = match who {
            Some(who) => self.other(me, who).map(|()| who)?,
            None => only(self.asked.iter().filter(|(_, whom)| *whom == me).map(|(from, _)| *from), "request")?,
        };
        let name = NAMES[who];
        if !self.take_request(who, me) {
            return Err(format!(
                "404 {name} has not asked you for an off-the-record chat. /connect {name} asks; /say TEXT sends any text."
            ));
        }
        if accept {
            self.begin(me, who);
        } else {
            self.tell(me, format!("INFO: Rejected private request from {name}"));
            self.tell(who, format!("PRIVATE_REJECTED:{}", NAMES[me]));
        }
        Ok(())
    }

    pub(super) fn private(&mut self, me: Who, to: Option<Who>) -> Result<(), String> {
        let number = self.next_number();
        let (to, text) = match to {
            Some(to) => self.other(me, to).map(|()| (to, text(number, 0)))?,
            None => (only(self.partners(me), "off-the-record chat")?, format!("m{number}")),
        };
        if !self.chats.contains(&(me, to)) {
            let name = NAMES[to];
            return Err(format!(
                "403 You have no off-the-record chat with {name}. /connect {name} asks for one; /say TEXT sends any text."
            ));
        }
        self.tell(to, format!("[Private] {}: {text}", NAMES[me]));
        Ok(())
    }

    pub(super) fn end(&mut self, me: Who, who: Who) -> Result<(), String> {
        self.other(me, who)?;
        let name = NAMES[who];
        if !self.part(me, who) {
            return Err(format!(
                "404 You have no off-the-record chat with {name}. /chats lists yours; /say TEXT sends any text."
            ));
        }
        self.tell(me, format!("PRIVATE_ENDED:{name}:ended by command"));
        self.tell(me, format!("INFO: Private connection with {name} ended"));
        self.tell(who, format!("PRIVATE_ENDED:{}:ended by command", NAMES[me]));
        Ok(())
    }

    pub(super) fn list_chats(&mut self, me: Who) {
        // In the order in which they came.
        let partners: Vec<Who> = self.partners(me).collect();
        let partners = self.here.iter().map(|visit| visit.who).filter(|who| partners.contains(who));
        let chats = names(partners);
        self.tell(me, format!("Private chats: {chats}"));
    }

    /// Blocking ends all that was private between the two.
    pub(super) fn break_off(&mut self, me: Who, who: Who) {
        if self.part(me, who) {
            self.tell(me, format!("PRIVATE_ENDED:{}:ended by command", NAMES[who]));
            self.tell(who, format!("PRIVATE_ENDED:{}:ended by command", NAMES[me]));
        }
        if self.take_request(who, me) {
            self.tell(who, format!("PRIVATE_REJECTED:{}", NAMES[me]));
        }
        self.take_request(me, who);
    }

    /// Ends all that is private of somebody who leaves; says who hears what.
    pub(super) fn private_ends(&mut self, who: Who) -> Vec<(Who, String)> {
        let name = NAMES[who];
        let partners = self.partners(who).map(|partner| (partner, format!("PRIVATE_ENDED:{name}:disconnected")));
        let askers = self.asked.iter().filter(|(_, to)| *to == who).map(|(from, _)| *from);
        let in_vain = askers.map(|from| (from, format!("INFO: {name} is no longer available for private chat")));
        let told = partners.chain(in_vain).collect();
        self.chats.retain(|(one, other)| *one != who && *other != who);
        self.asked.retain(|(from, to)| *from != who && *to != who);
        told
    }

    fn begin(&mut self, me: Who, who: Who) {
        self.chats.extend([(me, who), (who, me)]);
        self.tell(who, format!("PRIVATE_CONNECTED:{}", NAMES[me]));
        self.tell(me, format!("PRIVATE_CONNECTED:{}", NAMES[who]));
    }

    fn part(&mut self, me: Who, who: Who) -> bool {
        self.chats.remove(&(who, me));
        self.chats.remove(&(me, who))
    }

    fn take_request(&mut self, from: Who, to: Who) -> bool {
        let before = self.asked.len();
        self.asked.retain(|request| *request != (from, to));
        self.asked.len() < before
    }

    fn partners(&self, who: Who) -> impl Iterator<Item = Who> {
        self.chats.iter().filter(move |(one, _)| *one == who).map(|(_, other)| *other)
    }
}

/// The only one there is, for commands that name nobody.
fn only(people: impl Iterator<Item = Who>, what: &str) -> Result<Who, String> {
    match people.collect::<Vec<_>>()[..] {
        [who] => Ok(who),
        [] => Err(format!("404 You have no {what}.")),
        _ => Err(format!("400 You have more than one {what}. Name the user: /help private")),
    }
}
