//! What the server tells: events → state.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Severity, cleaned, cleaned_name};
use crate::engine::{IncomingEvent, RequestKind};
use landline_common::cause::CauseKind;
use landline_common::{Cause, Event, EventKind, Report, text};

/// In front of what a server says in its own words: nothing that the program says begins so.
const SERVER: &str = "server: ";

impl State {
    pub(super) fn handle_event(&mut self, event: &Event<'_>, by_program: bool) {
        let at = event.at.unix_ms;
        let incoming = self.engine.handle_event(event);
        if let Some((_, key)) = incoming.answer
            && is_refusal(&event.what)
        {
            self.acceptance_refused(key);
        }
        match &event.what {
            EventKind::Said { id, room, user, text } => {
                self.show_message(&ConversationId::room(room), room, (*id, at), (user, text), &incoming)
            }
            EventKind::SaidToAll { id, user, text } => {
                self.show_message(&ConversationId::Global, "everybody", (*id, at), (user, text), &incoming);
            }
            EventKind::Direct { .. } | EventKind::Private { .. } if !incoming.is_new => {}
            EventKind::Direct { id, from, text, .. } => {
                self.show_message(&ConversationId::user(from), from, (*id, at), (from, text), &incoming);
            }
            EventKind::Private { from, text } => {
                self.show_secret_message(&ConversationId::off_the_record(from), at, from, text)
            }
            EventKind::Recalled { .. } => self.add_from_history(event, &incoming),
            EventKind::RecallEnd { count, remark, next } => {
                self.history_page_end(event, &incoming, (*count, remark, next.is_some()));
            }
            EventKind::Connected { user } => self.user_connected(at, &cleaned_name(user)),
            EventKind::Disconnected { user } => self.user_disconnected(at, &cleaned_name(user)),
            EventKind::Joined { user, room } => self.user_moved(at, &cleaned_name(user), room, true),
            EventKind::Left { user, room } => self.user_moved(at, &cleaned_name(user), room, false),
            EventKind::Gathered { room, came, went, .. } => self.add_presence_batch(at, room.as_deref(), *came, *went),
            EventKind::Online { users, part } => self.update_online(users, part, is_own_question(&incoming)),
            EventKind::Members { room, users, part } => {
                self.update_members(event.at.unix_ms, (room, users, part), is_own_question(&incoming));
            }
            EventKind::Rooms { rooms, .. } => {
                let rooms: Vec<Box<str>> = rooms.iter().map(|(room, _)| cleaned_name(room)).collect();
                self.completion.add_rooms(rooms.iter().map(|room| &**room));
                if is_own_question(&incoming) { self.update_completion() } else { self.show_answer(event) }
            }
            EventKind::Pong(_) if is_own_question(&incoming) => {}
            EventKind::Pong(token) => {
                self.add_notice_here(Severity::Info, &cleaned(&format!("PONG {token}"), NOTICE_CHARS))
            }
            EventKind::Report(report) => self.show_report(report, &incoming),
            EventKind::Info(text) => self.add_notice_here(Severity::Info, &own_words(text, by_program)),
            EventKind::Error { text, .. } if !is_message(&incoming) => {
                self.add_notice_here(Severity::Refused, &own_words(text, by_program))
            }
            EventKind::Seen { .. } | EventKind::Blocked { .. } | EventKind::PrivateChats { .. } => {
                self.show_answer(event)
            }
            EventKind::DirectTalk { with, own: false, text } => {
                self.show_secret_message(&ConversationId::encrypted(with), at, with, text)
            }
            other => self.handle_secret_event(other, &incoming),
        }
    }

    /// Shows an answer where one looks.
    fn show_answer(&mut self, event: &Event<'_>) {
        self.add_notice_here(Severity::Info, &cleaned(&text::plain(event), NOTICE_CHARS));
    }

