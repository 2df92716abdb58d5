//! Handles keys: edits the draft, changes the view, and completes words.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::bindings::{Action, action_of, conversation_number};
use crate::chat::complete::{FolderRequest, Replacement, Sources};
use crate::chat::conversation::ConversationId;
use crate::chat::conversations::Conversations;
use crate::chat::geometry::Geometry;
use crate::chat::help::help_rows;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::{HelpKey, Overlay};
use crate::chat::people::People;
use crate::engine::RequestKind;

impl State {
    /// Handles a key: in the overlay, if one is open.
    pub(super) fn key(&mut self, key: Key) {
        self.leaving.stop_waiting();
        if self.overlay.is_some() {
            return self.overlay_key(key);
        }
        let action = action_of(key);
        if !matches!(action, Some(Action::Complete { .. })) {
            self.completion.reset();
        }
        // Any action withdraws the question about undelivered lines, except those that may confirm it: Ctrl-C, Enter,
        // and the characters of a second "/quit".
        if !matches!(action, Some(Action::Interrupt | Action::Submit) | None) {
            self.leaving.cancel_question();
        }
        self.joins.key_pressed();
        match (action, key) {
            (Some(action), _) => self.run_action(action),
            (None, Key { code: Code::Char(c), ctrl: false, alt: false }) => {
                self.conversations.viewed_mut().draft.insert(c.encode_utf8(&mut [0; 4]));
            }
            (None, key) => {
                if let Some(id) = conversation_number(key).and_then(|index| self.conversations.by_number(index)) {
                    self.view(&id);
                }
            }
        }
    }

    /// Carries out the action of a key.
    fn run_action(&mut self, action: Action) {
        match action {
            Action::Edit(edit) => self.conversations.viewed_mut().draft.edit(edit),
            Action::Submit => self.submit(),
            Action::Complete { back } => self.complete_word(back),
            Action::InputHistory { back } => {
                let width = Geometry::input_width(self.geometry().width);
                let conversation = self.conversations.viewed_mut();
                if !conversation.draft.move_row(back, width) {
                    conversation.input_history.recall(back, &mut conversation.draft);
                }
            }
            Action::Neighbor { forward } => {
                let id = self.conversations.neighbor(forward);
                self.view(&id);
            }
            Action::NextUnread => {
                if let Some(id) = self.conversations.next_unread() {
                    self.view(&id);
                }
            }
            Action::Mentions => self.toggle_mentions(),
            Action::Page { back } => self.scroll_viewed(back, self.geometry().rows.saturating_sub(2).max(1)),
            Action::Row { back } => self.scroll_viewed(back, 1),
            Action::FirstLine => self.scroll_viewed(true, usize::MAX / 2),
            Action::Escape if self.conversations.viewed_mut().stop_editing() => {}
            Action::End | Action::Escape => self.jump_to_end(),
            Action::Repaint => self.effects.push(ScreenEffect::Repaint),
            Action::Interrupt => self.clear_or_leave(),
            Action::Suspend => self.effects.push(ScreenEffect::Suspend),
            Action::Reconnect => self.connect_again(),
            Action::Help => self.overlay = Some(Overlay::help()),
            Action::EditNewest => self.start_editing(),
            Action::UserMenu => self.open_members_menu(),
            Action::RoomMenu => _ = self.open_room_menu(),
        }
    }

    /// Scrolls the help or the menu if one is open, else the conversation. Forms do not scroll.
    pub(super) fn wheel(&mut self, back: bool, rows: usize) {
        match self.overlay {
            None => self.scroll_viewed(back, rows),
            Some(Overlay::Help { .. } | Overlay::Menu(_)) => {
                let arrow = Key::plain(if back { Code::Up } else { Code::Down });
                for _ in 0..rows {
                    self.overlay_key(arrow);
                }
            }
            Some(Overlay::Paste(_) | Overlay::Password(_) | Overlay::Link(_)) => {}
        }
    }

