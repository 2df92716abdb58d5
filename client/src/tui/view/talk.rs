//! Draws the messages of the shown conversation.

use super::super::theme::Theme;
use crate::chat::State;
use crate::chat::conversation::{Conversation, ConversationId};
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity};
use crate::chat::rows::{Layout, LineLayout, shown_name};
use crate::chat::wrap::{CellWidth, truncated};
use landline_common::OffsetDateTime;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// Draws the conversation from the last visible row upwards.
pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let conversation = state.conversations().viewed();
    if conversation.lines().is_empty() {
        return empty(conversation, theme, area, buffer);
    }
    let layout = state.layout();
    let (last, cut) = conversation.bottom();
    let mut below = i32::from(area.height) + i32::try_from(cut).unwrap_or(0);
    // A conversation shorter than the screen begins at the top.
    let mut first = last;
    let mut laid = vec![layout.line_layout(conversation, last)];
    let mut rows = i32::try_from(laid[0].height()).unwrap_or(i32::MAX);
    while rows < below && first > 0 {
        first -= 1;
        laid.push(layout.line_layout(conversation, first));
        rows += laid.last().map_or(0, |laid| i32::try_from(laid.height()).unwrap_or(0));
    }
    below = below.min(rows);
    let canvas = Canvas { state, theme, layout, area };
    for (index, laid) in (first..=last).rev().zip(&laid) {
        let top = below - i32::try_from(laid.height()).unwrap_or(0);
        if top <= 0 && canvas.draw_top_line(conversation, index, laid, top, buffer) {
            return;
        }
        canvas.line(&conversation.lines()[index], laid, top, buffer);
        below = top;
    }
}

fn empty(conversation: &Conversation, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let text = match conversation.id {
        ConversationId::Room(_) => "No messages yet.",
        ConversationId::Global => "Messages here go to all users online.",
        ConversationId::User(_) => "Messages here go to this user only. The server stores them.",
        ConversationId::OffTheRecord(_) => "Messages here are not stored.",
        ConversationId::Encrypted(_) => "Messages here go directly to the other computer, encrypted.",
        ConversationId::Server => "No events yet.",
        ConversationId::Mentions => "No mentions of you yet.",
    };
    buffer.set_stringn(area.x + 1, area.y, text, usize::from(area.width.saturating_sub(1)), theme.dim);
}

/// The arguments that all drawing functions share.
struct Canvas<'s> {
    state: &'s State,
    theme: &'s Theme,
    layout: Layout,
    area: Rect,
}

