//! Draws the lists at both sides: the conversations, and the members of the room.

use super::super::theme::Theme;
use super::bars::LOCK;
use super::write_spans;
use crate::chat::State;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::room_status::Mark;
use crate::chat::wrap::{CellWidth, truncated};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the list of conversations, with their unread counts.
pub(super) fn conversations(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let rows = list_rows(state);
    let viewed = rows
        .iter()
        .position(|row| matches!(row, ListRow::Talk(index, _) if *index == state.conversations().viewed_index()));
    // Scroll so that the shown conversation is visible.
    let height = usize::from(area.height);
    let first = viewed.map_or(0, |at| (at + 1).saturating_sub(height));
    for (y, row) in (area.top()..area.bottom()).zip(&rows[first..]) {
        match row {
            ListRow::Heading(text) => _ = write_spans(area, y, buffer, &[(text, theme.dim)]),
            ListRow::Blank => {}
            ListRow::Talk(index, conversation) => {
                entry(state, theme, (*index, conversation), Rect { y, height: 1, ..area }, buffer)
            }
        }
    }
}

enum ListRow<'s> {
    Heading(&'static str),
    Blank,
    Talk(usize, &'s Conversation),
}

fn list_rows(state: &State) -> Vec<ListRow<'_>> {
    let heading = |place: &ConversationId| match place {
        ConversationId::Room(_) | ConversationId::Global => "Rooms",
        ConversationId::User(_) | ConversationId::OffTheRecord(_) | ConversationId::Encrypted(_) => "People",
        ConversationId::Mentions | ConversationId::Server => "",
    };
    let mut rows = Vec::new();
    let mut last = None;
    for (index, conversation) in state.conversations().iter().enumerate() {
        let heading = heading(&conversation.id);
        if last != Some(heading) {
            if last.is_some() {
                rows.push(ListRow::Blank);
            }
            if !heading.is_empty() {
                rows.push(ListRow::Heading(heading));
            }
        }
        last = Some(heading);
        rows.push(ListRow::Talk(index, conversation));
    }
    rows
}

fn entry(state: &State, theme: &Theme, (index, conversation): (usize, &Conversation), row: Rect, buffer: &mut Buffer) {
    let is_viewed = index == state.conversations().viewed_index();
    let number = state.conversations().numbered().position(|numbered| numbered.id == conversation.id);
    let number = number.filter(|at| *at < 9).map_or_else(|| " ".to_owned(), |at| (at + 1).to_string());
    let sign = match conversation.id {
        ConversationId::Mentions => "@ ".to_owned(),
        ConversationId::Server => "* ".to_owned(),
        ConversationId::Global => "& ".to_owned(),
        ConversationId::OffTheRecord(_) => "~ ".to_owned(),
        ConversationId::Encrypted(_) => format!("{LOCK} "),
        _ => String::new(),
    };
    let count = match (conversation.unread, conversation.mentions) {
        (0, _) => String::new(),
        (n, _) if n > 999 => "999+".to_owned(),
        (n, 0) => n.to_string(),
        (n, _) => format!("@{n}"),
    };
    let style = match (is_viewed, conversation.mentions, conversation.unread) {
        (true, ..) => theme.selected,
        (_, 1.., _) => theme.mention,
        (_, _, 1..) => theme.new,
        _ => theme.text,
    };
    if is_viewed {
        buffer.set_style(row, theme.selected);
    }
    let number_style = if is_viewed { theme.selected } else { theme.dim };
    let margin = usize::from(row.width > 16);
    let width = usize::from(row.width).saturating_sub(3 + margin + sign.cell_width() + count.cell_width());
    let away = match conversation.id {
        ConversationId::User(_) => !state.is_online(&conversation.title),
        ConversationId::OffTheRecord(_) | ConversationId::Encrypted(_) => {
            conversation.chat_state != SecretChatState::Open
        }
        ConversationId::Room(_) => conversation.joining,
        _ => false,
    };
    let name = truncated(&conversation.title, width.saturating_sub(usize::from(away) * 2));
    let name = if away { format!("{name} ○") } else { name };
    write_spans(row, row.y, buffer, &[(&number, number_style), (" ", style), (&sign, style), (&name, style)]);
    let x = row.right().saturating_sub(u16::try_from(count.cell_width() + margin).unwrap_or(0));
    buffer.set_stringn(x, row.y, &count, count.cell_width(), style);
}

/// Draws the members of the room.
pub(super) fn people(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let conversation = state.conversations().viewed();
    let members = &conversation.members;
    let heading = conversation.members_known().map_or_else(|| " …".to_owned(), |members| format!(" {members} here"));
    write_spans(area, area.y, buffer, &[(&heading, theme.dim)]);
    let shown = usize::from(area.height.saturating_sub(1));
    let fits = members.len() <= shown;
    let named = if fits { shown } else { shown.saturating_sub(1) };
    let status = &conversation.room_status;
    let members: Vec<&str> = members.iter().collect();
    // An owner has the sign of IRC; other marks stand behind the name.
    let marked = |name| {
        let in_the_clear = state.is_in_the_clear(name).then_some(Mark::Clear);
        let marks = status.mark(name).filter(|mark| *mark != Mark::Owner).into_iter().chain(in_the_clear);
        (name, marks.collect())
    };
    let rows: Vec<(&str, Vec<Mark>)> = status.in_order(&members).into_iter().take(named).map(marked).collect();
    let form = mark_form(&rows, usize::from(area.width));
    for (y, (name, marks)) in (area.y + 1..).zip(rows) {
        let style = if *name == *state.me() { theme.me } else { theme.nick(name) };
        let sign = if status.is_owned_by(name) || status.is_server_owner(name) { "@" } else { " " };
        let mark = joined(&marks, form);
        let width = usize::from(area.width).saturating_sub(2 + mark.cell_width());
        write_spans(area, y, buffer, &[(sign, theme.dim), (&truncated(name, width), style)]);
        let x = area.right().saturating_sub(u16::try_from(mark.cell_width()).unwrap_or(0));
        buffer.set_stringn(x, y, &mark, mark.cell_width(), theme.dim);
    }
    if !fits {
        let more = format!(" and {} more", members.len() - named);
        write_spans(area, area.bottom() - 1, buffer, &[(&more, theme.dim)]);
    }
}

/// Returns how marks are written into a list of `width` cells: in letters if a word would cut the name before it. The
/// mark of a member in the clear gives way first.
fn mark_form(rows: &[(&str, Vec<Mark>)], width: usize) -> fn(Mark) -> String {
    let forms: [fn(Mark) -> String; 2] = [Mark::word, word_but_clear];
    let fits = |form: &fn(Mark) -> String| {
        rows.iter()
            .all(|(name, marks)| marks.is_empty() || 2 + name.cell_width() + joined(marks, *form).cell_width() <= width)
    };
    forms.into_iter().find(fits).unwrap_or(Mark::letter)
}

fn word_but_clear(mark: Mark) -> String {
    if mark == Mark::Clear { mark.letter() } else { mark.word() }
}

fn joined(marks: &[Mark], form: fn(Mark) -> String) -> String {
    marks.iter().map(|mark| form(*mark)).collect::<Vec<_>>().join(" ")
}
