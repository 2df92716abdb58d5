//! Lists of any length, a page at a time.
//!
//! An answer goes out in one piece. What the kernel does not take at once waits in the client's backlog, and a client
//! whose backlog overflows is reset. A list grows with what other clients do, so an unbounded answer would let one
//! address end the connection of every client that asks. Therefore a list that exceeds a page is told page by page, in
//! the order of the names, and each page ends with the command that lists the next one.
//!
//! A page is measured as its reader gets it. Names are up to 128 bytes long, and each rendering wraps them differently.

use super::Session;
use landline_common::command::Command;
use landline_common::event::{More, Part, Text};
use landline_common::limits::count;
use landline_common::{EventKind, Limits, NameKey, UserName};

/// The part of a client's backlog that one answer takes at most: clients ask for several at once.
const SHARE_OF_BACKLOG: usize = 4;

/// The most bytes of one answer.
pub(super) fn most_bytes(limits: &Limits) -> usize {
    count(limits.backlog_bytes) / SHARE_OF_BACKLOG
}

/// One entry of a list.
pub(super) struct Listed<'l, T> {
    /// The key by which pages are ordered; unique in the list.
    pub key: &'l str,
    /// The name that the next page comes after.
    pub name: &'l str,
    /// The entry in the event.
    pub item: T,
}

impl Session {
    /// Tells a list of users: all of it in its own order, or the page `after` a name.
    pub(super) fn send_names<'l>(
        &mut self,
        users: impl Iterator<Item = &'l UserName>,
        after: Option<&str>,
        next: impl Fn(Option<&'l str>) -> Command<'l>,
        event: impl Fn(Vec<Text<'l>>, Part<'l>) -> EventKind<'l>,
    ) {
        let listed =
            users.map(|user| Listed { key: user.key().as_str(), name: user.as_str(), item: user.as_str().into() });
        let after = after.map(|name| (NameKey::of(name).as_str().to_owned(), super::quoted(name)));
        self.send_list(listed.collect(), after, next, event);
    }

    /// Tells a list, or the page of it after a key (with the name that the client wrote for it).
    pub(super) fn send_list<'l, T: Clone>(
        &mut self,
        mut listed: Vec<Listed<'l, T>>,
        after: Option<(String, String)>,
        next: impl Fn(Option<&'l str>) -> Command<'l>,
        event: impl Fn(Vec<T>, Part<'l>) -> EventKind<'l>,
    ) {
        let limits = &self.hub.limits;
        let most_names = count(limits.page_names);
        let most_bytes = count(limits.page_bytes).min(most_bytes(limits));
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
            // Names differ in length, so the first guess may still be too long.
            length = (length * most_bytes / bytes).clamp(1, length - 1);
        }
    }
}
