//! What keys do.

use super::Effect;
use super::bindings::{Action, action};
use super::conversation::Place;
use super::geometry::Geometry;
use super::key::{Code, Key};
use super::state::State;

impl State {
    pub(super) fn key(&mut self, key: Key) {
        self.parting = None;
        if self.overlay.is_some() {
            return self.overlay_key(key);
        }
        let action = action(key);
        if !matches!(action, Some(Action::Complete { .. })) {
            self.completion = None;
        }
        // A key but the one that asks again takes the question back; typing "/quit" once more does not.
        if !matches!(action, Some(Action::Interrupt | Action::Submit) | None) {
            self.leaving = false;
        }
        self.activity += 1;
        match (action, key) {
            (Some(action), _) => self.act(action),
            (None, Key { code: Code::Char(digit @ '1'..='9'), alt: true, ctrl: false }) => {
                let index = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                if let Some(place) = self.talks.at(index) {
                    self.view(&place);
                }
            }
            (None, Key { code: Code::Char(c), ctrl: false, alt: false }) => {
                self.talks.viewed_mut().draft.insert(c.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Edit(edit) => self.talks.viewed_mut().draft.edit(edit),
            Action::Submit => self.submit(),
            Action::Complete { back } => self.complete(back),
            Action::Recall { back } => {
                let width = Geometry::input_width(self.geometry().width);
                let conversation = self.talks.viewed_mut();
                if !conversation.draft.move_row(back, width) {
                    conversation.recall.go(back, &mut conversation.draft);
                }
            }
            Action::Beside { forward } => {
                let place = self.talks.beside(forward);
                self.view(&place);
            }
            Action::NextUnread => {
                if let Some(place) = self.talks.next_unread() {
                    self.view(&place);
                }
            }
            Action::Mentions => self.toggle_mentions(),
            Action::Page { back } => self.turn(back, self.geometry().rows.saturating_sub(2).max(1)),
            Action::Row { back } => self.turn(back, 1),
            Action::Beginning => self.turn(true, usize::MAX / 2),
            Action::End | Action::Escape => self.jump_to_end(),
            Action::Repaint => self.effects.push(Effect::Repaint),
            Action::Interrupt => self.interrupt(),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Reconnect => self.engine.connect_now(),
            Action::Help => self.overlay = Some(super::overlay::Overlay::help()),
        }
    }

    fn toggle_mentions(&mut self) {
        let back = self.talks.viewed().place == Place::Mentions;
        let place = if back { self.talks.last().unwrap_or(Place::Server) } else { Place::Mentions };
        self.view(&place);
    }

    fn turn(&mut self, back: bool, rows: usize) {
        let (paper, height) = (self.paper(), self.geometry().rows);
        if self.talks.viewed_mut().turn(paper, height, back, rows) {
            self.ask_older();
        }
    }

    pub(super) fn jump_to_end(&mut self) {
        let conversation = self.talks.viewed_mut();
        conversation.scroll = None;
        conversation.below = 0;
    }

    /// Clears the line; leaves if there is none. Lines that were never sent are worth a question.
    fn interrupt(&mut self) {
        let conversation = self.talks.viewed_mut();
        if !conversation.draft.text().is_empty() {
            let line = conversation.draft.take();
            conversation.recall.push(&line);
            return;
        }
        self.leave("Ctrl-C");
    }
}
