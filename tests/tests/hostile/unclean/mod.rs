//! What a terminal would obey, what nobody would see, and what would be taken for something else.

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
        // Each message is heard before the next one is said, so none merge.
        config.limits.unframed_gap_ms = 1;
    })
}

/// Who says it, and how it is sent.
type NamedSpeaker<'s> = (&'static str, Box<dyn FnMut(&str) + 's>);

fn speakers(server: &TestServer) -> [NamedSpeaker<'static>; 3] {
    let mut eve = server.guest("eve", ROOM);
    let mut mallory = lantalk(server, "mallory");
    let mut trudy = server.unframed();
    trudy.ask(&format!("trudy_{ROOM}"), "200");
    [
        // Lines end at LF: this client cannot say one.
        ("eve", Box::new(move |text| eve.send(&text.replace('\n', "\u{2028}")))),
        ("mallory", Box::new(move |text| mallory.send(&json!({"type": "message", "text": text}).to_string()))),
        ("trudy", Box::new(move |text| trudy.send(text))),
    ]
}

#[test]
fn whatever_is_said_every_client_hears_talk_and_nothing_else() {
    let server = server();
    let mut ears = one_of_each(&server);
    for (speaker, say) in &mut speakers(&server) {
        say("begin");
        ears.iter_mut().for_each(|ear| ear.until("begin"));
        for text in TEXTS {
            for (way, command) in [(SentTo::Say, "/say"), (SentTo::All, "/all")] {
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
fn names_and_rooms_are_refused_in_harmless_words_and_nobody_hears_of_them() {
    let server = server();
    let mut talk = ChatProbe::new(&server);
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
        // It trims names: some of these are none any more, and some are good ones then.
        if name.trim() == *name {
            answers(&mut client);
        }
    }
    let mut eve = server.guest("eve", "elsewhere");
    talk.say();
    for text in TEXTS.iter().filter(|text| !text.contains('\n')) {
        for command in ["/join", "/who", "/connect", "/block", "/history with", "/help", "/ping", "/search", "/\u{1b}x"]
        {
            eve.send(&format!("{command} {text}"));
        }
        assert!(eve.lines_so_far().iter().all(|line| is_harmless(line)), "{text:?}");
    }
    for line in talk.say() {
        assert!(is_harmless(&line), "{line:?}");
    }
}

#[test]
fn what_is_kept_is_as_harmless_as_what_is_heard() {
    let mut server = server();
    server.register("absent", "correct horse");
    let mut witness = server.guest("witness", ROOM);
    // The third one's messages would merge: nobody says here when each has come.
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
    // Also after a restart, out of the file.
    for _ in 0..2 {
        let mut reader = server.guest("reader", ROOM);
        for question in ["/history 200", "/search end"] {
            reader.send(question);
            let lines = reader.lines_so_far();
            let (end, found) = lines.split_last().expect("an answer");
            assert!(end.starts_with("INFO: ") && found.len() >= 20, "{lines:?}");
            let talk = |line: &String| is_talk_in(line, "[salon 20");
            assert!(found.iter().all(|line| is_harmless(line) && talk(line)), "{found:?}");
        }
        server.restart();
    }
    let mut absent = server.login("absent", "correct horse");
    // Mail comes page by page, with other answers in between.
    let mut ended = 0;
    while ended < 2 {
        let line = absent.line();
        assert!(is_talk_in(&line, "[PM 20") && is_harmless(&line), "{line:?}");
        ended += usize::from(line.ends_with(": that was all"));
    }
}

/// `[PLACE TIME] NAME: TEXT`.
fn is_talk_in(line: &str, place: &str) -> bool {
    let said = line.split_once("] ").filter(|(before, _)| before.starts_with(place));
    said.is_some_and(|(_, said)| said.starts_with("eve: ") || said.starts_with("mallory: "))
}
