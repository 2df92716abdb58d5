//! Secret chats, which are stored nowhere: off the record (by way of the server) and encrypted (past it).
//!
//! **Invariant.** A line typed for a secret chat never goes into a stored conversation. So each chat has its own tab, the
//! view changes only after a command of the user, and a tab whose chat is not open refuses messages.
//!
//! | state of a tab | next |
//! |---|---|
//! | `NotOpen` | `/accept` → `Opening`; the chat opens → `Open` |
//! | `Opening` | the chat opens → `Open`; refused by the server → the state before |
//! | `Open` | either side ends it, the link is lost, or a new session begins → `Ended` |
//! | `Ended` | as `NotOpen` |

use super::State;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::limits::{MAX_UNSENT, NOTICE_CHARS};
use crate::chat::line::{ChatMessage, Delivery, Line, Severity, cleaned, cleaned_name};
use crate::chat::requests::{Acceptance, Choice};
use crate::engine::IncomingEvent;
use landline_common::EventKind;
use landline_common::command::Command;

impl State {
    /// Handles an event about a secret chat.
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

    /// Handles a request of another user.
    fn secret_requested(&mut self, id: &ConversationId, from: &str) {
        let how = match id {
            ConversationId::Encrypted(_) => ", past the server",
            _ => ", by way of the server",
        };
        let what = id.chat_name();
        self.requests.add(id, from);
        self.add_notice_with_alert(id, from, &format!("{from} wants an {what}{how}: /accept {from} or /reject {from}"));
    }

    /// Handles a refusal of the other user. Shows it in the tab of the chat, and in the viewed conversation.
    fn secret_declined(&mut self, id: &ConversationId, by: &str) {
        let text = format!("{by} declined the {}", id.chat_name());
        self.conversations.open(id, by);
        self.add_notice(id, Severity::Info, &text);
        if self.conversations.viewed().id != *id {
            self.add_notice_here(Severity::Info, &text);
        }
    }

    /// Handles a chat that has opened. `key` is the number of the answered command, if any.
    fn secret_opened(&mut self, id: &ConversationId, with: &str, fingerprint: Option<&str>, key: Option<u64>) {
        self.add_notice_with_alert(id, with, &opened_notice(id, with, fingerprint));
        let conversation = self.conversations.open(id, with);
        conversation.chat_state = SecretChatState::Open;
        conversation.fingerprint = fingerprint.map(Into::into);
        match self.requests.chat_opened(id, key) {
            Some(acceptance) => self.show_accepted(id, with, acceptance),
            None => self.add_opened_notice_here(id, with),
        }
        let unseen = self.conversations.viewed().id != *id;
        self.conversations.open(id, with).opened_unseen = unseen;
    }

    /// Shows in the viewed conversation that a requested chat is open, and where typed lines go, since the view stays.
    fn add_opened_notice_here(&mut self, id: &ConversationId, with: &str) {
        let viewed = self.conversations.viewed();
        if viewed.id == *id {
            return;
        }
        let takes_messages = !viewed.id.is_secret() || viewed.chat_state == SecretChatState::Open;
        let here = match viewed.id.target(&viewed.title) {
            Some(_) if takes_messages => format!(" What you type here goes to {}.", viewed.title),
            _ => String::new(),
        };
        let what = id.chat_name();
        self.add_notice_here(Severity::Info, &format!("{with} is in the {what} now: Alt-a opens it.{here}"));
    }

