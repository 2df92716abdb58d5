//! `/save`: the text goes out as an effect, and what has come of it comes back as an input.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::line::Severity;
use crate::chat::transcript::written;
use landline_common::clean::clean;

impl State {
    /// `/save`: what is shown goes into a new file.
    pub(super) fn save(&mut self, path: &str) -> bool {
        if path.is_empty() {
            self.tell(Severity::Refused, "that is written: /save FILE");
            return false;
        }
        let text = written(self.conversations.viewed(), &self.server, self.now);
        self.effects.push(ScreenEffect::Save { path: path.into(), text });
        true
    }

    /// It is saved, and where; or why not.
    pub(super) fn saved(&mut self, done: Result<String, String>) {
        match done {
            Ok(path) => self.tell(Severity::Info, &format!("saved in {}", clean(&path))),
            Err(why) => self.tell(Severity::Refused, &format!("not saved: {}; ↑ brings the line back", clean(&why))),
        }
    }
}
