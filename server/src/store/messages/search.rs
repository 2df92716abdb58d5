//! Full-text search.
//!
//! The index finds whole words, beginnings of at least three letters, and single characters of scripts without blanks.
//! It cannot find a part inside a word, such as "meldung" in "Fehlermeldung". So a search has two steps with one result,
//! the newest messages that have all terms:
//!
//! 1. Ask the index. This is fast.
//! 2. If a term may be part of a word, scan the texts, newest first. The scan ends when no older message can be among
//!    the newest that are wanted, when the time limit is over, or when other requests wait.
//!
//! If the time limit ends a search, the page has the messages found so far and says that it is cut short.

use super::reader::{COLUMNS, FoundMessage, JOINED, Visibility, is_interrupted};
use super::records::to_sql_id;
use super::search_terms::SearchTerms;
use landline_common::history::{HistoryReader, Page};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of texts that are scanned between two calls of `may_continue`: 1 ms at worst. It counts bytes because a text of
/// 8,000 bytes takes a thousand times as long as one of a few.
const CHECK_BYTES: usize = 16 << 10;
/// Bytes that each text counts in addition, so that many empty texts reach [`CHECK_BYTES`] too.
const TEXT_OVERHEAD: usize = 16;

/// A search request.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) terms: &'a SearchTerms,
    /// Finds only messages with a lower id.
    pub(super) before: Option<u64>,
    /// Most messages on the page.
    pub(super) most: usize,
}

/// The state of a search.
struct Search<'a> {
    connection: &'a Connection,
    visibility: Visibility,
    terms: &'a SearchTerms,
    may_continue: &'a dyn Fn() -> bool,
    /// One message more than wanted, which shows whether there are more.
    most: usize,
    /// The newest messages found so far, by id.
    found: BTreeMap<u64, FoundMessage>,
}

/// Returns the newest messages that have all terms, newest first and with whole texts. If SQLite is interrupted or
/// `may_continue` returns false, the page has the messages found so far.
pub(super) fn search(
    connection: &Connection,
    viewer: &HistoryReader<'_>,
    query: &Query<'_>,
    may_continue: &dyn Fn() -> bool,
) -> rusqlite::Result<Page> {
    let Query { terms, before, most } = *query;
    let visibility = Visibility::of(connection, viewer)?;
    let before = before.map_or(i64::MAX, to_sql_id);
    let found = BTreeMap::new();
    let mut search = Search { connection, visibility, terms, may_continue, most: most.saturating_add(1), found };
    let searched = search.search_index(before).and_then(|()| search.scan_texts(before));
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
    /// Adds the messages before an id that the index finds. The conversations are terms of the query, so a search in a
    /// small room does not read the matches in a large one.
    fn search_index(&mut self, before: i64) -> rusqlite::Result<()> {
        let conversations: Vec<String> = self.visibility.conversations().map(|id| format!("\"c{id}\"")).collect();
        if conversations.is_empty() {
            return Ok(());
        }
        let query = format!("{{scope}} : ({}) AND {{text}} : ({})", conversations.join(" OR "), self.terms.query());
        let sql = format!(
            "SELECT {COLUMNS} FROM found CROSS JOIN message ON message.id = found.rowid {JOINED}
             WHERE found MATCH ?1 AND found.rowid < ?2 AND removed = 0 ORDER BY found.rowid DESC"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        for found in statement.query_map((query, before), FoundMessage::read)? {
            self.add(found?);
            if self.found.len() == self.most {
                break;
            }
        }
        Ok(())
    }

    /// Scans texts before an id, newest first, and adds messages that the index does not find. Returns false if
    /// `may_continue` ended the scan.
    fn scan_texts(&mut self, before: i64) -> rusqlite::Result<bool> {
        if self.terms.index_finds_all() {
            return Ok(true);
        }
        let conversations: Vec<String> = self.visibility.conversations().map(|id| id.to_string()).collect();
        // Unary plus keeps SQLite from using the index of conversations, whose messages it would have to sort by id.
        let sql = format!(
            "SELECT id, text FROM message WHERE id >= ?1 AND id < ?2 AND removed = 0 AND (+circle IN ({}) OR +receiver = ?3)
             ORDER BY id DESC",
            conversations.join(", ")
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query((self.wanted_ids(before).start, before, self.visibility.own))?;
        let mut buffer = String::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let text = row.get_ref(1)?.as_str()?;
            if !self.wanted_ids(before).contains(&id) {
                break;
            }
            bytes += text.len() + TEXT_OVERHEAD;
            if bytes >= CHECK_BYTES {
                if !(self.may_continue)() {
                    return Ok(false);
                }
                bytes = 0;
            }
            if self.terms.match_text(text, &mut buffer) {
                let sql = format!("SELECT {COLUMNS} FROM message {JOINED} WHERE message.id = ?1");
                let found = self.connection.prepare_cached(&sql)?.query_row([id], FoundMessage::read)?;
                self.add(found);
            }
        }
        Ok(true)
    }

    /// Returns the ids that could still be among the newest: above the oldest found one if the page is full.
    fn wanted_ids(&self, before: i64) -> Range<i64> {
        let oldest = self.found.keys().next().filter(|_| self.found.len() >= self.most);
        oldest.map_or(i64::MIN, |id| to_sql_id(*id))..before
    }

    /// Adds a message if the viewer may see it, and drops the oldest one if there are too many.
    fn add(&mut self, found: FoundMessage) {
        if self.visibility.shows(&found) {
            self.found.insert(found.entry.id, found);
            if self.found.len() > self.most {
                self.found.pop_first();
            }
        }
    }
}
