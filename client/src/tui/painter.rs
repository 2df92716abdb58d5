//! Paints a frame over the one that the terminal shows, as bytes.
//!
//! **Problem.** Terminals disagree on how many cells a grapheme cluster takes. tmux, xterm, screen and PuTTY place each
//! code point separately: half a flag, a skin tone or a vowel sign then takes cells of its own, or the cluster takes a
//! cell less than the frame says. A diff of two frames cannot see that, and would leave such halves on the screen.
//!
//! A row is therefore painted in one of two ways:
//!
//! | cells of the row, before and now | how it is painted |
//! |---|---|
//! | each has one narrow code point | only the changed cells |
//! | some are wide, or have several code points | the row is erased, then written from left to right |
//!
//! In the second case the text is split into *fields*: a field begins after two spaces, or where the style changes. At
//! each field the cursor is set and the rest of the row erased. Within a field the text is written without setting the
//! cursor: an exact column could overwrite the second half of the cluster before it, which is a letter in some scripts.

use crate::chat::wrap::CellWidth;
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use std::io;

/// First code point of the emoji and flag letters. Terminals disagree on their width even if they stand alone.
const PICTOGRAPHS: char = '\u{1f000}';

/// Returns the bytes that turn the `shown` frame into `frame`, as one synchronized update. Erases the screen first if
/// there is no frame of the same size on it.
///
/// # Errors
/// None in practice, since writing to memory cannot fail.
pub(super) fn paint(shown: Option<&Buffer>, frame: &Buffer, cursor: Option<Position>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(bytes, BeginSynchronizedUpdate)?;
    let mut out = CrosstermBackend::new(&mut bytes);
    let empty = Buffer::empty(frame.area);
    let shown = shown.filter(|shown| shown.area == frame.area);
    if shown.is_none() {
        out.clear()?;
    }
    let width = usize::from(frame.area.width).max(1);
    let before = shown.unwrap_or(&empty).content.chunks(width);
    for (y, (before, now)) in (frame.area.y..).zip(before.zip(frame.content.chunks(width))) {
        paint_row(&mut out, (frame.area.x, y), before, now)?;
    }
    match cursor {
        Some(cursor) => out.show_cursor().and_then(|()| out.set_cursor_position(cursor))?,
        None => out.hide_cursor()?,
    }
    queue!(bytes, EndSynchronizedUpdate)?;
    Ok(bytes)
}

fn paint_row(
    out: &mut CrosstermBackend<&mut Vec<u8>>,
    (x, y): (u16, u16),
    before: &[Cell],
    now: &[Cell],
) -> io::Result<()> {
    let cells = || (x..).zip(before.iter().zip(now));
    if before == now {
        return Ok(());
    }
    if before.iter().chain(now).all(has_certain_width) {
        let changed = cells().filter(|(_, (before, now))| before != now);
        return out.draw(changed.map(|(x, (_, now))| (x, y, now)));
    }
    out.set_cursor_position(Position { x, y })?;
    out.clear_region(ClearType::UntilNewLine)?;
    let mut may_reach_over = false;
    for (column, field) in fields(now) {
        let x = x + column;
        if may_reach_over {
            out.set_cursor_position(Position { x, y })?;
            out.clear_region(ClearType::UntilNewLine)?;
        }
        may_reach_over |= field.iter().any(|cell| !has_certain_width(cell));
        // Number the cells consecutively: then the backend sets the cursor for the first one only.
        out.draw((x..).zip(field).map(|(x, cell)| (x, y, cell)))?;
    }
    Ok(())
}

/// Returns the fields of a row, each with the column of its first cell. Leaves out the second halves of wide cells, and
/// the spaces behind a field, which an erased row has already.
fn fields(row: &[Cell]) -> Vec<(u16, Vec<&Cell>)> {
    let mut fields: Vec<(u16, Vec<&Cell>)> = vec![(0, Vec::new())];
    let mut covered = 0;
    let mut spaces = 0;
    let mut style = None;
    for (column, cell) in (0..).zip(row) {
        if covered > 0 {
            covered -= 1;
            continue;
        }
        covered = cell.symbol().cell_width().saturating_sub(1);
        if cell.symbol() == " " {
            spaces += 1;
        } else {
            if spaces >= 2 || style.is_some_and(|style| style != cell.style()) {
                fields.push((column, Vec::new()));
            }
            spaces = 0;
            style = Some(cell.style());
        }
        if let Some((_, field)) = fields.last_mut() {
            field.push(cell);
        }
    }
    for (_, field) in &mut fields {
        field.truncate(field.iter().rposition(|cell| !is_erased(cell)).map_or(0, |last| last + 1));
    }
    fields.retain(|(_, field)| !field.is_empty());
    fields
}

/// Returns whether the cell looks like an erased one.
fn is_erased(cell: &Cell) -> bool {
    let unseen = Modifier::BOLD | Modifier::DIM | Modifier::ITALIC;
    cell.symbol() == " " && cell.bg == Color::Reset && unseen.contains(cell.modifier)
}

/// Returns whether every terminal shows the cell's text in exactly one cell.
fn has_certain_width(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    if symbol.is_ascii() {
        return symbol.len() == 1;
    }
    let mut chars = symbol.chars();
    let only = chars.next().filter(|_| chars.next().is_none());
    only.is_some_and(|only| only < PICTOGRAPHS) && symbol.cell_width() == 1
}

#[cfg(test)]
mod tests;
