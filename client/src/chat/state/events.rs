//! What the server tells: events → state.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Severity, name, shortened};
use crate::engine::{IncomingEvent, RequestKind};
use landline_common::cause::CauseKind;
use landline_common::{Cause, Event, EventKind, Report, text};

/// In front of what a server says in its own words: nothing that the program says begins so.
const SERVER: &str = "server: ";

impl State {
    pub(super) fn hear(&mut self, event: &Event<'_>, by_program: bool) {
        let at = event.at.unix_ms;
        let heard = self.engine.handle_event(event);
        if let Some((_, key)) = heard.answer
            && is_refusal(&event.what)
        {
            self.not_accepted(key);
        }
        match &event.what {
            EventKind::Said { id, room, user, text } => {
                self.said(&ConversationId::room(room), room, (*id, at), (user, text), &heard)
            }
            EventKind::SaidToAll { id, user, text } => {
                self.said(&ConversationId::Global, "everybody", (*id, at), (user, text), &heard);
            }
            EventKind::Direct { .. } | EventKind::Private { .. } if !heard.is_new => {}
            EventKind::Direct { id, from, text, .. } => {
                self.said(&ConversationId::person(from), from, (*id, at), (from, text), &heard);
            }
            EventKind::Private { from, text } => {
                self.said_secretly(&ConversationId::off_the_record(from), at, from, text)
            }
            EventKind::Recalled { .. } => self.recalled(event, &heard),
            EventKind::RecallEnd { count, remark, next } => {
                self.recall_end(event, &heard, (*count, remark, next.is_some()));
            }
            EventKind::Connected { user } => self.connected(at, &name(user)),
            EventKind::Disconnected { user } => self.disconnected(at, &name(user)),
            EventKind::Joined { user, room } => self.moved(at, &name(user), room, true),
            EventKind::Left { user, room } => self.moved(at, &name(user), room, false),
            EventKind::Gathered { room, came, went, .. } => self.gathered(at, room.as_deref(), *came, *went),
            EventKind::Online { users, part } => self.listed_online(users, part, is_own_question(&heard)),
            EventKind::Members { room, users, part } => {
                self.listed_members(event.at.unix_ms, (room, users, part), is_own_question(&heard));
            }
            EventKind::Rooms { rooms, .. } => {
                let rooms: Vec<Box<str>> = rooms.iter().map(|(room, _)| name(room)).collect();
                self.completion.add_rooms(rooms.iter().map(|room| &**room));
                if is_own_question(&heard) { self.renew_completion() } else { self.show(event) }
            }
            EventKind::Pong(_) if is_own_question(&heard) => {}
            EventKind::Pong(token) => self.tell(Severity::Info, &shortened(&format!("PONG {token}"), NOTICE_CHARS)),
            EventKind::Report(report) => self.reported(report, &heard),
            EventKind::Info(text) => self.tell(Severity::Info, &own_words(text, by_program)),
            EventKind::Error { text, .. } if !is_message(&heard) => {
                self.tell(Severity::Refused, &own_words(text, by_program))
            }
            EventKind::Seen { .. } | EventKind::Blocked { .. } | EventKind::PrivateChats { .. } => self.show(event),
            EventKind::DirectTalk { with, own: false, text } => {
                self.said_secretly(&ConversationId::direct(with), at, with, text)
            }
            other => self.hear_secret(other, &heard),
        }
    }

    /// Shows an answer where one looks.
    fn show(&mut self, event: &Event<'_>) {
        self.tell(Severity::Info, &shortened(&text::plain(event), NOTICE_CHARS));
    }

