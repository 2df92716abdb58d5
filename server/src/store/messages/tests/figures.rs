//! Benchmarks of storing and reading. They print figures and are run by hand.

use super::*;
use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// Returns the processor time that this process has used.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Returns the n-th most frequent word.
fn word(n: u64) -> String {
    format!("{}{}", ["so", "ta", "ri", "me", "lu"][(n % 5) as usize], n * 7_919 % 2_003)
}

/// Returns 64 bytes of text from 2,000 words, whose frequencies differ as in a natural language.
fn text(random: &mut u64) -> String {
    let mut text = String::new();
    while text.len() < 64 {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (*random >> 33) as f64 / (1_u64 << 31) as f64;
        let word = (2_000_f64.powf(unit)) as u64;
        text.push_str(&self::word(word));
        text.push(' ');
    }
    text.truncate(64);
    text
}

fn say(store: &Store, from: u64, to: u64, random: &mut u64) {
    let names: Vec<String> = (0..50).map(|n| format!("user{n}")).collect();
    for id in from..to {
        // Seven of ten messages are in one room, the others in 53 rooms.
        let room = if id % 10 < 7 { "lobby".to_owned() } else { format!("room{}", id % 53) };
        let text = text(random);
        while !store.messages.wait_for_capacity() {}
        let said = NewMessages {
            first_id: id,
            at: at(id),
            room: Some(&room),
            user: &names[(id * 7 % 50) as usize],
            client: 1,
            nonces: &[],
        };
        store.messages.store_talk(&said, &mut [text.as_str()].into_iter());
    }
}

#[test]
#[ignore = "takes minutes without --release"]
fn a_million_messages() {
    let million = std::env::var("MESSAGES").map_or(1_000_000, |n| n.parse().unwrap());
    let store = Store::new();
    let mut random = 1;
    let before = cpu();
    let texts: usize = (0..100_000).map(|_| text(&mut random).len()).sum();
    let making = (cpu() - before) / 100_000;
    assert_eq!(texts, 6_400_000);
    let begin = cpu();
    for tenth in 0..10 {
        let from = tenth * million / 10 + 1;
        let to = (tenth + 1) * million / 10 + 1;
        let before = cpu();
        let start = Instant::now();
        say(&store, from, to, &mut random);
        store.messages.wait_for_stored(true).unwrap();
        let each = (cpu() - before).as_nanos() as f64 / (to - from) as f64 - making.as_nanos() as f64;
        println!("{tenth}: {:.2} µs of CPU a message, {:.1?} in all", each / 1_000.0, start.elapsed());
    }
    let each = (cpu() - begin).as_nanos() as f64 / million as f64 - making.as_nanos() as f64;
    println!("on average: {:.2} µs", each / 1_000.0);
    let size = std::fs::metadata(store.path()).unwrap().len();
    println!("messages.db: {} bytes a message", size / million);
    small_groups(&store, million, &mut random);
    measure_reads(&store);
    let start = Instant::now();
    let store = store.reopen(Retention::Forever);
    println!("stop and open: {:.1?}", start.elapsed());
    store.run(|connection| meta::set_meta(connection, "clean", 0).unwrap());
    let start = Instant::now();
    let checked: String = schema::open_to_read(store.folder.path())
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    println!("integrity check: {checked} {:.1?}", start.elapsed());
}

/// Measures the cost of nonces: stores the same messages with and without, in turns.
#[test]
#[ignore = "takes minutes without --release"]
fn messages_with_nonces() {
    let count = std::env::var("MESSAGES").map_or(100_000, |n| n.parse().unwrap());
    for _ in 0..3 {
        for with in [false, true] {
            let store = Store::new();
            let mut random = 1;
            let (texts, nonces): (Vec<String>, Vec<String>) =
                (1..=count).map(|id: u64| (text(&mut random), format!("{id:032x}"))).unzip();
            let before = cpu();
            for (id, (text, nonce)) in (1..).zip(texts.iter().zip(&nonces)) {
                while !store.messages.wait_for_capacity() {}
                let nonces = [(0, nonce.as_str())];
                let nonces = if with { &nonces[..] } else { &[] };
                let said =
                    NewMessages { first_id: id, at: at(id), room: Some("lobby"), user: "alice", client: 1, nonces };
                store.messages.store_talk(&said, &mut [text.as_str()].into_iter());
            }
            store.messages.wait_for_stored(true).unwrap();
            let each = (cpu() - before).as_nanos() as f64 / count as f64 / 1_000.0;
            let alice = party("alice");
            let viewer = HistoryReader {
                address: "",
                party: &alice,
                rooms: &["lobby"],
                blocked: &[],
                only: HistoryFilter::Everything,
            };
            let start = Instant::now();
            for _ in 0..20 {
                store.messages.read_history(&viewer, Range::Last(200)).unwrap();
            }
            let page = start.elapsed() / 20;
            let size = std::fs::metadata(store.path()).unwrap().len() / count;
            println!("nonces {with}: {each:.2} µs of CPU a message, {size} bytes; 200 of them looked up in {page:.1?}");
        }
    }
}

/// The view of version 2, whose index did not separate tokens.
const PLAIN: &str =
    "DROP VIEW searchable; CREATE VIEW searchable (id, scope, text) AS SELECT id, 'c' || circle, text FROM message";

