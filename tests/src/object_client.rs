//! A client that sends command objects and receives JSON.

use crate::{Client, TestServer};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A client that sends command objects.
pub struct ObjectClient {
    /// The connection.
    pub client: Client,
    /// Objects received while `ask` waited for an answer, oldest first.
    set_aside: Vec<Value>,
}

impl ObjectClient {
    /// Switches a connection to JSON, without signing in.
    pub fn of(mut client: Client) -> ObjectClient {
        client.send("format json");
        client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        ObjectClient { client, set_aside: Vec::new() }
    }

    /// Connects and switches to JSON, without signing in.
    pub fn connect(server: &TestServer) -> ObjectClient {
        ObjectClient::of(server.connect())
    }

    /// Sends an object.
    pub fn send(&mut self, object: &Value) {
        self.client.send(&object.to_string());
    }

    /// Returns the next object; first those set aside.
    pub fn receive(&mut self) -> Value {
        if self.set_aside.is_empty() { self.read() } else { self.set_aside.remove(0) }
    }

    fn read(&mut self) -> Value {
        serde_json::from_str(&self.client.line()).expect("an object")
    }

    /// Sends an object, and returns all objects of the answer. Adds a label if there is none. Sets other objects
    /// aside.
    pub fn request(&mut self, mut object: Value) -> Vec<Value> {
        if object["label"].is_null() {
            // Unique in the process: a session remembers labels across connections.
            static NEXT: AtomicU64 = AtomicU64::new(1);
            object["label"] = format!("label-{}", NEXT.fetch_add(1, Relaxed)).into();
        }
        self.send(&object);
        let mut answer = Vec::new();
        loop {
            let part = self.read();
            if part["label"] != object["label"] {
                self.set_aside.push(part);
                continue;
            }
            let done = part["done"] == true;
            answer.push(part);
            if done {
                return answer;
            }
        }
    }

    /// Signs in by an object, and returns the whole answer.
    ///
    /// # Panics
    /// The answer does not begin with `auth_ok`.
    pub fn sign_in(&mut self, object: Value) -> Vec<Value> {
        let answer = self.request(object);
        assert_eq!(answer[0]["type"], "auth_ok", "{answer:?}");
        answer
    }

    /// Returns the first object with `value` in `field`. Drops the objects before it.
    pub fn until(&mut self, field: &str, value: &str) -> Value {
        loop {
            let object = self.receive();
            if object[field] == value {
                return object;
            }
        }
    }

    /// Sends a ping, and returns all objects before its answer.
    pub fn drain_events(&mut self) -> Vec<Value> {
        self.request(json!({"type": "ping", "token": "so far"}));
        std::mem::take(&mut self.set_aside)
    }
}
