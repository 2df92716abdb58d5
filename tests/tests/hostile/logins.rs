//! Many sign-ins with a password at once. Checking a password takes a core for tens of milliseconds.

use crate::ChatProbe;
use landline_tests::{Client, TestServer, neighbour};

/// Returns how many password checks may run (one for two cores) and wait at once.
fn check_capacity(server: &TestServer) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).max(1) + usize::try_from(server.server().context().limits.hash_queue).expect("a number")
}

/// Starts a server with the default cost of password hashes.
pub(crate) fn server() -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = Some(256);
        config.limits.bcrypt_cost = landline_common::Limits::default().bcrypt_cost;
    })
}

/// Connects a client that sends a wrong password. Ten clients share an address.
pub(crate) fn guess(server: &TestServer, number: usize) -> Client {
    let from = neighbour(u16::try_from(number / 10).expect("few"));
    let mut client = Client::connect_from(from, server.address());
    client.send_bytes(format!("LOGIN\nsomebody-{number}\nwrong horse\n").as_bytes());
    client
}

/// Returns the answer to a wrong password.
pub(crate) fn answer(client: &mut Client) -> String {
    client.until("PASSWORD?");
    client.line()
}

#[test]
fn chat_continues_during_password_checks_and_excess_sign_ins_are_refused() {
    let server = server();
    let capacity = check_capacity(&server);
    let mut chat = ChatProbe::new(&server);
    let mut guesses: Vec<Client> = (0..capacity + 20).map(|number| guess(&server, number)).collect();
    let mut checked = 0;
    let mut refused = 0;
    for guess in &mut guesses {
        // Answers come one after another, so the server is checking passwords until the last one.
        assert!(chat.say().is_empty());
        match &*answer(guess) {
            "ERROR: Invalid alias or password" => checked += 1,
            "ERROR: 503 Too many users are signing in. Try again in a moment." => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(checked >= capacity && refused > 0, "{checked} were checked, {refused} refused");
}
