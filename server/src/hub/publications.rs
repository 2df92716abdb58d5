//! Talk as the send path takes it: lines of one user in one room, or to all users.

use super::labels::Labels;
use super::nonces::Nonces;
use super::recent::RecentSink;
use super::storage::Storage;
use crate::fanout::{ClientId, Publication};
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::{HistoryOwner, NewMessages};
use landline_common::{Event, EventKind, Limits, NameKey, OffsetDateTime, Rendering, Reply};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Several lines in one string: everything that a client said in one read, without an allocation for each line.
#[derive(Debug, Default)]
pub struct LineBatch {
    text: String,
    ends: Vec<usize>,
    /// The tags that are not empty, each with the index of its line.
    tags: Vec<(usize, Tag)>,
}

/// Data that a program sends along with a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// Returned in the answer.
    pub label: Option<String>,
    /// Identifies a message, so that sending it again does not say it twice.
    pub nonce: Option<String>,
    /// The command was written without a slash, so that the line may have been meant as talk.
    pub is_bare: bool,
}

impl Tag {
    /// True if there is neither a label nor a nonce.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.label.is_none() && self.nonce.is_none()
    }
}

impl LineBatch {
    /// Appends a line.
    pub fn push(&mut self, text: &str, tag: Tag) {
        if !tag.is_empty() {
            self.tags.push((self.ends.len(), tag));
        }
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// True if a line carries this nonce.
    #[must_use]
    pub fn has_nonce(&self, nonce: &str) -> bool {
        self.tags.iter().any(|(_, tag)| tag.nonce.as_deref() == Some(nonce))
    }

    /// True if there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all lines, and frees the memory that a flood of lines took.
    pub fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(2 << 10);
        self.ends.clear();
        self.ends.shrink_to(64);
        self.tags.clear();
        self.tags.shrink_to(64);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }
}

/// Records the ids of messages that were sent with a label or a nonce.
#[derive(Clone, Copy)]
pub(super) struct MessageIdSink<'a> {
    /// The labels of the author's session; `None` if the client did not sign in by command object.
    pub(super) labels: Option<&'a OrderedMutex<Labels, 6>>,
    pub(super) nonces: &'a OrderedMutex<Nonces, 6>,
    pub(super) author: &'a NameKey,
    pub(super) history_owner: &'a HistoryOwner,
}

impl MessageIdSink<'_> {
    /// Records that the message `id` was sent with `tag`.
    pub(super) fn record(&self, tag: &Tag, id: u64) {
        if let (Some(labels), Some(label)) = (self.labels, &tag.label) {
            labels.lock().set_message_id(label, id);
        }
        if let Some(nonce) = &tag.nonce {
            self.nonces.lock().add(self.author.as_str(), Some(self.history_owner), nonce, id);
        }
    }
}

/// Lines of one user, or of the server, in a room or to all users.
pub(super) struct TalkPublication<'a> {
    /// The hub's counter of message ids.
    pub ids: &'a AtomicU64,
    /// `None` if the lines must not be stored.
    pub storage: Option<&'a dyn Storage>,
    pub limits: &'a Limits,
    /// The client to notify if the lines cannot be stored; 0 for the server.
    pub client: ClientId,
    /// `None`: to all users.
    pub room: Option<&'a str>,
    pub user: &'a str,
    pub lines: &'a LineBatch,
    /// The author's rendering, for lines with labels.
    pub own_rendering: Rendering,
    /// `None` for lines of the server.
    pub id_sink: Option<MessageIdSink<'a>>,
    /// `None` for lines of the server, which no user takes back.
    pub recent: Option<RecentSink<'a>>,
    pub at: OffsetDateTime,
    /// The id of the first line, set by [`Publication::assign_ids`].
    pub first_id: u64,
}

impl TalkPublication<'_> {
    fn event<'e>(&'e self, id: u64, text: &'e str) -> Event<'e> {
        let user = self.user.into();
        let text = text.into();
        let kind = match self.room {
            Some(room) => EventKind::Said { id, room: room.into(), user, text },
            None => EventKind::SaidToAll { id, user, text },
        };
        kind.at(self.at)
    }
}

impl Publication for TalkPublication<'_> {
    fn assign_ids(&mut self) -> u64 {
        let count = self.lines.ends.len() as u64;
        self.first_id = self.ids.fetch_add(count, Relaxed);
        // Store under the log's lock: a user who has received a line then finds it in the history.
        if let Some(storage) = self.storage {
            let TalkPublication { first_id, at, room, user, client, .. } = *self;
            let tags = self.lines.tags.iter();
            let nonces = tags.filter_map(|(line, tag)| Some((*line, tag.nonce.as_deref()?))).collect::<Vec<_>>();
            storage
                .store_talk(&NewMessages { first_id, at, room, user, client, nonces: &nonces }, &mut self.lines.iter());
        }
        if let Some(recent) = self.recent {
            recent.record(self.first_id, self.lines.ends.len(), self.at.unix_ms);
        }
        if let Some(id_sink) = self.id_sink {
            for (line, tag) in &self.lines.tags {
                id_sink.record(tag, self.first_id + *line as u64);
            }
        }
        (self.first_id + count).saturating_sub(1)
    }

    fn lines(&self) -> u64 {
        self.lines.ends.len() as u64
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        for (id, text) in (self.first_id..).zip(self.lines.iter()) {
            Rendering::at(rendering).write(&self.event(id, text), self.limits, out);
            #[cfg(feature = "faults")]
            crate::faults::strike("log", out);
        }
    }

    /// Renders the lines as the author gets them. Each line that carries a label is the answer to that label.
    fn render_own(&self, out: &mut Vec<u8>) {
        if self.lines.tags.iter().all(|(_, tag)| tag.label.is_none()) {
            return;
        }
        let mut tags = self.lines.tags.iter().peekable();
        for (line, (id, text)) in (self.first_id..).zip(self.lines.iter()).enumerate() {
            let tag = tags.next_if(|(tagged, _)| *tagged == line);
            let label = tag.and_then(|(_, tag)| tag.label.as_deref());
            let reply = label.map(|label| Reply { label: label.into(), done: true });
            self.own_rendering.write(&Event { reply, ..self.event(id, text) }, self.limits, out);
        }
    }
}
