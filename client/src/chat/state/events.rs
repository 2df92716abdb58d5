//! Handles events: routes each to the code for its subject, and shows answers and reports as notices.

use super::State;
use super::incoming::RawMessage;
use crate::chat::conversation::ConversationId;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Severity, cleaned, cleaned_name};
use crate::chat::overlay::{Link, Overlay};
use crate::chat::room_status::{RoomStatus, concerns, is_room_notice};
use crate::engine::{IncomingEvent, RequestKind};
use landline_common::cause::CauseKind;
use landline_common::event::Text;
use landline_common::qr::QrCode;
use landline_common::{Cause, Event, EventKind, Report, RoomOverview, text};

/// Prefix of texts that a server composed. No text of the client begins with it, so that a server cannot imitate one.
const SERVER_PREFIX: &str = "server: ";

impl State {
    /// Handles an event. `by_program` is whether this program created it, as for encrypted chats.
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
                self.show_message(&ConversationId::room(room), room, RawMessage { id: *id, at, user, text }, &incoming)
            }
            EventKind::SaidToAll { id, user, text } => {
                let raw = RawMessage { id: *id, at, user, text };
                self.show_message(&ConversationId::Global, "everybody", raw, &incoming);
            }
            EventKind::Direct { .. } | EventKind::Private { .. } if !incoming.is_new => {}
            EventKind::Direct { id, from, text, .. } => {
                let raw = RawMessage { id: *id, at, user: from, text };
                self.show_message(&ConversationId::user(from), from, raw, &incoming);
            }
            EventKind::Private { from, text } => {
                self.show_secret_message(&ConversationId::off_the_record(from), at, from, text)
            }
            EventKind::Recalled { .. } => self.add_from_history(event, &incoming),
            EventKind::Transcribed { id, .. } => self.add_quote_here(*id, &cleaned(&text::plain(event), NOTICE_CHARS)),
            EventKind::Edited { id, room, text, .. } => self.message_edited(*id, room, text),
            EventKind::Deleted { room, ids, user, by, .. } => {
                if !self.messages_removed(room.as_deref(), ids, user, by) && self.is_me(by) {
                    self.show_answer(event);
                }
            }
            EventKind::RecallEnd { count, remark, next } => {
                self.history_page_end(event, &incoming, *count, remark, next.is_some());
            }
            EventKind::Connected { user, encrypted } => self.user_connected(at, &cleaned_name(user), *encrypted),
            EventKind::Disconnected { user } => self.user_disconnected(at, &cleaned_name(user)),
            EventKind::Renamed { from, to } => self.user_renamed(from, to),
            EventKind::Joined { user, room } => self.user_moved(at, &cleaned_name(user), room, true),
            EventKind::Left { user, room } => self.user_moved(at, &cleaned_name(user), room, false),
            EventKind::Gathered { room, came, went, .. } => self.add_presence_batch(at, room.as_deref(), *came, *went),
            EventKind::Online { users, unencrypted, part } => {
                let users = self.record_listed(users, unencrypted);
                self.update_online(&users, part, is_background_answer(&incoming));
            }
            EventKind::Members { room, users, unencrypted, part } => {
                let users = self.record_listed(users, unencrypted);
                self.update_members(at, room, &users, part, is_background_answer(&incoming));
            }
            EventKind::Rules { room, rules } => self.update_rules(room, rules, is_background_answer(&incoming)),
            EventKind::Rooms { rooms, .. } => {
                let rooms: Vec<Box<str>> = rooms.iter().map(|(room, _)| cleaned_name(room)).collect();
                self.completion.add_rooms(rooms.iter().map(|room| &**room));
                if is_background_answer(&incoming) { self.update_completion() } else { self.show_answer(event) }
            }
            EventKind::Link { room, url } => {
                self.show_answer(event);
                // A window only on request: a server could hide the conversation by sending addresses.
                if incoming.answer.is_some() && self.overlay.is_none() {
                    let (room, url) = (cleaned_name(room), cleaned(url, NOTICE_CHARS));
                    let code = QrCode::new(&url);
                    self.overlay = Some(Overlay::Link(Link { room, url, code }));
                }
            }
            EventKind::Pong(_) if is_background_answer(&incoming) => {}
            EventKind::Pong(token) => {
                self.add_notice_here(Severity::Info, &cleaned(&format!("PONG {token}"), NOTICE_CHARS))
            }
            EventKind::Report(report) => self.show_report(report, &incoming),
            EventKind::Info(text) => self.add_notice_here(Severity::Info, &own_words(text, by_program)),
            EventKind::Error { text, .. } if !is_message(&incoming) => {
                self.add_notice_here(Severity::Refused, &own_words(text, by_program))
            }
            EventKind::Whois(whois) => {
                for sentence in whois.sentences(event.at) {
                    self.add_notice_here(Severity::Info, &cleaned(&sentence, NOTICE_CHARS));
                }
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

    /// Shows an answer in the viewed conversation.
    fn show_answer(&mut self, event: &Event<'_>) {
        self.add_notice_here(Severity::Info, &cleaned(&text::plain(event), NOTICE_CHARS));
    }

    /// Shows a report: a refusal or a change.
    fn show_report(&mut self, report: &Report<'_>, incoming: &IncomingEvent) {
        let is_refusal = report.is_refusal();
        match report.cause {
            // An update of the engine shows the consequence.
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
            // The event about the end of the chat follows.
            Cause::PrivateOver => return,
            _ => {}
        }
        self.update_room_status(report, incoming);
        if report.cause == Cause::Pin {
            // The row above the conversation shows it.
            return;
        }
        if is_room_notice(report.cause) && self.show_room_notice(report, incoming) {
            return;
        }
        match &incoming.answer {
            // The line of the message, or the room that was not joined, shows the reason.
            Some((RequestKind::Message(_) | RequestKind::Join(_), _)) if is_refusal => {}
            Some((kind, _)) if is_refusal && !kind.is_typed() => self.background_request_refused(kind),
            _ => {
                let severity = if is_refusal { Severity::Refused } else { Severity::Info };
                self.add_notice_here(severity, &with_reason(report));
                if report.cause == Cause::Invited {
                    let viewed = self.conversations.viewed().id.clone();
                    self.alert(&viewed, true);
                }
            }
        }
    }

    /// Updates the rules of the room that a report is about. Requests them again where the report does not tell everything:
    /// if it changes what the user may do, and for an owner, whose lists change with most reports.
    fn update_room_status(&mut self, report: &Report<'_>, incoming: &IncomingEvent) {
        if report.cause == Cause::ServerOwned {
            // The user runs every room from now on.
            self.conversations.iter_mut().for_each(|conversation| conversation.rules_stale = true);
            return self.request_rules_if_stale();
        }
        let Some(room) = report.about.room.as_deref() else { return };
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::room(room)) {
            conversation.room_status.record(report, &self.me, self.now.ms);
            let is_me = report.about.user.as_deref().is_some_and(|user| cleaned_name(user) == self.me);
            let changes_standing = report.is_refusal() || is_me;
            let status = &conversation.room_status;
            let moves_up = report.cause == Cause::FloorGiven && status.has_hand_up();
            let tells_rules = changes_standing || moves_up || status.is_owner();
            conversation.rules_stale |= tells_rules && !is_background_answer(incoming);
        }
        self.request_rules_if_stale();
    }

    /// Takes over the rules of a room. Shows them unless the client requested them `in_background`.
    fn update_rules(&mut self, room: &str, rules: &RoomOverview, in_background: bool) {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::room(room)) {
            conversation.room_status = RoomStatus::of(rules, self.now.ms);
        }
        if !in_background {
            let offset_s = self.now.zone.at(rules.pin.as_ref().map_or(0, |pin| pin.at)).offset_s;
            for sentence in rules.sentences(room, offset_s) {
                self.add_notice_here(Severity::Info, &cleaned(&sentence, NOTICE_CHARS));
            }
        }
    }

    /// Shows a notice of a room in the conversation of that room. Rings if it changes what the user may do there. Returns
    /// `false` if there is no such conversation.
    fn show_room_notice(&mut self, report: &Report<'_>, incoming: &IncomingEvent) -> bool {
        let id = ConversationId::room(report.about.room.as_deref().unwrap_or_default());
        if self.conversations.get(&id).is_none() {
            return false;
        }
        // A resumed session gets a notice again if its acknowledgement was lost.
        if !incoming.is_new {
            return true;
        }
        let severity = if report.cause == Cause::KickedFromRoom { Severity::Refused } else { Severity::Info };
        let name = |name: &Option<Text<'_>>| cleaned_name(name.as_deref().unwrap_or_default());
        let text = match report.cause {
            // The row above the conversation has the text of the message, which may be removed later.
            Cause::Pinned => {
                format!("{} pinned a message of {}", name(&report.about.by), name(&report.about.user)).into()
            }
            _ => with_reason(report),
        };
        self.add_notice(&id, severity, &text);
        let is_viewed = self.conversations.viewed().id == id;
        if concerns(report, &self.me) {
            let title = report.about.room.as_deref().map(cleaned_name).unwrap_or_default();
            self.request_attention(&id, &title);
        } else if report.cause == Cause::HandRaised && !is_viewed {
            self.conversations.open(&id, "").unread += 1;
        }
        true
    }

    /// Handles a refused background request.
    fn background_request_refused(&mut self, kind: &RequestKind) {
        if let RequestKind::Older(room) = kind {
            self.no_older_history(room);
        }
    }

    /// Shows the result of a request for a secret chat.
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
            _ => format!("{user} is no longer available for an {what}"),
        };
        if matches!(report.cause, Cause::PrivateUnavailable | Cause::DirectUnavailable) {
            self.close_secret_chat(&id, &user, &text);
        } else {
            self.add_notice_here(Severity::Info, &text);
        }
    }
}

