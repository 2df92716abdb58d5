//! What the engine tells: the connection, rooms, and what has become of one's own lines.

use super::State;
use crate::chat::conversation::{ConversationId, Secret};
use crate::chat::leaving::LeavingStep;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Delivery, Line, Severity, name, shortened};
use crate::chat::{Exit, Remembered, ScreenEffect};
use crate::engine::{self, Cancelled, Engine, Progress, RequestKind, Update};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::text;

impl State {
    /// What the engine wants done is done, and what it tells is told.
    pub(super) fn settle(&mut self) {
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
            updates.into_iter().for_each(|update| self.update(update));
        }
        self.part();
        self.conversations.trim();
        self.remember_rooms();
    }

    fn update(&mut self, update: Update) {
        match update {
            Update::Up { first, resumed, room } => {
                self.up(first, &room);
                if !resumed {
                    self.off_the_record_over();
                }
            }
            Update::Lost { why } => {
                self.notice(&ConversationId::Server, Severity::Refused, &format!("connection lost: {why}"));
                for conversation in self.conversations.iter_mut() {
                    (conversation.stale, conversation.listed) = (true, false);
                }
                if matches!(self.engine.phase(), engine::Phase::Stopped { .. }) {
                    self.stopped();
                }
            }
            Update::Account => self.effects.push(ScreenEffect::Remember(Remembered::Account)),
            Update::PasswordNotSet => self.tell(Severity::Refused, engine::PASSWORD_NOT_SET),
            Update::Delivery(delivery) => self.delivered(delivery),
            Update::Entered { room, key } => self.entered(&name(&room), key),
            Update::EntryRefused { room, key, why } => self.kept_out(&name(&room), key, &why),
            Update::Left { room } => {
                self.conversations.close(&ConversationId::room(&room));
                self.refresh();
            }
            Update::CaughtUp { room } => self.caught_up(&room),
            Update::Recalled { event, missed } => self.recalled_late(&event, missed),
        }
    }

    /// Signed in.
    fn up(&mut self, first: bool, room: &str) {
        (self.me, self.server) = (name(self.engine.me()), name(self.engine.server()));
        let (me, server) = (self.me.clone(), self.server.clone());
        self.notice(&ConversationId::Server, Severity::Info, &format!("connected to {server} as {me}"));
        let mut rooms: Vec<String> = self.engine.rooms().map(str::to_owned).collect();
        rooms.push(room.to_owned());
        for room in rooms {
            self.conversations.open(&ConversationId::room(&room), &name(&room)).stale = true;
        }
        self.engine.request(RequestKind::Online);
        if first {
            self.greet();
        }
        self.refresh();
    }

    fn greet(&mut self) {
        let (server, me) = (self.server.clone(), self.me.clone());
        let text =
            format!("Welcome to {server}, {me}. Type to talk; Tab completes names and /commands; F1 shows all keys.");
        self.tell(Severity::Info, &text);
        if self.engine.has_account() {
            self.tell(Severity::Info, text::PASSWORD_SENT);
        }
    }

    /// Nobody is known to be in any room any more.
    fn stopped(&mut self) {
        for conversation in self.conversations.iter_mut() {
            conversation.members.clear();
        }
        self.people.clear();
        if let engine::Phase::Stopped { why } = self.engine.phase().clone() {
            let what = if self.engine.wants_password() { "asks for the password" } else { "connects again" };
            self.notice(&ConversationId::Server, Severity::Refused, &format!("{why}; Ctrl-R {what}"));
        }
    }

    fn delivered(&mut self, delivery: engine::DeliveryUpdate) {
        let engine::DeliveryUpdate { key, target: Some(target), progress } = delivery else { return };
        let place = ConversationId::of(&target);
        match progress {
            Progress::Queued => self.deliver(&place, key, Delivery::Unsent),
            Progress::Sent => self.deliver(&place, key, Delivery::Pending),
            Progress::Failed(why) => {
                // Said from elsewhere by a command, it would fail where the user does not look.
                if !matches!(place, ConversationId::Room(_)) && self.conversations.viewed().place != place {
                    let to = self.conversations.get(&place).map_or("?".into(), |talks| talks.title.clone());
                    let text = format!("→ {to}: not sent: {why}");
                    self.tell(Severity::Refused, &shortened(&text, NOTICE_CHARS));
                }
                self.deliver(&place, key, Delivery::Failed(why));
            }
            Progress::Done { id: Some(id), at } => {
                if let Some(conversation) = self.conversations.get_mut(&place) {
                    conversation.confirm(key, id, at);
                }
            }
            Progress::Done { id: None, at } => {
                self.deliver(&place, key, Delivery::Sent);
                if let Some(line) = self.conversations.get_mut(&place).and_then(|talks| talks.line_mut(key)) {
                    line.at = at;
                }
            }
        }
        self.go_on_encrypted(&place);
    }

    /// The user is in that room. Who asked for it and has done nothing since looks at it.
    fn entered(&mut self, room: &str, key: u64) {
        let place = ConversationId::room(room);
        let conversation = self.conversations.open(&place, room);
        (conversation.joining, conversation.stale, conversation.listed) = (false, true, false);
        let asked = self.joins.answer(key);
        if asked.is_some_and(|join| join.idle_since) {
            self.view(&place);
        }
        self.refresh();
    }

    /// The user is not in that room: why stands where it was asked for, and where lines wait for it.
    fn kept_out(&mut self, room: &str, key: u64, why: &str) {
        let place = ConversationId::room(room);
        let asked = self.joins.answer(key);
        let is_empty =
            self.conversations.get(&place).is_some_and(|room| room.lines().is_empty() && room.draft.text().is_empty());
        if let Some(conversation) = self.conversations.get_mut(&place) {
            conversation.joining = false;
            conversation.members.clear();
        }
        if asked.is_some() && is_empty {
            self.conversations.close(&place);
        }
        let text = format!("not in {room}: {why}");
        let from = asked.map_or(ConversationId::Server, |join| join.from);
        let from =
            if self.conversations.get(&from).is_some() { from } else { self.conversations.viewed().place.clone() };
        self.notice(&from, Severity::Refused, &text);
        if from != place {
            self.notice(&place, Severity::Refused, &text);
        }
    }

    /// Nothing is missing there any more; what was said before shows what the talk is about.
    fn caught_up(&mut self, room: &str) {
        let place = ConversationId::Room(room.into());
        if self.conversations.get(&place).is_some_and(|room| !room.lines().iter().any(|line| line.id.is_some())) {
            self.engine.request_older(room, None);
        }
        self.fill_screen();
        self.refresh();
    }

    /// The connection could not be made, or broke.
    pub(super) fn down(&mut self, why: &str, loss: Loss) {
        if !self.engine.was_up() {
            return self.quit(Exit::Refused(why.to_owned()));
        }
        self.engine.connection_lost(why, loss);
    }

    /// The server does not let one in.
    pub(super) fn refused(&mut self, refused: &SignInRefused) {
        if !self.engine.was_up() {
            return self.quit(Exit::Refused(refused.why.clone()));
        }
        self.engine.sign_in_refused(refused);
        if matches!(self.engine.phase(), engine::Phase::Stopped { .. }) {
            self.stopped();
        }
    }

    pub(super) fn tick(&mut self) {
        self.engine.tick();
        if self.engine.is_up() {
            self.refresh();
        }
    }

    /// Leaves, if nothing is unsent; otherwise it is asked about first. `how` names what leaves all the same.
    pub(super) fn leave(&mut self, how: &'static str) {
        let (unsent, up) = (self.open_lines().count(), self.engine.is_up());
        let step = self.leaving.begin(unsent, up, self.now.ms, how);
        self.leave_step(step, unsent);
    }

    /// Goes on with leaving.
    fn part(&mut self) {
        if self.leaving.is_waiting() {
            let unsent = self.open_lines().count();
            let step = self.leaving.go_on(unsent, self.now.ms);
            self.leave_step(step, unsent);
        }
    }

    fn leave_step(&mut self, step: LeavingStep, unsent: usize) {
        match step {
            LeavingStep::Stay => {}
            LeavingStep::Leave => self.leave_now(),
            LeavingStep::HistoryQuery(how) => {
                let what = if unsent == 1 { "1 line is".to_owned() } else { format!("{unsent} lines are") };
                let text = format!("{what} unsent; {how} again to leave, /cancel takes back what waits here");
                self.tell(Severity::Refused, &text);
            }
        }
    }

    fn leave_now(&mut self) {
        let exit = self.exit();
        if self.engine.is_up() {
            self.effects.push(ScreenEffect::Send(Engine::quit_line()));
        }
        self.quit(exit);
    }

    /// How it ends if it ends now.
    pub(super) fn exit(&self) -> Exit {
        let mut perhaps = 0;
        let mut lines = Vec::new();
        for (conversation, line) in self.open_lines() {
            let Some(talk) = line.talk() else { continue };
            let in_doubt = talk.delivery != Delivery::Unsent || self.engine.may_have_arrived(line.key);
            perhaps += usize::from(in_doubt);
            let certain = if in_doubt { "perhaps not sent" } else { "not sent" };
            lines.push(format!("{certain} to {}: {}", conversation.title, talk.text));
        }
        if lines.is_empty() { Exit::Left } else { Exit::Unsent { lines, perhaps } }
    }

    /// It ends, whatever is unsent: the system says so.
    pub fn end(&mut self) -> (Exit, Option<String>) {
        (self.exit(), self.engine.is_up().then(Engine::quit_line))
    }

    /// Takes back what waits to be sent in the conversation that is shown.
    pub(super) fn cancel(&mut self) -> bool {
        let place = self.conversations.viewed().place.clone();
        let is_it = |kind: &RequestKind| match kind {
            RequestKind::Message(target) => ConversationId::of(target) == place,
            RequestKind::Join(room) => ConversationId::Room(room.clone()) == place,
            _ => false,
        };
        let Cancelled { cancelled, already_sent } = self.engine.cancel(is_it);
        let conversation = self.conversations.viewed_mut();
        let waits = |line: &Line| {
            let unsent = line.talk().is_some_and(|talk| talk.delivery == Delivery::Unsent);
            unsent && !already_sent.contains(&line.key)
        };
        let own: Vec<(u64, Box<str>)> = conversation
            .lines()
            .iter()
            .filter(|line| cancelled.contains(&line.key) || (place.is_secret() && waits(line)))
            .filter_map(|line| line.talk().map(|talk| (line.key, talk.text.clone())))
            .collect();
        let kept = conversation.lines().iter().filter(|line| already_sent.contains(&line.key)).count();
        for (key, text) in &own {
            conversation.recall.push(text);
            if let Some(talk) = conversation.line_mut(*key).and_then(Line::talk_mut) {
                talk.delivery = Delivery::Failed("taken back; ↑ brings it back".into());
            }
        }
        let joined = self.conversations.viewed().joining && !cancelled.is_empty();
        self.tell(Severity::Info, &what_was_cancelled(own.len(), kept, joined));
        true
    }

    /// The rooms that one is in are remembered when they change.
    fn remember_rooms(&mut self) {
        if !self.engine.is_up() || self.settings.mesh {
            return;
        }
        let rooms: Vec<String> = self.engine.rooms().map(str::to_owned).collect();
        if rooms != self.remembered {
            self.remembered.clone_from(&rooms);
            self.effects.push(ScreenEffect::Remember(Remembered::Rooms(rooms)));
        }
    }

    /// Whether that secret chat takes talk.
    pub(super) fn is_open(&self, place: &ConversationId) -> bool {
        self.conversations.get(place).is_some_and(|conversation| conversation.secret == Secret::Open)
    }
}

/// What `/cancel` has done: lines taken back, and lines that may have arrived.
fn what_was_cancelled(taken: usize, kept: usize, joined: bool) -> String {
    let done = match taken {
        0 if joined => Some("you do not go in".to_owned()),
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
    if all.is_empty() { "nothing waits to be sent here".to_owned() } else { all.join("; ") }
}
