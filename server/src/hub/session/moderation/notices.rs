//! What a newcomer to a room is told.

use super::super::Session;
use super::pins;
use landline_common::Cause;
use landline_common::command::help::Reader;

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
            self.send_event(report.in_room(gate.name().to_string()).into());
        }
    }
}
