//! Clients at WebSockets, JSON lines and text lines in one room.

use crate::fixture::{HubFixture, NOW};
use landline_common::command::{Command, Format};
use landline_common::{Cause, Event, EventKind, Limits, Rendering, Reply, UserName, json};
use landline_server::hub::{Session, SessionOptions, SignInRequest, Tag, Token, Transport};
use landline_tests::DEADLINE;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::thread;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// The client's end of a connection.
enum Incoming {
    Lines(BufReader<TcpStream>),
    Frames(Box<WebSocket<TcpStream>>),
}

impl Incoming {
    /// Reads a whole message. A line loses its newline; a frame must not have one.
    fn message(&mut self) -> String {
        match self {
            Incoming::Lines(lines) => {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                line.strip_suffix('\n').expect("the connection is open").to_owned()
            }
            Incoming::Frames(frames) => match frames.read().unwrap() {
                Message::Text(text) => {
                    assert!(!text.contains('\n'));
                    text.to_string()
                }
                other => panic!("not a text frame: {other:?}"),
            },
        }
    }

    /// Reads messages of JSON up to a pong with this token.
    fn events_to(&mut self, token: &str) -> Vec<Event<'static>> {
        let mut events = Vec::new();
        loop {
            let message = self.message();
            let event = json::read(&message).unwrap_or_else(|| panic!("not an event: {message}"));
            if event.what == EventKind::Pong(token.to_owned().into()) {
                return events;
            }
            events.push(event);
        }
    }
}

impl HubFixture {
    /// A client that is connected but not signed in, and its end of the connection.
    fn connect(&self, client: u64, rendering: Rendering, session: Option<SessionOptions>) -> (SignInRequest, Incoming) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = self.request(client, listener.accept().unwrap().0, rendering, session);
        let incoming = if rendering == Rendering::WebSocket {
            Incoming::Frames(Box::new(WebSocket::from_raw_socket(socket, Role::Client, None)))
        } else {
            Incoming::Lines(BufReader::new(socket))
        };
        (request, incoming)
    }

    fn guest(&self, client: u64, name: &str, rendering: Rendering) -> (Session, Incoming) {
        let session = rendering.is_json().then(|| options(client, None));
        let (request, incoming) = self.connect(client, rendering, session);
        let reservation = self.hub.reserve(UserName::parse(name).unwrap()).unwrap();
        (self.hub.sign_in(reservation, request, NOW).unwrap(), incoming)
    }
}

/// Options of a session that acknowledges. Each client has a token of its own.
fn options(client: u64, seq: Option<u64>) -> SessionOptions {
    let token = token(client);
    SessionOptions { token, transport: Transport::Clear, acks: true, seq }
}

fn token(client: u64) -> Token {
    Token::from_bits([u8::try_from(client).unwrap(); 16])
}

fn perform(session: &mut Session, command: Command<'_>, label: Option<&str>) {
    session.perform(command, Tag { label: label.map(str::to_owned), ..Tag::default() }, NOW);
    session.flush();
}

fn ping(session: &mut Session, token: &str) {
    perform(session, Command::Ping(Some(token)), None);
}

fn done(label: &str) -> Option<Reply<'static>> {
    Some(Reply { label: label.to_owned().into(), done: true })
}

/// Three users speak at the same time. Each client sees one order, in its own form, and the author's labels.
#[test]
fn websocket_json_and_text_in_a_room_see_one_order() {
    const LINES: usize = 60;
    let fixture = HubFixture::new();
    let renderings = [Rendering::WebSocket, Rendering::Json, Rendering::Text];
    let names = ["alice", "bob", "carol"];
    let mut guests: Vec<_> =
        (1..).zip(names.iter().zip(renderings)).map(|(n, (name, r))| fixture.guest(n, name, r)).collect();
    thread::scope(|scope| {
        for ((session, _), name) in guests.iter_mut().zip(names) {
            scope.spawn(move || {
                for number in 0..LINES {
                    let label = number % 2 == 0 && name != "carol";
                    let label = label.then(|| format!("{name}{number}"));
                    perform(session, Command::Say(&format!("line {number}")), label.as_deref());
                }
            });
        }
    });
    // An answer comes behind what its user said, so all lines are delivered when each user has one.
    for token in ["spoken", "end"] {
        for (session, _) in &mut guests {
            ping(session, token);
        }
    }
    let said = |events: Vec<Event<'static>>, own: &str| -> Vec<String> {
        let mut labels = Vec::new();
        let mut lines = Vec::new();
        for event in events {
            if let EventKind::Said { user, text, .. } = &event.what {
                lines.push(format!("{user}: {text}"));
                labels.extend(event.reply.map(|reply| format!("{user} {reply:?}")));
            }
        }
        let expected: Vec<_> =
            (0..LINES).step_by(2).map(|n| format!("{own} {:?}", done(&format!("{own}{n}")).unwrap())).collect();
        assert_eq!(labels, expected, "each author gets its own labels");
        lines
    };
    let [(_, alice), (_, bob), (_, carol)] = &mut guests[..] else { panic!() };
    let by_frames = said(alice.events_to("end"), "alice");
    let by_lines = said(bob.events_to("end"), "bob");
    assert_eq!(by_frames.len(), 3 * LINES);
    assert_eq!(by_frames, by_lines);
    let mut by_text = Vec::new();
    loop {
        let line = carol.message();
        if line == "PONG end" {
            break;
        }
        by_text.extend(line.contains(": line ").then_some(line));
    }
    let others: Vec<_> = by_frames.into_iter().filter(|line| !line.starts_with("carol: ")).collect();
    assert_eq!(by_text, others);
}

