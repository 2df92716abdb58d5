//! Handles updates of the engine about the connection, rooms and deliveries; and quitting.

use super::State;
use crate::chat::conversation::{ConversationId, SecretChatState};
use crate::chat::leaving::LeavingStep;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, Delivery, Line, Severity, cleaned, cleaned_name};
use crate::chat::{Exit, Remembered, ScreenEffect};
use crate::encryption::Encryption;
use crate::engine::{self, Cancelled, Engine, Progress, RequestKind, Update};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::text;

impl State {
    /// Passes the effects of the engine on, and handles its updates, until it has none. Then continues what depends on
    /// the state: quitting, the memory limit, and the stored rooms.
    pub(super) fn apply_engine_output(&mut self) {
        loop {
            let (effects, updates) = self.engine.take_output();
            if effects.is_empty() && updates.is_empty() {
                break;
            }
            self.effects.extend(effects.into_iter().map(|effect| match effect {
                engine::Effect::Connect(sign_in) => ScreenEffect::Connect(sign_in),
                engine::Effect::Disconnect => ScreenEffect::Disconnect,
                engine::Effect::Send(line) | engine::Effect::Acknowledge(line) => ScreenEffect::Send(line),
            }));
            for update in updates {
                self.update(update);
            }
        }
        self.advance_leaving();
        self.conversations.trim();
        self.save_room_list();
    }

    /// Handles an update of the engine.
    fn update(&mut self, update: Update) {
        match update {
            Update::Up { first, resumed, room } => {
                if !resumed {
                    // A new session does not get the notices of the time between.
                    for conversation in self.conversations.iter_mut() {
                        conversation.forget_rules();
                    }
                }
                self.signed_in(first, &room);
                if !resumed {
                    self.end_off_the_record_chats();
                }
            }
            Update::Lost { why } => {
                self.add_notice(&ConversationId::Server, Severity::Refused, &format!("connection lost: {why}"));
                for conversation in self.conversations.iter_mut() {
                    conversation.members_stale = true;
                    conversation.members_listed = false;
                    conversation.rules_stale = true;
                }
                if matches!(self.engine.phase(), engine::Phase::Stopped { .. }) {
                    self.forget_presence();
                }
            }
            Update::Account => self.effects.push(ScreenEffect::Remember(Remembered::Account)),
            Update::OwnName(name) => self.effects.push(ScreenEffect::Remember(Remembered::Name(name))),
            Update::PasswordNotSet => self.add_notice_here(Severity::Refused, engine::PASSWORD_NOT_SET),
            Update::Delivery(delivery) => self.update_delivery(delivery),
            Update::Entered { room, key } => self.room_entered(&cleaned_name(&room), key),
            Update::EntryRefused { room, key, why } => self.room_refused(&cleaned_name(&room), key, &why),
            Update::Left { room } => {
                self.conversations.close(&ConversationId::room(&room));
                self.refresh_viewed_room();
            }
            Update::RemovedFromRoom { room, .. } => self.removed_from_room(&room),
            Update::CaughtUp { room } => self.room_caught_up(&room),
            Update::Recalled { event, missed } => self.add_held_back(&event, missed),
        }
    }

    /// Handles a sign-in: shows the rooms of the session, and requests the users online.
    fn signed_in(&mut self, first: bool, room: &str) {
        self.shown_refusal = None;
        self.me = cleaned_name(self.engine.me());
        self.server = cleaned_name(self.engine.server());
        let me = self.me.clone();
        let server = self.server.clone();
        self.add_notice(&ConversationId::Server, Severity::Info, &format!("connected to {server} as {me}"));
        let mut rooms: Vec<String> = self.engine.rooms().map(str::to_owned).collect();
        rooms.push(room.to_owned());
        for room in rooms {
            self.conversations.open(&ConversationId::room(&room), &cleaned_name(&room)).members_stale = true;
        }
        self.engine.request(RequestKind::Online);
        if first {
            self.show_welcome();
        }
        self.refresh_viewed_room();
    }

