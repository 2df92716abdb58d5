//! Lines 2 and 3: all members see one order, no line is lost, none is doubled. Each test runs in a small room, whose
//! speakers run the cycles, and in a large one, where flushers do.

use crate::party::{HeardLine, Participant, ROOM, gather, server};
use landline_common::{EventKind, OffsetDateTime, RoomName, json};
use std::sync::Barrier;

const SPEAKERS: usize = 4;
/// Additional members. With these the room has more than the 16 members up to which speakers run the cycles.
const MANY: usize = 12;

/// Lets all speakers send `lines` lines each at the same time, and all members receive them. A last line then shows
/// that no member received more. Returns the lines of each member.
fn flood(members: &mut [Participant], lines: usize, at_once: usize) -> Vec<Vec<HeardLine>> {
    let start = Barrier::new(SPEAKERS);
    let mut heard: Vec<Vec<HeardLine>> = std::thread::scope(|scope| {
        let threads: Vec<_> = members
            .iter_mut()
            .enumerate()
            .map(|(at, member)| {
                let start = &start;
                scope.spawn(move || {
                    if at < SPEAKERS {
                        start.wait();
                        member.say(0..lines, at_once);
                    }
                    let lacks_own = at < SPEAKERS && !member.echoes_own_messages();
                    member.hear(if lacks_own { lines * (SPEAKERS - 1) } else { lines * SPEAKERS })
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    members[0].say(lines..lines + 1, 1);
    for (member, heard) in members.iter_mut().zip(&mut heard).skip(1) {
        let last = member.hear(1);
        assert_eq!((&*last[0].user, last[0].number), ("s0", lines), "{} received a line twice", member.name);
        heard.extend(last);
    }
    heard
}

fn expect_one_order(members: &[Participant], heard: &[Vec<HeardLine>]) {
    let listener = members.iter().position(|member| member.name == "listener").unwrap();
    let order = &heard[listener];
    assert!(order.is_sorted_by(|a, b| a.id.unwrap() < b.id.unwrap()), "the listener received ids out of order");
    let plain = |heard: &HeardLine| (heard.user.clone(), heard.number);
    for (at, (member, heard)) in members.iter().zip(heard).enumerate() {
        let lacks_own = at < SPEAKERS && !member.echoes_own_messages();
        let expected = order.iter().filter(|line| !(lacks_own && line.user == member.name)).map(plain);
        assert!(heard.iter().map(plain).eq(expected), "{} received another order", member.name);
        assert!(heard[0].id.is_none() || heard == order, "{} received other ids", member.name);
    }
}

fn expect_each_line_once(members: &[Participant], heard: &[Vec<HeardLine>], lines: usize) {
    for (at, (member, heard)) in members.iter().zip(heard).enumerate() {
        for speaker in members[..SPEAKERS].iter() {
            let numbers = heard.iter().filter(|line| line.user == speaker.name).map(|line| line.number);
            let count = match speaker.name.as_str() {
                name if name == member.name && !member.echoes_own_messages() => 0,
                "s0" if at > 0 => lines + 1,
                _ => lines,
            };
            assert!(
                numbers.eq(0..count),
                "{} did not receive the lines of {} once and in order",
                member.name,
                speaker.name
            );
        }
    }
}

#[test]
fn line_2_members_of_a_small_room_see_one_order() {
    let server = server(16);
    let mut members = gather(&server, 0);
    let heard = flood(&mut members, 150, 1);
    expect_one_order(&members, &heard);
}

#[test]
fn line_2_members_of_a_large_room_see_one_order() {
    let server = server(16);
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 150, 1);
    expect_one_order(&members, &heard);
}

#[test]
fn line_3_no_line_is_lost_or_doubled_in_a_small_room() {
    let server = server(16);
    let mut members = gather(&server, 0);
    let heard = flood(&mut members, 1_000, 40);
    expect_each_line_once(&members, &heard, 1_000);
    expect_one_order(&members, &heard);
}

#[test]
fn line_3_no_line_is_lost_or_doubled_in_a_large_room() {
    let server = server(16);
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 1_000, 40);
    expect_each_line_once(&members, &heard, 1_000);
    expect_one_order(&members, &heard);
}

/// Speakers wait while their room's log is full, so that no client that reads is disconnected.
#[test]
fn line_3_no_line_is_lost_while_the_room_log_is_full() {
    let server = landline_tests::TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.limits.room_pending_bytes = 4 << 10;
        config.limits.unframed_gap_ms = 1;
    });
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 500, 100);
    expect_each_line_once(&members, &heard, 500);
    assert_eq!(server.server().context().hub.user_count(), members.len());
}

/// Messages from the server's console are part of the order.
#[test]
fn line_2_console_messages_are_part_of_the_order() {
    let server = server(16);
    let room = RoomName::parse(ROOM).unwrap();
    let mut listener = crate::party::json_guest(&server, "listener");
    let mut alice = server.guest("alice", ROOM);
    let hub = &server.server().context().hub;
    std::thread::scope(|scope| {
        scope.spawn(|| (0..2_000).for_each(|n| alice.send(&format!("<alice.{n}>"))));
        scope.spawn(|| {
            (0..2_000).for_each(|_| assert!(hub.say_as_server(Some(&room), "<server>", OffsetDateTime::default())))
        });
        let mut last = 0;
        for _ in 0..4_000 {
            let line = listener.until(r#"{"type":"message""#);
            let Some(EventKind::Said { id, .. }) = json::read(&line).map(|event| event.what) else { panic!("{line}") };
            assert!(id > last, "id {id} after {last}");
            last = id;
        }
    });
}

#[test]
fn line_2_ids_never_repeat_after_a_restart() {
    let mut server = server(16);
    let last_id = |server: &landline_tests::TestServer| {
        let mut alice = crate::party::json_guest(server, "alice");
        alice.send("hello");
        match json::read(&alice.line()).unwrap().what {
            EventKind::Said { id, room, .. } if room == ROOM => id,
            other => panic!("{other:?}"),
        }
    };
    let before = last_id(&server);
    server.restart();
    assert!(last_id(&server) > before);
}
