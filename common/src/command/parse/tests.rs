//! Parsing of lines.

use super::*;
use crate::command::{MessageRef, RoomAction, words};
use proptest::prelude::*;

fn alice(line: &str) -> Command<'_> {
    parse(line, "alice").unwrap().unwrap()
}

#[test]
fn sentences_that_begin_like_commands_are_talk() {
    for line in [
        "exit strategy?",
        "block the door",
        "help me with this",
        "format the disk",
        "format disk",
        "online clients are many",
        "whoelse is here",
        "whoelsesince yesterday",
        "connect to the network now",
        "message bob",
        "broadcast",
        "logout please",
        "end private property now",
        "unblock",
        "end private",
        "private",
        "exits",
        "helper",
        " /help",
        "accept connection or reject it",
    ] {
        assert_eq!(alice(line), Command::Say(line), "{line}");
    }
}

#[test]
fn predecessors_words_are_commands_in_any_case() {
    assert_eq!(alice("EXIT"), Command::Quit);
    assert_eq!(alice("Online Clients"), Command::Online { after: None });
    assert_eq!(alice("connect to Bob"), Command::Connect("Bob"));
    assert_eq!(alice("accept connection"), Command::Accept(None));
    assert_eq!(alice("private txt bob how are you"), Command::Private { to: Some("bob"), text: "how are you" });
    assert_eq!(alice("private txt hello"), Command::Private { to: None, text: "hello" });
    assert_eq!(alice("private bob how are you"), Command::DirectText { to: "bob", text: "how are you" });
    assert_eq!(alice("bdct txt hi all"), Command::All("hi all"));
    assert_eq!(alice("whoelsesince 60"), Command::Since { seconds: 60, after: None });
    assert_eq!(alice("format JSON"), Command::Format(Format::Json));
    assert_eq!(alice("message bob  hi"), Command::Message { to: "bob", text: "hi" });
}

#[test]
fn an_own_name_prefix_is_dropped_and_the_rest_is_talk() {
    assert_eq!(alice("alice: hello"), Command::Say("hello"));
    assert_eq!(alice("ALICE:exit"), Command::Say("exit"));
    assert_eq!(alice("alice: /quit"), Command::Say("/quit"));
    assert_eq!(alice("bob: hello"), Command::Say("bob: hello"));
    assert_eq!(parse("alice: ", "alice"), None);
}

#[test]
fn slash_words_are_never_said_aloud() {
    assert_eq!(parse("/jion ops", "a"), Some(Err(CommandError::Unknown("jion"))));
    assert_eq!(parse("/", "a"), Some(Err(CommandError::Unknown(""))));
    assert_eq!(parse("/ ls", "a"), Some(Err(CommandError::Unknown(""))));
    assert_eq!(parse("/join", "a"), Some(Err(CommandError::Usage("/join ROOM [KEY]"))));
    assert_eq!(parse("/since -1", "a"), Some(Err(CommandError::Usage("/since SECONDS [after NAME]"))));
    assert_eq!(alice("/Q"), Command::Quit);
}

#[test]
fn a9_texts_behind_slash_words_keep_their_lines_and_indentation() {
    assert_eq!(alice("/say     if x:\n        y\n"), Command::Say("    if x:\n        y"));
    assert_eq!(alice("/say\n    if x:"), Command::Say("    if x:"));
    assert_eq!(alice("/all  x"), Command::All(" x"));
    assert_eq!(alice("/pm  bob   x\n y"), Command::Message { to: "bob", text: "  x\n y" });
    assert_eq!(alice("/pm bob\n  x"), Command::Message { to: "bob", text: "  x" });
    assert_eq!(alice("/search  tea"), Command::Search { words: "tea", before: None });
    assert_eq!(alice("help\nme"), Command::Say("help\nme"));
    for (line, usage) in [("/quit\nnow", "/quit"), ("/pm bob\n ", "/pm USER TEXT")] {
        assert_eq!(parse(line, "alice"), Some(Err(CommandError::Usage(usage))), "{line:?}");
    }
}

