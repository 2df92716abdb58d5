//! Users of the page beside users of other programs: all hear the same in the same order.

use crate::visitor::{LAPTOP, PHONE, Visitor};
use landline_tests::{Client, Program, TestServer, eventually};
use std::process::Stdio;

/// Lines that each user writes.
const LINES: usize = 5;

/// Returns the lines `line-USER-NUMBER` in a text, without those of `listener`, whom not every program shows them.
fn lines_in(text: &str, listener: &str) -> Vec<String> {
    let own = format!("line-{listener}-");
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.filter(|word| word.starts_with("line-") && !word.starts_with(&own)).map(str::to_owned).collect()
}

/// Returns the lines of all others, as `next` yields them.
fn hear(listener: &str, others: usize, mut next: impl FnMut() -> String) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < others * LINES {
        heard.extend(lines_in(&next(), listener));
    }
    heard
}

/// Returns the lines of all others that the page shows, when it has all of them.
fn read_all(visitor: &Visitor, name: &str, others: usize) -> Vec<String> {
    let mut shown = Vec::new();
    eventually("the page shows all lines", || {
        shown = lines_in(&visitor.messages().join("\n"), name);
        shown.len() == others * LINES
    });
    shown
}

#[test]
fn two_browsers_nc_landline_and_lantalk_hear_the_same_in_one_order() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut witness = server.guest("witness", "lobby");
    let mut nc = server.guest("nora", "lobby");
    let mut lantalk = server.lantalk("lars");
    let mut command = Program::client();
    command.args([&server.address().to_string(), "--name", "dora", "--plain"]);
    let mut landline = Program::start(&mut command, Stdio::piped());
    witness.until("dora has connected to the chatroom");
    let Some(phone) = Visitor::guest(server.web_address(), "petra", "lobby", PHONE) else { return };
    let Some(laptop) = Visitor::guest(server.web_address(), "levi", "lobby", LAPTOP) else { return };
    for number in 0..LINES {
        nc.send(&format!("line-nora-{number}"));
        lantalk.send(&format!("{{\"type\":\"message\",\"text\":\"line-lars-{number}\"}}"));
        landline.type_line(&format!("line-dora-{number}"));
        phone.say("lobby", &format!("line-petra-{number}"));
        laptop.say("lobby", &format!("line-levi-{number}"));
    }
    let order = hear("witness", 5, || witness.line());
    let without = |name: &str| -> Vec<String> { lines_in(&order.join(" "), name) };
    let line_of = |client: &mut Client| client.line();
    assert_eq!(hear("nora", 4, || line_of(&mut nc)), without("nora"));
    assert_eq!(hear("lars", 4, || line_of(&mut lantalk)), without("lars"));
    assert_eq!(hear("dora", 4, || landline.line().expect("a line")), without("dora"));
    assert_eq!(read_all(&phone, "nobody", 5), order, "the phone shows its own lines among the others");
    assert_eq!(read_all(&laptop, "nobody", 5), order, "the laptop shows its own lines among the others");
    phone.expect_no_errors();
    laptop.expect_no_errors();
}
