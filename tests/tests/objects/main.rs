//! Command objects over real sockets: each names its room or user, and every object of its answer carries its label.

mod answers;
mod lines;
mod manual;
mod sign_in;
mod talk;

use landline_tests::{Client, TestServer};
use serde_json::{Value, json};

/// A client that sends command objects.
struct Program {
    client: Client,
}

impl Program {
    /// Asks for JSON, and is not signed in yet.
    fn connect(server: &TestServer) -> Program {
        let mut client = server.connect();
        client.send("format json");
        client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
        Program { client }
    }

    /// A guest who has seen the end of the answer to the sign-in.
    fn guest(server: &TestServer, name: &str, room: &str) -> Program {
        let mut program = Program::connect(server);
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

    /// Sends an object with a label, and gives all objects of its answer; others that come between are skipped.
    fn ask(&mut self, object: &Value) -> Vec<Value> {
        self.send(object);
        self.answer(&object["label"])
    }

    /// All objects of the answer with that label, up to the last one.
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

    /// The next object with that event; no talk may come before it.
    fn until_event(&mut self, event: &str) -> Value {
        loop {
            let object = self.next();
            assert_ne!(object["type"], "message", "{object}");
            if object["event"] == event {
                return object;
            }
        }
    }

    /// The next object of that type.
    fn until(&mut self, r#type: &str) -> Value {
        loop {
            let object = self.next();
            if object["type"] == r#type {
                return object;
            }
        }
    }
}
