//! What was typed before, brought back by ↑ and ↓.

use super::editor::Editor;
use super::limits::MAX_INPUT_HISTORY;
use std::collections::VecDeque;

/// Lines that were typed in one conversation.
#[derive(Clone, Debug, Default)]
pub struct InputHistory {
    /// The last one first.
    lines: VecDeque<Box<str>>,
    /// Which one is in the editor.
    at: Option<usize>,
    /// What was being typed before one went back.
    draft: String,
}

impl InputHistory {
    /// Keeps a line.
    pub fn push(&mut self, line: &str) {
        self.at = None;
        if self.lines.front().is_none_or(|last| **last != *line) {
            self.lines.push_front(line.into());
            self.lines.truncate(MAX_INPUT_HISTORY);
        }
    }

    /// Puts the one before (or, not `back`, the one after) into the editor.
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
    fn one_goes_back_and_comes_back_to_the_draft() {
        let (mut recall, mut editor) = (InputHistory::default(), Editor::default());
        for line in ["one", "two", "two"] {
            recall.push(line);
        }
        editor.set("half");
        let shown = |recall: &mut InputHistory, editor: &mut Editor, back| {
            recall.recall(back, editor);
            editor.text().to_owned()
        };
        assert_eq!(shown(&mut recall, &mut editor, false), "half");
        assert_eq!(shown(&mut recall, &mut editor, true), "two");
        assert_eq!(shown(&mut recall, &mut editor, true), "one");
        assert_eq!(shown(&mut recall, &mut editor, true), "one");
        assert_eq!(shown(&mut recall, &mut editor, false), "two");
        assert_eq!(shown(&mut recall, &mut editor, false), "half");
    }
}
