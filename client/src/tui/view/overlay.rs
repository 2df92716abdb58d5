//! Draws the overlays: the help, the question about a paste, the password form, and menus.

use super::super::theme::Theme;
use super::write_spans;
use crate::chat::State;
use crate::chat::help::{HelpRow, help_rows};
use crate::chat::menu::{Menu, MenuRow};
use crate::chat::overlay::{Link, Overlay};
use crate::chat::password_form::{PasswordForm, Purpose};
use crate::chat::paste::Pasted;
use crate::chat::wrap::{CellWidth, truncated, wrap};
use crate::new_password::caution;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::widgets::{Block, Clear, Widget};

/// The colors of QR codes, from the 256 fixed ones: a terminal's theme may replace the first 16.
const BLACK_ON_WHITE: Style = Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(231));

/// Draws an overlay. Returns the position of the cursor, if the overlay has an input.
pub(super) fn draw(
    state: &State,
    overlay: &Overlay,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    match overlay {
        Overlay::Help { first } => help((*first, state.in_mesh()), theme, area, buffer),
        Overlay::Paste(pasted) => paste(state, pasted, theme, area, buffer),
        Overlay::Menu(shown) => menu(shown, theme, area, buffer),
        Overlay::Link(shown) => link(shown, theme, area, buffer),
        Overlay::Password(form) => {
            let caution = caution(Some(state.encryption().is_on()));
            return password(form, caution, theme, area, buffer);
        }
    }
    None
}

/// Draws the password form. The typed password is masked.
fn password(form: &PasswordForm, caution: &str, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let height = area.height.min(9);
    let area = Rect { y: area.bottom() - height, height, ..area };
    let title = match form.purpose {
        Purpose::Register => " Create an account ",
        Purpose::Change => " Change your password ",
        Purpose::SignIn => " Sign in again ",
    };
    let inner = frame(title, " Enter: continue · Esc: cancel ", theme, area, buffer);
    let width = usize::from(inner.width);
    let field_width = width.saturating_sub(3);
    let (before, after) = form.masked();
    let hidden = before.chars().count().saturating_sub(field_width);
    let before: String = before.chars().skip(hidden).collect();
    let mut rows = inner.top()..inner.bottom();
    write_spans(inner, rows.next()?, buffer, &[(form.question(), theme.new)]);
    let y = rows.next()?;
    write_spans(inner, y, buffer, &[("❯ ", theme.key), (&before, theme.text), (&after, theme.text)]);
    let texts = [(form.problem(), "! ", theme.refused), (Some(caution), "", theme.dim)];
    for (text, sign, style) in texts {
        let Some(text) = text else { continue };
        let width = width.saturating_sub(sign.cell_width());
        for (row, y) in wrap(text, width, width).into_iter().zip(rows.by_ref()) {
            write_spans(inner, y, buffer, &[(sign, style), (&text[row], style)]);
        }
    }
    let x = inner.x + 2 + u16::try_from(before.cell_width()).unwrap_or(0);
    Some(Position { x: x.min(inner.right().saturating_sub(1)), y })
}

