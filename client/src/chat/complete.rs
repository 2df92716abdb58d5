//! Completion by Tab of commands, users (recent speakers first), rooms and paths.
//!
//! The first Tab collects candidates and puts one into the line; each further Tab replaces it by the next. Any other key
//! ends the cycle ([`Completion::reset`]). The contents of a folder arrive later, as an input; they are dropped if the
//! line has changed since.

use super::client_commands::CLIENT_COMMANDS;
use super::conversation::ConversationId;
use super::conversations::Conversations;
use super::limits::{MAX_FOLDER_ENTRIES, MAX_ONLINE};
use super::names::NameSet;
use landline_common::clean::clean;
use landline_common::command::{Audience, commands};
use std::ops::Range;

/// Milliseconds after which the list of rooms is requested again.
const ROOMS_REQUEST_INTERVAL_MS: u64 = 30_000;
/// Characters after which a name may begin without a blank.
const OPENING_MARKS: &str = "@([{<\"'`*~“‘„‚«‹¿¡「『【〈《〔＠（［｛＂＇、。，！？：；";
/// Number of candidates in a cycle.
const MAX_CANDIDATES: usize = 200;

/// The candidates that Tab cycles through.
#[derive(Clone, Debug)]
struct Cycle {
    /// Position of the current candidate in the line, in bytes.
    range: Range<usize>,
    /// Line up to the cursor, as the user typed it.
    typed: String,
    candidates: Vec<String>,
    /// Index of the current candidate.
    at: usize,
}

/// A path to be completed as soon as its folder is listed.
#[derive(Clone, Debug)]
struct PendingFolder {
    /// Line up to the cursor.
    typed: String,
    /// Position of the incomplete name in it, in bytes.
    start: usize,
    /// True to begin with the last candidate (Shift-Tab).
    back: bool,
}

/// An edit of the line before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Bytes to replace.
    pub range: Range<usize>,
    /// New text.
    pub text: String,
}

/// A request to list a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderRequest {
    /// Folder, as the user typed it; empty for the current one.
    pub folder: String,
    /// Beginning of the wanted names.
    pub prefix: String,
}

/// Sources of candidates.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// Name of the user, which is no candidate.
    pub me: &'s str,
    /// Conversations.
    pub conversations: &'s Conversations,
    /// Users online.
    pub online: &'s NameSet,
}

/// The kind of word to complete.
enum CandidateKind {
    Command,
    Room,
    User,
    /// One of the words of a command, such as `on` and `off`.
    Choice(&'static str),
}

/// The state of completion.
#[derive(Clone, Debug)]
pub struct Completion {
    cycle: Option<Cycle>,
    pending_folder: Option<PendingFolder>,
    /// Rooms that the server has listed.
    rooms: NameSet,
    rooms_requested_at: Option<u64>,
}

impl Default for Completion {
    fn default() -> Completion {
        Completion { cycle: None, pending_folder: None, rooms: NameSet::new(MAX_ONLINE), rooms_requested_at: None }
    }
}

impl Completion {
    /// Ends the cycle of candidates, since the line was changed by other means.
    pub fn reset(&mut self) {
        self.cycle = None;
    }

    /// Returns the edit for the next candidate (`back`: the previous one), or `None` if there is no cycle. `before` is the
    /// text before the cursor. The cycle ends if that is not its own text: an event may have put another draft there.
    pub fn next_candidate(&mut self, back: bool, before: &str) -> Option<Replacement> {
        let mut cycle = self.cycle.take()?;
        let (head, offered) = before.split_at_checked(cycle.range.start)?;
        if offered != cycle.candidates[cycle.at] || !cycle.typed.starts_with(head) {
            return None;
        }
        let count = cycle.candidates.len();
        cycle.at = (cycle.at + if back { count - 1 } else { 1 }) % count;
        Some(self.offer(cycle))
    }

