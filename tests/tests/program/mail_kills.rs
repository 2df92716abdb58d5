//! Killed at any moment while people leave messages for others, it loses none that it confirmed.

use crate::{folder, server, start, stop};
use landline_tests::{Client, DEADLINE};
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const KILLS: usize = 50;
const WRITERS: usize = 3;
const RECEIVERS: usize = 3;
const PASSWORD: &str = "correct horse";
/// What came within this time before a kill may come again.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// A writer, and the number of one of its messages.
type MessageKey = (usize, u64);

/// What a receiver saw of one life of the server: each message, and when.
type ReceivedMessages = Vec<(MessageKey, Instant)>;

/// Speaks with a server that may be gone at any moment.
struct FallibleClient {
    lines: io::Lines<BufReader<TcpStream>>,
    stream: TcpStream,
}

impl FallibleClient {
    fn begin(address: SocketAddr, first: &[&str]) -> io::Result<FallibleClient> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        stream.write_all(format!("{}\n", first.join("\n")).as_bytes())?;
        Ok(FallibleClient { lines: BufReader::new(stream.try_clone()?).lines(), stream })
    }

    fn line(&mut self) -> io::Result<String> {
        self.lines.next().unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))
    }

    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> io::Result<String> {
        loop {
            let line = self.line()?;
            if wanted(&line) {
                return Ok(line);
            }
        }
    }
}

/// Leaves one message after the other, with numbers from `next` on, for the receivers in turn. Returns those that were
/// confirmed, by receiver.
fn write_on(address: SocketAddr, writer: usize, next: &AtomicU64, receivers: &[usize]) -> Vec<(usize, MessageKey)> {
    let mut confirmed = Vec::new();
    let mut write = || -> io::Result<()> {
        let mut talk = FallibleClient::begin(address, &[&format!("w{writer}_lobby")])?;
        talk.until(|line| line.starts_with("200 "))?;
        for receiver in receivers.iter().cycle() {
            let number = next.fetch_add(1, Relaxed);
            talk.stream.write_all(format!("message r{receiver} w{writer}-{number}\n").as_bytes())?;
            let queued = format!("INFO: r{receiver} is offline. Message queued for delivery.");
            let answer = talk.until(|line| line == queued || line.starts_with("ERROR"))?;
            assert_eq!(answer, queued);
            confirmed.push((*receiver, (writer, number)));
        }
        Ok(())
    };
    // It ends by the server's death.
    let _ = write();
    confirmed
}

/// Signs in and reads until the server is gone.
fn read_on(address: SocketAddr, receiver: usize) -> ReceivedMessages {
    let mut heard = Vec::new();
    let mut read = || -> io::Result<()> {
        let mut talk = FallibleClient::begin(address, &["LOGIN", &format!("r{receiver}"), PASSWORD])?;
        loop {
            let line = talk.until(|line| line.starts_with("[PM"))?;
            heard.push((message(&line), Instant::now()));
        }
    };
    let _ = read();
    heard
}

/// `[PM 2026-11-21 14:22] w1: w1-17`
fn message(line: &str) -> MessageKey {
    let text = line.rsplit_once(": w").expect("a message").1;
    let (writer, number) = text.split_once('-').expect("a number");
    (writer.parse().expect("a writer"), number.parse().expect("a number"))
}

/// One life of the server: some leave messages for two receivers while the third reads what waits; then it is killed.
fn a_life(
    data: &Path,
    round: usize,
    next: &[AtomicU64],
) -> (Vec<(usize, MessageKey)>, usize, ReceivedMessages, Instant) {
    let (mut program, address) = start(&mut roomy(data));
    let reader = round % RECEIVERS;
    let away: Vec<usize> = (0..RECEIVERS).filter(|receiver| *receiver != reader).collect();
    thread::scope(|scope| {
        let reading = scope.spawn(move || read_on(address, reader));
        let away = &away;
        let writing: Vec<_> = (0..WRITERS).map(|w| scope.spawn(move || write_on(address, w, &next[w], away))).collect();
        // Any moment will do; a different one each time.
        thread::sleep(Duration::from_millis(30 + (round as u64 * 37) % 170));
        program.signal("KILL");
        let killed = Instant::now();
        program.wait();
        let confirmed = writing.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
        (confirmed, reader, reading.join().expect("a reader"), killed)
    })
}

