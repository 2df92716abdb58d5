//! Draws the title bar, the status line and the input.

use super::super::theme::Theme;
use super::write_spans;
use crate::chat::State;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::geometry::{Geometry, PROMPT};
use crate::chat::limits::MESSAGE_CHARS;
use crate::chat::room_status::Pin;
use crate::chat::rows::shown_name;
use crate::chat::wrap::{CellWidth, truncated};
use crate::engine::Phase;
use landline_common::clean::{count_lines, flatten};
use landline_common::limits::MESSAGE_LINES;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Sign of an encrypted connection or chat.
pub(super) const LOCK: &str = "🔒";

/// Seconds until the next attempt from which on the status line names the key that connects at once.
const WORTH_A_KEY_S: u64 = 5;
/// Cells of a topic at least; a shorter part of it would say nothing.
const MIN_TOPIC: usize = 8;

/// Draws the title bar: the conversation, its rules and its topic at the left, the user and the server at the right.
pub(super) fn title(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    buffer.set_style(area, theme.bar);
    let conversation = state.conversations().viewed();
    let (name, about) = named(state, conversation);
    let right = format!("{} on {} ", state.me(), state.server());
    let (about, right) = match &conversation.fingerprint {
        Some(fingerprint) => {
            encrypted(fingerprint, usize::from(area.width).saturating_sub(name.cell_width() + 4), right)
        }
        None => (about, right),
    };
    let width = usize::from(area.width).saturating_sub(right.cell_width() + 1);
    let left = truncated(&format!(" {name}"), width);
    write_spans(area, area.y, buffer, &[(&left, theme.bar_strong)]);
    let x = area.x + u16::try_from(left.cell_width() + 2).unwrap_or(0);
    let left_over = usize::from(area.width).saturating_sub(left.cell_width() + 2 + right.cell_width() + 1);
    let about = with_topic(about, conversation.room_status.topic(), left_over);
    buffer.set_stringn(x, area.y, truncated(&about, left_over), left_over, theme.bar);
    if right.cell_width() < usize::from(area.width) / 2 {
        let x = area.right() - u16::try_from(right.cell_width()).unwrap_or(0);
        buffer.set_stringn(x, area.y, &right, right.cell_width(), theme.bar);
    }
}

/// Returns the name of a conversation, and what to say about it.
fn named(state: &State, conversation: &Conversation) -> (String, String) {
    match &conversation.id {
        ConversationId::Room(_) if conversation.joining => (conversation.title.to_string(), "joining…".to_owned()),
        ConversationId::Room(room) if state.engine().was_up() && !state.engine().is_in(room) => {
            (conversation.title.to_string(), "you are not in this room".to_owned())
        }
        ConversationId::Room(_) => {
            let members = match conversation.members_known() {
                Some(1) => Some("only you are here".to_owned()),
                Some(members) => Some(format!("{members} here")),
                None => None,
            };
            let rules = conversation.room_status.words(state.now().ms);
            let about: Vec<String> = members.into_iter().chain(rules).collect();
            (conversation.title.to_string(), about.join(" · "))
        }
        ConversationId::Global => ("everybody".to_owned(), "all users online".to_owned()),
        ConversationId::User(_) => (conversation.title.to_string(), "messages, stored by the server".to_owned()),
        ConversationId::OffTheRecord(_) => (conversation.title.to_string(), secret(conversation, "off the record")),
        ConversationId::Encrypted(_) => (format!("{LOCK} {}", conversation.title), secret(conversation, "encrypted")),
        ConversationId::Mentions => ("mentions".to_owned(), "where you were named".to_owned()),
        ConversationId::Server => ("server".to_owned(), "connection log".to_owned()),
    }
}

/// Adds the topic of a room, unless less than [`MIN_TOPIC`] cells of `width` are left for it.
fn with_topic(about: String, topic: Option<&str>, width: usize) -> String {
    let Some(topic) = topic else { return about };
    let text = if about.is_empty() { topic.to_owned() } else { format!("{about} · {topic}") };
    let needed = (about.cell_width() + 3 + MIN_TOPIC).min(text.cell_width());
    if needed <= width { text } else { about }
}

/// Describes a chat that is not stored: its kind, and whether it accepts messages.
fn secret(conversation: &Conversation, what: &str) -> String {
    let state = match conversation.chat_state {
        SecretChatState::NotOpen => "not open",
        SecretChatState::Opening => "opening…",
        SecretChatState::Open => "stored nowhere",
        SecretChatState::Ended => "ended",
    };
    format!("{what}, {state}")
}

