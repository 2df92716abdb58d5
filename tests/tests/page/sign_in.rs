//! The first screen: names, accounts and passwords, and what it says to a refusal.

use crate::visitor::{LAPTOP, PHONE, Visitor};
use landline_tests::TestServer;

#[test]
fn taken_name_gets_a_free_one_suggested() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::open(server.web_address(), "/", PHONE) else { return };
    visitor.tap("button", "Join lobby");
    visitor.wait_for("Type a name first.");
    visitor.type_into("Your name", "alice");
    visitor.tap("button", "Join lobby");
    visitor.wait_for("alice is taken, or looks like a taken name. Try alice2.");
    assert_eq!(visitor.browser.eval("return document.activeElement.getAttribute('aria-invalid')"), "true");
    visitor.type_into("Your name", "a b!");
    visitor.tap("button", "Join lobby");
    visitor.wait_for("A name has only letters, digits, _ and -.");
    visitor.join("alice2", "lobby");
    alice.until("alice2 has connected to the chatroom");
    visitor.browser.reload();
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.choose("Sign out");
    visitor.tap("button", "Join again");
    assert_eq!(visitor.value_of("Your name"), "alice2", "the page remembers the name");
    visitor.expect_no_errors();
}

#[test]
fn account_is_made_on_the_first_screen_and_used_again() {
    let server = TestServer::default();
    let Some(visitor) = Visitor::open(server.web_address(), "/", LAPTOP) else { return };
    visitor.tap("button", "I have an account");
    visitor.wait_for("Not encrypted. Use no password from elsewhere.");
    visitor.type_into("Your name", "bob");
    visitor.type_into("Password", "short");
    visitor.tap("button", "Make an account of this name");
    visitor.wait_for("A password needs 8 to 72 characters.");
    visitor.type_into("Password", "correct horse");
    visitor.tap("button", "Make an account of this name");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.choose("Sign out");
    visitor.tap("button", "Join again");
    visitor.tap("button", "I have no account");
    visitor.tap("button", "Join lobby");
    visitor.wait_for("bob has an account. Sign in, or choose another name.");
    visitor.tap("button", "Sign in");
    visitor.type_into("Password", "wrong horse");
    visitor.press("Enter");
    visitor.wait_for("Wrong name or password.");
    visitor.type_into("Password", "correct horse");
    visitor.press("Enter");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.expect_no_errors();
}

#[test]
fn guest_makes_an_account_and_changes_its_password() {
    let server = TestServer::default();
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.choose("Your account");
    visitor.type_into("Password", "correct horse");
    visitor.tap("button", "Make an account");
    visitor.wait_for("You have an account now: bob.");
    visitor.choose("Your account");
    visitor.type_into("Present password", "correct horse");
    visitor.type_into("New password", "battery staple");
    visitor.tap("button", "Change");
    visitor.wait_for("password");
    visitor.choose("Sign out");
    visitor.wait_for("You signed out.");
    let _bob = server.login("bob", "battery staple");
    visitor.expect_no_errors();
}

#[test]
fn server_with_a_password_asks_for_it() {
    let server = TestServer::new(|config| config.password = Some("sesame".into()));
    let Some(visitor) = Visitor::open(server.web_address(), "/", PHONE) else { return };
    visitor.wait_for("This server has a password. Ask whoever runs it.");
    visitor.type_into("Your name", "bob");
    visitor.tap("button", "Join lobby");
    visitor.wait_for("Type the password.");
    visitor.type_into("Password of this server", "wrong");
    visitor.tap("button", "Join lobby");
    visitor.wait_for("Wrong password.");
    visitor.type_into("Password of this server", "sesame");
    visitor.tap("button", "Join lobby");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.expect_no_errors();
}
