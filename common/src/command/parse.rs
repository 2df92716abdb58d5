//! Parses lines into commands.
//!
//! A text may have several lines (the draft of a client, a text of LanTalk); a line end separates words as a space does.
//! Behind a slash word, only one space or line end is removed from the front of a text, so that it keeps its indentation.

use super::args::{Arguments, Field};
use super::help::suggestion;
use super::spec::{CommandSpec, Form, Shape, without_alias};
use super::table::commands;
use super::{Command, Format, HistoryQuery};
use crate::cause::{Cause, Report};
use crate::clean::clean;
use crate::visible::is_blank;
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
    /// `/join` with several words, which are shown as the one name that may be meant.
    RoomOfWords(&'a str),
    /// `/users ROOM` in place of `/who ROOM`.
    UsersOfRoom(&'a str),
    /// `/query USER` without a text opens a window in other programs.
    NoWindow(&'a str),
}

impl CommandError<'_> {
    /// Returns the refusal. A quoted word in it is cleaned and cut.
    #[must_use]
    pub fn report(self) -> Report<'static> {
        match self {
            CommandError::Unknown(word) => {
                Cause::UnknownCommand.with_word(quoted(word)).with_hint(suggestion(word).map(|word| format!("/{word}")))
            }
            CommandError::Usage(usage) => Cause::Usage.with_word(usage),
            CommandError::RoomOfWords(words) => {
                let room = quoted(words).split_whitespace().collect::<Vec<_>>().join("-");
                Cause::Usage
                    .with_word("/join ROOM")
                    .with_text(format!("A room's name is one word: /join {room}. Nothing was done."))
            }
            CommandError::UsersOfRoom(room) => {
                let room = quoted(room);
                Cause::Usage
                    .with_word("/users")
                    .with_text(format!("/users lists all users online; /who {room} lists those in {room}."))
            }
            CommandError::NoWindow(user) => {
                let user = quoted(user);
                Cause::Usage.with_word("/pm USER TEXT").with_text(format!(
                    "No windows here: to write to {user}, type /pm {user} TEXT. Other lines still go to your room."
                ))
            }
        }
    }
}

/// Returns a word as an error quotes it: cleaned and cut.
fn quoted(word: &str) -> String {
    clean(word).chars().take(LONGEST_WORD).collect()
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
        Some(slash) => parse_slash(line, slash),
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

/// Parses `line`, which is `/` and `slash`.
fn parse_slash<'a>(line: &'a str, slash: &'a str) -> Result<Command<'a>, CommandError<'a>> {
    let (word, rest) = slash.split_once(SEPARATORS).unwrap_or((slash, ""));
    let known = without_alias(word);
    let found = commands().find_map(|spec| {
        let is_it = |form: &&Form| form.words.strip_prefix('/').is_some_and(|w| w.eq_ignore_ascii_case(known));
        spec.forms.iter().find(is_it).map(|form| (spec, form.shape))
    });
    let (spec, shape): (&CommandSpec, Shape) = found.ok_or(CommandError::Unknown(word))?;
    let args = arguments(rest, shape, spec).filter(|args| !spec.is_talk || !is_blank(args.text()));
    let args = args.map(|args| if spec.is_talk { Arguments { text: Some(line), ..args } } else { args });
    args.map(spec.build).ok_or_else(|| misused(word, rest.trim(), spec))
}

