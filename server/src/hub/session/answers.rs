//! What a session tells its user: events, and answers with the label of the command in hand.

use super::Session;
use crate::hub::resume::Token;
use crate::hub::{Audience, User};
use landline_common::event::{PROTOCOL, SignInDetails};
use landline_common::{Event, EventKind, Reply};

impl Session {
    pub(super) fn welcome(&self, rate: Option<(u64, u64)>, token: Option<Token>, resumed: bool) -> EventKind<'_> {
        let member_of = self.rooms.iter().map(|membership| membership.name.as_str().into()).collect();
        let token = token.map(|token| token.to_string().into());
        let grant = SignInDetails { protocol: PROTOCOL, token, resumed, member_of, rate };
        let room = self.rooms.last().map_or("", |membership| membership.name.as_str());
        EventKind::Welcome {
            user: self.user.name.as_str().into(),
            server: self.hub.server_name.as_str().into(),
            room: room.into(),
            account: self.user.is_account(),
            grant: Box::new(grant),
        }
    }

    /// The last of an answer as this person reads it, for [`Outbox::release`](crate::fanout::Outbox::release).
    pub(super) fn written(&mut self, what: EventKind<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let label = self.tag.label.take();
        let event = Event { reply: reply(label.as_deref(), true), ..what.at(self.now) };
        self.user.rendering().write(&event, &self.hub.limits, &mut bytes);
        bytes
    }

    /// How many bytes an event has, as this person gets it in answer to the command in hand.
    pub(super) fn measure(&self, event: &Event<'_>) -> usize {
        let mut bytes = Vec::new();
        let event = Event { reply: reply(self.tag.label.as_deref(), true), ..event.clone() };
        self.user.rendering().write(&event, &self.hub.limits, &mut bytes);
        bytes.len()
    }

    /// Tells them something; if they wait for an answer, as a part of it.
    pub(super) fn send_event(&self, what: EventKind<'_>) {
        let event = Event { reply: reply(self.tag.label.as_deref(), false), ..what.at(self.now) };
        self.hub.apply(Audience::User(&self.user), event);
    }

    /// Tells them the last of an answer.
    pub(super) fn answer(&mut self, what: EventKind<'_>) {
        let label = self.tag.label.take();
        let event = Event { reply: reply(label.as_deref(), true), ..what.at(self.now) };
        self.hub.apply(Audience::User(&self.user), event);
    }

    pub(super) fn send_event_to(&self, user: &User, what: EventKind<'_>) {
        self.hub.apply(Audience::User(user), what.at(self.now));
    }
}

pub(super) fn reply(label: Option<&str>, done: bool) -> Option<Reply<'_>> {
    label.map(|label| Reply { label: label.into(), done })
}