/// Measures the cost of separating tokens, in turns with an index without; the time of a migration; and the time of a
/// search for a part of a word.
#[test]
#[ignore = "takes minutes without --release"]
fn messages_of_scripts_without_blanks() {
    let count = std::env::var("MESSAGES").map_or(200_000, |n| n.parse().unwrap());
    let han = |random: &mut u64| {
        text(random).chars().map_while(|c| char::from_u32(0x4E00 + (c as u32 * 37) % 3_000)).take(21).collect()
    };
    let mixed = |random: &mut u64| format!("{} 聊天 é", &text(random)[..52]);
    type Make<'a> = &'a dyn Fn(&mut u64) -> String;
    let kinds: [(&str, Make<'_>); 3] = [("ASCII", &text), ("mixed", &mixed), ("Han", &han)];
    for (kind, make) in kinds {
        for round in 0..4 {
            let store = Store::new();
            let mut random = 1;
            let separated = round % 2 == 1;
            if !separated {
                store.run(|connection| connection.execute_batch(PLAIN).unwrap());
            }
            let texts: Vec<String> = (0..count).map(|_| make(&mut random)).collect();
            let before = cpu();
            for (id, text) in (1..).zip(&texts) {
                while !store.messages.wait_for_capacity() {}
                store.say(id, "lobby", text);
                if id % 50_000 == 0 {
                    store.messages.wait_for_stored(true).unwrap();
                }
            }
            store.messages.wait_for_stored(true).unwrap();
            let each = (cpu() - before).as_nanos() as f64 / count as f64 / 1_000.0;
            let size = std::fs::metadata(store.path()).unwrap().len() / count;
            println!("{kind}, separated {separated}: {each:.2} µs of CPU a message, {size} bytes");
            let bob = party("bob");
            let viewer = HistoryReader {
                address: "",
                party: &bob,
                rooms: &["lobby"],
                blocked: &[],
                only: HistoryFilter::Everything,
            };
            for words in if separated { &["zzzz", "o123x", "聊天", "人人生而"][..] } else { &[] } {
                let start = Instant::now();
                let page = store.messages.search(&viewer, words, None, 20).unwrap();
                println!(
                    "  search {words}: {:.1?}, {} found, cut short {}",
                    start.elapsed(),
                    page.entries.len(),
                    page.cut_short
                );
            }
            if !separated {
                store.run(|connection| connection.pragma_update(None, "user_version", 2).unwrap());
                let start = Instant::now();
                let _store = store.reopen(Retention::Forever);
                println!("  migrated in {:.1?}", start.elapsed());
            }
        }
    }
}

/// Measures messages in small groups, and one by one.
fn small_groups(store: &Store, from: u64, random: &mut u64) {
    let before = cpu();
    for n in 0..200 {
        say(store, from + n * 50 + 1, from + n * 50 + 51, random);
        store.messages.wait_for_stored(false).unwrap();
    }
    println!("in groups of 50: {:.1?} of CPU a message", (cpu() - before) / 10_000);
    let before = cpu();
    for n in 0..1_000 {
        say(store, from + 20_000 + n, from + 20_001 + n, random);
        store.messages.wait_for_stored(false).unwrap();
    }
    println!("one by one: {:.1?} of CPU a message", (cpu() - before) / 1_000);
    let start = Instant::now();
    for n in 0..100 {
        store.enqueue(from + 40_000 + n, &format!("user{n}"), "bob", "are you there?").unwrap();
    }
    println!("mail: {:.1?}", start.elapsed() / 100);
}

fn measure_reads(store: &Store) {
    let rooms: Vec<String> = (0..53).map(|n| format!("room{n}")).chain(["lobby".to_owned()]).collect();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    let party = party("bob");
    let all =
        HistoryReader { address: "", party: &party, rooms: &rooms, blocked: &[], only: HistoryFilter::Everything };
    let small = HistoryReader { rooms: &["room3"], ..all };
    let timed = |what: &str, look: &dyn Fn() -> Page| {
        look();
        let start = Instant::now();
        let page = look();
        let time = start.elapsed();
        println!("{what}: {time:.1?}, {} found, more {}, cut short {}", page.entries.len(), page.more, page.cut_short);
    };
    timed("last 100 of 54 rooms", &|| store.messages.read_history(&all, Range::Last(100)).unwrap());
    timed("500 after 1,000", &|| store.messages.read_history(&all, Range::After(1_000, 500)).unwrap());
    timed("last 100 of a small room", &|| store.messages.read_history(&small, Range::Last(100)).unwrap());
    let often = word(1);
    let seldom = word(1_999);
    let pair = format!("{} {}", word(1_500), word(1_700));
    let frequent = format!("{} {}.", word(1), word(2));
    let long = [&often, &seldom, &pair, &frequent, "ta", "ta1", "ta19", "xyz"];
    for words in long {
        timed(&format!("search {words} everywhere"), &|| store.messages.search(&all, words, None, 100).unwrap());
        timed(&format!("search {words} in a small room"), &|| store.messages.search(&small, words, None, 100).unwrap());
        timed(&format!("search {words} early"), &|| store.messages.search(&all, words, Some(5_000), 100).unwrap());
    }
}
