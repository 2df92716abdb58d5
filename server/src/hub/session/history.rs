//! Reading and searching the history, and deleting direct messages from it.

use super::answers::reply;
use super::pages::max_answer_bytes;
use super::{CommandResult, Hub, Session, no_such_user, quoted};
use landline_common::clean::clean;
use landline_common::command::HistoryQuery;
use landline_common::command::object::EVERYBODY;
use landline_common::history::{HistoryEntry, HistoryError, HistoryFilter, HistoryOwner, HistoryReader, Page, Range};
use landline_common::limits::count;
use landline_common::{Cause, Event, EventKind, NameKey, Report};

/// Number of entries in a page that the user turns to, or finds by a search.
const PAGE: usize = 20;

impl Session {
    /// Shows a part of the history that the user may see: the current room, global messages and direct messages.
    pub(super) fn history(&mut self, ask: HistoryQuery<'_>) -> CommandResult {
        let most = count(self.hub.limits.history_messages);
        let (range, with) = match (range_of(ask, most), ask) {
            (Some(range), _) => (range, None),
            (None, HistoryQuery::With(user)) => (Range::Last(most), Some(self.history_owner_of(user)?)),
            (None, _) => return self.show_unread(most),
        };
        let rooms: Vec<&str> = self.rooms.last().iter().map(|current| current.name.key().as_str()).collect();
        let only = with.as_ref().map_or(HistoryFilter::Everything, HistoryFilter::With);
        let page = self.read_one_answer(&rooms, only, range)?;
        let next = next_page(&page, range).filter(|_| with.is_none());
        let remark = match (ask, self.rooms.last()) {
            (HistoryQuery::With(user), _) => format!("with {}", quoted(user)),
            (_, Some(current)) => format!("in {}", current.name),
            (_, None) => String::new(),
        };
        self.send_page(&page, remark, next);
        Ok(())
    }

    /// Shows the messages of the current room between the account's last session and this one.
    fn show_unread(&mut self, most: usize) -> CommandResult {
        let Some(current) = self.rooms.last() else {
            return Err(Cause::NoRoomToRead.report());
        };
        if !self.user.is_account() {
            return Err(Cause::NoLastVisit.report());
        }
        let name = current.name.clone();
        let key = self.user.name.key();
        let read_up_to = match current.caught_up {
            Some(id) => Some(id),
            None => self.hub.storage.read_marker(key, name.key()).map_err(|why| self.hub.history_refusal(&why))?,
        };
        let Some(after) = read_up_to else {
            self.send_page(&Page::default(), "this is your first visit here".into(), None);
            return Ok(());
        };
        let up_to = current.start_id;
        let room = name.key().as_str();
        let page = self.read_one_answer(&[room], HistoryFilter::Room(room), Range::Between { after, up_to, most })?;
        let read = if page.more { page.entries.last().map_or(up_to, |last| last.id) } else { up_to };
        if let Some(current) = self.rooms.last_mut() {
            current.caught_up = Some(read);
        }
        let next = page.more.then(|| "/history unread".to_owned());
        self.send_page(&page, format!("unread in {name}"), next);
        Ok(())
    }

    /// Shows the newest messages before an id that contain the words.
    pub(super) fn search(&mut self, words: &str, before: Option<u64>) -> CommandResult {
        let rooms: Vec<&str> = self.rooms.iter().map(|membership| membership.name.key().as_str()).collect();
        let blocked = self.blocked_keys();
        let viewer = self.reader(&rooms, &blocked, HistoryFilter::Everything);
        let mut page =
            self.hub.storage.search(&viewer, words, before, PAGE).map_err(|why| self.hub.history_refusal(&why))?;
        self.truncate(&mut page, true, 1, &mut max_answer_bytes(&self.hub.limits));
        let oldest = page.entries.last().map(|entry| entry.id);
        let next = oldest.filter(|_| page.more).map(|id| format!("/search before {id} {}", quoted_words(words)));
        let remark = if page.cut_short { "there may be more: searching took too long, type whole words" } else { "" };
        self.send_page(&page, remark.into(), next);
        Ok(())
    }

    /// Deletes the user's direct messages from the history.
    pub(super) fn forget(&mut self) -> CommandResult {
        let removed = self
            .hub
            .storage
            .delete_direct_messages(self.user.history_owner())
            .map_err(|why| self.hub.change_refusal(&why))?;
        self.answer(Cause::Forgotten.with_count(removed).into());
        Ok(())
    }

