//! Limits the lines about presence changes (a user joins or leaves) by coalescing them into summaries.
//!
//! Each change costs a line for every reader. 150 users who join and leave a room as fast as they may
//! would cause 250 lines a second for each reader. 5,000 users who connect to a server would cause 25 million lines.
//!
//! Invariant: a [`PresenceThrottle`] allows at most `presence_lines` single lines and one summary in each span of
//! `presence_gather_ms`. The lines and summaries together add up to where each user is now.
//!
//! | state | change of a user | timer ends |
//! |---|---|---|
//! | calm | announced by its own line; after `presence_lines` lines in this span it starts a batch | |
//! | batching | added to the batch | the summary is announced; calm again if the batch had at most `presence_lines` changes |
//!
//! A summary leaves out users who are back where they were when the batch began. With more than `presence_hearers`
//! readers every change starts a batch. A user who blocks others is not named in a summary, which the blocked users
//! read too. Changes of such a user get a line of their own in both states; over `presence_lines` the summary counts
//! them without a name, as `/rooms` does.
//!
//! Not here: the clock (time is an argument), the timer, and the summary's wording.

use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Limits, OffsetDateTime, UserName};
use std::collections::HashMap;
use std::time::Duration;

/// Number of users that a summary names.
const NAMED_USERS: usize = 10;
/// Number of users of a batch whose changes cancel each other out. Of further users, every change is counted.
const TRACKED_USERS: usize = 1_000;

/// A presence change: one user joins or leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub name: &'a UserName,
    pub history_owner: &'a HistoryOwner,
    pub joins: bool,
    pub at: OffsetDateTime,
    /// The user blocks others, which must not read the name.
    pub blocks_others: bool,
}

/// How a change is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// By a line of its own, now.
    Announce,
    /// By the summary of the batch.
    Batched {
        /// The batch is new: the caller starts its timer.
        first: bool,
    },
}

/// The changes of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Time of the first change.
    pub at: OffsetDateTime,
    pub joined: usize,
    pub left: usize,
    /// The first few users, in the order of their changes.
    pub users: Vec<UserName>,
}

/// Decides how the changes of one group are announced.
#[derive(Debug, Default)]
pub(super) struct PresenceThrottle {
    /// Start of the current time span, as server uptime.
    span_start: Duration,
    /// Single lines in this time span.
    lines: u64,
    batch: Option<PresenceBatch>,
}

#[derive(Debug, Default)]
struct PresenceBatch {
    /// Time of the first change.
    at: OffsetDateTime,
    /// Number of changes, including changes that canceled each other out.
    changes: u64,
    users: HashMap<HistoryOwner, PendingChange>,
    /// Changes of users beyond [`TRACKED_USERS`].
    joined: usize,
    left: usize,
}

#[derive(Debug)]
struct PendingChange {
    /// Number of the change in the batch.
    number: u64,
    joins: bool,
    /// `None` if the summary must not name the user.
    name: Option<UserName>,
}

impl PresenceThrottle {
    /// Decides how to announce a change that `readers` users would read, and counts it. `now` is the server's uptime.
    pub(super) fn decide(&mut self, change: Change<'_>, readers: usize, now: Duration, limits: &Limits) -> Decision {
        self.begin_span(now, limits);
        let may_be_single = match &self.batch {
            // A user whose join is in the batch also leaves in the batch: readers must not see the leave first.
            Some(batch) => change.blocks_others && !batch.users.contains_key(change.history_owner),
            None => change.blocks_others || readers <= count(limits.presence_hearers),
        };
        if may_be_single && self.lines < limits.presence_lines {
            self.lines += 1;
            return Decision::Announce;
        }
        let first = self.batch.is_none();
        self.batch.get_or_insert_default().add(change);
        Decision::Batched { first }
    }

    /// Counts a line about a change of a name, which no summary can tell.
    ///
    /// # Errors
    /// The lines of this time span are used up: the time until the next one begins.
    pub(super) fn take_line(&mut self, now: Duration, limits: &Limits) -> Result<(), Duration> {
        self.begin_span(now, limits);
        if self.lines >= limits.presence_lines.max(1) {
            return Err((self.span_start + Limits::millis(limits.presence_gather_ms)).saturating_sub(now));
        }
        self.lines += 1;
        Ok(())
    }

