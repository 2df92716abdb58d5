//! Messages on the page: to a room and to one user, what their texts show, changes, and the search.

use crate::visitor::{LAPTOP, PHONE, Visitor};
use landline_tests::TestServer;

#[test]
fn messages_to_one_user_go_both_ways_until_a_block() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    alice.send("/pm bob psst");
    visitor.tap("button", "Rooms, New");
    visitor.tap("link", "alice, 1 unread");
    visitor.wait_for_messages(&["psst"]);
    visitor.say("alice", "yes?");
    alice.until("[PM] bob: yes?");
    visitor.tap("button", "alice");
    visitor.tap("button", "Block alice");
    visitor.wait_for("You block alice");
    alice.send("/pm bob are you there?");
    alice.until("ERROR: 403 Not delivered: bob blocks you.");
    visitor.tap("button", "alice");
    visitor.tap("button", "Unblock alice");
    visitor.wait_for("You see again what alice says");
    alice.send("/pm bob and now?");
    visitor.wait_for_messages(&["psst", "yes?", "and now?"]);
    visitor.expect_no_errors();
}

#[test]
fn message_is_edited_deleted_and_pinned_by_its_menu() {
    let server = TestServer::default();
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", LAPTOP) else { return };
    let mut alice = server.guest("alice", "ops");
    visitor.say("ops", "a tpyo");
    alice.until("bob: a tpyo");
    visitor.open_menu("a tpyo");
    visitor.tap("button", "Edit");
    assert_eq!(visitor.value_of("Write to ops"), "a tpyo");
    visitor.type_into("Write to ops", "no typo");
    visitor.press("Enter");
    visitor.wait_for_messages(&["no typo (edited)"]);
    alice.send("welcome all");
    visitor.wait_for("welcome all");
    visitor.open_menu("welcome all");
    visitor.tap("button", "Pin");
    visitor.wait_to_find("button", "Pinned, alice: welcome all");
    visitor.open_menu("welcome all");
    visitor.tap("button", "Unpin");
    visitor.wait_until_gone("Pinned, alice:");
    visitor.open_menu("no typo");
    visitor.tap("button", "Delete");
    visitor.wait_for("Message deleted by bob.");
    visitor.expect_no_errors();
}

#[test]
fn search_leads_into_the_history_and_back_to_the_end() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    alice.send("the needle is here");
    for number in 0..400 {
        alice.send(&format!("hay {number}"));
    }
    alice.expect_nothing();
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.wait_for("hay 399");
    assert!(!visitor.messages().contains(&"the needle is here".to_owned()));
    visitor.choose("Search");
    visitor.browser.wait_until("document.activeElement.type === 'search'");
    visitor.browser.devtools("Input.insertText", &serde_json::json!({ "text": "needle" }));
    visitor.press("Enter");
    visitor.tap_by_script("document.querySelector('.result')");
    visitor.browser.wait_until("document.querySelector('.found')?.textContent.includes('the needle is here')");
    visitor.browser.wait_until("document.activeElement.matches('.found')");
    let seen = "const row = document.querySelector('.found').getBoundingClientRect();
        const list = document.querySelector('.log').getBoundingClientRect();
        return row.top >= list.top && row.bottom <= list.bottom;";
    assert_eq!(visitor.browser.eval(seen), true);
    assert!(!visitor.messages().contains(&"hay 399".to_owned()));
    visitor.tap("button", "Newest messages");
    visitor.wait_for("hay 399");
    visitor.choose("Search");
    visitor.browser.wait_until("document.activeElement.type === 'search'");
    visitor.browser.devtools("Input.insertText", &serde_json::json!({ "text": "cushion" }));
    visitor.press("Enter");
    visitor.wait_for("Nothing found for “cushion”.");
    visitor.expect_no_errors();
}

#[test]
fn typed_commands_work() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", LAPTOP) else { return };
    visitor.say("lobby", "/me waves");
    alice.until("* bob waves");
    visitor.wait_for("* bob waves");
    visitor.say("lobby", "/pm alice between us");
    alice.until("[PM] bob: between us");
    visitor.wait_for_messages(&["between us"]);
    visitor.say("alice", "/join lobby");
    visitor.say("lobby", "/nonsense");
    visitor.wait_for("Unknown command /nonsense.");
    visitor.say("lobby", "/kick");
    visitor.wait_for("Usage: /kick TO [TEXT]");
    visitor.say("lobby", "//not a command");
    alice.until("bob: /not a command");
    visitor.say("lobby", "/nick rob");
    alice.until("bob is now rob");
    visitor.say("lobby", "/join dev");
    visitor.say("dev", "/who");
    visitor.wait_for("In dev: rob");
    visitor.say("dev", "/help");
    visitor.wait_for("/whois");
    visitor.say("dev", "/leave");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.say("lobby", "/quit");
    visitor.wait_for("You signed out.");
    alice.until("rob has left the chatroom");
    visitor.expect_no_errors();
}

#[test]
fn names_and_emoji_are_completed() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let _albert = server.guest("albert", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", LAPTOP) else { return };
    visitor.tap_by_script(
        "document.querySelector('.person')?.closest('ul').children.length === 3 && document.querySelector('#write')",
    );
    visitor.type_into("Write to lobby", "hi @al");
    visitor.wait_to_find("option", "albert");
    visitor.press("ArrowDown");
    visitor.press("Enter");
    assert_eq!(visitor.value_of("Write to lobby"), "hi @alice ");
    visitor.type_into("Write to lobby", "hi @alice :tad");
    visitor.wait_to_find("option", "🎉 :tada:");
    visitor.press("Tab");
    visitor.press("Enter");
    alice.until("bob: hi @alice 🎉");
    visitor.expect_no_errors();
}

#[test]
fn lines_code_and_links_are_shown_as_such() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.type_into("Write to lobby", "first");
    visitor.press("End");
    visitor.press("Enter");
    visitor.browser.devtools("Input.insertText", &serde_json::json!({ "text": "second" }));
    assert_eq!(visitor.value_of("Write to lobby"), "first\nsecond", "Enter makes a line on touch");
    visitor.tap("button", "Send");
    alice.until("bob: first");
    visitor.wait_for_messages(&["first\nsecond"]);
    visitor.say("lobby", "look:\n```\nfor x in y:\n    print(x)\n```\nand `this`");
    visitor.browser.wait_until("document.querySelector('pre')?.textContent === 'for x in y:\\n    print(x)'");
    visitor.browser.wait_until("document.querySelector('code')?.textContent === 'this'");
    visitor.wait_to_find("button", "Copy");
    visitor.say(
        "lobby",
        "see http://10.0.0.1/a?b=c. or https://x.test/, not javascript:alert(1) ftp://x.test/ file:///etc",
    );
    visitor.wait_for("file:///etc");
    let links = visitor.strings("[...document.querySelectorAll('.text a')].map(link => `${link.href} ${link.rel}`)");
    let rel = "noopener noreferrer";
    assert_eq!(links, [format!("http://10.0.0.1/a?b=c {rel}"), format!("https://x.test/ {rel}")]);
    visitor.expect_no_errors();
}
