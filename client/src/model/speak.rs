//! What somebody typed and sent off: talk, a command for the server, or one of the client's own.

use super::conversation::{Conversation, Place};
use super::line::{Body, Delivery, Line, Talk, Tone, too_long};
use super::link::item;
use super::outgoing::{Errand, Item};
use super::overlay::Overlay;
use super::state::State;
use super::{Effect, Exit, LOCAL};
use landline_common::clean::clean_message;
use landline_common::command::{Command, TOPICS, parse};

/// Why a line cannot be taken.
const TOO_MANY: &str = "too many lines wait to be sent; wait until some are out";

impl State {
    /// Enter was pressed.
    pub(super) fn submit(&mut self) {
        let conversation = self.talks.viewed_mut();
        let line = typed(conversation.draft.text());
        conversation.marker = None;
        if line.is_empty() {
            self.jump_to_end();
            return;
        }
        if self.enter(&line) {
            let conversation = self.talks.viewed_mut();
            conversation.recall.push(&line);
        }
    }

    /// Does what a line asks for. `false` if it stays in the editor, to be changed.
    fn enter(&mut self, line: &str) -> bool {
        let place = self.talks.viewed().place.clone();
        let done = match self.local(line) {
            Some(done) => done,
            // In a text of several lines a first one that reads like a command is none, unless it has the slash.
            None if line.contains('\n') && !line.starts_with('/') => self.say_here(line),
            None => match parse(line, &self.me) {
                Some(Ok(command)) => self.obey(command),
                Some(Err(why)) => {
                    self.tell(Tone::Refused, &why.to_string());
                    false
                }
                None => true,
            },
        };
        // The draft is the one of the conversation in which it was typed, even if another one is shown by now.
        if done && let Some(conversation) = self.talks.get_mut(&place) {
            conversation.draft.take();
        }
        done
    }

    /// The client's own commands. `None` if it is none.
    fn local(&mut self, line: &str) -> Option<bool> {
        let (word, rest) = line.split_once([' ', '\n']).unwrap_or((line, ""));
        let command = LOCAL.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
        if rest.trim().contains('\n') {
            self.tell(Tone::Refused, &format!("that is written: {}, in one line", command.usage));
            return Some(false);
        }
        Some((command.run)(self, rest.trim()))
    }

    pub(super) fn obey(&mut self, command: Command<'_>) -> bool {
        match command {
            Command::Say(text) => self.say_here(text),
            Command::All(text) => self.say(&Place::Everybody, "everybody", text, false),
            Command::Message { to, text } => self.say_to(to, text, false),
            Command::Private { to: Some(to), text } => self.say_to(to, text, true),
            Command::Direct(user) if self.has_direct(user) => true,
            Command::DirectText { to, text } => self.say_directly(to, text),
            Command::DirectStop(user) => self.stop_directly(user),
            Command::Join(room) => self.join(room),
            Command::Leave(room) => self.leave(room),
            Command::Quit => {
                self.leave_server();
                true
            }
            Command::Help(word) => self.help(word),
            Command::Format(_) => {
                self.tell(Tone::Refused, "this program needs its events as they are");
                false
            }
            other => self.pass_on(&other.to_string(), &other),
        }
    }

    pub(super) fn say_here(&mut self, text: &str) -> bool {
        let viewed = self.talks.viewed();
        let (place, title, private) = (viewed.place.clone(), viewed.title.clone(), viewed.private);
        match place {
            Place::Mentions | Place::Server => {
                self.tell(Tone::Refused, "nobody reads here; Alt-1 goes to the first room, /join ROOM into another");
                false
            }
            place => self.say(&place, &title, text, private),
        }
    }

    fn say_to(&mut self, user: &str, text: &str, private: bool) -> bool {
        let place = Place::person(user);
        let title = self.talks.get(&place).map_or(user.into(), |conversation| conversation.title.clone());
        let said = self.say(&place, &title, text, private);
        if said {
            self.view(&place);
        }
        said
    }

    /// One's own line: shown at once, sent in its turn.
    pub(super) fn say(&mut self, place: &Place, title: &str, text: &str, private: bool) -> bool {
        let text = clean_message(text).into_owned();
        if let Some(why) = too_long(&text) {
            self.tell(Tone::Refused, &why);
            return false;
        }
        if text.is_empty() {
            return true;
        }
        let key = self.key_number();
        let user = self.me.clone();
        let (room, mention, delivery) = (None, false, Delivery::Unsent);
        let talk = Talk { user, text: text.into(), room, mention, private, delivery };
        let problem = match place {
            Place::Direct(_) => self.direct_problem(place, title),
            _ => (!self.outgoing.push(item(place, title, key, &talk, self.link.objects))).then(|| TOO_MANY.to_owned()),
        };
        if let Some(why) = problem {
            self.tell(Tone::Refused, &why);
            return false;
        }
        let at = self.now.wall.unix_ms;
        let conversation = self.talks.open(place, title);
        conversation.insert(Line { key, id: None, at, body: Body::Talk(talk) }, false);
        conversation.scroll = None;
        conversation.below = 0;
        self.direct_go_on(place);
        true
    }

