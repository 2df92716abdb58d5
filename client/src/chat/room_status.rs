//! The rules of a room as far as the client knows them: quiet, slow, the user's own mute, the topic, raised hands.
//!
//! **Source.** Notices of the room and refusals of the user's messages, by their causes. The server tells a newcomer the
//! topic only, so the client learns of an older rule when it refuses a message. Hands are told to owners only, so for
//! other users none is up.
//!
//! | cause | change |
//! |---|---|
//! | `quiet_on`, refusal `quiet` | quiet; `quiet_off` ends it, and takes all hands down |
//! | `slow_on`, refusal `slowed` | slow (the refusal does not tell the pause); `slow_off` ends it |
//! | `user_muted` of the user, refusal `muted` | muted, until the time is over; `user_unmuted` or an accepted message ends it |
//! | `topic_set`, `topic` | a topic; `topic_removed` ends it |
//! | `hand_raised` | one more hand; `floor_given` takes it down, `no_hands` all |
//!
//! A new session or a return into the room begins with an empty status.

use super::limits::{MAX_MEMBERS, NOTICE_CHARS};
use super::line::{cleaned, cleaned_name};
use super::names::NameSet;
use landline_common::{Cause, Report};

/// The mute of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mute {
    /// Time of its end in milliseconds; `None` until an owner lifts it.
    until: Option<u64>,
}

/// The known rules of a room.
#[derive(Clone, Debug)]
pub struct RoomStatus {
    topic: Option<Box<str>>,
    is_quiet: bool,
    is_slow: bool,
    /// Pause between two messages of a user, if it is known.
    slow_seconds: Option<u64>,
    mute: Option<Mute>,
    /// Users with raised hands.
    hands: NameSet,
}

impl Default for RoomStatus {
    fn default() -> RoomStatus {
        RoomStatus {
            topic: None,
            is_quiet: false,
            is_slow: false,
            slow_seconds: None,
            mute: None,
            hands: NameSet::new(MAX_MEMBERS),
        }
    }
}

impl RoomStatus {
    /// Records a notice of the room, or a refusal in it. `me` is the name of the user.
    pub fn record(&mut self, report: &Report<'_>, me: &str, now_ms: u64) {
        let user = cleaned_name(report.about.user.as_deref().unwrap_or_default());
        let is_me = *user == *me;
        match report.cause {
            Cause::TopicSet | Cause::Topic => {
                let topic = report.about.word.as_deref().map(|topic| cleaned(topic, NOTICE_CHARS));
                self.topic = topic.filter(|topic| !topic.is_empty());
            }
            Cause::TopicRemoved => self.topic = None,
            Cause::QuietOn | Cause::Quiet => self.is_quiet = true,
            Cause::QuietOff => {
                self.is_quiet = false;
                self.hands.clear();
            }
            Cause::SlowOn => {
                self.is_slow = true;
                self.slow_seconds = report.about.seconds;
            }
            Cause::Slowed => self.is_slow = true,
            Cause::SlowOff => {
                self.is_slow = false;
                self.slow_seconds = None;
            }
            Cause::UserMuted if is_me => self.mute_for(report.about.seconds, now_ms),
            Cause::Muted => self.mute_for(report.about.seconds, now_ms),
            Cause::UserUnmuted if is_me => self.mute = None,
            Cause::HandRaised => _ = self.hands.add(&user),
            Cause::FloorGiven => _ = self.hands.remove(&user),
            Cause::NoHands => self.hands.clear(),
            // Only owners are told of hands, so the count would become wrong.
            Cause::OwnerRemoved if is_me => self.hands.clear(),
            _ => {}
        }
    }

    fn mute_for(&mut self, seconds: Option<u64>, now_ms: u64) {
        let until = seconds.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1_000)));
        self.mute = Some(Mute { until });
    }

    /// Records that the server accepted a message of the user, who therefore is not muted.
    pub fn record_accepted(&mut self) {
        self.mute = None;
    }

    /// Records that a user has left the room.
    pub fn record_left(&mut self, user: &str) {
        self.hands.remove(user);
    }

    /// Records that a user has changed its name.
    pub fn record_renamed(&mut self, from: &str, to: &str) {
        if self.hands.remove(from) {
            self.hands.add(to);
        }
    }

    /// Returns the topic.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// Returns the rules in force, in words for a bar.
    #[must_use]
    pub fn words(&self, now_ms: u64) -> Vec<String> {
        let mut words = Vec::new();
        if self.is_quiet {
            words.push("quiet".to_owned());
        }
        if self.is_slow {
            words.push(self.slow_seconds.map_or("slow".to_owned(), |seconds| format!("slow {seconds} s")));
        }
        if self.mute.is_some_and(|mute| mute.until.is_none_or(|until| now_ms < until)) {
            words.push("muted".to_owned());
        }
        match self.hands.len() {
            0 => {}
            1 => words.push("1 hand".to_owned()),
            count => words.push(format!("{count} hands")),
        }
        words
    }
}