    /// Shows the greeting after the first sign-in.
    fn show_welcome(&mut self) {
        let server = self.server.clone();
        let me = self.me.clone();
        let text =
            format!("Welcome to {server}, {me}. Type to talk; Tab completes names and /commands; F1 shows all keys.");
        self.add_notice_here(Severity::Info, &text);
        if self.engine.has_account() && !self.encryption.is_on() {
            self.add_notice_here(Severity::Info, text::PASSWORD_SENT);
        }
    }

    /// Forgets all users, since the client stays disconnected, and shows how to connect again.
    fn forget_presence(&mut self) {
        for conversation in self.conversations.iter_mut() {
            conversation.members.clear();
        }
        self.people.clear();
        if let engine::Phase::Stopped { why } = self.engine.phase().clone() {
            let what = if self.engine.wants_password() { "asks for the password" } else { "connects again" };
            self.add_notice(&ConversationId::Server, Severity::Refused, &format!("{why}; Ctrl-R {what}"));
        }
    }

    /// Handles the progress of a message. Other commands have no line to update.
    fn update_delivery(&mut self, delivery: engine::DeliveryUpdate) {
        let engine::DeliveryUpdate { key, target: Some(target), progress } = delivery else { return };
        let id = ConversationId::from_target(&target);
        match progress {
            Progress::Queued => self.set_delivery(&id, key, Delivery::Unsent),
            Progress::Sent => self.set_delivery(&id, key, Delivery::Pending),
            Progress::Failed(why) => {
                // The line begins with "not sent".
                let why: Box<str> = why.replace(" Nothing was sent.", "").into();
                // A message sent by a command from another conversation would fail unseen, so tell it here too.
                if !matches!(id, ConversationId::Room(_)) && self.conversations.viewed().id != id {
                    let to = self.conversations.get(&id).map_or("?".into(), |conversation| conversation.title.clone());
                    let text = format!("→ {to}: not sent: {why}");
                    self.add_notice_here(Severity::Refused, &cleaned(&text, NOTICE_CHARS));
                }
                self.take_echo_back(&id, key);
                self.set_delivery(&id, key, Delivery::Failed(why));
            }
            Progress::Done { id: Some(message_id), at } => {
                if let Some(conversation) = self.conversations.get_mut(&id) {
                    conversation.confirm(key, message_id, at);
                    conversation.room_status.record_accepted();
                    conversation.rules_stale |= conversation.room_status.has_floor();
                }
            }
            Progress::Done { id: None, at } => {
                self.set_delivery(&id, key, Delivery::Sent);
                if let Some(line) = self.conversations.get_mut(&id).and_then(|conversation| conversation.line_mut(key))
                {
                    line.at = at;
                }
            }
        }
        self.send_encrypted(&id);
    }

    /// Marks the notice of a message to another conversation as not sent. It has the key of the message.
    fn take_echo_back(&mut self, id: &ConversationId, key: u64) {
        for conversation in self.conversations.iter_mut().filter(|conversation| conversation.id != *id) {
            conversation.change_line(key, |body| {
                if let Body::Notice { severity, text } = body {
                    *severity = Severity::Refused;
                    *text = format!("{text} (not sent)").into();
                }
            });
        }
    }

    /// Handles a joined room. Views it if the user asked for it and has pressed no key since.
    fn room_entered(&mut self, room: &str, key: u64) {
        let id = ConversationId::room(room);
        let conversation = self.conversations.open(&id, room);
        conversation.joining = false;
        conversation.members_stale = true;
        conversation.members_listed = false;
        conversation.forget_rules();
        let asked = self.joins.take_answered(key);
        if asked.is_some_and(|join| join.idle_since) {
            self.view(&id);
        }
        self.refresh_viewed_room();
    }