    /// Finds the owner of the direct messages of another user, online or an account.
    fn history_owner_of(&self, user: &str) -> Result<HistoryOwner, Report<'static>> {
        let online = self.hub.find(user).map(|user| user.history_owner().clone());
        let account =
            || self.hub.storage.account_name(&NameKey::of(user)).map(|name| HistoryOwner::Account(name.key().clone()));
        online.or_else(account).ok_or_else(|| no_such_user(user))
    }

    /// Reads a part of the history, cut down to what one answer may take of the client's backlog.
    fn read_one_answer(&self, rooms: &[&str], only: HistoryFilter<'_>, range: Range) -> Result<Page, Report<'static>> {
        let mut left = max_answer_bytes(&self.hub.limits);
        self.read_within(rooms, only, range, 1, &mut left).map_err(|why| self.hub.history_refusal(&why))
    }

    /// The user as a reader of these rooms.
    pub(super) fn reader<'r>(
        &'r self,
        rooms: &'r [&'r str],
        blocked: &'r [NameKey],
        only: HistoryFilter<'r>,
    ) -> HistoryReader<'r> {
        HistoryReader { address: &self.user.address.key, party: self.user.history_owner(), rooms, blocked, only }
    }

    /// Reads a part of the history, cut down to the bytes in `left` but to no less than `least` entries. Subtracts its
    /// bytes from `left`.
    pub(super) fn read_within(
        &self,
        rooms: &[&str],
        only: HistoryFilter<'_>,
        range: Range,
        least: usize,
        left: &mut usize,
    ) -> Result<Page, HistoryError> {
        let blocked = self.blocked_keys();
        let viewer = self.reader(rooms, &blocked, only);
        let mut page = self.hub.storage.read_history(&viewer, range)?;
        let keep_first = matches!(range, Range::After(..) | Range::Between { .. });
        self.truncate(&mut page, keep_first, least, left);
        Ok(page)
    }

    /// Cuts a page down to the bytes in `left`, measured in the reader's rendering. Keeps the first entries
    /// (`keep_first`) or the last ones, but no less than `least`: otherwise a reader could never get past a long
    /// message.
    fn truncate(&self, page: &mut Page, keep_first: bool, least: usize, left: &mut usize) {
        self.truncate_by(page, keep_first, least, left, |entry| self.measure(&entry.to_event()));
    }

    /// As [`Self::truncate`], for entries that take the bytes which `bytes_of` returns.
    pub(super) fn truncate_by(
        &self,
        page: &mut Page,
        keep_first: bool,
        least: usize,
        left: &mut usize,
        bytes_of: impl Fn(&HistoryEntry) -> usize,
    ) {
        let whole = page.entries.len();
        let mut taken = 0;
        let mut fits = |entry: &HistoryEntry| {
            let bytes = bytes_of(entry);
            let fits = bytes <= *left || taken < least;
            *left = left.saturating_sub(bytes);
            taken += 1;
            fits
        };
        if keep_first {
            let fitting = page.entries.iter().take_while(|entry| fits(entry)).count();
            page.entries.truncate(fitting);
        } else {
            let fitting = page.entries.iter().rev().take_while(|entry| fits(entry)).count();
            page.entries.drain(..whole - fitting);
        }
        page.more |= page.entries.len() < whole;
    }

    /// Returns the keys of the names that the user blocks, and the other names of their users.
    pub(super) fn blocked_keys(&self) -> Vec<NameKey> {
        let registry = self.hub.registry();
        let mut keys = Vec::new();
        for name in registry.blocks.list(self.user.client()) {
            keys.push(name.key().clone());
            let users = registry.users_called(name.key()).into_iter();
            keys.extend(users.filter(|user| user.client() != self.user.client()).flat_map(|user| user.name_keys()));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Shows a part of the history of one of the user's rooms, or of the messages to all users.
    pub(super) fn history_in(&mut self, room: &str, ask: HistoryQuery<'_>) -> CommandResult {
        let (rooms, only, remark): (Vec<&str>, _, _) = match room {
            EVERYBODY => (Vec::new(), HistoryFilter::Global, "to all users".to_owned()),
            room => {
                let name = &self.rooms[self.require_room(room)?].name;
                let key = name.key().as_str();
                (vec![key], HistoryFilter::Room(key), format!("in {name}"))
            }
        };
        let most = count(self.hub.limits.history_messages);
        let Some(range) = range_of(ask, most) else {
            return Err(Cause::BadObject.with_word("room goes with last, before or after"));
        };
        let page = self.read_one_answer(&rooms, only, range)?;
        let next = next_page(&page, range);
        self.send_page(&page, remark, next);
        Ok(())
    }

    /// Sends a page as the whole answer to the current command, as one piece.
    fn send_page(&mut self, page: &Page, remark: String, next: Option<String>) {
        let shown = page.entries.len();
        let end = EventKind::RecallEnd { count: shown, remark: remark.into(), next: next.map(Into::into) };
        self.send_history(page, end, true);
    }

    /// Sends a page followed by the event `end`, as one piece. `done`: this is the last part of the answer.
    pub(super) fn send_history(&mut self, page: &Page, end: EventKind<'_>, done: bool) {
        self.send_history_and_changes(page, Vec::new(), end, done);
    }

    /// Sends a page, then changes of earlier messages, then the event `end`, as one piece.
    pub(super) fn send_history_and_changes(
        &mut self,
        page: &Page,
        changes: Vec<EventKind<'_>>,
        end: EventKind<'_>,
        done: bool,
    ) {
        let label = if done { self.tag.label.take() } else { self.tag.label.clone() };
        let part = || reply(label.as_deref(), false);
        let entries = page.entries.iter();
        let own = self.user.name_keys();
        // Show a nonce to its sender only: another guest may have had the user's name before.
        let nonces = &self.hub.nonces;
        let is_shown =
            |author: &NameKey, nonce: &str| nonces.lock().is_visible_to(author, nonce, self.user.history_owner());
        let nonce = |entry: &'_ HistoryEntry| {
            let author = NameKey::of(&entry.user);
            entry.nonce.clone().filter(|nonce| own.contains(&author) && is_shown(&author, nonce))
        };
        let entries = entries.map(|entry| {
            let nonce = nonce(entry).map(|nonce| nonce.into_string().into());
            Event { reply: part(), nonce, ..entry.to_event() }
        });
        let changes = changes.into_iter().map(|change| Event { reply: part(), ..change.at(self.now) });
        let end = Event { reply: reply(label.as_deref(), done), ..end.at(self.now) };
        let events: Vec<Event<'_>> = entries.chain(changes).chain([end]).collect();
        self.user.send_events(&events, &self.hub.limits);
    }
}