    /// Names a user in the summary of the batch by its new name.
    pub(super) fn rename(&mut self, history_owner: &HistoryOwner, new: &UserName) {
        let pending = self.batch.as_mut().and_then(|batch| batch.users.get_mut(history_owner));
        if let Some(name) = pending.and_then(|pending| pending.name.as_mut()) {
            name.clone_from(new);
        }
    }

    /// Begins the next time span if the last one is over.
    fn begin_span(&mut self, now: Duration, limits: &Limits) {
        if now.saturating_sub(self.span_start) >= Limits::millis(limits.presence_gather_ms) {
            self.span_start = now;
            self.lines = 0;
        }
    }

    /// Ends the batch when its timer ends. Returns the summary, unless all changes canceled each other out, and true if
    /// the next batch begins at once and needs the timer.
    pub(super) fn end_batch(&mut self, limits: &Limits) -> (Option<Summary>, bool) {
        let Some(batch) = self.batch.take() else { return (None, false) };
        let is_busy = batch.changes > limits.presence_lines;
        self.batch = is_busy.then(PresenceBatch::default);
        (batch.into_summary(), is_busy)
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
            // The user is back where they were when the batch began. Two equal changes in a row mean that one is
            // missing.
            if pending.joins == change.joins {
                self.users.insert(change.history_owner.clone(), pending);
            }
        } else if self.users.len() < TRACKED_USERS {
            let name = (!change.blocks_others).then(|| change.name.clone());
            self.users.insert(change.history_owner.clone(), PendingChange { number, joins: change.joins, name });
        } else if change.joins {
            self.joined += 1;
        } else {
            self.left += 1;
        }
    }

    fn into_summary(self) -> Option<Summary> {
        let mut users: Vec<PendingChange> = self.users.into_values().collect();
        users.sort_unstable_by_key(|pending| pending.number);
        let joined = self.joined + users.iter().filter(|pending| pending.joins).count();
        let left = self.left + users.iter().filter(|pending| !pending.joins).count();
        let users = users.into_iter().filter_map(|pending| pending.name).take(NAMED_USERS).collect();
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
    fn few_changes_are_announced_one_by_one() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        for second in 0..10 {
            for number in 0..3 {
                let now = SPAN * second + SPAN / 4 * number;
                assert_eq!(throttle.decide(change(&user(1), number % 2 == 0), 5, now, &limits), Decision::Announce);
            }
        }
        assert_eq!(throttle.end_batch(&limits), (None, false));
    }

    #[test]
    fn x13_changes_over_the_rate_are_summarized() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        let decisions: Vec<_> =
            (0..6).map(|number| throttle.decide(change(&user(number), true), 5, SPAN, &limits)).collect();
        let batched = |first| Decision::Batched { first };
        let single = Decision::Announce;
        assert_eq!(decisions, [single, single, single, batched(true), batched(false), batched(false)]);
        let (summary, again) = throttle.end_batch(&limits);
        let users: Vec<UserName> = (3..6).map(|number| user(number).0).collect();
        assert_eq!(summary, Some(Summary { at: NOW, joined: 3, left: 0, users }));
        assert!(!again, "a batch of three changes is not busy");
        assert_eq!(throttle.decide(change(&user(1), false), 5, SPAN * 2, &limits), single);
    }

    #[test]
    fn x13_batches_continue_until_a_batch_has_few_changes() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        for number in 0..7 {
            throttle.decide(change(&user(number), true), 5, SPAN, &limits);
        }
        assert!(throttle.end_batch(&limits).1);
        assert_eq!(throttle.decide(change(&user(9), true), 5, SPAN * 2, &limits), Decision::Batched { first: false });
        assert!(!throttle.end_batch(&limits).1);
        assert_eq!(throttle.decide(change(&user(9), false), 5, SPAN * 3, &limits), Decision::Announce);
    }

    #[test]
    fn x13_summary_leaves_out_users_who_are_back_where_they_were() {
        let mut throttle = PresenceThrottle::default();
        let limits = Limits { presence_lines: 1, ..limits() };
        throttle.decide(change(&user(0), true), 5, SPAN, &limits);
        for joins in [true, false, true, false] {
            throttle.decide(change(&user(1), joins), 5, SPAN, &limits);
        }
        assert_eq!(throttle.end_batch(&limits), (None, true));
        // Another guest of the same name is another user.
        throttle.decide(change(&user(1), false), 5, SPAN * 2, &limits);
        let User(name, history_owner) = &User(user(1).0, HistoryOwner::Guest(7));
        throttle.decide(Change { name, history_owner, ..change(&user(1), true) }, 5, SPAN * 2, &limits);
        let users = vec![name.clone(), name.clone()];
        assert_eq!(throttle.end_batch(&limits).0, Some(Summary { at: NOW, joined: 1, left: 1, users }));
    }

    #[test]
    fn with_many_readers_every_change_is_batched() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        assert_eq!(throttle.decide(change(&user(0), true), 101, SPAN, &limits), Decision::Batched { first: true });
    }

    #[test]
    fn x13_user_who_blocks_others_gets_single_lines_and_is_never_named_in_a_summary() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        let blockers: Vec<User> = (10..15).map(user).collect();
        throttle.decide(change(&user(0), true), 101, SPAN, &limits);
        let decisions: Vec<_> = blockers
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
    fn renames_are_bounded_and_a_summary_has_the_new_name() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        for _ in 0..2 {
            assert_eq!(throttle.take_line(SPAN, &limits), Ok(()));
        }
        assert_eq!(throttle.decide(change(&user(1), true), 5, SPAN, &limits), Decision::Announce);
        assert_eq!(throttle.take_line(SPAN + SPAN / 4, &limits), Err(SPAN / 4 * 3));
        assert_eq!(throttle.take_line(SPAN * 2, &limits), Ok(()));
        throttle.decide(change(&user(2), true), 101, SPAN * 2, &limits);
        let User(new, _) = user(9);
        throttle.rename(&user(1).1, &new);
        throttle.rename(&user(2).1, &new);
        assert_eq!(throttle.end_batch(&limits).0, Some(Summary { at: NOW, joined: 1, left: 0, users: vec![new] }));
    }

    #[test]
    fn user_who_blocks_others_after_joining_in_a_batch_leaves_in_the_batch() {
        let mut throttle = PresenceThrottle::default();
        let limits = limits();
        throttle.decide(change(&user(0), true), 101, SPAN, &limits);
        let user = user(0);
        let leaves = Change { blocks_others: true, ..change(&user, false) };
        assert_eq!(throttle.decide(leaves, 101, SPAN, &limits), Decision::Batched { first: false });
        assert_eq!(throttle.end_batch(&limits), (None, false));
    }

    proptest! {
        /// Lines and summaries add up to where each user is, and their number is bounded.
        #[test]
        fn x13_lines_are_bounded_and_add_up_to_where_each_user_is(
            steps in prop::collection::vec((0u64..40, 0u64..400), 1..400),
        ) {
            let mut throttle = PresenceThrottle::default();
            let limits = limits();
            let mut here = [false; 40];
            let mut expected = 0i64;
            let mut now = SPAN;
            let mut timer = None;
            let mut sum = 0i64;
            let mut lines = Vec::new();
            let mut end = |throttle: &mut PresenceThrottle, at: Duration, lines: &mut Vec<Duration>| {
                let (summary, again) = throttle.end_batch(&limits);
                if let Some(summary) = summary {
                    lines.push(at);
                    sum += summary.joined as i64 - summary.left as i64;
                }
                again.then(|| at + SPAN)
            };
            let mut single = 0i64;
            for (user_number, gap_ms) in steps {
                now += Duration::from_millis(gap_ms / 8);
                while let Some(at) = timer.filter(|at| *at <= now) {
                    timer = end(&mut throttle, at, &mut lines);
                }
                let is_here = &mut here[usize::try_from(user_number).unwrap_or(0)];
                *is_here = !*is_here;
                let by = if *is_here { 1 } else { -1 };
                expected += by;
                match throttle.decide(change(&user(user_number), *is_here), 5, now, &limits) {
                    Decision::Announce => {
                        lines.push(now);
                        single += by;
                    }
                    Decision::Batched { first: true } => timer = Some(now + SPAN),
                    Decision::Batched { first: false } => {}
                }
            }
            while let Some(at) = timer {
                timer = end(&mut throttle, at, &mut lines);
            }
            prop_assert_eq!(single + sum, expected);
            // One second can contain parts of two time spans.
            let most = 2 * (limits.presence_lines as usize + 1);
            for window in lines.windows(most + 1) {
                prop_assert!(window[most] - window[0] >= SPAN);
            }
        }
    }
}
