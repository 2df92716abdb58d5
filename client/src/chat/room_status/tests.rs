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
fn refusal_that_tells_no_end_of_a_mute_leaves_the_known_one() {
    let mut status = RoomStatus::default();
    of(&mut status, seconds(Cause::UserMuted.with_user("alice"), 120));
    let for_two_minutes = Some("you are muted in this room for 2 min".to_owned());
    assert_eq!(status.caution(1_000), for_two_minutes);
    of(&mut status, Cause::Muted.report());
    assert_eq!(status.caution(1_000), for_two_minutes, "a hand, or a message to one user or to all");
    of(&mut status, seconds(Cause::Muted.report(), 600));
    assert_eq!(status.caution(1_000).as_deref(), Some("you are muted in this room for 10 min"));
    status.record(&Cause::Muted.report(), "alice", 700_000);
    assert_eq!(status.words(u64::MAX), ["muted"], "the known end is over, so that is another mute");
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

fn overview() -> RoomOverview {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    RoomOverview {
        owners: names(&["dave"]),
        open: true,
        quiet: true,
        muted: names(&["erin"]),
        hands: vec![("carol".into(), "a question".into()), ("bob".into(), String::new())],
        floor: names(&["frank"]),
        ..RoomOverview::default()
    }
}

#[test]
fn answer_of_the_server_replaces_everything() {
    let mut status = RoomStatus::default();
    of(&mut status, Cause::SlowOn.with_seconds(30));
    let status = RoomStatus::of(&overview(), 1_000);
    assert_eq!(status.words(1_000), ["quiet", "2 hands"]);
    let marks = ["Bob", "carol", "dave", "erin", "frank", "grace"].map(|user| status.mark(user));
    let expected =
        [Some(Mark::Hand(2)), Some(Mark::Hand(1)), Some(Mark::Owner), Some(Mark::Muted), Some(Mark::Floor), None];
    assert_eq!(marks, expected);
    assert_eq!(status.in_order(&["alice", "bob", "carol", "dave"]), ["carol", "bob", "alice", "dave"]);
}

#[test]
fn user_is_cautioned_before_typing_in_vain() {
    let mut rules = overview();
    let caution = |rules: &RoomOverview| {
        let status = RoomStatus::of(rules, 1_000);
        (status.caution(1_000).unwrap_or_default(), status.silences(1_000))
    };
    assert_eq!(caution(&rules), ("this room is quiet: /hand asks its owners for the floor".to_owned(), true));
    rules.you.hand = Some(2);
    assert_eq!(caution(&rules), ("your hand is up, 2 before you; /hand takes it down".to_owned(), true));
    rules.you.floor = true;
    assert_eq!(caution(&rules), ("you have the floor".to_owned(), false));
    (rules.you.muted, rules.you.seconds) = (true, Some(61));
    assert_eq!(caution(&rules), ("you are muted in this room for 2 min".to_owned(), true));
    rules.you.seconds = None;
    assert_eq!(caution(&rules).0, "you are muted in this room until an owner unmutes you");
    rules.you.owner = true;
    assert_eq!(caution(&rules), (String::new(), false));
    let slow = RoomOverview { open: true, slow: 30, ..RoomOverview::default() };
    assert_eq!(caution(&slow), ("this room is slow: one message every 30 s".to_owned(), false));
    assert_eq!(caution(&RoomOverview { open: true, ..RoomOverview::default() }), (String::new(), false));
}

#[test]
fn own_hand_is_up_until_it_is_taken_down_or_seen() {
    let up = || Cause::HandUp.with_count(3);
    for ends in [
        Cause::HandDown.report(),
        Cause::FloorGiven.with_user("alice"),
        Cause::UserMuted.with_user("alice"),
        Cause::QuietOff.report(),
    ] {
        let mut status = RoomStatus::default();
        of(&mut status, Cause::QuietOn.report());
        of(&mut status, up());
        of(&mut status, Cause::FloorGiven.with_user("bob"));
        assert_eq!(status.caution(1_000).as_deref(), Some("your hand is up, 3 before you; /hand takes it down"));
        of(&mut status, ends);
        assert!(!status.has_hand_up());
    }
}

#[test]
fn lists_of_a_hostile_server_are_cleaned_and_bounded() {
    let names: Vec<String> = (0..3 * MAX_MEMBERS).map(|n| format!("u{n}\u{1b}[2J")).collect();
    let hands = names.iter().map(|name| (name.clone(), "\n\u{7}x".repeat(10_000))).take(200).collect();
    let rules = RoomOverview { muted: names.clone(), owners: names, hands, ..RoomOverview::default() };
    let status = RoomStatus::of(&rules, 1_000);
    assert!(status.muted.len() <= MAX_MEMBERS && status.owners.len() <= MAX_MEMBERS);
    assert!(status.muted.iter().all(|name| !name.contains('\u{1b}')));
    assert_eq!(status.hands().len(), MAX_HANDS);
    assert!(status.hands().iter().all(|hand| !hand.text.contains(['\n', '\u{7}'])));
}

#[test]
fn topic_of_a_hostile_server_is_cleaned_and_short() {
    let mut status = RoomStatus::default();
    of(&mut status, Cause::TopicSet.with_word(format!("tea\u{1b}[2J\n{}", "x".repeat(100_000))));
    let topic = status.topic().unwrap();
    assert!(topic.starts_with("tea") && !topic.contains(['\u{1b}', '\n']) && topic.chars().count() <= NOTICE_CHARS + 1);
    of(&mut status, Cause::TopicRemoved.report());
    assert_eq!(status.topic(), None);
}
