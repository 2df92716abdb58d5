//! Finding messages by their words.
//!
//! The index finds words and beginnings at once, and characters of scripts without blanks. Parts of words are looked for
//! text by text, newest first, until a page is full or the time of a look is up. Both together are the answer, so a
//! message is found whatever part of it is known, and pages follow each other by id.

use super::reader::{COLUMNS, FoundMessage, JOINED, Visibility, is_interrupted};
use super::search_terms::SearchTerms;
use super::writer::number;
use landline_common::history::{HistoryReader, Page};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of texts that are looked through between two looks at whether the search may go on: about 1 ms at worst. A
/// number of texts would be no bound, as a text of 8,000 bytes costs a thousand times as much as one of a few.
const BYTES: usize = 16 << 10;
/// Bytes for which a text counts beside its own.
const LEAST: usize = 16;

/// What is searched for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) terms: &'a SearchTerms,
    /// The id before which it is to be.
    pub(super) before: Option<u64>,
    /// How many messages are wanted.
    pub(super) most: usize,
}

/// One search.
struct Search<'a> {
    connection: &'a Connection,
    sight: Visibility,
    terms: &'a SearchTerms,
    may_go_on: &'a dyn Fn() -> bool,
    /// One more than wanted: it tells that there are more.
    most: usize,
    found: BTreeMap<u64, FoundMessage>,
}

/// The newest messages with all of the words, their texts whole. When the time is up, or looking for parts may not go on, what was found by
/// then.
pub(super) fn search(
    connection: &Connection,
    viewer: &HistoryReader<'_>,
    query: &Query<'_>,
    may_go_on: &dyn Fn() -> bool,
) -> rusqlite::Result<Page> {
    let Query { terms, before, most } = *query;
    let sight = Visibility::of(connection, viewer)?;
    let before = before.map_or(i64::MAX, number);
    let found = BTreeMap::new();
    let mut search = Search { connection, sight, terms, may_go_on, most: most.saturating_add(1), found };
    let searched = search.ask_index(before).and_then(|()| search.look_for_parts(before));
    let cut_short = match searched {
        Err(e) if is_interrupted(&e) => true,
        searched => !searched?,
    };
    let mut entries: Vec<_> = search.found.into_values().rev().map(|found| found.entry).collect();
    let more = entries.len() > most;
    entries.truncate(most);
    Ok(Page { entries, more, cut_short })
}

impl Search<'_> {
    /// Takes what the index finds before an id. The circles are terms themselves, so that a search in a small room does
    /// not walk over what was found in a big one.
    fn ask_index(&mut self, before: i64) -> rusqlite::Result<()> {
        let circles: Vec<String> = self.sight.all().map(|group| format!("\"c{group}\"")).collect();
        if circles.is_empty() {
            return Ok(());
        }
        let query = format!("{{scope}} : ({}) AND {{text}} : ({})", circles.join(" OR "), self.terms.query());
        let sql = format!(
            "SELECT {COLUMNS} FROM found CROSS JOIN message ON message.id = found.rowid {JOINED}
             WHERE found MATCH ?1 AND found.rowid < ?2 ORDER BY found.rowid DESC"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        for found in statement.query_map((query, before), FoundMessage::read)? {
            self.take(found?);
            if self.found.len() == self.most {
                break;
            }
        }
        Ok(())
    }

    /// Looks through the texts before an id for those that the index does not find, back to the last that is shown. False
    /// if it may not go on so far.
    fn look_for_parts(&mut self, before: i64) -> rusqlite::Result<bool> {
        if self.terms.is_complete_in_index() {
            return Ok(true);
        }
        let circles: Vec<String> = self.sight.all().map(|group| group.to_string()).collect();
        // Unary plus: by id, with no index of circles, whose messages would have to be sorted.
        let sql = format!(
            "SELECT id, text FROM message WHERE id >= ?1 AND id < ?2 AND (+circle IN ({}) OR +receiver = ?3)
             ORDER BY id DESC",
            circles.join(", ")
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query((self.range(before).start, before, self.sight.own))?;
        let mut buffer = String::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let (id, text): (i64, _) = (row.get(0)?, row.get_ref(1)?.as_str()?);
            if !self.range(before).contains(&id) {
                break;
            }
            bytes += text.len() + LEAST;
            if bytes >= BYTES {
                if !(self.may_go_on)() {
                    return Ok(false);
                }
                bytes = 0;
            }
            if self.terms.are_in(text, &mut buffer) {
                let sql = format!("SELECT {COLUMNS} FROM message {JOINED} WHERE message.id = ?1");
                let found = self.connection.prepare_cached(&sql)?.query_row([id], FoundMessage::read)?;
                self.take(found);
            }
        }
        Ok(true)
    }

    /// The ids in which something new would be shown: above the oldest one, if the page is full.
    fn range(&self, before: i64) -> Range<i64> {
        let oldest = self.found.keys().next().filter(|_| self.found.len() >= self.most);
        oldest.map_or(i64::MIN, |id| number(*id))..before
    }

    /// Keeps the newest ones that the viewer may see.
    fn take(&mut self, found: FoundMessage) {
        if self.sight.shows(&found) {
            self.found.insert(found.entry.id, found);
            if self.found.len() > self.most {
                self.found.pop_first();
            }
        }
    }
}
