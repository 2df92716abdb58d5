//! Completion by Tab: commands, people by who spoke last, rooms and paths.

use super::CLIENT_COMMANDS;
use super::conversation::ConversationId;
use super::conversations::Conversations;
use super::limits::{MAX_FOLDER_ENTRIES, MAX_ONLINE};
use super::names::NameSet;
use landline_common::clean::clean;
use landline_common::command::TOPICS;
use std::ops::Range;

/// The list of rooms is asked for again after so long.
const ROOMS_REQUEST_INTERVAL_MS: u64 = 30_000;
/// A name may begin behind these, also without a blank.
const OPENING_MARKS: &str = "@([{<\"'`*~“‘„‚«‹¿¡「『【〈《〔＠（［｛＂＇、。，！？：；";
/// More candidates than this are not gone through.
const MAX_CANDIDATES: usize = 200;

/// What Tab goes through.
#[derive(Clone, Debug)]
struct Cycle {
    /// Where in the line the candidate stands.
    range: Range<usize>,
    /// The line as it was typed.
    typed: String,
    candidates: Vec<String>,
    at: usize,
}

/// A path that the user wants completed.
#[derive(Clone, Debug)]
struct PendingFolder {
    /// The line up to the cursor.
    typed: String,
    /// Where in it the name begins that is to be completed.
    start: usize,
    /// From the last candidate on.
    back: bool,
}

/// A change of the line before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub range: Range<usize>,
    /// By what.
    pub text: String,
}

/// A folder whose names are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderRequest {
    /// The folder, as the user typed it.
    pub folder: String,
    /// How the names begin that are wanted.
    pub prefix: String,
}

/// Where candidates come from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// The user's own name, which is no candidate.
    pub me: &'s str,
    /// All conversations.
    pub conversations: &'s Conversations,
    /// The users online.
    pub online: &'s NameSet,
}

/// What may stand in a place of the line.
enum CandidateKind {
    Command,
    Room,
    Person,
}

/// Completion of the line: what Tab goes through, what was asked for, and the rooms that the server listed.
#[derive(Clone, Debug)]
pub struct Completion {
    cycle: Option<Cycle>,
    pending_folder: Option<PendingFolder>,
    rooms: NameSet,
    rooms_requested_at: Option<u64>,
}

impl Default for Completion {
    fn default() -> Completion {
        Completion { cycle: None, pending_folder: None, rooms: NameSet::new(MAX_ONLINE), rooms_requested_at: None }
    }
}

impl Completion {
    /// Ends the cycle of candidates: the line has changed otherwise.
    pub fn reset(&mut self) {
        self.cycle = None;
    }

    /// Goes on to the next candidate (or, `back`, the one before).
    pub fn next_candidate(&mut self, back: bool) -> Option<Replacement> {
        let mut cycle = self.cycle.take()?;
        let count = cycle.candidates.len();
        cycle.at = (cycle.at + if back { count - 1 } else { 1 }) % count;
        Some(self.offer(cycle))
    }

    /// Begins a cycle for the line `before` the cursor, if anything fits it.
    pub fn start(&mut self, before: &str, back: bool, sources: Sources<'_>) -> Option<Replacement> {
        let (start, candidates) = self.candidates(before, sources);
        self.start_with(start, before.to_owned(), candidates, back)
    }

    fn start_with(&mut self, start: usize, typed: String, candidates: Vec<String>, back: bool) -> Option<Replacement> {
        let last = candidates.len().checked_sub(1)?;
        let at = if back { last } else { 0 };
        Some(self.offer(Cycle { range: start..typed.len(), typed, candidates, at }))
    }

    /// Keeps the cycle, with the candidate whose turn it is in the line.
    fn offer(&mut self, cycle: Cycle) -> Replacement {
        let text = cycle.candidates[cycle.at].clone();
        let offered = cycle.range.start..cycle.range.start + text.len();
        let range = cycle.range.clone();
        self.cycle = Some(Cycle { range: offered, ..cycle });
        Replacement { range, text }
    }

