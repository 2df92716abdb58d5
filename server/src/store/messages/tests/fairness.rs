//! Reading the history is shared fairly between addresses.

use super::super::reader::TURN_TIMEOUT;
use super::*;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

const SEARCHERS: usize = 100;

#[test]
fn x5_a_hundred_searching_guests_of_one_address_do_not_delay_other_addresses() {
    let store = Store::new();
    // Each message has one of two words, so a search for both looks at all messages and finds none.
    for id in 1..=60_000 {
        store.say(id, "a", if id % 2 == 0 { "coffee and more of it" } else { "tea and more of it" });
        if id % 5_000 == 0 {
            store.ids("bob", &["a"], Range::Last(1));
        }
    }
    let busy = party("busy");
    let quiet = party("quiet");
    let over = AtomicBool::new(false);
    let reader =
        |address, party| HistoryReader { address, party, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let mut waits = Vec::new();
    let mut refused = 0;
    std::thread::scope(|scope| {
        for _ in 0..SEARCHERS {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    let _ = store.messages.search(&reader("10.0.0.1", &busy), "coffee tea", None, 20);
                    let _ = store.messages.read_history(&reader("10.0.0.1", &busy), Range::Last(200));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..30 {
            let begun = Instant::now();
            let page = store.messages.read_history(&reader("10.0.0.2", &quiet), Range::Last(20));
            waits.push(begun.elapsed());
            refused += usize::from(page.map_or(0, |page| page.entries.len()) != 20);
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, SeqCst);
    });
    waits.sort();
    assert_eq!(refused, 0, "{waits:?}");
    // Behind the hundred, a request would be refused after TURN_TIMEOUT.
    assert!(waits[waits.len() / 2] < TURN_TIMEOUT / 2, "{waits:?}");
}
