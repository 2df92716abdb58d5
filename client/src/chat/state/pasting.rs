//! Moves pasted text into the draft, the question about it, or the engine; see `paste.rs`.

use super::State;
use crate::chat::editor::Edit;
use crate::chat::key::Key;
use crate::chat::limits::{MAX_PASTE_LINES_UNASKED, MAX_UNSENT};
use crate::chat::line::Severity;
use crate::chat::overlay::Overlay;
use crate::chat::paste::{PasteAnswer, Pasted, Submission};
use landline_common::command::parse;

impl State {
    /// Handles text that the terminal marked as pasted.
    pub(super) fn paste(&mut self, text: &str) {
        self.add_paste(text, MAX_PASTE_LINES_UNASKED);
    }

    /// Handles text that arrived as keys and counts as pasted. Since that is a guess, text with an Enter always leads to a
    /// question: the user may have typed it to send a line.
    pub(super) fn paste_from_keys(&mut self, text: &str) {
        self.add_paste(text, usize::from(!text.contains('\r')));
    }

    /// Inserts a text into the draft, or opens the question if it has more than `max_lines` lines.
    fn add_paste(&mut self, text: &str, max_lines: usize) {
        self.completion.reset();
        self.leaving.cancel_question();
        if let Some(Overlay::Password(form)) = &mut self.overlay {
            return form.paste(text);
        }
        let (mut pasted, is_open) = match self.overlay.take() {
            Some(Overlay::Paste(pasted)) => (pasted, true),
            _ => (Pasted::default(), false),
        };
        pasted.add(text);
        let draft = &mut self.conversations.viewed_mut().draft;
        if is_open || pasted.needs_question(max_lines, draft) {
            self.overlay = Some(Overlay::Paste(pasted));
        } else {
            let text = pasted.in_draft(draft);
            draft.insert(&text);
        }
    }

    /// Returns the keys that answer the question, each with its effect.
    #[must_use]
    pub fn paste_choices(&self, pasted: &Pasted) -> Vec<(&'static str, String)> {
        pasted.choices(&self.conversations.viewed().draft, &self.me)
    }

    /// Handles a key in the question about a paste.
    pub(super) fn paste_key(&mut self, key: Key, mut pasted: Pasted) {
        match pasted.answer(key, &self.conversations.viewed().draft, &self.me) {
            PasteAnswer::Send { submission, parts } => self.send_each(&submission, &parts),
            PasteAnswer::Edit(message) => self.conversations.viewed_mut().draft.insert(&message),
            PasteAnswer::TypeOn(message) => {
                self.conversations.viewed_mut().draft.insert(&message);
                self.key(key);
            }
            PasteAnswer::Discard => {}
            PasteAnswer::KeepAsking => {
                pasted.record_ignored(key);
                self.overlay = Some(Overlay::Paste(pasted));
            }
        }
    }

    /// Sends each part as a message. Parts that cannot be sent return to the draft.
    fn send_each(&mut self, submission: &Submission, parts: &[String]) {
        if parts.len() > MAX_UNSENT - self.engine.waiting().min(MAX_UNSENT) {
            self.add_notice_here(
                Severity::Refused,
                "nothing was sent: too many lines at once (send a part, or share the file in another way)",
            );
            return;
        }
        let id = self.conversations.viewed().id.clone();
        let draft = self.conversations.viewed_mut().draft.take();
        // The command in the draft takes no message text, such as `/join `.
        if submission.command.is_empty() && draft.starts_with('/') {
            self.conversations.viewed_mut().draft.set(&submission.text);
            self.add_notice_here(Severity::Refused, "nothing was sent: this command takes no text (edit the line)");
            return;
        }
        for (index, part) in parts.iter().enumerate() {
            let is_sent = match parse(&format!("{}{part}", submission.command), "") {
                Some(Ok(command)) if !submission.command.is_empty() => self.run_command(command),
                _ => self.say_here(part),
            };
            if !is_sent {
                let rest = format!("{}{}", submission.command, parts[index..].join("\n"));
                if let Some(conversation) = self.conversations.get_mut(&id) {
                    conversation.draft.set(&rest);
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
