//! A class of thirty users of one address on all doors, who try every way around a rule.

use super::claim;
use landline_tests::{Client, Door, DoorClient, TestServer};
use serde_json::json;

/// The doors of the class: twelve clients of text, eight of objects, six of LanTalk, four of Chat77.
const DOORS: [(Door, usize); 4] = [(Door::Text, 12), (Door::Objects, 8), (Door::LanTalk, 6), (Door::Unframed, 4)];
/// The word that no listener may read.
const WORD: &str = "hullabaloo";

/// A pupil: its door, its name and its client.
struct Pupil {
    door: Door,
    name: String,
    client: DoorClient,
}

impl Pupil {
    fn sign_in(server: &TestServer, door: Door, name: String) -> Pupil {
        let client = DoorClient::sign_in(server, door, &name, None, "lobby");
        let client = client.unwrap_or_else(|answer| panic!("{name}: {answer:?}"));
        Pupil { door, name, client }
    }
}

/// The class, all in the lobby of a server that the teacher owns.
fn class() -> (TestServer, Client, Vec<Pupil>) {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut teacher = claim(&server, "teacher");
    let doors = DOORS.iter().flat_map(|(door, count)| std::iter::repeat_n(*door, *count)).enumerate();
    let class = doors.map(|(i, door)| Pupil::sign_in(&server, door, format!("pupil{i}"))).collect();
    teacher.drain_lines();
    (server, teacher, class)
}

/// Asserts that the teacher has read nothing with [`WORD`].
#[track_caller]
fn expect_silence(teacher: &mut Client) {
    let lines = teacher.drain_lines();
    assert!(lines.iter().all(|line| !line.to_lowercase().contains(WORD)), "{lines:?}");
}

#[test]
fn no_pupil_finds_a_way_around_a_quiet_room() {
    let (server, mut teacher, mut class) = class();
    for pupil in &mut class {
        pupil.client.send("said in time");
        teacher.until(&format!("{}: said in time", pupil.name));
    }
    teacher.send("/quiet on");
    teacher.until("INFO: teacher made lobby quiet");
    let ways = ["", "//", "/say ", "/all ", "/me ", "/edit ", "/away ", "/nick "];
    for pupil in &mut class {
        for way in ways {
            pupil.client.expect(&format!("{way}{WORD}"), "lobby is quiet");
        }
        pupil.client.expect("/hooray", "lobby is quiet");
        for way in ["/topic ", "/pin ", "/kick teacher "] {
            pupil.client.expect(&format!("{way}{WORD}"), "owner");
        }
        match pupil.client {
            DoorClient::Objects { ref mut client, .. } => {
                for room in ["lobby", "LOBBY", "all"] {
                    let text = format!("one\n{WORD}");
                    let answer = client.request(json!({"type": "say", "room": room, "text": text}));
                    assert_eq!(answer.last().expect("an answer")["cause"], "quiet", "{room}");
                }
                let answer = client.request(json!({"type": "edit", "room": "lobby", "text": WORD}));
                assert_eq!(answer.last().expect("an answer")["cause"], "quiet");
            }
            DoorClient::LanTalk(_) => pupil.client.expect(&format!("one\n{WORD}"), "lobby is quiet"),
            DoorClient::Text(_) | DoorClient::Unframed(_) => {
                pupil.client.expect(&format!("broadcast {WORD}"), "lobby is quiet");
            }
        }
    }
    // Coming back changes nothing: into the room, under the same name, and under another one.
    for pupil in class.iter_mut().step_by(5) {
        pupil.client.expect("/leave", "You left lobby");
        pupil.client.expect(&format!("/all {WORD}"), "lobby is quiet");
        pupil.client.expect("/join lobby", "You are in lobby now");
        pupil.client.expect(WORD, "lobby is quiet");
    }
    for (i, pupil) in class.iter_mut().enumerate().step_by(7) {
        let mut other = Pupil::sign_in(&server, pupil.door, format!("other{i}"));
        other.client.drain();
        other.client.expect(WORD, "lobby is quiet");
    }
    expect_silence(&mut teacher);
    // One has the floor, once, and no one else with it.
    let (speakers, others) = class.split_at_mut(1);
    teacher.send(&format!("/floor {}", speakers[0].name));
    teacher.until("INFO: teacher gives pupil0 the floor");
    for pupil in others {
        pupil.client.expect(WORD, "lobby is quiet");
    }
    speakers[0].client.send("may I ask?");
    assert_eq!(teacher.until("pupil0: "), "pupil0: may I ask?");
    speakers[0].client.expect(WORD, "lobby is quiet");
    expect_silence(&mut teacher);
}

