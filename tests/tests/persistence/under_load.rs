//! Reading the history while many users talk. Each page must be complete and in order, compared with the lines that the
//! readers received live.

use landline_tests::{Client, TestServer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const ROOMS: [&str; 3] = ["red", "green", "blue"];
const WRITERS: usize = 8;
const LINES: usize = 150;
/// One of this many lines is sent to all users.
const TO_ALL: usize = 25;

/// A message, live or from the history. A message to all has no room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SaidLine {
    id: u64,
    room: Option<String>,
    text: String,
}

/// One answer from the history: the id in `before`, and the messages.
struct HistoryPage {
    before: Option<u64>,
    said: Vec<SaidLine>,
    /// Id of the last live message in the room before the request.
    heard: Option<u64>,
}

/// A member of a room that also reads its history.
struct HistoryReader {
    client: Client,
    live: Vec<SaidLine>,
    pages: Vec<HistoryPage>,
}

fn said(event: &Value) -> SaidLine {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    SaidLine { id: event["id"].as_u64().expect("an id"), room: text("room"), text: text("text").expect("a text") }
}

impl HistoryReader {
    fn new(server: &TestServer, name: &str, room: &str) -> HistoryReader {
        let mut client = server.connect();
        client.send("format json");
        client.send(&format!("{name}_{room}"));
        client.until("{\"type\":\"auth_ok\"");
        HistoryReader { client, live: Vec::new(), pages: Vec::new() }
    }

    /// Reads one page. Returns the command for the next one.
    fn page(&mut self, command: &str) -> Option<String> {
        let before = command.strip_prefix("/history before ").map(|id| id.parse().expect("an id"));
        let heard = self.live.iter().rfind(|said| said.room.is_some()).map(|said| said.id);
        let mut page = HistoryPage { before, said: Vec::new(), heard };
        self.client.send(command);
        loop {
            let event: Value = serde_json::from_str(&self.client.line()).expect("JSON");
            match (event["type"].as_str(), event["event"].as_str()) {
                (Some("message"), Some("history")) => page.said.push(said(&event)),
                (Some("message"), _) => self.live.push(said(&event)),
                (_, Some("history_end")) => {
                    self.pages.push(page);
                    return event["next"].as_str().map(str::to_owned);
                }
                (Some("error"), _) => panic!("{event}"),
                _ => {}
            }
        }
    }

    /// Reads pages from the newest backwards, at most `most`.
    fn walk(&mut self, most: usize) {
        let mut next = Some("/history 40".to_owned());
        for _ in 0..most {
            let Some(command) = next else { return };
            next = self.page(&command);
        }
    }

    /// Checks that live lines and pages have one order within the room. Messages to all travel separately, so their
    /// order is not compared.
    fn check(&self, room: &str) {
        let in_room = |said: &&SaidLine| said.room.is_some();
        let live: Vec<&SaidLine> = self.live.iter().filter(in_room).collect();
        assert!(live.is_sorted_by(|a, b| a.id < b.id), "{room}: live lines are out of order");
        assert!(live.iter().all(|said| said.room.as_deref() == Some(room)));
        for HistoryPage { before, said, heard } in &self.pages {
            assert!(said.is_sorted_by(|a, b| a.id < b.id), "{room}, before {before:?}: out of order or repeated");
            assert!(before.is_none_or(|before| said.iter().all(|said| said.id < before)));
            let (Some(first), Some(last)) = (said.first(), said.last()) else { continue };
            let end = before.unwrap_or_else(|| last.id.max(heard.unwrap_or(0)) + 1);
            let expected: Vec<&SaidLine> =
                live.iter().copied().filter(|live| (first.id..end).contains(&live.id)).collect();
            let found: Vec<&SaidLine> = said.iter().filter(in_room).collect();
            assert_eq!(found, expected, "{room}: from {} to {end}", first.id);
        }
    }
}

fn talk(server: &TestServer, writer: usize) {
    let mut client = server.guest(&format!("w{writer}"), ROOMS[writer % ROOMS.len()]);
    for number in 0..LINES {
        let to_all = if number % TO_ALL == 0 { "/all " } else { "" };
        client.send(&format!("{to_all}w{writer}-{number} needle"));
        if number % 10 == 0 {
            let told = client.drain_lines();
            assert!(!told.iter().any(|line| line.starts_with("ERROR")), "{told:?}");
        }
    }
    client.drain_lines();
}

/// Searches until all writers are done.
fn search(server: &TestServer, done: &AtomicUsize) {
    let mut client = server.guest("searcher", ROOMS[0]);
    for room in &ROOMS[1..] {
        client.send(&format!("/join {room}"));
    }
    client.drain_lines();
    while done.load(SeqCst) < WRITERS {
        client.send("/search needle");
        loop {
            let line = client.line();
            assert!(!line.starts_with("ERROR"), "{line}");
            if line.starts_with("INFO: ") {
                break;
            }
        }
    }
}

#[test]
fn pages_under_load_are_complete_and_all_messages_survive_a_stop() {
    let mut server = TestServer::new(|config| config.limits.search_ms = 20_000);
    let done = AtomicUsize::new(0);
    let readers: Vec<HistoryReader> =
        ROOMS.iter().map(|room| HistoryReader::new(&server, &format!("in-{room}"), room)).collect();
    let read = thread::scope(|scope| {
        let server = &server;
        let done = &done;
        for writer in 0..WRITERS {
            scope.spawn(move || {
                talk(server, writer);
                done.fetch_add(1, SeqCst);
            });
        }
        scope.spawn(|| search(server, done));
        let reading = |mut reader: HistoryReader| {
            scope.spawn(move || {
                while done.load(SeqCst) < WRITERS {
                    reader.walk(4);
                }
                reader.walk(usize::MAX);
                reader
            })
        };
        let reading: Vec<_> = readers.into_iter().map(reading).collect();
        reading.into_iter().map(|reader| reader.join().expect("a reader")).collect::<Vec<HistoryReader>>()
    });
    server.restart();
    for (reader, room) in read.iter().zip(ROOMS) {
        reader.check(room);
        assert!(reader.pages.len() > 10, "only {} pages", reader.pages.len());
        let mut after = HistoryReader::new(&server, "after", room);
        after.walk(usize::MAX);
        let stored: BTreeSet<SaidLine> = after.pages.into_iter().flat_map(|page| page.said).collect();
        assert_eq!(stored, reader.live.iter().cloned().collect(), "{room}: stored and received messages differ");
        let writers = (0..WRITERS).filter(|writer| ROOMS[writer % ROOMS.len()] == room).count();
        let own = stored.iter().filter(|said| said.room.is_some()).count();
        assert_eq!(own, writers * (LINES - LINES / TO_ALL), "{room}");
        assert_eq!(stored.len() - own, WRITERS * LINES / TO_ALL, "messages to all");
        after.client.quit();
    }
}
