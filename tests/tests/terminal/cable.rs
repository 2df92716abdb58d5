//! A cable is unplugged and plugged in again while two users talk (see `Lan`). Each line arrives exactly once.

use landline_tests::{Host, Lan, Program, Terminal};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SERVER: &str = "10.77.0.1";
/// Interval between two keys. Both users type all the time, and the server accepts about a line per second.
const KEY: Duration = Duration::from_millis(120);
/// The client pings every 5 s (the minimum of `keepalive`) and waits 15 s for the answer; the rest is for a busy
/// machine.
const NOTICED: Duration = Duration::from_secs(30);
/// The old connection must end on both sides, and all waiting lines are sent at 9 lines in 6 s.
const SETTLED: Duration = Duration::from_secs(150);
/// The marks of lines that the server has not confirmed.
const NOT_SENT: [char; 4] = ['○', '·', '?', '✗'];

/// A user at a terminal with space for all messages of the test.
struct TerminalUser {
    name: &'static str,
    terminal: Terminal,
    typed: usize,
}

impl TerminalUser {
    fn sign_in(lan: &Lan, host: Host, config: &str, name: &'static str) -> TerminalUser {
        let mut terminal = Terminal::new(80, 200);
        let mut command = Program::client();
        command.args([SERVER, "--name", name, "--config", config]);
        terminal.run(&lan.on(host, &command), "");
        terminal.wait_for("connected");
        TerminalUser { name, terminal, typed: 0 }
    }

    /// Returns the keys of the next line.
    fn next_line(&mut self) -> Vec<char> {
        self.typed += 1;
        format!("{}-{}\r", self.name, self.typed).chars().collect()
    }

    /// Waits until the screen shows `all` messages, each confirmed by the server. Returns them in the order of the
    /// screen.
    fn wait_for_all(&mut self, all: usize) -> Vec<String> {
        let mut heard = Vec::new();
        self.terminal.until_within(SETTLED, "all messages of both users", |screen| {
            let rows: Vec<String> = screen.contents().lines().filter(|row| is_talk(row)).map(str::to_owned).collect();
            heard = rows.iter().filter_map(|row| row.split_whitespace().next_back()).map(str::to_owned).collect();
            rows.len() >= all && !rows.iter().any(|row| row.contains(NOT_SENT))
        });
        heard
    }
}

/// Returns whether a row of the screen ends in a message such as `alice-12`, and is not the input line.
fn is_talk(row: &str) -> bool {
    let said = row.split_whitespace().next_back().and_then(|word| word.split_once('-'));
    !row.contains('❯')
        && said.is_some_and(|(name, number)| matches!(name, "alice" | "bob") && number.parse::<u8>().is_ok())
}

/// Lets both users type this many lines at the same time, key by key.
fn both_type(users: &mut [TerminalUser; 2], lines: usize) {
    for _ in 0..lines {
        let keys = users.each_mut().map(TerminalUser::next_line);
        for at in 0..keys.iter().map(Vec::len).max().unwrap_or(0) {
            for (user, keys) in users.iter_mut().zip(&keys) {
                keys.get(at).iter().for_each(|key| user.terminal.press(&key.to_string()));
            }
            std::thread::sleep(KEY);
        }
    }
}

#[test]
fn lines_typed_while_a_cable_is_unplugged_arrive_once_and_in_one_order() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = [lan.host(), lan.host(), lan.host()];
    lan.plug(hosts[0], 0, "10.77.0.1/24");
    let cable = lan.plug(hosts[1], 0, "10.77.0.2/24");
    lan.plug(hosts[2], 0, "10.77.0.3/24");
    let mut command = Program::server();
    command.args(["--no-console", "--data"]).arg(folder.path().join("data"));
    let mut server = Program::start(&mut lan.on(hosts[0], &command), Stdio::null());
    server.until("Ctrl-C");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "keepalive = 5\n").expect("a file");
    let config = config.to_string_lossy();
    let mut users = [
        TerminalUser::sign_in(&lan, hosts[1], &config, "alice"),
        TerminalUser::sign_in(&lan, hosts[2], &config, "bob"),
    ];

    both_type(&mut users, 3);
    lan.unplug(&cable);
    let pulled = Instant::now();
    while !users[0].terminal.contents().contains("reconnecting in") {
        assert!(pulled.elapsed() < NOTICED, "alice's client does not notice the outage");
        both_type(&mut users, 1);
    }
    both_type(&mut users, 3);
    let last = format!("alice-{}", users[0].typed);
    assert!(users[0].terminal.contents().contains("unsent") && !users[1].terminal.contents().contains(&last));
    lan.replug(&cable);
    both_type(&mut users, 3);

    let all = 2 * users[0].typed;
    let [alice, bob] = users.each_mut().map(|user| user.wait_for_all(all));
    assert_eq!(alice, bob, "both see the same order");
    for user in &users {
        let own: Vec<&String> = alice.iter().filter(|said| said.starts_with(user.name)).collect();
        let typed: Vec<String> = (1..=user.typed).map(|n| format!("{}-{n}", user.name)).collect();
        assert_eq!(own, typed.iter().collect::<Vec<_>>(), "each line once, in the order in which it was typed");
    }
}
