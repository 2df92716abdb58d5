//! What a client missed, told together with the answer to its sign-in.
//!
//! The client names its rooms, each with the last id that it received there. What followed, up to the moment in which
//! the user came into the room, is in the history; everything behind that comes by itself. So nothing is missing and
//! nothing comes twice. All rooms share one bound: where that is reached, `more` says so, and the client asks on.

use super::Session;
use super::pages::most_bytes;
use landline_common::history::{HistoryError, HistoryFilter, Page, Range};
use landline_common::limits::count;
use landline_common::{EventKind, OffsetDateTime, RoomKey, RoomName};

/// Messages shown where nothing was missed: what the talk is about.
const CONTEXT: usize = 20;

/// Messages shown to a guest at a terminal, who asks for nothing: they fit on the screen with the greeting.
const RECENT: usize = 10;

/// What is looked up of one room, or of what was said to everybody.
struct Gap {
    /// `None`: what was said to everybody.
    room: Option<(RoomName, usize)>,
    /// The last id that was said before the user came.
    up_to: u64,
}

impl Session {
    /// Tells a client what it missed in its rooms (`None`: what was said to everybody) behind the ids that it knows, and
    /// ends the answer to its sign-in.
    pub fn catch_up(&mut self, rooms: &[(Option<RoomName>, Option<u64>)], now: OffsetDateTime) {
        self.now = now;
        // Far below what may wait for the client: its mail comes as well.
        let limits = &self.hub.limits;
        let mut left = count(limits.catch_up_bytes).min(most_bytes(limits));
        for (room, known) in rooms {
            let Some(gap) = self.gap(room.as_ref()) else { continue };
            self.tell_missed(&gap, *known, &mut left);
        }
        if self.tag.label.is_some() {
            self.answer(EventKind::Done { id: None, repeated: false });
        }
    }

    /// Shows a guest at a terminal what the talk in the room is about. Nothing if nothing was said there.
    pub fn show_recent(&mut self, now: OffsetDateTime) {
        self.now = now;
        let room = self.rooms.last().map(|membership| membership.name.clone());
        let Some(gap) = room.and_then(|room| self.gap(Some(&room))) else { return };
        let Some((name, _)) = &gap.room else { return };
        let range = Range::Before(gap.up_to.saturating_add(1), RECENT);
        // A guest who cannot be shown it now can ask for it later.
        let Ok(page) = self.look_up(&gap, range, &mut most_bytes(&self.hub.limits)) else { return };
        let Some(first) = page.entries.first() else { return };
        let next = page.more.then(|| format!("/history before {}", first.id).into());
        let (shown, remark) = (page.entries.len(), format!("in {name}").into());
        self.tell(EventKind::info(format!("Said in {name} before you came:")));
        self.show_with(&page, EventKind::RecallEnd { shown, remark, next }, false);
    }

    /// What is to be looked up, if the user is there.
    fn gap(&self, room: Option<&RoomName>) -> Option<Gap> {
        let Some(room) = room else {
            return Some(Gap { room: None, up_to: self.global_id_before_joining });
        };
        let place = self.place_of(room)?;
        let membership = &self.rooms[place];
        Some(Gap { room: Some((membership.name.clone(), place)), up_to: membership.came_after })
    }

    fn tell_missed(&mut self, gap: &Gap, known: Option<u64>, left: &mut usize) {
        let most = count(self.hub.limits.history_messages);
        let read = known.or_else(|| self.read_up_to(gap));
        let missed = read.map(|after| self.look_up(gap, Range::Between { after, up_to: gap.up_to, most }, left));
        let nothing = matches!(&missed, Some(Ok(page)) if page.entries.is_empty() && !page.more);
        let (found, missed) = match missed {
            Some(found) if known.is_some() || !nothing => (found, true),
            _ => (self.look_up(gap, Range::Before(gap.up_to.saturating_add(1), CONTEXT), left), false),
        };
        let (page, more) = match found {
            // Of what was said last, more is no gap.
            Ok(page) => (Page { more: page.more && missed, ..page }, false),
            Err(HistoryError::Off) => (Page::default(), false),
            Err(_) => (Page::default(), true),
        };
        if let (Some((_, place)), true) = (&gap.room, missed) {
            let read = if page.more { page.entries.last().map_or(gap.up_to, |last| last.id) } else { gap.up_to };
            self.rooms[*place].caught_up = Some(read);
        }
        let room = gap.room.as_ref().map_or(landline_common::command::object::EVERYBODY, |(name, _)| name.as_str());
        let (shown, more) = (page.entries.len(), page.more || more);
        self.show_with(&page, EventKind::CaughtUp { room: room.into(), shown, missed, more }, false);
    }

    /// How far an account has read a room, where that was noted.
    fn read_up_to(&self, gap: &Gap) -> Option<u64> {
        let (room, _) = gap.room.as_ref().filter(|_| self.user.is_account())?;
        self.hub.memory.mark(self.user.name.key(), room.key()).ok().flatten()
    }

    fn look_up(&self, gap: &Gap, range: Range, left: &mut usize) -> Result<Page, HistoryError> {
        let key = gap.room.as_ref().map(|(name, _)| name.key());
        let rooms: Vec<&str> = key.into_iter().map(RoomKey::as_str).collect();
        let only = key.map_or(HistoryFilter::Global, |key| HistoryFilter::Room(key.as_str()));
        self.page(&rooms, only, range, 0, left)
    }
}
