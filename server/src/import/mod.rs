//! The command `import`: takes over the files of the predecessors Chat77 and LanTalk, and the output of `export`.
//!
//! The content of a file decides what it is, not its name:
//!
//! | content | kind | result |
//! |---|---|---|
//! | lines of JSON, the first an object with an `id` | `export` | messages |
//! | an object with a list `users` or `connections` | Chat77's `client_connections.json` | accounts |
//! | an array that is empty or has a string in it | LanTalk's `bans.json` | bans |
//! | an object with `version`, and `accounts` or `bans` | this server's own file | refused, with advice |
//! | anything else | unknown | refused |
//!
//! A file of a predecessor is untrusted: it is read up to a limit, and texts from it are escaped before they are shown.
//! Passwords are never shown.

mod chat77;
mod document;
mod lantalk;

use crate::store::LockFile;
use crate::store::messages::{self, Imported};
use anyhow::{Context, anyhow, bail};
use document::{AddressEntry, Document, ImportedUser};
use landline_common::Limits;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;

/// Most bytes that are read to find the first line. A line of an export is shorter.
const FIRST_LINE_BYTES: u64 = 1 << 20;
/// Most characters of a text from the file that are shown.
const SHOWN_CHARS: usize = 40;

/// The first line of an export, recognized by its id.
#[derive(Deserialize)]
struct FirstLine {
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

/// The kind of a file, with its content.
enum FileKind {
    /// An export, from its first line on.
    Messages(Box<dyn BufRead>),
    /// Chat77's users, and the number of connections that it has recorded.
    Chat77 { users: Vec<ImportedUser>, connections: usize },
    /// LanTalk's banned addresses.
    LanTalk(Vec<AddressEntry>),
}

/// Imports `file` into the data folder `data`, and writes a report to `out`. No server may use the folder.
///
/// # Errors
/// The reason why nothing was imported, and what to do.
pub fn run(file: &Path, data: &Path, limits: &Limits, out: &mut dyn Write) -> anyhow::Result<()> {
    let about = || format!("cannot import {}", file.display());
    let opened = File::open(file).with_context(about)?;
    let kind = detect(BufReader::new(opened), limits.import_bytes).with_context(about)?;
    let _lock = LockFile::take(data)?;
    match kind {
        FileKind::Messages(mut lines) => {
            let Imported { new, known } = messages::import(data, &mut *lines).with_context(about)?;
            writeln!(out, "Messages imported: {new}; already in the history: {known}.")?;
        }
        FileKind::Chat77 { users, connections } => {
            chat77::import(&users, data, limits, out)?;
            if connections > 0 {
                writeln!(out, "Connections that Chat77 recorded, not imported: {connections}.")?;
            }
            if !users.is_empty() {
                writeln!(out, "{} contains readable passwords: delete it.", file.display())?;
            }
        }
        FileKind::LanTalk(addresses) => lantalk::import(&addresses, data, out)?,
    }
    Ok(())
}

/// Detects the kind of a file. Reads only the first line of an export, and all of any other file, up to `most` bytes.
fn detect(mut reader: impl BufRead + 'static, most: u64) -> anyhow::Result<FileKind> {
    let mut content = Vec::new();
    reader.by_ref().take(FIRST_LINE_BYTES).read_until(b'\n', &mut content)?;
    if content.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<FirstLine>(&content).is_ok() {
        return Ok(FileKind::Messages(Box::new(Cursor::new(content).chain(reader))));
    }
    let left = most.saturating_add(1).saturating_sub(content.len() as u64);
    reader.take(left).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        bail!("the file has more than {most} bytes and is not an export (--limit import-bytes allows more)");
    }
    if content.trim_ascii().is_empty() {
        bail!("the file is empty");
    }
    kind_of(serde_json::from_slice(&content).map_err(|e| anyhow!("the file is not JSON: {e}"))?)
}

/// Returns the kind of a JSON document.
fn kind_of(document: Document) -> anyhow::Result<FileKind> {
    match document {
        Document::LanTalk(addresses) => Ok(FileKind::LanTalk(addresses)),
        Document::Chat77 { users, connections } => Ok(FileKind::Chat77 { users, connections }),
        Document::Own(own) => {
            bail!("this is this server's own {own}.json: copy it into the data folder instead of importing it")
        }
        Document::Unknown => {
            bail!("the file is neither Chat77's client_connections.json, nor LanTalk's bans.json, nor an export")
        }
    }
}

/// An entry that was not imported.
struct RefusedEntry {
    /// Its name, escaped.
    entry: String,
    why: String,
}

/// Writes the entries that were not imported, one on each line.
fn write_refused(refused: &[RefusedEntry], out: &mut dyn Write) -> std::io::Result<()> {
    if !refused.is_empty() {
        writeln!(out, "Not imported ({}):", refused.len())?;
    }
    refused.iter().try_for_each(|RefusedEntry { entry, why }| writeln!(out, "  {entry}: {why}"))
}

/// Returns a text from the file in quotes, shortened, and escaped so that it cannot control a terminal.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

#[cfg(test)]
mod tests;
