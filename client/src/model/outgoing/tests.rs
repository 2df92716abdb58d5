use super::*;

fn item(line: &str, room: &str) -> Item {
    Item { line: line.into(), within: Some(room.into()), errand: Errand::Own(Place::room(room), 1) }
}

fn all(outgoing: &mut Outgoing, now: u64) -> Vec<String> {
    std::iter::from_fn(|| outgoing.next(now, |_| false)).collect()
}

fn begun() -> Outgoing {
    let mut outgoing = Outgoing::every(PING_MS);
    outgoing.begin("Lobby", 4, 0);
    outgoing
}

#[test]
fn lines_go_in_order_and_say_their_room() {
    let mut outgoing = begun();
    outgoing.push(item("/say a", "lobby"));
    outgoing.push(item("/say b", "ops"));
    outgoing.push(item("/say c", "ops"));
    assert_eq!(all(&mut outgoing, 1), ["/say a", "/join ops", "/say b", "/say c"]);
}

#[test]
fn never_more_lines_in_a_window_than_a_server_takes() {
    let mut outgoing = begun();
    (0..40).for_each(|i| assert!(outgoing.push(item(&i.to_string(), "lobby"))));
    let times: Vec<u64> = (0..60_000).step_by(100).flat_map(|now| vec![now; all(&mut outgoing, now).len()]).collect();
    assert!(times.len() >= 40, "all of them went");
    for window in times.windows(LINES + 1) {
        assert!(window[LINES] - window[0] >= 5_500, "{window:?}");
    }
}

#[test]
fn what_is_held_lets_others_pass() {
    let mut outgoing = begun();
    outgoing.push(item("/say held", "ops"));
    outgoing.push(item("/say free", "lobby"));
    let held = |errand: &Errand| matches!(errand, Errand::Own(Place::Room(room), _) if **room == *"ops");
    assert_eq!(outgoing.next(1, held).as_deref(), Some("/say free"));
    assert_eq!(outgoing.next(1, held), None);
    assert_eq!(outgoing.waiting(), 1);
}

#[test]
fn a_barrier_says_what_has_been_dealt_with() {
    let mut outgoing = begun();
    let errand = Errand::Own(Place::person("bob"), 7);
    outgoing.push(Item { line: "/pm bob hi".into(), within: None, errand: errand.clone() });
    assert_eq!(all(&mut outgoing, 10), ["/pm bob hi", "/ping landline-1"]);
    assert_eq!(outgoing.pong("mine", 30), None, "somebody typed that");
    assert_eq!(outgoing.pong("landline-1", 30), Some(vec![errand, Errand::Barrier(1)]));
    assert_eq!(outgoing.latency, Some(20));
    assert_eq!(outgoing.pong("landline-1", 30), Some(Vec::new()));
}

#[test]
fn silence_is_noticed() {
    let mut outgoing = begun();
    assert_eq!(all(&mut outgoing, PING_MS), ["/ping landline-1"]);
    assert!(!outgoing.is_dead(PING_MS + DEAD_MS) && outgoing.is_dead(PING_MS + DEAD_MS + 1));
    outgoing.slow_down(PING_MS + 1);
    assert!(!outgoing.is_dead(u64::MAX / 2), "the server may have dropped it");
}

#[test]
fn a_break_gives_back_what_was_on_its_way() {
    let mut outgoing = begun();
    outgoing.push(item("/say a", "lobby"));
    outgoing.next(1, |_| false);
    outgoing.push(item("/say b", "lobby"));
    outgoing.push(Item { line: "/who lobby".into(), within: None, errand: Errand::Who("lobby".into()) });
    assert_eq!(outgoing.end(), [(Place::room("lobby"), 1)]);
    assert_eq!(outgoing.waiting(), 1);
}
