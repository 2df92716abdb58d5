//! What lies over the conversation: the help, and the question about a paste.

use super::editor::Edit;
use super::key::{Code, Key};
use super::limits::{PASTE_ASKS, PASTE_BYTES, WAITING};
use super::line::Tone;
use super::state::State;
use landline_common::clean::clean;

/// What lies over the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// All keys and commands, from that row on.
    Help {
        /// The first row that is shown.
        first: usize,
    },
    /// Several lines were pasted: what to do with them?
    Paste {
        /// The lines.
        lines: Vec<String>,
    },
}

impl Overlay {
    /// The help, from its beginning.
    #[must_use]
    pub fn help() -> Overlay {
        Overlay::Help { first: 0 }
    }
}

impl State {
    /// Text was pasted. What has many lines is asked about: nobody wants to fill a room by accident.
    pub(super) fn paste(&mut self, text: &str) {
        let cut = &text[..text.floor_char_boundary(PASTE_BYTES.min(text.len()))];
        // A terminal sends the key Enter's character for the end of a line.
        let cut = cut.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<String> =
            cut.lines().map(|line| clean(line).trim_end().to_owned()).filter(|line| !line.is_empty()).collect();
        (self.completion, self.leaving) = (None, false);
        if text.len() > cut.len() + PASTE_BYTES / 2 {
            self.tell(Tone::Refused, "that is much text; only its beginning was taken");
        }
        if lines.len() > PASTE_ASKS {
            self.overlay = Some(Overlay::Paste { lines });
        } else {
            self.talks.viewed_mut().draft.insert(&lines.join(" "));
        }
    }

    pub(super) fn overlay_key(&mut self, key: Key) {
        match self.overlay.take() {
            Some(Overlay::Help { first }) => self.help_key(key, first),
            Some(Overlay::Paste { lines }) => self.paste_key(key, lines),
            None => {}
        }
    }

    fn help_key(&mut self, key: Key, first: usize) {
        let page = self.geometry().overlay().1.saturating_sub(2).max(1);
        let first = match key.code {
            Code::Up => first.saturating_sub(1),
            Code::Down => first + 1,
            Code::PageUp => first.saturating_sub(page),
            Code::PageDown | Code::Char(' ') => first + page,
            Code::Home => 0,
            // Esc, F1, Enter, q, Ctrl-C and whatever else closes it.
            _ => return,
        };
        // The last page is full.
        let (width, height) = self.geometry().overlay();
        let last = super::help::rows(width, self.settings.mesh).len().saturating_sub(height);
        self.overlay = Some(Overlay::Help { first: first.min(last) });
    }

    fn paste_key(&mut self, key: Key, lines: Vec<String>) {
        match key {
            Key { code: Code::Enter, .. } => {
                self.talks.viewed_mut().draft.insert(&lines.join(" "));
                self.submit();
            }
            Key { code: Code::Char('l'), ctrl: false, alt: false } => self.say_lines(lines),
            Key { code: Code::Char('e'), ctrl: false, alt: false } => {
                self.talks.viewed_mut().draft.insert(&lines.join(" "));
            }
            Key { code: Code::Escape, .. } => {}
            key if key == Key::ctrl('c') => {}
            // Any other key may be one typed by mistake.
            _ => self.overlay = Some(Overlay::Paste { lines }),
        }
    }

    /// Each line by itself, as talk: a pasted line is never a command.
    fn say_lines(&mut self, lines: Vec<String>) {
        if lines.len() > WAITING - self.outgoing.waiting().min(WAITING) {
            self.tell(Tone::Refused, "those are too many lines to send; send a part of them, or a file in another way");
            return;
        }
        let viewed = self.talks.viewed();
        let (place, title, private) = (viewed.place.clone(), viewed.title.clone(), viewed.private);
        if !place.takes_talk() {
            return self.tell(Tone::Refused, "nobody reads here; Alt-1 goes to the first room");
        }
        let before = self.talks.viewed_mut().draft.take();
        for (at, line) in lines.iter().enumerate() {
            let line = if at == 0 { format!("{before}{line}") } else { line.clone() };
            if !self.say(&place, &title, &line, private) {
                self.talks.viewed_mut().draft.set(&lines[at..].join(" "));
                self.talks.viewed_mut().draft.edit(Edit::End);
                return;
            }
        }
    }
}
