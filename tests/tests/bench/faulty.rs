//! A server with one deliberate fault, which the load generator must report exactly.

use landline_tests::bench::{BenchTarget, Cell, CellKind, ClientProtocol, DeliveryVerdict, Load, Options, run};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Number of the faulty line in the room.
const LINE: usize = 5;
/// Index of the member that gets the faulty line.
const VICTIM: usize = 1;

/// Fault of the server.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Lose,
    Double,
    Swap,
    Change,
    SendBack,
}

/// The server's room: its members, the number of lines so far, and a line held back for the victim.
#[derive(Default)]
struct FaultyRoom {
    members: Vec<TcpStream>,
    said: usize,
    held: String,
}

impl FaultyRoom {
    fn enter(&mut self, name: &str, stream: &TcpStream) {
        for mut member in &self.members {
            member.write_all(format!("{name} has connected to the chatroom\n").as_bytes()).unwrap();
        }
        self.members.push(stream.try_clone().unwrap());
        self.members.last().unwrap().write_all(b"200 hello\n").unwrap();
    }

    fn say(&mut self, speaker: usize, line: &str, fault: Fault) {
        self.said += 1;
        for (member, mut stream) in self.members.iter().enumerate() {
            let due = self.said == LINE && member == VICTIM;
            let text = match fault {
                Fault::SendBack if self.said == LINE && member == speaker => line.to_owned(),
                _ if member == speaker => continue,
                Fault::Lose if due => continue,
                Fault::Double if due => line.repeat(2),
                Fault::Change if due => line.replace("fox", "ox"),
                Fault::Swap if due => {
                    self.held = line.to_owned();
                    continue;
                }
                _ if member == VICTIM => format!("{line}{}", std::mem::take(&mut self.held)),
                _ => line.to_owned(),
            };
            stream.write_all(text.as_bytes()).unwrap();
        }
    }
}

fn serve(stream: &TcpStream, room: &Mutex<FaultyRoom>, fault: Fault) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let (name, _) = first.split_once('_').unwrap();
    let mut inside = room.lock().unwrap();
    let at = inside.members.len();
    inside.enter(name, stream);
    drop(inside);
    for line in lines {
        if line.starts_with("/ping") {
            let mut stream = stream;
            stream.write_all(b"PONG last\n").unwrap();
        } else {
            room.lock().unwrap().say(at, &format!("{name}: {line}\n"), fault);
        }
    }
}

/// Runs the load generator against a server with `fault`. Returns its verdict.
fn verdict(fault: Fault) -> DeliveryVerdict {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let cell = Cell {
        name: "faulty",
        about: "",
        rooms: 1,
        members: 3,
        kind: CellKind::Talk { speakers: 1, load: Load::Outstanding(2), stalled: false },
    };
    let room = Arc::new(Mutex::new(FaultyRoom::default()));
    let acceptor = std::thread::spawn(move || {
        let sessions: Vec<_> = (0..3)
            .map(|_| {
                // Accept one client at a time, so that members enter in the order of their names.
                let stream = listener.accept().unwrap().0;
                let room = room.clone();
                let before = room.lock().unwrap().members.len();
                let session_room = room.clone();
                let session = std::thread::spawn(move || serve(&stream, &session_room, fault));
                landline_tests::eventually("the member has entered", || room.lock().unwrap().members.len() > before);
                session
            })
            .collect();
        sessions.into_iter().for_each(|session| session.join().unwrap());
    });
    let target = BenchTarget { address, process: None, tag: String::new() };
    let options = Options {
        time: Duration::from_millis(100),
        text_bytes: 64,
        patience: Duration::from_secs(2),
        protocol: ClientProtocol::default(),
    };
    let figures = run(&cell, &target, &options).unwrap();
    acceptor.join().unwrap();
    assert!(figures.lines > LINE as u64, "the run was too short for the fault");
    assert!(figures.server.is_none(), "figures of a server without a process id");
    figures.verdict
}

#[test]
fn every_fault_of_a_server_is_counted() {
    let none = DeliveryVerdict::default();
    let expected = [
        (Fault::None, none),
        (Fault::Lose, DeliveryVerdict { lost: 1, other_order: 1, ..none }),
        (Fault::Double, DeliveryVerdict { doubled: 1, ..none }),
        (Fault::Swap, DeliveryVerdict { reordered: 1, other_order: 1, ..none }),
        (Fault::Change, DeliveryVerdict { lost: 1, wrong: 1, other_order: 1, ..none }),
        (Fault::SendBack, DeliveryVerdict { wrong: 1, ..none }),
    ];
    std::thread::scope(|scope| {
        for (fault, expected) in expected {
            scope.spawn(move || assert_eq!(verdict(fault), expected, "{fault:?}"));
        }
    });
}