    /// Something was refused, or has changed.
    fn reported(&mut self, report: &Report<'_>, heard: &IncomingEvent) {
        let refusal = report.is_refusal();
        match report.cause {
            // The engine tells what follows.
            Cause::Entered | Cause::LeftRoom | Cause::Throttled | Cause::SlowDown | Cause::InNoRoom => return,
            Cause::Kicked | Cause::Banned | Cause::Idle | Cause::Stopping | Cause::ResumedElsewhere => {
                let text = with_reason(report);
                self.notice(&ConversationId::Server, Severity::Refused, &text);
                return self.tell(Severity::Refused, &text);
            }
            Cause::PrivateAsked | Cause::PrivateDeclined | Cause::PrivateUnavailable => {
                return self.secret_report(report, ConversationId::off_the_record);
            }
            Cause::DirectAsked | Cause::DirectDeclined | Cause::DirectUnavailable => {
                return self.secret_report(report, ConversationId::direct);
            }
            // The event of the chat itself tells it.
            Cause::PrivateOver => return,
            _ => {}
        }
        match &heard.answer {
            // The line itself says why.
            Some((RequestKind::Message(_) | RequestKind::Join(_), _)) if refusal => {}
            Some((kind, _)) if refusal && !kind.is_typed() => self.not_answered(kind),
            _ => {
                let tone = if refusal { Severity::Refused } else { Severity::Info };
                self.tell(tone, &with_reason(report));
            }
        }
    }

    /// A question of the program's own was refused.
    fn not_answered(&mut self, kind: &RequestKind) {
        if let RequestKind::Older(room) = kind {
            self.no_older(room);
        }
    }

    /// What has come of a request for a chat that is stored nowhere: in its own tab.
    fn secret_report(&mut self, report: &Report<'_>, place: impl Fn(&str) -> ConversationId) {
        let user = name(report.about.user.as_deref().unwrap_or_default());
        let place = place(&user);
        let what = place.chat_name();
        if !matches!(report.cause, Cause::PrivateAsked | Cause::DirectAsked) {
            self.requests.close(&place);
        }
        let text = match report.cause {
            Cause::PrivateAsked | Cause::DirectAsked => format!("{user} is asked for an {what}; wait for the answer"),
            Cause::PrivateDeclined | Cause::DirectDeclined => format!("you declined the {what} with {user}"),
            _ => format!("{user} is no longer there for an {what}"),
        };
        if matches!(report.cause, Cause::PrivateUnavailable | Cause::DirectUnavailable) {
            self.secret_over(&place, &user, &text);
        } else {
            self.tell(Severity::Info, &text);
        }
    }
}

fn is_refusal(what: &EventKind<'_>) -> bool {
    match what {
        EventKind::Report(report) => report.is_refusal() && report.cause != Cause::Throttled,
        EventKind::Error { .. } => true,
        _ => false,
    }
}

/// The program asked it itself: nobody waits to see the answer.
fn is_own_question(heard: &IncomingEvent) -> bool {
    heard.answer.as_ref().is_some_and(|(kind, _)| !kind.is_typed())
}

fn is_message(heard: &IncomingEvent) -> bool {
    matches!(heard.answer, Some((RequestKind::Message(_), _)))
}

/// A text of the server's own is marked as one; what the program tells itself is not.
fn own_words(text: &str, by_program: bool) -> Box<str> {
    let text = shortened(text, NOTICE_CHARS);
    if by_program { text } else { format!("{SERVER}{text}").into() }
}

/// The program's own sentence for a cause that it knows, the server's for others; with the operator's reason.
fn with_reason(report: &Report<'_>) -> Box<str> {
    let is_known = report.cause != Cause::Other && report.cause.kind() != CauseKind::Line;
    let sentence = if is_known {
        // Composed here, of a name or a number that the server gave.
        let about = &report.about;
        let clean =
            |text: &Option<landline_common::event::Text<'_>>| text.as_deref().map(|text| name(text).to_string());
        let mut own = report.cause.report();
        own.about.user = clean(&about.user).map(Into::into);
        own.about.room = clean(&about.room).map(Into::into);
        own.about.word = about.word.as_deref().map(|word| shortened(word, NOTICE_CHARS).to_string().into());
        (own.about.seconds, own.about.count, own.about.retry_ms) = (about.seconds, about.count, about.retry_ms);
        own.sentence().into_owned()
    } else {
        own_words(&report.sentence(), false).into()
    };
    let reason = report.about.reason.as_deref().map(|reason| format!(" Reason: {reason}")).unwrap_or_default();
    shortened(&(sentence + &reason), NOTICE_CHARS)
}
