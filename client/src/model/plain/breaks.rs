//! The connection: up, or down until the next attempt; and what happens to one's lines then.

use super::own::Kind;
use super::{Act, Errand, Item, Phase, Plain};
use crate::model::conversation::Place;

/// So many messages are looked through where nothing was heard before the connection broke; a server gives no more.
const LOOK_BACK: usize = 200;

impl Plain {
    /// Signed in: into the rooms again, then what was missed, then what waits.
    pub(super) fn welcomed(&mut self, user: &str, room: &str, account: bool, at: i64) {
        (self.me, self.account) = (user.into(), account);
        // The form of events, the key for direct chats, and the name; or the word, the name and the password.
        self.outgoing.begin(room, if account { 5 } else { 3 }, self.now.ms);
        (self.phase, self.failed, self.lost) = (Phase::Up, 0, None);
        if std::mem::replace(&mut self.was_up, true) {
            self.say("connected again");
            return self.come_back(room);
        }
        self.heard.since_ms = at;
        self.rooms = vec![room.into()];
        if !self.wanted.eq_ignore_ascii_case(room) {
            let wanted = self.wanted.clone();
            self.first(vec![(format!("/join {wanted}"), None, Errand::Enter(wanted.to_lowercase().into(), false))]);
        }
    }

    /// Into the rooms again, the current one last, and in each of them what was missed.
    fn come_back(&mut self, welcome: &str) {
        let rooms = if self.rooms.is_empty() { vec![welcome.into()] } else { self.rooms.clone() };
        self.rooms = vec![welcome.into()];
        let mut items = Vec::new();
        for room in rooms {
            let key: Box<str> = room.to_lowercase().into();
            if *key != *welcome.to_lowercase() {
                items.push((format!("/join {room}"), None, Errand::Enter(key.clone(), false)));
            }
            let known = self.heard.newest(&key);
            let ask = known.map_or(format!("/history {LOOK_BACK}"), |id| format!("/history after {id}"));
            items.push((ask, Some(key.clone()), Errand::CatchUp(key, 0)));
        }
        self.first(items);
    }

    /// Everything that was missed is there: of one's own lines in doubt, those that did not arrive go out again.
    pub(super) fn settle_doubtful(&mut self) {
        let doubtful: Vec<u64> = self.own.iter().filter(|(_, own)| own.doubtful).map(|(key, _)| *key).collect();
        let mut again = Vec::new();
        for key in doubtful {
            let Some(own) = self.own.get_mut(&key) else { continue };
            // A guest's direct messages cannot be looked up after a new sign-in.
            let known = match own.kind {
                Kind::Talk(_) | Kind::Command => true,
                Kind::Direct(_) => self.account,
                Kind::Once | Kind::Past => false,
            };
            if known {
                (own.doubtful, own.sent) = (false, false);
                let place = match own.kind {
                    Kind::Talk(_) => Place::Everybody,
                    _ => Place::person(""),
                };
                again.push(Item { line: own.line.clone(), within: None, errand: Errand::Own(place, key) });
            } else if let Some(own) = self.own.remove(&key) {
                self.refuse(&own.typed, "the connection broke, and it is not known whether this arrived");
            }
        }
        self.outgoing.push_first(again);
    }

    /// The connection could not be made, or broke.
    pub(super) fn down(&mut self, why: &str) {
        if !self.was_up {
            return self.leave(Err(why.to_owned()));
        }
        if self.thrown_out {
            return self.leave(Err("the server has thrown you out".into()));
        }
        for (_, key) in self.outgoing.end() {
            if let Some(own) = self.own.get_mut(&key) {
                (own.doubtful, own.sent) = (true, true);
            }
        }
        self.phase = Phase::Connecting;
        if self.leave_if_down() {
            return;
        }
        let wait = self.chance.pause(self.failed);
        self.failed += 1;
        self.phase = Phase::Waiting { until: self.now.ms + wait, why: why.into() };
        self.lost = Some((self.lost.take().map_or(self.now.ms, |(since, _)| since), why.to_owned()));
        self.say(&format!("no connection: {why}; trying again in {} s", wait.div_ceil(1_000)));
    }

    /// Connects now, if it waits to.
    pub(super) fn connect_now(&mut self) {
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.phase = Phase::Connecting;
            self.acts.push(Act::Connect);
        }
    }

    pub(super) fn tick(&mut self) {
        let now = self.now.ms;
        if let Some((since, why)) = &self.lost
            && !self.ways.interactive
            && self.direct.is_empty()
            && since.saturating_add(self.ways.patience_ms) <= now
        {
            let why = format!("no connection for {} s: {why}", self.ways.patience_ms / 1_000);
            return self.leave(Err(why));
        }
        match self.phase {
            Phase::Waiting { until, .. } if until <= now => self.connect_now(),
            Phase::Up if self.outgoing.is_dead(now) => {
                self.acts.push(Act::Disconnect);
                self.down("the server does not answer");
            }
            Phase::Up => self.give_up_overdue(),
            _ => {}
        }
    }

    /// The server answered what came later, but never these.
    fn give_up_overdue(&mut self) {
        for (_, key) in self.outgoing.overdue(self.now.ms) {
            self.outgoing.came_back(key);
            if let Some(own) = self.own.remove(&key) {
                self.refuse(&own.typed, "the server did not take this");
            }
        }
    }
}
