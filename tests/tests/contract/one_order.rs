//! Lines 2 and 3: one order for everybody, no loss, no doubles; in rooms whose speakers run the cycles themselves, and in
//! larger ones, where flushers do.

use crate::party::{HeardLine, Participant, ROOM, gather, server};
use landline_common::{Moment, RoomName, What, json};
use std::sync::Barrier;

const SPEAKERS: usize = 4;
/// With these the room is above the 16 members up to which speakers run the cycles.
const MANY: usize = 12;

/// The speakers say `lines` each, all at once; everybody hears all of it and then a last line, which shows that nothing
/// more came. Returns what each one heard.
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
                    let mute = at < SPEAKERS && !member.hears_itself();
                    member.hear(if mute { lines * (SPEAKERS - 1) } else { lines * SPEAKERS })
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    members[0].say(lines..lines + 1, 1);
    for (member, heard) in members.iter_mut().zip(&mut heard).skip(1) {
        let last = member.hear(1);
        assert_eq!((&*last[0].user, last[0].number), ("s0", lines), "{} heard something twice", member.name);
        heard.extend(last);
    }
    heard
}

fn same_order(members: &[Participant], heard: &[Vec<HeardLine>]) {
    let listener = members.iter().position(|member| member.name == "listener").unwrap();
    let order = &heard[listener];
    assert!(order.is_sorted_by(|a, b| a.id.unwrap() < b.id.unwrap()), "ids grow in the order of the room");
    let plain = |heard: &HeardLine| (heard.user.clone(), heard.number);
    for (at, (member, heard)) in members.iter().zip(heard).enumerate() {
        let mute = at < SPEAKERS && !member.hears_itself();
        let expected = order.iter().filter(|line| !(mute && line.user == member.name)).map(plain);
        assert!(heard.iter().map(plain).eq(expected), "{} saw another order", member.name);
        assert!(heard[0].id.is_none() || heard == order, "{} saw other ids", member.name);
    }
}

fn each_once_in_its_senders_order(members: &[Participant], heard: &[Vec<HeardLine>], lines: usize) {
    for (at, (member, heard)) in members.iter().zip(heard).enumerate() {
        for speaker in members[..SPEAKERS].iter() {
            let numbers = heard.iter().filter(|line| line.user == speaker.name).map(|line| line.number);
            let count = match speaker.name.as_str() {
                name if name == member.name && !member.hears_itself() => 0,
                "s0" if at > 0 => lines + 1,
                _ => lines,
            };
            assert!(numbers.eq(0..count), "{} did not hear {} right", member.name, speaker.name);
        }
    }
}

#[test]
fn line_2_everybody_in_a_small_room_sees_one_order() {
    let server = server(16);
    let mut members = gather(&server, 0);
    let heard = flood(&mut members, 150, 1);
    same_order(&members, &heard);
}

#[test]
fn line_2_everybody_in_a_large_room_sees_one_order() {
    let server = server(16);
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 150, 1);
    same_order(&members, &heard);
}

#[test]
fn line_3_nothing_is_lost_or_doubled_in_a_small_room() {
    let server = server(16);
    let mut members = gather(&server, 0);
    let heard = flood(&mut members, 1_000, 40);
    each_once_in_its_senders_order(&members, &heard, 1_000);
    same_order(&members, &heard);
}

#[test]
fn line_3_nothing_is_lost_or_doubled_in_a_large_room() {
    let server = server(16);
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 1_000, 40);
    each_once_in_its_senders_order(&members, &heard, 1_000);
    same_order(&members, &heard);
}

/// The speakers wait for their room when it is full, so that nobody who reads is ever cut off.
#[test]
fn line_3_not_even_when_more_is_said_than_may_be_pending() {
    let server = landline_tests::TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.limits.room_pending_bytes = 4 << 10;
        config.limits.unframed_gap_ms = 1;
    });
    let mut members = gather(&server, MANY);
    let heard = flood(&mut members, 500, 100);
    each_once_in_its_senders_order(&members, &heard, 500);
    assert_eq!(server.server().services().hub.people(), members.len());
}

/// What is said at the server's console is in that order too.
#[test]
fn line_2_what_the_server_says_is_in_the_one_order() {
    let server = server(16);
    let room = RoomName::parse(ROOM).unwrap();
    let mut listener = crate::party::json_guest(&server, "listener");
    let mut alice = server.guest("alice", ROOM);
    let hub = &server.server().services().hub;
    std::thread::scope(|scope| {
        scope.spawn(|| (0..2_000).for_each(|n| alice.send(&format!("<alice.{n}>"))));
        scope.spawn(|| (0..2_000).for_each(|_| assert!(hub.say_as_server(Some(&room), "<server>", Moment::default()))));
        let mut last = 0;
        for _ in 0..4_000 {
            let line = listener.until(r#"{"type":"message""#);
            let Some(What::Said { id, .. }) = json::read(&line).map(|event| event.what) else { panic!("{line}") };
            assert!(id > last, "{id} came behind {last}");
            last = id;
        }
    });
}

#[test]
fn line_2_ids_never_repeat_over_a_restart() {
    let mut server = server(16);
    let last_id = |server: &landline_tests::TestServer| {
        let mut alice = crate::party::json_guest(server, "alice");
        alice.send("hello");
        match json::read(&alice.line()).unwrap().what {
            What::Said { id, room, .. } if room == ROOM => id,
            other => panic!("{other:?}"),
        }
    };
    let before = last_id(&server);
    server.restart();
    assert!(last_id(&server) > before);
}
