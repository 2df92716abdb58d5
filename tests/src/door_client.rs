//! Clients of every door with one interface, for tests of what holds on all doors.

use crate::{Client, ObjectClient, TestServer, Unframed};
use serde_json::{Value, json};

/// The kind of client that a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Lines of text, as in `nc`.
    Text,
    /// Command objects, which can resume a session.
    Objects,
    /// LanTalk's JSON.
    LanTalk,
    /// Messages without newlines, as Chat77's clients send them.
    Unframed,
}

/// A client of a user who has signed in.
pub enum DoorClient {
    /// See [`Door::Text`].
    Text(Client),
    /// See [`Door::Objects`].
    Objects {
        /// The connection.
        client: Box<ObjectClient>,
        /// The answer to the sign-in.
        welcome: Value,
    },
    /// See [`Door::LanTalk`].
    LanTalk(Client),
    /// See [`Door::Unframed`].
    Unframed(Unframed),
}

impl DoorClient {
    /// Signs a guest in, or an account with its password. Accounts enter the lobby, as do LanTalk's users.
    ///
    /// # Errors
    /// The server refuses: the lines of its answer.
    pub fn sign_in(
        server: &TestServer,
        door: Door,
        name: &str,
        password: Option<&str>,
        room: &str,
    ) -> Result<DoorClient, Vec<String>> {
        match (door, password) {
            (Door::Text, _) => {
                let mut client = server.connect();
                client.send(&match password {
                    Some(password) => format!("LOGIN\n{name}\n{password}"),
                    None => format!("{name}_{room}"),
                });
                let answer = lines_until(&mut client, |line| line.starts_with("200 ") || line.contains("403 "));
                let is_in = answer.last().is_some_and(|line| line.starts_with("200 "));
                if is_in { Ok(DoorClient::Text(client)) } else { Err(answer) }
            }
            (Door::Objects, Some(password)) => {
                DoorClient::by_object(server, &json!({"type": "login", "user": name, "password": password}))
            }
            (Door::Objects, None) => {
                DoorClient::by_object(server, &json!({"type": "guest", "user": name, "room": room}))
            }
            (Door::LanTalk, _) => {
                let mut client = Client::connect(server.lantalk_address());
                client.expect_start("{\"type\":\"auth_request\"");
                client.send(&json!({"username": name, "password": password.unwrap_or_default()}).to_string());
                let answer = lines_until(&mut client, |line| line.contains(r#""type":"auth_"#));
                let is_in = answer.last().is_some_and(|line| line.contains("auth_ok"));
                if is_in { Ok(DoorClient::LanTalk(client)) } else { Err(answer) }
            }
            (Door::Unframed, _) => {
                let mut client = server.unframed();
                client.send(&format!("{name}_{room}"));
                let answer = client.recv();
                if answer == "200" { Ok(DoorClient::Unframed(client)) } else { Err(vec![answer]) }
            }
        }
    }

    /// Signs in by a command object.
    ///
    /// # Errors
    /// The server refuses: the objects of its answer.
    pub fn by_object(server: &TestServer, object: &Value) -> Result<DoorClient, Vec<String>> {
        let mut client = ObjectClient::connect(server);
        let answer = client.request(object.clone());
        match &answer[0]["token"] {
            Value::String(_) => Ok(DoorClient::Objects { welcome: answer[0].clone(), client: Box::new(client) }),
            _ => Err(texts(&answer)),
        }
    }

    /// Types a line, or a message of several lines on doors that have them.
    pub fn send(&mut self, line: &str) {
        match self {
            DoorClient::Text(client) => client.send(line),
            DoorClient::Objects { client, .. } => client.client.send(line),
            DoorClient::LanTalk(client) => client.send(&json!({"type": "message", "text": line}).to_string()),
            DoorClient::Unframed(client) => client.send(line),
        }
    }

    /// Sends a line, and waits for an answer with `part` in it. A message of an unframed client must be answered before
    /// the next one, with which it would merge.
    ///
    /// # Panics
    /// No such answer comes.
    #[track_caller]
    pub fn expect(&mut self, line: &str, part: &str) {
        self.send(line);
        if let DoorClient::Unframed(client) = self {
            while !client.recv().contains(part) {}
            return;
        }
        let lines = self.drain();
        assert!(lines.iter().any(|line| line.contains(part)), "{line:?} is not answered by {part:?} but {lines:?}");
    }

    /// Returns all lines that the client has received so far.
    pub fn drain(&mut self) -> Vec<String> {
        let is_pong = |line: &str| line.contains("PONG so-far");
        match self {
            DoorClient::Text(client) => client.drain_lines(),
            DoorClient::Objects { client, .. } => texts(&client.drain_events()),
            DoorClient::LanTalk(client) => {
                client.send(&json!({"type": "message", "text": "/ping so-far"}).to_string());
                let mut lines = lines_until(client, is_pong);
                lines.pop();
                lines
            }
            DoorClient::Unframed(client) => {
                client.send("/ping so-far");
                let mut messages = vec![client.recv()];
                while !messages.last().is_some_and(|message| message.is_empty() || is_pong(message)) {
                    messages.push(client.recv());
                }
                messages
            }
        }
    }

    /// Returns all lines until the server closes the connection.
    pub fn last_lines(self) -> Vec<String> {
        match self {
            DoorClient::Unframed(mut client) => {
                std::iter::from_fn(|| Some(client.recv()).filter(|message| !message.is_empty())).collect()
            }
            DoorClient::Objects { client, .. } => rest(client.client),
            DoorClient::Text(client) | DoorClient::LanTalk(client) => rest(client),
        }
    }

    /// Breaks the connection.
    pub fn lose(self) {
        match self {
            DoorClient::Objects { client, .. } => client.client.reset(),
            DoorClient::Text(client) | DoorClient::LanTalk(client) => client.reset(),
            DoorClient::Unframed(client) => drop(client),
        }
    }
}

fn texts(objects: &[Value]) -> Vec<String> {
    objects.iter().map(Value::to_string).collect()
}

fn rest(mut client: Client) -> Vec<String> {
    std::iter::from_fn(|| client.next_line()).collect()
}

/// Reads lines up to the first one for which `is_last` is true, or to the end of the connection.
fn lines_until(client: &mut Client, is_last: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = client.next_line() {
        let ends = is_last(&line);
        lines.push(line);
        if ends {
            break;
        }
    }
    lines
}