    /// Adds rooms that the server listed.
    pub fn add_rooms<'n>(&mut self, rooms: impl Iterator<Item = &'n str>) {
        rooms.for_each(|room| _ = self.rooms.add(room));
    }

    /// More is known by now: Tab goes on with all that fits.
    pub fn update(&mut self, sources: Sources<'_>) {
        let Some(cycle) = self.cycle.take() else { return };
        let (_, candidates) = self.candidates(&cycle.typed, sources);
        let at = candidates.iter().position(|other| *other == cycle.candidates[cycle.at]);
        self.cycle = at.map(|at| Cycle { candidates, at, ..cycle });
    }

    /// Whether the line `before` the cursor wants a room, and the rooms were not asked for lately.
    #[must_use]
    pub fn wants_rooms(&self, before: &str, now_ms: u64) -> bool {
        let kind = kind_of(before, word_start(before));
        matches!(kind, CandidateKind::Room)
            && self.rooms_requested_at.is_none_or(|at| now_ms >= at + ROOMS_REQUEST_INTERVAL_MS)
    }

    /// Notes when the rooms were asked for.
    pub fn record_rooms_request(&mut self, now_ms: u64) {
        self.rooms_requested_at = Some(now_ms);
    }

    /// Begins to complete a path, if one stands `before` the cursor: its folder is to be listed.
    pub fn start_path(&mut self, before: &str, back: bool) -> Option<FolderRequest> {
        let path = path_in(before)?;
        let name = path.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (folder, beginning) = path.split_at(name);
        self.pending_folder =
            Some(PendingFolder { typed: before.to_owned(), start: before.len() - beginning.len(), back });
        Some(FolderRequest { folder: folder.to_owned(), prefix: beginning.to_owned() })
    }

    /// Completes a path by the names in its folder, which may have taken a while; names of folders end as paths to them
    /// do.
    pub fn folder_listed(&mut self, names: Vec<String>, before: &str) -> Option<Replacement> {
        let PendingFolder { typed, start, back } = self.pending_folder.take()?;
        if before != typed {
            return None;
        }
        // A name that is not shown as it is cannot be chosen either.
        let fits = |name: &String| name.starts_with(&typed[start..]) && clean(name) == **name;
        let candidates: Vec<String> = names.into_iter().filter(fits).take(MAX_FOLDER_ENTRIES).collect();
        match &candidates[..] {
            // There is nothing to go through: the next Tab looks into the folder, if it is one.
            [only] => Some(Replacement { range: start..typed.len(), text: only.clone() }),
            _ => self.start_with(start, typed, candidates, back),
        }
    }

    /// What the last word before the cursor may become, and where it begins.
    fn candidates(&self, before: &str, sources: Sources<'_>) -> (usize, Vec<String>) {
        let start = word_start(before);
        let kind = kind_of(before, start);
        let opening =
            before[start..].rfind(|c| OPENING_MARKS.contains(c)).filter(|_| matches!(kind, CandidateKind::Person));
        let start = opening.map_or(start, |at| behind(before, start + at));
        let word = &before[start..];
        let wanted = word.to_lowercase();
        let tail = if matches!(kind, CandidateKind::Person) && start == 0 { ": " } else { " " };
        let mut found: Vec<String> = Vec::new();
        for name in self.known(&kind, sources) {
            let fits = name.to_lowercase().starts_with(&wanted) && !found.iter().any(|other| other == name);
            if fits && found.len() < MAX_CANDIDATES {
                found.push(name.to_owned());
            }
        }
        (start, found.into_iter().map(|name| format!("{name}{tail}")).collect())
    }

    fn known<'s>(&'s self, kind: &CandidateKind, sources: Sources<'s>) -> Vec<&'s str> {
        let viewed = sources.conversations.viewed();
        let others = |name: &&str| **name != *sources.me;
        match kind {
            CandidateKind::Command => {
                let local = CLIENT_COMMANDS.iter().map(|command| command.word);
                let typed = TOPICS.iter().filter(|topic| !topic.is_for_programs());
                let topics = typed.filter_map(|topic| topic.usage.split(' ').next());
                let mut all: Vec<&str> = local.chain(topics).collect();
                all.sort_unstable();
                all
            }
            CandidateKind::Room => {
                let own =
                    sources.conversations.iter().filter(|c| matches!(c.id, ConversationId::Room(_))).map(|c| &*c.title);
                own.chain(self.rooms.iter()).collect()
            }
            CandidateKind::Person => {
                let partner = viewed.id.is_one_to_one().then_some(&*viewed.title);
                let speakers = viewed.speakers.iter().map(|name| &**name);
                let people =
                    sources.conversations.iter().filter(|c| matches!(c.id, ConversationId::User(_))).map(|c| &*c.title);
                let all =
                    speakers.chain(partner).chain(viewed.members.iter()).chain(people).chain(sources.online.iter());
                all.filter(others).collect()
            }
        }
    }
}

/// Where the last word of a line begins.
fn word_start(line: &str) -> usize {
    line.rfind(char::is_whitespace).map_or(0, |at| behind(line, at))
}

/// Where the character behind the one at `at` begins.
fn behind(line: &str, at: usize) -> usize {
    at + line[at..].chars().next().map_or(0, char::len_utf8)
}

/// What is meant at `start` of a line: what the command in front of it takes there.
fn kind_of(before: &str, start: usize) -> CandidateKind {
    if start == 0 {
        return if before.starts_with('/') { CandidateKind::Command } else { CandidateKind::Person };
    }
    let first = before.split(' ').next().unwrap_or_default().to_lowercase();
    if !first.starts_with('/') || before[..start].trim_end().contains(' ') {
        return CandidateKind::Person;
    }
    let local = CLIENT_COMMANDS.iter().find(|command| command.word == first).map(|command| command.usage);
    let topic = || TOPICS.iter().find(|topic| topic.usage.split(' ').next() == Some(&first)).map(|topic| topic.usage);
    match local.or_else(topic) {
        Some(usage) if usage.contains("ROOM") => CandidateKind::Room,
        Some(usage) if usage.contains("COMMAND") => CandidateKind::Command,
        _ => CandidateKind::Person,
    }
}

/// The path before the cursor, if the command in front of it takes one. There may be spaces in it.
fn path_in(before: &str) -> Option<&str> {
    let (word, rest) = before.split_once(' ')?;
    let command = CLIENT_COMMANDS.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
    command.usage.ends_with(" FILE").then(|| rest.trim_start())
}
