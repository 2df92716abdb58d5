//! Draws the screen as a pure function of the model's state.

mod bars;
mod lists;
mod overlay;
pub mod questions;
mod talk;

use super::theme::Theme;
use crate::chat::State;
use crate::chat::geometry::{Geometry, MAX_OVERLAY_WIDTH};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Columns and rows at least; a smaller screen shows only a hint.
const MIN_SIZE: (u16, u16) = (20, 5);

/// Draws the state. Returns the position of the cursor, if it is visible.
pub fn draw(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    if area.width < MIN_SIZE.0 || area.height < MIN_SIZE.1 {
        buffer.set_stringn(area.x, area.y, "too small", usize::from(area.width), theme.text);
        return None;
    }
    let geometry = state.geometry();
    let parts = Parts::of(geometry, area);
    bars::title(state, theme, parts.title, buffer);
    if let Some(sidebar) = parts.sidebar {
        lists::conversations(state, theme, sidebar, buffer);
        rule(theme, sidebar.right(), sidebar, buffer);
    }
    if let Some(people) = parts.people {
        lists::people(state, theme, people, buffer);
        rule(theme, people.x - 1, people, buffer);
    }
    if let Some((pin, area)) = state.conversations().viewed().room_status.pin().zip(parts.pin) {
        bars::pin(pin, theme, area, buffer);
    }
    talk::draw(state, theme, parts.talk, buffer);
    bars::status(state, theme, parts.status, buffer);
    let cursor = bars::input(state, theme, parts.input, buffer);
    if let Some(shown) = state.overlay() {
        return overlay::draw(state, shown, theme, overlay_area(area, parts.status.y), buffer);
    }
    cursor
}

/// The areas of the parts of the screen.
struct Parts {
    title: Rect,
    sidebar: Option<Rect>,
    pin: Option<Rect>,
    talk: Rect,
    people: Option<Rect>,
    status: Rect,
    input: Rect,
}

impl Parts {
    fn of(geometry: Geometry, area: Rect) -> Parts {
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let input = cells(geometry.input).min(area.height);
        let middle = area.height.saturating_sub(input + 2);
        let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        let body = row(1, middle);
        let left = cells(geometry.sidebar);
        let right = cells(geometry.people);
        let talk_x = area.x + left + u16::from(left > 0);
        let whole = Rect { x: talk_x, width: cells(geometry.conversation), ..body };
        let pin = cells(geometry.pin).min(whole.height);
        Parts {
            title: row(0, 1),
            sidebar: (left > 0).then_some(Rect { width: left, ..body }),
            pin: (pin > 0).then_some(Rect { height: pin, ..whole }),
            talk: Rect { y: whole.y + pin, height: whole.height - pin, ..whole },
            people: (right > 0).then_some(Rect { x: area.right() - right, width: right, ..body }),
            status: row(1 + middle, 1),
            input: row(2 + middle, input),
        }
    }
}

/// Returns the area of an overlay: centered, above the status line.
fn overlay_area(area: Rect, status: u16) -> Rect {
    let width = area.width.min(u16::try_from(MAX_OVERLAY_WIDTH).unwrap_or(u16::MAX));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + 1, width, height: status - area.y - 1 }
}

fn rule(theme: &Theme, x: u16, beside: Rect, buffer: &mut Buffer) {
    for y in beside.top()..beside.bottom() {
        buffer.set_stringn(x, y, "│", 1, theme.dim);
    }
}

/// Writes spans of text one after the other, cut at the right edge of `area`. Returns the column behind the last one.
fn write_spans(area: Rect, y: u16, buffer: &mut Buffer, spans: &[(&str, Style)]) -> u16 {
    let mut x = area.x;
    for (text, style) in spans {
        let width = usize::from(area.right().saturating_sub(x));
        if width == 0 {
            break;
        }
        x = buffer.set_stringn(x, y, text, width, *style).0;
    }
    x
}

#[cfg(test)]
mod tests;
