//! One listener for each kind of client. Each tells talk from other lines as its kind of client does.

use super::texts::is_harmless;
use landline_tests::{Client, TestServer, Unframed};
use serde_json::Value;

pub const ROOM: &str = "salon";

/// Receivers of a message: the room, all users, or one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentTo {
    Room,
    All,
    Direct,
}

/// A connection of one kind of client.
enum ListenerClient {
    Text(Client),
    Object(Client),
    TcpChat(Unframed),
    Chat77(Unframed),
}

/// A listener in the room. All text that it receives must be harmless.
pub struct CheckedListener {
    pub name: &'static str,
    client: ListenerClient,
}

/// Signs in one listener of each kind.
pub fn one_of_each(server: &TestServer) -> Vec<CheckedListener> {
    let text = ListenerClient::Text(server.guest("text", ROOM));
    let mut json = server.connect();
    json.send(&format!("format json\njson_{ROOM}"));
    json.until("{\"type\":\"auth_ok\"");
    let lantalk = lantalk(server, "lantalk");
    let mut tcp_chat = server.unframed();
    tcp_chat.exchange(&format!("tcpchat_{ROOM}"), "200");
    server.register("chat77", "correct horse");
    let mut chat77 = server.unframed();
    for (message, answer) in [("LOGIN", "ALIAS?"), ("chat77", "PASSWORD?"), ("correct horse", "AUTH_SUCCESS")] {
        chat77.exchange(message, answer);
    }
    chat77.send(&format!("/join {ROOM}"));
    while !chat77.recv().contains("You are in") {}
    let clients = [
        text,
        ListenerClient::Object(json),
        ListenerClient::Object(lantalk),
        ListenerClient::TcpChat(tcp_chat),
        ListenerClient::Chat77(chat77),
    ];
    let names = ["text", "json", "lantalk", "tcpchat", "chat77"];
    names.into_iter().zip(clients).map(|(name, client)| CheckedListener { name, client }).collect()
}

/// Signs in a LanTalk client that has joined the room.
pub fn lantalk(server: &TestServer, name: &str) -> Client {
    let mut client = server.lantalk(name);
    client.send(&format!(r#"{{"type":"message","text":"/join {ROOM}"}}"#));
    while !client.line().contains("You are in") {}
    client
}

impl CheckedListener {
    /// Returns the next line or message, which must be harmless.
    fn next(&mut self) -> String {
        let received = match &mut self.client {
            ListenerClient::Text(client) | ListenerClient::Object(client) => client.line(),
            ListenerClient::TcpChat(client) | ListenerClient::Chat77(client) => client.recv(),
        };
        assert!(is_harmless(&received), "{}: {received:?}", self.name);
        received
    }

    /// Skips lines until one contains `part`.
    pub fn until(&mut self, part: &str) {
        while !self.next().contains(part) {}
    }

    /// Checks that the next lines are talk of `speaker`, up to one that ends with `end`. A text client gets one line
    /// for each line of a message, the others get one message.
    pub fn hear_all(&mut self, speaker: &str, sent_to: SentTo) {
        let takes_lines = matches!(self.client, ListenerClient::Text(_));
        while !self.hear(speaker, sent_to).ends_with("end") {
            assert!(takes_lines, "{}: an incomplete message", self.name);
        }
    }

    fn hear(&mut self, speaker: &str, sent_to: SentTo) -> String {
        let received = self.next();
        let prefix = match (&self.client, sent_to) {
            (ListenerClient::Object(_), _) => return said(&received, speaker),
            (_, SentTo::Direct) => format!("[PM] {speaker}: "),
            (ListenerClient::TcpChat(_), _) => format!("{speaker} - "),
            (ListenerClient::Chat77(_), _) | (_, SentTo::Room) => format!("{speaker}: "),
            (_, SentTo::All) => format!("[all] {speaker}: "),
        };
        let text = received.strip_prefix(&prefix).unwrap_or_else(|| panic!("{}: {received:?} is not talk", self.name));
        assert!(!text.contains('\n'), "{}: two lines: {received:?}", self.name);
        text.to_owned()
    }
}

/// Returns the text of a talk object, in Landline's JSON or in LanTalk's.
fn said(line: &str, speaker: &str) -> String {
    let object: Value = serde_json::from_str(line).expect("JSON");
    let field = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let user = if field("type") == "pm" { field("from_user") } else { field("user") };
    assert!(matches!(&*field("type"), "message" | "pm"), "{line}");
    assert!(user == speaker || user == format!("[{ROOM}] {speaker}"), "{line}");
    assert!(is_harmless(&field("text")), "{line}");
    // LanTalk's objects have no ids.
    assert!(object.get("id").is_some() || !field("text").contains('\n'), "{line}");
    field("text")
}
