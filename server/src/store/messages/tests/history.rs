//! The history: what is stored, and which user sees which messages.

use super::*;

/// Returns a store with messages of all kinds, some of which bob may see.
fn mixed() -> Store {
    let store = Store::new();
    store.say(1, "Lobby", "in the lobby");
    store.say_as("carol", 2, "*", "to everybody");
    store.say(3, "den", "in the den");
    store.direct(4, "alice", "bob", "for bob");
    store.direct(5, "bob", "carol", "from bob");
    store.direct(6, "alice", "carol", "not for bob");
    store.direct(7, "bob", "bob", "a note");
    store.direct(8, "12", "bob", "from a guest");
    store.say_as("bob", 9, "lobby", "here too");
    store
}

#[test]
fn each_user_sees_own_conversations_in_order() {
    let store = mixed();
    assert_eq!(store.ids("bob", &["lobby"], Range::Last(100)), [1, 2, 4, 5, 7, 8, 9]);
    assert_eq!(store.ids("bob", &[], Range::Last(100)), [2, 4, 5, 7, 8]);
    assert_eq!(store.ids("carol", &["lobby", "den", "den", "nowhere"], Range::Last(100)), [1, 2, 3, 5, 6, 9]);
    assert_eq!(store.ids("12", &[], Range::Last(100)), [2, 8]);
    assert_eq!(store.ids("13", &[], Range::Last(100)), [2]);
}

#[test]
fn entries_have_conversation_and_time() {
    let store = mixed();
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["lobby"], blocked: &[], only: HistoryFilter::Everything };
    let page = store.messages.recall(&viewer, Range::Last(100)).unwrap();
    let places: Vec<(&Location, &str)> = page.entries.iter().map(|entry| (&entry.place, &*entry.user)).collect();
    let lobby = Location::Room("lobby".into());
    let to_bob = Location::DirectMessage { to: "bob".into() };
    assert_eq!(places[..3], [(&lobby, "alice"), (&Location::Global, "carol"), (&to_bob, "alice")]);
    assert_eq!(places[5], (&to_bob, "12"));
    assert_eq!((page.entries[0].at, &*page.entries[0].text), (at(1), "in the lobby"));
}

#[test]
fn filters_select_one_room_or_one_other_user() {
    let store = mixed();
    let bob = party("bob");
    let guest = party("12");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["lobby"], blocked: &[], only: HistoryFilter::Everything };
    fn narrowed(store: &Store, viewer: HistoryReader<'_>) -> Vec<u64> {
        ids(&store.messages.recall(&viewer, Range::Last(100)).unwrap())
    }
    assert_eq!(narrowed(&store, HistoryReader { only: HistoryFilter::Room("lobby"), ..viewer }), [1, 9]);
    assert_eq!(
        narrowed(&store, HistoryReader { only: HistoryFilter::Room("den"), ..viewer }),
        [] as [u64; 0],
        "not one of the viewer's rooms"
    );
    for (name, expected) in [("alice", &[4][..]), ("carol", &[5]), ("bob", &[7]), ("dave", &[])] {
        assert_eq!(
            narrowed(&store, HistoryReader { only: HistoryFilter::With(&party(name)), ..viewer }),
            expected,
            "{name}"
        );
    }
    assert_eq!(narrowed(&store, HistoryReader { only: HistoryFilter::With(&guest), ..viewer }), [8]);
    let found =
        store.messages.search(&HistoryReader { only: HistoryFilter::With(&guest), ..viewer }, "guest from", None, 9);
    assert_eq!(ids(&found.unwrap()), [8]);
}

#[test]
fn blocked_authors_are_not_shown() {
    let store = mixed();
    store.say_as("Alice", 10, "lobby", "in another spelling");
    let bob = party("bob");
    let blocked = [NameKey::of("ALICE"), NameKey::of("nobody")];
    let viewer = HistoryReader {
        address: "",
        party: &bob,
        rooms: &["lobby"],
        blocked: &blocked,
        only: HistoryFilter::Everything,
    };
    assert_eq!(ids(&store.messages.recall(&viewer, Range::Last(100)).unwrap()), [2, 5, 7, 8, 9]);
    assert_eq!(ids(&store.messages.recall(&viewer, Range::Last(2)).unwrap()), [8, 9]);
    assert_eq!(ids(&store.messages.search(&viewer, "lobby", None, 9).unwrap()), [] as [u64; 0]);
}

