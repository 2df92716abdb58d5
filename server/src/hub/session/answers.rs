//! Sends events to users. Events that answer the current command carry its label.

use super::{CommandResult, Session};
use crate::hub::User;
use crate::hub::resume::Token;
use landline_common::clean::clean;
use landline_common::event::{PROTOCOL, SignInDetails};
use landline_common::{Event, EventKind, Reply};

impl Session {
    /// Makes the greeting, with the rooms that the user is in.
    pub(super) fn welcome(
        &self,
        rate: Option<(u64, u64)>,
        token: Option<Token>,
        name_token: Option<Token>,
        resumed: bool,
    ) -> EventKind<'_> {
        let member_of = self.rooms.iter().map(|membership| membership.name.as_str().into()).collect();
        let [token, name_token] = [token, name_token].map(|token| token.map(|token| token.to_string().into()));
        let encrypted = self.user.is_encrypted();
        let details = SignInDetails { protocol: PROTOCOL, token, name_token, resumed, member_of, rate, encrypted };
        let room = self.rooms.last().map_or("", |membership| membership.name.as_str());
        EventKind::Welcome {
            user: self.user.name.as_str().into(),
            server: self.hub.server_name.as_str().into(),
            room: room.into(),
            account: self.user.is_account(),
            grant: Box::new(details),
        }
    }

    /// Renders the last event of an answer, for [`Outbox::release`](crate::fanout::Outbox::release). Takes the label.
    pub(super) fn render_answer(&mut self, kind: EventKind<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let label = self.tag.label.take();
        let event = Event { reply: reply(label.as_deref(), true), ..kind.at(self.now) };
        self.user.rendering().write(&event, &self.hub.limits, &mut bytes);
        bytes
    }

    /// Returns the bytes of an event in the user's rendering, as the last event of an answer to the current command.
    pub(super) fn measure(&self, event: &Event<'_>) -> usize {
        let mut bytes = Vec::new();
        let event = Event { reply: reply(self.tag.label.as_deref(), true), ..event.clone() };
        self.user.rendering().write(&event, &self.hub.limits, &mut bytes);
        bytes.len()
    }

    /// Sends an event. It is a part of the answer to the current command, if that still has a label.
    pub(super) fn send_event(&self, kind: EventKind<'_>) {
        let event = Event { reply: reply(self.tag.label.as_deref(), false), ..kind.at(self.now) };
        self.user.send_event(&event, &self.hub.limits);
    }

    /// Sends the last event of the answer to the current command. Takes the label.
    pub(super) fn answer(&mut self, kind: EventKind<'_>) {
        let label = self.tag.label.take();
        let event = Event { reply: reply(label.as_deref(), true), ..kind.at(self.now) };
        self.user.send_event(&event, &self.hub.limits);
    }

    /// Answers `/ping` with its token.
    pub(super) fn pong(&mut self, token: &str) -> CommandResult {
        let token = clean(&self.checked_text(token)?).into_owned();
        self.answer(EventKind::Pong(token.into()));
        Ok(())
    }

    /// Sends an event to another user.
    pub(super) fn send_event_to(&self, user: &User, kind: EventKind<'_>) {
        user.send_event(&kind.at(self.now), &self.hub.limits);
    }
}

/// Makes the reply field of an event; `done` for the last event of an answer.
pub(super) fn reply(label: Option<&str>, done: bool) -> Option<Reply<'_>> {
    label.map(|label| Reply { label: label.into(), done })
}
