//! Pictures of a lively room, for people who look at them. `LANDLINE_SCREENS=docs/screens cargo test … screens` records
//! them in this repository; the test itself only makes sure that each shows what it is about.

use crate::visitor::{LAPTOP, PHONE, Screen, Visitor};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use landline_tests::{Breaker, Client, ObjectClient, TestServer};
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A tablet, held upright.
const TABLET: Screen = Screen { width: 768, height: 1_024, is_touch: true };
/// Name, screen and color scheme of each picture.
const PICTURES: [(&str, Screen, &str); 6] = [
    ("phone-light", PHONE, "light"),
    ("phone-dark", PHONE, "dark"),
    ("tablet-light", TABLET, "light"),
    ("tablet-dark", TABLET, "dark"),
    ("laptop-light", LAPTOP, "light"),
    ("laptop-dark", LAPTOP, "dark"),
];

/// The users beside the visitor.
struct Room {
    alice: ObjectClient,
    ben: Client,
    mei: Client,
    /// What ben has at `nc`.
    transcript: Vec<String>,
}

impl Room {
    fn enter(server: &TestServer) -> Room {
        let mut alice = ObjectClient::connect(server);
        alice.sign_in(json!({ "type": "guest", "user": "alice", "room": "lobby" }));
        alice.request(json!({ "type": "claim", "token": server.server().claim_code() }));
        alice.request(
            json!({ "type": "topic", "room": "lobby", "text": "Robotics, Monday 9:00 · http://192.168.1.20/slides" }),
        );
        let mut ben = server.connect();
        let mut transcript = vec!["$ nc 192.168.1.20 12345".to_owned()];
        transcript.push(ben.line());
        transcript.push("ben_lobby".to_owned());
        ben.send("ben_lobby");
        transcript.push(ben.until("200 "));
        Room { alice, ben, mei: server.guest("美咲", "lobby"), transcript }
    }

    /// Alice says a text. Waits until ben has its last line, so that the lines keep their order.
    fn say(&mut self, text: &str) {
        self.alice.request(json!({ "type": "say", "room": "lobby", "text": text }));
        let last = format!("alice: {}", text.lines().last().unwrap_or_default());
        while self.transcript.last() != Some(&last) {
            self.transcript.push(self.ben.line());
        }
    }

    /// Ben types a line at `nc`. Waits until alice has it, so that the lines keep their order.
    fn type_as_ben(&mut self, line: &str) {
        self.transcript.extend(self.ben.drain_lines());
        self.transcript.push(line.to_owned());
        self.ben.send(line);
        self.alice.until("text", line);
    }

    fn type_as_mei(&mut self, line: &str) {
        self.mei.send(line);
        self.alice.until("text", line);
    }

    fn talk(&mut self) {
        self.say("Good morning! The robots are charged; take one for each table.");
        self.type_as_ben("ours blinks red, what now?");
        self.type_as_mei("おはようございます");
        self.say("Red means calibration. @dana, can you help them? Run this:\n```\nrobot calibrate --axis all\nrobot status\n```");
    }

    fn thank(&mut self) {
        self.type_as_ben("green now, thanks dana!");
        self.say("Well done. Write your team's name here when you are ready.");
    }
}

/// Returns an HTML page that shows the picture of a phone beside a terminal.
fn side_by_side(phone: &Path, transcript: &[String]) -> String {
    let phone = STANDARD.encode(std::fs::read(phone).expect("the picture"));
    let lines = transcript.join("\n").replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html><meta charset=utf-8><style>\
         body{{margin:0;padding:24px;display:flex;gap:24px;background:#dfe3e8;align-items:flex-start;height:640px;overflow:hidden;box-sizing:border-box}}\
         img{{border-radius:22px;border:8px solid #15171b;height:592px}}\
         pre{{margin:0;flex:1;background:#15171b;color:#e7e9ec;border-radius:12px;padding:20px;white-space:pre-wrap;\
         font:15px/1.5 ui-monospace,monospace;height:568px;box-sizing:border-box;margin-top:20px}}</style>\
         <img src='data:image/png;base64,{phone}'><pre id=terminal>{lines}</pre>"
    )
}

#[test]
fn phone_tablet_and_laptop_show_a_lively_room() {
    let server = TestServer::new(|config| config.name = "Room 12".to_owned());
    let mut room = Room::enter(&server);
    let network = Breaker::new(server.web_address());
    let Some(visitor) = Visitor::open(network.address(), "/", PHONE) else { return };
    let scratch = TempDir::new().expect("a temporary folder");
    let folder = std::env::var_os("LANDLINE_SCREENS").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let picture = |name: &str| {
        let path = folder.join(format!("{name}.png"));
        visitor.browser.screenshot(&path);
        path
    };
    visitor.wait_for("Your name");
    picture("phone-join");
    visitor.type_into("Your name", "dana");
    visitor.tap("button", "Join lobby");
    room.alice.until("user", "dana");
    room.talk();
    visitor.wait_for("robot calibrate");
    visitor.type_into("Write to lobby", "Hold the button for three seconds, then wait for green.");
    visitor.tap("button", "Send");
    room.alice.until("user", "dana");
    // What comes while the visitor is elsewhere is new at the return.
    visitor.type_into("Write to lobby", "/join lab");
    visitor.tap("button", "Send");
    visitor.wait_for("Write to lab");
    room.thank();
    visitor.browser.eval("location.hash = '#lobby'");
    visitor.wait_for("Well done.");
    for (name, screen, scheme) in PICTURES {
        visitor.set_screen(screen);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        visitor.browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
        visitor.browser.wait_until("innerWidth == document.documentElement.scrollWidth");
        for text in ["Robotics", "ours blinks red", "おはようございます", "green now", "Well done."] {
            assert!(visitor.text().contains(text), "{name} does not show {text:?}: {}", visitor.text());
        }
        picture(name);
    }
    visitor.expect_no_errors();
    visitor.set_screen(PHONE);
    network.freeze();
    visitor.type_into("Write to lobby", "Is there a second cable?");
    visitor.tap("button", "Send");
    visitor.wait_for("Waiting");
    visitor.wait_for("Reconnecting…");
    // It appears late, since most messages wait for an instant only.
    visitor.browser.wait_until("getComputedStyle(document.querySelector('.waiting .late')).visibility == 'visible'");
    picture("phone-reconnecting");
    room.transcript.extend(room.ben.drain_lines());
    visitor.set_screen(Screen { width: 1_000, height: 640, is_touch: false });
    let page = side_by_side(&folder.join("phone-light.png"), &room.transcript);
    visitor.browser.open(&format!("data:text/html;base64,{}", STANDARD.encode(page)));
    assert!(visitor.text().contains("dana: Hold the button"), "{}", visitor.text());
    picture("phone-and-terminal");
}