/// Describes an encrypted chat in words, since some terminals cannot show the lock. Returns the description and the text
/// at the right. The fingerprint is shown in full or not at all, and replaces the text at the right if `width` is short.
fn encrypted(fingerprint: &str, width: usize, right: String) -> (String, String) {
    let whole = format!("encrypted · compare {fingerprint}");
    if whole.cell_width() + 1 + right.cell_width() <= width {
        return (whole, right);
    }
    let shorter = [whole, format!("encrypted · {fingerprint}"), fingerprint.to_owned()];
    let fits = shorter.into_iter().find(|about| about.cell_width() <= width);
    fits.map_or(("encrypted".to_owned(), right), |about| (about, String::new()))
}

/// Draws the pinned message above the conversation.
pub(super) fn pin(pin: &Pin, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (label, name) = (" pinned ", format!("{}: ", pin.user));
    let width = usize::from(area.width).saturating_sub(label.cell_width() + name.cell_width() + 1);
    let text = truncated(&pin.text, width);
    write_spans(
        area,
        area.y,
        buffer,
        &[(label, theme.bar), (" ", theme.text), (&name, theme.dim), (&text, theme.text)],
    );
}

/// Draws the status line: the connection and requests at the left, unread messages and the reading position at the right.
pub(super) fn status(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    buffer.set_style(area, theme.bar);
    let (right, right_style) = match (new_elsewhere(state), reading(state)) {
        (Some(new), Reading::Usual) => (format!("{new} "), theme.bar_strong),
        (Some(new), Reading::Back(_)) => (format!("{new} · Esc ↓ "), theme.bar_strong),
        (_, Reading::Back(back)) => (back, theme.bar_strong),
        (_, Reading::Draft(length)) => (length, theme.bar),
        (None, Reading::Usual) if runs_room(state) => ("F2 user · F3 room · F1 help ".to_owned(), theme.bar),
        (None, Reading::Usual) => ("F1 help ".to_owned(), theme.bar),
    };
    let width = usize::from(area.width).saturating_sub(right.cell_width() + 1);
    let (text, strong) = connection(state, width);
    let style = if strong { theme.bar_strong } else { theme.bar };
    // A problem of the connection keeps its text; a good connection may shrink to its sign to make space for a request.
    let (text, attention) = match attention(state) {
        Some(forms) if strong => (text.clone(), fitting(&forms, width.saturating_sub(text.cell_width() + 3))),
        Some(forms) => {
            let long = fitting(&forms[..1], width.saturating_sub(text.cell_width() + 3));
            let short = || (" ●".to_owned(), fitting(&forms, width.saturating_sub(5)));
            long.map_or_else(short, |long| (text.clone(), Some(long)))
        }
        None => (text, None),
    };
    let attention = attention.map_or(String::new(), |attention| format!(" · {attention}"));
    write_spans(area, area.y, buffer, &[(&truncated(&text, width), style), (&attention, theme.bar_strong)]);
    let x = area.right().saturating_sub(u16::try_from(right.cell_width()).unwrap_or(0));
    buffer.set_stringn(x, area.y, &right, right.cell_width(), right_style);
}

/// Returns whether the user runs the shown room now, so that its menus are worth a hint.
fn runs_room(state: &State) -> bool {
    state.geometry().sidebar > 0 && *state.phase() == Phase::Up && state.conversations().viewed().room_status.is_owner()
}

/// Returns the first form that fits into `width`.
fn fitting(forms: &[String], width: usize) -> Option<String> {
    forms.iter().find(|form| form.cell_width() <= width).cloned()
}

/// Returns what needs the user's attention in any conversation, in several forms from the longest to the shortest: a
/// request for a chat, a chat that has opened, or a message to all users.
fn attention(state: &State) -> Option<Vec<String>> {
    if let Some((request, count)) = state.requests().newest() {
        let user = &request.user;
        let what = request.id.chat_name();
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
        let with = shown_name(&chat.title);
        let what = chat.id.chat_name();
        return Some(vec![
            format!("{with} is in the {what}: Alt-a"),
            format!("{with} is in the chat: Alt-a"),
            "chat open: Alt-a".to_owned(),
        ]);
    }
    let talk = state.announcement()?;
    let said = format!("{} to all: {}", shown_name(&talk.user), flatten(&talk.shown_text()));
    Some([60, 40, 24, 16, 9].into_iter().map(|width| truncated(&said, width)).collect())
}

