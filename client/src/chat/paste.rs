//! Pasted text: a few lines go into the draft, with their indentation; what has many is asked about.
//!
//! | text | what happens |
//! |---|---|
//! | up to [`PASTE_ASKS`] lines that the terminal said were pasted | into the draft |
//! | more lines; more than one that came as keys; more than fits | the question, see [`State::paste_choices`] |
//! | more while the question is shown | becomes part of what is asked about |
//!
//! A pasted line is talk, whatever it begins with. Only where a command was typed in front of the cursor (`/pm bob `),
//! what is sent goes where that command says, each part of it.

use super::editor::Edit;
use super::key::{Code, Key};
use super::limits::{PASTE_ASKS, PASTE_BYTES, WAITING};
use super::line::Tone;
use super::overlay::Overlay;
use super::state::State;
use crate::message::{split, too_long};
use landline_common::clean::{clean_message, count_lines};
use landline_common::command::{Command, parse};
use std::borrow::Cow;

/// What was pasted and is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// As it came.
    text: String,
    /// There was more than is looked at.
    is_cut: bool,
}

impl Pasted {
    fn add(&mut self, text: &str) {
        let room = PASTE_BYTES.saturating_sub(self.text.len()).min(text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(&text[..end]);
        self.is_cut |= end < text.len();
    }

    /// The message that it would be.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        clean_message(&self.text)
    }

    /// What of it goes away, whatever is done with it.
    #[must_use]
    pub fn losses(&self) -> Vec<String> {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let cut = self.is_cut.then(|| format!("only the first {} KiB are here", PASTE_BYTES >> 10));
        let hidden = visible(&self.text).saturating_sub(visible(&self.message()));
        let hidden = (hidden > 0).then(|| format!("{hidden} control characters are left out"));
        cut.into_iter().chain(hidden).collect()
    }
}

/// What would be said: a command that was typed in front, if there is one, and the text behind it.
struct Saying {
    command: String,
    text: String,
}

impl State {
    /// The terminal says that text was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        self.pasted(text, PASTE_ASKS);
    }

    /// Keys came so fast that they must have been pasted. It is asked, since that is a guess.
    pub(super) fn burst(&mut self, text: &str) {
        self.pasted(text, 1);
    }

    /// Puts a text into the draft, or asks about it if it has more than so many lines.
    fn pasted(&mut self, text: &str, most: usize) {
        (self.completion, self.leaving) = (None, false);
        let (mut pasted, asked) = match self.overlay.take() {
            Some(Overlay::Paste(pasted)) => (pasted, true),
            _ => (Pasted::default(), false),
        };
        pasted.add(text);
        let message = pasted.message();
        let draft = &mut self.talks.viewed_mut().draft;
        if asked || pasted.is_cut || count_lines(&message) > most || !draft.fits(message.len()) {
            self.overlay = Some(Overlay::Paste(pasted));
        } else {
            draft.insert(&message);
        }
    }

    /// The keys that answer the question, and what they do.
    #[must_use]
    pub fn paste_choices(&self, pasted: &Pasted) -> Vec<(&'static str, String)> {
        let message = pasted.message();
        let Saying { text, .. } = self.saying(&message);
        let parts = if too_long(&text).is_some() { split(&text).len() } else { 1 };
        let whole = match parts {
            1 => "send as one message".to_owned(),
            n => format!("send as {n} messages: it is too long for one"),
        };
        let (lines, empty): (Vec<&str>, Vec<&str>) = text.split('\n').partition(|line| !line.is_empty());
        let without = match empty.len() {
            0 => String::new(),
            n => format!(" ({n} empty left out)"),
        };
        let each = format!("send {} lines, each by itself{without}", lines.len());
        let fits = self.talks.viewed().draft.fits(message.len());
        let edit = fits.then(|| ("e", "put into the input, to change it".to_owned()));
        let each = (lines.len() > 1).then_some(("l", each));
        [Some(("Enter", whole)), each, edit, Some(("Esc", "do not send".to_owned()))].into_iter().flatten().collect()
    }

    pub(super) fn paste_key(&mut self, key: Key, pasted: Pasted) {
        let message = pasted.message();
        match key {
            Key { code: Code::Enter, .. } => {
                let saying = self.saying(&message);
                let parts =
                    if too_long(&saying.text).is_some() { split(&saying.text) } else { vec![saying.text.clone()] };
                self.say_parts(&saying, &parts);
            }
            Key { code: Code::Char('l'), ctrl: false, alt: false } => {
                let saying = self.saying(&message);
                let lines: Vec<String> =
                    saying.text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect();
                self.say_parts(&saying, &lines);
            }
            Key { code: Code::Char('e'), ctrl: false, alt: false } if self.talks.viewed().draft.fits(message.len()) => {
                self.talks.viewed_mut().draft.insert(&message);
            }
            Key { code: Code::Escape, .. } => {}
            key if key == Key::ctrl('c') => {}
            // Any other key may be one typed by mistake.
            _ => self.overlay = Some(Overlay::Paste(pasted)),
        }
    }

    /// What would be said if this text stood at the cursor.
    fn saying(&self, message: &str) -> Saying {
        let draft = &self.talks.viewed().draft;
        let whole = format!("{}{message}{}", draft.before(), draft.after());
        if draft.before().starts_with('/')
            && let Some(Ok(command)) = parse(&whole, &self.me)
            && let Some(said) = command.said().filter(|_| command != Command::Hooray)
            && let Some(front) = whole.trim_end().strip_suffix(said)
        {
            return Saying { command: front.to_owned(), text: clean_message(said).into_owned() };
        }
        Saying { command: String::new(), text: clean_message(&whole).into_owned() }
    }

    /// Says each part as a message of its own. What cannot be said stays in the draft.
    fn say_parts(&mut self, saying: &Saying, parts: &[String]) {
        if parts.len() > WAITING - self.engine.waiting().min(WAITING) {
            self.tell(Tone::Refused, "those are too many lines to send; send a part of them, or a file in another way");
            return;
        }
        let place = self.talks.viewed().place.clone();
        let draft = self.talks.viewed_mut().draft.take();
        // A command that says nothing, as `/join `, is no place for a text.
        if saying.command.is_empty() && draft.starts_with('/') {
            self.talks.viewed_mut().draft.set(&saying.text);
            self.tell(Tone::Refused, "that command takes no such text; nothing was sent");
            return;
        }
        for (at, part) in parts.iter().enumerate() {
            let said = match parse(&format!("{}{part}", saying.command), "") {
                Some(Ok(command)) if !saying.command.is_empty() => self.obey(command),
                _ => self.say_here(part),
            };
            if !said {
                let left = format!("{}{}", saying.command, parts[at..].join("\n"));
                if let Some(conversation) = self.talks.get_mut(&place) {
                    conversation.draft.set(&left);
                    conversation.draft.edit(Edit::End);
                }
                return;
            }
        }
        let whole = format!("{}{}", saying.command, saying.text);
        if let Some(conversation) = self.talks.get_mut(&place) {
            conversation.marker = None;
            conversation.recall.push(&whole);
        }
    }
}
