//! Coalescing of presence: which changes (a user joins or leaves) are told one by one, and which are told together.
//!
//! Each change costs a line for every reader. 150 users who join and leave a room as fast as they may would make 250 lines
//! a second for each reader, and 5,000 users who arrive at a server would make 25 million lines.
//!
//! Invariant: a [`PresenceThrottle`] lets at most `presence_lines` single lines and one summary through in each
//! `presence_gather_ms`. A summary leaves out users who are where they were before it.
//!
//! | state | change of a user | end of the time span |
//! |---|---|---|
//! | calm | told, until `presence_lines` were told in this time span; the next one starts a batch | |
//! | batching | added to the batch | the batch is told; calm again if it had at most `presence_lines` changes |
//!
//! Among more than `presence_hearers` readers every change starts a batch. Changes of users who block others are told one
//! by one in either state, because they are kept from the blocked users; those over `presence_lines` are counted in the
//! summary without a name, as `/rooms` counts them.
//!
//! Not here: the time (an argument), the timer, and the summary's wording.

use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Limits, OffsetDateTime, UserName};
use std::collections::HashMap;
use std::time::Duration;

/// Users whom a summary names.
const NAMED: usize = 10;
/// Users of a batch whose changes cancel each other out; of more users every change is counted.
const TRACKED: usize = 1_000;

/// One user joins or leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub name: &'a UserName,
    pub history_owner: &'a HistoryOwner,
    pub joins: bool,
    pub at: OffsetDateTime,
    /// The user blocks others, who must not read the name.
    pub blocks_others: bool,
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is told by itself.
    Announce,
    /// It is in the batch.
    Batched {
        /// The batch is new: its timer has to be started.
        first: bool,
    },
}

/// Changes that are told together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// When the first of the changes was.
    pub at: OffsetDateTime,
    pub joined: usize,
    pub left: usize,
    /// The first few users by name.
    pub users: Vec<UserName>,
}

/// Decides for one room, or for the server as a whole.
#[derive(Debug, Default)]
pub(super) struct PresenceThrottle {
    /// When the time span in which `told` counts began.
    since: Duration,
    /// Lines told one by one in this time span.
    told: u64,
    batch: Option<PresenceBatch>,
}

#[derive(Debug, Default)]
struct PresenceBatch {
    /// When the first change was.
    at: OffsetDateTime,
    /// Changes so far, also those that were cancelled out.
    changes: u64,
    users: HashMap<HistoryOwner, Pending>,
    /// Changes of users beyond [`TRACKED`].
    joined: usize,
    left: usize,
}

#[derive(Debug)]
struct Pending {
    /// The number of the change.
    number: u64,
    joins: bool,
    /// `None` if it must not be told.
    name: Option<UserName>,
}

impl PresenceThrottle {
    /// Decides about a change at `now`, of which `hearers` users would read.
    pub(super) fn decide(&mut self, change: Change<'_>, readers: usize, now: Duration, limits: &Limits) -> Decision {
        if now.saturating_sub(self.since) >= Limits::millis(limits.presence_gather_ms) {
            (self.since, self.told) = (now, 0);
        }
        let may_be_single = match &self.batch {
            // A user whose arrival waits in the batch leaves in the batch, too.
            Some(batch) => change.blocks_others && !batch.users.contains_key(change.history_owner),
            None => change.blocks_others || readers <= count(limits.presence_hearers),
        };
        if may_be_single && self.told < limits.presence_lines {
            self.told += 1;
            return Decision::Announce;
        }
        let first = self.batch.is_none();
        self.batch.get_or_insert_default().add(change);
        Decision::Batched { first }
    }

    /// Ends the batch, whose timer is over. Returns the summary, if there is anything to tell, and whether the next batch
    /// begins at once and needs the timer.
    pub(super) fn end_batch(&mut self, limits: &Limits) -> (Option<Summary>, bool) {
        let Some(batch) = self.batch.take() else { return (None, false) };
        let crowded = batch.changes > limits.presence_lines;
        self.batch = crowded.then(PresenceBatch::default);
        (batch.into_summary(), crowded)
    }
}