/// Returns the number of unread messages in other conversations, if the list of conversations is hidden.
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

/// Returns the text about the connection, and whether it reports a problem. A reason is cut where the key that connects
/// would not fit into `width`.
fn connection(state: &State, width: usize) -> (String, bool) {
    let reason = |what: &str, why: &str, key: &str| {
        let left = width.saturating_sub(what.cell_width() + key.cell_width() + 3);
        format!("{what} · {}{key}", truncated(why, left))
    };
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
            let lock = if state.encryption().is_on() { format!(" {LOCK}") } else { String::new() };
            let text = format!(" ● connected{lock}{latency}{unsent}");
            // Without the space for both, the number is worth more.
            let text = if text.cell_width() > width { format!(" ● connected{latency}{unsent}") } else { text };
            (text, !unsent.is_empty())
        }
        Phase::Connecting => (format!(" ○ connecting…{unsent}"), true),
        Phase::Waiting { until, why } => {
            let seconds = until.saturating_sub(state.now().ms).div_ceil(1_000);
            let key = if seconds >= WORTH_A_KEY_S { " · Ctrl-R now" } else { "" };
            (reason(&format!(" ○ reconnecting in {seconds} s{unsent}"), why, key), true)
        }
        Phase::Stopped { why } if state.engine().wants_password() => {
            (format!(" ✗ not connected{unsent} · Ctrl-R asks for the password · {why}"), true)
        }
        Phase::Stopped { why } => (reason(&format!(" ✗ not connected{unsent}"), why, " · Ctrl-R tries again"), true),
    }
}

/// The text at the right of the status line, about the shown conversation.
enum Reading {
    /// The user has scrolled back.
    Back(String),
    /// The draft is near the maximum length of a message.
    Draft(String),
    /// The conversation is shown to its end.
    Usual,
}

fn reading(state: &State) -> Reading {
    let conversation = state.conversations().viewed();
    let draft = conversation.draft.text();
    let length = draft.chars().count();
    let lines = count_lines(draft);
    if conversation.editing.is_some() && length <= MESSAGE_CHARS {
        return Reading::Draft("changes your message · Esc keeps it ".to_owned());
    }
    match (conversation.scroll, conversation.new_below) {
        (Some(_), 0) => Reading::Back("reading back · Esc ↓ ".to_owned()),
        (Some(_), n) => Reading::Back(format!("{n} new ↓ · Esc ")),
        (None, _) if length > MESSAGE_CHARS - 100 => Reading::Draft(format!("{length} of {MESSAGE_CHARS} characters ")),
        (None, _) if lines > MESSAGE_LINES - 10 => Reading::Draft(format!("{lines} of {MESSAGE_LINES} lines ")),
        (None, _) => Reading::Usual,
    }
}

/// Draws the input. Returns the position of the cursor.
pub(super) fn input(state: &State, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let draft = &state.conversations().viewed().draft;
    let (rows, (row, cell)) = draft.rows(Geometry::input_width(usize::from(area.width)));
    // Scroll so that the row of the cursor is visible.
    let height = usize::from(area.height);
    let first = (row + 1).saturating_sub(height);
    let viewed = state.conversations().viewed();
    let goes_out = state.engine().is_up() && !viewed.joining || viewed.fingerprint.is_some();
    let now_ms = state.now().ms;
    let prompt = match (goes_out, viewed.room_status.silences(now_ms)) {
        _ if viewed.editing.is_some() => "✎",
        (false, _) => "○",
        (true, true) => "✗",
        (true, false) => "❯",
    };
    buffer.set_stringn(area.x, area.y, prompt, 1, theme.key);
    let indent = u16::try_from(PROMPT).unwrap_or(0);
    if draft.text().is_empty()
        && let Some(caution) = viewed.room_status.caution(now_ms)
    {
        // One cell is for the cursor.
        let width = usize::from(area.width.saturating_sub(indent + 1));
        buffer.set_stringn(area.x + indent + 1, area.y, truncated(&caution, width), width, theme.dim);
    }
    for (y, row) in (area.top()..area.bottom()).zip(&rows[first..]) {
        let width = usize::from(area.width.saturating_sub(indent));
        buffer.set_stringn(area.x + indent, y, &draft.text()[row.clone()], width, theme.text);
    }
    let x = area.x + indent + u16::try_from(cell).unwrap_or(0);
    let y = area.y + u16::try_from(row - first).unwrap_or(0);
    (x < area.right() && y < area.bottom()).then_some(Position { x, y })
}
