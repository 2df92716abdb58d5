//! What somebody typed and sent off: talk, a command for the server, or one of the client's own.

use super::State;
use crate::chat::CLIENT_COMMANDS;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity, cleaned, length_error};
use crate::chat::overlay::Overlay;
use crate::chat::password_form::Purpose;
use landline_common::clean::{clean_message, flatten};
use landline_common::command::{Command, commands, parse};

impl State {
    /// Enter was pressed.
    pub(super) fn submit(&mut self) {
        let conversation = self.conversations.viewed_mut();
        let line = typed(conversation.draft.text());
        conversation.marker = None;
        if line.is_empty() {
            self.jump_to_end();
            return;
        }
        if self.run_line(&line) {
            let conversation = self.conversations.viewed_mut();
            conversation.input_history.push(&line);
        }
    }

    /// Does what a line asks for. `false` if it stays in the editor, to be changed: talk that cannot be said. A refused
    /// command leaves the editor, so that nothing is typed behind it; ↑ brings it back.
    fn run_line(&mut self, line: &str) -> bool {
        let id = self.conversations.viewed().id.clone();
        let me = self.me.clone();
        let parsed = parse(line, &me);
        let is_command =
            line.starts_with('/') && !matches!(parsed, Some(Ok(Command::Say(_) | Command::Foreign { .. })));
        // Only the same once more leaves although lines are unsent.
        if parsed != Some(Ok(Command::Quit)) {
            self.leaving.cancel_question();
        }
        let done = match self.run_client_command(line) {
            Some(done) => done,
            // In a text of several lines a first one that reads like a command is none, unless it has the slash.
            None if line.contains('\n') && !line.starts_with('/') => self.say_here(line),
            None => match parsed {
                // What a predecessor's program sends is talk, typed by a user.
                Some(Ok(Command::Foreign { .. })) => self.say_here(line),
                Some(Ok(command)) => self.run_command(command),
                Some(Err(why)) => {
                    let back = if is_command { " ↑ brings the line back." } else { "" };
                    self.add_notice_here(Severity::Refused, &format!("{why}{back}"));
                    false
                }
                None => true,
            },
        };
        let done = done || is_command;
        // The draft is the one of the conversation in which it was typed, even if another one is shown by now.
        if done && let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.draft.take();
        }
        done
    }

    /// The client's own commands. `None` if it is none.
    fn run_client_command(&mut self, line: &str) -> Option<bool> {
        let (word, rest) = line.split_once([' ', '\n']).unwrap_or((line, ""));
        let command = CLIENT_COMMANDS.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
        if rest.trim().contains('\n') {
            self.add_notice_here(Severity::Refused, &format!("that is written: {}, in one line", command.usage));
            return Some(false);
        }
        Some((command.run)(self, rest.trim()))
    }

    /// A secret chat was closed, and this is another conversation: the first line here is asked about.
    fn holds_back_after_closed_chat(&mut self) -> bool {
        let viewed = self.conversations.viewed().id.clone();
        let Some(id) = self.asks_before.take().filter(|id| *id == viewed) else { return false };
        let what = if id.is_secret() { "this chat" } else { "a conversation that is stored" };
        self.add_notice_here(
            Severity::Refused,
            &format!("the chat you closed is gone; this would go into {what}. Enter again sends it"),
        );
        true
    }

    pub(super) fn run_command(&mut self, command: Command<'_>) -> bool {
        match command {
            Command::Say(text) => self.say_here(text),
            // `enter` says these.
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
                self.send_command_ok(&command)
            }
            Command::Join(room) => self.join_room(room),
            Command::Leave(room) => self.leave_room(room),
            Command::Quit => {
                self.start_leaving("/quit");
                // Asked about first, the line is not to be typed once more.
                true
            }
            Command::Register { .. } => self.ask_password(Purpose::Register),
            Command::Password(_) => self.ask_password(Purpose::Change),
            Command::Help(word) => self.show_help(word),
            Command::Format(_) => {
                self.add_notice_here(Severity::Refused, "this program needs its events as they are");
                false
            }
            other => self.send_command_ok(&other),
        }
    }

    pub(super) fn say_here(&mut self, text: &str) -> bool {
        if self.holds_back_after_closed_chat() {
            return false;
        }
        let viewed = self.conversations.viewed();
        let (id, title) = (viewed.id.clone(), viewed.title.clone());
        match id {
            ConversationId::Mentions | ConversationId::Server => {
                self.add_notice_here(
                    Severity::Refused,
                    "You cannot write here. Alt-1 goes to your first room, /join ROOM to another.",
                );
                false
            }
            id => self.say(&id, &title, text),
        }
    }

    /// Says something in the conversation that a command names. The view stays where it is, so that the next line goes
    /// where the user is; a notice there confirms what was sent elsewhere. `false` if it cannot be said.
    pub(super) fn say_to(&mut self, id: &ConversationId, to: &str, text: &str) -> bool {
        let title = self.conversations.get(id).map_or(to.into(), |conversation| conversation.title.clone());
        let said = self.say(id, &title, text);
        let sent = flatten(&clean_message(text)).into_owned();
        if said && !sent.is_empty() && self.conversations.viewed().id != *id {
            // A text that is stored nowhere stays in its own tab: /save writes what is shown here into a file.
            let what = if id.is_secret() { format!(" ({})", id.chat_name()) } else { format!(": {sent}") };
            let up = matches!(id, ConversationId::Encrypted(_)) || self.engine.is_up();
            let waits = if up { "" } else { " (waits for a connection)" };
            self.add_notice_here(Severity::Info, &cleaned(&format!("→ {title}{what}{waits}"), NOTICE_CHARS));
        }
        said
    }

    /// Chat77's way: without a name, it is the only off-the-record chat that is open.
    fn say_in_only_private_chat(&mut self, text: &str) -> bool {
        let open = |c: &&Conversation| {
            matches!(c.id, ConversationId::OffTheRecord(_)) && c.chat_state == SecretChatState::Open
        };
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(open).map(|c| (c.id.clone(), c.title.clone())).collect();
        let [(id, title)] = &open[..] else {
            self.add_notice_here(Severity::Refused, "say whose: /private USER TEXT; /say TEXT says any text");
            return false;
        };
        self.say_to(id, title, text)
    }

    /// One's own line: shown at once, sent in its turn.
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
        // Lines of an encrypted chat go out as it takes them.
        let unanswered_direct = target.is_direct();
        let problem = problem.or_else(|| match unanswered_direct {
            true => None,
            false => self.engine.send_message(key, &target, &text).err().map(str::to_owned),
        });
        if let Some(why) = problem {
            self.add_notice_here(Severity::Refused, &why);
            return false;
        }
        let (user, at) = (self.me.clone(), self.now.wall.unix_ms);
        let private = id.is_secret();
        let message =
            ChatMessage { user, text: text.into(), room: None, mention: false, private, delivery: Delivery::Unsent };
        let conversation = self.conversations.open(id, title);
        conversation.insert(Line { key, id: None, at, body: Body::Message(message) }, false);
        conversation.scroll = None;
        conversation.new_below = 0;
        self.send_encrypted(id);
        true
    }

    /// Why nothing can be said in a room, if so.
    fn room_problem(&self, room: &str, title: &str) -> Option<String> {
        let joining = self.conversations.get(&ConversationId::Room(room.into())).is_some_and(|room| room.joining);
        let is_out = self.engine.was_up() && !self.engine.is_in(room) && !joining;
        is_out.then(|| format!("you are not in {title}; /join {title} goes in"))
    }

    /// A room that waits to be entered is in the list at once. From another room it is shown at once as well: what is
    /// typed next waits for it. From a conversation with one user the view stays, so that nothing private that is being
    /// typed goes into a room.
    fn join_room(&mut self, room: &str) -> bool {
        let id = ConversationId::room(room);
        if self.engine.is_in(room) && self.conversations.get(&id).is_some() {
            self.view(&id);
            return true;
        }
        if self.conversations.get(&id).is_some_and(|conversation| conversation.joining) {
            self.view(&id);
            return true;
        }
        let key = self.next_key();
        if let Err(why) = self.engine.send_command(key, &Command::Join(room), None) {
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
            self.add_notice_here(Severity::Info, &format!("joining {room} as soon as there is a connection"));
        }
        true
    }

    fn leave_room(&mut self, room: Option<&str>) -> bool {
        let id = room.map_or_else(|| self.conversations.viewed().id.clone(), ConversationId::room);
        if !self.require_all_sent(&id) {
            return false;
        }
        match &id {
            ConversationId::Room(name) => {
                let name = name.clone();
                let known = self.conversations.close(&id);
                self.request_members_if_stale();
                if known && !self.engine.is_in(&name) {
                    true
                } else {
                    self.send_command_ok(&Command::Leave(Some(&name)))
                }
            }
            ConversationId::Mentions | ConversationId::Server => {
                self.add_notice_here(Severity::Refused, "This tab cannot be closed. /quit leaves.");
                false
            }
            _ => self.close_viewed(),
        }
    }

    /// Closes the conversation that is shown, if it is no room.
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
        let (user, secret) = (conversation.title.clone(), conversation.chat_state);
        if matches!(secret, SecretChatState::Open | SecretChatState::Opening) {
            match id {
                ConversationId::Encrypted(_) => _ = self.end_encrypted_chat(&user),
                _ => _ = self.send_command_ok(&Command::End(Some(&user))),
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

    /// What is typed next must not go into a stored conversation without a word.
    fn confirm_closed_secret_chat(&mut self, id: &ConversationId, user: &str) {
        let viewed = self.conversations.viewed();
        let (here, title) = (viewed.id.clone(), viewed.title.clone());
        let what = id.chat_name();
        self.add_notice_here(Severity::Info, &format!("the {what} with {user} is closed; this is {title}"));
        self.asks_before = here.target(&title).map(|_| here);
    }

    /// What is still on its way would be lost with the conversation.
    fn require_all_sent(&mut self, id: &ConversationId) -> bool {
        let sent = !self.conversations.get(id).is_some_and(Conversation::has_undelivered);
        if !sent {
            self.add_notice_here(Severity::Refused, "not all that you said there is sent yet; try again when it is");
        }
        sent
    }

    /// A command for the server, in the room that is shown.
    pub(super) fn send_command_ok(&mut self, command: &Command<'_>) -> bool {
        self.send_command(command).is_some()
    }

    /// The same; the number of the command, if it is taken.
    pub(super) fn send_command(&mut self, command: &Command<'_>) -> Option<u64> {
        if matches!(command, Command::History(_)) {
            self.conversations.viewed_mut().undo_clear();
        }
        let viewed = self.conversations.viewed();
        let (room, title) = (matches!(viewed.id, ConversationId::Room(_)), viewed.title.clone());
        let key = self.next_key();
        let done = self.engine.send_command(key, command, room.then_some(&*title));
        match (done, self.engine.is_up()) {
            (Err(why), _) => self.add_notice_here(Severity::Refused, why),
            (Ok(()), false) => {
                self.add_notice_here(Severity::Info, "no connection; the command is sent as soon as there is one")
            }
            _ => {}
        }
        done.is_ok().then_some(key)
    }

    /// All keys and commands; or what one command does.
    fn show_help(&mut self, word: Option<&str>) -> bool {
        let Some(word) = word else {
            self.overlay = Some(Overlay::help());
            return true;
        };
        let word = word.trim_start_matches('/').to_lowercase();
        let own = CLIENT_COMMANDS.iter().filter(|command| command.word[1..] == word).map(|c| (c.usage, c.help));
        let topics = commands().filter(|topic| topic.is_about(&word)).map(|topic| (topic.usage, topic.help));
        let found: Vec<String> = own.chain(topics).map(|(usage, help)| format!("{usage} – {help}")).collect();
        if found.is_empty() {
            self.add_notice_here(Severity::Refused, "there is no such command; /help lists them");
        }
        found.iter().for_each(|text| self.add_notice_here(Severity::Info, text));
        !found.is_empty()
    }
}

/// A draft as it is sent: the indentation of its lines stays. Only a command of one line may stand behind blanks.
fn typed(draft: &str) -> String {
    let text = clean_message(draft);
    let line = text.trim_start();
    if line.starts_with('/') && !line.contains('\n') { line.to_owned() } else { text.into_owned() }
}
