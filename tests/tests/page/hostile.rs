//! Hostile texts change nothing outside their own line.

use crate::visitor::{PHONE, Visitor};
use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

/// Names, topics and messages that try to leave their place.
fn hostile_texts() -> Vec<String> {
    vec![
        "\u{202E}\u{2066}evil\u{2067} \u{200F}abc \u{202D}".into(),
        format!("a{}", "\u{301}".repeat(1_900)),
        format!("top{}bottom", "\n\u{3000}".repeat(48)),
        "<img src=x onerror=\"window.owned = 1\"><script>window.owned = 1</script>".into(),
        "<b style=\"position:fixed;inset:0\">&lt;b&gt;&#60;".into(),
        "javascript:window.owned=1 JaVaScRiPt://x.test/%0Awindow.owned=1 data:text/html,x".into(),
        "X".repeat(2_000),
        format!("http://{}.test/", "a".repeat(1_500)),
        "👨‍👩‍👧‍👦".repeat(70),
        format!("```\n{}\n```", "y".repeat(1_500)),
        "```".repeat(300),
        "\u{FDFD}".repeat(200),
        "\u{1242B}".repeat(300),
        "٩(̾●̮̮̃̾•̃̾)۶ ก็็็็็็็็็็็็็็็็็็็็".into(),
    ]
}

/// Returns the boxes of what must not move: the frame, and the good lines within the list.
const BOXES: &str = "const list = document.querySelector('.blocks').getBoundingClientRect();
    const box = (node, x, y) => { const b = node.getBoundingClientRect(); return [b.left - x, b.top - y, b.width, b.height].map(Math.round) };
    const good = [...document.querySelectorAll('li.message')].filter(row => row.textContent.includes('good line'));
    const frame = [...document.querySelectorAll('header, header button, .composer, #write, .send')];
    return [...frame.map(node => box(node, 0, 0)), ...good.map(node => box(node, list.left, list.top))]";

#[test]
fn hostile_names_rooms_topics_and_messages_stay_in_their_line() {
    let server = TestServer::default();
    let mut mallory = ObjectClient::connect(&server);
    mallory.sign_in(json!({ "type": "guest", "user": "mallory", "room": "ops" }));
    // What the server refuses as a name or a room cannot reach the page. The others stand in the lists.
    let mut named = Vec::new();
    let mut accepted = 0;
    for text in hostile_texts() {
        let short: String = text.chars().take(24).collect();
        let mut client = ObjectClient::connect(&server);
        let answer = client.request(json!({ "type": "guest", "user": short, "room": "ops" }));
        accepted += usize::from(answer[0]["type"] == "auth_ok");
        named.push(client);
        accepted += usize::from(mallory.request(json!({ "type": "join", "room": short }))[0]["type"] != "error");
    }
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", PHONE) else { return };
    mallory.request(json!({ "type": "topic", "room": "ops", "text": "a topic" }));
    mallory.request(json!({ "type": "say", "room": "ops", "text": "good line 1" }));
    mallory.request(json!({ "type": "say", "room": "ops", "text": "good line 2" }));
    visitor.wait_for("good line 2");
    visitor.wait_to_find("button", "a topic");
    let facts = "return [document.title, document.scripts.length, innerWidth]";
    let before = (visitor.browser.eval(BOXES), visitor.browser.eval(facts));
    for text in hostile_texts() {
        let topic: String = text.chars().take(200).collect();
        mallory.request(json!({ "type": "topic", "room": "ops", "text": topic }));
        let answer = mallory.request(json!({ "type": "say", "room": "ops", "text": text }));
        assert_ne!(answer.last().expect("an answer")["type"], "error", "{text:?}: {answer:?}");
    }
    for client in named.iter_mut().take(2) {
        client.send(&json!({ "type": "say", "room": "ops", "text": "a line by a strange name" }));
    }
    mallory.request(json!({ "type": "say", "room": "ops", "text": "after all" }));
    visitor.wait_for("after all");
    visitor.browser.eval("document.querySelector('.log').scrollTop = 0; await new Promise(requestAnimationFrame)");
    let after = (visitor.browser.eval(BOXES), visitor.browser.eval(facts));
    assert_eq!(after, before, "{accepted} hostile names were accepted");
    let made =
        "return [...document.querySelectorAll('.log *, .bars *, .people *, .rooms *')].map(node => node.localName)";
    let tags = visitor.browser.eval(made);
    let known =
        ["a", "bdi", "button", "code", "div", "form", "h2", "h3", "input", "label", "li", "mark", "ol", "p", "path"];
    let known = [&known[..], &["pre", "span", "svg", "time", "ul"]].concat();
    for tag in tags.as_array().expect("names") {
        assert!(known.contains(&tag.as_str().expect("a name")), "{tag}");
    }
    assert_eq!(visitor.browser.eval("return window.owned ?? null"), Value::Null);
    let links = visitor.strings("[...document.querySelectorAll('.log a')].map(link => link.protocol)");
    assert!(!links.is_empty() && links.iter().all(|protocol| protocol == "http:"), "{links:?}");
    let wide = "return ['.log', '.bars', 'html'].map(s => document.querySelector(s)).filter(n => n.scrollWidth > n.clientWidth).length";
    assert_eq!(visitor.browser.eval(wide), 0);
    for (button, list) in [("Rooms", ".rooms"), (&format!("{} people", people(&visitor)), ".people")] {
        visitor.tap("button", button);
        visitor.browser.wait_until(&format!("document.querySelector('dialog {list}')"));
        let wide = format!("const list = document.querySelector('{list}'); return list.scrollWidth - list.clientWidth");
        assert_eq!(visitor.browser.eval(&wide), 0, "{list}");
        visitor.tap("button", "Close");
    }
    visitor.expect_no_errors();
}

/// Returns the number of users that the header shows.
fn people(visitor: &Visitor) -> String {
    visitor.strings("[document.querySelector('.people-button').textContent]").remove(0)
}
