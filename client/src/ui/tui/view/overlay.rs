//! What lies over the conversation: the help, and the question about a paste.

use super::super::theme::Theme;
use super::pieces;
use crate::model::help::{Row, rows};
use crate::model::overlay::Overlay;
use crate::model::wrap::cut;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

/// Draws what lies over the conversation.
pub(super) fn draw(overlay: &Overlay, mesh: bool, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    match overlay {
        Overlay::Help { first } => help((*first, mesh), theme, area, buffer),
        Overlay::Paste { lines } => paste(lines, theme, area, buffer),
    }
}

fn frame(title: &str, bottom: &str, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    Clear.render(area, buffer);
    let block = Block::bordered().title(title).title_bottom(bottom).border_style(theme.dim).title_style(theme.new);
    let inner = block.inner(area);
    block.render(area, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn help((first, mesh): (usize, bool), theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = frame(" Keys and commands ", " ↑ ↓ PgUp PgDn: more · Esc: back ", theme, area, buffer);
    let rows = rows(usize::from(inner.width), mesh);
    let first = first.min(rows.len());
    for (y, row) in (inner.top()..inner.bottom()).zip(&rows[first..]) {
        match row {
            Row::Heading(text) => _ = pieces(inner, y, buffer, &[(text, theme.new)]),
            Row::Entry(left, column, right) => {
                let gap = " ".repeat(column.saturating_sub(left.width()));
                pieces(inner, y, buffer, &[(left, theme.key), (&gap, theme.text), (right, theme.text)]);
            }
        }
    }
}

fn paste(lines: &[String], theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let height = area.height.min(u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(8)).min(14);
    let area = Rect { y: area.bottom() - height, height, ..area };
    let inner = frame(&format!(" {} lines were pasted ", lines.len()), "", theme, area, buffer);
    let choices = [
        ("Enter", "send as one message".to_owned()),
        ("l", format!("send as {} lines, one after the other", lines.len())),
        ("e", "put into the input line, to change it".to_owned()),
        ("Esc", "do not send".to_owned()),
    ];
    let preview = usize::from(inner.height).saturating_sub(choices.len() + 1);
    let shown = if lines.len() > preview { preview.saturating_sub(1) } else { lines.len() };
    let mut y = inner.y;
    for line in &lines[..shown.min(lines.len())] {
        pieces(
            inner,
            y,
            buffer,
            &[("│ ", theme.dim), (&cut(line, usize::from(inner.width).saturating_sub(2)), theme.text)],
        );
        y += 1;
    }
    if shown < lines.len() && preview > 0 {
        pieces(inner, y, buffer, &[(&format!("│ … and {} more", lines.len() - shown), theme.dim)]);
        y += 1;
    }
    y = (y + 1).min(inner.bottom().saturating_sub(u16::try_from(choices.len()).unwrap_or(0)));
    for (key, what) in &choices {
        if y < inner.bottom() {
            pieces(inner, y, buffer, &[(&format!("{key:>6}  "), theme.key), (what, theme.text)]);
        }
        y += 1;
    }
}
