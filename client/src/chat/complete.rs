//! Completion by Tab: commands, people by who spoke last, rooms and paths.

use super::LOCAL;
use super::conversation::ConversationId;
use super::conversations::Conversations;
use super::limits::{NAMES, ONLINE};
use super::names::Names;
use landline_common::clean::clean;
use landline_common::command::{Audience, commands};
use std::ops::Range;

/// The list of rooms is asked for again after so long.
const ROOMS_MS: u64 = 30_000;
/// A name may begin behind these, also without a blank.
const OPENING: &str = "@([{<\"'`*~“‘„‚«‹¿¡「『【〈《〔＠（［｛＂＇、。，！？：；";
/// More candidates than this are not gone through.
const MOST: usize = 200;

/// What Tab goes through.
#[derive(Clone, Debug)]
struct Round {
    /// Where in the line the candidate stands.
    range: Range<usize>,
    /// The line as it was typed.
    typed: String,
    candidates: Vec<String>,
    at: usize,
}

/// A path that the user wants completed.
#[derive(Clone, Debug)]
struct Asked {
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
    pub beginning: String,
}

/// Where candidates come from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// The user's own name, which is no candidate.
    pub me: &'s str,
    /// All conversations.
    pub conversations: &'s Conversations,
    /// The users online.
    pub online: &'s Names,
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
    round: Option<Round>,
    asked_folder: Option<Asked>,
    rooms: Names,
    rooms_asked_at: Option<u64>,
}

impl Default for Completion {
    fn default() -> Completion {
        Completion { round: None, asked_folder: None, rooms: Names::new(ONLINE), rooms_asked_at: None }
    }
}

impl Completion {
    /// Ends the round of candidates: the line has changed otherwise.
    pub fn end(&mut self) {
        self.round = None;
    }

    /// Goes on to the next candidate (or, `back`, the one before).
    pub fn go_on(&mut self, back: bool) -> Option<Replacement> {
        let mut round = self.round.take()?;
        let count = round.candidates.len();
        round.at = (round.at + if back { count - 1 } else { 1 }) % count;
        Some(self.offer(round))
    }

    /// Begins a round for the line `before` the cursor, if anything fits it.
    pub fn begin(&mut self, before: &str, back: bool, sources: Sources<'_>) -> Option<Replacement> {
        let (start, candidates) = self.candidates(before, sources);
        self.begin_with(start, before.to_owned(), candidates, back)
    }

    fn begin_with(&mut self, start: usize, typed: String, candidates: Vec<String>, back: bool) -> Option<Replacement> {
        let last = candidates.len().checked_sub(1)?;
        let at = if back { last } else { 0 };
        Some(self.offer(Round { range: start..typed.len(), typed, candidates, at }))
    }

    /// Keeps the round, with the candidate whose turn it is in the line.
    fn offer(&mut self, round: Round) -> Replacement {
        let text = round.candidates[round.at].clone();
        let offered = round.range.start..round.range.start + text.len();
        let range = round.range.clone();
        self.round = Some(Round { range: offered, ..round });
        Replacement { range, text }
    }

