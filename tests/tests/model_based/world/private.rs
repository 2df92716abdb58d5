//! Private chats: a request, and its answer.

use super::{ModelServer, names, not_online};
use crate::steps::{NAMES, UserIndex, text};

impl ModelServer {
    pub(super) fn connect(&mut self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        self.check_other(me, user)?;
        let name = NAMES[user];
        if self.blocks_of(user).contains(&me) {
            return Err(format!("403 Not delivered: {name} blocks you."));
        }
        if self.blocks_of(me).contains(&user) {
            return Err(format!("403 You block {name} and could not read the answer. /unblock {name} first."));
        }
        if self.chats.contains(&(me, user)) {
            return Err(format!("400 You already have an off-the-record chat with {name}."));
        }
        if self.take_request(user, me) {
            self.open_chat(me, user);
        } else if self.requests.contains(&(me, user)) {
            return Err(format!("400 You have asked {name} already. Wait for an answer."));
        } else {
            self.requests.push((me, user));
            self.tell(me, format!("INFO: Connection request sent to {name}"));
            let name = NAMES[me];
            self.tell(user, format!("PRIVATE_REQUEST_FROM:{name}"));
            self.tell(user, format!("INFO: {name} wants an off-the-record chat. /accept {name} or /reject {name}"));
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, me: UserIndex, user: Option<UserIndex>, accept: bool) -> Result<(), String> {
        let user = match user {
            Some(user) => self.check_other(me, user).map(|()| user)?,
            None => {
                let requests = self.requests.iter().filter(|(_, receiver)| *receiver == me);
                match self.in_order(requests.map(|(from, _)| *from))[..] {
                    [user] => user,
                    [] => return Err("404 You have no request.".into()),
                    ref several => {
                        return Err(format!(
                            "400 Several users ask: {}. Name the one you mean: /accept USER or /reject USER",
                            names(several.iter().copied())
                        ));
                    }
                }
            }
        };
        let name = NAMES[user];
        if !self.take_request(user, me) {
            return Err(format!(
                "404 {name} has not asked you for an off-the-record chat. /connect {name} asks; /say TEXT sends any text."
            ));
        }
        if accept {
            self.open_chat(me, user);
        } else {
            self.tell(me, format!("INFO: Rejected private request from {name}"));
            self.tell(user, format!("PRIVATE_REJECTED:{}", NAMES[me]));
        }
        Ok(())
    }

    pub(super) fn private(&mut self, me: UserIndex, to: Option<UserIndex>) -> Result<(), String> {
        let number = self.next_number();
        let (to, text) = match to {
            Some(to) if !self.is_known(to) => (self.only_partner(me)?, format!("{} {}", NAMES[to], text(number, 0))),
            Some(to) if to != me && !self.is_online(to) => {
                return Err(not_online(to));
            }
            Some(to) => self.check_other(me, to).map(|()| (to, text(number, 0)))?,
            None => (self.only_partner(me)?, format!("m{number}")),
        };
        if !self.chats.contains(&(me, to)) {
            let name = NAMES[to];
            return Err(format!(
                "403 You have no off-the-record chat with {name}. Nothing was sent. /connect {name} asks for one."
            ));
        }
        self.tell(to, format!("[Private] {}: {text}", NAMES[me]));
        Ok(())
    }

    pub(super) fn end(&mut self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        self.check_other(me, user)?;
        let name = NAMES[user];
        if !self.remove_chat(me, user) {
            return Err(format!(
                "404 You have no off-the-record chat with {name}. /chats lists yours; /say TEXT sends any text."
            ));
        }
        self.tell(me, format!("PRIVATE_ENDED:{name}:ended by command"));
        self.tell(me, format!("INFO: Private connection with {name} ended"));
        self.tell(user, format!("PRIVATE_ENDED:{}:ended by command", NAMES[me]));
        Ok(())
    }

    pub(super) fn list_chats(&mut self, me: UserIndex) {
        let chats = names(self.in_order(self.partners(me)));
        self.tell(me, format!("Private chats: {chats}"));
    }

    /// Ends the private chat and the requests between two users, because `me` blocks `user`.
    pub(super) fn end_private_between(&mut self, me: UserIndex, user: UserIndex) {
        if self.remove_chat(me, user) {
            self.tell(me, format!("PRIVATE_ENDED:{}:ended by command", NAMES[user]));
            self.tell(user, format!("PRIVATE_ENDED:{}:ended by command", NAMES[me]));
        }
        if self.take_request(user, me) {
            self.tell(user, format!("PRIVATE_REJECTED:{}", NAMES[me]));
        }
        self.take_request(me, user);
    }

    /// Ends all private chats and requests of a user that leaves. Returns the lines for the other users.
    pub(super) fn end_private_of(&mut self, user: UserIndex) -> Vec<(UserIndex, String)> {
        let name = NAMES[user];
        let partners = self.partners(user).map(|partner| (partner, format!("PRIVATE_ENDED:{name}:disconnected")));
        let askers = self.requests.iter().filter(|(_, to)| *to == user).map(|(from, _)| *from);
        let unanswered = askers.map(|from| (from, format!("INFO: {name} is no longer available for private chat")));
        let told = partners.chain(unanswered).collect();
        self.chats.retain(|(one, other)| *one != user && *other != user);
        self.requests.retain(|(from, to)| *from != user && *to != user);
        told
    }

    fn open_chat(&mut self, me: UserIndex, user: UserIndex) {
        self.chats.extend([(me, user), (user, me)]);
        self.tell(user, format!("PRIVATE_CONNECTED:{}", NAMES[me]));
        self.tell(me, format!("PRIVATE_CONNECTED:{}", NAMES[user]));
    }

    /// Removes a private chat. Returns whether there was one.
    fn remove_chat(&mut self, me: UserIndex, user: UserIndex) -> bool {
        self.chats.remove(&(user, me));
        self.chats.remove(&(me, user))
    }

    /// Removes a request. Returns whether there was one.
    fn take_request(&mut self, from: UserIndex, to: UserIndex) -> bool {
        let before = self.requests.len();
        self.requests.retain(|request| *request != (from, to));
        self.requests.len() < before
    }

    fn partners(&self, user: UserIndex) -> impl Iterator<Item = UserIndex> {
        self.chats.iter().filter(move |(one, _)| *one == user).map(|(_, other)| *other)
    }

    /// Returns the users in the order of sign-in, as the server lists them.
    fn in_order(&self, users: impl Iterator<Item = UserIndex>) -> Vec<UserIndex> {
        let users: Vec<UserIndex> = users.collect();
        self.online.iter().map(|session| session.user).filter(|user| users.contains(user)).collect()
    }

    /// Returns the only partner, for a command without a name.
    fn only_partner(&self, me: UserIndex) -> Result<UserIndex, String> {
        match self.in_order(self.partners(me))[..] {
            [user] => Ok(user),
            [] => Err("404 No off-the-record chat is open; nothing was sent. /connect USER asks for one, \
                       /private USER TEXT speaks in it."
                .into()),
            ref several => Err(format!(
                "400 Several off-the-record chats are open ({}); nothing was sent. Name the user: /private USER TEXT or \
                 /end USER",
                names(several.iter().copied())
            )),
        }
    }
}