#[test]
fn ranges_page_in_both_directions() {
    let store = Store::new();
    for id in 1..=10 {
        store.say(id, if id % 2 == 0 { "a" } else { "b" }, "x");
    }
    let page = |range| {
        let bob = party("bob");
        let viewer = HistoryReader {
            address: "",
            party: &bob,
            rooms: &["a", "b"],
            blocked: &[],
            only: HistoryFilter::Everything,
        };
        let page = store.messages.recall(&viewer, range).unwrap();
        (ids(&page), page.more)
    };
    assert_eq!(page(Range::Last(3)), (vec![8, 9, 10], true));
    assert_eq!(page(Range::Last(10)), ((1..=10).collect(), false));
    assert_eq!(page(Range::Last(0)), (vec![], true));
    assert_eq!(page(Range::Before(8, 3)), (vec![5, 6, 7], true));
    assert_eq!(page(Range::Before(3, 3)), (vec![1, 2], false));
    assert_eq!(page(Range::Before(1, 3)), (vec![], false));
    assert_eq!(page(Range::After(7, 2)), (vec![8, 9], true));
    assert_eq!(page(Range::After(7, 3)), (vec![8, 9, 10], false));
    assert_eq!(page(Range::After(u64::MAX, 3)), (vec![], false));
    assert_eq!(page(Range::Between { after: 2, up_to: 6, most: 9 }), (vec![3, 4, 5, 6], false));
    assert_eq!(page(Range::Between { after: 2, up_to: 6, most: 2 }), (vec![3, 4], true));
}

#[test]
fn pages_are_limited() {
    let mut limits = Limits::default();
    limits.set("history-messages", 5).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    (1..=9).for_each(|id| store.say(id, "a", "x"));
    assert_eq!(store.ids("bob", &["a"], Range::Last(usize::MAX)), [5, 6, 7, 8, 9]);
    assert_eq!(store.found("bob", &["a"], "x"), [9, 8, 7, 6, 5]);
}

#[test]
fn texts_of_one_call_get_consecutive_ids() {
    let store = Store::new();
    let said = NewMessages { first_id: 40, at: at(40), room: Some("a"), user: "alice", client: 7, nonces: &[] };
    store.messages.store_talk(&said, &mut ["one", "two", ""].into_iter());
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [40, 41, 42]);
}

#[test]
fn read_markers_never_move_back_and_are_limited() {
    let mut limits = Limits::default();
    limits.set("marks-per-account", 3).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let alice = NameKey::of("alice");
    let bob = NameKey::of("bob");
    for (room, id) in [("a", 5), ("a", 3), ("b", 9), ("c", 7), ("d", 8)] {
        store.messages.set_read_marker(&alice, room, id);
        if id == 3 {
            assert_eq!(store.messages.read_marker(&alice, "a"), Ok(Some(5)));
        }
    }
    let marks: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|room| store.messages.read_marker(&alice, room).unwrap()).collect();
    assert_eq!(marks, [None, Some(9), Some(7), Some(8)], "the marker with the lowest id is removed");
    assert_eq!(store.messages.read_marker(&bob, "b"), Ok(None));
}

#[test]
fn the_highest_id_survives_a_restart() {
    let store = Store::new();
    assert_eq!(store.messages.highest_id(), 0);
    store.say(41, "a", "x");
    store.say(7, "a", "x");
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.messages.highest_id(), 41);
    store.direct(50, "alice", "bob", "x");
    assert_eq!(store.messages.forget(&party("alice")), Ok(1));
    let store = store.reopen(Retention::Off);
    assert_eq!(store.messages.highest_id(), 50, "forgotten messages count");
    store.enqueue(60, "alice", "bob", "x").unwrap();
    let store = store.reopen(Retention::Off);
    assert_eq!(store.messages.highest_id(), 60, "mail counts");
    assert_eq!(store.fetch("bob"), [60]);
    store.messages.acknowledge_mail(&NameKey::of("bob"), vec![60], true);
    assert_eq!(store.reopen(Retention::Off).messages.highest_id(), 60, "delivered mail counts");
}

#[test]
fn without_history_nothing_is_stored_or_shown() {
    let store = Store::new();
    store.say(1, "a", "kept");
    let store = store.reopen(Retention::Off);
    store.say(2, "a", "not kept");
    store.direct(3, "alice", "bob", "not kept");
    store.enqueue(4, "alice", "bob", "mail").unwrap();
    store.messages.set_read_marker(&NameKey::of("bob"), "a", 2);
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    assert_eq!(store.messages.recall(&viewer, Range::Last(9)), Err(HistoryError::Off));
    assert_eq!(store.messages.search(&viewer, "kept", None, 9), Err(HistoryError::Off));
    assert_eq!(store.messages.read_marker(&NameKey::of("bob"), "a"), Err(HistoryError::Off));
    let store = store.reopen(Retention::Forever);
    assert_eq!(store.ids("bob", &["a"], Range::Last(9)), [1]);
    assert_eq!(store.messages.read_marker(&NameKey::of("bob"), "a"), Ok(None));
    assert_eq!(store.fetch("bob"), [4]);
}
