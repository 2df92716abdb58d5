//! What is said in rooms, as the send path takes it.

use super::circle::Movement;
use super::memory::Memory;
use crate::fanout::{ClientId, Utterance};
use landline_common::history::Said;
use landline_common::{Event, Limits, Moment, Rendering, What};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Several texts in one string: everything a client said in one read, without a new allocation each time.
#[derive(Debug, Default)]
pub struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds one.
    pub fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len());
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets them, and lets go of memory that a flood took.
    pub fn clear(&mut self) {
        self.all.clear();
        self.all.shrink_to(2 << 10);
        self.ends.clear();
        self.ends.shrink_to(64);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.all[start..*end])
    }
}

/// Talk of one person, in a room or to everybody.
pub(super) struct Talk<'a> {
    pub ids: &'a AtomicU64,
    /// What keeps it; `None` if it is not to be kept.
    pub memory: Option<&'a dyn Memory>,
    pub limits: &'a Limits,
    /// Who is told if it cannot be stored.
    pub client: ClientId,
    /// `None`: to everybody.
    pub room: Option<&'a str>,
    pub user: &'a str,
    pub texts: &'a Texts,
    pub at: Moment,
    pub first_id: u64,
}

impl Utterance for Talk<'_> {
    fn number(&mut self) -> u64 {
        let count = self.texts.ends.len() as u64;
        self.first_id = self.ids.fetch_add(count, Relaxed);
        // Under the log's lock: who has heard it finds it in the history.
        if let Some(memory) = self.memory {
            let Talk { first_id, at, room, user, client, .. } = *self;
            memory.keep(&Said { first_id, at, room, user, client }, &mut self.texts.iter());
        }
        (self.first_id + count).saturating_sub(1)
    }

    fn lines(&self) -> u64 {
        self.texts.ends.len() as u64
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        for (id, text) in (self.first_id..).zip(self.texts.iter()) {
            let (user, text) = (self.user.into(), text.into());
            let what = match self.room {
                Some(room) => What::Said { id, room: room.into(), user, text },
                None => What::SaidToAll { id, user, text },
            };
            Rendering::at(rendering).write(&what.at(self.at), self.limits, out);
            #[cfg(feature = "faults")]
            crate::faults::strike("log", out);
        }
    }
}

/// An event that a whole room hears.
pub(super) struct Notice<'a> {
    pub event: Event<'a>,
    pub limits: &'a Limits,
    /// If it tells of one: then it may be told together with others.
    pub movement: Option<Movement<'a>>,
}

impl<'a> Notice<'a> {
    /// Something that is told as it is.
    pub(super) fn of(event: Event<'a>, limits: &'a Limits) -> Notice<'a> {
        Notice { event, limits, movement: None }
    }
}

impl Utterance for Notice<'_> {
    fn is_worth(&mut self, hearers: usize) -> bool {
        !self.movement.as_ref().is_some_and(|movement| movement.is_gathered(hearers, self.event.at))
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        Rendering::at(rendering).write(&self.event, self.limits, out);
    }
}
