//! Wires pasted text to the draft, the question about it and the engine; see `paste.rs`.

use super::State;
use crate::chat::editor::Edit;
use crate::chat::key::Key;
use crate::chat::limits::{MAX_PASTE_LINES_UNASKED, MAX_UNSENT};
use crate::chat::line::Severity;
use crate::chat::overlay::Overlay;
use crate::chat::paste::{PasteAnswer, Pasted, Submission};
use landline_common::command::parse;

impl State {
    /// The terminal says that text was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        self.add_paste(text, MAX_PASTE_LINES_UNASKED);
    }

    /// Keys came so fast that they must have been pasted. It is asked, since that is a guess: always if Enter is among
    /// them, so that none is lost.
    pub(super) fn paste_keys(&mut self, text: &str) {
        self.add_paste(text, usize::from(!text.contains('\r')));
    }

    /// Puts a text into the draft, or asks about it if it has more than so many lines.
    fn add_paste(&mut self, text: &str, most: usize) {
        self.completion.reset();
        self.leaving.cancel_question();
        if let Some(Overlay::Password(form)) = &mut self.overlay {
            return form.paste(text);
        }
        let (mut pasted, asked) = match self.overlay.take() {
            Some(Overlay::Paste(pasted)) => (pasted, true),
            _ => (Pasted::default(), false),
        };
        pasted.add(text);
        let draft = &mut self.conversations.viewed_mut().draft;
        if asked || pasted.needs_question(most, draft) {
            self.overlay = Some(Overlay::Paste(pasted));
        } else {
            let text = pasted.in_draft(draft);
            draft.insert(&text);
        }
    }

    /// The keys that answer the question, and what they do.
    #[must_use]
    pub fn paste_choices(&self, pasted: &Pasted) -> Vec<(&'static str, String)> {
        pasted.choices(&self.conversations.viewed().draft, &self.me)
    }

    pub(super) fn paste_key(&mut self, key: Key, pasted: Pasted) {
        match pasted.answer(key, &self.conversations.viewed().draft, &self.me) {
            PasteAnswer::Send { submission, parts } => self.send_each(&submission, &parts),
            PasteAnswer::Edit(message) => self.conversations.viewed_mut().draft.insert(&message),
            PasteAnswer::TypeOn(message) => {
                self.conversations.viewed_mut().draft.insert(&message);
                self.key(key);
            }
            PasteAnswer::Discard => {}
            PasteAnswer::KeepAsking => self.overlay = Some(Overlay::Paste(pasted)),
        }
    }

    /// Says each part as a message of its own. What cannot be said stays in the draft.
    fn send_each(&mut self, submission: &Submission, parts: &[String]) {
        if parts.len() > MAX_UNSENT - self.engine.waiting().min(MAX_UNSENT) {
            self.add_notice_here(
                Severity::Refused,
                "those are too many lines to send; send a part of them, or a file in another way",
            );
            return;
        }
        let id = self.conversations.viewed().id.clone();
        let draft = self.conversations.viewed_mut().draft.take();
        // A command that says nothing, as `/join `, is no place for a text.
        if submission.command.is_empty() && draft.starts_with('/') {
            self.conversations.viewed_mut().draft.set(&submission.text);
            self.add_notice_here(Severity::Refused, "that command takes no such text; nothing was sent");
            return;
        }
        for (at, part) in parts.iter().enumerate() {
            let said = match parse(&format!("{}{part}", submission.command), "") {
                Some(Ok(command)) if !submission.command.is_empty() => self.run_command(command),
                _ => self.say_here(part),
            };
            if !said {
                let left = format!("{}{}", submission.command, parts[at..].join("\n"));
                if let Some(conversation) = self.conversations.get_mut(&id) {
                    conversation.draft.set(&left);
                    conversation.draft.edit(Edit::End);
                }
                return;
            }
        }
        let whole = format!("{}{}", submission.command, submission.text);
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.marker = None;
            conversation.input_history.push(&whole);
        }
    }
}