    /// Starts a cycle for the text `before` the cursor. Returns the edit for its first candidate, if there is one.
    pub fn start(&mut self, before: &str, back: bool, sources: Sources<'_>) -> Option<Replacement> {
        let (start, candidates) = self.candidates(before, sources);
        self.start_with(start, before.to_owned(), candidates, back)
    }

    fn start_with(&mut self, start: usize, typed: String, candidates: Vec<String>, back: bool) -> Option<Replacement> {
        let last = candidates.len().checked_sub(1)?;
        let at = if back { last } else { 0 };
        Some(self.offer(Cycle { range: start..typed.len(), typed, candidates, at }))
    }

    /// Stores the cycle, and returns the edit for its current candidate.
    fn offer(&mut self, cycle: Cycle) -> Replacement {
        let text = cycle.candidates[cycle.at].clone();
        let offered = cycle.range.start..cycle.range.start + text.len();
        let range = cycle.range.clone();
        self.cycle = Some(Cycle { range: offered, ..cycle });
        Replacement { range, text }
    }

    /// Adds rooms that the server has listed.
    pub fn add_rooms<'n>(&mut self, rooms: impl Iterator<Item = &'n str>) {
        for room in rooms {
            self.rooms.add(room);
        }
    }

    /// Updates the candidates of the cycle, since more names are known. The current candidate stays.
    pub fn update(&mut self, sources: Sources<'_>) {
        let Some(cycle) = self.cycle.take() else { return };
        let (_, candidates) = self.candidates(&cycle.typed, sources);
        let at = candidates.iter().position(|other| *other == cycle.candidates[cycle.at]);
        self.cycle = at.map(|at| Cycle { candidates, at, ..cycle });
    }

    /// Returns whether the list of rooms should be requested to complete the text `before` the cursor.
    #[must_use]
    pub fn wants_rooms(&self, before: &str, now_ms: u64) -> bool {
        let kind = kind_of(before, word_start(before));
        matches!(kind, CandidateKind::Room)
            && self.rooms_requested_at.is_none_or(|at| now_ms >= at + ROOMS_REQUEST_INTERVAL_MS)
    }

    /// Records a request for the list of rooms.
    pub fn record_rooms_request(&mut self, now_ms: u64) {
        self.rooms_requested_at = Some(now_ms);
    }

    /// Starts to complete the path `before` the cursor, if there is one. Returns the folder that must be listed.
    pub fn start_path(&mut self, before: &str, back: bool) -> Option<FolderRequest> {
        let path = path_in(before)?;
        let name = path.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (folder, beginning) = path.split_at(name);
        self.pending_folder =
            Some(PendingFolder { typed: before.to_owned(), start: before.len() - beginning.len(), back });
        Some(FolderRequest { folder: folder.to_owned(), prefix: beginning.to_owned() })
    }

    /// Completes the path with the names in its folder; names of folders end with a separator. Returns `None` if the text
    /// `before` the cursor has changed since, or no name fits.
    pub fn folder_listed(&mut self, names: Vec<String>, before: &str) -> Option<Replacement> {
        let PendingFolder { typed, start, back } = self.pending_folder.take()?;
        if before != typed {
            return None;
        }
        // Skip a name that the screen could not show as it is.
        let fits = |name: &String| name.starts_with(&typed[start..]) && clean(name) == **name;
        let candidates: Vec<String> = names.into_iter().filter(fits).take(MAX_FOLDER_ENTRIES).collect();
        match &candidates[..] {
            // Start no cycle, so that the next Tab lists this folder, if it is one.
            [only] => Some(Replacement { range: start..typed.len(), text: only.clone() }),
            _ => self.start_with(start, typed, candidates, back),
        }
    }

