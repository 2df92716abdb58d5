//! What is said in rooms, as the send path takes it.

use super::broadcast_group::PresenceChange;
use super::labels::Labels;
use super::nonces::Nonces;
use super::storage::Storage;
use crate::fanout::{ClientId, Publication};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::{HistoryOwner, NewMessages};
use landline_common::{Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering, Reply};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Several texts in one string: everything a client said in one read, without a new allocation each time.
#[derive(Debug, Default)]
pub struct LineBatch {
    all: String,
    ends: Vec<usize>,
    /// The labels of those that have one, with their places.
    tags: Vec<(usize, Tag)>,
}

/// What a program sent along with a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// What the answer carries.
    pub label: Option<String>,
    /// What makes the text recognizable when it is sent again.
    pub nonce: Option<String>,
    /// The command was written without a slash, so that the line may have been meant as talk.
    pub is_bare: bool,
}

impl Tag {
    /// Whether nothing was sent along.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.label.is_none() && self.nonce.is_none()
    }
}

impl LineBatch {
    /// Adds one.
    pub fn push(&mut self, text: &str, tag: Tag) {
        if !tag.is_empty() {
            self.tags.push((self.ends.len(), tag));
        }
        self.all.push_str(text);
        self.ends.push(self.all.len());
    }

    /// Whether one of them carries that nonce.
    #[must_use]
    pub fn has_nonce(&self, nonce: &str) -> bool {
        self.tags.iter().any(|(_, tag)| tag.nonce.as_deref() == Some(nonce))
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
        self.tags.clear();
        self.tags.shrink_to(64);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.all[start..*end])
    }
}

/// Where the ids of what was sent with a label or a nonce are noted.
#[derive(Clone, Copy)]
pub(super) struct MessageIdSink<'a> {
    pub(super) labels: Option<&'a OrderedMutex<Labels, 6>>,
    pub(super) nonces: &'a OrderedMutex<Nonces, 6>,
    pub(super) author: &'a NameKey,
    pub(super) party: &'a HistoryOwner,
}

impl MessageIdSink<'_> {
    pub(super) fn note(&self, tag: &Tag, id: u64) {
        if let (Some(labels), Some(label)) = (self.labels, &tag.label) {
            labels.lock().said(label, id);
        }
        if let Some(nonce) = &tag.nonce {
            self.nonces.lock().add(self.author.as_str(), Some(self.party), nonce, id);
        }
    }
}

/// Talk of one person, in a room or to everybody.
pub(super) struct Utterance<'a> {
    pub ids: &'a AtomicU64,
    /// What keeps it; `None` if it is not to be kept.
    pub memory: Option<&'a dyn Storage>,
    pub limits: &'a Limits,
    /// Who is told if it cannot be stored.
    pub client: ClientId,
    /// `None`: to everybody.
    pub room: Option<&'a str>,
    pub user: &'a str,
    pub texts: &'a LineBatch,
    /// `None` for the server itself.
    pub marks: Option<MessageIdSink<'a>>,
    pub at: OffsetDateTime,
    pub first_id: u64,
}

impl Utterance<'_> {
    fn event<'e>(&'e self, id: u64, text: &'e str) -> Event<'e> {
        let (user, text) = (self.user.into(), text.into());
        let what = match self.room {
            Some(room) => EventKind::Said { id, room: room.into(), user, text },
            None => EventKind::SaidToAll { id, user, text },
        };
        what.at(self.at)
    }
}

impl Publication for Utterance<'_> {
    fn assign_ids(&mut self) -> u64 {
        let count = self.texts.ends.len() as u64;
        self.first_id = self.ids.fetch_add(count, Relaxed);
        // Under the log's lock: who has heard it finds it in the history.
        if let Some(memory) = self.memory {
            let Utterance { first_id, at, room, user, client, .. } = *self;
            let tags = self.texts.tags.iter();
            let nonces = tags.filter_map(|(place, tag)| Some((*place, tag.nonce.as_deref()?))).collect::<Vec<_>>();
            memory.keep(&NewMessages { first_id, at, room, user, client, nonces: &nonces }, &mut self.texts.iter());
        }
        if let Some(marks) = self.marks {
            for (place, tag) in &self.texts.tags {
                marks.note(tag, self.first_id + *place as u64);
            }
        }
        (self.first_id + count).saturating_sub(1)
    }

    fn lines(&self) -> u64 {
        self.texts.ends.len() as u64
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        for (id, text) in (self.first_id..).zip(self.texts.iter()) {
            Rendering::at(rendering).write(&self.event(id, text), self.limits, out);
            #[cfg(feature = "faults")]
            crate::faults::strike("log", out);
        }
    }

    /// Who labels is told by objects: each text is the answer to its own label.
    fn render_own(&self, out: &mut Vec<u8>) {
        if self.texts.tags.iter().all(|(_, tag)| tag.label.is_none()) {
            return;
        }
        let mut tags = self.texts.tags.iter().peekable();
        for (place, (id, text)) in (self.first_id..).zip(self.texts.iter()).enumerate() {
            let tag = tags.next_if(|(tagged, _)| *tagged == place);
            let label = tag.and_then(|(_, tag)| tag.label.as_deref());
            let reply = label.map(|label| Reply { label: label.into(), done: true });
            Rendering::Json.write(&Event { reply, ..self.event(id, text) }, self.limits, out);
        }
    }
}

/// An event that a whole room hears.
pub(super) struct Notice<'a> {
    pub event: Event<'a>,
    pub limits: &'a Limits,
    /// If it tells of one: then it may be told together with others.
    pub movement: Option<PresenceChange<'a>>,
}

impl<'a> Notice<'a> {
    /// Something that is told as it is.
    pub(super) fn of(event: Event<'a>, limits: &'a Limits) -> Notice<'a> {
        Notice { event, limits, movement: None }
    }
}

impl Publication for Notice<'_> {
    fn coalesce(&mut self, hearers: usize) -> bool {
        self.movement.as_ref().is_some_and(|movement| movement.coalesce(hearers, self.event.at))
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        Rendering::at(rendering).write(&self.event, self.limits, out);
    }
}
