//! Command objects over real sockets. Each object names its room or user, and each object of the answer has its label.

mod answers;
mod limits_page;
mod lines;
mod manual;
mod sign_in;
mod talk;

use landline_tests::{Client, TestServer};
use serde_json::{Value, json};

/// A client that sends command objects.
struct JsonClient {
    client: Client,
}

impl JsonClient {
    /// Connects and switches to JSON, without signing in.
    fn connect(server: &TestServer) -> JsonClient {
        let mut client = server.connect();
        client.send("format json");
        client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        JsonClient { client }
    }

    /// Signs in a guest, and reads the whole answer.
    fn guest(server: &TestServer, name: &str, room: &str) -> JsonClient {
        let mut program = JsonClient::connect(server);
        let answer = program.ask(&json!({"type": "guest", "user": name, "room": room, "label": "in"}));
        assert_eq!(answer[0]["type"], "auth_ok", "{answer:?}");
        program
    }

    fn send(&mut self, object: &Value) {
        self.client.send(&object.to_string());
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.client.line()).expect("an object")
    }

    /// Sends an object with a label. Returns all objects of its answer, and skips others between them.
    fn ask(&mut self, object: &Value) -> Vec<Value> {
        self.send(object);
        self.answer(&object["label"])
    }

    /// Returns all objects with `label`, up to the one with `done`.
    fn answer(&mut self, label: &Value) -> Vec<Value> {
        let mut answer = Vec::new();
        loop {
            let object = self.next();
            if object["label"] == *label {
                let done = object["done"] == true;
                answer.push(object);
                if done {
                    return answer;
                }
            }
        }
    }

    /// Returns the next object with `event`. No message may come before it.
    fn until_event(&mut self, event: &str) -> Value {
        loop {
            let object = self.next();
            assert_ne!(object["type"], "message", "{object}");
            if object["event"] == event {
                return object;
            }
        }
    }

    /// Returns the next object of a type.
    fn until(&mut self, r#type: &str) -> Value {
        loop {
            let object = self.next();
            if object["type"] == r#type {
                return object;
            }
        }
    }
}
