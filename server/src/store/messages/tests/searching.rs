//! Finding messages by their words.

use super::*;

fn said(texts: &[&str]) -> Store {
    let store = Store::new();
    for (text, id) in texts.iter().zip(1..) {
        store.say(id, "a", text);
    }
    store
}

#[test]
fn all_words_must_be_there_and_the_last_may_be_a_beginning() {
    let store = said(&["tea at four", "coffee at four", "Teatime!", "tea for two"]);
    for (words, expected) in [
        ("tea", &[4, 3, 1][..]),
        ("tea.", &[4, 1]),
        ("four tea", &[1]),
        ("tea four", &[1]),
        ("tea coffee", &[]),
        ("te", &[]),
        ("at fou", &[2, 1]),
        ("fou at", &[]),
        ("", &[]),
        ("!!!", &[]),
    ] {
        assert_eq!(store.found("bob", &["a"], words), expected, "{words}");
    }
}

#[test]
fn nothing_that_people_type_is_syntax() {
    let store = said(&["a OR b", "say \"hi\" to text:foo", "x* (y) NEAR -z ^w {scope}: c1", "plain"]);
    for (words, expected) in [
        ("a OR nothing", &[][..]),
        ("a or b", &[1]),
        ("say \"hi\"", &[2]),
        ("\"", &[]),
        ("text:foo", &[2]),
        ("text:plain", &[]),
        ("x*", &[3]),
        ("pla*", &[]),
        ("(y)", &[3]),
        ("-z", &[3]),
        ("NOT plain", &[]),
        ("{scope}: c1", &[3]),
        ("c1 c2", &[]),
        ("'; DROP TABLE message; --", &[]),
        ("plain\0\"", &[4]),
    ] {
        assert_eq!(store.found("bob", &["a"], words), expected, "{words}");
    }
}

#[test]
fn case_and_marks_of_letters_do_not_matter() {
    let store = said(&["Grüße aus Köln", "ПРИВЕТ мир", "naïve cafe\u{301}", "我们 喝茶"]);
    for (words, expected) in [("gruße", 1), ("KÖLN", 1), ("привет", 2), ("NAIVE", 3), ("café", 3), ("喝茶", 4)]
    {
        assert_eq!(store.found("bob", &["a"], words), [expected], "{words}");
    }
}

#[test]
fn only_what_the_viewer_may_see_is_found() {
    let store = Store::new();
    store.say(1, "a", "secret");
    store.say(2, "b", "secret");
    store.direct(3, "alice", "bob", "secret");
    store.direct(4, "alice", "carol", "secret");
    store.say(5, "*", "secret");
    assert_eq!(store.found("bob", &["a"], "secret"), [5, 3, 1]);
    assert_eq!(store.found("alice", &[], "secret"), [5, 4, 3]);
    assert_eq!(store.found("dave", &["b", "nowhere"], "secret"), [5, 2]);
}

#[test]
fn pages_go_back_from_the_newest() {
    let store = said(&["tea"; 7]);
    let bob = party("bob");
    let viewer = Viewer { address: "", party: &bob, rooms: &["a"], blocked: &[], only: Only::Everything };
    let page = |before| {
        let page = store.messages.search(&viewer, "tea", before, 3).unwrap();
        assert!(!page.cut_short);
        (ids(&page), page.more)
    };
    assert_eq!(page(None), (vec![7, 6, 5], true));
    assert_eq!(page(Some(5)), (vec![4, 3, 2], true));
    assert_eq!(page(Some(2)), (vec![1], false));
    assert_eq!(page(Some(1)), (vec![], false));
}

#[test]
fn what_comes_late_is_found() {
    let store = Store::new();
    store.say(10, "a", "tea");
    assert_eq!(store.found("bob", &["a"], "tea"), [10]);
    for id in [5, 11, 4] {
        store.say(id, "a", "tea");
    }
    assert_eq!(store.found("bob", &["a"], "tea"), [11, 10, 5, 4]);
    assert_eq!(store.found("bob", &["a"], "tea"), [11, 10, 5, 4], "once each");
}

#[test]
fn what_was_not_indexed_before_a_kill_is_found_after_it() {
    let store = Store::new();
    store.say(10, "a", "tea");
    assert_eq!(store.found("bob", &["a"], "tea"), [10]);
    store.say(12, "a", "tea");
    store.say(9, "a", "tea");
    store.messages.wait_for_stored(false).unwrap();
    let after = files::killed(&store);
    assert_eq!(after.found("bob", &["a"], "tea"), [12, 10, 9]);
}

#[test]
fn a_search_whose_time_is_up_gives_what_it_found() {
    let mut limits = Limits::default();
    limits.set("search-ms", 1).unwrap();
    let store = Store::with(Keep::Forever, &limits);
    let texts = vec!["tea"; 50_000];
    let said = Said { first_id: 1, at: at(1), room: Some("a"), user: "alice", client: 7, nonces: &[] };
    store.messages.keep(&said, &mut texts.into_iter());
    let blocked = [NameKey::of("alice")];
    let bob = party("bob");
    let viewer = Viewer { address: "", party: &bob, rooms: &["a"], blocked: &blocked, only: Only::Everything };
    store.messages.wait_for_stored(true).unwrap();
    let page = store.messages.search(&viewer, "tea", None, 10).unwrap();
    assert!(page.cut_short && page.entries.is_empty() && !page.more, "{page:?}");
    assert_eq!(store.messages.recall(&viewer, Range::Last(1)), Err(RecallError::Busy));
}

#[test]
fn a_great_many_words_are_no_trouble() {
    let store = said(&["tea"]);
    assert_eq!(store.found("bob", &["a"], &"tea ".repeat(2_000)), [1]);
    assert_eq!(store.found("bob", &["a"], &"x".repeat(8_000)), [] as [u64; 0]);
}
