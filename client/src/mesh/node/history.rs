//! Looking up what was said before, as a server answers.

use super::store::Message;
use super::{Node, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::SHOWN;
use landline_common::clean::flatten;
use landline_common::command::HistoryQuery;
use landline_common::history::Location;
use landline_common::{Event, EventKind};

/// How many messages are shown at a time when somebody reads on, or searches.
const PAGE: usize = 20;

impl Node {
    pub(super) fn history(&mut self, ask: HistoryQuery<'_>) {
        let (after, before, most) = match ask {
            HistoryQuery::Last(n) => (0, u64::MAX, usize::try_from(n).unwrap_or(SHOWN).min(SHOWN)),
            HistoryQuery::Before(id) => (0, id, PAGE),
            HistoryQuery::After(id) => (id, u64::MAX, SHOWN),
            HistoryQuery::Unread => {
                return self
                    .tell(EventKind::error(403, "a mesh knows of no last visit; /history shows what was said before"));
            }
            HistoryQuery::With(_) => {
                return self.tell(EventKind::error(403, "messages to one member are kept nowhere in a mesh"));
            }
        };
        let forward = matches!(ask, HistoryQuery::After(_));
        let all = self.store.between(after, before);
        let mut found: Vec<_> = if forward { all.take(most + 1).collect() } else { all.rev().take(most + 1).collect() };
        let more = found.len() > most;
        found.truncate(most);
        if !forward {
            found.reverse();
        }
        let next = match (forward, found.first(), found.last()) {
            _ if !more => None,
            (true, _, Some((_, last))) => Some(format!("/history after {}", last.id)),
            (false, Some((_, first)), _) => Some(format!("/history before {}", first.id)),
            _ => None,
        };
        let told = |(origin, message): &(NodeId, &Message)| self.recalled(*origin, message, &message.text);
        self.show(found.iter().map(told).collect(), next);
    }

    /// Every word must occur.
    pub(super) fn search(&mut self, words: &str, before: Option<u64>) {
        let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let fits = |(_, message): &(NodeId, &Message)| {
            let text = message.text.to_lowercase();
            wanted.iter().all(|word| text.contains(word.as_str()))
        };
        let found: Vec<_> =
            self.store.between(0, before.unwrap_or(u64::MAX)).rev().filter(fits).take(PAGE + 1).collect();
        let last = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|(_, message)| message.id);
        let next = last.map(|id| format!("/search before {id} {words}"));
        let told = |(origin, message): &(NodeId, &Message)| self.recalled(*origin, message, &flatten(&message.text));
        self.show(found.iter().take(PAGE).map(told).collect(), next);
    }

    fn recalled(&self, origin: NodeId, message: &Message, text: &str) -> Event<'static> {
        let at = self.now.zone.at(message.at);
        let (user, text) = (self.author_name(origin, message.seq).into(), text.to_owned().into());
        EventKind::Recalled { id: message.id, place: Location::Room(ROOM.into()), user, text }.at(at)
    }

    fn show(&mut self, mut events: Vec<Event<'static>>, next: Option<String>) {
        let end = EventKind::RecallEnd { count: events.len(), remark: "".into(), next: next.map(Into::into) };
        events.push(end.at(self.now.wall));
        self.tell_all(events);
    }
}
