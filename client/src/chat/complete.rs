//! Completion by Tab: commands, people by who spoke last, rooms (and paths, see `files.rs`).

use super::conversation::Place;
use super::local::LOCAL;
use super::state::State;
use crate::engine::RequestKind;
use landline_common::command::TOPICS;
use std::ops::Range;

/// The list of rooms is asked for again after so long.
const ROOMS_MS: u64 = 30_000;
/// More candidates than this are not gone through.
const MOST: usize = 200;

/// What Tab goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// Where in the line the candidate stands.
    range: Range<usize>,
    /// The line as it was typed.
    typed: String,
    candidates: Vec<String>,
    at: usize,
}

impl Completion {
    /// Begins at the first of the candidates for what stands at `start` of the line (or, `back`, at the last).
    pub(super) fn new(start: usize, typed: String, candidates: Vec<String>, back: bool) -> Completion {
        let at = if back { candidates.len() - 1 } else { 0 };
        Completion { range: start..typed.len(), typed, candidates, at }
    }
}

/// What may stand in a place of the line.
enum Kind {
    Command,
    Room,
    Person,
}

impl State {
    pub(super) fn complete(&mut self, back: bool) {
        let completion = match self.completion.take() {
            Some(mut going) => {
                let count = going.candidates.len();
                going.at = (going.at + if back { count - 1 } else { 1 }) % count;
                going
            }
            None if self.ask_folder(back) => return,
            None => {
                if matches!(self.kind_here(), Kind::Room) {
                    self.ask_rooms();
                }
                let typed = self.talks.viewed().draft.before().to_owned();
                let (start, candidates) = self.candidates(&typed);
                if candidates.is_empty() {
                    return;
                }
                Completion::new(start, typed, candidates, back)
            }
        };
        self.offer(completion);
    }

    /// Puts the candidate whose turn it is into the line.
    pub(super) fn offer(&mut self, completion: Completion) {
        let text = &completion.candidates[completion.at];
        self.talks.viewed_mut().draft.replace(completion.range.clone(), text);
        let range = completion.range.start..completion.range.start + text.len();
        self.completion = Some(Completion { range, ..completion });
    }

    /// More is known by now: Tab goes on with all that fits.
    pub(super) fn complete_anew(&mut self) {
        let Some(going) = self.completion.take() else { return };
        let (_, candidates) = self.candidates(&going.typed);
        let at = candidates.iter().position(|other| *other == going.candidates[going.at]);
        self.completion = at.map(|at| Completion { candidates, at, ..going });
    }

    fn kind_here(&self) -> Kind {
        let before = self.talks.viewed().draft.before();
        kind_of(before, before.rfind(' ').map_or(0, |at| at + 1))
    }

    /// Which rooms there are is asked when somebody wants to know, and not every time.
    fn ask_rooms(&mut self) {
        let known = self.asked_rooms_at.is_some_and(|at| self.now.ms < at + ROOMS_MS);
        if !known && self.engine.is_up() {
            self.asked_rooms_at = Some(self.now.ms);
            self.engine.ask(RequestKind::RoomList);
        }
    }

    /// What the last word before the cursor may become, and where it begins.
    fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        let start = before.rfind(' ').map_or(0, |at| at + 1);
        let word = &before[start..];
        let kind = kind_of(before, start);
        let (at, word) = match word.strip_prefix('@') {
            Some(rest) if matches!(kind, Kind::Person) => ("@", rest),
            _ => ("", word),
        };
        let wanted = word.to_lowercase();
        let tail = if matches!(kind, Kind::Person) && start == 0 && at.is_empty() { ": " } else { " " };
        let mut found: Vec<String> = Vec::new();
        for name in self.known(&kind) {
            let fits = name.to_lowercase().starts_with(&wanted) && !found.iter().any(|other| other == name);
            if fits && found.len() < MOST {
                found.push(name.to_owned());
            }
        }
        (start, found.into_iter().map(|name| format!("{at}{name}{tail}")).collect())
    }

    fn known(&self, kind: &Kind) -> Vec<&str> {
        let viewed = self.talks.viewed();
        let others = |name: &&str| **name != *self.me;
        match kind {
            Kind::Command => {
                let local = LOCAL.iter().map(|command| command.word);
                let typed = TOPICS.iter().filter(|topic| !topic.is_for_programs());
                let topics = typed.filter_map(|topic| topic.usage.split(' ').next());
                let mut all: Vec<&str> = local.chain(topics).collect();
                all.sort_unstable();
                all
            }
            Kind::Room => {
                let own = self.talks.iter().filter(|c| matches!(c.place, Place::Room(_))).map(|c| &*c.title);
                own.chain(self.rooms.iter()).collect()
            }
            Kind::Person => {
                let partner = viewed.place.is_personal().then_some(&*viewed.title);
                let speakers = viewed.speakers.iter().map(|name| &**name);
                let people = self.talks.iter().filter(|c| matches!(c.place, Place::Person(_))).map(|c| &*c.title);
                let all = speakers.chain(partner).chain(viewed.members.iter()).chain(people).chain(self.online.iter());
                all.filter(others).collect()
            }
        }
    }
}

/// What is meant at `start` of a line: what the command in front of it takes there.
fn kind_of(before: &str, start: usize) -> Kind {
    if start == 0 {
        return if before.starts_with('/') { Kind::Command } else { Kind::Person };
    }
    let first = before.split(' ').next().unwrap_or_default().to_lowercase();
    if !first.starts_with('/') || before[..start].trim_end().contains(' ') {
        return Kind::Person;
    }
    let local = LOCAL.iter().find(|command| command.word == first).map(|command| command.usage);
    let topic = || TOPICS.iter().find(|topic| topic.usage.split(' ').next() == Some(&first)).map(|topic| topic.usage);
    match local.or_else(topic) {
        Some(usage) if usage.contains("ROOM") => Kind::Room,
        Some(usage) if usage.contains("COMMAND") => Kind::Command,
        _ => Kind::Person,
    }
}
