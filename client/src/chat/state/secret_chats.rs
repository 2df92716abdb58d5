//! Chats that are stored nowhere: off the record (by way of the server) and encrypted (past it). Each has a tab of its
//! own, takes talk only while it is open, and what is typed for it never goes into a conversation that is stored.

use super::State;
use crate::chat::conversation::{Conversation, ConversationId, Secret};
use crate::chat::limits::{NOTICE_CHARS, WAITING};
use crate::chat::line::{Delivery, Line, Severity, Talk, name, shortened};
use crate::chat::requests::{Acceptance, Choice};
use crate::engine::IncomingEvent;
use landline_common::EventKind;
use landline_common::command::Command;

impl State {
    /// What happens to such a chat.
    pub(super) fn hear_secret(&mut self, what: &EventKind<'_>, heard: &IncomingEvent) {
        let key = heard.answer.as_ref().map(|(_, key)| *key);
        match what {
            EventKind::PrivateRequest { from } => self.secret_asked(&ConversationId::off_the_record(from), &name(from)),
            EventKind::DirectRequest { from, .. } => self.secret_asked(&ConversationId::direct(from), &name(from)),
            EventKind::DirectReady { user, .. } => {
                let user = name(user);
                let place = ConversationId::direct(&user);
                self.secret_news(&place, &user, &format!("{user} accepts; connecting to {user}'s computer…"));
            }
            EventKind::PrivateConnected { with } => {
                let with = name(with);
                self.secret_opened(&ConversationId::off_the_record(&with), &with, None, key);
            }
            EventKind::DirectConnected { with, fingerprint } => {
                let with = name(with);
                self.secret_opened(
                    &ConversationId::direct(&with),
                    &with,
                    Some(&shortened(fingerprint, NOTICE_CHARS)),
                    key,
                );
            }
            EventKind::PrivateRejected { by } => self.secret_declined(&ConversationId::off_the_record(by), &name(by)),
            EventKind::DirectRejected { by } => self.secret_declined(&ConversationId::direct(by), &name(by)),
            EventKind::PrivateEnded { with, reason } => {
                self.secret_ended(&ConversationId::off_the_record(with), &name(with), reason)
            }
            EventKind::DirectEnded { with, reason } => {
                let reason = shortened(reason, NOTICE_CHARS);
                self.engine.fail_encrypted_lines(with, &reason);
                self.secret_ended(&ConversationId::direct(with), &name(with), &reason);
            }
            _ => {}
        }
    }

    fn secret_asked(&mut self, place: &ConversationId, from: &str) {
        let how = match place {
            ConversationId::Direct(_) => ", past the server",
            _ => ", by way of the server",
        };
        let what = place.chat_name();
        self.requests.came(place, from);
        self.secret_news(place, from, &format!("{from} wants an {what}{how}: /accept {from} or /reject {from}"));
    }

    /// The answer stands in the chat's own tab, and where the user looks.
    fn secret_declined(&mut self, place: &ConversationId, by: &str) {
        let text = format!("{by} declined the {}", place.chat_name());
        self.conversations.open(place, by);
        self.notice(place, Severity::Info, &text);
        if self.conversations.viewed().place != *place {
            self.tell(Severity::Info, &text);
        }
    }

    /// Such a chat is open, perhaps in answer to the command with that number.
    fn secret_opened(&mut self, place: &ConversationId, with: &str, numbers: Option<&str>, key: Option<u64>) {
        self.secret_news(place, with, &opened(place, with, numbers));
        let conversation = self.conversations.open(place, with);
        conversation.secret = Secret::Open;
        conversation.direct = numbers.map(Into::into);
        match self.requests.opened(place, key) {
            Some(acceptance) => self.show_accepted(place, with, acceptance),
            None => self.tell_opened_elsewhere(place, with),
        }
        let unseen = self.conversations.viewed().place != *place;
        self.conversations.open(place, with).opened_unseen = unseen;
    }

    /// Tells the user who asked for a chat that it is open, and where the next line goes: the view stays where it is.
    fn tell_opened_elsewhere(&mut self, place: &ConversationId, with: &str) {
        let viewed = self.conversations.viewed();
        if viewed.place == *place {
            return;
        }
        let takes_talk = !viewed.place.is_secret() || viewed.secret == Secret::Open;
        let here = match viewed.place.target(&viewed.title) {
            Some(_) if takes_talk => format!(" What you type here goes to {}.", viewed.title),
            _ => String::new(),
        };
        let what = place.chat_name();
        self.tell(Severity::Info, &format!("{with} is in the {what} now: Alt-a opens it.{here}"));
    }

