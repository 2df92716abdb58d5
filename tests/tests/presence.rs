//! Coming and going where many would hear of it.

use landline_tests::{Client, House};

/// More than two hearers are many.
fn house() -> House {
    House::new(|config| config.limits.presence_hearers = 2)
}

/// Adds up what gathered lines say until so many came and went; nobody is told of singly. Returns who was named.
fn gathered(client: &mut Client, room: &str, came: usize, went: usize) -> Vec<String> {
    let (mut so_far, mut named) = ((0, 0), Vec::new());
    while so_far != (came, went) {
        let line = client.expect_start("+");
        let (counts, names) = line.split_once(": ").expect("names");
        let counts = counts.strip_suffix(room).expect("the room");
        let (joined, left) = counts[1..].split_once(" joined, ").expect("two numbers");
        let number = |text: &str| text.parse::<usize>().expect("a number");
        so_far = (so_far.0 + number(joined), so_far.1 + number(left.strip_suffix(" left").expect("left")));
        assert!(so_far.0 <= came && so_far.1 <= went, "{so_far:?}");
        named.extend(names.split(", ").map(str::to_owned));
    }
    named
}

#[test]
fn few_are_told_at_once_and_many_are_told_together() {
    let house = house();
    let mut alice = house.guest("alice", "lobby");
    let mut few = [house.guest("bob", "lobby"), house.guest("carol", "ops")];
    alice.expect("bob has connected to the chatroom");
    alice.expect("carol has connected to the chatroom");
    let many: Vec<Client> = (0..20).map(|i| house.guest(&format!("p{i}"), "ops")).collect();
    many.into_iter().for_each(Client::quit);
    let named = gathered(&mut alice, "", 20, 20);
    assert!(named.len() >= 10 && named[0] == "p0", "{named:?}");
    for client in &mut few {
        client.until("+");
    }
    let [bob, carol] = few;
    carol.quit();
    alice.expect("carol has left the chatroom");
    bob.quit();
    alice.expect("bob has left the chatroom");
}

#[test]
fn rooms_have_their_own() {
    let house = house();
    let mut alice = house.guest("alice", "ops");
    let mut others: Vec<Client> = (0..4).map(|i| house.guest(&format!("p{i}"), "lobby")).collect();
    alice.until("+");
    alice.lines_so_far();
    for other in &mut others {
        other.send("/join ops");
        other.until("INFO: You are in ops now");
    }
    alice.expect("p0 joined ops");
    alice.expect("p1 joined ops");
    assert_eq!(gathered(&mut alice, " ops", 2, 0), ["p2", "p3"]);
    let json = "{\"type\":\"system\"";
    alice.send("format json");
    alice.expect_start(json);
    others[0].send("/leave ops");
    let line = alice.until(json);
    for part in ["\"event\":\"gathered\"", "\"room\":\"ops\"", "\"joined\":0", "\"left\":1", "\"users\":[\"p0\"]"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn who_blocks_somebody_is_told_singly_and_not_to_them() {
    let house = house();
    house.register("bob", "correct horse");
    let mut eve = house.guest("eve", "lobby");
    let mut bob = house.login("bob", "correct horse");
    bob.send("/block eve");
    bob.expect("INFO: eve is blocked");
    let mut alice = house.guest("alice", "lobby");
    let _carol = house.guest("carol", "lobby");
    alice.expect("+1 joined, 0 left: carol");
    bob.quit();
    alice.expect("bob has left the chatroom");
    let mut bob = house.login("bob", "correct horse");
    alice.expect("bob has connected to the chatroom");
    bob.send("hello");
    eve.until("bob: hello");
    let heard = eve.lines_so_far();
    assert!(!heard.iter().any(|line| line.contains("bob has")), "{heard:?}");
}
