//! Members with clients of every rendering in one room. A line of talk is `<user.number>`, so that it is recognized in
//! any rendering, and wherever an unframed message ends.

use landline_common::{EventKind, json};
use landline_tests::{Client, DEADLINE, TestServer, Unframed};
use std::time::Instant;

/// A received line of talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardLine {
    pub user: String,
    pub number: usize,
    /// Id of the message; only JSON has it.
    pub id: Option<u64>,
}

/// A member's client.
enum ParticipantClient {
    Text(Client),
    /// A text client whose current room is another one, with this room in the background.
    Elsewhere(Client),
    Json(Client),
    LanTalk(Client),
    /// With received text that no call has returned yet.
    TcpChat(Unframed, String),
    Chat77(Unframed, String),
}

/// A member of the room.
pub struct Participant {
    pub name: String,
    client: ParticipantClient,
}

/// The room.
pub const ROOM: &str = "hall";

/// Starts a server with every door. Unframed clients get messages at short intervals, and a stop does not wait for
/// slow clients.
pub fn server(inline_members: u64) -> TestServer {
    TestServer::new(|config| {
        config.limits.inline_members = inline_members;
        config.lantalk_port = Some(0);
        config.limits.unframed_gap_ms = 1;
        config.limits.flush_seconds = 0;
    })
}

/// Signs in two speakers with text clients, two with JSON clients, a listener for each rendering, and `more` further
/// text clients.
pub fn gather(server: &TestServer, more: usize) -> Vec<Participant> {
    server.register("chat77", "password");
    let mut members = Vec::new();
    for name in ["s0", "s1"] {
        members.push(Participant { name: name.into(), client: ParticipantClient::Text(server.guest(name, ROOM)) });
    }
    for name in ["s2", "s3", "listener"] {
        members.push(Participant { name: name.into(), client: ParticipantClient::Json(json_guest(server, name)) });
    }
    for n in 0..more {
        let name = format!("more{n}");
        members.push(Participant { client: ParticipantClient::Text(server.guest(&name, ROOM)), name });
    }
    let mut elsewhere = server.guest("elsewhere", ROOM);
    elsewhere.send("/join attic");
    elsewhere.until("INFO: You are in attic now");
    members.push(Participant { name: "elsewhere".into(), client: ParticipantClient::Elsewhere(elsewhere) });
    members.push(Participant { name: "lantalk".into(), client: ParticipantClient::LanTalk(lantalk(server)) });
    members.push(Participant {
        name: "tcpchat".into(),
        client: ParticipantClient::TcpChat(tcp_chat(server), String::new()),
    });
    members
        .push(Participant { name: "chat77".into(), client: ParticipantClient::Chat77(chat77(server), String::new()) });
    members
}

/// Signs in under a name whose previous session may still be ending.
pub fn guest_again(server: &TestServer, name: &str, room: &str) -> Client {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut client = server.connect();
        client.send(&format!("{name}_{room}"));
        let answer = client.line();
        if answer.starts_with("200 ") {
            return client;
        }
        assert!(answer.starts_with("403 ") && Instant::now() < deadline, "{name}: {answer}");
    }
}

