//! A client that sends command objects and gets JSON.

use crate::{Client, TestServer};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A client that sends command objects.
pub struct ObjectClient {
    /// The connection.
    pub client: Client,
    /// What came in while an answer was waited for.
    aside: Vec<Value>,
}

impl ObjectClient {
    /// Asks for JSON on a connection, and is not signed in yet.
    pub fn of(mut client: Client) -> ObjectClient {
        client.send("format json");
        client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        ObjectClient { client, aside: Vec::new() }
    }

    /// The same on a new connection.
    pub fn connect(server: &TestServer) -> ObjectClient {
        ObjectClient::of(server.connect())
    }

    /// Sends an object.
    pub fn send(&mut self, object: &Value) {
        self.client.send(&object.to_string());
    }

    /// The next object that came in, also one that was set aside.
    pub fn receive(&mut self) -> Value {
        if self.aside.is_empty() { self.read() } else { self.aside.remove(0) }
    }

    fn read(&mut self) -> Value {
        serde_json::from_str(&self.client.line()).expect("an object")
    }

    /// Sends an object with a label of its own, and gives all objects of its answer. Others are set aside.
    pub fn ask(&mut self, mut object: Value) -> Vec<Value> {
        if object["label"].is_null() {
            // A session remembers labels over several connections.
            static NEXT: AtomicU64 = AtomicU64::new(1);
            object["label"] = format!("label-{}", NEXT.fetch_add(1, Relaxed)).into();
        }
        self.send(&object);
        let mut answer = Vec::new();
        loop {
            let part = self.read();
            if part["label"] != object["label"] {
                self.aside.push(part);
                continue;
            }
            let done = part["done"] == true;
            answer.push(part);
            if done {
                return answer;
            }
        }
    }

    /// Signs in by an object; gives the whole answer, which must begin with `auth_ok`.
    pub fn sign_in(&mut self, object: Value) -> Vec<Value> {
        let answer = self.ask(object);
        assert_eq!(answer[0]["type"], "auth_ok", "{answer:?}");
        answer
    }

    /// The first of what came in, or comes, with that value in that field. What came before it is dropped.
    pub fn until(&mut self, field: &str, value: &str) -> Value {
        loop {
            let object = self.receive();
            if object[field] == value {
                return object;
            }
        }
    }

    /// Everything that came in so far, up to the answer to a ping.
    pub fn so_far(&mut self) -> Vec<Value> {
        self.ask(json!({"type": "ping", "token": "so far"}));
        std::mem::take(&mut self.aside)
    }
}
