//! Pasted text. A few lines go into the draft, with their indentation; for more, the user chooses what to do.
//!
//! | text | result |
//! |---|---|
//! | up to [`MAX_PASTE_LINES_UNASKED`](super::limits::MAX_PASTE_LINES_UNASKED) lines of a bracketed paste | into the draft |
//! | more lines; an Enter in a paste that came as keys; more than fits into the draft | question with [`Pasted::choices`] |
//! | more text while the question is shown | added to the text of the question |
//! | characters typed while the question is shown | text and characters into the draft |
//! | a key that shows another conversation | text into the draft, then the key acts |
//! | either of them, and the text is too long for the draft | question stays; the next Enter does not send |
//!
//! No plain character is an answer: a user who was typing when the question appeared must not send the text by accident,
//! nor by the Enter that ends the typed line.
//!
//! A pasted line is a message, even if it begins with a slash. If the draft begins with a command (`/pm bob `), each part
//! of the text is sent by that command.

use super::bindings::changes_view;
use super::editor::Editor;
use super::key::{Code, Key};
use super::limits::PASTE_BYTES;
use crate::message::{length_error, split};
use landline_common::clean::{clean_message, count_lines};
use landline_common::command::{Command, parse};
use std::borrow::Cow;

/// A paste for which the user must choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// Text as received, with its line ends.
    text: String,
    /// True if the text was cut.
    is_cut: bool,
    /// True from an ignored key, which the user may have typed for the draft, to the next Enter.
    has_ignored_key: bool,
}

impl Pasted {
    /// Adds pasted text, up to [`PASTE_BYTES`].
    pub fn add(&mut self, text: &str) {
        let capacity = PASTE_BYTES.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(capacity.min(text.len()));
        self.text.push_str(&text[..end]);
        self.is_cut |= end < text.len();
    }

    /// Returns the text as a message: cleaned, without leading and trailing empty lines.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        clean_message(&self.text)
    }

    /// Returns the message as it is inserted into the draft. Restores a line end at its beginning or end if the message
    /// would otherwise join a line of the draft.
    #[must_use]
    pub fn in_draft(&self, draft: &Editor) -> String {
        let message = self.message();
        let ends = ['\r', '\n'];
        let before = draft.before();
        let needs_line_end_before =
            self.text.starts_with(ends) && !before.is_empty() && !before.ends_with(char::is_whitespace);
        let after = draft.after();
        let needs_line_end_after =
            self.text.ends_with(ends) && !after.is_empty() && !after.starts_with(char::is_whitespace);
        if message.is_empty() {
            return String::new();
        }
        let end = |needed: bool| if needed { "\n" } else { "" };
        format!("{}{message}{}", end(needs_line_end_before), end(needs_line_end_after))
    }

    /// Returns a sentence for each part that is lost with any answer.
    #[must_use]
    pub fn losses(&self) -> Vec<String> {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let cut = self.is_cut.then(|| format!("only the first {} KiB are here", PASTE_BYTES >> 10));
        let hidden = visible(&self.text).saturating_sub(visible(&self.message()));
        let hidden = (hidden > 0).then(|| format!("{hidden} control characters are left out"));
        let ignored =
            self.has_ignored_key.then(|| "typed keys were ignored: the paste is too long for the input".into());
        cut.into_iter().chain(hidden).chain(ignored).collect()
    }

    /// Returns whether the user must choose: the message has more than `max_lines` lines, or does not fit into the draft.
    #[must_use]
    pub fn needs_question(&self, max_lines: usize, draft: &Editor) -> bool {
        let message = self.message();
        self.is_cut || count_lines(&message) > max_lines || !draft.fits(message.len())
    }

    /// Returns the keys that answer the question, each with its effect.
    #[must_use]
    pub fn choices(&self, draft: &Editor, me: &str) -> Vec<(&'static str, String)> {
        let message = self.in_draft(draft);
        let Submission { text, .. } = Submission::of(&message, draft, me);
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

    /// Records a key that was no answer. The Enter that ends a line typed for the draft must not send the paste.
    pub fn record_ignored(&mut self, key: Key) {
        self.has_ignored_key = match key {
            key if key == Key::plain(Code::Enter) => false,
            key => self.has_ignored_key || inserts_text(key) || changes_view(key),
        };
    }

    /// Returns the answer of a key.
    #[must_use]
    pub fn answer(&self, key: Key, draft: &Editor, me: &str) -> PasteAnswer {
        let message = self.in_draft(draft);
        match key {
            key if key == Key::plain(Code::Enter) && !self.has_ignored_key => {
                let submission = Submission::of(&message, draft, me);
                let parts = if length_error(&submission.text).is_some() {
                    split(&submission.text)
                } else {
                    vec![submission.text.clone()]
                };
                PasteAnswer::Send { submission, parts }
            }
            key if key == Key::alt(Code::Char('l')) => {
                let submission = Submission::of(&message, draft, me);
                let parts = submission.text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect();
                PasteAnswer::Send { submission, parts }
            }
            key if key == Key::alt(Code::Char('e')) && draft.fits(message.len()) => PasteAnswer::Edit(message),
            key if inserts_text(key) && draft.fits(message.len() + 1) => {
                let is_ended = self.text.ends_with(['\r', '\n']) && !message.ends_with('\n');
                PasteAnswer::TypeOn(if is_ended { message + "\n" } else { message })
            }
            key if changes_view(key) && draft.fits(message.len()) => PasteAnswer::TypeOn(message),
            Key { code: Code::Escape, .. } => PasteAnswer::Discard,
            key if key == Key::ctrl('c') => PasteAnswer::Discard,
            _ => PasteAnswer::KeepAsking,
        }
    }
}

/// The text to send: the draft with the paste, split into the command at its beginning, if any, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Command with a trailing blank; empty if there is none.
    pub command: String,
    /// Text.
    pub text: String,
}

/// The answer of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasteAnswer {
    /// Send each part as a message.
    Send {
        /// Command and whole text.
        submission: Submission,
        /// Parts of the text.
        parts: Vec<String>,
    },
    /// Insert the message into the draft.
    Edit(String),
    /// Insert the message into the draft, then handle the key there.
    TypeOn(String),
    /// Drop the text.
    Discard,
    /// The key is no answer; keep asking.
    KeepAsking,
}

/// Returns whether a key inserts text into the draft.
fn inserts_text(key: Key) -> bool {
    let is_char = matches!(key, Key { code: Code::Char(_), ctrl: false, alt: false });
    is_char || key == Key::ctrl('j') || key == Key::alt(Code::Enter)
}

impl Submission {
    /// Returns the text to send if `message` is inserted into the draft.
    fn of(message: &str, draft: &Editor, me: &str) -> Submission {
        let whole = format!("{}{message}{}", draft.before(), draft.after());
        if draft.before().starts_with('/')
            && let Some(Ok(command)) = parse(&whole, me)
            && let Some(said) = command.text_for_others().filter(|_| command != Command::Hooray)
            && let Some(front) = whole.trim_end().strip_suffix(said)
        {
            return Submission { command: front.to_owned(), text: clean_message(said).into_owned() };
        }
        Submission { command: String::new(), text: clean_message(&whole).into_owned() }
    }
}