pub fn json_guest(server: &TestServer, name: &str) -> Client {
    let mut client = server.connect();
    client.send("format json");
    client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
    client.send(&format!("{name}_{ROOM}"));
    client.expect_start(r#"{"type":"auth_ok""#);
    client
}

fn lantalk(server: &TestServer) -> Client {
    let mut client = server.lantalk("lantalk");
    client.send(&format!(r#"{{"type":"message","text":"/join {ROOM}"}}"#));
    while !client.line().contains("You are in") {}
    client
}

fn tcp_chat(server: &TestServer) -> Unframed {
    let mut client = server.unframed();
    client.exchange(&format!("tcpchat_{ROOM}"), "200");
    client
}

fn chat77(server: &TestServer) -> Unframed {
    let mut client = server.unframed();
    for (message, answer) in [("LOGIN", "ALIAS?"), ("chat77", "PASSWORD?"), ("password", "AUTH_SUCCESS")] {
        client.exchange(message, answer);
    }
    client.send(&format!("/join {ROOM}"));
    let mut heard = String::new();
    while !heard.contains(&format!("You are in {ROOM} now")) {
        heard.push_str(&client.recv());
    }
    client
}

impl Participant {
    /// Sends a line for each number, `at_once` lines per write.
    pub fn say(&mut self, numbers: std::ops::Range<usize>, at_once: usize) {
        let lines: Vec<String> = numbers.map(|n| format!("<{}.{n}>\n", self.name)).collect();
        let (ParticipantClient::Text(client) | ParticipantClient::Json(client)) = &mut self.client else {
            panic!("{} only listens", self.name)
        };
        for lines in lines.chunks(at_once) {
            client.send_bytes(lines.concat().as_bytes());
        }
    }

    /// Returns whether the client receives its own lines.
    pub fn echoes_own_messages(&self) -> bool {
        matches!(self.client, ParticipantClient::Json(_) | ParticipantClient::TcpChat(..))
    }

    /// Returns the next `count` lines of talk.
    pub fn hear(&mut self, count: usize) -> Vec<HeardLine> {
        (0..count).map(|_| self.hear_one()).collect()
    }

    fn hear_one(&mut self) -> HeardLine {
        match &mut self.client {
            ParticipantClient::Text(client) => said(&talk_line(client), |user| format!("{user}: ")),
            ParticipantClient::Elsewhere(client) => said(&talk_line(client), |user| format!("[{ROOM}] {user}: ")),
            ParticipantClient::Json(client) => said_in_json(&talk_line(client)),
            ParticipantClient::LanTalk(client) => said_to_lantalk(&talk_line(client)),
            ParticipantClient::TcpChat(client, rest) => said(&talk_message(client, rest), |user| format!("{user} - ")),
            ParticipantClient::Chat77(client, rest) => said(&talk_message(client, rest), |user| format!("{user}: ")),
        }
    }
}

fn talk_line(client: &mut Client) -> String {
    loop {
        let line = client.line();
        if line.contains('<') {
            return line;
        }
    }
}

/// Returns the next line of talk of an unframed client. One `recv` may return several, with presence lines between
/// them.
fn talk_message(client: &mut Unframed, rest: &mut String) -> String {
    loop {
        if let Some(end) = rest.find('>') {
            let message: String = rest.drain(..=end).collect();
            let user = &message[message.find('<').expect("talk") + 1..message.rfind('.').expect("talk")];
            // Presence lines may stand before the talk.
            let from = message.find(&format!("{user} - ")).or(message.find(&format!("{user}: ")));
            return message[from.expect("a speaker")..].to_owned();
        }
        let message = client.recv();
        assert!(!message.is_empty(), "closed after {rest:?}");
        rest.push_str(&message);
    }
}

fn said(line: &str, prefix: impl Fn(&str) -> String) -> HeardLine {
    let (before, text) = line.split_once('<').expect("talk");
    let heard = parse(text, None);
    assert_eq!(before, prefix(&heard.user), "{line}");
    heard
}

fn said_in_json(line: &str) -> HeardLine {
    match json::read(line).map(|event| event.what) {
        Some(EventKind::Said { id, room, user, text }) => {
            let heard = parse(&text[1..], Some(id));
            assert_eq!((&*room, &*user), (ROOM, &*heard.user));
            heard
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn said_to_lantalk(line: &str) -> HeardLine {
    let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let heard = parse(&object["text"].as_str().expect("a text")[1..], None);
    assert_eq!((&object["type"], &object["user"]), (&"message".into(), &format!("[{ROOM}] {}", heard.user).into()));
    heard
}

fn parse(text: &str, id: Option<u64>) -> HeardLine {
    let (user, number) = text.trim_end_matches('>').split_once('.').expect("user.number");
    HeardLine { user: user.into(), number: number.parse().expect("a number"), id }
}
