use super::*;

fn message(n: u64, room: &str) -> QueuedRequest {
    let target = Target::Room(room.into());
    let lane = Lane::To(target.clone());
    let label = n.to_string();
    QueuedRequest { lane, ..QueuedRequest::new(n, RequestKind::Message(target), &label, label.clone()) }
}

fn question(n: u64) -> QueuedRequest {
    let label = format!("q{n}");
    QueuedRequest::new(0, RequestKind::Online, &label, label.clone())
}

fn queue() -> SendQueue {
    let mut queue = SendQueue::default();
    queue.set_rate(Some((10, 5_000)), 0, 0);
    queue
}

fn next(queue: &mut SendQueue, now: u64) -> Option<String> {
    queue.next(now, |_| false).map(|item| item.line.clone())
}

/// Sends all requests that may be sent, and answers each at once. Returns their lines.
fn all(queue: &mut SendQueue, now: u64) -> Vec<String> {
    std::iter::from_fn(|| {
        let line = next(queue, now)?;
        queue.finish(&line);
        Some(line)
    })
    .collect()
}

#[test]
fn sends_one_line_at_a_time_per_target() {
    let mut queue = queue();
    for (n, room) in [(1, "lobby"), (2, "lobby"), (3, "ops")] {
        assert!(queue.push(message(n, room)));
    }
    assert_eq!((next(&mut queue, 0).as_deref(), next(&mut queue, 0).as_deref()), (Some("1"), Some("3")));
    assert_eq!(next(&mut queue, 0), None, "the first line of the lobby is unanswered");
    assert_eq!(queue.finish("1").unwrap().key, 1);
    assert_eq!(next(&mut queue, 0).as_deref(), Some("2"));
}

#[test]
fn a_held_line_blocks_its_own_target_only() {
    let mut queue = queue();
    for (n, room) in [(1, "ops"), (2, "ops"), (3, "lobby")] {
        queue.push(message(n, room));
    }
    let sent = queue.next(0, |item| item.key == 1).map(|item| item.key);
    assert_eq!(sent, Some(3));
    assert!(queue.next(0, |item| item.key == 1).is_none());
}

#[test]
fn typed_lines_go_first_and_background_requests_leave_lines_free() {
    let mut queue = queue();
    (0..20).for_each(|n| assert!(queue.push_background(question(n))));
    assert_eq!(all(&mut queue, 0).len(), 6, "three of nine stay free");
    (0..20).for_each(|n| assert!(queue.push(message(n, "lobby"))));
    assert_eq!(all(&mut queue, 1), ["0", "1", "2"]);
    let later = all(&mut queue, 6_001);
    assert_eq!((later.len(), &*later[0], &*later[8]), (9, "3", "11"), "typed lines may use the whole rate");
}

#[test]
fn rules_are_asked_for_when_nothing_else_needs_the_rate() {
    let mut queue = queue();
    let rules = |n: u64| QueuedRequest { kind: RequestKind::Rules("lobby".into()), ..question(n) };
    (0..3).for_each(|n| assert!(queue.push_background(question(n))));
    assert!(queue.push_background(rules(3)) && queue.push_background(question(4)));
    assert_eq!(all(&mut queue, 0), ["q0", "q1", "q2", "q4"], "the rules wait");
    assert_eq!(all(&mut queue, 6_001), ["q3"]);
}

#[test]
fn never_exceeds_the_rate_of_the_server() {
    let mut queue = queue();
    (0..40).for_each(|n| assert!(queue.push(message(n, "lobby"))));
    let times: Vec<u64> = (0..60_000).step_by(100).flat_map(|now| vec![now; all(&mut queue, now).len()]).collect();
    assert!(times.len() >= 40, "all lines were sent");
    for window in times.windows(10) {
        assert!(window[9] - window[0] >= 5_500, "{window:?}");
    }
    queue.set_rate(None, 0, 0);
    (0..400).for_each(|n| assert!(queue.push(message(n, "lobby"))));
    assert_eq!(all(&mut queue, 60_000).len(), 400, "without a limit all lines are sent at once");
}

#[test]
fn a_throttled_line_keeps_its_place() {
    let mut queue = queue();
    for (n, room) in [(1, "lobby"), (2, "lobby")] {
        queue.push(message(n, room));
    }
    next(&mut queue, 0);
    assert_eq!(queue.requeue("1", 700, 10).map(|item| item.key), Some(1));
    assert_eq!(next(&mut queue, 700), None);
    assert_eq!(next(&mut queue, 710).as_deref(), Some("1"));
    assert_eq!(next(&mut queue, 710), None);
    assert!(queue.requeue("unknown", 1, 1).is_none());
}

#[test]
fn unanswered_lines_are_sent_again_in_order_after_a_lost_connection() {
    let mut queue = queue();
    for (n, room) in [(1, "lobby"), (2, "ops"), (3, "lobby"), (4, "dev")] {
        queue.push(message(n, room));
    }
    queue.push_background(question(1));
    (0..4).for_each(|_| _ = next(&mut queue, 0));
    let again: Vec<u64> = queue.connection_lost().iter().map(|item| item.key).collect();
    assert_eq!(again, [1, 2, 4]);
    queue.set_rate(Some((10, 5_000)), 0, 0);
    assert_eq!(all(&mut queue, 0), ["1", "2", "3", "4"]);
}

#[test]
fn lines_from_a_pipe_keep_one_order() {
    let mut queue = queue();
    for (n, room) in [(1, "lobby"), (2, "ops")] {
        queue.push(QueuedRequest { lane: Lane::All, ..message(n, room) });
    }
    assert_eq!((next(&mut queue, 0).as_deref(), next(&mut queue, 0)), (Some("1"), None));
    queue.finish("1");
    assert_eq!(next(&mut queue, 0).as_deref(), Some("2"));
}

#[test]
fn no_server_can_pause_the_queue_without_end() {
    let mut queue = queue();
    assert!(queue.push(message(1, "ops")));
    assert_eq!(next(&mut queue, 0).as_deref(), Some("1"));
    queue.requeue("1", u64::MAX, 5);
    assert_eq!(next(&mut queue, 5 + MAX_PAUSE_MS - 1), None);
    assert_eq!(next(&mut queue, 5 + MAX_PAUSE_MS).as_deref(), Some("1"));
    queue.finish("1");
    queue.set_rate(Some((0, u64::MAX)), 0, 0);
    for n in 2..5 {
        assert!(queue.push(message(n, "ops")));
    }
    let last = 3 * (MAX_PAUSE_MS + RATE_MARGIN_MS);
    let sent: usize = (0..=last).step_by(1_000).map(|now| all(&mut queue, now).len()).sum();
    assert_eq!(sent, 3, "one line per longest window");
}