#[test]
fn x2_a_list_goes_on_after_a_name() {
    let after = Some("Bob");
    for (line, command) in [
        ("/rooms", Command::Rooms { after: None }),
        ("/rooms after Bob", Command::Rooms { after }),
        ("/users  AFTER  Bob", Command::Online { after }),
        ("/others after Bob", Command::Others { after }),
        ("/who after Bob", Command::Online { after }),
        ("/who after", Command::Members { room: "after", after: None }),
        ("/who ops after Bob", Command::Members { room: "ops", after }),
        ("/since 60 after Bob", Command::Since { seconds: 60, after }),
        ("/chats after Bob", Command::Chats { after }),
        ("/block after Bob", Command::Blocked { after }),
        ("/block after", Command::Block("after")),
    ] {
        assert_eq!(alice(line), command, "{line}");
    }
    for line in [
        "/rooms after",
        "/rooms Bob",
        "/users before Bob",
        "/who ops after a Bob",
        "/since after Bob",
        "/block eve after Bob",
    ] {
        assert!(matches!(parse(line, "a"), Some(Err(CommandError::Usage(_)))), "{line}");
    }
    for line in ["online clients after lunch", "whoelse after me", "whoelsesince 5 after noon"] {
        assert_eq!(alice(line), Command::Say(line), "{line}");
    }
}

#[test]
fn b6_words_known_from_irc_and_slack_are_commands() {
    assert_eq!(alice("/j ops"), Command::Join("ops"));
    assert_eq!(alice("/PART"), Command::Leave(None));
    assert_eq!(alice("/names ops"), Command::Members { room: "ops", after: None });
    assert_eq!(alice("/list"), Command::Rooms { after: None });
    for word in ["w", "m", "dm", "tell", "query", "whisper", "msg"] {
        let line = format!("/{word} bob hi there");
        assert_eq!(alice(&line), Command::Message { to: "bob", text: "hi there" }, "{line}");
    }
    assert_eq!((alice("/ignore eve"), alice("/unignore eve")), (Command::Block("eve"), Command::Unblock("eve")));
    assert_eq!((alice("/bye"), alice("/q"), alice("/?")), (Command::Quit, Command::Quit, Command::Help(None)));
    assert_eq!(parse("/query bob", "a"), Some(Err(CommandError::NoWindow("bob"))));
    assert_eq!(alice("part ops"), Command::Say("part ops"), "only behind a slash");
}

#[test]
fn b6_a_room_may_have_a_number_sign() {
    assert_eq!(alice("/join #ops"), Command::Join("ops"));
    assert_eq!(alice("/part ##ops/a"), Command::Leave(Some("ops/a")));
    assert_eq!(alice("/who #ops"), Command::Members { room: "ops", after: None });
    assert_eq!(alice("/join #"), Command::Join("#"));
    assert_eq!(alice("#ops is quiet"), Command::Say("#ops is quiet"));
}

#[test]
fn b6_two_slashes_say_one() {
    assert_eq!(alice("//etc/hosts is wrong"), Command::Say("/etc/hosts is wrong"));
    assert_eq!(alice("//quit"), Command::Say("/quit"));
    assert_eq!(alice("//"), Command::Say("/"));
}

#[test]
fn misused_room_commands_name_the_command_that_may_be_meant() {
    for (line, text) in [
        ("/j #my  big room", "A room's name is one word: /join my-big-room. Nothing was done."),
        ("/users lobby", "/users lists all users online; /who lobby lists those in lobby."),
        ("/USERS #Lobby", "/users lists all users online; /who Lobby lists those in Lobby."),
    ] {
        assert_eq!(parse(line, "a").unwrap().unwrap_err().to_string(), text, "{line}");
    }
    let long = format!("/join {}", "x ".repeat(4_000));
    assert!(parse(&long, "a").unwrap().unwrap_err().to_string().len() < 120);
    assert_eq!(parse("/join a\nb c", "a"), Some(Err(CommandError::Usage("/join ROOM [KEY]"))));
    assert_eq!(CommandError::Unknown("hlep").to_string(), "Unknown command /hlep. Did you mean /help?");
}

