//! A server that sends as much as it can, and screens that stand still.

use super::*;
use landline_common::{RoomName, UserName, What};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;

/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// A server that can send nothing for so long has been made to wait.
const STUCK: Duration = Duration::from_secs(2);
/// Bytes of one text.
const TEXT: usize = 1_040_000;
/// It would go on for ever.
const ENOUGH: usize = 64 << 20;
/// What may be on its way, with the buffers of both kernels.
const MOST: usize = 24 << 20;

fn alice() -> SignIn {
    let who = Identity {
        name: UserName::parse("alice").unwrap(),
        room: RoomName::parse("lobby").unwrap(),
        rooms: Vec::new(),
        password: None,
        register: false,
        server_password: None,
    };
    SignIn::new(&who, false, None, &Default::default(), || "1".into())
}

/// Lets alice in, and sends lines of nearly 1 MiB until nobody takes any more; tells then how many bytes that were, and
/// sends the last line to its end when there is room again. How many lines that were.
fn pour(listener: &TcpListener, told: &Sender<usize>) -> u64 {
    let (mut stream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "format json");
    assert!(lines.next().unwrap().unwrap().starts_with("{\"type\":\"guest\""));
    let welcome =
        r#"{"type":"auth_ok","username":"alice","server_name":"S","room":"lobby","account":false,"at":1,"protocol":2}"#;
    writeln!(stream, "{welcome}").unwrap();
    stream.set_write_timeout(Some(STUCK)).unwrap();
    let text = "x".repeat(TEXT);
    let (mut sent, mut over) = (0, false);
    for id in 0.. {
        if over {
            return id;
        }
        let line = format!(r#"{{"type":"message","id":{id},"room":"lobby","user":"x","text":"{text}","at":1}}"#) + "\n";
        let mut left = line.as_bytes();
        while !left.is_empty() {
            match stream.write(left) {
                Ok(written) => (sent, left) = (sent + written, &left[written..]),
                Err(why) => assert!(matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{why}"),
            }
            // What was not taken at once was not taken for a long time.
            if !over && (sent > ENOUGH || !left.is_empty()) {
                over = true;
                told.send(sent).unwrap();
            }
        }
    }
    unreachable!("there are always more numbers")
}

#[test]
fn a_server_waits_while_its_news_are_not_taken_and_nothing_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (out, told) = bounded(1);
    let server = std::thread::spawn(move || pour(&listener, &out));
    let mut link = Link::new(&address);
    assert!(!link.is_local());
    link.connect(alice()).unwrap();
    let sent = told.recv_timeout(DEADLINE).expect("the server waits, or has sent enough");
    assert!(link.is_local());
    assert!(sent < MOST, "{} MiB were taken", sent >> 20);
    let mut next = || loop {
        let news = link.news.recv_timeout(DEADLINE).unwrap();
        if let Some(news) = link.current(news) {
            return news;
        }
    };
    assert!(matches!(next(), News::Event { event, .. } if matches!(event.what, What::Welcome { .. })));
    let mut heard = 0;
    while let News::Event { event, line, .. } = next() {
        assert!(line.len() > TEXT && line.contains(&format!("\"id\":{heard},")));
        assert!(matches!(&event.what, What::Said { id, text, .. } if *id == heard && text.len() == TEXT));
        heard += 1;
    }
    assert_eq!(heard, server.join().unwrap());
}
