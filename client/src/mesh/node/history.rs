//! The commands `/history` and `/search`, answered in the form of a server's answers.

use super::store::Message;
use super::{Node, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::HISTORY_MESSAGES;
use landline_common::clean::flatten;
use landline_common::command::HistoryQuery;
use landline_common::history::Location;
use landline_common::{Event, EventKind};

/// Number of messages on a page of older messages or of search results.
const PAGE: usize = 20;

impl Node {
    pub(super) fn show_history(&mut self, query: HistoryQuery<'_>) {
        let (after, before, max) = match query {
            HistoryQuery::Last(n) => {
                (0, u64::MAX, usize::try_from(n).unwrap_or(HISTORY_MESSAGES).min(HISTORY_MESSAGES))
            }
            HistoryQuery::Before(id) => (0, id, PAGE),
            HistoryQuery::After(id) => (id, u64::MAX, HISTORY_MESSAGES),
            HistoryQuery::Unread => {
                return self.emit(EventKind::error(
                    403,
                    "a mesh does not record your last visit; /history shows the latest messages",
                ));
            }
            HistoryQuery::With(_) => {
                return self.emit(EventKind::error(403, "a mesh stores no messages to one member"));
            }
        };
        let is_forward = matches!(query, HistoryQuery::After(_));
        let all = self.store.between(after, before);
        // One more than a page tells whether there is a next one.
        let mut found: Vec<_> =
            if is_forward { all.take(max + 1).collect() } else { all.rev().take(max + 1).collect() };
        let has_more = found.len() > max;
        found.truncate(max);
        if !is_forward {
            found.reverse();
        }
        let next = match (is_forward, found.first(), found.last()) {
            _ if !has_more => None,
            (true, _, Some((_, last))) => Some(format!("/history after {}", last.id)),
            (false, Some((_, first)), _) => Some(format!("/history before {}", first.id)),
            _ => None,
        };
        let event = |(origin, message): &(NodeId, &Message)| self.history_event(*origin, message, &message.text);
        self.emit_page(found.iter().map(event).collect(), next);
    }

    /// Shows the latest messages that contain every word, newest first. Ignores case.
    pub(super) fn show_search(&mut self, words: &str, before: Option<u64>) {
        let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let matches = |(_, message): &(NodeId, &Message)| {
            let text = message.text.to_lowercase();
            wanted.iter().all(|word| text.contains(word.as_str()))
        };
        let found: Vec<_> =
            self.store.between(0, before.unwrap_or(u64::MAX)).rev().filter(matches).take(PAGE + 1).collect();
        let last = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|(_, message)| message.id);
        let next = last.map(|id| format!("/search before {id} {words}"));
        let event =
            |(origin, message): &(NodeId, &Message)| self.history_event(*origin, message, &flatten(&message.text));
        self.emit_page(found.iter().take(PAGE).map(event).collect(), next);
    }

    fn history_event(&self, origin: NodeId, message: &Message, text: &str) -> Event<'static> {
        let at = self.now.zone.at(message.at);
        let user = self.author_name(origin, message.seq).into();
        let text = text.to_owned().into();
        EventKind::Recalled { id: message.id, place: Location::Room(ROOM.into()), user, text, edited: false }.at(at)
    }

    /// Emits one page, and its end with the command for the next one.
    fn emit_page(&mut self, mut events: Vec<Event<'static>>, next: Option<String>) {
        let end = EventKind::RecallEnd { count: events.len(), remark: "".into(), next: next.map(Into::into) };
        events.push(end.at(self.now.wall));
        self.emit_all(events);
    }
}
