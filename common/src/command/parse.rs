//! Parses lines into commands.
//!
//! A text may have several lines (the draft of a client, a text of LanTalk); a line end separates words as a space does.
//! Behind a slash word, only one space or line end is removed from the front of a text, so that it keeps its indentation.

use super::help::suggestion;
use super::table::{CommandSpec, Form, ParsedArgs, Shape, TOPICS, without_alias};
use super::{Command, Format, HistoryQuery};
use crate::cause::{Cause, Report};
use crate::clean::clean;
use std::fmt;

/// Maximum length in characters of an unknown word in an error.
const LONGEST_WORD: usize = 40;

/// Why a line that begins with a slash is no command. The text is for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError<'a> {
    /// The word is unknown.
    Unknown(&'a str),
    /// The arguments do not fit; with the usage of the command.
    Usage(&'static str),
    /// `/query USER` without a text opens a window in other programs.
    NoWindow(&'a str),
}

impl CommandError<'_> {
    /// Returns the refusal. A quoted word in it is cleaned and cut.
    #[must_use]
    pub fn report(self) -> Report<'static> {
        let shown = |word: &str| clean(word).chars().take(LONGEST_WORD).collect::<String>();
        match self {
            CommandError::Unknown(word) => {
                Cause::UnknownCommand.with_word(shown(word)).with_hint(suggestion(word).map(|word| format!("/{word}")))
            }
            CommandError::Usage(usage) => Cause::Usage.with_word(usage),
            CommandError::NoWindow(user) => {
                let user = shown(user);
                Cause::Usage.with_word("/pm USER TEXT").with_text(format!(
                    "No windows here: to write to {user}, type /pm {user} TEXT. Other lines still go to your room."
                ))
            }
        }
    }
}

impl fmt::Display for CommandError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report().sentence())
    }
}

impl std::error::Error for CommandError<'_> {}

/// Beginnings of the lines that later Chat77 clients send for files, beeps and groups. Such lines are never said aloud: a
/// text behind `group txt` is meant for a few users only.
pub(super) const FOREIGN: [&str; 6] =
    ["UDP_PORT:", "BEEP_UDP_PORT:", "FILE_START|", "FILE_CHUNK|", "FILE_END|", "group txt "];

/// True if a program surely sent a line that begins like a program's: a user writes `UDP_PORT: 5051 is taken`.
fn is_by_program(line: &str) -> bool {
    match line.split_once(':').filter(|(word, _)| word.ends_with("UDP_PORT")) {
        Some((_, port)) => parse_number(port).is_some(),
        None => line.matches('|').count() >= 3 && !line.contains("| "),
    }
}

/// Parses a line of the user `own_name`. `None` for a blank line.
///
/// # Errors
/// The line begins with `/`, and its word is unknown or its arguments do not fit.
pub fn parse<'a>(line: &'a str, own_name: &str) -> Option<Result<Command<'a>, CommandError<'a>>> {
    let line = line.trim_end();
    if let Some(said) = after_own_name(line, own_name) {
        let said = said.trim_start();
        return (!said.is_empty()).then_some(Ok(Command::Say(said)));
    }
    if line.trim_start().is_empty() {
        return None;
    }
    Some(match line.strip_prefix('/') {
        // As on IRC, the first of two slashes escapes the second one.
        Some(text) if text.starts_with('/') => Ok(Command::Say(text)),
        Some(slash) => parse_slash(slash),
        None if FOREIGN.iter().any(|prefix| line.starts_with(prefix)) => {
            Ok(Command::Foreign { by_program: is_by_program(line) })
        }
        None => Ok(parse_bare(line).unwrap_or(Command::Say(line))),
    })
}

/// Returns the text behind the user's own name, which Chat77's client puts in front of talk.
fn after_own_name<'a>(line: &'a str, own_name: &str) -> Option<&'a str> {
    let (before, after) = line.split_once(':')?;
    let same = before.len() <= own_name.len() * 4 && before.to_lowercase() == own_name.to_lowercase();
    (same && !own_name.is_empty()).then_some(after)
}

