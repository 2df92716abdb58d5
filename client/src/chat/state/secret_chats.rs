//! Chats that are stored nowhere: off the record (by way of the server) and encrypted (past it). Each has a tab of its
//! own, takes talk only while it is open, and what is typed for it never goes into a conversation that is stored.

use super::State;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::limits::{MAX_UNSENT, NOTICE_CHARS};
use crate::chat::line::{ChatMessage, Delivery, Line, Severity, cleaned, cleaned_name};
use crate::chat::requests::{Acceptance, Choice};
use crate::engine::IncomingEvent;
use landline_common::EventKind;
use landline_common::command::Command;

impl State {
    /// What happens to such a chat.
    pub(super) fn handle_secret_event(&mut self, what: &EventKind<'_>, incoming: &IncomingEvent) {
        let key = incoming.answer.as_ref().map(|(_, key)| *key);
        match what {
            EventKind::PrivateRequest { from } => {
                self.secret_requested(&ConversationId::off_the_record(from), &cleaned_name(from))
            }
            EventKind::DirectRequest { from, .. } => {
                self.secret_requested(&ConversationId::encrypted(from), &cleaned_name(from))
            }
            EventKind::DirectReady { user, .. } => {
                let user = cleaned_name(user);
                let id = ConversationId::encrypted(&user);
                self.add_notice_with_alert(&id, &user, &format!("{user} accepts; connecting to {user}'s computer…"));
            }
            EventKind::PrivateConnected { with } => {
                let with = cleaned_name(with);
                self.secret_opened(&ConversationId::off_the_record(&with), &with, None, key);
            }
            EventKind::DirectConnected { with, fingerprint } => {
                let with = cleaned_name(with);
                self.secret_opened(
                    &ConversationId::encrypted(&with),
                    &with,
                    Some(&cleaned(fingerprint, NOTICE_CHARS)),
                    key,
                );
            }
            EventKind::PrivateRejected { by } => {
                self.secret_declined(&ConversationId::off_the_record(by), &cleaned_name(by))
            }
            EventKind::DirectRejected { by } => self.secret_declined(&ConversationId::encrypted(by), &cleaned_name(by)),
            EventKind::PrivateEnded { with, reason } => {
                self.secret_ended(&ConversationId::off_the_record(with), &cleaned_name(with), reason)
            }
            EventKind::DirectEnded { with, reason } => {
                let reason = cleaned(reason, NOTICE_CHARS);
                self.engine.fail_encrypted_lines(with, &reason);
                self.secret_ended(&ConversationId::encrypted(with), &cleaned_name(with), &reason);
            }
            _ => {}
        }
    }

    fn secret_requested(&mut self, id: &ConversationId, from: &str) {
        let how = match id {
            ConversationId::Encrypted(_) => ", past the server",
            _ => ", by way of the server",
        };
        let what = id.chat_name();
        self.requests.add(id, from);
        self.add_notice_with_alert(id, from, &format!("{from} wants an {what}{how}: /accept {from} or /reject {from}"));
    }

    /// The answer stands in the chat's own tab, and where the user looks.
    fn secret_declined(&mut self, id: &ConversationId, by: &str) {
        let text = format!("{by} declined the {}", id.chat_name());
        self.conversations.open(id, by);
        self.add_notice(id, Severity::Info, &text);
        if self.conversations.viewed().id != *id {
            self.add_notice_here(Severity::Info, &text);
        }
    }

    /// Such a chat is open, perhaps in answer to the command with that number.
    fn secret_opened(&mut self, id: &ConversationId, with: &str, numbers: Option<&str>, key: Option<u64>) {
        self.add_notice_with_alert(id, with, &opened(id, with, numbers));
        let conversation = self.conversations.open(id, with);
        conversation.chat_state = SecretChatState::Open;
        conversation.fingerprint = numbers.map(Into::into);
        match self.requests.chat_opened(id, key) {
            Some(acceptance) => self.show_accepted(id, with, acceptance),
            None => self.tell_opened_elsewhere(id, with),
        }
        let unseen = self.conversations.viewed().id != *id;
        self.conversations.open(id, with).opened_unseen = unseen;
    }

    /// Tells the user who asked for a chat that it is open, and where the next line goes: the view stays where it is.
    fn tell_opened_elsewhere(&mut self, id: &ConversationId, with: &str) {
        let viewed = self.conversations.viewed();
        if viewed.id == *id {
            return;
        }
        let takes_talk = !viewed.id.is_secret() || viewed.chat_state == SecretChatState::Open;
        let here = match viewed.id.target(&viewed.title) {
            Some(_) if takes_talk => format!(" What you type here goes to {}.", viewed.title),
            _ => String::new(),
        };
        let what = id.chat_name();
        self.add_notice_here(Severity::Info, &format!("{with} is in the {what} now: Alt-a opens it.{here}"));
    }