fn frame(title: &str, bottom: &str, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    Clear.render(area, buffer);
    let block = Block::bordered().title(title).title_bottom(bottom).border_style(theme.dim).title_style(theme.new);
    let inner = block.inner(area);
    block.render(area, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// Draws a menu at the bottom, scrolled so that the selected row is visible.
fn menu(menu: &Menu, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let rows: Vec<(&MenuRow, bool)> = menu.visible().collect();
    let filter = (!menu.filter().is_empty()).then(|| format!("❯ {}", menu.filter()));
    let above = usize::from(menu.remark.is_some()) + usize::from(filter.is_some());
    let height = area.height.min(u16::try_from(rows.len().max(1) + above + 2).unwrap_or(u16::MAX));
    let area = Rect { y: area.bottom() - height, height, ..area };
    let bottom = match menu.takes_names() {
        true => " type a name · ↑ ↓ Enter: choose · Esc: back ",
        false => " a letter, or ↑ ↓ Enter: do it · Esc: back ",
    };
    let inner = frame(&menu.title, bottom, theme, area, buffer);
    let width = usize::from(inner.width);
    let mut free = inner.top()..inner.bottom();
    for (text, sign, style) in [(&menu.remark, "! ", theme.refused), (&filter, "", theme.text)] {
        if let Some(text) = text
            && let Some(y) = free.next()
        {
            write_spans(inner, y, buffer, &[(sign, style), (&truncated(text, width.saturating_sub(2)), style)]);
        }
    }
    let selected = rows.iter().position(|(_, is_selected)| *is_selected).unwrap_or(0);
    let first = (selected + 1).saturating_sub(free.len());
    // The hints stand in one column, behind the longest label.
    let column = rows.iter().map(|(row, _)| row.label.cell_width()).max().unwrap_or(0).min(width / 2);
    for ((row, is_selected), y) in rows.iter().skip(first).zip(free) {
        let (sign, style) = if *is_selected { ("›", theme.selected) } else { (" ", theme.text) };
        let key = row.key.map_or("   ".to_owned(), |key| format!(" {key} "));
        let label = truncated(&row.label, column);
        let gap = " ".repeat(column.saturating_sub(label.cell_width()) + 2);
        let hint = truncated(&row.hint, width.saturating_sub(column + 6));
        let hint_style = if *is_selected { theme.selected } else { theme.dim };
        let key_style = if *is_selected { theme.selected } else { theme.key };
        if *is_selected {
            buffer.set_style(Rect { y, height: 1, ..inner }, theme.selected);
        }
        write_spans(
            inner,
            y,
            buffer,
            &[(sign, style), (&key, key_style), (&label, style), (&gap, style), (&hint, hint_style)],
        );
    }
}

fn help((first, mesh): (usize, bool), theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = frame(" Keys and commands ", " ↑ ↓ PgUp PgDn: more · Esc: back ", theme, area, buffer);
    let rows = help_rows(usize::from(inner.width), mesh);
    let first = first.min(rows.len());
    for (y, row) in (inner.top()..inner.bottom()).zip(&rows[first..]) {
        match row {
            HelpRow::Heading(text) => _ = write_spans(inner, y, buffer, &[(text, theme.new)]),
            HelpRow::Entry(left, column, right) => {
                let gap = " ".repeat(column.saturating_sub(left.cell_width()));
                write_spans(inner, y, buffer, &[(left, theme.key), (&gap, theme.text), (right, theme.text)]);
            }
        }
    }
}

/// Draws the address of the web page with its QR code, black on white whatever the theme is.
fn link(link: &Link, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let title = format!(" {} in a browser ", link.room);
    let inner = frame(&title, " Esc: back ", theme, area, buffer);
    let width = usize::from(inner.width);
    let mut rows = inner.top()..inner.bottom();
    for (row, y) in wrap(&link.url, width, width).into_iter().zip(rows.by_ref()) {
        write_spans(inner, y, buffer, &[(&link.url[row], theme.key)]);
    }
    let Some(code) = &link.code else { return };
    if code.size() > width || code.size().div_ceil(2) > rows.len() {
        let (columns, lines) = (code.size() + 4, code.size().div_ceil(2) + 3);
        let remark = format!("Its QR code needs a window of {columns} columns and {lines} rows for itself.");
        for (row, y) in wrap(&remark, width, width).into_iter().zip(rows) {
            write_spans(inner, y, buffer, &[(&remark[row], theme.dim)]);
        }
        return;
    }
    for (line, y) in code.half_blocks().zip(rows) {
        write_spans(inner, y, buffer, &[(&line, BLACK_ON_WHITE)]);
    }
}

fn paste(state: &State, pasted: &Pasted, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let message = pasted.message();
    let choices = state.paste_choices(pasted);
    let losses = pasted.losses();
    let lines: Vec<&str> = message.split('\n').collect();
    let below = choices.len() + losses.len() + 1;
    // Use at most 14 rows, or more if the choices need them.
    let height = (lines.len() + below + 2).min(14.max(below + 4));
    let height = area.height.min(u16::try_from(height).unwrap_or(u16::MAX));
    let area = Rect { y: area.bottom() - height, height, ..area };
    let title =
        if lines.len() == 1 { " 1 line was pasted ".into() } else { format!(" {} lines were pasted ", lines.len()) };
    let inner = frame(&title, "", theme, area, buffer);
    let width = usize::from(inner.width);
    let preview = usize::from(inner.height).saturating_sub(below);
    let shown = if lines.len() > preview { preview.saturating_sub(1) } else { lines.len() };
    let mut rows = (inner.top()..inner.bottom()).map(|y| (inner, y));
    for (line, (inner, y)) in lines[..shown].iter().zip(rows.by_ref()) {
        write_spans(inner, y, buffer, &[("│ ", theme.dim), (&truncated(line, width.saturating_sub(2)), theme.text)]);
    }
    if shown < lines.len()
        && preview > 0
        && let Some((inner, y)) = rows.next()
    {
        write_spans(inner, y, buffer, &[(&format!("│ … and {} more", lines.len() - shown), theme.dim)]);
    }
    let gap = usize::from(inner.height).saturating_sub(shown.max(preview) + below - 1).min(1);
    let mut rows = rows.skip(gap);
    for (loss, (inner, y)) in losses.iter().zip(rows.by_ref()) {
        write_spans(inner, y, buffer, &[("     !  ", theme.refused), (loss, theme.text)]);
    }
    for ((key, what), (inner, y)) in choices.iter().zip(rows) {
        write_spans(
            inner,
            y,
            buffer,
            &[(&format!("{key:>6}  "), theme.key), (&truncated(what, width.saturating_sub(8)), theme.text)],
        );
    }
}
