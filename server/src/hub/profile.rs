//! What a user tells of itself, and what lasts as long as the user's session: it moves from one connection of a session
//! to the next.

use super::name_tokens::NameHolder;
use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::{NameKey, OffsetDateTime};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI64,
    Ordering::{Relaxed, SeqCst},
};

/// Senders that an away user remembers to have told. Above that, further ones are not told, so that no sender is told
/// twice and the memory is bounded.
const MAX_TOLD: usize = 4_096;

/// The part of a user that outlasts a connection.
#[derive(Debug)]
pub struct Profile {
    /// The program of a guest that has a name token.
    name_holder: Option<NameHolder>,
    /// Time of the sign-in, in milliseconds since 1970.
    signed_in_ms: i64,
    /// Time of the user's last command.
    active_ms: AtomicI64,
    /// True while the user is away; read at each message without the lock.
    is_away: AtomicBool,
    away: OrderedMutex<Option<Away>, 6>,
    /// The names that the user had before the present one, in the order of the changes.
    former_names: OrderedMutex<Arc<[NameKey]>, 6>,
}

/// The absence of a user who is online.
#[derive(Debug)]
struct Away {
    text: String,
    /// The senders that know the text.
    told: HashSet<HistoryOwner>,
}

impl Profile {
    /// Makes the profile of a user who signs in.
    pub(super) fn new(name_holder: Option<NameHolder>, now: OffsetDateTime) -> Arc<Profile> {
        Arc::new(Profile {
            name_holder,
            signed_in_ms: now.unix_ms,
            active_ms: AtomicI64::new(now.unix_ms),
            is_away: AtomicBool::new(false),
            away: OrderedMutex::default(),
            former_names: OrderedMutex::default(),
        })
    }

    /// Returns the program of a guest that has a name token.
    pub(super) fn name_holder(&self) -> Option<NameHolder> {
        self.name_holder
    }

    /// Notes that the user has given a command.
    pub(super) fn mark_active(&self, now: OffsetDateTime) {
        self.active_ms.store(now.unix_ms, Relaxed);
    }

    /// Returns the time of the sign-in, cut to minutes, in milliseconds since 1970.
    pub(super) fn signed_in_minute(&self) -> i64 {
        self.signed_in_ms - self.signed_in_ms.rem_euclid(60_000)
    }

    /// Returns the minutes since the user's last command.
    pub(super) fn idle_minutes(&self, now: OffsetDateTime) -> u64 {
        u64::try_from(now.unix_ms.saturating_sub(self.active_ms.load(Relaxed)) / 60_000).unwrap_or(0)
    }

    /// Returns the names that the user had before the present one. Most users have none, and share one empty list.
    pub(super) fn former_names(&self) -> Arc<[NameKey]> {
        self.former_names.lock().clone()
    }

    /// Notes that the user gives up a name.
    pub(super) fn add_former_name(&self, name: &NameKey) {
        let mut names = self.former_names.lock();
        *names = names.iter().chain([name]).cloned().collect();
    }

    /// Returns the text of an absence.
    pub(super) fn away_text(&self) -> Option<String> {
        self.away.lock().as_ref().map(|away| away.text.clone())
    }

    /// Sets the user away, with a text. Every sender is told anew.
    pub(super) fn set_away(&self, text: String) {
        *self.away.lock() = Some(Away { text, told: HashSet::new() });
        self.is_away.store(true, SeqCst);
    }

    /// Ends the absence. Returns false if the user was not away.
    pub(super) fn end_away(&self) -> bool {
        self.is_away.swap(false, SeqCst) && self.away.lock().take().is_some()
    }

    /// True while the user is away.
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(SeqCst)
    }

    /// Returns the text for a sender who writes to the user, once for each sender and absence.
    pub(super) fn away_text_for(&self, sender: &HistoryOwner) -> Option<String> {
        let mut away = self.away.lock();
        let Away { text, told } = away.as_mut()?;
        let is_new = told.len() < MAX_TOLD && told.insert(sender.clone());
        is_new.then(|| text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_271_012_345, offset_s: 0 };

    #[test]
    fn times_are_told_in_minutes() {
        let profile = Profile::new(None, NOW);
        assert_eq!(profile.signed_in_minute(), NOW.unix_ms / 60_000 * 60_000);
        let later = |ms| OffsetDateTime { unix_ms: NOW.unix_ms + ms, ..NOW };
        assert_eq!((profile.idle_minutes(later(59_999)), profile.idle_minutes(later(125_000))), (0, 2));
        profile.mark_active(later(125_000));
        assert_eq!((profile.idle_minutes(later(130_000)), profile.idle_minutes(NOW)), (0, 0), "a clock set back");
    }

    #[test]
    fn each_sender_is_told_once_of_each_absence() {
        let profile = Profile::new(None, NOW);
        let told = |sender| profile.away_text_for(&HistoryOwner::Guest(sender));
        assert_eq!((told(1), profile.end_away()), (None, false));
        profile.set_away("lunch".into());
        assert!(profile.is_away());
        assert_eq!([told(1), told(2), told(1)].map(|text| text.is_some()), [true, true, false]);
        profile.set_away("a meeting".into());
        assert_eq!((told(1).as_deref(), profile.away_text().as_deref()), (Some("a meeting"), Some("a meeting")));
        assert!(profile.end_away() && !profile.end_away() && !profile.is_away());
        assert_eq!(told(3), None);
    }

    #[test]
    fn the_program_and_the_former_names_are_kept_in_order() {
        let holder = NameHolder::of(crate::hub::Token::from_bits([7; 16]));
        let profile = Profile::new(Some(holder), NOW);
        assert_eq!((profile.name_holder(), profile.away_text()), (Some(holder), None));
        for name in ["bob", "carl"] {
            profile.add_former_name(&NameKey::of(name));
        }
        assert_eq!(*profile.former_names(), [NameKey::of("bob"), NameKey::of("carl")]);
    }

    #[test]
    fn senders_that_were_told_are_bounded() {
        let profile = Profile::new(None, NOW);
        profile.set_away("lunch".into());
        let told =
            (0..=MAX_TOLD as u64).filter(|sender| profile.away_text_for(&HistoryOwner::Guest(*sender)).is_some());
        assert_eq!(told.count(), MAX_TOLD);
    }
}