    /// Accepts a request, and views its chat at once: the next line goes there, or is refused. Names the user to the server
    /// even for a bare `/accept`, so that a request arriving meanwhile is not accepted by mistake.
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
        self.view_accepted(&request.id, &request.user);
        let expected = Some((request.id, before));
        self.requests.record_acceptance(Acceptance { key, user: Some(request.user), expected, from });
        true
    }

    /// Views the tab of an accepted chat, and notes that in the conversation viewed before.
    fn view_accepted(&mut self, id: &ConversationId, with: &str) {
        if self.conversations.viewed().id != *id {
            let what = id.chat_name();
            self.add_notice_here(
                Severity::Info,
                &format!("accepted: the {what} with {with} has a tab of its own, shown now"),
            );
            self.view(id);
        }
    }

    /// Handles a chat that an acceptance has opened. If another one was expected, views it, unless the user has changed the
    /// view since.
    fn show_accepted(&mut self, id: &ConversationId, with: &str, acceptance: Acceptance) {
        let from = acceptance.from.clone();
        let expected = acceptance.expected.as_ref().map(|(expected, _)| expected.clone());
        if expected.as_ref() == Some(id) {
            return;
        }
        self.revert_opening(acceptance);
        let viewed = &self.conversations.viewed().id;
        if *viewed == from || expected.as_ref() == Some(viewed) {
            return self.view_accepted(id, with);
        }
        self.add_notice_here(
            Severity::Info,
            &format!("accepted: the {} with {with} has a tab of its own", id.chat_name()),
        );
    }

    /// Handles a refused command: if it accepted a chat, that chat does not open.
    pub(super) fn acceptance_refused(&mut self, key: u64) {
        if let Some(acceptance) = self.requests.take_refused(key) {
            self.revert_opening(acceptance);
        }
    }

    /// Restores the state of a chat from before its acceptance.
    fn revert_opening(&mut self, acceptance: Acceptance) {
        if let Some((id, before)) = acceptance.expected
            && let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.chat_state == SecretChatState::Opening
        {
            conversation.chat_state = before;
        }
    }

    /// Shows the fingerprint again if an encrypted chat with the user is open. Returns whether it is.
    pub(super) fn show_open_fingerprint(&mut self, user: &str) -> bool {
        let id = ConversationId::encrypted(user);
        let Some(conversation) = self.conversations.get(&id) else { return false };
        let Some(fingerprint) = conversation.fingerprint.clone() else { return false };
        let text = opened_notice(&id, &conversation.title, Some(&fingerprint));
        self.add_notice_here(Severity::Info, &text);
        true
    }

    /// Handles the end of a chat, or of the attempt to open it.
    fn secret_ended(&mut self, id: &ConversationId, with: &str, reason: &str) {
        self.requests.chat_ended(id);
        let text = format!("the {} with {with} is over: {reason}", id.chat_name());
        self.close_secret_chat(id, with, &text);
    }

    /// Closes a chat for messages, and fails its undelivered ones. Its tab stays.
    pub(super) fn close_secret_chat(&mut self, id: &ConversationId, with: &str, text: &str) {
        let text = cleaned(text, NOTICE_CHARS);
        let Some(conversation) = self.conversations.get_mut(id) else {
            // The user has closed the tab.
            return self.add_notice_here(Severity::Info, &text);
        };
        let was_open = conversation.chat_state == SecretChatState::Open;
        conversation.chat_state = SecretChatState::Ended;
        conversation.fingerprint = None;
        for (_, message) in conversation.own_messages_mut().filter(|(_, message)| message.delivery.is_undelivered()) {
            message.delivery = Delivery::Failed(text.clone());
        }
        let viewed = self.conversations.viewed().id == *id;
        let hint = if viewed { format!(". {}", ended_hint(id, with)) } else { String::new() };
        let text = format!("{text}{hint}");
        if was_open { self.add_notice_with_alert(id, with, &text) } else { self.add_notice(id, Severity::Info, &text) }
    }

    /// Ends all open off-the-record chats, since the server has lost them with the session.
    pub(super) fn end_off_the_record_chats(&mut self) {
        self.requests.clear();
        let is_one = |c: &&Conversation| {
            matches!(c.id, ConversationId::OffTheRecord(_)) && c.chat_state == SecretChatState::Open
        };
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(is_one).map(|c| (c.id.clone(), c.title.clone())).collect();
        for (id, with) in open {
            self.secret_ended(&id, &with, "the server has started a new session");
        }
    }

    /// Returns the reason if a secret chat takes no message.
    pub(super) fn secret_problem(&self, id: &ConversationId, title: &str) -> Option<String> {
        let what = id.chat_name();
        let chat_state =
            self.conversations.get(id).map_or(SecretChatState::NotOpen, |conversation| conversation.chat_state);
        match chat_state {
            SecretChatState::Open => {
                let waiting = self.conversations.get(id).map_or(0, |conversation| undelivered(conversation).count());
                (waiting >= MAX_UNSENT).then(|| crate::engine::TOO_MANY.to_owned())
            }
            SecretChatState::Opening => {
                Some(format!("the {what} with {title} is not open yet (press Enter again in a moment)"))
            }
            SecretChatState::NotOpen => Some(format!(
                "there is no {what} with {title}; {} asks for one, /say TEXT says any text",
                request_command(id, title)
            )),
            SecretChatState::Ended => Some(format!("the {what} with {title} is over. {}", ended_hint(id, title))),
        }
    }

    /// Sends waiting messages of an encrypted chat, as many as the engine allows to be under way.
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
            // Messages past the server never wait in the queue, so it cannot be full.
            let _ = self.engine.send_message(key, &target, &text);
            self.set_delivery(id, key, Delivery::Pending);
        }
    }

    /// Ends an encrypted chat, or the attempt to open it. Returns whether the command was accepted.
    pub(super) fn end_encrypted_chat(&mut self, user: &str) -> bool {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::encrypted(user)) {
            conversation.fingerprint = None;
            conversation.chat_state = SecretChatState::Ended;
        }
        let key = self.next_key();
        self.engine.send_command(key, &Command::DirectStop(user), None).is_ok()
    }

    /// Adds a notice to a chat, which is opened if necessary, and alerts the user.
    fn add_notice_with_alert(&mut self, id: &ConversationId, user: &str, text: &str) {
        self.request_attention(id, user);
        self.add_notice(id, Severity::Info, text);
    }
}

/// Returns the command that asks for a chat of this kind.
fn request_command(id: &ConversationId, user: &str) -> String {
    match id {
        ConversationId::OffTheRecord(_) => format!("/connect {user}"),
        _ => format!("/direct {user}"),
    }
}

/// Returns the hint for a chat that has ended.
fn ended_hint(id: &ConversationId, user: &str) -> String {
    let command = request_command(id, user);
    format!("This tab takes no more messages: {command} asks for another, /pm {user} TEXT is stored, /close closes it")
}

/// Returns the notice for a chat that has opened. Encrypted chats have a fingerprint.
fn opened_notice(id: &ConversationId, with: &str, fingerprint: Option<&str>) -> String {
    match fingerprint {
        Some(fingerprint) => format!(
            "encrypted chat with {with}: past the server, stored nowhere. Read these numbers to each other: {fingerprint} – \
             if {with} sees others, a third party listens in. /direct-stop {with} ends it"
        ),
        None => format!(
            "{} with {with}: by way of the server, stored nowhere. What you type in this tab goes there; /end {with} \
             ends it",
            id.chat_name()
        ),
    }
}

/// Returns the user's undelivered messages.
fn undelivered(conversation: &Conversation) -> impl Iterator<Item = &ChatMessage> {
    conversation.lines().iter().filter_map(Line::message).filter(|message| message.delivery.is_undelivered())
}
