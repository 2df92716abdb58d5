//! Two hundred clients of ours lose their server in the same moment.

use landline_common::Limits;
use landline_tests::{Client, Program, TestServer, neighbour};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const CLIENTS: usize = 200;
/// Of these, some have a password, which must be checked.
const ACCOUNTS: usize = 20;
const PASSWORD: &str = "correct horse";
/// The promise is 35 s; a busy machine may take longer.
const BACK: Duration = Duration::from_secs(100);

/// Real programs; they end with the test.
pub(crate) struct Crew(Vec<Child>);

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server with every guard as it is by default, which keeps its port, at an address where other tests take none.
pub(crate) fn server() -> TestServer {
    let free = TcpListener::bind("127.0.66.9:0").and_then(|listener| listener.local_addr()).expect("a free port");
    TestServer::new(|config| {
        (config.bind, config.ports) = (free.ip(), vec![free.port()]);
        (config.max_clients_per_ip, config.limits) = (256, Limits::default());
        config.rate = Some((10, Duration::from_secs(5)));
    })
}

fn register(server: &TestServer, number: usize) {
    // A few from each address: more make no account at once.
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
    // What is not typed keeps them there.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("running landline")
}

fn people(server: &TestServer) -> usize {
    server.server().services().hub.people()
}

/// Everybody comes in: a few at a time, since whoever cannot come in for the first time gives up.
pub(crate) fn gather(server: &TestServer) -> Crew {
    (0..ACCOUNTS).for_each(|number| register(server, number));
    let mut crew = Crew(Vec::new());
    for number in 0..CLIENTS {
        crew.0.push(program(server, number));
        let begun = Instant::now();
        while crew.0.len() - people(server) > 4 {
            assert!(begun.elapsed() < BACK, "{} of {} came in", people(server), crew.0.len());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    all_in(server, &mut crew);
    crew
}

/// Waits until everybody is in; how long that took.
pub(crate) fn all_in(server: &TestServer, crew: &mut Crew) -> Duration {
    let begun = Instant::now();
    while people(server) < CLIENTS {
        assert!(begun.elapsed() < BACK, "{} are in after {BACK:?}", people(server));
        std::thread::sleep(Duration::from_millis(2));
    }
    let gave_up = crew.0.iter_mut().filter_map(|child| child.try_wait().expect("a program")).count();
    assert_eq!(gave_up, 0, "so many gave up");
    begun.elapsed()
}

#[test]
fn after_a_restart_everybody_is_back_from_one_address_too() {
    let mut server = server();
    let mut crew = gather(&server);
    server.restart();
    all_in(&server, &mut crew);
}
