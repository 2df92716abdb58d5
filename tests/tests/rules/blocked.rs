//! What blocked users write for others does not reach their blockers.

use landline_tests::{ObjectClient, TestServer};
use serde_json::json;

const ABUSE: &str = "hullabaloo";

#[test]
fn text_of_a_blocked_user_reaches_its_blocker_by_no_rule() {
    let server = TestServer::default();
    let mut vic = ObjectClient::connect(&server);
    vic.sign_in(json!({"type": "guest", "user": "vic", "room": "den"}));
    let mut xan = server.guest("xan", "den");
    let mut wes = server.guest("wes", "den");
    vic.request(json!({"type": "block", "to": "xan"}));
    vic.drain_events();
    xan.send(&format!("/hand {ABUSE}"));
    xan.until("INFO: Your hand is up in den");
    let events = vic.drain_events();
    assert!(events.iter().any(|event| event["cause"] == "hand_raised" && event["word"] == "(no text)"), "{events:?}");
    for question in [json!({"type": "hands", "room": "den"}), json!({"type": "rules", "room": "den"})] {
        let answer = vic.request(question);
        let shown = format!("{answer:?}");
        assert!(shown.contains("xan") && !shown.contains(ABUSE), "{shown}");
    }
    xan.send(&format!("/away {ABUSE}"));
    xan.until("INFO: ");
    let answer = format!("{:?}", vic.request(json!({"type": "whois", "to": "xan"})));
    assert!(answer.contains("xan") && !answer.contains(ABUSE), "{answer}");
    vic.request(json!({"type": "op", "room": "den", "to": "xan"}));
    for line in [format!("/topic {ABUSE}"), format!("/kick wes {ABUSE}")] {
        xan.send(&line);
        xan.until("INFO: xan ");
    }
    wes.until(&format!("INFO: xan set the topic of den: {ABUSE}"));
    let events = format!("{:?}", vic.drain_events());
    assert!(!events.contains(ABUSE), "{events}");
}