impl Canvas<'_> {
    /// Draws the top line of the screen if its first visible row would lack the author's name. Then the name is added, so
    /// that the author of each visible text is known. Returns whether the line was drawn.
    fn draw_top_line(
        &self,
        conversation: &Conversation,
        index: usize,
        laid: &LineLayout<'_>,
        top: i32,
        buffer: &mut Buffer,
    ) -> bool {
        let line = &conversation.lines()[index];
        let Some(talk) = line.message() else { return false };
        let columns = self.layout.columns;
        let rules = laid.height() - laid.rows.len() - laid.failure_rows.len();
        let below_rules = top + i32::try_from(rules).unwrap_or(0);
        if below_rules > 0 || (below_rules == 0 && laid.shows_name) {
            return false;
        }
        let named = self.layout.line_layout_with_name(conversation, index);
        if columns.name_width == 0 && below_rules == 0 && named.height() == laid.height() {
            self.line(line, &named, top, buffer);
            return true;
        }
        self.line(line, laid, top, buffer);
        self.time(line, 0, buffer);
        if columns.name_width == 0 {
            // Without a column for names, the name takes the place of the row's beginning.
            let hidden = usize::try_from(-below_rules).unwrap_or(0);
            let text = laid.rows.get(hidden).map_or("", |row| &laid.text[row.clone()]);
            let row = Rect {
                x: self.area.x + u16::try_from(columns.indent).unwrap_or(0),
                y: self.area.y,
                height: 1,
                ..self.area
            };
            Clear.render(row.intersection(self.area), buffer);
            let user = shown_name(&talk.user);
            self.write(0, columns.indent, &user, self.nick_style(talk), buffer);
            let mut x = columns.indent + user.cell_width();
            self.write(0, x, ": …", self.theme.dim, buffer);
            x += 3;
            let text = truncated(text.trim_start(), (columns.indent + columns.text).saturating_sub(x));
            self.write(0, x, &text, self.style(line), buffer);
        } else {
            self.nick(talk, 0, buffer);
        }
        true
    }

    /// Draws one line. Its first row is at `top`, which may be above the area.
    fn line(&self, line: &Line, laid: &LineLayout<'_>, top: i32, buffer: &mut Buffer) {
        let mut y = top;
        if let Some(day) = laid.separators.day {
            self.rule(y, &day_name(day), self.theme.dim, buffer);
            y += 1;
        }
        if laid.separators.new {
            self.rule(y, "new", self.theme.new, buffer);
            y += 1;
        }
        self.margin(line, laid, y, buffer);
        let style = self.style(line);
        for (at, row) in laid.rows.iter().enumerate() {
            let hang = if at == 0 { laid.first_indent } else { 0 };
            self.write(y, self.layout.columns.indent + hang, &laid.text[row.clone()], style, buffer);
            y += 1;
        }
        for why in &laid.failure_rows {
            self.write(y, self.layout.columns.indent, why, self.theme.refused, buffer);
            y += 1;
        }
    }

    /// Draws time, mark and name of a line.
    fn margin(&self, line: &Line, laid: &LineLayout<'_>, y: i32, buffer: &mut Buffer) {
        let columns = self.layout.columns;
        if laid.shows_time {
            self.time(line, y, buffer);
        }
        let (mark, style) = self.mark(line);
        self.write(y, columns.mark, mark, style, buffer);
        if columns.name_width > 0 {
            for row in 0..laid.rows.len() + laid.failure_rows.len() {
                self.write(
                    y + i32::try_from(row).unwrap_or(0),
                    columns.name + columns.name_width + 1,
                    "│",
                    self.theme.dim,
                    buffer,
                );
            }
        }
        let Some(talk) = line.message() else {
            let sign = if matches!(line.body, Body::Presence(_)) { "⇄" } else { "—" };
            let x = if columns.name_width > 0 { columns.name + columns.name_width - 1 } else { columns.name };
            return self.write(y, x, sign, self.theme.dim, buffer);
        };
        self.name(talk, laid, y, buffer);
    }

    fn time(&self, line: &Line, y: i32, buffer: &mut Buffer) {
        let time = self.layout.zone.at(line.at).clock().to_string();
        self.write(y, self.layout.columns.time, &time, self.theme.dim, buffer);
    }

    /// Draws the name in the column of names.
    fn nick(&self, talk: &ChatMessage, y: i32, buffer: &mut Buffer) {
        let columns = self.layout.columns;
        let name = truncated(&talk.user, columns.name_width);
        let x = columns.name + columns.name_width - name.cell_width();
        self.write(y, x, &name, self.nick_style(talk), buffer);
    }

    fn name(&self, talk: &ChatMessage, laid: &LineLayout<'_>, y: i32, buffer: &mut Buffer) {
        let columns = self.layout.columns;
        let style = self.nick_style(talk);
        if laid.shows_name && columns.name_width > 0 {
            self.nick(talk, y, buffer);
        }
        let mut x = columns.indent;
        let width_from = |x: usize| (columns.indent + laid.first_indent).saturating_sub(x);
        if laid.shows_name && columns.name_width == 0 {
            let name = truncated(&shown_name(&talk.user), width_from(x).saturating_sub(2));
            self.write(y, x, &name, style, buffer);
            self.write(y, x + name.cell_width(), ":", self.theme.dim, buffer);
            x += name.cell_width() + 2;
        }
        if let Some(room) = &talk.room {
            let room = format!("[{}]", truncated(room, width_from(x).saturating_sub(3)));
            self.write(y, x, &room, self.theme.dim, buffer);
        }
    }

    fn nick_style(&self, talk: &ChatMessage) -> Style {
        if talk.delivery.is_own() || *talk.user == *self.state.me() {
            self.theme.me
        } else {
            self.theme.nick(&talk.user)
        }
    }

    /// Returns the mark of a line: one cell that shows its kind without relying on color.
    fn mark(&self, line: &Line) -> (&'static str, Style) {
        match &line.body {
            Body::Message(talk) => match &talk.delivery {
                Delivery::Unsent => ("○", self.theme.new),
                Delivery::Pending => ("·", self.theme.dim),
                Delivery::Failed(_) => ("✗", self.theme.refused),
                _ if talk.mention => ("»", self.theme.mention),
                _ => ("", self.theme.text),
            },
            Body::Notice { severity: Severity::Refused, .. } => ("!", self.theme.refused),
            _ => ("", self.theme.text),
        }
    }

    fn style(&self, line: &Line) -> Style {
        match &line.body {
            Body::Message(talk) => match &talk.delivery {
                Delivery::Received | Delivery::Sent if talk.mention => self.theme.mention,
                Delivery::Received | Delivery::Sent => self.theme.text,
                _ => self.theme.dim,
            },
            Body::Presence(_) | Body::Removed(_) => self.theme.dim,
            Body::Notice { severity: Severity::Info, .. } => self.theme.notice,
            Body::Notice { severity: Severity::Refused, .. } => self.theme.refused,
        }
    }

    fn rule(&self, y: i32, text: &str, style: Style, buffer: &mut Buffer) {
        let width = usize::from(self.area.width);
        let side = width.saturating_sub(text.cell_width() + 4) / 2;
        let line = format!(" {} {text} {}", "─".repeat(side.saturating_sub(1)), "─".repeat(width));
        self.write(y, 0, &line, style, buffer);
    }

    /// Writes text at row `y`, which may be outside the area; then nothing is drawn.
    fn write(&self, y: i32, x: usize, text: &str, style: Style, buffer: &mut Buffer) {
        let (Ok(row), Ok(x)) = (u16::try_from(y), u16::try_from(x)) else { return };
        if row < self.area.height && x < self.area.width {
            let width = usize::from(self.area.width - x);
            buffer.set_stringn(self.area.x + x, self.area.y + row, text, width, style);
        }
    }
}

fn day_name(day: i64) -> String {
    let weekday = WEEKDAYS[usize::try_from(day.rem_euclid(7)).unwrap_or(0)];
    let date = OffsetDateTime { unix_ms: day * 86_400_000, offset_s: 0 }.date().to_string();
    format!("{weekday} {}", date.split(' ').next().unwrap_or_default())
}