/// Returns whether a cause is a notice to the members of a room, or about the user in a room: it belongs into the
/// conversation of that room.
#[must_use]
pub fn is_room_notice(cause: Cause) -> bool {
    use Cause::{
        FloorGiven, HandDown, HandRaised, HandUp, InvitationSent, KeyRemoved, KeySet, KickedFromRoom, OwnerMade,
        OwnerRemoved, QuietOff, QuietOn, RoomClosed, RoomOpened, SlowOff, SlowOn, Topic, TopicRemoved, TopicSet,
        UserBanned, UserKicked, UserMuted, UserUnbanned, UserUnmuted,
    };
    matches!(
        cause,
        TopicSet
            | TopicRemoved
            | Topic
            | UserKicked
            | KickedFromRoom
            | UserMuted
            | UserUnmuted
            | UserBanned
            | UserUnbanned
            | OwnerMade
            | OwnerRemoved
            | InvitationSent
            | RoomOpened
            | RoomClosed
            | KeySet
            | KeyRemoved
            | SlowOn
            | SlowOff
            | QuietOn
            | QuietOff
            | FloorGiven
            | HandRaised
            | HandUp
            | HandDown
    )
}

/// Returns whether a notice changes what the user `me` may do in a room, so that it needs the user's attention.
#[must_use]
pub fn concerns(report: &Report<'_>, me: &str) -> bool {
    use Cause::{FloorGiven, KickedFromRoom, OwnerMade, OwnerRemoved, UserMuted, UserUnmuted};
    let is_me = || report.about.user.as_deref().is_some_and(|user| *cleaned_name(user) == *me);
    match report.cause {
        KickedFromRoom => true,
        FloorGiven | OwnerMade | OwnerRemoved | UserMuted | UserUnmuted => is_me(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: &mut RoomStatus, report: Report<'static>) -> String {
        status.record(&report, "alice", 1_000);
        status.words(1_000).join(" ")
    }

    fn seconds(mut report: Report<'static>, seconds: u64) -> Report<'static> {
        report.about.seconds = Some(seconds);
        report
    }

    #[test]
    fn notices_and_refusals_set_what_other_notices_clear() {
        let mut status = RoomStatus::default();
        assert_eq!(of(&mut status, Cause::QuietOn.report()), "quiet");
        assert_eq!(of(&mut status, Cause::Slowed.with_seconds(7)), "quiet slow");
        assert_eq!(of(&mut status, Cause::SlowOn.with_seconds(30)), "quiet slow 30 s");
        assert_eq!(of(&mut status, Cause::Slowed.with_seconds(7)), "quiet slow 30 s", "the pause stays");
        assert_eq!(of(&mut status, Cause::UserMuted.with_user("bob")), "quiet slow 30 s", "another user");
        assert_eq!(of(&mut status, Cause::Muted.report()), "quiet slow 30 s muted");
        assert_eq!(of(&mut status, Cause::UserUnmuted.with_user("bob")), "quiet slow 30 s muted");
        assert_eq!(of(&mut status, Cause::UserUnmuted.with_user("alice")), "quiet slow 30 s");
        assert_eq!(of(&mut status, Cause::SlowOff.report()), "quiet");
        assert_eq!(of(&mut status, Cause::QuietOff.report()), "");
    }

    #[test]
    fn mute_ends_with_its_time_or_with_an_accepted_message() {
        let mut status = RoomStatus::default();
        assert_eq!(of(&mut status, seconds(Cause::UserMuted.with_user("alice"), 60)), "muted");
        assert_eq!((status.words(60_999).len(), status.words(61_000).len()), (1, 0));
        assert_eq!(of(&mut status, Cause::UserMuted.with_user("alice")), "muted");
        assert_eq!(status.words(u64::MAX), ["muted"], "until an owner lifts it");
        status.record_accepted();
        assert_eq!(status.words(1_000), [""; 0]);
    }

    #[test]
    fn each_raised_hand_is_counted_once() {
        let mut status = RoomStatus::default();
        assert_eq!(of(&mut status, Cause::HandRaised.with_user("bob")), "1 hand");
        assert_eq!(of(&mut status, Cause::HandRaised.with_user("bob")), "1 hand", "with another text");
        assert_eq!(of(&mut status, Cause::HandRaised.with_user("carol")), "2 hands");
        assert_eq!(of(&mut status, Cause::FloorGiven.with_user("carol")), "1 hand");
        status.record_left("bob");
        assert_eq!(status.words(1_000), [""; 0]);
        for ends in [Cause::QuietOff.report(), Cause::NoHands.report(), Cause::OwnerRemoved.with_user("alice")] {
            assert_eq!(of(&mut status, Cause::HandRaised.with_user("bob")), "1 hand");
            assert_eq!(of(&mut status, ends), "");
        }
    }

    #[test]
    fn topic_of_a_hostile_server_is_cleaned_and_short() {
        let mut status = RoomStatus::default();
        of(&mut status, Cause::TopicSet.with_word(format!("tea\u{1b}[2J\n{}", "x".repeat(100_000))));
        let topic = status.topic().unwrap();
        assert!(
            topic.starts_with("tea") && !topic.contains(['\u{1b}', '\n']) && topic.chars().count() <= NOTICE_CHARS + 1
        );
        of(&mut status, Cause::TopicRemoved.report());
        assert_eq!(status.topic(), None);
    }
}
