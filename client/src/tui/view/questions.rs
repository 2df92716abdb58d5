//! Draws the setup questions.

use super::super::theme::Theme;
use super::write_spans;
use crate::chat::wrap::{CellWidth, truncated, wrap};
use crate::setup::questions::{Question, Questions};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Columns of the text at most; wider rows are hard to read.
const MAX_WIDTH: u16 = 76;
/// Columns from which an entry is shown in columns.
const MIN_COLUMN_WIDTH: u16 = 56;

/// Draws the present question. Returns the position of the cursor, if the question has an input.
pub fn draw(questions: &Questions, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.width < 20 || area.height < 8 {
        buffer.set_stringn(area.x, area.y, "too small", usize::from(area.width), theme.text);
        return None;
    }
    let bar = |y: u16| Rect { y, height: 1, ..area };
    for y in [area.y, area.bottom() - 1] {
        buffer.set_style(bar(y), theme.bar);
    }
    write_spans(area, area.y, buffer, &[(" Landline", theme.bar_strong)]);
    let hint = truncated(&format!(" {}", questions.hint()), usize::from(area.width));
    write_spans(area, area.bottom() - 1, buffer, &[(&hint, theme.bar)]);

    let width = area.width.saturating_sub(4).min(MAX_WIDTH);
    let body = Rect { x: area.x + (area.width - width) / 2, y: area.y + 2, width, height: area.height - 4 };
    let mut page = QuestionsPage { body, y: body.y, buffer };
    page.row(&[(&questions.question_text(), theme.new)]);
    page.y += u16::from(body.height > 8);
    let cursor = match questions.question {
        Question::Server | Question::SignInMethod => {
            entries(questions, theme, &mut page);
            None
        }
        Question::Starting | Question::Connecting => None,
        _ => field(questions, theme, &mut page),
    };
    page.y += u16::from(body.height > 8);
    page.row(&[(questions.search_state(), theme.dim)]);
    page.text(questions.problem.as_deref(), "! ", theme.refused);
    page.text(questions.caution(), "", theme.dim);
    page.text(questions.started.as_ref().map(|started| &*started.note), "", theme.notice);
    cursor
}

struct QuestionsPage<'b> {
    body: Rect,
    y: u16,
    buffer: &'b mut Buffer,
}

impl QuestionsPage<'_> {
    fn row(&mut self, parts: &[(&str, Style)]) {
        if self.y < self.body.bottom() && parts.iter().any(|(text, _)| !text.is_empty()) {
            write_spans(self.body, self.y, self.buffer, parts);
            self.y += 1;
        }
    }

    fn text(&mut self, text: Option<&str>, sign: &str, style: Style) {
        let Some(text) = text else { return };
        let width = usize::from(self.body.width) - sign.cell_width();
        for row in wrap(text, width, width) {
            self.row(&[(sign, style), (&text[row], style)]);
        }
    }
}

/// Draws the entries to choose from, scrolled so that the selected one is visible.
fn entries(questions: &Questions, theme: &Theme, page: &mut QuestionsPage<'_>) {
    let entries = questions.entries();
    // Keep three rows for the state of the search and an error.
    let height = usize::from((page.body.bottom().saturating_sub(page.y)).saturating_sub(3).max(1));
    let first = (questions.at + 1).saturating_sub(height);
    for (at, entry) in entries.iter().enumerate().skip(first).take(height) {
        let (sign, style) = if at == questions.at { ("❯ ", theme.selected) } else { ("  ", theme.text) };
        let columns = entry.columns();
        let text = if columns[1].is_empty() || page.body.width < MIN_COLUMN_WIDTH {
            columns.iter().filter(|column| !column.is_empty()).cloned().collect::<Vec<_>>().join("  ")
        } else {
            let widths = [usize::from(page.body.width).saturating_sub(44).clamp(12, 24), 21, 10, 8];
            let cells = columns.iter().zip(widths).map(|(column, width)| {
                let column = truncated(column, width);
                format!("{column}{} ", " ".repeat(width - column.cell_width()))
            });
            cells.collect::<String>().trim_end().to_owned()
        };
        let text = truncated(&text, usize::from(page.body.width).saturating_sub(2));
        page.row(&[(sign, theme.key), (&text, style)]);
    }
}

/// Draws the input field. A password is masked. Returns the position of the cursor.
fn field(questions: &Questions, theme: &Theme, page: &mut QuestionsPage<'_>) -> Option<Position> {
    let text = questions.field.text();
    let before = questions.field.before();
    let (text, before) = if questions.is_secret() {
        ("•".repeat(text.chars().count()), "•".repeat(before.chars().count()))
    } else {
        (text.to_owned(), before.to_owned())
    };
    let width = usize::from(page.body.width).saturating_sub(3);
    // Scroll so that the text before the cursor is visible.
    let hidden =
        before.char_indices().map(|(at, _)| at).find(|at| before[*at..].cell_width() <= width).unwrap_or(before.len());
    let y = page.y;
    page.row(&[("❯ ", theme.key), (&text[hidden..], theme.text)]);
    let x = page.body.x + 2 + u16::try_from(before[hidden..].cell_width()).unwrap_or(0);
    (y < page.body.bottom()).then_some(Position { x, y })
}

#[cfg(test)]
mod tests;
