//! Finding messages by their words.

use super::reader::{COLUMNS, Found, JOINED, Sight, is_interrupted};
use super::terms::{Terms, excerpt};
use super::writer::number;
use landline_common::clean::flatten;
use landline_common::history::{Page, Viewer};
use rusqlite::Connection;

/// The newest messages with all of the words, before an id, `most` at most. When the time is up, what was found by then.
pub(super) fn search(
    connection: &Connection,
    viewer: &Viewer<'_>,
    words: &str,
    before: Option<u64>,
    most: usize,
) -> rusqlite::Result<Page> {
    let mut page = Page::default();
    let terms = Terms::of(words);
    let sight = Sight::of(connection, viewer)?;
    let Some(query) = query(&sight, &terms) else { return Ok(page) };
    let sql = format!(
        "SELECT {COLUMNS} FROM found CROSS JOIN message ON message.id = found.rowid {JOINED}
         WHERE found MATCH ?1 AND found.rowid < ?2 ORDER BY found.rowid DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let before = before.map_or(i64::MAX, number);
    for found in statement.query_map((query, before), Found::read)? {
        match found {
            Ok(found) if !sight.shows(&found) => {}
            Ok(_) if page.entries.len() == most => {
                page.more = true;
                break;
            }
            Ok(Found { mut entry, .. }) => {
                entry.text = flatten(&excerpt(&entry.text, words)).into();
                page.entries.push(entry);
            }
            Err(e) if is_interrupted(&e) => {
                page.cut_short = true;
                break;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(page)
}

/// The index's query: one of the circles, and all terms. The circles are terms themselves, so that a search in a small
/// room does not walk over what was found in a big one.
fn query(sight: &Sight, terms: &Terms) -> Option<String> {
    let circles: Vec<String> = sight.circles.iter().chain(&sight.own).map(|circle| format!("\"c{circle}\"")).collect();
    if circles.is_empty() || terms.is_empty() {
        return None;
    }
    Some(format!("{{scope}} : ({}) AND {{text}} : ({})", circles.join(" OR "), terms.query()))
}
