//! Two hundred Landline clients lose their server at the same moment.

use landline_common::Limits;
use landline_tests::{Client, Program, TestServer, neighbour};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const CLIENTS: usize = 200;
/// How many of the clients have an account, so that the server must check their passwords.
const ACCOUNTS: usize = 20;
const PASSWORD: &str = "correct horse";
/// Time limit until all clients are back. The promise is 35 s; a busy machine may take longer.
const BACK: Duration = Duration::from_secs(100);

/// Client programs. They are killed on drop.
pub(crate) struct ClientPrograms(Vec<Child>);

impl Drop for ClientPrograms {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a server with all default guards. Its port is fixed, at a loopback address that no other test uses, so it is
/// the same after a restart.
pub(crate) fn server() -> TestServer {
    let free = TcpListener::bind("127.0.66.9:0").and_then(|listener| listener.local_addr()).expect("a free port");
    TestServer::new(|config| {
        config.bind = free.ip();
        config.ports = vec![free.port()];
        config.max_clients_per_ip = Some(256);
        config.limits = Limits::default();
        config.rate = Some((10, Duration::from_secs(5)));
    })
}

fn register(server: &TestServer, number: usize) {
    // Five per address: the server limits registrations per address.
    let from = neighbour(u16::try_from(number / 5).expect("few"));
    let mut client = Client::connect_from(from, server.address());
    client.send_bytes(format!("REGISTER\nmember{number}\n{PASSWORD}\n").as_bytes());
    client.until("Registration successful.");
}

fn program(server: &TestServer, number: usize) -> Child {
    let mut command = Program::client();
    let name = format!("member{number}");
    command.args([&server.address().to_string(), "--json", "--name", &name, "--patience", "3600"]);
    if number < ACCOUNTS {
        command.env("LANDLINE_PASSWORD", PASSWORD);
    }
    // An open standard input keeps the program running.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("running landline")
}

fn user_count(server: &TestServer) -> usize {
    server.server().context().hub.user_count()
}

/// Starts all clients, a few at a time, since a client gives up if its first sign-in fails. Waits until all are signed
/// in.
pub(crate) fn gather(server: &TestServer) -> ClientPrograms {
    (0..ACCOUNTS).for_each(|number| register(server, number));
    let mut programs = ClientPrograms(Vec::new());
    for number in 0..CLIENTS {
        programs.0.push(program(server, number));
        let begun = Instant::now();
        while programs.0.len() - user_count(server) > 4 {
            assert!(begun.elapsed() < BACK, "{} of {} are signed in", user_count(server), programs.0.len());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    all_in(server, &mut programs);
    programs
}

/// Waits until all clients are signed in. Returns how long that took.
pub(crate) fn all_in(server: &TestServer, programs: &mut ClientPrograms) -> Duration {
    let begun = Instant::now();
    while user_count(server) < CLIENTS {
        assert!(begun.elapsed() < BACK, "{} are signed in after {BACK:?}", user_count(server));
        std::thread::sleep(Duration::from_millis(2));
    }
    let gave_up = programs.0.iter_mut().filter_map(|child| child.try_wait().expect("a program")).count();
    assert_eq!(gave_up, 0, "clients that gave up");
    begun.elapsed()
}

#[test]
fn all_clients_of_one_address_are_back_after_a_restart() {
    let mut server = server();
    let mut programs = gather(&server);
    server.restart();
    all_in(&server, &mut programs);
}
