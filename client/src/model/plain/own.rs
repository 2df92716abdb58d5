//! What was typed: a line → what is to be sent, and kept until the server has it.

use super::super::conversation::Place;
use super::super::line::too_long;
use super::super::outgoing::{Errand, Item};
use super::{Act, Phase, Plain};
use landline_common::clean::clean;
use landline_common::command::{Command, parse};

/// A line that somebody typed, until it is dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// As it was typed.
    pub typed: String,
    /// As it is sent.
    pub line: String,
    /// What it is.
    pub kind: Kind,
    /// It went out, and the connection broke before the server answered.
    pub doubtful: bool,
    /// It went out.
    pub sent: bool,
}

/// What was typed, by how one knows that the server has it, and whether it may be sent twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Talk: it comes back. With its text, as it comes back.
    Talk(Box<str>),
    /// A message to one person: stored, if that person can have it.
    Direct(Box<str>),
    /// Said, and stored nowhere.
    Once,
    /// Said past the server: it comes back.
    Past,
    /// A command that does no harm when it comes twice.
    Command,
}

impl Plain {
    /// Somebody typed a line.
    pub(super) fn typed(&mut self, line: &str) {
        let (me, line) = (self.me.clone(), line.trim_end());
        if self.ending {
            return;
        }
        if line.eq_ignore_ascii_case("/reconnect") {
            return self.connect_now();
        }
        if line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case("/save")) {
            return self.refuse(line, "everything is printed here; to keep it, send it into a file: landline … > FILE");
        }
        match parse(line, &me) {
            None => {}
            Some(Err(why)) => self.refuse(line, &why.to_string()),
            Some(Ok(Command::Quit)) => self.end(),
            Some(Ok(Command::DirectText { to, text })) => self.say_directly(line, to, text),
            Some(Ok(Command::DirectStop(user))) => self.stop_directly(user),
            Some(Ok(Command::Format(_))) => {
                self.refuse(line, "the form of events is fixed while this program runs; --json gives JSON");
            }
            Some(Ok(command)) => self.take(line, command),
        }
    }

    fn take(&mut self, typed: &str, command: Command<'_>) {
        let (place, kind, text) = match command {
            Command::Say(text) => (Place::room(self.room()), Kind::Talk(shown(text)), text),
            Command::All(text) => (Place::Everybody, Kind::Talk(shown(text)), text),
            Command::Message { to, text } => (Place::person(to), Kind::Direct(shown(text)), text),
            Command::Private { to, text } => (Place::person(to.unwrap_or_default()), Kind::Once, text),
            Command::Hooray => (Place::person(""), Kind::Once, ""),
            _ => (Place::person(""), Kind::Command, ""),
        };
        if let Some(why) = too_long(text) {
            return self.refuse(typed, &why);
        }
        let text = shown(text);
        let line = match command {
            Command::Say(_) => Command::Say(&text).to_string(),
            Command::All(_) => Command::All(&text).to_string(),
            Command::Message { to, .. } => Command::Message { to, text: &text }.to_string(),
            other => other.to_string(),
        };
        if text.is_empty() && matches!(kind, Kind::Talk(_) | Kind::Direct(_)) {
            return;
        }
        self.keys += 1;
        let errand = Errand::Own(place, self.keys);
        if !self.outgoing.push(Item { line: line.clone(), within: None, errand }) {
            return self.refuse(typed, "too many lines wait to be sent");
        }
        let own = Own { typed: clean(typed).into_owned(), line, kind, doubtful: false, sent: false };
        self.own.insert(self.keys, own);
        if self.phase != Phase::Up {
            self.say("no connection; this is sent as soon as there is one");
        }
    }

    /// A line will not be sent; or the server did not take it.
    pub(super) fn refuse(&mut self, typed: &str, why: &str) {
        self.refused += 1;
        let text = if self.ways.interactive { why.to_owned() } else { format!("{why}: {}", clean(typed)) };
        self.acts.push(Act::Say(text));
    }

    /// The room in which talk is said.
    pub(super) fn room(&self) -> &str {
        self.rooms.last().map_or("", |room| room)
    }
}

/// A text as others see it.
pub(super) fn shown(text: &str) -> Box<str> {
    clean(text).trim().into()
}