    /// Adds rooms that the server listed.
    pub fn add_rooms<'n>(&mut self, rooms: impl Iterator<Item = &'n str>) {
        rooms.for_each(|room| _ = self.rooms.add(room));
    }

    /// More is known by now: Tab goes on with all that fits.
    pub fn renew(&mut self, sources: Sources<'_>) {
        let Some(round) = self.round.take() else { return };
        let (_, candidates) = self.candidates(&round.typed, sources);
        let at = candidates.iter().position(|other| *other == round.candidates[round.at]);
        self.round = at.map(|at| Round { candidates, at, ..round });
    }

    /// Whether the line `before` the cursor wants a room, and the rooms were not asked for lately.
    #[must_use]
    pub fn wants_rooms(&self, before: &str, now_ms: u64) -> bool {
        let kind = kind_of(before, word_start(before));
        matches!(kind, CandidateKind::Room) && self.rooms_asked_at.is_none_or(|at| now_ms >= at + ROOMS_MS)
    }

    /// Notes when the rooms were asked for.
    pub fn asked_rooms(&mut self, now_ms: u64) {
        self.rooms_asked_at = Some(now_ms);
    }

    /// Begins to complete a path, if one stands `before` the cursor: its folder is to be listed.
    pub fn begin_path(&mut self, before: &str, back: bool) -> Option<FolderRequest> {
        let path = path_in(before)?;
        let name = path.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (folder, beginning) = path.split_at(name);
        self.asked_folder = Some(Asked { typed: before.to_owned(), start: before.len() - beginning.len(), back });
        Some(FolderRequest { folder: folder.to_owned(), beginning: beginning.to_owned() })
    }

    /// Completes a path by the names in its folder, which may have taken a while; names of folders end as paths to them
    /// do.
    pub fn folder_listed(&mut self, names: Vec<String>, before: &str) -> Option<Replacement> {
        let Asked { typed, start, back } = self.asked_folder.take()?;
        if before != typed {
            return None;
        }
        // A name that is not shown as it is cannot be chosen either.
        let fits = |name: &String| name.starts_with(&typed[start..]) && clean(name) == **name;
        let candidates: Vec<String> = names.into_iter().filter(fits).take(NAMES).collect();
        match &candidates[..] {
            // There is nothing to go through: the next Tab looks into the folder, if it is one.
            [only] => Some(Replacement { range: start..typed.len(), text: only.clone() }),
            _ => self.begin_with(start, typed, candidates, back),
        }
    }

    /// What the last word before the cursor may become, and where it begins.
    fn candidates(&self, before: &str, sources: Sources<'_>) -> (usize, Vec<String>) {
        let start = word_start(before);
        let kind = kind_of(before, start);
        let opening = before[start..].rfind(|c| OPENING.contains(c)).filter(|_| matches!(kind, CandidateKind::Person));
        let start = opening.map_or(start, |at| behind(before, start + at));
        let word = &before[start..];
        let wanted = word.to_lowercase();
        let tail = if matches!(kind, CandidateKind::Person) && start == 0 { ": " } else { " " };
        let mut found: Vec<String> = Vec::new();
        for name in self.known(&kind, sources) {
            let fits = name.to_lowercase().starts_with(&wanted) && !found.iter().any(|other| other == name);
            if fits && found.len() < MOST {
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
                let local = LOCAL.iter().map(|command| command.word);
                let typed = commands().filter(|spec| spec.audience != Audience::Programs);
                let words = typed.filter_map(|spec| spec.usage.split(' ').next());
                let mut all: Vec<&str> = local.chain(words).collect();
                all.sort_unstable();
                all
            }
            CandidateKind::Room => {
                let own = sources
                    .conversations
                    .iter()
                    .filter(|c| matches!(c.place, ConversationId::Room(_)))
                    .map(|c| &*c.title);
                own.chain(self.rooms.iter()).collect()
            }
            CandidateKind::Person => {
                let partner = viewed.place.is_personal().then_some(&*viewed.title);
                let speakers = viewed.speakers.iter().map(|name| &**name);
                let people = sources
                    .conversations
                    .iter()
                    .filter(|c| matches!(c.place, ConversationId::Person(_)))
                    .map(|c| &*c.title);
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
    let local = LOCAL.iter().find(|command| command.word == first).map(|command| command.usage);
    let topic = || commands().find(|topic| first.strip_prefix('/') == Some(topic.word())).map(|topic| topic.usage);
    match local.or_else(topic) {
        Some(usage) if usage.contains("ROOM") => CandidateKind::Room,
        Some(usage) if usage.contains("COMMAND") => CandidateKind::Command,
        _ => CandidateKind::Person,
    }
}

/// The path before the cursor, if the command in front of it takes one. There may be spaces in it.
fn path_in(before: &str) -> Option<&str> {
    let (word, rest) = before.split_once(' ')?;
    let command = LOCAL.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
    command.usage.ends_with(" FILE").then(|| rest.trim_start())
}