fn roomy(data: &Path) -> std::process::Command {
    let mut command = server(data);
    for limit in ["mail-per-sender", "mail-per-receiver"] {
        command.args(["--limit", &format!("{limit}=100000")]);
    }
    command.env("LANDLINE_LOG", "off");
    command
}

/// Everything that still waits for somebody, in a life that is not cut short. It must have all of `awaited` in it.
fn read_rest(address: SocketAddr, receiver: usize, mut awaited: HashSet<MessageKey>) -> ReceivedMessages {
    let mut client = Client::connect(address);
    ["LOGIN", &format!("r{receiver}"), PASSWORD].iter().for_each(|line| client.send(line));
    client.until("200 ");
    let (mut heard, deadline) = (ReceivedMessages::new(), Instant::now() + DEADLINE);
    while !awaited.is_empty() && Instant::now() < deadline {
        let line = client.until("[PM");
        awaited.remove(&message(&line));
        heard.push((message(&line), Instant::now()));
    }
    // What was not confirmed may be there, too.
    let rest = client.drain_lines();
    let rest = rest.iter().filter(|line| line.starts_with("[PM"));
    heard.extend(rest.map(|line| (message(line), Instant::now())));
    heard
}

#[test]
fn every_confirmed_message_arrives_in_order_and_hardly_any_twice() {
    let folder = folder();
    let (mut program, address) = start(&mut roomy(folder.path()));
    for receiver in 0..RECEIVERS {
        let name = format!("r{receiver}");
        let mut talk = FallibleClient::begin(address, &["REGISTER", &name, PASSWORD]).expect("a connection");
        talk.until(|line| line.starts_with("Registration successful")).expect("an account");
    }
    stop(&mut program);

    let next: Vec<AtomicU64> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
    let mut confirmed = vec![Vec::new(); RECEIVERS];
    // What each receiver heard, life by life, with the time of the kill that ended it.
    let mut heard: Vec<Vec<(ReceivedMessages, Instant)>> = vec![Vec::new(); RECEIVERS];
    for round in 0..KILLS {
        let (sent, reader, got, killed) = a_life(folder.path(), round, &next);
        sent.into_iter().for_each(|(receiver, message)| confirmed[receiver].push(message));
        heard[reader].push((got, killed));
    }
    let (mut program, address) = start(&mut roomy(folder.path()));
    for (receiver, heard) in heard.iter_mut().enumerate() {
        let known: HashSet<MessageKey> = heard.iter().flat_map(|(heard, _)| heard.iter().map(|(m, _)| *m)).collect();
        let awaited = confirmed[receiver].iter().filter(|message| !known.contains(message)).copied().collect();
        heard.push((read_rest(address, receiver, awaited), Instant::now()));
    }
    stop(&mut program);

    assert!(confirmed.iter().map(Vec::len).sum::<usize>() > KILLS, "too few messages to prove anything");
    for (receiver, lives) in heard.iter().enumerate() {
        check(receiver, &confirmed[receiver], lives);
    }
    let database = rusqlite::Connection::open(folder.path().join("messages.db")).expect("the database");
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
}

fn check(receiver: usize, confirmed: &[MessageKey], lives: &[(ReceivedMessages, Instant)]) {
    let mut first_heard: HashMap<MessageKey, (Instant, Instant)> = HashMap::new();
    let mut last: HashMap<usize, u64> = HashMap::new();
    for (heard, killed) in lives {
        let mut in_this_life: HashMap<usize, u64> = HashMap::new();
        for ((writer, number), at) in heard {
            let before = in_this_life.insert(*writer, *number);
            assert!(
                before.is_none_or(|before| before < *number),
                "r{receiver}: {number} of w{writer} after {before:?}"
            );
            match first_heard.get(&(*writer, *number)) {
                Some((at, killed)) => {
                    let ago = killed.saturating_duration_since(*at);
                    assert!(ago < LAST_MOMENT, "r{receiver}: {number} of w{writer} again, heard {ago:?} before a kill");
                }
                None => {
                    let before = last.insert(*writer, *number);
                    assert!(before.is_none_or(|before| before < *number), "r{receiver}: w{writer} out of order");
                    first_heard.insert((*writer, *number), (*at, *killed));
                }
            }
        }
    }
    let missing: Vec<_> = confirmed.iter().filter(|message| !first_heard.contains_key(message)).collect();
    assert!(missing.is_empty(), "r{receiver}: confirmed and missing: {missing:?}");
}
