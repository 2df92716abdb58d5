//! Texts that a terminal would execute, that are invisible, or that imitate another kind of line.

mod ears;
mod foreign_server;
mod texts;
mod written;

use crate::ChatProbe;
use ears::{ROOM, SentTo, lantalk, one_of_each};
use landline_tests::{Client, TestServer};
use serde_json::json;
use std::io::Write;
use texts::{NAMES, TEXTS, is_harmless};

fn server() -> TestServer {
    TestServer::new(|config| {
        config.lantalk_port = Some(0);
        // The tests wait for each message before the next one, so a short gap merges none.
        config.limits.unframed_gap_ms = 1;
    })
}

/// Name of a speaker, and a function that sends a text in its client's way.
type NamedSpeaker<'s> = (&'static str, Box<dyn FnMut(&str) + 's>);

fn speakers(server: &TestServer) -> [NamedSpeaker<'static>; 3] {
    let mut eve = server.guest("eve", ROOM);
    let mut mallory = lantalk(server, "mallory");
    let mut trudy = server.unframed();
    trudy.exchange(&format!("trudy_{ROOM}"), "200");
    [
        // A line ends at LF, so this client cannot send LF within a text.
        ("eve", Box::new(move |text| eve.send(&text.replace('\n', "\u{2028}")))),
        ("mallory", Box::new(move |text| mallory.send(&json!({"type": "message", "text": text}).to_string()))),
        ("trudy", Box::new(move |text| trudy.send(text))),
    ]
}

#[test]
fn every_text_arrives_as_talk_at_every_client() {
    let server = server();
    let mut ears = one_of_each(&server);
    for (speaker, say) in &mut speakers(&server) {
        say("begin");
        ears.iter_mut().for_each(|ear| ear.until("begin"));
        for text in TEXTS {
            for (way, command) in [(SentTo::Room, "/say"), (SentTo::All, "/all")] {
                say(&format!("{command} {text}"));
                ears.iter_mut().for_each(|ear| ear.hear_all(speaker, way));
            }
            for ear in &mut ears {
                say(&format!("/pm {} {text}", ear.name));
                ear.hear_all(speaker, SentTo::Direct);
            }
        }
    }
}

#[test]
fn unsafe_names_and_rooms_are_refused_harmlessly_and_unannounced() {
    let server = server();
    let mut chat = ChatProbe::new(&server);
    let answers = |client: &mut Client| {
        client.end_sending();
        let answers: Vec<String> = std::iter::from_fn(|| client.next_line()).collect();
        assert!(answers.iter().all(|answer| is_harmless(answer)), "{answers:?}");
        assert!(!answers.iter().any(|answer| answer.contains("200 ") || answer.contains("auth_ok")), "{answers:?}");
    };
    for name in NAMES {
        let lines = [format!("{name}_salon"), format!("format json\n{name}_salon"), format!("someone_{name}~")];
        let accounts = ["REGISTER", "LOGIN"].map(|mode| format!("{mode}\n{name}\ncorrect horse"));
        for lines in lines.iter().chain(&accounts) {
            let mut client = server.connect();
            client.send(lines);
            answers(&mut client);
        }
        let mut client = Client::connect(server.lantalk_address());
        let sent = writeln!(client.stream(), "{}", json!({"username": name, "password": ""}));
        sent.expect("sending");
        // LanTalk's door trims names, so that some of these become empty, and some become valid.
        if name.trim() == *name {
            answers(&mut client);
        }
    }
    let mut eve = server.guest("eve", "elsewhere");
    chat.say();
    for text in TEXTS.iter().filter(|text| !text.contains('\n')) {
        for command in ["/join", "/who", "/connect", "/block", "/history with", "/help", "/ping", "/search", "/\u{1b}x"]
        {
            eve.send(&format!("{command} {text}"));
        }
        assert!(eve.drain_lines().iter().all(|line| is_harmless(line)), "{text:?}");
    }
    for line in chat.say() {
        assert!(is_harmless(&line), "{line:?}");
    }
}

#[test]
fn stored_texts_are_as_harmless_as_live_ones() {
    let mut server = server();
    server.register("absent", "correct horse");
    let mut witness = server.guest("witness", ROOM);
    // Leave out the third speaker: its messages would merge, since the test does not wait for each.
    let mut speakers = speakers(&server);
    for (speaker, say) in &mut speakers[..2] {
        for text in TEXTS {
            say(&format!("/say {text}"));
            say(&format!("/pm absent {text}"));
        }
        say("/pm absent that was all");
        say("/say that was all");
        witness.until(&format!("{speaker}: that was all"));
    }
    // Again after a restart, from the file.
    for _ in 0..2 {
        let mut reader = server.guest("reader", ROOM);
        for question in ["/history 200", "/search end"] {
            reader.send(question);
            let lines = reader.drain_lines();
            let (end, found) = lines.split_last().expect("an answer");
            assert!(end.starts_with("INFO: ") && found.len() >= 20, "{lines:?}");
            let talk = |line: &String| is_talk_in(line, "[salon 20");
            assert!(found.iter().all(|line| is_harmless(line) && talk(line)), "{found:?}");
        }
        server.restart();
    }
    let mut absent = server.login("absent", "correct horse");
    // Mail arrives in pages, with other lines between them.
    let mut ended = 0;
    while ended < 2 {
        let line = absent.line();
        assert!(is_talk_in(&line, "[PM 20") && is_harmless(&line), "{line:?}");
        ended += usize::from(line.ends_with(": that was all"));
    }
}

/// Returns whether a line is `[PLACE TIME] NAME: TEXT`, of one of the speakers.
fn is_talk_in(line: &str, place: &str) -> bool {
    let said = line.split_once("] ").filter(|(before, _)| before.starts_with(place));
    said.is_some_and(|(_, said)| said.starts_with("eve: ") || said.starts_with("mallory: "))
}
