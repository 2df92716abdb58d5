//! Lines from pipes: talk, commands, and refusals that quote the line.

use super::*;

#[test]
fn d6_in_a_pipe_only_a_slash_makes_a_command() {
    let mut client = TestClient::guest(PIPE);
    let lines = ["message bob is not a command here", "broadcast storm", "whoelse", "logout", "alice: hi", "help"];
    for (id, line) in (1..).zip(lines) {
        client.type_in(line);
        client.echo(id, "lobby", line);
    }
    client.type_in("/dev/sda1 is full");
    assert!(client.said[0].ends_with("/dev/sda1 is full"), "{:?}", client.said);
    assert_eq!(client.left, None, "logout was talk");
}

#[test]
fn d6_with_say_every_line_is_a_message() {
    let mut client = TestClient::guest(PlainOptions { say: true, ..PIPE });
    let lines = ["/dev/sda1 is full", "/quit", "{\"type\":\"quit\"}", "exit", "/pm bob psst", "alice: hi"];
    for (id, line) in (1..).zip(lines) {
        client.type_in(line);
        client.echo(id, "lobby", line);
    }
    assert_eq!((client.said.len(), client.take_sent().len()), (0, 6));
}

#[test]
fn a_refusal_in_a_pipe_quotes_the_beginning_of_the_line() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("/dance now");
    client.type_in(&format!("/dance {}", "x".repeat(9_000)));
    assert_eq!(client.said[0], "Unknown command /dance. Try /help: /dance now");
    let long = &client.said[1];
    assert!(long.ends_with("xx…") && long.chars().count() < 130, "{long}");
}
