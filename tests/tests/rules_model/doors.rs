//! The clients of the users: one form of each step for every door.

use crate::steps::{Door, NAMES, ROOMS, RoomIndex, USERS, UserIndex};
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse";

/// A client of a user.
pub enum DoorClient {
    Text(Client),
    Objects { client: Box<ObjectClient>, token: String },
    LanTalk(Client),
}

fn texts(objects: &[Value]) -> Vec<String> {
    objects.iter().map(Value::to_string).collect()
}

impl DoorClient {
    /// Signs a user in at its door. Returns the client, and the lines of the refusal if there is none.
    pub fn sign_in(server: &TestServer, user: UserIndex, room: RoomIndex) -> Result<DoorClient, Vec<String>> {
        let (door, is_account) = USERS[user];
        let name = NAMES[user];
        let room = ROOMS[room];
        match door {
            Door::Text => {
                let mut client = server.connect();
                let lines = if is_account { format!("LOGIN\n{name}\n{PASSWORD}") } else { format!("{name}_{room}") };
                client.send(&lines);
                let answer = lines_until(&mut client, |line| line.starts_with("200 ") || line.contains("403 "));
                if answer.last().is_some_and(|line| line.starts_with("200 ")) {
                    return Ok(DoorClient::Text(client));
                }
                Err(answer)
            }
            Door::Objects if is_account => {
                DoorClient::by_object(server, &json!({"type": "login", "user": name, "password": PASSWORD}))
            }
            Door::Objects => DoorClient::by_object(server, &json!({"type": "guest", "user": name, "room": room})),
            Door::LanTalk => {
                let mut client = Client::connect(server.lantalk_address());
                client.expect_start("{\"type\":\"auth_request\"");
                client.send(&json!({"username": name, "password": ""}).to_string());
                let answer = lines_until(&mut client, |line| line.contains(r#""type":"auth_"#));
                if answer.last().is_some_and(|line| line.contains("auth_ok")) {
                    return Ok(DoorClient::LanTalk(client));
                }
                Err(answer)
            }
        }
    }

    /// Resumes a session by its token.
    pub fn resume(server: &TestServer, token: &str) -> Result<DoorClient, Vec<String>> {
        DoorClient::by_object(server, &json!({"type": "resume", "token": token}))
    }

    fn by_object(server: &TestServer, object: &Value) -> Result<DoorClient, Vec<String>> {
        let mut client = ObjectClient::connect(server);
        let answer = client.request(object.clone());
        match answer[0]["token"].as_str() {
            Some(token) => Ok(DoorClient::Objects { token: token.to_owned(), client: Box::new(client) }),
            None => Err(texts(&answer)),
        }
    }

    /// Types a line.
    pub fn send(&mut self, line: &str) {
        match self {
            DoorClient::Text(client) => client.send(line),
            DoorClient::Objects { client, .. } => client.client.send(line),
            DoorClient::LanTalk(client) => client.send(&json!({"type": "message", "text": line}).to_string()),
        }
    }

    /// Says a text in a room by its name. Only objects can; returns false on other doors.
    pub fn say_in(&mut self, room: RoomIndex, text: &str) -> bool {
        let DoorClient::Objects { client, .. } = self else { return false };
        client.send(&json!({"type": "say", "room": ROOMS[room], "text": text}));
        true
    }

    /// Returns all lines that the client has received so far.
    pub fn drain(&mut self) -> Vec<String> {
        match self {
            DoorClient::Text(client) => client.drain_lines(),
            DoorClient::Objects { client, .. } => texts(&client.drain_events()),
            DoorClient::LanTalk(client) => {
                client.send(&json!({"type": "message", "text": "/ping so-far"}).to_string());
                let mut lines = lines_until(client, |line| line.contains("PONG so-far"));
                lines.pop();
                lines
            }
        }
    }

    /// Returns all lines until the server closes the connection.
    pub fn last_lines(self) -> Vec<String> {
        let mut client = self.into_client();
        std::iter::from_fn(|| client.next_line()).collect()
    }

    /// Breaks the connection. Returns the token of the session, if the client has one.
    pub fn lose(self) -> Option<String> {
        let token = match &self {
            DoorClient::Objects { token, .. } => Some(token.clone()),
            _ => None,
        };
        self.into_client().reset();
        token
    }

    fn into_client(self) -> Client {
        match self {
            DoorClient::Text(client) | DoorClient::LanTalk(client) => client,
            DoorClient::Objects { client, .. } => client.client,
        }
    }
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
