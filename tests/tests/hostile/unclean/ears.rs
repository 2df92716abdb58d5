//! One listener of every kind, each of which knows talk from everything else in the way of its clients.

use super::texts::is_harmless;
use landline_tests::{Client, TestServer, Unframed};
use serde_json::Value;

pub const ROOM: &str = "salon";

/// How something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentTo {
    Say,
    All,
    Direct,
}

enum ListenerClient {
    Text(Client),
    Object(Client),
    TcpChat(Unframed),
    Chat77(Unframed),
}

/// Somebody in the room.
pub struct CheckedListener {
    pub name: &'static str,
    line: ListenerClient,
}

/// One of each, in the order in which they came.
pub fn one_of_each(server: &TestServer) -> Vec<CheckedListener> {
    let text = ListenerClient::Text(server.guest("text", ROOM));
    let mut json = server.connect();
    json.send(&format!("format json\njson_{ROOM}"));
    json.until("{\"type\":\"auth_ok\"");
    let lantalk = lantalk(server, "lantalk");
    let mut tcp_chat = server.unframed();
    tcp_chat.ask(&format!("tcpchat_{ROOM}"), "200");
    server.register("chat77", "correct horse");
    let mut chat77 = server.unframed();
    for (message, answer) in [("LOGIN", "ALIAS?"), ("chat77", "PASSWORD?"), ("correct horse", "AUTH_SUCCESS")] {
        chat77.ask(message, answer);
    }
    chat77.send(&format!("/join {ROOM}"));
    while !chat77.recv().contains("You are in") {}
    let lines = [
        text,
        ListenerClient::Object(json),
        ListenerClient::Object(lantalk),
        ListenerClient::TcpChat(tcp_chat),
        ListenerClient::Chat77(chat77),
    ];
    let names = ["text", "json", "lantalk", "tcpchat", "chat77"];
    names.into_iter().zip(lines).map(|(name, line)| CheckedListener { name, line }).collect()
}

/// Somebody at the LanTalk door who is in the room.
pub fn lantalk(server: &TestServer, name: &str) -> Client {
    let mut client = server.lantalk(name);
    client.send(&format!(r#"{{"type":"message","text":"/join {ROOM}"}}"#));
    while !client.line().contains("You are in") {}
    client
}

impl CheckedListener {
    /// The next thing that comes, which must be harmless.
    fn next(&mut self) -> String {
        let came = match &mut self.line {
            ListenerClient::Text(client) | ListenerClient::Object(client) => client.line(),
            ListenerClient::TcpChat(client) | ListenerClient::Chat77(client) => client.recv(),
        };
        assert!(is_harmless(&came), "{}: {came:?}", self.name);
        came
    }

    /// Skips everything up to what has that in it.
    pub fn until(&mut self, part: &str) {
        while !self.next().contains(part) {}
    }

    /// The next things that come must be talk of `speaker`, and nothing else, up to a text that ends with `end`. Those who
    /// read lines get one for each line of a message, the others get one message.
    pub fn hear_all(&mut self, speaker: &str, way: SentTo) {
        let several = matches!(self.line, ListenerClient::Text(_));
        while !self.hear(speaker, way).ends_with("end") {
            assert!(several, "{}: a part of a message", self.name);
        }
    }

    fn hear(&mut self, speaker: &str, way: SentTo) -> String {
        let came = self.next();
        let prefix = match (&self.line, way) {
            (ListenerClient::Object(_), _) => return said(&came, speaker),
            (_, SentTo::Direct) => format!("[PM] {speaker}: "),
            (ListenerClient::TcpChat(_), _) => format!("{speaker} - "),
            (ListenerClient::Chat77(_), _) | (_, SentTo::Say) => format!("{speaker}: "),
            (_, SentTo::All) => format!("[all] {speaker}: "),
        };
        let text = came.strip_prefix(&prefix).unwrap_or_else(|| panic!("{}: {came:?} is no talk", self.name));
        assert!(!text.contains('\n'), "{}: two lines: {came:?}", self.name);
        text.to_owned()
    }
}

/// The text of an object that is talk, in JSON and in LanTalk's.
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