    fn join(&mut self, room: &str) -> bool {
        let place = Place::room(room);
        if self.talks.get(&place).is_some() && (self.link.is_up() || self.link.was_up) {
            self.view(&place);
            return true;
        }
        let errand = Errand::Enter(room.to_lowercase().into(), true);
        self.queue(format!("/join {room}"), None, errand)
    }

    fn leave(&mut self, room: Option<&str>) -> bool {
        let place = room.map_or_else(|| self.talks.viewed().place.clone(), Place::room);
        if !self.all_sent(&place) {
            return false;
        }
        match &place {
            Place::Room(name) => {
                let line = format!("/leave {name}");
                let known = self.talks.close(&place);
                self.refresh();
                if known && !self.link.is_up() { true } else { self.queue(line, None, Errand::Typed) }
            }
            Place::Mentions | Place::Server => {
                self.tell(Tone::Refused, "this one stays; /quit leaves the program");
                false
            }
            _ => self.close(),
        }
    }

    /// Closes the conversation that is shown, if it is no room.
    pub(super) fn close(&mut self) -> bool {
        let place = self.talks.viewed().place.clone();
        if matches!(place, Place::Room(_)) {
            return self.leave(None);
        }
        if !self.all_sent(&place) {
            return false;
        }
        let conversation = self.talks.viewed_mut();
        conversation.draft.take();
        if conversation.direct.is_some() {
            let user = conversation.title.clone();
            self.stop_directly(&user);
        }
        let closed = self.talks.close(&place);
        if !closed {
            self.tell(Tone::Refused, "this one stays; /quit leaves the program");
        }
        closed
    }

    /// What is still on its way would be lost with the conversation.
    fn all_sent(&mut self, place: &Place) -> bool {
        let sent = !self.talks.get(place).is_some_and(Conversation::has_open);
        if !sent {
            self.tell(Tone::Refused, "not all that you said there is sent yet; try again when it is");
        }
        sent
    }

    /// A command for the server, in the room that is shown.
    fn pass_on(&mut self, line: &str, command: &Command<'_>) -> bool {
        let errand = match command {
            Command::History(_) => {
                self.talks.viewed_mut().reopen();
                Errand::Recall
            }
            Command::Search { .. } => Errand::Search,
            _ => Errand::Typed,
        };
        let within = match &self.talks.viewed().place {
            Place::Room(room) => Some(room.clone()),
            _ => None,
        };
        self.queue(line.to_owned(), within, errand)
    }

    fn queue(&mut self, line: String, within: Option<Box<str>>, errand: Errand) -> bool {
        let done = self.outgoing.push(Item { line, within, errand });
        match (done, self.link.is_up()) {
            (false, _) => self.tell(Tone::Refused, TOO_MANY),
            (true, false) => self.tell(Tone::Info, "no connection; the command is sent as soon as there is one"),
            _ => {}
        }
        done
    }

    /// All keys and commands; or what one command does.
    fn help(&mut self, word: Option<&str>) -> bool {
        let Some(word) = word else {
            self.overlay = Some(Overlay::help());
            return true;
        };
        let word = word.trim_start_matches('/').to_lowercase();
        let own = LOCAL.iter().filter(|command| command.word[1..] == word).map(|c| (c.usage, c.help));
        let topics = TOPICS.iter().filter(|topic| topic.is_about(&word)).map(|topic| (topic.usage, topic.help));
        let found: Vec<String> = own.chain(topics).map(|(usage, help)| format!("{usage} – {help}")).collect();
        if found.is_empty() {
            self.tell(Tone::Refused, "there is no such command; /help lists them");
        }
        found.iter().for_each(|text| self.tell(Tone::Info, text));
        !found.is_empty()
    }

    /// Leaves in order: all that was sent before is delivered.
    pub(super) fn leave_server(&mut self) {
        if self.link.is_up() {
            self.effects.push(Effect::Send("/quit".into()));
        }
        self.quit(Exit::Left);
    }
}

/// A draft as it is sent: the indentation of its lines stays. Only a command of one line may stand behind blanks.
fn typed(draft: &str) -> String {
    let text = clean_message(draft);
    let line = text.trim_start();
    if line.starts_with('/') && !line.contains('\n') { line.to_owned() } else { text.into_owned() }
}
