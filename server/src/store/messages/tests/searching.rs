//! Full-text search.

use super::*;
use proptest::prelude::*;

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
        ("fou at", &[2, 1]),
        ("eatim", &[3]),
        ("off our", &[2]),
    ] {
        assert_eq!(store.found("bob", &["a"], words), expected, "{words}");
    }
}

#[test]
fn user_input_is_never_query_syntax() {
    let store = said(&["a OR b", "say \"hi\" to text:foo", "x* (y) NEAR -z ^w {scope}: c1", "plain"]);
    for (words, expected) in [
        ("a OR nothing", &[][..]),
        ("a or b", &[1]),
        ("say \"hi\"", &[2]),
        ("\"hi\" oo", &[]),
        ("ai_", &[]),
        ("pl%", &[]),
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
fn case_and_accents_are_ignored() {
    let store = said(&["Grüße aus Köln", "ПРИВЕТ мир", "naïve cafe\u{301}", "我们 喝茶"]);
    for (words, expected) in [("gruße", 1), ("KÖLN", 1), ("привет", 2), ("NAIVE", 3), ("café", 3), ("喝茶", 4)]
    {
        assert_eq!(store.found("bob", &["a"], words), [expected], "{words}");
    }
}

#[test]
fn parts_of_texts_without_blanks_are_found() {
    let store = said(&[
        "人人生而自由，在尊严和权利上一律平等",
        "病院は機能していない",
        "สวัสดีครับ",
        "🙂 smile",
        "die Fehlermeldungen kamen",
        "Landline聊天很好",
        "ｶﾞｷﾞグゲゴ",
        "👩\u{200d}💻 and 👍🏽",
        "🇩🇪🇫🇷",
        "ພາສາລາວ",
        "ភាសាខ្មែរ",
        "မြန်မာဘာသာ",
        "학교에서 만나요",
        "ＦＵＬＬ width",
        "𠮷野家🫠",
        "❤\u{fe0f}",
    ]);
    for (words, expected) in [
        ("权利", &[1][..]),
        ("自由 平等", &[1]),
        ("自由，在", &[1]),
        ("利权", &[]),
        ("機能", &[2]),
        ("ครับ", &[3]),
        ("วัส", &[3]),
        ("คร", &[3]),
        ("🙂", &[4]),
        ("🙃", &[]),
        ("meldung", &[5]),
        ("MELDUNG kam", &[5]),
        ("聊天", &[6]),
        ("Landline", &[6]),
        ("line聊", &[6]),
        ("ガギグ", &[7]),
        ("ｸﾞｹﾞ", &[7]),
        ("かぎ", &[]),
        ("👩\u{200d}💻", &[8]),
        ("👍", &[8]),
        ("👍🏽", &[8]),
        ("👍🏿", &[]),
        ("🇫🇷", &[9]),
        ("🇩🇪", &[9]),
        ("🇪🇫", &[]),
        ("ສາລາ", &[10]),
        ("ខ្មែរ", &[11]),
        ("ဘာသာ", &[12]),
        ("학교", &[13]),
        ("full ｗｉｄｔｈ", &[14]),
        ("野家", &[15]),
        ("🫠", &[15]),
        ("❤", &[16]),
        ("❤\u{fe0f}", &[16]),
    ] {
        assert_eq!(store.found("bob", &["a"], words), expected, "{words}");
    }
}

#[test]
fn unassigned_and_private_use_characters_are_found() {
    let store = said(&["AAüກ\u{ea4}", "xaa\u{ea4}\u{ea4}bb", "\u{e001}\u{e000}ກ", "aa and bb", "天\u{378}天"]);
    for (words, expected) in [
        ("Aüກ\u{ea4}", &[1][..]),
        ("aa\u{ea4}", &[2]),
        ("a\u{ea4}\u{ea4}b", &[2]),
        ("\u{ea4}", &[2, 1]),
        ("\u{ea4} bb", &[2]),
        ("\u{e000}ກ", &[3]),
        ("\u{e001}", &[3]),
        ("\u{378}天", &[5]),
        ("aa.", &[4]),
    ] {
        assert_eq!(store.found("bob", &["a"], words), expected, "{words:?}");
    }
}

#[test]
fn a_search_without_a_word_is_refused() {
    let store = said(&["tea * % \""]);
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    for words in ["", "*", "%", "\"", "!!! ???", "_", "\u{200d}"] {
        assert_eq!(store.messages.search(&viewer, words, None, 9), Err(HistoryError::NoWord), "{words:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A part may begin and end inside a word.
    #[test]
    fn any_part_of_a_text_is_found(
        text in "([一-龥あ-んア-ン가-힣ก-ฮะ-ู่-๋ກ-ຮខ-រက-အ🙂-🙏]{2,9}|[a-zA-Zäöü]{3,8}| ){1,6}",
        (from, len) in (any::<prop::sample::Index>(), 1_usize..12),
    ) {
        let chars: Vec<char> = text.chars().collect();
        let from = from.index(chars.len());
        let part: String = chars[from..].iter().take(len).collect();
        // Terms of one or two letters find whole words only.
        let is_short = |word: &str| word.chars().count() < 3 && word.contains(|c: char| c < '\u{300}');
        prop_assume!(part.split_whitespace().next().is_some() && !part.split_whitespace().any(is_short));
        prop_assume!(part.contains(char::is_alphanumeric));
        let store = said(&[&text]);
        prop_assert_eq!(store.found("bob", &["a"], &part), [1], "{} in {}", part, text);
    }
}

/// Generates characters of every kind that the folding, the index and the terms tell apart.
fn any_kind_of_char() -> impl Strategy<Value = char> {
    let chosen = "aB9é𞤢天が가ກก\u{e48}🙂. '\u{200d}\u{ea4}\u{378}\u{e000}\u{e800}\u{10fffd}\u{ffff}\u{1fb00}";
    let regional = '\u{1F1E6}'..='\u{1F1FF}';
    prop_oneof![
        4 => prop::sample::select(chosen.chars().collect::<Vec<_>>()),
        1 => any::<char>(),
        1 => prop::char::range('\u{e00}', '\u{1aff}'),
    ]
    .prop_filter("the index pairs the letters of flags", move |c| !regional.contains(c))
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1_000_000, ..ProptestConfig::with_cases(1_000) })]

    /// A search asks only the index if the terms say that it finds all.
    #[test]
    fn the_index_finds_what_no_scan_looks_for(
        text in prop::collection::vec(any_kind_of_char(), 1..24),
        (from, len) in (any::<prop::sample::Index>(), 1_usize..12),
    ) {
        let part: String = text[from.index(text.len())..].iter().take(len).collect();
        let text = text.into_iter().collect::<String>().replace('\0', "");
        let terms = SearchTerms::of(&part);
        prop_assume!(!terms.is_empty() && terms.match_text(&text, &mut String::new()) && terms.index_finds_all());
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let sql = "CREATE VIRTUAL TABLE t USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2', prefix = '3')";
        connection.execute_batch(sql).unwrap();
        connection.execute("INSERT INTO t VALUES (?1)", [fold::index_text(&text)]).unwrap();
        let sql = "SELECT count(*) FROM t WHERE t MATCH ?1";
        let found: u64 = connection.query_row(sql, [terms.query()], |row| row.get(0)).unwrap();
        prop_assert_eq!(found, 1, "{:?} in {:?}: {}", part, text, terms.query());
    }
}

#[test]
fn parts_of_words_are_found_page_by_page_among_whole_ones() {
    let store = said(&["a meldung", "Fehlermeldung", "none", "MELDUNGEN", "Rückmeldung", "meldung", "Meldungen!"]);
    store.direct(8, "alice", "bob", "Störmeldung");
    store.direct(9, "alice", "carol", "Störmeldung");
    store.say(10, "elsewhere", "Störmeldung");
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let page = |before| {
        let page = store.messages.search(&viewer, "meldung", before, 3).unwrap();
        (ids(&page), page.more)
    };
    assert_eq!(page(None), (vec![8, 7, 6], true));
    assert_eq!(page(Some(6)), (vec![5, 4, 2], true));
    assert_eq!(page(Some(2)), (vec![1], false));
}

#[test]
fn messages_indexed_by_version_2_are_found_by_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.db");
    let old = schema::open_version(&path, &schema::MIGRATIONS[..2]).unwrap();
    let sql = "INSERT INTO message VALUES (7, 1, 0, 1, 1, NULL, NULL, 0, '人人生而自由'), (9, 2, 0, 1, 1, NULL, NULL, 0, 'tea');
        INSERT INTO author VALUES (1, 'alice', 'alice', 99);
        INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable WHERE id = 7;
        UPDATE meta SET value = 7 WHERE name = 'indexed'; INSERT INTO late VALUES (5);";
    old.execute_batch(sql).unwrap();
    drop(old);
    let (messages, lost) = open(folder.path(), Retention::Forever, &Limits::default()).unwrap();
    let store = Store { folder, messages, lost };
    assert_eq!(store.found("bob", &[], "生而"), [7]);
    assert_eq!(store.found("bob", &[], "tea"), [9]);
    // Removing a message from the index leaves the index consistent.
    store.run(|connection| {
        index::remove(connection, "id = ?1", 7).unwrap();
        connection.execute("INSERT INTO found (found, rank) VALUES ('integrity-check', 0)", []).unwrap();
    });
    assert_eq!(store.found("bob", &[], "自由"), [] as [u64; 0]);
}

