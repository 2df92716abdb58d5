//! Sends lists of any length, one page per command.
//!
//! An answer is one piece. Bytes that the kernel does not take at once wait in the client's backlog, and a client whose
//! backlog overflows is reset. Lists grow with the actions of other clients, so an unbounded answer would let one
//! address end the connection of every client that requests the list. A list that exceeds a page is therefore sent in
//! pages, in the order of the names, and each page ends with the command for the next one.
//!
//! The size of a page is measured in the reader's rendering. Names have up to 128 bytes, and renderings differ in
//! length.

use super::{Session, User};
use landline_common::command::Command;
use landline_common::event::{More, Part, Text};
use landline_common::limits::count;
use landline_common::{EventKind, Limits, NameKey, UserName};
use std::sync::Arc;

/// An answer takes at most this fraction of a client's backlog, because clients send several commands at once.
const BACKLOG_DIVISOR: usize = 4;

/// Returns the maximum bytes of one answer.
pub(super) fn max_answer_bytes(limits: &Limits) -> usize {
    count(limits.backlog_bytes) / BACKLOG_DIVISOR
}

/// Returns the key of the last name of the page before, and the name as the client wrote it.
fn page_start(name: &str) -> (String, String) {
    (NameKey::of(name).as_str().to_owned(), super::quoted(name))
}

/// One entry of a list.
pub(super) struct Listed<'l, T> {
    /// The sort key; unique in the list.
    pub key: &'l str,
    /// The name that the command for the next page quotes.
    pub name: &'l str,
    /// The entry as the event contains it.
    pub item: T,
}

impl Session {
    /// Sends a list of users online like [`Self::send_names`]. `event` also gets the names of the users whose connections
    /// are not encrypted.
    pub(super) fn send_users<'l>(
        &mut self,
        users: &'l [Arc<User>],
        after: Option<&str>,
        next: impl Fn(Option<&'l str>) -> Command<'l>,
        event: impl Fn(Vec<Text<'l>>, Box<[Text<'l>]>, Part<'l>) -> EventKind<'l>,
    ) {
        let listed = users.iter().map(|user| Listed {
            key: user.name.key().as_str(),
            name: user.name.as_str(),
            item: (Text::from(user.name.as_str()), user.is_encrypted()),
        });
        let page = |users: Vec<(Text<'l>, bool)>, part: Part<'l>| {
            let unencrypted = users.iter().filter(|(_, is_encrypted)| !is_encrypted).map(|(name, _)| name.clone());
            let unencrypted = unencrypted.collect();
            event(users.into_iter().map(|(name, _)| name).collect(), unencrypted, part)
        };
        self.send_list(listed.collect(), after.map(page_start), next, page);
    }

    /// Sends a list of users: all of it in the given order if it fits, otherwise the first page or the page `after` a
    /// name. `next` makes the command for the page after a name, `event` the event of a page.
    pub(super) fn send_names<'l>(
        &mut self,
        users: impl Iterator<Item = &'l UserName>,
        after: Option<&str>,
        next: impl Fn(Option<&'l str>) -> Command<'l>,
        event: impl Fn(Vec<Text<'l>>, Part<'l>) -> EventKind<'l>,
    ) {
        let listed =
            users.map(|user| Listed { key: user.key().as_str(), name: user.as_str(), item: user.as_str().into() });
        self.send_list(listed.collect(), after.map(page_start), next, event);
    }

    /// Sends a list like [`Self::send_names`]. `after` is the key of the last entry of the page before, and the name
    /// that the client wrote for it.
    pub(super) fn send_list<'l, T: Clone>(
        &mut self,
        mut listed: Vec<Listed<'l, T>>,
        after: Option<(String, String)>,
        next: impl Fn(Option<&'l str>) -> Command<'l>,
        event: impl Fn(Vec<T>, Part<'l>) -> EventKind<'l>,
    ) {
        let limits = &self.hub.limits;
        let most_names = count(limits.page_names);
        let most_bytes = count(limits.page_bytes).min(max_answer_bytes(limits));
        let items = |listed: &[Listed<'l, T>]| listed.iter().map(|entry| entry.item.clone()).collect();
        if after.is_none() && listed.len() <= most_names {
            let whole = event(items(&listed), Part::default());
            if self.measure(&whole.clone().at(self.now)) <= most_bytes {
                return self.answer(whole);
            }
        }
        if let Some((key, _)) = &after {
            listed.retain(|entry| entry.key > key.as_str());
        }
        listed.sort_unstable_by_key(|entry| entry.key);
        let after = after.map(|(_, name)| Text::from(name));
        let mut length = listed.len().min(most_names);
        loop {
            let (page, rest) = listed.split_at(length);
            let more = page
                .last()
                .filter(|_| !rest.is_empty())
                .map(|last| More { count: rest.len(), next: next(Some(last.name)).to_string().into() });
            let page = event(items(page), Part { after: after.clone(), more });
            let bytes = self.measure(&page.clone().at(self.now));
            if bytes <= most_bytes || length <= 1 {
                return self.answer(page);
            }
            // Names differ in length, so the estimate may still be too long.
            length = (length * most_bytes / bytes).clamp(1, length - 1);
        }
    }
}
