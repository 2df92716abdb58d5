//! The input history of a conversation: ↑ and ↓ bring sent lines back into the editor.

use super::editor::Editor;
use super::limits::MAX_INPUT_HISTORY;
use std::collections::VecDeque;

/// Lines that the user has sent in one conversation.
#[derive(Clone, Debug, Default)]
pub struct InputHistory {
    /// Newest first.
    lines: VecDeque<Box<str>>,
    /// Index of the line in the editor; `None` while the editor has the draft.
    at: Option<usize>,
    /// The draft from before the first ↑, which the last ↓ restores.
    draft: String,
}

impl InputHistory {
    /// Adds a line, unless it repeats the newest one, and returns to the draft.
    pub fn push(&mut self, line: &str) {
        self.at = None;
        if self.lines.front().is_none_or(|last| **last != *line) {
            self.lines.push_front(line.into());
            self.lines.truncate(MAX_INPUT_HISTORY);
        }
    }

    /// Puts the previous line into the editor, or the next one if not `back`. At either end the editor stays as it is.
    pub fn recall(&mut self, back: bool, editor: &mut Editor) {
        let next = match (self.at, back) {
            (None, false) => return,
            (None, true) => Some(0),
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
        };
        if self.at.is_none() {
            editor.text().clone_into(&mut self.draft);
        }
        match next {
            None => editor.set(&self.draft),
            Some(next) => match self.lines.get(next) {
                Some(line) => editor.set(line),
                None => return,
            },
        }
        self.at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_back_and_return_to_the_draft() {
        let mut history = InputHistory::default();
        let mut editor = Editor::default();
        for line in ["one", "two", "two"] {
            history.push(line);
        }
        editor.set("half");
        let shown = |history: &mut InputHistory, editor: &mut Editor, back| {
            history.recall(back, editor);
            editor.text().to_owned()
        };
        assert_eq!(shown(&mut history, &mut editor, false), "half");
        assert_eq!(shown(&mut history, &mut editor, true), "two");
        assert_eq!(shown(&mut history, &mut editor, true), "one");
        assert_eq!(shown(&mut history, &mut editor, true), "one");
        assert_eq!(shown(&mut history, &mut editor, false), "two");
        assert_eq!(shown(&mut history, &mut editor, false), "half");
    }
}
