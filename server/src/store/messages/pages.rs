//! History: the messages of several circles, merged in the order of their ids.

use super::reader::{COLUMNS, FoundMessage, JOINED, Visibility};

use super::writer::number;
use landline_common::history::{HistoryReader, Page, Range};
use rusqlite::Connection;

/// The ids from and to which is looked, how many are wanted, and from which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    from: i64,
    to: i64,
    most: usize,
    latest: bool,
}

impl Bounds {
    fn of(range: Range, page: usize) -> Bounds {
        let behind = |id: u64| number(id).saturating_add(1);
        let (from, to, most, latest) = match range {
            Range::Last(most) => (0, i64::MAX, most, true),
            Range::Before(id, most) => (0, number(id) - 1, most, true),
            Range::After(id, most) => (behind(id), i64::MAX, most, false),
            Range::Between { after, up_to, most } => (behind(after), number(up_to), most, false),
        };
        Bounds { from, to, most: most.min(page), latest }
    }
}

/// One page of what a viewer may see, of `page` messages at most.
pub(super) fn recall(
    connection: &Connection,
    viewer: &HistoryReader<'_>,
    range: Range,
    page: usize,
) -> rusqlite::Result<Page> {
    let bounds = Bounds::of(range, page);
    let sight = Visibility::of(connection, viewer)?;
    let mut entries = Vec::new();
    merge(connection, &sight, bounds, |found| {
        if sight.shows(&found) {
            entries.push(found.entry);
        }
        // One more than wanted tells that there is more.
        entries.len() <= bounds.most
    })?;
    let more = entries.len() > bounds.most;
    entries.truncate(bounds.most);
    if bounds.latest {
        entries.reverse();
    }
    Ok(Page { entries, more, cut_short: false })
}

/// Gives the messages of all circles to `take`, by id, until it wants no more. Reads no further than that.
fn merge(
    connection: &Connection,
    sight: &Visibility,
    bounds: Bounds,
    mut take: impl FnMut(FoundMessage) -> bool,
) -> rusqlite::Result<()> {
    let said = sight.circles.iter().chain(&sight.own).map(|group| ("circle = ?1", *group));
    let sources: Vec<_> = said.chain(sight.own.map(|own| ("receiver = ?1 AND forgotten = 0", own))).collect();
    let order = if bounds.latest { "DESC" } else { "ASC" };
    let mut statements = Vec::with_capacity(sources.len());
    for (condition, _) in &sources {
        statements.push(connection.prepare(&format!(
            "SELECT {COLUMNS} FROM message {JOINED}
             WHERE {condition} AND message.id BETWEEN ?2 AND ?3 ORDER BY message.id {order}"
        ))?);
    }
    let mut streams = Vec::with_capacity(sources.len());
    for (statement, (_, group)) in statements.iter_mut().zip(&sources) {
        streams.push(statement.query_map((group, bounds.from, bounds.to), FoundMessage::read)?);
    }
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
        // What somebody wrote to themselves comes from two sides.
        if last.replace(id) != Some(id) && !take(found) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_bounds() {
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
