//! Pages of the history: the messages of several conversations, merged in the order of their ids.
//!
//! Each conversation is an ordered stream from the database. A merge takes the stream with the next id, so it reads
//! hardly more messages than it returns, however large the rooms are.

use super::reader::{COLUMNS, FoundMessage, JOINED, Visibility};
use super::records::to_sql_id;
use landline_common::history::{HistoryReader, Page, Range};
use rusqlite::Connection;

/// A range of ids, both ends inclusive, and the part of it that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    from: i64,
    to: i64,
    /// Most messages.
    most: usize,
    /// Returns the latest messages of the range, otherwise the first.
    latest: bool,
}

impl Bounds {
    fn of(range: Range, page: usize) -> Bounds {
        let after = |id: u64| to_sql_id(id).saturating_add(1);
        let bounds = |from, to, most, latest| Bounds { from, to, most: usize::min(most, page), latest };
        match range {
            Range::Last(most) => bounds(0, i64::MAX, most, true),
            Range::Before(id, most) => bounds(0, to_sql_id(id) - 1, most, true),
            Range::After(id, most) => bounds(after(id), i64::MAX, most, false),
            Range::Between { after: id, up_to, most } => bounds(after(id), to_sql_id(up_to), most, false),
        }
    }
}

/// Returns the messages of `range` that the viewer may see, oldest first, and at most `page` of them.
pub(super) fn read(
    connection: &Connection,
    viewer: &HistoryReader<'_>,
    range: Range,
    page: usize,
) -> rusqlite::Result<Page> {
    let bounds = Bounds::of(range, page);
    let visibility = Visibility::of(connection, viewer)?;
    let mut entries = Vec::new();
    merge(connection, &visibility, bounds, |found| {
        if visibility.shows(&found) {
            entries.push(found.entry);
        }
        // One message more than wanted shows that there are more.
        entries.len() <= bounds.most
    })?;
    let more = entries.len() > bounds.most;
    entries.truncate(bounds.most);
    if bounds.latest {
        entries.reverse();
    }
    Ok(Page { entries, more, cut_short: false })
}

/// Calls `take` with the messages of all conversations in the order of ids, until it returns false.
fn merge(
    connection: &Connection,
    visibility: &Visibility,
    bounds: Bounds,
    mut take: impl FnMut(FoundMessage) -> bool,
) -> rusqlite::Result<()> {
    let sent = visibility.conversations().map(|conversation| ("circle = ?1", conversation));
    let received = visibility.own.map(|own| ("receiver = ?1 AND forgotten = 0", own));
    let sources: Vec<_> = sent.chain(received).collect();
    let order = if bounds.latest { "DESC" } else { "ASC" };
    let mut statements = Vec::with_capacity(sources.len());
    for (condition, _) in &sources {
        statements.push(connection.prepare(&format!(
            "SELECT {COLUMNS} FROM message {JOINED}
             WHERE {condition} AND removed = 0 AND message.id BETWEEN ?2 AND ?3 ORDER BY message.id {order}"
        ))?);
    }
    let mut streams = Vec::with_capacity(sources.len());
    for (statement, (_, conversation)) in statements.iter_mut().zip(&sources) {
        streams.push(statement.query_map((conversation, bounds.from, bounds.to), FoundMessage::read)?);
    }
    // The next message of each stream.
    let mut heads = Vec::with_capacity(streams.len());
    for stream in &mut streams {
        heads.push(stream.next().transpose()?);
    }
    let mut last = None;
    loop {
        let ids = heads.iter().enumerate().filter_map(|(at, head)| Some((head.as_ref()?.entry.id, at)));
        let next = if bounds.latest { ids.max() } else { ids.min() };
        let Some((id, at)) = next else { return Ok(()) };
        let Some(found) = std::mem::replace(&mut heads[at], streams[at].next().transpose()?) else { return Ok(()) };
        // A message that a user sent to themselves is in two streams.
        if last.replace(id) != Some(id) && !take(found) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_becomes_inclusive_bounds_and_is_limited_to_a_page() {
        let of = |range| {
            let Bounds { from, to, most, latest } = Bounds::of(range, 500);
            (from, to, most, latest)
        };
        assert_eq!(of(Range::Last(10)), (0, i64::MAX, 10, true));
        assert_eq!(of(Range::Last(usize::MAX)), (0, i64::MAX, 500, true));
        assert_eq!(of(Range::Before(7, 3)), (0, 6, 3, true));
        assert_eq!(of(Range::Before(0, 3)), (0, -1, 3, true));
        assert_eq!(of(Range::After(7, 3)), (8, i64::MAX, 3, false));
        assert_eq!(of(Range::After(u64::MAX, 3)), (i64::MAX, i64::MAX, 3, false));
        assert_eq!(of(Range::Between { after: 7, up_to: 9, most: 3 }), (8, 9, 3, false));
    }
}
