//! Measures the database against its size limit.
//!
//! The measurement has hysteresis: removal starts above the limit and ends 1/16 below it. Otherwise each new
//! message would remove one old message.
//!
//! | pages in use | before: not exceeded | before: exceeded |
//! |---|---|---|
//! | above the limit | exceeded | exceeded |
//! | between 15/16 of it and the limit | not exceeded | exceeded |
//! | 15/16 of it or less | not exceeded | not exceeded |

use super::schema::LOG_BYTES;
use rusqlite::Connection;

/// The limit of the database's size, and whether it is exceeded.
#[derive(Debug)]
pub(super) struct HistorySize {
    /// Limit in bytes of the pages in use.
    limit: u64,
    exceeded: bool,
}

impl HistorySize {
    /// Limits the database and the log beside it to `most` bytes together.
    ///
    /// The log is counted as its usual size, or a quarter of `most` if that is less. Its true length is no use, because
    /// removing messages makes it longer.
    pub(super) fn at_most(most: u64) -> HistorySize {
        HistorySize { limit: most - LOG_BYTES.min(most / 4), exceeded: false }
    }

    /// Returns the result of the last [`Self::update`].
    pub(super) fn is_exceeded(&self) -> bool {
        self.exceeded
    }

    /// Measures the database, and returns whether its limit is exceeded, see the table above.
    pub(super) fn update(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let limit = if self.exceeded { self.limit - self.limit / 16 } else { self.limit };
        self.exceeded = Pages::of(connection)?.bytes_in_use() > limit;
        Ok(self.exceeded)
    }
}

/// The pages of a database.
pub(super) struct Pages {
    /// Bytes of one page.
    size: u64,
    pub(super) total: u64,
    pub(super) free: u64,
}

impl Pages {
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Pages> {
        let sql = "SELECT page_size, page_count, freelist_count
                   FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
        connection
            .prepare_cached(sql)?
            .query_row([], |row| Ok(Pages { size: row.get(0)?, total: row.get(1)?, free: row.get(2)? }))
    }

    /// Returns the bytes of all pages.
    pub(super) fn bytes(&self) -> u64 {
        self.total.saturating_mul(self.size)
    }

    /// Returns the bytes of pages in use. New messages take free pages first, so the file never becomes larger than the
    /// highest value of this.
    fn bytes_in_use(&self) -> u64 {
        self.total.saturating_sub(self.free).saturating_mul(self.size)
    }
}