impl PresenceBatch {
    fn add(&mut self, change: Change<'_>) {
        let number = self.changes;
        if number == 0 {
            self.at = change.at;
        }
        self.changes += 1;
        if let Some(pending) = self.users.remove(change.history_owner) {
            // Back where the user was before, unless a change is missing.
            if pending.joins == change.joins {
                self.users.insert(change.history_owner.clone(), pending);
            }
        } else if self.users.len() < TRACKED {
            let name = (!change.blocks_others).then(|| change.name.clone());
            self.users.insert(change.history_owner.clone(), Pending { number, joins: change.joins, name });
        } else if change.joins {
            self.joined += 1;
        } else {
            self.left += 1;
        }
    }

    fn into_summary(self) -> Option<Summary> {
        let mut users: Vec<Pending> = self.users.into_values().collect();
        users.sort_unstable_by_key(|pending| pending.number);
        let joined = self.joined + users.iter().filter(|pending| pending.joins).count();
        let left = self.left + users.iter().filter(|pending| !pending.joins).count();
        let users = users.into_iter().filter_map(|pending| pending.name).take(NAMED).collect();
        (joined + left > 0).then_some(Summary { at: self.at, joined, left, users })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 };
    const SPAN: Duration = Duration::from_secs(1);

    struct User(UserName, HistoryOwner);

    fn user(number: u64) -> User {
        User(UserName::parse(&format!("u{number}")).expect("a name"), HistoryOwner::Guest(number))
    }