    /// Handles a room that an owner took the user out of. Its conversation stays, with the notice of who did it: closed
    /// while the user types in it, it would send the line into another conversation.
    fn removed_from_room(&mut self, room: &str) {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::room(room)) {
            conversation.joining = false;
            conversation.members.clear();
            conversation.members_listed = false;
            conversation.forget_rules();
        }
    }

    /// Handles a room that the server refused. Shows the reason where the user typed `/join`. Shows it also in the
    /// conversation of the room, which is closed if it is empty.
    fn room_refused(&mut self, room: &str, key: u64, why: &str) {
        let id = ConversationId::room(room);
        let asked = self.joins.take_answered(key);
        let is_empty =
            self.conversations.get(&id).is_some_and(|room| room.lines().is_empty() && room.draft.text().is_empty());
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.joining = false;
            conversation.members.clear();
        }
        if asked.is_some() && is_empty {
            self.conversations.close(&id);
        }
        let text = format!("not in {room}: {why}");
        let from = asked.map_or(ConversationId::Server, |join| join.from);
        let from = if self.conversations.get(&from).is_some() { from } else { self.conversations.viewed().id.clone() };
        self.add_notice(&from, Severity::Refused, &text);
        if from != id {
            self.add_notice(&id, Severity::Refused, &text);
        }
    }

    /// Handles a room that has caught up. Requests earlier messages, so that new ones have a context.
    fn room_caught_up(&mut self, room: &str) {
        let id = ConversationId::Room(room.into());
        if self.conversations.get(&id).is_some_and(|room| !room.lines().iter().any(|line| line.id.is_some())) {
            self.engine.request_older(room, None);
        }
        self.request_older_if_short();
        self.refresh_viewed_room();
    }

    /// Handles a connection before its sign-in. At the first meeting with a server, shows its key.
    pub(super) fn reached(&mut self, encryption: Encryption) {
        if let Some(note) = encryption.first_meeting() {
            self.add_notice_here(Severity::Info, note);
        }
        self.encryption = encryption;
    }

    /// Handles a connection that failed or broke. Quits if the user was never signed in.
    pub(super) fn connection_down(&mut self, why: &str, loss: Loss) {
        if !self.engine.was_up() {
            return self.quit(Exit::Refused(why.to_owned()));
        }
        self.engine.connection_lost(why, loss);
        // The status line would cut the advice. Attempts go on without TLS, so show each reason once.
        if matches!(loss, Loss::Untrusted | Loss::NoTls) && self.shown_refusal.as_deref() != Some(why) {
            self.shown_refusal = Some(why.into());
            self.add_notice_here(Severity::Refused, why);
        }
    }

    /// Handles a refused sign-in. Quits if the user was never signed in.
    pub(super) fn sign_in_refused(&mut self, refused: &SignInRefused) {
        if !self.engine.was_up() {
            return self.quit(Exit::Refused(refused.why.clone()));
        }
        self.engine.sign_in_refused(refused);
        if matches!(self.engine.phase(), engine::Phase::Stopped { .. }) {
            self.forget_presence();
        }
    }

    /// Handles the passing of time.
    pub(super) fn tick(&mut self) {
        self.engine.tick();
        if self.engine.is_up() {
            self.refresh_viewed_room();
        }
    }

    /// Quits, or waits and asks first if lines are undelivered. `how` is the key or command, for the question.
    pub(super) fn start_leaving(&mut self, how: &'static str) {
        let unsent = self.undelivered_lines().count();
        let step = self.leaving.start(unsent, self.engine.is_up(), self.now.ms, how);
        self.apply_leaving_step(step, unsent);
    }

    /// Quits or asks, if the client waits for undelivered lines and they are out, or the time is over.
    fn advance_leaving(&mut self) {
        if self.leaving.is_waiting() {
            let unsent = self.undelivered_lines().count();
            let step = self.leaving.advance(unsent, self.now.ms);
            self.apply_leaving_step(step, unsent);
        }
    }

    /// Carries out a step of quitting.
    fn apply_leaving_step(&mut self, step: LeavingStep, unsent: usize) {
        match step {
            LeavingStep::Wait => {}
            LeavingStep::Leave => self.quit_now(),
            LeavingStep::AskUser(how) => {
                let what = if unsent == 1 { "1 line is".to_owned() } else { format!("{unsent} lines are") };
                let text = format!("{what} unsent; {how} again to leave, /cancel takes back what waits here");
                self.add_notice_here(Severity::Refused, &text);
            }
        }
    }

    /// Says goodbye to the server, and ends the program.
    fn quit_now(&mut self) {
        let exit = self.exit_result();
        if self.engine.is_up() {
            self.effects.push(ScreenEffect::Send(Engine::quit_line()));
        }
        self.quit(exit);
    }

    /// Returns the result of the program if it ends now.
    pub(super) fn exit_result(&self) -> Exit {
        let mut in_doubt = 0;
        let mut lines = Vec::new();
        for (conversation, line) in self.undelivered_lines() {
            let Some(message) = line.message() else { continue };
            let is_in_doubt = message.delivery != Delivery::Unsent || self.engine.may_have_arrived(line.key);
            in_doubt += usize::from(is_in_doubt);
            let certain = if is_in_doubt { "perhaps not sent" } else { "not sent" };
            lines.push(format!("{certain} to {}: {}", conversation.title, message.text));
        }
        if lines.is_empty() { Exit::Left } else { Exit::Unsent { lines, in_doubt } }
    }

    /// Ends at a signal, without a question. Returns the result of the program, and the line to send to the server, if the
    /// client is connected.
    pub fn terminate(&mut self) -> (Exit, Option<String>) {
        (self.exit_result(), self.engine.is_up().then(Engine::quit_line))
    }

    /// Cancels the lines of the viewed conversation that wait to be sent.
    pub(super) fn cancel_unsent(&mut self) {
        let id = self.conversations.viewed().id.clone();
        let is_here = |kind: &RequestKind| match kind {
            RequestKind::Message(target) => ConversationId::from_target(target) == id,
            RequestKind::Join(room) => ConversationId::Room(room.clone()) == id,
            _ => false,
        };
        let Cancelled { cancelled, already_sent } = self.engine.cancel(is_here);
        let conversation = self.conversations.viewed_mut();
        // Lines of a secret chat that is not open wait here, not in the engine.
        let waits = |line: &Line| {
            let is_unsent = line.message().is_some_and(|message| message.delivery == Delivery::Unsent);
            is_unsent && !already_sent.contains(&line.key)
        };
        let own: Vec<(u64, Box<str>)> = conversation
            .lines()
            .iter()
            .filter(|line| cancelled.contains(&line.key) || (id.is_secret() && waits(line)))
            .filter_map(|line| line.message().map(|message| (line.key, message.text.clone())))
            .collect();
        let kept = conversation.lines().iter().filter(|line| already_sent.contains(&line.key)).count();
        for (key, text) in &own {
            conversation.input_history.push(text);
            if let Some(message) = conversation.line_mut(*key).and_then(Line::message_mut) {
                message.delivery = Delivery::Failed("taken back; ↑ brings it back".into());
            }
        }
        let joined = self.conversations.viewed().joining && !cancelled.is_empty();
        self.add_notice_here(Severity::Info, &cancel_summary(own.len(), kept, joined));
    }

    /// Stores the list of rooms for the next start when it has changed.
    fn save_room_list(&mut self) {
        if !self.engine.is_up() || self.settings.mesh {
            return;
        }
        let rooms: Vec<String> = self.engine.rooms().map(str::to_owned).collect();
        if rooms != self.stored_rooms {
            self.stored_rooms.clone_from(&rooms);
            self.effects.push(ScreenEffect::Remember(Remembered::Rooms(rooms)));
        }
    }

    /// Returns whether a secret chat takes messages.
    pub(super) fn is_secret_chat_open(&self, id: &ConversationId) -> bool {
        self.conversations.get(id).is_some_and(|conversation| conversation.chat_state == SecretChatState::Open)
    }
}

/// Returns the result of `/cancel`: lines taken back, lines that may have arrived, and whether a join was cancelled.
fn cancel_summary(taken: usize, kept: usize, joined: bool) -> String {
    let done = match taken {
        0 if joined => Some("the join is cancelled".to_owned()),
        0 => None,
        1 => Some("1 line taken back".to_owned()),
        n => Some(format!("{n} lines taken back")),
    };
    let kept = match kept {
        0 => None,
        1 => Some("1 line may already have arrived and is not taken back".to_owned()),
        n => Some(format!("{n} lines may already have arrived and are not taken back")),
    };
    let all: Vec<String> = done.into_iter().chain(kept).collect();
    if all.is_empty() { "nothing to cancel: no line waits to be sent here".to_owned() } else { all.join("; ") }
}
