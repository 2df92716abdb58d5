//! What keys do.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::bindings::{Action, action};
use crate::chat::complete::{FolderRequest, Replacement, Sources};
use crate::chat::conversation::ConversationId;
use crate::chat::conversations::Conversations;
use crate::chat::geometry::Geometry;
use crate::chat::help::rows;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::people::People;
use crate::engine::RequestKind;

impl State {
    pub(super) fn key(&mut self, key: Key) {
        self.leaving.stop_waiting();
        if self.overlay.is_some() {
            return self.overlay_key(key);
        }
        let action = action(key);
        if !matches!(action, Some(Action::Complete { .. })) {
            self.completion.end();
        }
        // A key but the one that asks again takes the question back; typing "/quit" once more does not.
        if !matches!(action, Some(Action::Interrupt | Action::Submit) | None) {
            self.leaving.take_back();
        }
        self.joins.key_pressed();
        match (action, key) {
            (Some(action), _) => self.act(action),
            (None, Key { code: Code::Char(digit @ '1'..='9'), alt: true, ctrl: false }) => {
                let index = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                if let Some(place) = self.conversations.at(index) {
                    self.view(&place);
                }
            }
            (None, Key { code: Code::Char(c), ctrl: false, alt: false }) => {
                self.conversations.viewed_mut().draft.insert(c.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Edit(edit) => self.conversations.viewed_mut().draft.edit(edit),
            Action::Submit => self.submit(),
            Action::Complete { back } => self.complete(back),
            Action::InputHistory { back } => {
                let width = Geometry::input_width(self.geometry().width);
                let conversation = self.conversations.viewed_mut();
                if !conversation.draft.move_row(back, width) {
                    conversation.recall.go(back, &mut conversation.draft);
                }
            }
            Action::Beside { forward } => {
                let place = self.conversations.beside(forward);
                self.view(&place);
            }
            Action::NextUnread => {
                if let Some(place) = self.conversations.next_unread() {
                    self.view(&place);
                }
            }
            Action::Mentions => self.toggle_mentions(),
            Action::Page { back } => self.turn(back, self.geometry().rows.saturating_sub(2).max(1)),
            Action::Row { back } => self.turn(back, 1),
            Action::Beginning => self.turn(true, usize::MAX / 2),
            Action::End | Action::Escape => self.jump_to_end(),
            Action::Repaint => self.effects.push(ScreenEffect::Repaint),
            Action::Interrupt => self.interrupt(),
            Action::Suspend => self.effects.push(ScreenEffect::Suspend),
            Action::Reconnect => self.connect_again(),
            Action::Help => self.overlay = Some(Overlay::help()),
        }
    }

    /// Scrolls the overlay, or the conversation without one. Questions have nothing to scroll.
    pub(super) fn wheel(&mut self, back: bool, rows: usize) {
        match self.overlay {
            None => self.turn(back, rows),
            Some(Overlay::Help { .. }) => {
                let arrow = Key::plain(if back { Code::Up } else { Code::Down });
                (0..rows).for_each(|_| self.overlay_key(arrow));
            }
            Some(Overlay::Paste(_) | Overlay::Password(_)) => {}
        }
    }

    fn overlay_key(&mut self, key: Key) {
        match self.overlay.take() {
            Some(Overlay::Help { first }) => {
                let (width, height) = self.geometry().overlay();
                let rows = rows(width, self.settings.mesh).len();
                self.overlay = Overlay::help_after(key, first, rows, height);
            }
            Some(Overlay::Paste(pasted)) => self.paste_key(key, pasted),
            Some(Overlay::Password(form)) => self.password_key(key, form),
            None => {}
        }
    }

    fn complete(&mut self, back: bool) {
        if let Some(replacement) = self.completion.go_on(back) {
            return self.replace(replacement);
        }
        let before = self.conversations.viewed().draft.before().to_owned();
        if let Some(FolderRequest { folder, beginning }) = self.completion.begin_path(&before, back) {
            self.effects.push(ScreenEffect::ListFolder { folder, beginning });
            return;
        }
        if self.engine.is_up() && self.completion.wants_rooms(&before, self.now.ms) {
            self.completion.asked_rooms(self.now.ms);
            self.engine.request(RequestKind::RoomList);
        }
        let sources = sources(&self.me, &self.conversations, &self.people);
        if let Some(replacement) = self.completion.begin(&before, back, sources) {
            self.replace(replacement);
        }
    }

    /// The names in the folder of a path that is being completed.
    pub(super) fn folder_listed(&mut self, names: Vec<String>) {
        let before = self.conversations.viewed().draft.before();
        if let Some(replacement) = self.completion.folder_listed(names, before) {
            self.replace(replacement);
        }
    }

    /// Tab goes on with what is known by now.
    pub(super) fn renew_completion(&mut self) {
        let sources = sources(&self.me, &self.conversations, &self.people);
        self.completion.renew(sources);
    }

    fn replace(&mut self, Replacement { range, text }: Replacement) {
        self.conversations.viewed_mut().draft.replace(range, &text);
    }

    fn toggle_mentions(&mut self) {
        let back = self.conversations.viewed().place == ConversationId::Mentions;
        let place =
            if back { self.conversations.last().unwrap_or(ConversationId::Server) } else { ConversationId::Mentions };
        self.view(&place);
    }

    fn turn(&mut self, back: bool, rows: usize) {
        let (paper, height) = (self.paper(), self.geometry().rows);
        if self.conversations.viewed_mut().turn(paper, height, back, rows) {
            self.ask_older();
        }
    }

    pub(super) fn jump_to_end(&mut self) {
        let conversation = self.conversations.viewed_mut();
        conversation.scroll = None;
        conversation.below = 0;
    }

    /// Clears the line; leaves if there is none. Lines that were never sent are worth a question.
    fn interrupt(&mut self) {
        let conversation = self.conversations.viewed_mut();
        if !conversation.draft.text().is_empty() {
            let line = conversation.draft.take();
            conversation.recall.push(&line);
            return;
        }
        self.leave("Ctrl-C");
    }
}

/// Where Tab looks for candidates.
fn sources<'s>(me: &'s str, conversations: &'s Conversations, people: &'s People) -> Sources<'s> {
    Sources { me, conversations, online: people.online() }
}
