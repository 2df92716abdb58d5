//! `/save`: the text goes out as an effect, and what has come of it comes back as an input.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::line::Severity;
use crate::chat::transcript::transcript;
use landline_common::clean::clean;

impl State {
    /// `/save`: what is shown goes into a new file.
    pub(super) fn save_viewed(&mut self, path: &str) -> bool {
        if path.is_empty() {
            self.add_notice_here(Severity::Refused, "that is written: /save FILE");
            return false;
        }
        let text = transcript(self.conversations.viewed(), &self.server, self.now);
        self.effects.push(ScreenEffect::Save { path: path.into(), text });
        true
    }

    /// It is saved, and where; or why not.
    pub(super) fn save_finished(&mut self, done: Result<String, String>) {
        match done {
            Ok(path) => self.add_notice_here(Severity::Info, &format!("saved in {}", clean(&path))),
            Err(why) => {
                self.add_notice_here(Severity::Refused, &format!("not saved: {}; ↑ brings the line back", clean(&why)))
            }
        }
    }
}
