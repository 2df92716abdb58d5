//! What was said, in and out of a data folder: the one place where the program's tasks meet the store of messages.

use crate::import::Imported;
use anyhow::bail;
use landline_common::Moment;
use std::io::{BufRead, Write};
use std::path::Path;

/// Writes what was said at `since` or later, one JSON object a line.
///
/// # Errors
/// This server keeps none of it.
pub fn export(data: &Path, since: Option<Moment>, out: &mut dyn Write) -> anyhow::Result<()> {
    let _ = (since, out);
    bail!("nothing of what was said is kept in {}, so there is nothing to export", data.display())
}

/// Reads what [`export`] has written.
///
/// # Errors
/// This server keeps none of it.
pub fn import(data: &Path, lines: &mut dyn BufRead) -> anyhow::Result<Imported> {
    let _ = lines;
    bail!("nothing of what was said is kept in {}, so messages cannot be imported", data.display())
}
