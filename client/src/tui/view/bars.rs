//! The title above, the status line below, and the input.

use super::super::theme::Theme;
use super::pieces;
use crate::chat::State;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::geometry::{Geometry, PROMPT};
use crate::chat::limits::MESSAGE_CHARS;
use crate::chat::rows::shown_name;
use crate::chat::wrap::{CellWidth, truncated};
use crate::engine::Phase;
use landline_common::clean::{count_lines, flatten};
use landline_common::limits::MESSAGE_LINES;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// In front of who talks with the reader past the server.
pub(super) const LOCK: &str = "🔒";

/// What the conversation is, and the server.
pub(super) fn title(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    buffer.set_style(area, theme.bar);
    let conversation = state.conversations().viewed();
    let (name, about) = named(conversation);
    let right = format!("{} on {} ", state.me(), state.server());
    let (about, right) = match &conversation.fingerprint {
        Some(numbers) => direct(numbers, usize::from(area.width).saturating_sub(name.cell_width() + 4), right),
        None => (about, right),
    };
    let room = usize::from(area.width).saturating_sub(right.cell_width() + 1);
    let left = truncated(&format!(" {name}"), room);
    pieces(area, area.y, buffer, &[(&left, theme.bar_strong)]);
    let x = area.x + u16::try_from(left.cell_width() + 2).unwrap_or(0);
    let left_over = usize::from(area.width).saturating_sub(left.cell_width() + 2 + right.cell_width() + 1);
    buffer.set_stringn(x, area.y, truncated(&about, left_over), left_over, theme.bar);
    if right.cell_width() < usize::from(area.width) / 2 {
        let x = area.right() - u16::try_from(right.cell_width()).unwrap_or(0);
        buffer.set_stringn(x, area.y, &right, right.cell_width(), theme.bar);
    }
}

/// A conversation's name, and what it is.
fn named(conversation: &Conversation) -> (String, String) {
    match &conversation.id {
        ConversationId::Room(_) if conversation.joining => (conversation.title.to_string(), "joining…".to_owned()),
        ConversationId::Room(_) => {
            let about = match conversation.members_known() {
                Some(1) => "only you are here".to_owned(),
                Some(members) => format!("{members} here"),
                None => String::new(),
            };
            (conversation.title.to_string(), about)
        }
        ConversationId::Global => ("everybody".to_owned(), "whatever their room".to_owned()),
        ConversationId::User(_) => (conversation.title.to_string(), "messages, stored by the server".to_owned()),
        ConversationId::OffTheRecord(_) => (conversation.title.to_string(), secret(conversation, "off the record")),
        ConversationId::Encrypted(_) => (format!("{LOCK} {}", conversation.title), secret(conversation, "encrypted")),
        ConversationId::Mentions => ("mentions".to_owned(), "where you were named".to_owned()),
        ConversationId::Server => ("server".to_owned(), "connection log".to_owned()),
    }
}

/// What a chat is that is stored nowhere, and whether it takes talk.
fn secret(conversation: &Conversation, what: &str) -> String {
    let state = match conversation.chat_state {
        SecretChatState::NotOpen => "not open",
        SecretChatState::Opening => "opening…",
        SecretChatState::Open => "stored nowhere",
        SecretChatState::Ended => "over, takes no talk",
    };
    format!("{what}, {state}")
}

/// What an encrypted chat is, not by the lock alone: some terminals have none. The numbers to compare are shown whole or
/// not at all, and matter more than what stands at the right.
fn direct(numbers: &str, room: usize, right: String) -> (String, String) {
    let whole = format!("encrypted · compare {numbers}");
    if whole.cell_width() + 1 + right.cell_width() <= room {
        return (whole, right);
    }
    let shorter = [whole, format!("encrypted · {numbers}"), numbers.to_owned()];
    let fits = shorter.into_iter().find(|about| about.cell_width() <= room);
    fits.map_or(("encrypted".to_owned(), right), |about| (about, String::new()))
}

/// The connection at the left, where one reads at the right.
pub(super) fn status(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    buffer.set_style(area, theme.bar);
    let (text, strong) = connection(state);
    let style = if strong { theme.bar_strong } else { theme.bar };
    let (right, right_style) = match (new_elsewhere(state), reading(state)) {
        (Some(new), Reading::Usual) => (format!("{new} "), theme.bar_strong),
        (Some(new), Reading::Back(_)) => (format!("{new} · Esc ↓ "), theme.bar_strong),
        (_, Reading::Back(back)) => (back, theme.bar_strong),
        (_, Reading::Draft(length)) => (length, theme.bar),
        (None, Reading::Usual) => ("F1 help ".to_owned(), theme.bar),
    };
    let room = usize::from(area.width).saturating_sub(right.cell_width() + 1);
    // Trouble with the connection comes first; that all is well may be said by the sign alone.
    let (text, call) = match call(state) {
        Some(forms) if strong => (text.clone(), fitting(&forms, room.saturating_sub(text.cell_width() + 3))),
        Some(forms) => {
            let long = fitting(&forms[..1], room.saturating_sub(text.cell_width() + 3));
            let short = || (" ●".to_owned(), fitting(&forms, room.saturating_sub(5)));
            long.map_or_else(short, |long| (text.clone(), Some(long)))
        }
        None => (text, None),
    };
    let call = call.map_or(String::new(), |call| format!(" · {call}"));
    pieces(area, area.y, buffer, &[(&truncated(&text, room), style), (&call, theme.bar_strong)]);
    let x = area.right().saturating_sub(u16::try_from(right.cell_width()).unwrap_or(0));
    buffer.set_stringn(x, area.y, &right, right.cell_width(), right_style);
}

