//! Many who sign in with a password at once: checking one costs a core for tens of milliseconds.

use crate::ChatProbe;
use landline_tests::{Client, TestServer, neighbour};

/// Checks that run or wait at once, at the defaults, on any machine: half the cores run.
fn places(server: &TestServer) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).max(1) + usize::try_from(server.server().services().limits.hash_queue).expect("a number")
}

/// A server whose passwords cost what they do in use.
pub(crate) fn server() -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = 256;
        config.limits.bcrypt_cost = landline_common::Limits::default().bcrypt_cost;
    })
}

/// Somebody who has sent a wrong password, ten of them from each address.
pub(crate) fn guess(server: &TestServer, number: usize) -> Client {
    let from = neighbour(u16::try_from(number / 10).expect("few"));
    let mut client = Client::connect_from(from, server.address());
    client.send_bytes(format!("LOGIN\nsomebody-{number}\nwrong horse\n").as_bytes());
    client
}

pub(crate) fn answer(client: &mut Client) -> String {
    client.until("PASSWORD?");
    client.line()
}

#[test]
fn people_talk_on_while_passwords_are_checked_and_who_finds_no_place_is_told() {
    let server = server();
    let (places, mut talk) = (places(&server), ChatProbe::new(&server));
    let mut guesses: Vec<Client> = (0..places + 20).map(|number| guess(&server, number)).collect();
    let (mut checked, mut refused) = (0, 0);
    for guess in &mut guesses {
        // They are answered one after the other, so to the last there is something to be checked meanwhile.
        assert!(talk.say().is_empty());
        match &*answer(guess) {
            "ERROR: Invalid alias or password" => checked += 1,
            "ERROR: 503 Too many users are signing in. Try again in a moment." => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(checked >= places && refused > 0, "{checked} were checked, {refused} refused");
}