/// Returns the error for arguments that do not fit, with the command that the user may have meant.
fn misused<'a>(word: &str, rest: &'a str, spec: &CommandSpec) -> CommandError<'a> {
    let words = if rest.contains('\n') { 0 } else { rest.split_whitespace().count() };
    match (spec.word(), words) {
        _ if word.eq_ignore_ascii_case("query") && !rest.is_empty() => CommandError::NoWindow(rest),
        ("join", 2..) => CommandError::RoomOfWords(room_word(rest)),
        ("users", 1) => CommandError::UsersOfRoom(room_word(rest)),
        _ => CommandError::Usage(spec.usage),
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
    commands().find_map(|spec| {
        spec.forms.iter().find_map(|form| {
            let rest = after_words(line, form.words)?;
            let args = arguments(rest.trim_start(), form.shape, spec)?;
            Some((spec.build)(Arguments { text: args.text.map(str::trim_start), ..args }))
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

/// Splits the rest of a line into arguments of this shape, named as the command names them; `None` if they do not fit.
/// Texts keep their leading whitespace.
fn arguments<'a>(rest: &'a str, shape: Shape, spec: &CommandSpec) -> Option<Arguments<'a>> {
    let whole = rest.trim_end();
    let rest = whole.trim_start();
    let (word, text) = rest.split_once(SEPARATORS).unwrap_or((rest, ""));
    let one = || named(spec, [rest, "", ""]);
    match shape {
        Shape::Nothing => rest.is_empty().then(one),
        Shape::Word => (!rest.is_empty() && text.is_empty()).then(one),
        Shape::MaybeWord => text.is_empty().then(one),
        Shape::Text => (!rest.is_empty()).then(|| named(spec, [whole, "", ""])),
        Shape::MaybeText => Some(one()),
        Shape::WordText => (!text.is_empty()).then(|| named(spec, [word, text, ""])),
        Shape::MaybeWordText if text.is_empty() => (!rest.is_empty()).then(|| named(spec, ["", rest, ""])),
        Shape::MaybeWordText => Some(named(spec, [word, text, ""])),
        Shape::ThreeWords => {
            let (second, third) = text.trim_start().split_once(SEPARATORS)?;
            let third = third.trim_start();
            (!third.contains(SEPARATORS)).then(|| named(spec, [word, second, third]))
        }
        Shape::WordMaybeWord => {
            let second = text.trim_start();
            (!rest.is_empty() && !second.contains(SEPARATORS)).then(|| named(spec, [word, second, ""]))
        }
        Shape::WordMaybeText => (!rest.is_empty()).then(|| named(spec, [word, text, ""])),
        Shape::Choice => {
            let first = spec.choice.iter().position(|known| known.eq_ignore_ascii_case(rest))? == 0;
            Some(Arguments { choice: Some(first), ..Arguments::default() })
        }
        Shape::MaybeUserTime if rest.is_empty() => Some(Arguments::default()),
        Shape::UserTime | Shape::MaybeUserTime => user_time(rest, spec),
        Shape::MaybeMessage if rest.is_empty() => Some(Arguments::default()),
        Shape::MaybeMessage if text.is_empty() && parse_id(word).is_some() => {
            Some(Arguments { id: parse_id(word), ..Arguments::default() })
        }
        Shape::MaybeMessage => {
            user_time(rest, spec).filter(|args| args.minutes.is_none() || spec.fields().any(|f| f == Field::Minutes))
        }
        Shape::MaybeAfterId if rest.is_empty() => Some(Arguments::default()),
        Shape::MaybeAfterId => {
            let id = parse_number(text.trim_start()).filter(|_| word.eq_ignore_ascii_case("after"))?;
            Some(Arguments { after_id: Some(id), ..Arguments::default() })
        }
        Shape::Number if spec.word() == "slow" && rest.eq_ignore_ascii_case("off") => {
            Some(Arguments { seconds: Some(0), ..Arguments::default() })
        }
        Shape::Number => Some(Arguments { seconds: Some(parse_number(rest)?), ..Arguments::default() }),
        Shape::MaybeAfter | Shape::MaybeWordAfter | Shape::MaybeWordOrAfter | Shape::NumberAfter => {
            listing(rest, shape, spec)
        }
        Shape::Format => {
            let format = [Format::Json, Format::Text].into_iter().find(|f| f.as_str().eq_ignore_ascii_case(rest))?;
            Some(Arguments { format: Some(format), ..Arguments::default() })
        }
        Shape::History => Some(Arguments { history: Some(HistoryQuery::parse(rest)?), ..Arguments::default() }),
        Shape::Search => {
            let found = super::history_query::before(rest);
            let (before, words) = found.map_or((None, rest), |(id, words)| (Some(id), words));
            (!rest.is_empty()).then(|| Arguments { words: Some(words), before, ..Arguments::default() })
        }
    }
}

/// Splits `USER [MINUTES] [everywhere]`.
fn user_time<'a>(rest: &'a str, spec: &CommandSpec) -> Option<Arguments<'a>> {
    let mut words = rest.split(SEPARATORS).filter(|word| !word.is_empty()).peekable();
    let mut args = Arguments { to: Some(words.next()?), ..Arguments::default() };
    if let Some(minutes) = words.peek().and_then(|word| parse_minutes(word)) {
        args.minutes = Some(minutes);
        words.next();
    }
    if spec.fields().any(|field| field == Field::Everywhere)
        && words.next_if(|word| word.eq_ignore_ascii_case("everywhere")).is_some()
    {
        args.everywhere = true;
    }
    words.next().is_none().then_some(args)
}

/// Gives the arguments of a line their names; an empty one is missing.
fn named<'a>(spec: &CommandSpec, arguments: [&'a str; 3]) -> Arguments<'a> {
    let mut args = Arguments::default();
    for (field, argument) in spec.fields().zip(arguments) {
        if !argument.is_empty() {
            args.set(field, argument);
        }
    }
    args
}

/// Splits the arguments of a list: its subject and the name behind which it continues.
fn listing<'a>(rest: &'a str, shape: Shape, spec: &CommandSpec) -> Option<Arguments<'a>> {
    let (first, after) = split_after(rest);
    if shape == Shape::NumberAfter {
        return Some(Arguments { seconds: Some(parse_number(first)?), after, ..Arguments::default() });
    }
    let fits = match shape {
        Shape::MaybeAfter => first.is_empty(),
        Shape::MaybeWordOrAfter => !first.contains(SEPARATORS) && (first.is_empty() || after.is_none()),
        _ => !first.contains(SEPARATORS),
    };
    fits.then(|| Arguments { after, ..named(spec, [first, "", ""]) })
}

/// Splits `SUBJECT after NAME`. A single word is the subject, even `after`.
fn split_after(rest: &str) -> (&str, Option<&str>) {
    let Some((before, name)) = rest.rsplit_once(SEPARATORS) else { return (rest, None) };
    let before = before.trim_end();
    let (what, word) = before.rsplit_once(SEPARATORS).map_or(("", before), |(what, word)| (what.trim_end(), word));
    if word.eq_ignore_ascii_case("after") { (what, Some(name)) } else { (rest, None) }
}

/// Parses minutes, or a number with the unit m, h or d.
fn parse_minutes(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" | "m" | "min" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    parse_number(number)?.checked_mul(unit)
}

/// Parses the id of a message, also in brackets as `/transcript` shows it.
fn parse_id(text: &str) -> Option<u64> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    parse_number(bare.unwrap_or(text))
}

/// Parses digits only: `+5` and `5.0` are talk.
pub(super) fn parse_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