    /// Returns the position of the last word before the cursor, and its completions.
    fn candidates(&self, before: &str, sources: Sources<'_>) -> (usize, Vec<String>) {
        let start = word_start(before);
        let kind = kind_of(before, start);
        let opening =
            before[start..].rfind(|c| OPENING_MARKS.contains(c)).filter(|_| matches!(kind, CandidateKind::User));
        let start = opening.map_or(start, |at| after_char(before, start + at));
        let word = &before[start..];
        let wanted = word.to_lowercase();
        let tail = if matches!(kind, CandidateKind::User) && start == 0 { ": " } else { " " };
        let mut found: Vec<String> = Vec::new();
        for name in self.known(&kind, sources) {
            let fits = name.to_lowercase().starts_with(&wanted) && !found.iter().any(|other| other == name);
            if fits && found.len() < MAX_CANDIDATES {
                found.push(name.to_owned());
            }
        }
        (start, found.into_iter().map(|name| format!("{name}{tail}")).collect())
    }

    /// Returns all known names of a kind, in the order in which they are offered.
    fn known<'s>(&'s self, kind: &CandidateKind, sources: Sources<'s>) -> Vec<&'s str> {
        let viewed = sources.conversations.viewed();
        let others = |name: &&str| **name != *sources.me;
        match kind {
            CandidateKind::Command => {
                let local = CLIENT_COMMANDS.iter().map(|command| command.word);
                let typed = commands().filter(|spec| spec.audience != Audience::Programs);
                let words = typed.filter_map(|spec| spec.usage.split(' ').next());
                let mut all: Vec<&str> = local.chain(words).collect();
                all.sort_unstable();
                all
            }
            CandidateKind::Choice(words) => words.split('|').collect(),
            CandidateKind::Room => {
                let own =
                    sources.conversations.iter().filter(|c| matches!(c.id, ConversationId::Room(_))).map(|c| &*c.title);
                own.chain(self.rooms.iter()).collect()
            }
            CandidateKind::User => {
                let partner = viewed.id.is_one_to_one().then_some(&*viewed.title);
                let speakers = viewed.speakers.iter().map(|name| &**name);
                let users =
                    sources.conversations.iter().filter(|c| matches!(c.id, ConversationId::User(_))).map(|c| &*c.title);
                let all =
                    speakers.chain(partner).chain(viewed.members.iter()).chain(users).chain(sources.online.iter());
                all.filter(others).collect()
            }
        }
    }
}

/// Returns the position of the last word of a line.
fn word_start(line: &str) -> usize {
    line.rfind(char::is_whitespace).map_or(0, |at| after_char(line, at))
}

/// Returns the position after the character at `at`.
fn after_char(line: &str, at: usize) -> usize {
    at + line[at..].chars().next().map_or(0, char::len_utf8)
}

/// Returns the kind of the word at `start`, by the usage of the command at the beginning of the line.
fn kind_of(before: &str, start: usize) -> CandidateKind {
    if start == 0 {
        return if before.starts_with('/') { CandidateKind::Command } else { CandidateKind::User };
    }
    let first = before.split(' ').next().unwrap_or_default().to_lowercase();
    if !first.starts_with('/') || before[..start].trim_end().contains(' ') {
        return CandidateKind::User;
    }
    let local = CLIENT_COMMANDS.iter().find(|command| command.word == first).map(|command| command.usage);
    let topic = || commands().find(|topic| first.strip_prefix('/') == Some(topic.word())).map(|topic| topic.usage);
    match local.or_else(topic) {
        // The first argument of `/quiet on|off`.
        Some(usage) if usage.split(' ').nth(1).is_some_and(|words| words.contains('|') && !words.contains('[')) => {
            CandidateKind::Choice(usage.split(' ').nth(1).unwrap_or_default())
        }
        Some(usage) if usage.contains("ROOM") => CandidateKind::Room,
        Some(usage) if usage.contains("COMMAND") => CandidateKind::Command,
        _ => CandidateKind::User,
    }
}

/// Returns the path before the cursor, if the command in front takes one. It may have blanks.
fn path_in(before: &str) -> Option<&str> {
    let (word, rest) = before.split_once(' ')?;
    let command = CLIENT_COMMANDS.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
    command.usage.ends_with(" FILE").then(|| rest.trim_start())
}
