//! Clients of every kind in one room, through one port.

use landline_tests::{Client, ObjectClient, TestServer, TlsTunnel, Unframed, WebSocketClient};
use serde_json::json;
use std::collections::BTreeSet;

/// A member of the room: sends a line, and returns the next text that it hears from another member.
trait Member {
    fn say(&mut self, text: &str);
    fn hear(&mut self) -> String;
}

struct Text(Client);
struct Program(Unframed);
struct Objects(ObjectClient);
struct Web(WebSocketClient);
struct LanTalk(Client);

/// Returns the text behind the author's name; `None` for a line that is no talk.
fn talk(line: &str) -> Option<String> {
    let (_, text) = line.rsplit_once([' '])?;
    text.starts_with("line-").then(|| text.trim_end().to_owned())
}

impl Member for Text {
    fn say(&mut self, text: &str) {
        self.0.send(text);
    }

    fn hear(&mut self) -> String {
        loop {
            if let Some(text) = talk(&self.0.line()) {
                return text;
            }
        }
    }
}

impl Member for Program {
    fn say(&mut self, text: &str) {
        self.0.send(text);
    }

    fn hear(&mut self) -> String {
        loop {
            if let Some(text) = talk(&self.0.recv()) {
                return text;
            }
        }
    }
}

impl Member for Objects {
    fn say(&mut self, text: &str) {
        self.0.send(&json!({ "type": "say", "room": "hall", "text": text }));
    }

    fn hear(&mut self) -> String {
        loop {
            let event = self.0.receive();
            if let Some(text) = event["text"].as_str().filter(|text| text.starts_with("line-")) {
                return text.to_owned();
            }
        }
    }
}

impl Member for Web {
    fn say(&mut self, text: &str) {
        self.0.send(&json!({ "type": "say", "room": "hall", "text": text }).to_string());
    }

    fn hear(&mut self) -> String {
        let is_talk = |event: &serde_json::Value| event["text"].as_str().is_some_and(|text| text.starts_with("line-"));
        self.0.receive_until(is_talk)["text"].as_str().unwrap_or_default().to_owned()
    }
}

impl Member for LanTalk {
    fn say(&mut self, text: &str) {
        self.0.send(&json!({ "type": "message", "text": text }).to_string());
    }

    fn hear(&mut self) -> String {
        loop {
            let event: serde_json::Value = serde_json::from_str(&self.0.line()).expect("an object");
            if let Some(text) = event["text"].as_str().filter(|text| text.starts_with("line-")) {
                return text.to_owned();
            }
        }
    }
}

#[test]
fn clients_of_every_kind_share_a_room_and_its_order() {
    let server = TestServer::default();
    let port = server.address();
    let tunnel = TlsTunnel::to(port).address();
    let sign_in = |mut client: Client, name: &str| {
        client.send(&format!("{name}_hall"));
        client.expect_start("200 ");
        client
    };
    let mut program = Unframed::connect(port);
    program.send("tcpchat_hall");
    program.expect("200");
    let objects = |client: Client, name: &str| {
        let mut client = ObjectClient::of(client);
        client.request(json!({ "type": "guest", "user": name, "room": "hall" }));
        client
    };
    let web = |address, name: &str| {
        let mut client = WebSocketClient::connect(address);
        client.sign_in(name, "hall");
        client
    };
    let mut members: Vec<(&str, Box<dyn Member>)> = vec![
        ("nc", Box::new(Text(sign_in(Client::connect(port), "netcat")))),
        ("nc over TLS", Box::new(Text(sign_in(Client::connect(tunnel), "openssl")))),
        ("tcp_chat", Box::new(Program(program))),
        ("objects", Box::new(Objects(objects(Client::connect(port), "jason")))),
        ("objects over TLS", Box::new(Objects(objects(Client::connect(tunnel), "landline1")))),
        ("WebSocket", Box::new(Web(web(port, "phone")))),
        ("WebSocket over TLS", Box::new(Web(web(tunnel, "laptop")))),
    ];
    // The messages of an unframed client merge if it sends several at once.
    let speakers: Vec<usize> =
        (0..3).flat_map(|turn| (0..members.len()).filter(move |at| turn == 0 || *at != 2)).collect();
    let said: Vec<String> = (0..speakers.len()).map(|n| format!("line-{n}")).collect();
    for (speaker, text) in speakers.iter().zip(&said) {
        members[*speaker].1.say(text);
    }
    let mut orders: Vec<(&str, Vec<String>)> = Vec::new();
    for (at, (kind, member)) in members.iter_mut().enumerate() {
        let echoes = !matches!(*kind, "nc" | "nc over TLS");
        let own = speakers.iter().zip(&said).filter(|(speaker, _)| **speaker == at && !echoes).map(|(_, text)| text);
        let own: BTreeSet<&String> = own.collect();
        let heard: Vec<String> = (0..said.len() - own.len()).map(|_| member.hear()).collect();
        assert_eq!(heard.iter().chain(own).collect::<BTreeSet<_>>(), said.iter().collect(), "{kind}");
        orders.push((kind, heard));
    }
    // The order of a member that heard everything holds for all.
    let whole =
        orders.iter().find(|(_, heard)| heard.len() == said.len()).expect("a member with its own lines").1.clone();
    for (kind, heard) in orders {
        let expected: Vec<&String> = whole.iter().filter(|text| heard.contains(text)).collect();
        assert_eq!(heard.iter().collect::<Vec<_>>(), expected, "{kind}");
    }
}

#[test]
fn lantalk_clients_may_use_tls() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let tunnel = TlsTunnel::to(server.lantalk_address()).address();
    let mut alice = Client::connect(tunnel);
    alice.expect_start("{\"type\":\"auth_request\"");
    alice.send(r#"{"username":"alice","password":""}"#);
    alice.expect_start("{\"type\":\"auth_ok\"");
    let mut bob = LanTalk(server.lantalk("bob"));
    let mut alice = LanTalk(alice);
    alice.say("line-1");
    assert_eq!(bob.hear(), "line-1");
}
