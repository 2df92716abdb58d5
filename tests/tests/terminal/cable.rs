//! A cable is pulled while two people talk (see `Lan`), and put back: nothing is lost, nothing is there twice.

use landline_tests::{Host, Lan, Program, Terminal};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SERVER: &str = "10.77.0.1";
/// Between two keys: people type without a rest, and a line a second is what a server takes.
const KEY: Duration = Duration::from_millis(120);
/// The client asks for a sign of life every 5 s (the least there is) and waits 15 s for it; the rest is for the machine.
const NOTICED: Duration = Duration::from_secs(30);
/// The old connection must end on both sides, and all that waited goes out at 9 lines in 6 s.
const SETTLED: Duration = Duration::from_secs(150);
/// The signs in front of lines that the server does not have for certain, or does not have.
const NOT_SENT: [char; 4] = ['○', '·', '?', '✗'];

/// Somebody at a terminal that is high enough for all that is said.
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

    /// The keys of the next line.
    fn next_line(&mut self) -> Vec<char> {
        self.typed += 1;
        format!("{}-{}\r", self.name, self.typed).chars().collect()
    }

    /// What both said, in the order of the screen, as soon as it is all there and the server has it.
    fn hears_all(&mut self, all: usize) -> Vec<String> {
        let mut heard = Vec::new();
        self.terminal.until_within(SETTLED, "everything that both said", |screen| {
            let rows: Vec<String> = screen.contents().lines().filter(|row| is_talk(row)).map(str::to_owned).collect();
            heard = rows.iter().filter_map(|row| row.split_whitespace().next_back()).map(str::to_owned).collect();
            rows.len() >= all && !rows.iter().any(|row| row.contains(NOT_SENT))
        });
        heard
    }
}

/// `alice-12` and the like stand at the end of a row, and not in the line that is being typed.
fn is_talk(row: &str) -> bool {
    let said = row.split_whitespace().next_back().and_then(|word| word.split_once('-'));
    !row.contains('❯')
        && said.is_some_and(|(name, number)| matches!(name, "alice" | "bob") && number.parse::<u8>().is_ok())
}

/// Both type so many lines, key by key, at the same time.
fn both_type(people: &mut [TerminalUser; 2], lines: usize) {
    for _ in 0..lines {
        let keys = people.each_mut().map(TerminalUser::next_line);
        for at in 0..keys.iter().map(Vec::len).max().unwrap_or(0) {
            for (person, keys) in people.iter_mut().zip(&keys) {
                keys.get(at).iter().for_each(|key| person.terminal.press(&key.to_string()));
            }
            std::thread::sleep(KEY);
        }
    }
}

#[test]
fn what_both_say_while_a_cable_is_out_arrives_once_and_in_one_order() {
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
    let mut people = [
        TerminalUser::sign_in(&lan, hosts[1], &config, "alice"),
        TerminalUser::sign_in(&lan, hosts[2], &config, "bob"),
    ];

    both_type(&mut people, 3);
    lan.unplug(&cable);
    let pulled = Instant::now();
    while !people[0].terminal.contents().contains("reconnecting in") {
        assert!(pulled.elapsed() < NOTICED, "alice's client does not notice");
        both_type(&mut people, 1);
    }
    both_type(&mut people, 3);
    let last = format!("alice-{}", people[0].typed);
    assert!(people[0].terminal.contents().contains("unsent") && !people[1].terminal.contents().contains(&last));
    lan.replug(&cable);
    both_type(&mut people, 3);

    let all = 2 * people[0].typed;
    let [alice, bob] = people.each_mut().map(|person| person.hears_all(all));
    assert_eq!(alice, bob, "both see one order");
    for person in &people {
        let own: Vec<&String> = alice.iter().filter(|said| said.starts_with(person.name)).collect();
        let typed: Vec<String> = (1..=person.typed).map(|n| format!("{}-{n}", person.name)).collect();
        assert_eq!(own, typed.iter().collect::<Vec<_>>(), "each line once, in the order in which it was typed");
    }
}