    /// Lets the open overlay handle a key.
    fn overlay_key(&mut self, key: Key) {
        match self.overlay.take() {
            Some(Overlay::Help { first }) => {
                let (width, height) = self.geometry().overlay();
                let rows = help_rows(width, self.settings.mesh).len();
                match Overlay::help_after(key, first, rows, height) {
                    HelpKey::Scroll { first } => self.overlay = Some(Overlay::Help { first }),
                    HelpKey::Close => {}
                    HelpKey::CloseAndHandle => self.key(key),
                }
            }
            Some(Overlay::Paste(pasted)) => self.paste_key(key, pasted),
            Some(Overlay::Password(form)) => self.password_key(key, form),
            Some(Overlay::Menu(menu)) => self.menu_key(key, menu),
            Some(Overlay::Link(link)) => match Overlay::help_after(key, 0, 0, 0) {
                HelpKey::Scroll { .. } => self.overlay = Some(Overlay::Link(link)),
                HelpKey::Close => {}
                HelpKey::CloseAndHandle => self.key(key),
            },
            None => {}
        }
    }

    /// Handles Tab: takes the next candidate, requests a folder or the rooms, or starts a cycle.
    fn complete_word(&mut self, back: bool) {
        let before = self.conversations.viewed().draft.before().to_owned();
        if let Some(replacement) = self.completion.next_candidate(back, &before) {
            return self.apply_replacement(replacement);
        }
        if let Some(FolderRequest { folder, prefix }) = self.completion.start_path(&before, back) {
            self.effects.push(ScreenEffect::ListFolder { folder, prefix });
            return;
        }
        if self.engine.is_up() && self.completion.wants_rooms(&before, self.now.ms) {
            self.completion.record_rooms_request(self.now.ms);
            self.engine.request(RequestKind::RoomList);
        }
        let sources = sources(&self.me, &self.conversations, &self.people);
        if let Some(replacement) = self.completion.start(&before, back, sources) {
            self.apply_replacement(replacement);
        }
    }

    /// Completes a path with the names in its folder.
    pub(super) fn folder_listed(&mut self, names: Vec<String>) {
        let before = self.conversations.viewed().draft.before();
        if let Some(replacement) = self.completion.folder_listed(names, before) {
            self.apply_replacement(replacement);
        }
    }

    /// Updates the candidates, since more rooms are known.
    pub(super) fn update_completion(&mut self) {
        let sources = sources(&self.me, &self.conversations, &self.people);
        self.completion.update(sources);
    }

    fn apply_replacement(&mut self, Replacement { range, text }: Replacement) {
        self.conversations.viewed_mut().draft.replace(range, &text);
    }

    /// Views the list of mentions, or returns from it.
    fn toggle_mentions(&mut self) {
        let back = self.conversations.viewed().id == ConversationId::Mentions;
        let id = if back {
            self.conversations.previously_viewed().unwrap_or(ConversationId::Server)
        } else {
            ConversationId::Mentions
        };
        self.view(&id);
    }

    /// Scrolls the viewed conversation, and requests older messages at its beginning.
    fn scroll_viewed(&mut self, back: bool, rows: usize) {
        let layout = self.layout();
        let height = self.geometry().rows;
        if self.conversations.viewed_mut().scroll_by(layout, height, back, rows) {
            self.request_older();
        }
    }

    /// Scrolls to the end, where the screen follows new lines.
    pub(super) fn jump_to_end(&mut self) {
        let conversation = self.conversations.viewed_mut();
        conversation.scroll = None;
        conversation.new_below = 0;
    }

    /// Handles Ctrl-C: ends the change of a message, moves the draft into the input history, or quits if there is none.
    fn clear_or_leave(&mut self) {
        let conversation = self.conversations.viewed_mut();
        if conversation.stop_editing() {
            return;
        }
        if !conversation.draft.text().is_empty() {
            let line = conversation.draft.take();
            conversation.input_history.push(&line);
            return;
        }
        self.start_leaving("Ctrl-C");
    }
}

/// Returns the sources of candidates. No method, since completion borrows another field mutably.
fn sources<'s>(me: &'s str, conversations: &'s Conversations, people: &'s People) -> Sources<'s> {
    Sources { me, conversations, online: people.online() }
}
