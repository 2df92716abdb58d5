//! Handles submitted lines: messages, commands for the server, and the client's own commands.
//!
//! Functions return `false` if a line was refused. A refused message stays in the editor, so that the user can change it.
//! A refused command leaves the editor, so that the next line is not appended to it; ↑ brings it back.

use super::State;
use crate::chat::client_commands::CLIENT_COMMANDS;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity, cleaned, length_error};
use crate::chat::overlay::Overlay;
use crate::chat::password_form::Purpose;
use landline_common::clean::{clean_message, flatten};
use landline_common::command::help::HELP_ALL;
use landline_common::command::{Command, commands, parse};

impl State {
    /// Handles Enter: runs the draft, sends the change of a message, or scrolls to the end if it is empty.
    pub(super) fn submit(&mut self) {
        if self.conversations.viewed().editing.is_some() {
            return self.submit_change();
        }
        let conversation = self.conversations.viewed_mut();
        let line = line_of_draft(conversation.draft.text());
        conversation.marker = None;
        if line.is_empty() {
            self.jump_to_end();
            return;
        }
        let id = conversation.id.clone();
        if self.run_line(&line) {
            // ↑ brings the line back where it was typed, though the command may have changed the view.
            let viewed = self.conversations.viewed().id.clone();
            let id = if self.conversations.get(&id).is_some() { id } else { viewed };
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.input_history.push(&line);
            }
        }
    }

    /// Runs a line. Returns `false` if it stays in the editor.
    fn run_line(&mut self, line: &str) -> bool {
        let id = self.conversations.viewed().id.clone();
        let me = self.me.clone();
        let parsed = parse(line, &me);
        let is_command =
            line.starts_with('/') && !matches!(parsed, Some(Ok(Command::Say(_) | Command::Foreign { .. })));
        // Only a repeated /quit confirms the question about undelivered lines.
        if parsed != Some(Ok(Command::Quit)) {
            self.leaving.cancel_question();
        }
        let is_accepted = match self.run_client_command(line) {
            Some(is_accepted) => is_accepted,
            // The first of several lines is a command only with a slash: "exit" may be part of a text.
            None if line.contains('\n') && !line.starts_with('/') => self.say_here(line),
            None => match parsed {
                // A line that only programs of a predecessor send, such as `UDP_PORT:`, is a message if a user types it.
                Some(Ok(Command::Foreign { .. })) => self.say_here(line),
                Some(Ok(command)) => self.run_command(command),
                Some(Err(why)) => {
                    let why = why.to_string();
                    let stop = if why.ends_with(['.', '!', '?', ')']) { "" } else { "." };
                    let back = if is_command { format!("{stop} ↑ brings the line back.") } else { String::new() };
                    self.add_notice_here(Severity::Refused, &format!("{why}{back}"));
                    false
                }
                None => true,
            },
        };
        let leaves_editor = is_accepted || is_command;
        // Empty the draft of the conversation in which the line was typed: the command may have changed the view.
        if leaves_editor && let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.draft.take();
        }
        leaves_editor
    }

    /// Runs a line that is a command of the client. Returns `None` if it is none, else whether it was accepted.
    fn run_client_command(&mut self, line: &str) -> Option<bool> {
        let (word, rest) = line.split_once([' ', '\n']).unwrap_or((line, ""));
        let command = CLIENT_COMMANDS.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
        if rest.trim().contains('\n') {
            self.add_notice_here(Severity::Refused, &format!("Usage: {} (in one line)", command.usage));
            return Some(false);
        }
        Some(self.run_client_action(command.action, rest.trim()))
    }

    /// Refuses the first line after the user closed a secret chat, since it may have been meant for that chat. Returns
    /// `true` if it did; a second Enter sends the line.
    fn refuse_first_line_after_closed_chat(&mut self) -> bool {
        let viewed = self.conversations.viewed().id.clone();
        let Some(id) = self.confirm_next_line_in.take().filter(|id| *id == viewed) else { return false };
        let what = if id.is_secret() { "this chat" } else { "a conversation that is stored" };
        self.add_notice_here(
            Severity::Refused,
            &format!("not sent: you closed a secret chat, and this line would go into {what}. Enter again sends it"),
        );
        true
    }

    /// Runs a command.
    pub(super) fn run_command(&mut self, command: Command<'_>) -> bool {
        match command {
            Command::Say(text) => self.say_here(text),
            // `run_line` sends these as messages.
            Command::Foreign { .. } => false,
            Command::All(text) => self.say_to(&ConversationId::Global, "everybody", text),
            Command::Message { to, text } => self.say_to(&ConversationId::user(to), to, text),
            Command::Private { to: Some(to), text } => self.say_to(&ConversationId::off_the_record(to), to, text),
            Command::Private { to: None, text } => self.say_in_only_private_chat(text),
            Command::Direct(user) if self.show_open_fingerprint(user) => true,
            Command::DirectText { to, text } => self.say_to(&ConversationId::encrypted(to), to, text),
            Command::DirectStop(user) => self.end_encrypted_chat(user),
            Command::Accept(user) => self.accept(user),
            Command::Block(user) => {
                self.requests.close_all_of(user);
                self.forward(&command)
            }
            Command::Join(room) => self.join_room(room, None),
            Command::JoinWithKey { room, key } => self.join_room(room, Some(key)),
            Command::Leave(room) => self.leave_room(room),
            Command::Quit => {
                self.start_leaving("/quit");
                // Accepted even if the user is asked first: the question needs an empty draft.
                true
            }
            Command::Register { .. } => self.open_password_form(Purpose::Register),
            Command::Password(_) => self.open_password_form(Purpose::Change),
            Command::Help(word) => self.show_help(word),
            Command::Format(_) => {
                self.add_notice_here(
                    Severity::Refused,
                    "/format is not available here: this program reads the default format",
                );
                false
            }
            other => self.forward(&other),
        }
    }

    /// Sends a message to the viewed conversation.
    pub(super) fn say_here(&mut self, text: &str) -> bool {
        if self.refuse_first_line_after_closed_chat() {
            return false;
        }
        let viewed = self.conversations.viewed();
        let id = viewed.id.clone();
        let title = viewed.title.clone();
        match id {
            ConversationId::Mentions | ConversationId::Server => {
                let in_room = self.conversations.iter().any(|c| matches!(c.id, ConversationId::Room(_)));
                let why = match in_room {
                    true => "You cannot write here. Alt-1 goes to your first room, /join ROOM to another.",
                    false => "You are in no room. /join ROOM enters one, /rooms lists them.",
                };
                self.add_notice_here(Severity::Refused, why);
                false
            }
            id => self.say(&id, &title, text),
        }
    }

    /// Sends a message to the conversation that a command names. The view stays, so that the next line goes where the user
    /// is; a notice there confirms the message.
    pub(super) fn say_to(&mut self, id: &ConversationId, to: &str, text: &str) -> bool {
        let title = self.conversations.get(id).map_or(to.into(), |conversation| conversation.title.clone());
        let is_queued = self.say(id, &title, text);
        let sent = flatten(&clean_message(text)).into_owned();
        if is_queued && !sent.is_empty() && self.conversations.viewed().id != *id {
            // Keep the text of a secret chat out of this conversation, which /save may write into a file.
            let what = if id.is_secret() { format!(" ({})", id.chat_name()) } else { format!(": {sent}") };
            let up = matches!(id, ConversationId::Encrypted(_)) || self.engine.is_up();
            let waits = if up { "" } else { " (waits for a connection)" };
            let text = cleaned(&format!("→ {title}{what}{waits}"), NOTICE_CHARS);
            self.add_echo(id, &text);
        }
        is_queued
    }

    /// Adds a notice of the user's newest message in `id` to the viewed conversation. It has the key of the message, by
    /// which a refusal finds it.
    fn add_echo(&mut self, id: &ConversationId, text: &str) {
        let newest = self.conversations.get_mut(id).and_then(|to| to.own_messages_mut().last());
        let Some(key) = newest.map(|(key, _)| key) else { return };
        let body = Body::Notice { severity: Severity::Info, text: text.into() };
        self.conversations.viewed_mut().insert(Line { key, id: None, at: self.now.wall.unix_ms, body }, false);
    }

    /// Sends a message to the only open off-the-record chat, for `private txt TEXT` of Chat77, which names no user.
    fn say_in_only_private_chat(&mut self, text: &str) -> bool {
        let open = |c: &&Conversation| {
            matches!(c.id, ConversationId::OffTheRecord(_)) && c.chat_state == SecretChatState::Open
        };
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(open).map(|c| (c.id.clone(), c.title.clone())).collect();
        let [(id, title)] = &open[..] else {
            self.add_notice_here(Severity::Refused, "nothing was sent: no user is named, and not exactly one off-the-record chat is open (/private USER TEXT; /say TEXT \
                 says any text)");
            return false;
        };
        self.say_to(id, title, text)
    }

    /// Queues a message of the user, and shows it at once as unsent.
    pub(super) fn say(&mut self, id: &ConversationId, title: &str, text: &str) -> bool {
        let text = clean_message(text).into_owned();
        if let Some(why) = length_error(&text) {
            self.add_notice_here(Severity::Refused, &why);
            return false;
        }
        let Some(target) = id.target(title).filter(|_| !text.is_empty()) else { return true };
        let key = self.next_key();
        let problem = match id {
            id if id.is_secret() => self.secret_problem(id, title),
            ConversationId::Room(room) => self.room_problem(room, title),
            _ => None,
        };
        // Messages of an encrypted chat are sent by `send_encrypted`, as the chat can take them.
        let past_server = target.is_direct();
        let problem = problem.or_else(|| match past_server {
            true => None,
            false => self.engine.send_message(key, &target, &text).err().map(str::to_owned),
        });
        if let Some(why) = problem {
            self.add_notice_here(Severity::Refused, &why);
            return false;
        }
        let user = self.me.clone();
        let at = self.now.wall.unix_ms;
        let private = id.is_secret();
        let message = ChatMessage {
            user,
            text: text.into(),
            room: None,
            mention: false,
            edited: false,
            private,
            delivery: Delivery::Unsent,
        };
        let conversation = self.conversations.open(id, title);
        conversation.insert(Line { key, id: None, at, body: Body::Message(message) }, false);
        conversation.scroll = None;
        conversation.new_below = 0;
        self.send_encrypted(id);
        true
    }

    /// Returns the reason if the user cannot send messages to a room.
    fn room_problem(&self, room: &str, title: &str) -> Option<String> {
        let joining = self.conversations.get(&ConversationId::Room(room.into())).is_some_and(|room| room.joining);
        let is_out = self.engine.was_up() && !self.engine.is_in(room) && !joining;
        is_out.then(|| format!("not sent: you are not in {title} (/join {title} first)"))
    }

    /// Joins a room, and lists it at once. Views it at once unless the user is in a conversation with one user: then the
    /// view stays, so that a private line being typed does not go into the room. The `key` word appears nowhere.
    fn join_room(&mut self, room: &str, key: Option<&str>) -> bool {
        let id = ConversationId::room(room);
        if self.engine.is_in(room) && self.conversations.get(&id).is_some() {
            self.view(&id);
            return true;
        }
        // A join with a key word may be the second attempt, after one without it.
        if key.is_none() && self.conversations.get(&id).is_some_and(|conversation| conversation.joining) {
            self.view(&id);
            return true;
        }
        let command = key.map_or(Command::Join(room), |key| Command::JoinWithKey { room, key });
        let key = self.next_key();
        if let Err(why) = self.engine.send_command(key, &command, None) {
            self.add_notice_here(Severity::Refused, why);
            return false;
        }
        let from = self.conversations.viewed().id.clone();
        self.joins.add(key, from);
        self.conversations.open(&id, room).joining = true;
        if !self.conversations.viewed().id.is_one_to_one() {
            self.view(&id);
        }
        if !self.engine.is_up() {
            self.add_notice_here(
                Severity::Info,
                &format!("not connected: {room} is joined as soon as the connection is back"),
            );
        }
        true
    }

    /// Leaves a room, by default the viewed one, and closes its conversation. Closes a viewed conversation of another kind.
    fn leave_room(&mut self, room: Option<&str>) -> bool {
        let id = room.map_or_else(|| self.conversations.viewed().id.clone(), ConversationId::room);
        if !self.require_all_sent(&id) {
            return false;
        }
        match &id {
            ConversationId::Room(name) => {
                let name = name.clone();
                let known = self.conversations.close(&id);
                self.refresh_viewed_room();
                if known && !self.engine.is_in(&name) { true } else { self.forward(&Command::Leave(Some(&name))) }
            }
            ConversationId::Mentions | ConversationId::Server => {
                self.add_notice_here(Severity::Refused, "This tab cannot be closed. /quit leaves.");
                false
            }
            _ => self.close_viewed(),
        }
    }

    /// Closes the viewed conversation. Leaves a room, and ends a secret chat.
    pub(super) fn close_viewed(&mut self) -> bool {
        let id = self.conversations.viewed().id.clone();
        if matches!(id, ConversationId::Room(_)) {
            return self.leave_room(None);
        }
        if !self.require_all_sent(&id) {
            return false;
        }
        let conversation = self.conversations.viewed_mut();
        conversation.draft.take();
        let user = conversation.title.clone();
        let chat_state = conversation.chat_state;
        if matches!(chat_state, SecretChatState::Open | SecretChatState::Opening) {
            match id {
                ConversationId::Encrypted(_) => _ = self.end_encrypted_chat(&user),
                _ => _ = self.forward(&Command::End(Some(&user))),
            }
        }
        let closed = self.conversations.close(&id);
        self.requests.chat_ended(&id);
        if !closed {
            self.add_notice_here(Severity::Refused, "This tab cannot be closed. /quit leaves.");
        } else if id.is_secret() {
            self.confirm_closed_secret_chat(&id, &user);
        }
        closed
    }

    /// Shows that a secret chat is closed, and makes the next line need a second Enter.
    fn confirm_closed_secret_chat(&mut self, id: &ConversationId, user: &str) {
        let viewed = self.conversations.viewed();
        let here = viewed.id.clone();
        let title = viewed.title.clone();
        let what = id.chat_name();
        self.add_notice_here(Severity::Info, &format!("the {what} with {user} is closed; this is {title}"));
        self.confirm_next_line_in = here.target(&title).map(|_| here);
    }

    /// Refuses to close a conversation with undelivered lines, which would be lost. Returns whether there are none.
    fn require_all_sent(&mut self, id: &ConversationId) -> bool {
        let sent = !self.conversations.get(id).is_some_and(Conversation::has_undelivered);
        if !sent {
            self.add_notice_here(
                Severity::Refused,
                "not closed: some of your lines are not sent yet (try again later, or /cancel them)",
            );
        }
        sent
    }

    /// Queues a command for the server. Returns whether it was accepted.
    pub(super) fn forward(&mut self, command: &Command<'_>) -> bool {
        self.send_command(command).is_some()
    }

    /// Queues a command for the server, in the viewed room. Returns its number, or `None` if it was refused.
    pub(super) fn send_command(&mut self, command: &Command<'_>) -> Option<u64> {
        if matches!(command, Command::History(_)) {
            self.conversations.viewed_mut().undo_clear();
        }
        let viewed = self.conversations.viewed();
        let is_room = matches!(viewed.id, ConversationId::Room(_));
        let title = viewed.title.clone();
        let key = self.next_key();
        let done = self.engine.send_command(key, command, is_room.then_some(&*title));
        match (done, self.engine.is_up()) {
            (Err(why), _) => self.add_notice_here(Severity::Refused, why),
            (Ok(()), false) => self.add_notice_here(
                Severity::Info,
                "not connected: the command is sent as soon as the connection is back",
            ),
            _ => {}
        }
        done.is_ok().then_some(key)
    }

    /// Opens the help, also for `/help all`, or explains one command (`/help /all` for that of this name).
    fn show_help(&mut self, word: Option<&str>) -> bool {
        let Some(word) = word.filter(|word| !word.eq_ignore_ascii_case(HELP_ALL)) else {
            self.overlay = Some(Overlay::help());
            return true;
        };
        let word = word.trim_start_matches('/').to_lowercase();
        let own = CLIENT_COMMANDS.iter().filter(|command| command.word[1..] == word).map(|c| (c.usage, c.help));
        let topics = commands().filter(|topic| topic.is_about(&word)).map(|topic| (topic.usage, topic.help));
        let found: Vec<String> = own.chain(topics).map(|(usage, help)| format!("{usage} – {help}")).collect();
        if found.is_empty() {
            self.add_notice_here(
                Severity::Refused,
                &cleaned(&format!("no command /{word} (/help lists all)"), NOTICE_CHARS),
            );
        }
        for text in &found {
            self.add_notice_here(Severity::Info, text);
        }
        !found.is_empty()
    }
}

/// Returns a draft as it is sent. Leading blanks stay as indentation, except before a command of one line.
fn line_of_draft(draft: &str) -> String {
    let text = clean_message(draft);
    let line = text.trim_start();
    if line.starts_with('/') && !line.contains('\n') { line.to_owned() } else { text.into_owned() }
}
