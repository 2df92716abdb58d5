//! What a newcomer to a room is told.

use super::super::Session;
use super::pins;
use landline_common::command::help::Reader;
use landline_common::{Cause, Report, RoomName};

/// The way out for users of a room that no present user runs.
const NO_OWNER: &str = "No owner is here; /code at the server's console makes one";

impl Session {
    /// Returns what the user runs, so that `/help` lists its commands.
    pub(in crate::hub::session) fn help_reader(&self) -> Reader {
        let gate = self.rooms.last().and_then(|membership| membership.group.gate.as_ref());
        Reader { owns_room: gate.is_some_and(|gate| self.is_owner_of(gate)), owns_server: self.is_server_owner() }
    }

    /// Sends what a newcomer to the current room must know: its topic, the pinned message, and what restricts
    /// the user's talk there.
    pub fn send_room_notices(&mut self) {
        let Some(gate) = self.rooms.last().and_then(|membership| membership.group.gate.clone()) else { return };
        let is_owner = self.require_owner(&gate).is_ok();
        let reports = gate.read(|rules| {
            let restricts = |holds: bool| holds && !is_owner;
            let topic = rules.topic.clone().map(|topic| Cause::Topic.with_word(topic));
            let quiet = restricts(rules.is_quiet).then(|| Cause::RoomQuiet.report());
            let slow = restricts(rules.slow_seconds > 0).then(|| Cause::RoomSlow.with_seconds(rules.slow_seconds));
            let pin = rules.pin.as_ref().map(|pin| pins::report(Cause::Pin, pin));
            [topic, pin, quiet, slow]
        });
        for report in reports.into_iter().flatten() {
            let report = self.explain(report.in_room(gate.name().to_string()));
            self.send_event(report.into());
        }
    }

    /// Returns a report with a sentence that fits the user's place: a room that the user is not in may restrict what
    /// reaches its users, and a hand is of no use while no owner is here to see it.
    pub(in crate::hub::session) fn explain(&self, report: Report<'static>) -> Report<'static> {
        let Some(room) = report.about.room.as_deref().and_then(|room| RoomName::parse(room).ok()) else {
            return report;
        };
        let is_member = self.room_position(&room).is_some();
        let seconds = report.about.seconds.unwrap_or_default();
        let text = match report.cause {
            Cause::Quiet if !is_member => format!(
                "{room} is quiet, and this would reach its users: only its owners and users with the floor speak to \
                 them. Nothing was sent."
            ),
            Cause::Slowed if !is_member => format!(
                "{room} is slow, and this would reach its users: nothing was sent. You may try again in {seconds} s."
            ),
            Cause::Quiet if self.lacks_owners(&room) => format!(
                "{room} is quiet: only its owners and users with the floor speak. Nothing was sent. {NO_OWNER}."
            ),
            Cause::RoomQuiet if self.lacks_owners(&room) => {
                format!("{room} is quiet: only owners and users with the floor speak. {NO_OWNER}")
            }
            Cause::HandUp if self.lacks_owners(&room) => {
                let before = report.about.count.unwrap_or_default();
                format!("Your hand is up in {room}; {before} before you. {NO_OWNER}. /hand takes it down")
            }
            _ => return report,
        };
        report.with_text(text)
    }

    /// True for a room that only the owners of the server run, if none of them is here.
    fn lacks_owners(&self, room: &RoomName) -> bool {
        let Some(gate) = self.hub.registry().rules.find(room.key()).cloned() else { return false };
        if !gate.read(|rules| rules.owners.is_empty()) {
            return false;
        }
        let registry = self.hub.registry();
        let server_rules = self.hub.server_rules.lock();
        !registry.users.values().any(|user| server_rules.is_owner(user.history_owner()))
    }
}