#[test]
fn b6_an_unknown_command_names_the_one_that_was_meant() {
    for (word, hint) in [
        ("jion", Some("/join")),
        ("JOINN", Some("/join")),
        ("histroy", Some("/history")),
        ("pat", Some("/part")),
        ("ingore", Some("/ignore")),
        ("exti", Some("/exit")),
        ("kik", Some("/kick")),
        ("topic", Some("/topic")),
        ("awya", Some("/away")),
        ("me", None),
        ("dance", None),
        ("", None),
        ("direct-kei", None),
    ] {
        let report = CommandError::Unknown(word).report();
        assert_eq!(report.about.hint.as_deref(), hint, "{word}");
    }
    let text = CommandError::Unknown("jion\u{1b}[2J").to_string();
    assert_eq!(text, "Unknown command /jion. Try /help.");
    assert_eq!(CommandError::Unknown("jion").to_string(), "Unknown command /jion. Did you mean /join? Try /help.");
}

#[test]
fn lines_of_foreign_features_are_recognised() {
    for line in FOREIGN {
        assert_eq!(alice(&format!("{line}x")), Command::Foreign { by_program: false }, "{line}");
    }
    for line in ["UDP_PORT:4243", "FILE_START|bob|a b.txt|3|t", "FILE_CHUNK|bob|t|0|QUJD", "FILE_END|bob|t|1"] {
        assert_eq!(alice(line), Command::Foreign { by_program: true }, "{line}");
    }
    for line in ["UDP_PORT: 5051 is taken", "FILE_END| is odd", "group txt is broken"] {
        assert_eq!(alice(line), Command::Foreign { by_program: false }, "{line}");
    }
}

#[test]
fn an_action_is_talk_with_its_word() {
    for line in ["/me waves", "/ME waves", "//me waves", "/say /me waves", "alice: /me waves", "/me waves\nand goes"] {
        let Command::Say(text) = alice(line) else { panic!("{line}") };
        assert!(crate::action::action_of(text).is_some_and(|action| action.starts_with("waves")), "{line}");
    }
    for line in ["/me", "/me ", "/me \u{200b}"] {
        assert_eq!(parse(line, "alice"), Some(Err(CommandError::Usage("/me TEXT"))), "{line:?}");
    }
    assert_eq!(alice("/say  /me is a word"), Command::Say(" /me is a word"));
    assert_eq!(crate::Request::of("me").command().map_err(|why| why.cause), Err(Cause::BadObject));
}

#[test]
fn the_table_is_sound() {
    let mut seen = std::collections::HashSet::new();
    for spec in commands() {
        assert!(spec.help.len() > 10, "{} has no help", spec.usage);
        let word = spec.usage.split(' ').next().unwrap();
        assert!(spec.forms.iter().any(|f| f.words == word), "{} is not its own usage", spec.usage);
        for form in spec.forms {
            assert!(seen.insert(form.words), "{} twice", form.words);
            assert_eq!(form.words, form.words.to_lowercase());
            assert!(form.words.starts_with('/') || spec.also.contains(form.words), "{} not in also", form.words);
        }
    }
    assert!(words().any(|w| w == "bdct") && !words().any(|w| w == "who"));
}