fn parse_slash(slash: &str) -> Result<Command<'_>, CommandError<'_>> {
    let (word, rest) = slash.split_once(SEPARATORS).unwrap_or((slash, ""));
    let known = without_alias(word);
    let found = TOPICS.iter().find_map(|topic| {
        let is_it = |form: &&Form| form.words.strip_prefix('/').is_some_and(|w| w.eq_ignore_ascii_case(known));
        topic.forms.iter().find(is_it).map(|form| (topic, form.shape))
    });
    let (topic, shape): (&CommandSpec, Shape) = found.ok_or(CommandError::Unknown(word))?;
    let opens_window = word.eq_ignore_ascii_case("query") && !rest.trim().is_empty();
    let misused = if opens_window { CommandError::NoWindow(rest.trim()) } else { CommandError::Usage(topic.usage) };
    arguments(rest, shape).map(topic.build).map(without_number_sign).ok_or(misused)
}

/// Removes the `#` of IRC and Slack from the room of a command: `#ops` is the room `ops`.
fn without_number_sign(command: Command<'_>) -> Command<'_> {
    match command {
        Command::Join(room) => Command::Join(room_word(room)),
        Command::Leave(Some(room)) => Command::Leave(Some(room_word(room))),
        Command::Members { room, after } => Command::Members { room: room_word(room), after },
        other => other,
    }
}

/// Removes `#` from the front of a room name, unless nothing else is left.
#[must_use]
pub fn room_word(room: &str) -> &str {
    match room.trim_start_matches('#') {
        "" => room,
        name => name,
    }
}

fn parse_bare(line: &str) -> Option<Command<'_>> {
    TOPICS.iter().find_map(|topic| {
        topic.forms.iter().find_map(|form| {
            let rest = after_words(line, form.words)?;
            arguments(rest.trim_start(), form.shape).map(ParsedArgs::trimmed).map(topic.build)
        })
    })
}

/// Returns the rest of a line that begins with `words`, as whole words in any case.
fn after_words<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let head = line.as_bytes().get(..words.len())?;
    if !head.eq_ignore_ascii_case(words.as_bytes()) {
        return None;
    }
    let rest = &line[words.len()..];
    (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
}

/// Characters between words and in front of a text.
const SEPARATORS: [char; 2] = [' ', '\n'];

/// Splits the rest of a line into arguments of this shape; `None` if they do not fit. Texts keep their leading whitespace.
fn arguments(rest: &str, shape: Shape) -> Option<ParsedArgs<'_>> {
    let whole = rest.trim_end();
    let rest = whole.trim_start();
    let (word, text) = rest.split_once(SEPARATORS).unwrap_or((rest, ""));
    let one = ParsedArgs { first: if shape == Shape::Text { whole } else { rest }, ..ParsedArgs::default() };
    let fits = match shape {
        Shape::Nothing => rest.is_empty(),
        Shape::Word => !rest.is_empty() && text.is_empty(),
        Shape::MaybeWord => text.is_empty(),
        Shape::Text => !rest.is_empty(),
        Shape::MaybeText => true,
        Shape::HistoryQuery => HistoryQuery::parse(rest).is_some(),
        Shape::Format => [Format::Json, Format::Text].iter().any(|f| f.as_str().eq_ignore_ascii_case(rest)),
        Shape::WordText => return (!text.is_empty()).then_some(ParsedArgs { first: word, second: text, ..one }),
        Shape::MaybeWordText => return (!rest.is_empty()).then_some(ParsedArgs { first: word, second: text, ..one }),
        Shape::MaybeAfter | Shape::MaybeWordAfter | Shape::MaybeWordOrAfter | Shape::NumberAfter => {
            return listing(rest, shape);
        }
        Shape::Number => return Some(ParsedArgs { number: parse_number(rest)?, ..one }),
        Shape::ThreeWords => {
            let (second, third) = text.trim_start().split_once(SEPARATORS)?;
            let third = third.trim_start();
            return (!third.contains(SEPARATORS)).then_some(ParsedArgs {
                first: word,
                second,
                third,
                ..ParsedArgs::default()
            });
        }
    };
    fits.then_some(one)
}

/// Splits the arguments of a list: its subject and the name behind which it continues.
fn listing(rest: &str, shape: Shape) -> Option<ParsedArgs<'_>> {
    let (first, after) = split_after(rest);
    let args = ParsedArgs { first, after, ..ParsedArgs::default() };
    let fits = match shape {
        Shape::NumberAfter => return Some(ParsedArgs { number: parse_number(first)?, ..args }),
        Shape::MaybeAfter => first.is_empty(),
        Shape::MaybeWordOrAfter => !first.contains(SEPARATORS) && (first.is_empty() || after.is_none()),
        _ => !first.contains(SEPARATORS),
    };
    fits.then_some(args)
}