/// Returns the range of a query by number or id, of `most` entries at most; `None` for other queries.
fn range_of(ask: HistoryQuery<'_>, most: usize) -> Option<Range> {
    Some(match ask {
        HistoryQuery::Last(n) => Range::Last(usize::try_from(n).unwrap_or(most).min(most)),
        HistoryQuery::Before(id) => Range::Before(id, PAGE.min(most)),
        HistoryQuery::After(id) => Range::After(id, most),
        HistoryQuery::Unread | HistoryQuery::With(_) => return None,
    })
}

/// Returns the command for the next page, if there is one.
fn next_page(page: &Page, range: Range) -> Option<String> {
    if !page.more {
        return None;
    }
    match range {
        Range::After(..) => page.entries.last().map(|last| format!("/history after {}", last.id)),
        _ => page.entries.first().map(|first| format!("/history before {}", first.id)),
    }
}

impl Hub {
    /// Makes the refusal of a failed read. Logs the failure.
    pub(super) fn history_refusal(&self, why: &HistoryError) -> Report<'static> {
        match why {
            HistoryError::Off => Cause::HistoryOff.report(),
            HistoryError::NoWord => Cause::NoWord.report(),
            HistoryError::Busy => Cause::HistoryBusy.report(),
            HistoryError::Failed(why) => {
                if self.note_failure("history") {
                    log::error!(
                        "hub: cannot read the history in messages.db: {why}; the user was told, and each /history and \
                         /search tries again; if this repeats, check the disk"
                    );
                }
                Cause::HistoryFailed.report()
            }
        }
    }

    /// Makes the refusal of a change of stored messages that failed. Logs the failure.
    pub(super) fn change_refusal(&self, why: &HistoryError) -> Report<'static> {
        match why {
            HistoryError::Off => Cause::HistoryOff.report(),
            HistoryError::Busy => Cause::ChangePending.report(),
            HistoryError::NoWord | HistoryError::Failed(_) => {
                if self.note_failure("changes") {
                    log::error!(
                        "hub: cannot change messages in messages.db: {why}; nothing was changed and the user was told; if \
                         this repeats, check the disk"
                    );
                }
                Cause::ChangeNotStored.report()
            }
        }
    }
}

/// Cleans and shortens the words of a search, so that the user can type them again.
fn quoted_words(words: &str) -> String {
    clean(words).chars().take(200).collect()
}
