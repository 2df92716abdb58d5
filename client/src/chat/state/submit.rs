//! What somebody typed and sent off: talk, a command for the server, or one of the client's own.

use super::State;
use crate::chat::LOCAL;
use crate::chat::conversation::{Conversation, ConversationId, Secret};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, Delivery, Line, Severity, Talk, shortened, too_long};
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
        if self.enter(&line) {
            let conversation = self.conversations.viewed_mut();
            conversation.recall.push(&line);
        }
    }

    /// Does what a line asks for. `false` if it stays in the editor, to be changed: talk that cannot be said. A refused
    /// command leaves the editor, so that nothing is typed behind it; ↑ brings it back.
    fn enter(&mut self, line: &str) -> bool {
        let place = self.conversations.viewed().place.clone();
        let me = self.me.clone();
        let parsed = parse(line, &me);
        let is_command =
            line.starts_with('/') && !matches!(parsed, Some(Ok(Command::Say(_) | Command::Foreign { .. })));
        // Only the same once more leaves although lines are unsent.
        if parsed != Some(Ok(Command::Quit)) {
            self.leaving.take_back();
        }
        let done = match self.local(line) {
            Some(done) => done,
            // In a text of several lines a first one that reads like a command is none, unless it has the slash.
            None if line.contains('\n') && !line.starts_with('/') => self.say_here(line),
            None => match parsed {
                // What a predecessor's program sends is talk, typed by a user.
                Some(Ok(Command::Foreign { .. })) => self.say_here(line),
                Some(Ok(command)) => self.obey(command),
                Some(Err(why)) => {
                    let back = if is_command { " ↑ brings the line back." } else { "" };
                    self.tell(Severity::Refused, &format!("{why}{back}"));
                    false
                }
                None => true,
            },
        };
        let done = done || is_command;
        // The draft is the one of the conversation in which it was typed, even if another one is shown by now.
        if done && let Some(conversation) = self.conversations.get_mut(&place) {
            conversation.draft.take();
        }
        done
    }

    /// The client's own commands. `None` if it is none.
    fn local(&mut self, line: &str) -> Option<bool> {
        let (word, rest) = line.split_once([' ', '\n']).unwrap_or((line, ""));
        let command = LOCAL.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
        if rest.trim().contains('\n') {
            self.tell(Severity::Refused, &format!("that is written: {}, in one line", command.usage));
            return Some(false);
        }
        Some((command.run)(self, rest.trim()))
    }

    /// A secret chat was closed, and this is another conversation: the first line here is asked about.
    fn must_ask(&mut self) -> bool {
        let viewed = self.conversations.viewed().place.clone();
        let Some(place) = self.asks_before.take().filter(|place| *place == viewed) else { return false };
        let what = if place.is_secret() { "this chat" } else { "a conversation that is stored" };
        self.tell(
            Severity::Refused,
            &format!("the chat you closed is gone; this would go into {what}. Enter again sends it"),
        );
        true
    }

    pub(super) fn obey(&mut self, command: Command<'_>) -> bool {
        match command {
            Command::Say(text) => self.say_here(text),
            // `enter` says these.
            Command::Foreign { .. } => false,
            Command::All(text) => self.say_from_here(&ConversationId::Global, "everybody", text),
            Command::Message { to, text } => self.say_from_here(&ConversationId::person(to), to, text),
            Command::Private { to: Some(to), text } => {
                self.say_from_here(&ConversationId::off_the_record(to), to, text)
            }
            Command::Private { to: None, text } => self.say_in_only_chat(text),
            Command::Direct(user) if self.has_direct(user) => true,
            Command::DirectText { to, text } => self.say_from_here(&ConversationId::direct(to), to, text),
            Command::DirectStop(user) => self.stop_directly(user),
            Command::Accept(user) => self.accept(user),
            Command::Block(user) => {
                self.requests.close_of(user);
                self.pass_on(&command)
            }
            Command::Join(room) => self.join(room),
            Command::Leave(room) => self.leave_room(room),
            Command::Quit => {
                self.leave("/quit");
                // Asked about first, the line is not to be typed once more.
                true
            }
            Command::Register { .. } => self.ask_password(Purpose::Register),
            Command::Password(_) => self.ask_password(Purpose::Change),
            Command::Help(word) => self.help(word),
            Command::Format(_) => {
                self.tell(Severity::Refused, "this program needs its events as they are");
                false
            }
            other => self.pass_on(&other),
        }
    }

    pub(super) fn say_here(&mut self, text: &str) -> bool {
        if self.must_ask() {
            return false;
        }
        let viewed = self.conversations.viewed();
        let (place, title) = (viewed.place.clone(), viewed.title.clone());
        match place {
            ConversationId::Mentions | ConversationId::Server => {
                self.tell(
                    Severity::Refused,
                    "You cannot write here. Alt-1 goes to your first room, /join ROOM to another.",
                );
                false
            }
            place => self.say(&place, &title, text),
        }
    }

    /// Says something in the conversation that a command names. The view stays where it is, so that the next line goes
    /// where the user is; a notice there confirms what was sent elsewhere. `false` if it cannot be said.
    pub(super) fn say_from_here(&mut self, place: &ConversationId, to: &str, text: &str) -> bool {
        let title = self.conversations.get(place).map_or(to.into(), |conversation| conversation.title.clone());
        let said = self.say(place, &title, text);
        let sent = flatten(&clean_message(text)).into_owned();
        if said && !sent.is_empty() && self.conversations.viewed().place != *place {
            // A text that is stored nowhere stays in its own tab: /save writes what is shown here into a file.
            let what = if place.is_secret() { format!(" ({})", place.chat_name()) } else { format!(": {sent}") };
            let up = matches!(place, ConversationId::Direct(_)) || self.engine.is_up();
            let waits = if up { "" } else { " (waits for a connection)" };
            self.tell(Severity::Info, &shortened(&format!("→ {title}{what}{waits}"), NOTICE_CHARS));
        }
        said
    }

    /// Chat77's way: without a name, it is the only off-the-record chat that is open.
    fn say_in_only_chat(&mut self, text: &str) -> bool {
        let open = |c: &&Conversation| matches!(c.place, ConversationId::OffTheRecord(_)) && c.secret == Secret::Open;
        let open: Vec<(ConversationId, Box<str>)> =
            self.conversations.iter().filter(open).map(|c| (c.place.clone(), c.title.clone())).collect();
        let [(place, title)] = &open[..] else {
            self.tell(Severity::Refused, "say whose: /private USER TEXT; /say TEXT says any text");
            return false;
        };
        self.say_from_here(place, title, text)
    }

    /// One's own line: shown at once, sent in its turn.
    pub(super) fn say(&mut self, place: &ConversationId, title: &str, text: &str) -> bool {
        let text = clean_message(text).into_owned();
        if let Some(why) = too_long(&text) {
            self.tell(Severity::Refused, &why);
            return false;
        }
        let Some(target) = place.target(title).filter(|_| !text.is_empty()) else { return true };
        let key = self.key_number();
        let problem = match place {
            place if place.is_secret() => self.secret_problem(place, title),
            ConversationId::Room(room) => self.room_problem(room, title),
            _ => None,
        };
        // Lines of an encrypted chat go out as it takes them.
        let past_server = target.is_past_server();
        let problem = problem.or_else(|| match past_server {
            true => None,
            false => self.engine.say(key, &target, &text).err().map(str::to_owned),
        });
        if let Some(why) = problem {
            self.tell(Severity::Refused, &why);
            return false;
        }
        let (user, at) = (self.me.clone(), self.now.wall.unix_ms);
        let private = place.is_secret();
        let talk = Talk { user, text: text.into(), room: None, mention: false, private, delivery: Delivery::Unsent };
        let conversation = self.conversations.open(place, title);
        conversation.insert(Line { key, id: None, at, body: Body::Talk(talk) }, false);
        conversation.scroll = None;
        conversation.below = 0;
        self.go_on_encrypted(place);
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
    fn join(&mut self, room: &str) -> bool {
        let place = ConversationId::room(room);
        if self.engine.is_in(room) && self.conversations.get(&place).is_some() {
            self.view(&place);
            return true;
        }
        if self.conversations.get(&place).is_some_and(|conversation| conversation.joining) {
            self.view(&place);
            return true;
        }
        let key = self.key_number();
        if let Err(why) = self.engine.command(key, &Command::Join(room), None) {
            self.tell(Severity::Refused, why);
            return false;
        }
        let from = self.conversations.viewed().place.clone();
        self.joins.add(key, from);
        self.conversations.open(&place, room).joining = true;
        if !self.conversations.viewed().place.is_personal() {
            self.view(&place);
        }
        if !self.engine.is_up() {
            self.tell(Severity::Info, &format!("joining {room} as soon as there is a connection"));
        }
        true
    }

    fn leave_room(&mut self, room: Option<&str>) -> bool {
        let place = room.map_or_else(|| self.conversations.viewed().place.clone(), ConversationId::room);
        if !self.all_sent(&place) {
            return false;
        }
        match &place {
            ConversationId::Room(name) => {
                let name = name.clone();
                let known = self.conversations.close(&place);
                self.refresh();
                if known && !self.engine.is_in(&name) { true } else { self.pass_on(&Command::Leave(Some(&name))) }
            }
            ConversationId::Mentions | ConversationId::Server => {
                self.tell(Severity::Refused, "This tab cannot be closed. /quit leaves.");
                false
            }
            _ => self.close(),
        }
    }

    /// Closes the conversation that is shown, if it is no room.
    pub(super) fn close(&mut self) -> bool {
        let place = self.conversations.viewed().place.clone();
        if matches!(place, ConversationId::Room(_)) {
            return self.leave_room(None);
        }
        if !self.all_sent(&place) {
            return false;
        }
        let conversation = self.conversations.viewed_mut();
        conversation.draft.take();
        let (user, secret) = (conversation.title.clone(), conversation.secret);
        if matches!(secret, Secret::Open | Secret::Opening) {
            match place {
                ConversationId::Direct(_) => _ = self.stop_directly(&user),
                _ => _ = self.pass_on(&Command::End(Some(&user))),
            }
        }
        let closed = self.conversations.close(&place);
        self.requests.ended(&place);
        if !closed {
            self.tell(Severity::Refused, "This tab cannot be closed. /quit leaves.");
        } else if place.is_secret() {
            self.left_secret(&place, &user);
        }
        closed
    }

    /// What is typed next must not go into a stored conversation without a word.
    fn left_secret(&mut self, place: &ConversationId, user: &str) {
        let viewed = self.conversations.viewed();
        let (here, title) = (viewed.place.clone(), viewed.title.clone());
        let what = place.chat_name();
        self.tell(Severity::Info, &format!("the {what} with {user} is closed; this is {title}"));
        self.asks_before = here.target(&title).map(|_| here);
    }

    /// What is still on its way would be lost with the conversation.
    fn all_sent(&mut self, place: &ConversationId) -> bool {
        let sent = !self.conversations.get(place).is_some_and(Conversation::has_open);
        if !sent {
            self.tell(Severity::Refused, "not all that you said there is sent yet; try again when it is");
        }
        sent
    }

    /// A command for the server, in the room that is shown.
    pub(super) fn pass_on(&mut self, command: &Command<'_>) -> bool {
        self.send_command(command).is_some()
    }

    /// The same; the number of the command, if it is taken.
    pub(super) fn send_command(&mut self, command: &Command<'_>) -> Option<u64> {
        if matches!(command, Command::History(_)) {
            self.conversations.viewed_mut().reopen();
        }
        let viewed = self.conversations.viewed();
        let (room, title) = (matches!(viewed.place, ConversationId::Room(_)), viewed.title.clone());
        let key = self.key_number();
        let done = self.engine.command(key, command, room.then_some(&*title));
        match (done, self.engine.is_up()) {
            (Err(why), _) => self.tell(Severity::Refused, why),
            (Ok(()), false) => self.tell(Severity::Info, "no connection; the command is sent as soon as there is one"),
            _ => {}
        }
        done.is_ok().then_some(key)
    }

    /// All keys and commands; or what one command does.
    fn help(&mut self, word: Option<&str>) -> bool {
        let Some(word) = word else {
            self.overlay = Some(Overlay::help());
            return true;
        };
        let word = word.trim_start_matches('/').to_lowercase();
        let own = LOCAL.iter().filter(|command| command.word[1..] == word).map(|c| (c.usage, c.help));
        let topics = commands().filter(|topic| topic.is_about(&word)).map(|topic| (topic.usage, topic.help));
        let found: Vec<String> = own.chain(topics).map(|(usage, help)| format!("{usage} – {help}")).collect();
        if found.is_empty() {
            self.tell(Severity::Refused, "there is no such command; /help lists them");
        }
        found.iter().for_each(|text| self.tell(Severity::Info, text));
        !found.is_empty()
    }
}

/// A draft as it is sent: the indentation of its lines stays. Only a command of one line may stand behind blanks.
fn typed(draft: &str) -> String {
    let text = clean_message(draft);
    let line = text.trim_start();
    if line.starts_with('/') && !line.contains('\n') { line.to_owned() } else { text.into_owned() }
}
