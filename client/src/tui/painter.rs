//! Paints a frame over the one that the terminal shows, as bytes.
//!
//! Terminals disagree on how many cells a grapheme cluster takes: tmux, xterm, screen and PuTTY place each code point
//! for itself. There, half a flag, a skin tone or a vowel sign stands in cells of its own behind the cluster, or one
//! cell less is covered than the frame says. A diff of two frames knows nothing of that: it would leave such halves on
//! the screen. So a row is painted in one of two ways:
//!
//! | the row, before and now | painted |
//! |---|---|
//! | only cells of one narrow code point | the cells that changed |
//! | any wide cell, or one of several code points | erased, and then written from left to right |
//!
//! In the second case, the cursor is placed anew and the rest of the row erased where a *field* begins: behind two
//! blanks, and where the style changes. Within a field the text flows, as broad as the terminal makes it: a column that
//! is placed exactly would cover the second half of the cluster before it, which is a letter in some scripts.

use crate::chat::wrap::CellWidth;
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use std::io;

/// Of the code points from here on (emoji, letters of flags) terminals disagree even where they stand alone.
const PICTOGRAPHS: char = '\u{1f000}';

/// Returns what turns the `shown` frame into the next one, in one synchronized update. Without a frame of the same
/// size on the screen, the screen is erased first.
///
/// # Errors
/// Never: it writes into memory.
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
        // Numbered one after the other, so that the cursor is placed at the first one only.
        out.draw((x..).zip(field).map(|(x, cell)| (x, y, cell)))?;
    }
    Ok(())
}

/// The fields of a row, with the column of the first cell: without the second halves of wide cells, and without the
/// blanks behind a field, which an erased row has already.
fn fields(row: &[Cell]) -> Vec<(u16, Vec<&Cell>)> {
    let mut fields: Vec<(u16, Vec<&Cell>)> = vec![(0, Vec::new())];
    let (mut covered, mut blanks, mut style) = (0, 0, None);
    for (column, cell) in (0..).zip(row) {
        if covered > 0 {
            covered -= 1;
            continue;
        }
        covered = cell.symbol().cell_width().saturating_sub(1);
        if cell.symbol() == " " {
            blanks += 1;
        } else {
            if blanks >= 2 || style.is_some_and(|style| style != cell.style()) {
                fields.push((column, Vec::new()));
            }
            (blanks, style) = (0, Some(cell.style()));
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

/// Whether the cell looks as it does after the row was erased.
fn is_erased(cell: &Cell) -> bool {
    let unseen = Modifier::BOLD | Modifier::DIM | Modifier::ITALIC;
    cell.symbol() == " " && cell.bg == Color::Reset && unseen.contains(cell.modifier)
}

/// Whether every terminal gives the cell's text exactly one cell.
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