#[test]
fn events_for_a_websocket_alone_are_framed() {
    let fixture = HubFixture::new();
    let (mut alice, mut frames) = fixture.guest(1, "alice", Rendering::WebSocket);
    let (mut bob, _lines) = fixture.guest(2, "bob", Rendering::Text);
    ping(&mut alice, "signed in");
    let events = frames.events_to("signed in");
    assert!(matches!(&events[0].what, EventKind::Welcome { user, .. } if user == "alice"), "{events:?}");
    perform(&mut bob, Command::Message { to: "alice", text: "psst" }, None);
    perform(&mut bob, Command::Connect("alice"), None);
    perform(&mut alice, Command::Accept(None), Some("1"));
    perform(&mut bob, Command::Private { to: None, text: "quietly" }, None);
    perform(&mut bob, Command::All("all"), None);
    perform(&mut alice, Command::Join("attic"), Some("2"));
    perform(&mut alice, Command::Leave(Some("attic")), Some("3"));
    perform(&mut alice, Command::Help(None), Some("4"));
    perform(&mut alice, Command::Private { to: Some("text"), text: "is no name" }, Some("5"));
    assert!(alice.user().supports_pings() && alice.user().sends_acks());
    alice.user().ping(NOW, &Limits::default());
    ping(&mut alice, "end");
    let events = frames.events_to("end");
    let has = |matches: &dyn Fn(&Event<'_>) -> bool| assert!(events.iter().any(matches), "{events:#?}");
    has(&|event| matches!(event.what, EventKind::Direct { .. }) && event.seq == Some(1));
    has(&|event| matches!(&event.what, EventKind::Private { text, .. } if text == "quietly") && event.seq == Some(2));
    has(&|event| matches!(event.what, EventKind::SaidToAll { .. }));
    has(&|event| event.what == EventKind::Ping);
    for label in ["1", "2", "3", "4", "5"] {
        has(&|event| event.reply == done(label));
    }
}

#[test]
fn the_form_of_a_websocket_is_fixed() {
    let fixture = HubFixture::new();
    let (mut alice, mut frames) = fixture.guest(1, "alice", Rendering::WebSocket);
    perform(&mut alice, Command::Format(Format::Text), Some("1"));
    perform(&mut alice, Command::Format(Format::Json), Some("2"));
    ping(&mut alice, "end");
    let events = frames.events_to("end");
    let answer = |label: &str| events.iter().find(|event| event.reply == done(label)).map(|event| &event.what);
    let is_refused =
        |what: &EventKind<'_>| matches!(what, EventKind::Report(report) if report.cause == Cause::FormatFixed);
    assert!(answer("1").is_some_and(is_refused), "{events:?}");
    assert_eq!(answer("2"), Some(&EventKind::Format(Format::Json)));
}

/// Unacknowledged events come again in the form of the new connection, whichever form the old one had.
#[test]
fn a_resumed_session_has_the_form_of_its_new_connection() {
    for (first, second) in [(Rendering::WebSocket, Rendering::Json), (Rendering::Json, Rendering::WebSocket)] {
        let fixture = HubFixture::new();
        let (mut bob, _bobs) = fixture.guest(9, "bob", Rendering::Text);
        let (mut alice, mut incoming) = fixture.guest(1, "alice", first);
        perform(&mut bob, Command::Message { to: "alice", text: "one" }, None);
        ping(&mut alice, "end");
        assert_eq!(direct_texts(incoming.events_to("end")), [(Some(1), "one".to_owned())]);
        alice.end_turn();

        // Taken over, while the old connection stands.
        let (request, mut incoming) = fixture.connect(2, second, None);
        let mut taken = fixture.hub.take_over(token(1), request, options(2, None), NOW).unwrap();
        drop(alice);
        perform(&mut bob, Command::Message { to: "alice", text: "two" }, None);
        perform(&mut taken, Command::Say("here again"), Some("1"));
        ping(&mut taken, "end");
        let events = incoming.events_to("end");
        assert!(events.iter().any(|event| event.reply == done("1")), "{events:?}");
        assert_eq!(direct_texts(events), [(Some(1), "one".to_owned()), (Some(2), "two".to_owned())]);

        // Continued after a loss, in the form of the first connection.
        taken.end_turn();
        taken.mark_connection_lost();
        drop(taken);
        let (request, mut incoming) = fixture.connect(3, first, None);
        let reservation = fixture.hub.reserve(UserName::parse("alice").unwrap()).unwrap();
        let mut resumed = fixture.hub.resume_lost(reservation, token(2), request, options(3, Some(1)), NOW).unwrap();
        ping(&mut resumed, "end");
        assert_eq!(direct_texts(incoming.events_to("end")), [(Some(2), "two".to_owned())]);
    }
}

/// The numbers and texts of the direct messages among events.
fn direct_texts(events: Vec<Event<'static>>) -> Vec<(Option<u64>, String)> {
    let direct = |event: Event<'static>| match event.what {
        EventKind::Direct { text, .. } => Some((event.seq, text.to_string())),
        _ => None,
    };
    events.into_iter().filter_map(direct).collect()
}