/// Splits `SUBJECT after NAME`. A single word is the subject, even `after`.
fn split_after(rest: &str) -> (&str, Option<&str>) {
    let Some((before, name)) = rest.rsplit_once(SEPARATORS) else { return (rest, None) };
    let before = before.trim_end();
    let (what, word) = before.rsplit_once(SEPARATORS).map_or(("", before), |(what, word)| (what.trim_end(), word));
    if word.eq_ignore_ascii_case("after") { (what, Some(name)) } else { (rest, None) }
}

/// Parses digits only: `+5` and `5.0` are talk.
pub(super) fn parse_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::words;
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
        assert_eq!(parse("/join", "a"), Some(Err(CommandError::Usage("/join ROOM"))));
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
        for (line, usage) in
            [("/join ops\nhello", "/join ROOM"), ("/quit\nnow", "/quit"), ("/pm bob\n ", "/pm USER TEXT")]
        {
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
    fn b6_an_unknown_command_names_the_one_that_was_meant() {
        for (word, hint) in [
            ("jion", Some("/join")),
            ("JOINN", Some("/join")),
            ("histroy", Some("/history")),
            ("pat", Some("/part")),
            ("ingore", Some("/ignore")),
            ("exti", Some("/exit")),
            ("nick", None),
            ("topic", None),
            ("away", None),
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
    fn the_table_is_sound() {
        let mut seen = std::collections::HashSet::new();
        for topic in TOPICS {
            assert!(topic.help.len() > 10, "{} has no help", topic.usage);
            let word = topic.usage.split(' ').next().unwrap();
            assert!(topic.forms.iter().any(|f| f.words == word), "{} is not its own usage", topic.usage);
            for form in topic.forms {
                assert!(seen.insert(form.words), "{} twice", form.words);
                assert_eq!(form.words, form.words.to_lowercase());
                assert!(form.words.starts_with('/') || topic.also.contains(form.words), "{} not in also", form.words);
            }
        }
        assert!(words().any(|w| w == "bdct") && !words().any(|w| w == "who"));
    }

    fn word() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9_:/-]{1,12}"
    }

    fn text() -> impl Strategy<Value = String> {
        "[^ \\p{C}\\s][^\\p{C}]{0,40}[^ \\p{C}\\s]"
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(a in word(), b in word(), t in text(), n in any::<u64>(), on in any::<bool>(), pick in 0usize..39) {
            let after = on.then_some(&*b);
            let commands = [
                Command::Say(&t), Command::All(&t), Command::Online { after }, Command::OnlineDetails,
                Command::Others { after }, Command::Members { room: &a, after }, Command::Since { seconds: n, after },
                Command::Message { to: &a, text: &t }, Command::Connect(&a), Command::Accept(None),
                Command::Accept(Some(&a)), Command::Reject(Some(&a)), Command::Chats { after },
                Command::Private { to: Some(&a), text: &t }, Command::Private { to: None, text: &a },
                Command::End(None), Command::End(Some(&a)), Command::Direct(&a), Command::DirectText { to: &a, text: &t },
                Command::DirectStop(&a), Command::DirectKey(&a), Command::Trust(&a),
                Command::DirectAccept { to: &a, key: &b, addresses: &a }, Command::Block(&a), Command::Blocked { after }, Command::Unblock(&a),
                Command::Join(&a), Command::Leave(None), Command::Rooms { after }, Command::History(HistoryQuery::Last(n)),
                Command::History(HistoryQuery::With(&a)), Command::History(HistoryQuery::Unread), Command::Forget,
                Command::Search { words: &a, before: Some(n) }, Command::Search { words: &a, before: None }, Command::Format(Format::Json), Command::Help(Some(&a)), Command::Hooray,
                Command::Ping(Some(&t)),
            ];
            let line = commands[pick].to_string();
            prop_assert_eq!(parse(&line, ""), Some(Ok(commands[pick])), "{}", line);
        }

        #[test]
        fn any_line_is_understood_without_a_panic(line in any::<String>(), name in any::<String>()) {
            let _ = parse(&line, &name);
        }
    }
}