    fn change(User(name, history_owner): &User, joins: bool) -> Change<'_> {
        Change { name, history_owner, joins, at: NOW, blocks_others: false }
    }

    fn limits() -> Limits {
        Limits { presence_lines: 3, presence_hearers: 100, ..Limits::default() }
    }

    #[test]
    fn a_few_changes_are_told_one_by_one() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        for second in 0..10 {
            for number in 0..3 {
                let now = SPAN * second + SPAN / 4 * number;
                assert_eq!(throttle.decide(change(&user(1), number % 2 == 0), 5, now, &limits), Decision::Announce);
            }
        }
        assert_eq!(throttle.end_batch(&limits), (None, false));
    }

    #[test]
    fn x13_changes_over_the_rate_are_told_together() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        let decisions: Vec<_> =
            (0..6).map(|number| throttle.decide(change(&user(number), true), 5, SPAN, &limits)).collect();
        let batched = |first| Decision::Batched { first };
        let told = Decision::Announce;
        assert_eq!(decisions, [told, told, told, batched(true), batched(false), batched(false)]);
        let (summary, again) = throttle.end_batch(&limits);
        let users: Vec<UserName> = (3..6).map(|number| user(number).0).collect();
        assert_eq!(summary, Some(Summary { at: NOW, joined: 3, left: 0, users }));
        assert!(!again, "three changes are not too many");
        assert_eq!(throttle.decide(change(&user(1), false), 5, SPAN * 2, &limits), told);
    }

    #[test]
    fn x13_a_crowd_is_told_together_until_it_calms_down() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        for number in 0..7 {
            throttle.decide(change(&user(number), true), 5, SPAN, &limits);
        }
        assert!(throttle.end_batch(&limits).1);
        assert_eq!(throttle.decide(change(&user(9), true), 5, SPAN * 2, &limits), Decision::Batched { first: false });
        assert!(!throttle.end_batch(&limits).1);
        assert_eq!(throttle.decide(change(&user(9), false), 5, SPAN * 3, &limits), Decision::Announce);
    }

    #[test]
    fn x13_a_user_who_is_back_where_they_were_is_not_told_of() {
        let (mut throttle, limits) = (PresenceThrottle::default(), Limits { presence_lines: 1, ..limits() });
        throttle.decide(change(&user(0), true), 5, SPAN, &limits);
        for joins in [true, false, true, false] {
            throttle.decide(change(&user(1), joins), 5, SPAN, &limits);
        }
        assert_eq!(throttle.end_batch(&limits), (None, true));
        // Another guest of that name is another user.
        throttle.decide(change(&user(1), false), 5, SPAN * 2, &limits);
        let User(name, history_owner) = &User(user(1).0, HistoryOwner::Guest(7));
        throttle.decide(Change { name, history_owner, ..change(&user(1), true) }, 5, SPAN * 2, &limits);
        let users = vec![name.clone(), name.clone()];
        assert_eq!(throttle.end_batch(&limits).0, Some(Summary { at: NOW, joined: 1, left: 1, users }));
    }

    #[test]
    fn many_hearers_read_of_all_changes_together() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        assert_eq!(throttle.decide(change(&user(0), true), 101, SPAN, &limits), Decision::Batched { first: true });
    }

    #[test]
    fn x13_a_user_who_blocks_others_is_told_of_singly_and_never_named_in_a_summary() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        let shy: Vec<User> = (10..15).map(user).collect();
        throttle.decide(change(&user(0), true), 101, SPAN, &limits);
        let decisions: Vec<_> = shy
            .iter()
            .map(|user| Change { blocks_others: true, ..change(user, true) })
            .map(|change| throttle.decide(change, 101, SPAN, &limits))
            .collect();
        assert_eq!(decisions[..3], [Decision::Announce; 3]);
        assert_eq!(decisions[3..], [Decision::Batched { first: false }; 2]);
        let users = vec![user(0).0];
        assert_eq!(throttle.end_batch(&limits).0, Some(Summary { at: NOW, joined: 3, left: 0, users }));
    }

    #[test]
    fn a_user_who_blocks_somebody_after_joining_in_a_batch_leaves_in_it() {
        let (mut throttle, limits) = (PresenceThrottle::default(), limits());
        throttle.decide(change(&user(0), true), 101, SPAN, &limits);
        let user = user(0);
        let leaves = Change { blocks_others: true, ..change(&user, false) };
        assert_eq!(throttle.decide(leaves, 101, SPAN, &limits), Decision::Batched { first: false });
        assert_eq!(throttle.end_batch(&limits), (None, false));
    }

    proptest! {
        /// What a reader is told adds up to where each user is, and is bounded.
        #[test]
        fn x13_a_reader_is_told_few_lines_and_nothing_is_lost(
            steps in prop::collection::vec((0u64..40, 0u64..400), 1..400),
        ) {
            let (mut throttle, limits) = (PresenceThrottle::default(), limits());
            let (mut here, mut expected) = ([false; 40], 0i64);
            let (mut now, mut timer) = (SPAN, None);
            let (mut sum, mut lines) = (0i64, Vec::new());
            let mut end = |throttle: &mut PresenceThrottle, at: Duration, lines: &mut Vec<Duration>| {
                let (summary, again) = throttle.end_batch(&limits);
                if let Some(summary) = summary {
                    lines.push(at);
                    sum += summary.joined as i64 - summary.left as i64;
                }
                again.then(|| at + SPAN)
            };
            let mut told = 0i64;
            for (who, gap) in steps {
                now += Duration::from_millis(gap / 8);
                while let Some(at) = timer.filter(|at| *at <= now) {
                    timer = end(&mut throttle, at, &mut lines);
                }
                let place = &mut here[usize::try_from(who).unwrap_or(0)];
                *place = !*place;
                let by = if *place { 1 } else { -1 };
                expected += by;
                match throttle.decide(change(&user(who), *place), 5, now, &limits) {
                    Decision::Announce => {
                        lines.push(now);
                        told += by;
                    }
                    Decision::Batched { first: true } => timer = Some(now + SPAN),
                    Decision::Batched { first: false } => {}
                }
            }
            while let Some(at) = timer {
                timer = end(&mut throttle, at, &mut lines);
            }
            prop_assert_eq!(told + sum, expected);
            // Two time spans may meet in one second.
            let most = 2 * (limits.presence_lines as usize + 1);
            for window in lines.windows(most + 1) {
                prop_assert!(window[most] - window[0] >= SPAN);
            }
        }
    }
}