fn in_room(action: RoomAction<'_>) -> Command<'_> {
    Command::InRoom { room: None, action }
}

#[test]
fn a_message_is_named_by_its_id_or_by_its_user() {
    let delete = |message, minutes| in_room(RoomAction::Delete { message, minutes });
    for (line, command) in [
        ("/delete", delete(MessageRef::Newest, None)),
        ("/delete 1795271000000123", delete(MessageRef::Id(1_795_271_000_000_123), None)),
        ("/delete [42]", delete(MessageRef::Id(42), None)),
        ("/delete bob", delete(MessageRef::OfUser("bob"), None)),
        ("/mute bob 10m", in_room(RoomAction::Mute { user: "bob", minutes: Some(10) })),
        ("/mute bob 2H", in_room(RoomAction::Mute { user: "bob", minutes: Some(120) })),
        ("/slow off", in_room(RoomAction::Slow(0))),
        ("/delete bob 5", delete(MessageRef::OfUser("bob"), Some(5))),
        ("/delete 42 5", delete(MessageRef::OfUser("42"), Some(5))),
        ("/pin", in_room(RoomAction::Pin(MessageRef::Newest))),
        ("/pin 7", in_room(RoomAction::Pin(MessageRef::Id(7)))),
        ("/pin bob", in_room(RoomAction::Pin(MessageRef::OfUser("bob")))),
        ("/edit  tea?", in_room(RoomAction::Edit { text: " tea?", id: None })),
        ("/transcript", in_room(RoomAction::Transcript { after: None })),
        ("/transcript AFTER 7", in_room(RoomAction::Transcript { after: Some(7) })),
    ] {
        assert_eq!(alice(line), command, "{line}");
    }
    for line in [
        "/delete bob soon",
        "/delete 5 5 5",
        "/mute bob 5x",
        "/mute bob m",
        "/slow on",
        "/since off",
        "/transcript after [x]",
        "/pin bob 5",
        "/edit",
        "/unpin bob",
        "/transcript 7",
    ] {
        assert!(matches!(parse(line, "a"), Some(Err(CommandError::Usage(_)))), "{line}");
    }
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_:/-]{1,12}"
}

fn text() -> impl Strategy<Value = String> {
    "[^ \\p{C}\\s][^\\p{C}]{0,40}[^ \\p{C}\\s]"
}

proptest! {
    #[test]
    fn printing_and_parsing_are_inverse(a in word(), b in word(), t in text(), n in any::<u64>(), on in any::<bool>(), pick in any::<prop::sample::Index>()) {
        let after = on.then_some(&*b);
        let commands = [
            Command::Say(&t), Command::All(&t), Command::Online { after }, Command::OnlineDetails,
            Command::Others { after }, Command::Members { room: &a, after }, Command::Since { seconds: n, after },
            Command::Message { to: &a, text: &t }, Command::Connect(&a), Command::Accept(None),
            Command::Accept(Some(&a)), Command::Reject(Some(&a)), Command::Chats { after },
            Command::Private { to: Some(&a), text: &t }, Command::Private { to: None, text: &a },
            Command::End(None), Command::End(Some(&a)), Command::Direct(&a), Command::DirectText { to: &a, text: &t },
            Command::DirectStop(&a), Command::DirectKey(&a), Command::Trust(&a),
            Command::DirectAccept { to: &a, key: &b, addresses: &a }, Command::Block(&a), Command::Away(None), Command::Whois(&a), Command::Nick(&a), Command::Away(Some(&t)), Command::Blocked { after }, Command::Unblock(&a),
            Command::Join(&a), Command::Leave(None), Command::Rooms { after }, Command::Link(None), Command::Link(Some(&a)), Command::History(HistoryQuery::Last(n)),
            Command::History(HistoryQuery::With(&a)), Command::History(HistoryQuery::Unread), Command::Forget,
            Command::Search { words: &a, before: Some(n) }, Command::Search { words: &a, before: None }, Command::Format(Format::Json), Command::Help(Some(&a)), Command::Hooray,
            Command::Ping(Some(&t)), in_room(RoomAction::Delete { message: MessageRef::Newest, minutes: None }),
            in_room(RoomAction::Delete { message: MessageRef::Id(n), minutes: None }), in_room(RoomAction::Unpin),
            in_room(RoomAction::Edit { text: &t, id: None }), in_room(RoomAction::Pin(MessageRef::Id(n))),
            in_room(RoomAction::Transcript { after: on.then_some(n) }),
        ];
        let command = *pick.get(&commands);
        let line = command.to_string();
        prop_assert_eq!(parse(&line, ""), Some(Ok(command)), "{}", line);
    }

    #[test]
    fn any_line_is_understood_without_a_panic(line in any::<String>(), name in any::<String>()) {
        let _ = parse(&line, &name);
    }
}
