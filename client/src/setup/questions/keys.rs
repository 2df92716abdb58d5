//! Translates keys and lines to answers.

use super::{Key, Question, Questions, SetupEffect};
use crate::chat::editor::Edit;
use crate::chat::key::Code;
use landline_common::clean::clean;

/// Characters of an answer at most.
const MAX_CHARS: usize = 300;

impl Questions {
    pub(super) fn key(&mut self, key: Key) {
        let chooses = !self.entries().is_empty();
        let is_enter = key.code == Code::Enter;
        self.enter_waits = is_enter && self.question == Question::Server && !self.searched && !self.selection_moved;
        match key {
            // The first entry is unknown until the first search ends, half a second after the start.
            _ if self.enter_waits => {}
            Key { code: Code::Char('c' | 'd' | 'q'), ctrl: true, .. } => self.effects.push(SetupEffect::Leave),
            Key { code: Code::Escape, .. } => self.back(),
            Key { code: Code::Enter, .. } if chooses => self.choose(self.at),
            Key { code: Code::Enter, .. } => self.submit(),
            Key { code: Code::Up | Code::BackTab, .. } if chooses => self.move_selection(false),
            Key { code: Code::Down | Code::Tab, .. } if chooses => self.move_selection(true),
            Key { code: Code::Char('p'), ctrl: true, .. } if chooses => self.move_selection(false),
            Key { code: Code::Char('n'), ctrl: true, .. } if chooses => self.move_selection(true),
            Key { code: Code::Char(c), ctrl: false, alt: false } => self.insert_text(c.encode_utf8(&mut [0; 4])),
            key => self.edit(key),
        }
    }

    fn submit(&mut self) {
        let text = self.field.text().to_owned();
        self.accept_answer(&text);
    }

    fn move_selection(&mut self, down: bool) {
        let count = self.entries().len();
        self.at = (self.at + if down { 1 } else { count - 1 }) % count;
        self.selection_moved = true;
    }

    /// Inserts typed text. Text that is typed while servers are listed begins an address.
    fn insert_text(&mut self, text: &str) {
        if self.question == Question::Server {
            self.problem = None;
            self.question = Question::Address;
            self.field.take();
        }
        let has_field = matches!(
            self.question,
            Question::Address
                | Question::Name
                | Question::Password
                | Question::PasswordAgain
                | Question::ServerPassword
        );
        if has_field && std::mem::take(&mut self.proposed) {
            self.field.take();
        }
        if has_field && self.field.text().chars().count() < MAX_CHARS {
            self.field.insert(&clean(text));
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        let line = text.trim().lines().next().unwrap_or_default();
        let end = line.char_indices().nth(MAX_CHARS).map_or(line.len(), |(at, _)| at);
        if end > 0 {
            self.insert_text(&line[..end]);
        }
    }

    fn edit(&mut self, key: Key) {
        let edit = match (key.code, key.ctrl) {
            (Code::Backspace, _) | (Code::Char('h'), true) => Edit::Backspace,
            (Code::Delete, _) => Edit::Delete,
            (Code::Left, _) => Edit::Left,
            (Code::Right, _) => Edit::Right,
            (Code::Home, _) | (Code::Char('a'), true) => Edit::Home,
            (Code::End, _) | (Code::Char('e'), true) => Edit::End,
            (Code::Char('u'), true) => Edit::KillToStart,
            (Code::Char('k'), true) => Edit::KillToEnd,
            (Code::Char('w'), true) => Edit::KillWord,
            _ => return,
        };
        self.proposed = false;
        self.field.edit(edit);
    }

    /// Takes a line of a plain terminal: a number chooses an entry, an empty line takes the proposal, `/quit` leaves, and any
    /// other text is the answer itself.
    pub(super) fn line(&mut self, line: &str) {
        if line == "/quit" && !self.is_secret() {
            return self.effects.push(SetupEffect::Leave);
        }
        let count = self.entries().len();
        match (count, line.parse::<usize>()) {
            (0, _) if line.is_empty() => self.submit(),
            (0, _) => self.accept_answer(line),
            _ if line.is_empty() => self.choose(self.at),
            (count, Ok(number)) if (1..=count).contains(&number) => self.choose(number - 1),
            _ if self.question == Question::Server => {
                self.question = Question::Address;
                self.accept_answer(line);
                if self.question == Question::Address {
                    self.question = Question::Server;
                }
            }
            _ => self.problem = Some(format!("type a number from 1 to {count}")),
        }
    }
}
