//! Pasted text: a few lines go into the draft, with their indentation; what has many is asked about.
//!
//! | text | what happens |
//! |---|---|
//! | up to [`PASTE_ASKS`](super::limits::PASTE_ASKS) lines that the terminal said were pasted | into the draft |
//! | more lines; more than one that came as keys; more than fits | the question, see [`Pasted::choices`] |
//! | more while the question is shown | becomes part of what is asked about |
//! | letters typed while the question is shown | the text goes into the draft, the letters behind it |
//!
//! No letter chooses anything: a user who was typing when the question appeared must not send what was pasted.
//!
//! A pasted line is talk, whatever it begins with. Only where a command was typed in front of the cursor (`/pm bob `),
//! what is sent goes where that command says, each part of it.

use super::editor::Editor;
use super::key::{Code, Key};
use super::limits::PASTE_BYTES;
use crate::message::{length_error, split};
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
    /// Adds what was pasted, as far as it is looked at.
    pub fn add(&mut self, text: &str) {
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

    /// The message as it stands in the draft: where the paste begins or ends with a line end, no line is joined to
    /// another one.
    #[must_use]
    pub fn in_draft(&self, draft: &Editor) -> String {
        let message = self.message();
        let ends = ['\r', '\n'];
        let before = draft.before();
        let in_front = self.text.starts_with(ends) && !before.is_empty() && !before.ends_with(char::is_whitespace);
        let after = draft.after();
        let behind = self.text.ends_with(ends) && !after.is_empty() && !after.starts_with(char::is_whitespace);
        if message.is_empty() {
            return String::new();
        }
        let end = |needed: bool| if needed { "\n" } else { "" };
        format!("{}{message}{}", end(in_front), end(behind))
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

    /// Whether it is asked about: it does not fit into the draft, or has more than so many lines.
    #[must_use]
    pub fn needs_question(&self, most: usize, draft: &Editor) -> bool {
        let message = self.message();
        self.is_cut || count_lines(&message) > most || !draft.fits(message.len())
    }

    /// The keys that answer the question, and what they do.
    #[must_use]
    pub fn choices(&self, draft: &Editor, me: &str) -> Vec<(&'static str, String)> {
        let message = self.in_draft(draft);
        let Saying { text, .. } = Saying::of(&message, draft, me);
        let parts = if length_error(&text).is_some() { split(&text).len() } else { 1 };
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
        let fits = draft.fits(message.len());
        let edit = fits.then(|| ("Alt-e", "put into the input, to change it; so does typing".to_owned()));
        let each = (lines.len() > 1).then_some(("Alt-l", each));
        [Some(("Enter", whole)), each, edit, Some(("Esc", "do not send".to_owned()))].into_iter().flatten().collect()
    }

    /// What the user answers with a key.
    #[must_use]
    pub fn answer(&self, key: Key, draft: &Editor, me: &str) -> PasteAnswer {
        let message = self.in_draft(draft);
        match key {
            key if key == Key::plain(Code::Enter) => {
                let saying = Saying::of(&message, draft, me);
                let parts =
                    if length_error(&saying.text).is_some() { split(&saying.text) } else { vec![saying.text.clone()] };
                PasteAnswer::Say { saying, parts }
            }
            key if key == Key::alt(Code::Char('l')) => {
                let saying = Saying::of(&message, draft, me);
                let parts = saying.text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect();
                PasteAnswer::Say { saying, parts }
            }
            key if key == Key::alt(Code::Char('e')) && draft.fits(message.len()) => PasteAnswer::Edit(message),
            key if writes(key) && draft.fits(message.len() + 1) => {
                let is_ended = self.text.ends_with(['\r', '\n']) && !message.ends_with('\n');
                PasteAnswer::TypeOn(if is_ended { message + "\n" } else { message })
            }
            Key { code: Code::Escape, .. } => PasteAnswer::Discard,
            key if key == Key::ctrl('c') => PasteAnswer::Discard,
            _ => PasteAnswer::HistoryQuery,
        }
    }
}

/// What would be said: a command that was typed in front, if there is one, and the text behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// The command, with a blank behind it; or nothing.
    pub command: String,
    /// What it says.
    pub text: String,
}

/// What a key answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasteAnswer {
    /// Say each part as a message of its own.
    Say {
        /// All of it.
        saying: Saying,
        /// Its parts.
        parts: Vec<String>,
    },
    /// Put the message into the input.
    Edit(String),
    /// Put the message into the input, and do there what the key does.
    TypeOn(String),
    /// Do nothing with it.
    Discard,
    /// The key answers nothing: it may be one typed by mistake.
    HistoryQuery,
}

/// Whether a key writes something into the input.
fn writes(key: Key) -> bool {
    let is_char = matches!(key, Key { code: Code::Char(_), ctrl: false, alt: false });
    is_char || key == Key::ctrl('j') || key == Key::alt(Code::Enter)
}

impl Saying {
    /// What would be said if this text stood at the cursor.
    fn of(message: &str, draft: &Editor, me: &str) -> Saying {
        let whole = format!("{}{message}{}", draft.before(), draft.after());
        if draft.before().starts_with('/')
            && let Some(Ok(command)) = parse(&whole, me)
            && let Some(said) = command.text_for_others().filter(|_| command != Command::Hooray)
            && let Some(front) = whole.trim_end().strip_suffix(said)
        {
            return Saying { command: front.to_owned(), text: clean_message(said).into_owned() };
        }
        Saying { command: String::new(), text: clean_message(&whole).into_owned() }
    }
}