/// Returns whether an event refuses a request for good. A throttled request is sent again.
fn is_refusal(what: &EventKind<'_>) -> bool {
    match what {
        EventKind::Report(report) => report.is_refusal() && report.cause != Cause::Throttled,
        EventKind::Error { .. } => true,
        _ => false,
    }
}

/// Returns whether an event answers a background request, whose answer the user does not expect to see.
fn is_background_answer(incoming: &IncomingEvent) -> bool {
    incoming.answer.as_ref().is_some_and(|(kind, _)| !kind.is_typed())
}

/// Returns whether an event answers a message of the user.
fn is_message(incoming: &IncomingEvent) -> bool {
    matches!(incoming.answer, Some((RequestKind::Message(_), _)))
}

/// Returns a text, marked with [`SERVER_PREFIX`] unless this program created it.
fn own_words(text: &str, by_program: bool) -> Box<str> {
    let text = cleaned(text, NOTICE_CHARS);
    if by_program { text } else { format!("{SERVER_PREFIX}{text}").into() }
}

/// Returns the client's own sentence for a known cause, or the marked sentence of the server, with the reason that the
/// operator gave.
fn with_reason(report: &Report<'_>) -> Box<str> {
    let is_known = report.cause != Cause::Other && report.cause.kind() != CauseKind::Line;
    let sentence = if is_known {
        // Compose the sentence here; take only names and numbers from the server.
        let about = &report.about;
        let clean = |text: &Option<Text<'_>>| text.as_deref().map(|text| cleaned_name(text).to_string());
        let mut own = report.cause.report();
        own.about.user = clean(&about.user).map(Into::into);
        own.about.by = clean(&about.by).map(Into::into);
        own.about.room = clean(&about.room).map(Into::into);
        own.about.word = about.word.as_deref().map(|word| cleaned(word, NOTICE_CHARS).to_string().into());
        own.about.seconds = about.seconds;
        own.about.id = about.id;
        own.about.count = about.count;
        own.about.retry_ms = about.retry_ms;
        own.sentence().into_owned()
    } else {
        own_words(&report.sentence(), false).into()
    };
    let stop = if sentence.ends_with(['.', '!', '?']) { "" } else { "." };
    let reason = report.about.reason.as_deref().map(|reason| format!("{stop} Reason: {reason}")).unwrap_or_default();
    cleaned(&(sentence + &reason), NOTICE_CHARS)
}