    /// Accepting shows the chat that it opens: what is typed next goes there, or nowhere. The user is named to the
    /// server, so that no request is accepted that came in the meantime.
    pub(super) fn accept(&mut self, user: Option<&str>) -> bool {
        let from = self.conversations.viewed().place.clone();
        let request = match self.requests.choose(user) {
            Choice::One(request) => request,
            Choice::Several(users) => {
                self.tell(Severity::Refused, &format!("several users ask: {}. /accept USER", users.join(", ")));
                return false;
            }
            Choice::Unknown => {
                let Some(key) = self.send_command(&Command::Accept(user)) else { return false };
                self.requests.accept(Acceptance { key, user: user.map(Into::into), expected: None, from });
                return true;
            }
        };
        let Some(key) = self.send_command(&Command::Accept(Some(&request.user))) else { return false };
        let conversation = self.conversations.open(&request.place, &request.user);
        let before = std::mem::replace(&mut conversation.secret, Secret::Opening);
        self.go_to_accepted(&request.place, &request.user);
        let expected = Some((request.place, before));
        self.requests.accept(Acceptance { key, user: Some(request.user), expected, from });
        true
    }

    /// Shows the tab of a chat that the user accepted, and says so where the user was.
    fn go_to_accepted(&mut self, place: &ConversationId, with: &str) {
        if self.conversations.viewed().place != *place {
            let what = place.chat_name();
            self.tell(Severity::Info, &format!("accepted: the {what} with {with} has a tab of its own, shown now"));
            self.view(place);
        }
    }

    /// An acceptance has opened a chat. If it is another one than was expected, the user is taken there, unless they
    /// look at something else by now.
    fn show_accepted(&mut self, place: &ConversationId, with: &str, acceptance: Acceptance) {
        let from = acceptance.from.clone();
        let expected = acceptance.expected.as_ref().map(|(expected, _)| expected.clone());
        if expected.as_ref() == Some(place) {
            return;
        }
        self.undo_opening(acceptance);
        let viewed = &self.conversations.viewed().place;
        if *viewed == from || expected.as_ref() == Some(viewed) {
            return self.go_to_accepted(place, with);
        }
        self.tell(Severity::Info, &format!("accepted: the {} with {with} has a tab of its own", place.chat_name()));
    }

    /// The server has refused the command with that number: if it accepted a chat, that one does not open.
    pub(super) fn not_accepted(&mut self, key: u64) {
        if let Some(acceptance) = self.requests.refused(key) {
            self.undo_opening(acceptance);
        }
    }

    fn undo_opening(&mut self, acceptance: Acceptance) {
        if let Some((place, before)) = acceptance.expected
            && let Some(conversation) = self.conversations.get_mut(&place)
            && conversation.secret == Secret::Opening
        {
            conversation.secret = before;
        }
    }

    /// Whether there is an open encrypted chat with that user already: then its numbers are shown again, here.
    pub(super) fn has_direct(&mut self, user: &str) -> bool {
        let place = ConversationId::direct(user);
        let Some(conversation) = self.conversations.get(&place) else { return false };
        let Some(numbers) = conversation.direct.clone() else { return false };
        let text = opened(&place, &conversation.title, Some(&numbers));
        self.tell(Severity::Info, &text);
        true
    }

    /// One is over, or did not come about; what has not gone out will not.
    fn secret_ended(&mut self, place: &ConversationId, with: &str, reason: &str) {
        self.requests.ended(place);
        let text = format!("the {} with {with} is over: {reason}", place.chat_name());
        self.secret_over(place, with, &text);
    }

    /// One is over: its tab stays, and takes no more talk.
    pub(super) fn secret_over(&mut self, place: &ConversationId, with: &str, text: &str) {
        let text = shortened(text, NOTICE_CHARS);
        let Some(conversation) = self.conversations.get_mut(place) else {
            // It was closed.
            return self.tell(Severity::Info, &text);
        };
        let was_open = conversation.secret == Secret::Open;
        (conversation.secret, conversation.direct) = (Secret::Ended, None);
        for (_, talk) in conversation.own_mut().filter(|(_, talk)| talk.delivery.is_open()) {
            talk.delivery = Delivery::Failed(text.clone());
        }
        let viewed = self.conversations.viewed().place == *place;
        let hint = if viewed { format!(". {}", what_to_do(place, with)) } else { String::new() };
        let text = format!("{text}{hint}");
        if was_open { self.secret_news(place, with, &text) } else { self.notice(place, Severity::Info, &text) }
    }