#[test]
fn only_visible_messages_are_found() {
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
fn result_pages_go_back_from_the_newest_message() {
    let store = said(&["tea"; 7]);
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
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
fn messages_stored_out_of_order_are_found() {
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
fn messages_not_indexed_before_a_kill_are_found() {
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
fn a_search_over_its_time_limit_returns_a_partial_page() {
    let mut limits = Limits::default();
    limits.set("search-ms", 1).unwrap();
    let store = Store::with(Retention::Forever, &limits);
    let texts = vec!["tea"; 50_000];
    let said = NewMessages { first_id: 1, at: at(1), room: Some("a"), user: "alice", client: 7, nonces: &[] };
    store.messages.store_talk(&said, &mut texts.into_iter());
    let blocked = [NameKey::of("alice")];
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &blocked, only: HistoryFilter::Everything };
    store.messages.wait_for_stored(true).unwrap();
    let page = store.messages.search(&viewer, "tea", None, 10).unwrap();
    assert!(page.cut_short && page.entries.is_empty() && !page.more, "{page:?}");
    assert_eq!(store.messages.read_history(&viewer, Range::Last(1)), Err(HistoryError::Busy));
}

#[test]
fn an_ended_scan_returns_the_messages_of_the_index() {
    let store = Store::new();
    let texts = (1..=3_000).map(|n| if n == 5 { "Fehlermeldung" } else { "tea" });
    let said = NewMessages { first_id: 1, at: at(1), room: Some("a"), user: "alice", client: 7, nonces: &[] };
    store.messages.store_talk(&said, &mut texts.into_iter());
    store.say(3_001, "a", "Rückmeldung");
    store.say(3_002, "a", "meldung");
    store.messages.wait_for_stored(true).unwrap();
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let connection = schema::open_to_read(store.folder.path()).unwrap();
    for (may_continue, found) in [(true, &[3_002, 3_001, 5][..]), (false, &[3_002, 3_001])] {
        let query = search::Query { terms: &SearchTerms::of("meldung"), before: None, most: 9 };
        let page = search::search(&connection, &viewer, &query, &|| may_continue).unwrap();
        assert_eq!((ids(&page), page.cut_short), (found.to_vec(), !may_continue));
    }
}

#[test]
fn a_scan_of_long_texts_checks_its_limits_often() {
    let store = Store::new();
    // Each text is one long word. The term is short, so no match inside it counts.
    let texts = vec!["𞤢".repeat(1_990); 150];
    let said = NewMessages { first_id: 1, at: at(1), room: Some("a"), user: "alice", client: 7, nonces: &[] };
    store.messages.store_talk(&said, &mut texts.iter().map(String::as_str));
    store.messages.wait_for_stored(true).unwrap();
    let bob = party("bob");
    let viewer =
        HistoryReader { address: "", party: &bob, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let connection = schema::open_to_read(store.folder.path()).unwrap();
    let checks = std::cell::Cell::new(0);
    let may_continue = || {
        checks.set(checks.get() + 1);
        true
    };
    let terms = SearchTerms::of("𞤢");
    let query = search::Query { terms: &terms, before: None, most: 20 };
    let page = search::search(&connection, &viewer, &query, &may_continue).unwrap();
    assert!(page.entries.is_empty() && !page.cut_short);
    assert!(checks.get() >= 50, "{} checks in 1.2 MB", checks.get());
}

#[test]
fn a_search_for_many_words_works() {
    let store = said(&["tea"]);
    assert_eq!(store.found("bob", &["a"], &"tea ".repeat(2_000)), [1]);
    assert_eq!(store.found("bob", &["a"], &"x".repeat(8_000)), [] as [u64; 0]);
}