/// The first of the forms that fits.
fn fitting(forms: &[String], room: usize) -> Option<String> {
    forms.iter().find(|form| form.cell_width() <= room).cloned()
}

/// What wants the user's attention wherever they look, from its longest form to its shortest: a request for a chat, a
/// chat that has opened, or what was said to everybody.
fn call(state: &State) -> Option<Vec<String>> {
    if let Some((request, count)) = state.requests().newest() {
        let (user, what) = (&request.user, request.id.chat_name());
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        return Some(vec![
            format!("{user} wants an {what}: /accept {user}{more}"),
            format!("{user} wants an {what}: /accept {user}"),
            format!("{user} wants a chat: /accept {user}"),
            format!("chat: /accept {user}"),
            "chat: /accept".to_owned(),
        ]);
    }
    if let Some(chat) = state.opened_unseen() {
        let (with, what) = (shown_name(&chat.title), chat.id.chat_name());
        return Some(vec![
            format!("{with} is in the {what}: Alt-a"),
            format!("{with} is in the chat: Alt-a"),
            "chat open: Alt-a".to_owned(),
        ]);
    }
    let talk = state.announcement()?;
    let said = format!("{} to all: {}", shown_name(&talk.user), flatten(&talk.text));
    Some([60, 40, 24, 16, 9].into_iter().map(|width| truncated(&said, width)).collect())
}

/// How much is new in other conversations, where the list that shows it is hidden.
fn new_elsewhere(state: &State) -> Option<String> {
    if state.geometry().sidebar > 0 {
        return None;
    }
    match state.conversations().unread_elsewhere() {
        (0, _) => None,
        (new, 0) => Some(format!("{new} new · Alt-a")),
        (new, mentions) => Some(format!("@{mentions} · {new} new · Alt-a")),
    }
}

/// How the connection is, and whether that matters now.
fn connection(state: &State) -> (String, bool) {
    let unsent = match state.unsent() {
        0 => String::new(),
        1 => " · 1 line unsent".to_owned(),
        n => format!(" · {n} lines unsent"),
    };
    match state.phase() {
        Phase::Up if state.engine().silence().is_some() => {
            let seconds = state.engine().silence().unwrap_or_default();
            (format!(" ◌ no answer for {seconds} s{unsent}"), true)
        }
        Phase::Up => {
            let latency = state.latency().map_or(String::new(), |ms| format!(" {ms} ms"));
            (format!(" ● connected{latency}{unsent}"), !unsent.is_empty())
        }
        Phase::Connecting => (format!(" ○ connecting…{unsent}"), true),
        Phase::Waiting { until, why } => {
            let seconds = until.saturating_sub(state.now().ms).div_ceil(1_000);
            (format!(" ○ reconnecting in {seconds} s{unsent} · {why}"), true)
        }
        Phase::Stopped { why } if state.engine().wants_password() => {
            (format!(" ✗ not connected{unsent} · Ctrl-R asks for the password · {why}"), true)
        }
        Phase::Stopped { why } => (format!(" ✗ not connected{unsent} · {why} · Ctrl-R tries again"), true),
    }
}

/// Where the user reads and writes.
enum Reading {
    /// Back in the conversation.
    Back(String),
    /// Near the greatest length of a message.
    Draft(String),
    /// At the end.
    Usual,
}

fn reading(state: &State) -> Reading {
    let conversation = state.conversations().viewed();
    let draft = conversation.draft.text();
    let (length, lines) = (draft.chars().count(), count_lines(draft));
    match (conversation.scroll, conversation.new_below) {
        (Some(_), 0) => Reading::Back("reading back · Esc ↓ ".to_owned()),
        (Some(_), n) => Reading::Back(format!("{n} new ↓ · Esc ")),
        (None, _) if length > MESSAGE_CHARS - 100 => Reading::Draft(format!("{length} of {MESSAGE_CHARS} characters ")),
        (None, _) if lines > MESSAGE_LINES - 10 => Reading::Draft(format!("{lines} of {MESSAGE_LINES} lines ")),
        (None, _) => Reading::Usual,
    }
}

/// What is typed. Where the cursor is.
pub(super) fn input(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let draft = &state.conversations().viewed().draft;
    let (rows, (row, cell)) = draft.rows(Geometry::input_width(usize::from(area.width)));
    // The row of the cursor is always in sight.
    let height = usize::from(area.height);
    let first = (row + 1).saturating_sub(height);
    let viewed = state.conversations().viewed();
    let goes_out = state.engine().is_up() && !viewed.joining || viewed.fingerprint.is_some();
    let prompt = if goes_out { "❯" } else { "○" };
    buffer.set_stringn(area.x, area.y, prompt, 1, theme.key);
    let indent = u16::try_from(PROMPT).unwrap_or(0);
    for (y, row) in (area.top()..area.bottom()).zip(&rows[first..]) {
        let room = usize::from(area.width.saturating_sub(indent));
        buffer.set_stringn(area.x + indent, y, &draft.text()[row.clone()], room, theme.text);
    }
    let x = area.x + indent + u16::try_from(cell).unwrap_or(0);
    let y = area.y + u16::try_from(row - first).unwrap_or(0);
    (x < area.right() && y < area.bottom()).then_some(Position { x, y })
}