    /// The server knows nothing of the session of before, and of its off-the-record chats.
    pub(super) fn off_the_record_over(&mut self) {
        self.requests.clear();
        let is_one = |c: &&Conversation| matches!(c.place, ConversationId::OffTheRecord(_)) && c.secret == Secret::Open;
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(is_one).map(|c| (c.place.clone(), c.title.clone())).collect();
        for (place, with) in open {
            self.secret_ended(&place, &with, "the server has begun a new session");
        }
    }

    /// Why nothing can be said there, if so.
    pub(super) fn secret_problem(&self, place: &ConversationId, title: &str) -> Option<String> {
        let what = place.chat_name();
        let secret = self.conversations.get(place).map_or(Secret::NotOpen, |conversation| conversation.secret);
        match secret {
            Secret::Open => {
                let waiting = self.conversations.get(place).map_or(0, |conversation| open(conversation).count());
                (waiting >= WAITING).then(|| crate::engine::TOO_MANY.to_owned())
            }
            Secret::Opening => Some(format!("the {what} with {title} opens any moment; Enter again then")),
            Secret::NotOpen => Some(format!(
                "there is no {what} with {title}; {} asks for one, /say TEXT says any text",
                command(place, title)
            )),
            Secret::Ended => Some(format!("the {what} with {title} is over. {}", what_to_do(place, title))),
        }
    }

    /// Sends what may go now in an encrypted chat: a few lines at a time.
    pub(super) fn go_on_encrypted(&mut self, place: &ConversationId) {
        if !matches!(place, ConversationId::Direct(_)) || !self.is_open(place) {
            return;
        }
        let Some(conversation) = self.conversations.get(place) else { return };
        let Some(target) = place.target(&conversation.title) else { return };
        let waiting = conversation.lines().iter().filter_map(|line| {
            let talk = line.talk().filter(|talk| talk.delivery == Delivery::Unsent)?;
            Some((line.key, talk.text.clone()))
        });
        let next: Vec<(u64, Box<str>)> = waiting.take(self.engine.encrypted_capacity(&target)).collect();
        for (key, text) in next {
            // It goes out at once, so that there is nothing that could be full.
            let _ = self.engine.send_message(key, &target, &text);
            self.deliver(place, key, Delivery::Pending);
        }
    }

    /// Ends an encrypted chat, or one that is about to begin.
    pub(super) fn stop_directly(&mut self, user: &str) -> bool {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::direct(user)) {
            (conversation.direct, conversation.secret) = (None, Secret::Ended);
        }
        let key = self.key_number();
        self.engine.send_command(key, &Command::DirectStop(user), None).is_ok()
    }

    /// A notice for a user who waits for it, or does not expect it.
    fn secret_news(&mut self, place: &ConversationId, user: &str, text: &str) {
        self.called(place, user);
        self.notice(place, Severity::Info, text);
    }
}

/// What asks for such a chat.
fn command(place: &ConversationId, user: &str) -> String {
    match place {
        ConversationId::OffTheRecord(_) => format!("/connect {user}"),
        _ => format!("/direct {user}"),
    }
}

/// What a user can do whose chat is over.
fn what_to_do(place: &ConversationId, user: &str) -> String {
    let command = command(place, user);
    format!("This tab takes no more talk: {command} asks for another, /pm {user} TEXT is stored, /close closes it")
}

/// What to know about a chat that is open.
fn opened(place: &ConversationId, with: &str, numbers: Option<&str>) -> String {
    match numbers {
        Some(numbers) => format!(
            "encrypted chat with {with}: past the server, stored nowhere. Read these numbers to each other: {numbers} – \
             if {with} has others, somebody is in between. /direct-stop {with} ends it"
        ),
        None => format!(
            "{} with {with}: by way of the server, stored nowhere. What you type in this tab goes there; /end {with} \
             ends it",
            place.chat_name()
        ),
    }
}

/// One's own lines that have not gone out.
fn open(conversation: &Conversation) -> impl Iterator<Item = &Talk> {
    conversation.lines().iter().filter_map(Line::talk).filter(|talk| talk.delivery.is_open())
}