#[test]
fn no_pupil_finds_a_way_around_a_mute() {
    let (server, mut teacher, mut class) = class();
    // The last pupil of each door is muted; the first one listens.
    let mut listener = class.remove(0);
    for (door, _) in DOORS {
        let pupil = class.iter_mut().rfind(|pupil| pupil.door == door).expect("a pupil");
        pupil.client.send("said in time");
        teacher.until(&format!("{}: said in time", pupil.name));
        teacher.send(&format!("/mute {}", pupil.name));
        teacher.until(&format!("INFO: teacher muted {}", pupil.name));
        let to = &listener.name;
        let mut lines = vec![
            WORD.to_owned(),
            format!("//{WORD}"),
            format!("/all {WORD}"),
            format!("/pm {to} {WORD}"),
            format!("/connect {to}"),
            format!("/direct {to}"),
            format!("/hand {WORD}"),
            format!("/me {WORD}"),
            format!("/edit {WORD}"),
            format!("/away {WORD}"),
            format!("/nick {WORD}"),
        ];
        if door != Door::LanTalk {
            lines.push(format!("message {to} {WORD}"));
        }
        for line in &lines {
            pupil.client.expect(line, "You are muted in lobby");
        }
        pupil.client.expect("/leave lobby", "You left lobby");
        pupil.client.expect(&format!("/pm {to} {WORD}"), "You are muted in lobby");
        pupil.client.expect("/join lobby", "You are in lobby now");
        pupil.client.expect(WORD, "You are muted in lobby");
    }
    // A lost session is resumed with its mute, and the same name is muted in a new session.
    let resumed = class.iter_mut().rfind(|pupil| pupil.door == Door::Objects).expect("a pupil");
    let DoorClient::Objects { welcome, .. } = &resumed.client else { unreachable!("the door") };
    let token = welcome["token"].clone();
    let client = DoorClient::by_object(&server, &json!({"type": "resume", "token": token})).expect("the session");
    std::mem::replace(&mut resumed.client, client).lose();
    resumed.client.expect(WORD, "You are muted in lobby");
    let quitter = class.pop().expect("a pupil");
    assert_eq!(quitter.door, Door::Unframed);
    let mut client = quitter.client;
    client.send("/quit");
    client.last_lines();
    Pupil::sign_in(&server, Door::Text, quitter.name).client.expect(WORD, "You are muted in lobby");
    let heard = listener.client.drain();
    assert!(heard.iter().all(|line| !line.contains(WORD)), "{heard:?}");
    expect_silence(&mut teacher);
    // The others talk on.
    class[0].client.send("hello");
    teacher.until("pupil1: hello");
}

#[test]
fn no_pupil_whispers_to_another_one_but_each_to_the_teacher() {
    let (_server, mut teacher, mut class) = class();
    teacher.send("/whispers owners");
    teacher.until("INFO: teacher: guests may write to owners only");
    let names: Vec<String> = class.iter().map(|pupil| pupil.name.clone()).collect();
    for (pupil, other) in class.iter_mut().zip(names.iter().cycle().skip(1)) {
        for command in ["/pm", "/w", "/connect", "/direct"] {
            pupil
                .client
                .expect(&format!("{command} {other} {WORD}"), if command.len() > 4 { "" } else { "owners only" });
        }
        pupil.client.send("/pm teacher a question");
        teacher.until(&format!("[PM] {}: a question", pupil.name));
    }
    expect_silence(&mut teacher);
}

#[test]
fn no_pupil_takes_back_or_changes_what_another_one_said() {
    let (server, mut teacher, mut class) = class();
    let mut author = class.remove(0);
    author.client.send("the answer is four");
    teacher.until("pupil0: the answer is four");
    let mut reader = DoorClient::by_object(&server, &json!({"type": "guest", "user": "reader"})).expect("a guest");
    let DoorClient::Objects { client, .. } = &mut reader else { unreachable!("the door") };
    let answer = client.request(json!({"type": "history", "room": "lobby"}));
    let id = answer.iter().find_map(|event| event["id"].as_u64()).expect("the message");
    for pupil in &mut class {
        pupil.client.expect("/edit nothing", "You have said nothing in lobby");
        pupil.client.expect("/delete", "You have said nothing in lobby");
        pupil.client.expect(&format!("/delete {id}"), "owner");
        pupil.client.expect("/delete pupil0", "owner");
        pupil.client.expect("/delete pupil0 5", "owner");
        pupil.client.expect("/transcript", "owner");
    }
    // Another guest under the author's name is not the author.
    author.client.send("/nick somebody");
    teacher.until("pupil0 is now somebody");
    for (door, _) in DOORS {
        let mut heir = Pupil::sign_in(&server, door, "pupil0".to_owned());
        heir.client.expect("/delete", "You have said nothing in lobby");
        heir.client.expect(&format!("/delete {id}"), "owner");
        heir.client.send("/quit");
        heir.client.last_lines();
    }
    author.client.send("/delete");
    teacher.until("INFO: somebody removed a message");
}

#[test]
fn expelled_pupil_returns_under_other_names_until_the_doors_close_for_newcomers() {
    let (server, mut teacher, mut class) = class();
    for (door, _) in DOORS {
        let at = class.iter().rposition(|pupil| pupil.door == door).expect("a pupil");
        let mut name = class.remove(at).name;
        for attempt in 0..3 {
            teacher.send(&format!("/ban {name} everywhere"));
            teacher.until(&format!("INFO: teacher banned {name} from this server"));
            let again = DoorClient::sign_in(&server, door, &name, None, "lobby");
            assert!(again.is_err(), "{door:?} {name}");
            // Thirty pupils share the address, so a new name gets in.
            name = format!("{name}x{attempt}");
            Pupil::sign_in(&server, door, name.clone());
        }
    }
    teacher.send("/doors closed");
    teacher.until("INFO: teacher closed the doors");
    for (door, _) in DOORS {
        assert!(DoorClient::sign_in(&server, door, "stranger", None, "lobby").is_err(), "{door:?}");
    }
    // A pupil who was inside comes back, and all the others are still heard.
    let inside = class.iter_mut().find(|pupil| pupil.door == Door::Objects).expect("a pupil");
    let DoorClient::Objects { welcome, .. } = &inside.client else { unreachable!("the door") };
    let resume = json!({"type": "resume", "token": welcome["token"]});
    inside.client = DoorClient::by_object(&server, &resume).expect("the session");
    for pupil in &mut class {
        pupil.client.send("hello");
        teacher.until(&format!("{}: hello", pupil.name));
    }
}
