//! Takes over what Chat77 and LanTalk left behind, and what `export` has written. The content of a file tells which of
//! these it is.

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

/// More bytes than the first line of messages has.
const FIRST_LINE: u64 = 1 << 20;
/// Characters of a foreign text that are shown.
const SHOWN: usize = 40;

/// The first line of what `export` writes, told by its id.
#[derive(Deserialize)]
struct FirstLine {
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

/// What a file turned out to be.
enum FileKind {
    /// What `export` writes, from the first line on.
    Messages(Box<dyn BufRead>),
    /// Chat77's users, and how many connections it has noted.
    Chat77(Vec<ImportedUser>, usize),
    /// LanTalk's banned addresses.
    LanTalk(Vec<AddressEntry>),
}

/// Imports `file` into the data folder, in which no server may run, and says on `out` what was done.
///
/// # Errors
/// Says why nothing was imported, and what to do.
pub fn run(file: &Path, data: &Path, limits: &Limits, out: &mut dyn Write) -> anyhow::Result<()> {
    let about = || format!("importing {}", file.display());
    let opened = File::open(file).with_context(about)?;
    let kind = recognise(BufReader::new(opened), limits.import_bytes).with_context(about)?;
    let _lock = LockFile::take(data)?;
    match kind {
        FileKind::Messages(mut lines) => {
            let Imported { new, known } = messages::import(data, &mut *lines).with_context(about)?;
            writeln!(out, "Messages imported: {new}; there already: {known}.")?;
        }
        FileKind::Chat77(users, connections) => {
            chat77::import(&users, data, limits, out)?;
            if connections > 0 {
                writeln!(out, "Connections that Chat77 noted, which are not imported: {connections}.")?;
            }
            if !users.is_empty() {
                writeln!(out, "{} has passwords that anybody can read: delete it.", file.display())?;
            }
        }
        FileKind::LanTalk(addresses) => lantalk::import(&addresses, data, out)?,
    }
    Ok(())
}

/// Reads as much as it takes to know what it is: of messages one line, of anything else all, `most` bytes at most.
fn recognise(mut reader: impl BufRead + 'static, most: u64) -> anyhow::Result<FileKind> {
    let mut content = Vec::new();
    reader.by_ref().take(FIRST_LINE).read_until(b'\n', &mut content)?;
    if content.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<FirstLine>(&content).is_ok() {
        return Ok(FileKind::Messages(Box::new(Cursor::new(content).chain(reader))));
    }
    let left = most.saturating_add(1).saturating_sub(content.len() as u64);
    reader.take(left).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        bail!("it has more than {most} bytes and is not what export writes; --limit import-bytes allows more");
    }
    if content.trim_ascii().is_empty() {
        bail!("it is empty");
    }
    kind_of(serde_json::from_slice(&content).map_err(|e| anyhow!("it is not JSON ({e})"))?)
}

/// What a whole JSON document is.
fn kind_of(document: Document) -> anyhow::Result<FileKind> {
    match document {
        Document::LanTalk(addresses) => Ok(FileKind::LanTalk(addresses)),
        Document::Chat77(users, connections) => Ok(FileKind::Chat77(users, connections)),
        Document::Own(own) => bail!("it is this server's own {own}.json; put it into the data folder as it is"),
        Document::Unknown => {
            bail!("it is neither Chat77's client_connections.json, nor LanTalk's bans.json, nor what export writes")
        }
    }
}

/// Says what was not imported and why, a line for each.
fn tell_refused(refused: &[(String, String)], out: &mut dyn Write) -> std::io::Result<()> {
    if !refused.is_empty() {
        writeln!(out, "Not imported ({}):", refused.len())?;
    }
    refused.iter().try_for_each(|(what, why)| writeln!(out, "  {what}: {why}"))
}

/// A foreign text so that it does nothing to a terminal.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

#[cfg(test)]
mod tests;
