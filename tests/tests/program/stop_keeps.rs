//! Stopped in the middle of talk, the server has stored everything that anybody heard.

use crate::{folder, server, start};
use landline_tests::Client;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const ROOMS: [&str; 3] = ["red", "green", "blue"];
const WRITERS: usize = 8;
/// Lines that are heard in each room before it is stopped.
const HEARD: usize = 100;

fn come(address: SocketAddr, name: &str, room: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_{room}"));
    client.expect_start("200 ");
    client
}

/// Talks until the server is gone.
fn talk(mut client: Client, writer: usize) {
    use std::io::Write;
    for number in 0.. {
        let line = format!("w{writer}-{number}\n");
        if client.stream().write_all(line.as_bytes()).is_err() {
            return;
        }
        // What others say is read, or the server would cut this one off.
        if number % 20 == 0 {
            client.stream().write_all(b"/ping\n").ok();
            loop {
                match client.next_line() {
                    None => return,
                    Some(line) if line == "PONG" => break,
                    Some(_) => {}
                }
            }
        }
    }
}

/// Everything said in a room, as `name: text`, in its order.
fn stored(data: &Path, room: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(data.join("messages.db")).expect("the database");
    let mut said = database
        .prepare(
            "SELECT author.shown || ': ' || text FROM message JOIN author ON author.id = author
             JOIN circle ON circle.id = circle WHERE circle.key = ?1 ORDER BY message.id",
        )
        .expect("the messages");
    let said = said.query_map([room], |row| row.get(0)).expect("the messages");
    said.map(|line| line.expect("a line")).collect()
}

#[test]
fn everything_that_was_heard_is_stored() {
    for round in 0..3 {
        let folder = folder();
        let (mut program, address) = start(server(folder.path()).env("LANDLINE_LOG", "warn"));
        let hearers: Vec<Client> = ROOMS.iter().map(|room| come(address, &format!("in-{room}"), room)).collect();
        let enough = AtomicUsize::new(0);
        let heard: Vec<Vec<String>> = thread::scope(|scope| {
            for writer in 0..WRITERS {
                let client = come(address, &format!("w{writer}"), ROOMS[writer % ROOMS.len()]);
                scope.spawn(move || talk(client, writer));
            }
            let (program, enough) = (&program, &enough);
            let listen = |mut hearer: Client| {
                scope.spawn(move || {
                    let mut heard = Vec::new();
                    while let Some(line) = hearer.next_line() {
                        if line.starts_with('w') && line.contains(": w") {
                            heard.push(line);
                        }
                        if heard.len() == HEARD && enough.fetch_add(1, SeqCst) + 1 == ROOMS.len() {
                            program.signal("TERM");
                        }
                    }
                    heard
                })
            };
            let listening: Vec<_> = hearers.into_iter().map(listen).collect();
            listening.into_iter().map(|hearer| hearer.join().expect("a hearer")).collect()
        });
        assert_eq!(program.wait().code(), Some(0), "round {round}");
        let log = program.stderr();
        assert!(!log.contains("ERROR") && !log.contains("panic"), "{log}");
        for (heard, room) in heard.iter().zip(ROOMS) {
            let stored = stored(folder.path(), room);
            assert!(stored.starts_with(heard), "{room}: {} heard, {} stored", heard.len(), stored.len());
        }
    }
}