    /// Accepting shows the chat that it opens: what is typed next goes there, or nowhere. The user is named to the
    /// server, so that no request is accepted that came in the meantime.
    pub(super) fn accept(&mut self, user: Option<&str>) -> bool {
        let from = self.conversations.viewed().id.clone();
        let request = match self.requests.choose(user) {
            Choice::One(request) => request,
            Choice::Several(users) => {
                self.add_notice_here(
                    Severity::Refused,
                    &format!("several users ask: {}. /accept USER", users.join(", ")),
                );
                return false;
            }
            Choice::Unknown => {
                let Some(key) = self.send_command(&Command::Accept(user)) else { return false };
                self.requests.record_acceptance(Acceptance { key, user: user.map(Into::into), expected: None, from });
                return true;
            }
        };
        let Some(key) = self.send_command(&Command::Accept(Some(&request.user))) else { return false };
        let conversation = self.conversations.open(&request.id, &request.user);
        let before = std::mem::replace(&mut conversation.chat_state, SecretChatState::Opening);
        self.go_to_accepted(&request.id, &request.user);
        let expected = Some((request.id, before));
        self.requests.record_acceptance(Acceptance { key, user: Some(request.user), expected, from });
        true
    }

    /// Shows the tab of a chat that the user accepted, and says so where the user was.
    fn go_to_accepted(&mut self, id: &ConversationId, with: &str) {
        if self.conversations.viewed().id != *id {
            let what = id.chat_name();
            self.add_notice_here(
                Severity::Info,
                &format!("accepted: the {what} with {with} has a tab of its own, shown now"),
            );
            self.view(id);
        }
    }

    /// An acceptance has opened a chat. If it is another one than was expected, the user is taken there, unless they
    /// look at something else by now.
    fn show_accepted(&mut self, id: &ConversationId, with: &str, acceptance: Acceptance) {
        let from = acceptance.from.clone();
        let expected = acceptance.expected.as_ref().map(|(expected, _)| expected.clone());
        if expected.as_ref() == Some(id) {
            return;
        }
        self.revert_opening(acceptance);
        let viewed = &self.conversations.viewed().id;
        if *viewed == from || expected.as_ref() == Some(viewed) {
            return self.go_to_accepted(id, with);
        }
        self.add_notice_here(
            Severity::Info,
            &format!("accepted: the {} with {with} has a tab of its own", id.chat_name()),
        );
    }

    /// The server has refused the command with that number: if it accepted a chat, that one does not open.
    pub(super) fn acceptance_refused(&mut self, key: u64) {
        if let Some(acceptance) = self.requests.take_refused(key) {
            self.revert_opening(acceptance);
        }
    }

    fn revert_opening(&mut self, acceptance: Acceptance) {
        if let Some((id, before)) = acceptance.expected
            && let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.chat_state == SecretChatState::Opening
        {
            conversation.chat_state = before;
        }
    }

    /// Whether there is an open encrypted chat with that user already: then its numbers are shown again, here.
    pub(super) fn show_open_fingerprint(&mut self, user: &str) -> bool {
        let id = ConversationId::encrypted(user);
        let Some(conversation) = self.conversations.get(&id) else { return false };
        let Some(numbers) = conversation.fingerprint.clone() else { return false };
        let text = opened(&id, &conversation.title, Some(&numbers));
        self.add_notice_here(Severity::Info, &text);
        true
    }

    /// One is over, or did not come about; what has not gone out will not.
    fn secret_ended(&mut self, id: &ConversationId, with: &str, reason: &str) {
        self.requests.chat_ended(id);
        let text = format!("the {} with {with} is over: {reason}", id.chat_name());
        self.close_secret_chat(id, with, &text);
    }

    /// One is over: its tab stays, and takes no more talk.
    pub(super) fn close_secret_chat(&mut self, id: &ConversationId, with: &str, text: &str) {
        let text = cleaned(text, NOTICE_CHARS);
        let Some(conversation) = self.conversations.get_mut(id) else {
            // It was closed.
            return self.add_notice_here(Severity::Info, &text);
        };
        let was_open = conversation.chat_state == SecretChatState::Open;
        (conversation.chat_state, conversation.fingerprint) = (SecretChatState::Ended, None);
        for (_, message) in conversation.own_messages_mut().filter(|(_, message)| message.delivery.is_undelivered()) {
            message.delivery = Delivery::Failed(text.clone());
        }
        let viewed = self.conversations.viewed().id == *id;
        let hint = if viewed { format!(". {}", what_to_do(id, with)) } else { String::new() };
        let text = format!("{text}{hint}");
        if was_open { self.add_notice_with_alert(id, with, &text) } else { self.add_notice(id, Severity::Info, &text) }
    }