    /// Something was refused, or has changed.
    fn show_report(&mut self, report: &Report<'_>, incoming: &IncomingEvent) {
        let refusal = report.is_refusal();
        match report.cause {
            // The engine tells what follows.
            Cause::Entered | Cause::LeftRoom | Cause::Throttled | Cause::SlowDown | Cause::InNoRoom => return,
            Cause::Kicked | Cause::Banned | Cause::Idle | Cause::Stopping | Cause::ResumedElsewhere => {
                let text = with_reason(report);
                self.add_notice(&ConversationId::Server, Severity::Refused, &text);
                return self.add_notice_here(Severity::Refused, &text);
            }
            Cause::PrivateAsked | Cause::PrivateDeclined | Cause::PrivateUnavailable => {
                return self.show_secret_report(report, ConversationId::off_the_record);
            }
            Cause::DirectAsked | Cause::DirectDeclined | Cause::DirectUnavailable => {
                return self.show_secret_report(report, ConversationId::encrypted);
            }
            // The event of the chat itself tells it.
            Cause::PrivateOver => return,
            _ => {}
        }
        match &incoming.answer {
            // The line itself says why.
            Some((RequestKind::Message(_) | RequestKind::Join(_), _)) if refusal => {}
            Some((kind, _)) if refusal && !kind.is_typed() => self.background_request_refused(kind),
            _ => {
                let severity = if refusal { Severity::Refused } else { Severity::Info };
                self.add_notice_here(severity, &with_reason(report));
            }
        }
    }

    /// A question of the program's own was refused.
    fn background_request_refused(&mut self, kind: &RequestKind) {
        if let RequestKind::Older(room) = kind {
            self.no_older_history(room);
        }
    }

    /// What has come of a request for a chat that is stored nowhere: in its own tab.
    fn show_secret_report(&mut self, report: &Report<'_>, id_of: impl Fn(&str) -> ConversationId) {
        let user = cleaned_name(report.about.user.as_deref().unwrap_or_default());
        let id = id_of(&user);
        let what = id.chat_name();
        if !matches!(report.cause, Cause::PrivateAsked | Cause::DirectAsked) {
            self.requests.close(&id);
        }
        let text = match report.cause {
            Cause::PrivateAsked | Cause::DirectAsked => format!("{user} is asked for an {what}; wait for the answer"),
            Cause::PrivateDeclined | Cause::DirectDeclined => format!("you declined the {what} with {user}"),
            _ => format!("{user} is no longer there for an {what}"),
        };
        if matches!(report.cause, Cause::PrivateUnavailable | Cause::DirectUnavailable) {
            self.close_secret_chat(&id, &user, &text);
        } else {
            self.add_notice_here(Severity::Info, &text);
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
fn is_own_question(incoming: &IncomingEvent) -> bool {
    incoming.answer.as_ref().is_some_and(|(kind, _)| !kind.is_typed())
}

fn is_message(incoming: &IncomingEvent) -> bool {
    matches!(incoming.answer, Some((RequestKind::Message(_), _)))
}

/// A text of the server's own is marked as one; what the program tells itself is not.
fn own_words(text: &str, by_program: bool) -> Box<str> {
    let text = cleaned(text, NOTICE_CHARS);
    if by_program { text } else { format!("{SERVER}{text}").into() }
}

/// The program's own sentence for a cause that it knows, the server's for others; with the operator's reason.
fn with_reason(report: &Report<'_>) -> Box<str> {
    let is_known = report.cause != Cause::Other && report.cause.kind() != CauseKind::Line;
    let sentence = if is_known {
        // Composed here, of a name or a number that the server gave.
        let about = &report.about;
        let clean = |text: &Option<landline_common::event::Text<'_>>| {
            text.as_deref().map(|text| cleaned_name(text).to_string())
        };
        let mut own = report.cause.report();
        own.about.user = clean(&about.user).map(Into::into);
        own.about.room = clean(&about.room).map(Into::into);
        own.about.word = about.word.as_deref().map(|word| cleaned(word, NOTICE_CHARS).to_string().into());
        (own.about.seconds, own.about.count, own.about.retry_ms) = (about.seconds, about.count, about.retry_ms);
        own.sentence().into_owned()
    } else {
        own_words(&report.sentence(), false).into()
    };
    let reason = report.about.reason.as_deref().map(|reason| format!(" Reason: {reason}")).unwrap_or_default();
    cleaned(&(sentence + &reason), NOTICE_CHARS)
}
