//! Lines 6 and 7: users run random commands from many threads at once. Debug builds assert the order of locks, and that
//! no thread blocks while it holds one. A panic in any thread of the server fails the test.

use crate::flood::Flood;
use crate::party::{ROOM, guest_again};
use landline_tests::{Client, Rng, TestServer, eventually};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const USERS: usize = 8;
const STEPS: usize = 120;

/// Panics in threads of servers. Session threads have no names, unlike the threads of tests.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            if thread.name().is_none_or(|name| name.starts_with("flusher") || name == "poller") {
                PANICS.fetch_add(1, SeqCst);
            }
            usual(info);
        }));
    });
}

/// Returns a random command.
fn command(rng: &mut Rng) -> String {
    let room = rng.below(3);
    let user = rng.below(USERS);
    match rng.below(18) {
        0 | 1 => format!("/join room{room}"),
        2 => "/leave".into(),
        3 => format!("/leave room{room}"),
        4 => "format json".into(),
        5 => "format text".into(),
        6 => format!("/pm p{user} hello"),
        7 => format!("/connect p{user}"),
        8 => format!("/accept p{user}"),
        9 => format!("/reject p{user}"),
        10 => format!("/private p{user} hello"),
        11 => format!("/end p{user}"),
        12 => "/all hello".into(),
        13 => "/users".into(),
        14 => "/rooms".into(),
        15 => format!("/who room{room}"),
        _ => "hello".into(),
    }
}

/// Waits for the answer to a ping, in either format.
fn wait_for_answers(client: &mut Client, step: usize) {
    let token = format!("step-{step}-");
    client.send(&format!("/ping {token}"));
    while !client.line().contains(&token) {}
}

fn run_user(server: &TestServer, number: usize) {
    let name = format!("p{number}");
    let mut rng = Rng::new(number);
    let mut client = guest_again(server, &name, ROOM);
    for step in 0..STEPS {
        let commands: String = (0..=rng.below(6)).map(|_| command(&mut rng) + "\n").collect();
        client.send_bytes(commands.as_bytes());
        match rng.below(12) {
            0 => {
                client.reset();
                client = guest_again(server, &name, ROOM);
            }
            1 => {
                client.quit();
                client = guest_again(server, &name, ROOM);
            }
            2 => {}
            _ => wait_for_answers(&mut client, step),
        }
    }
    client.quit();
}

#[test]
fn lines_6_and_7_talk_continues_beside_random_commands() {
    count_panics();
    let server = TestServer::new(|config| {
        config.limits.inline_members = 3;
        config.limits.room_pending_bytes = 4 << 10;
    });
    Flood::during(&server, "", |flood| {
        std::thread::scope(|scope| {
            for number in 0..USERS {
                let server = &server;
                scope.spawn(move || run_user(server, number));
            }
        });
        flood.wait_for_more();
    });
    let mut last = guest_again(&server, "talker", "cellar");
    guest_again(&server, "witness", "cellar").quit();
    last.drain_lines();
    for (command, answer) in [("/users", "Online clients: talker"), ("/rooms", "Rooms: cellar (1)")] {
        last.send(command);
        last.expect(answer);
    }
    eventually("nothing is queued", || server.server().context().poller.queued_bytes() == 0);
    assert_eq!(PANICS.load(SeqCst), 0, "threads of the server panicked");
}
