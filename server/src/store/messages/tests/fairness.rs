//! Looks into the history are shared fairly by address.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

const SEARCHERS: usize = 100;

#[test]
fn x5_a_hundred_guests_of_one_address_keep_no_page_waiting() {
    let store = Store::new();
    // Rare words in many messages: a search for two that never meet looks at all of them.
    for id in 1..=60_000 {
        store.say(id, "a", if id % 2 == 0 { "coffee and more of it" } else { "tea and more of it" });
        if id % 5_000 == 0 {
            store.ids("bob", &["a"], Range::Last(1));
        }
    }
    let (busy, quiet, over) = (party("busy"), party("quiet"), AtomicBool::new(false));
    let looker =
        |address, party| HistoryReader { address, party, rooms: &["a"], blocked: &[], only: HistoryFilter::Everything };
    let (mut waits, mut refused) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        for _ in 0..SEARCHERS {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    let _ = store.messages.search(&looker("10.0.0.1", &busy), "coffee tea", None, 20);
                    let _ = store.messages.recall(&looker("10.0.0.1", &busy), Range::Last(200));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..30 {
            let begun = Instant::now();
            let page = store.messages.recall(&looker("10.0.0.2", &quiet), Range::Last(20));
            waits.push(begun.elapsed());
            refused += usize::from(page.map_or(0, |page| page.entries.len()) != 20);
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, SeqCst);
    });
    waits.sort();
    assert_eq!(refused, 0, "{waits:?}");
    println!("half {:?}, most {:?}", waits[waits.len() / 2], waits.last());
    assert!(waits[waits.len() / 2] < Duration::from_millis(50), "{waits:?}");
}