    /// The server knows nothing of the session of before, and of its off-the-record chats.
    pub(super) fn end_off_the_record_chats(&mut self) {
        self.requests.clear();
        let is_one = |c: &&Conversation| {
            matches!(c.id, ConversationId::OffTheRecord(_)) && c.chat_state == SecretChatState::Open
        };
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(is_one).map(|c| (c.id.clone(), c.title.clone())).collect();
        for (id, with) in open {
            self.secret_ended(&id, &with, "the server has begun a new session");
        }
    }

    /// Why nothing can be said there, if so.
    pub(super) fn secret_problem(&self, id: &ConversationId, title: &str) -> Option<String> {
        let what = id.chat_name();
        let secret =
            self.conversations.get(id).map_or(SecretChatState::NotOpen, |conversation| conversation.chat_state);
        match secret {
            SecretChatState::Open => {
                let waiting = self.conversations.get(id).map_or(0, |conversation| open(conversation).count());
                (waiting >= MAX_UNSENT).then(|| crate::engine::TOO_MANY.to_owned())
            }
            SecretChatState::Opening => Some(format!("the {what} with {title} opens any moment; Enter again then")),
            SecretChatState::NotOpen => Some(format!(
                "there is no {what} with {title}; {} asks for one, /say TEXT says any text",
                command(id, title)
            )),
            SecretChatState::Ended => Some(format!("the {what} with {title} is over. {}", what_to_do(id, title))),
        }
    }

    /// Sends what may go now in an encrypted chat: a few lines at a time.
    pub(super) fn send_encrypted(&mut self, id: &ConversationId) {
        if !matches!(id, ConversationId::Encrypted(_)) || !self.is_secret_chat_open(id) {
            return;
        }
        let Some(conversation) = self.conversations.get(id) else { return };
        let Some(target) = id.target(&conversation.title) else { return };
        let waiting = conversation.lines().iter().filter_map(|line| {
            let message = line.message().filter(|message| message.delivery == Delivery::Unsent)?;
            Some((line.key, message.text.clone()))
        });
        let next: Vec<(u64, Box<str>)> = waiting.take(self.engine.encrypted_capacity(&target)).collect();
        for (key, text) in next {
            // It goes out at once, so that there is nothing that could be full.
            let _ = self.engine.send_message(key, &target, &text);
            self.set_delivery(id, key, Delivery::Pending);
        }
    }

    /// Ends an encrypted chat, or one that is about to begin.
    pub(super) fn end_encrypted_chat(&mut self, user: &str) -> bool {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::encrypted(user)) {
            (conversation.fingerprint, conversation.chat_state) = (None, SecretChatState::Ended);
        }
        let key = self.next_key();
        self.engine.send_command(key, &Command::DirectStop(user), None).is_ok()
    }

    /// A notice for a user who waits for it, or does not expect it.
    fn add_notice_with_alert(&mut self, id: &ConversationId, user: &str, text: &str) {
        self.request_attention(id, user);
        self.add_notice(id, Severity::Info, text);
    }
}

/// What asks for such a chat.
fn command(id: &ConversationId, user: &str) -> String {
    match id {
        ConversationId::OffTheRecord(_) => format!("/connect {user}"),
        _ => format!("/direct {user}"),
    }
}

/// What a user can do whose chat is over.
fn what_to_do(id: &ConversationId, user: &str) -> String {
    let command = command(id, user);
    format!("This tab takes no more talk: {command} asks for another, /pm {user} TEXT is stored, /close closes it")
}

/// What to know about a chat that is open.
fn opened(id: &ConversationId, with: &str, numbers: Option<&str>) -> String {
    match numbers {
        Some(numbers) => format!(
            "encrypted chat with {with}: past the server, stored nowhere. Read these numbers to each other: {numbers} – \
             if {with} has others, somebody is in between. /direct-stop {with} ends it"
        ),
        None => format!(
            "{} with {with}: by way of the server, stored nowhere. What you type in this tab goes there; /end {with} \
             ends it",
            id.chat_name()
        ),
    }
}

/// One's own lines that have not gone out.
fn open(conversation: &Conversation) -> impl Iterator<Item = &ChatMessage> {
    conversation.lines().iter().filter_map(Line::message).filter(|message| message.delivery.is_undelivered())
}
