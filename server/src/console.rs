//! The console: what the person who runs the server types at it.

use crate::logging::Screen;
use crate::moderation::{Answer, Moderator};
use crossbeam_channel::{Sender, bounded};
use landline_common::clean::clean;
use landline_common::command::help::nearest;
use landline_common::lines::{ReadMessage, ReceiveBuffer};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal, Read, Write};

/// The longest ban with an end: a century.
const MOST_MINUTES: u64 = 100 * 366 * 24 * 60;
/// Bytes of one line; a longer one is refused.
const LONGEST_LINE: usize = 8_192;
/// Lines of the log that may wait for the terminal.
const LINES_TO_PRINT: usize = 1_000;

/// One command of the console.
struct ConsoleCommand {
    word: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&Moderator, &str) -> Answer,
}

const fn row(
    word: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&Moderator, &str) -> Answer,
) -> ConsoleCommand {
    ConsoleCommand { word, usage, help, run }
}

/// All commands but those that end the console.
static TABLE: [ConsoleCommand; 12] = [
    row("/users", "", "who is online, with addresses", |m, _| Ok(m.users())),
    row("/stats", "", "how the server is doing", |m, _| Ok(m.stats())),
    row("/kick", "USER [REASON]", "end somebody's session", |m, rest| {
        let (name, reason) = first_word(rest)?;
        m.kick(name, reason)
    }),
    row(
        "/ban",
        "USER|ADDRESS [TIME] [REASON]",
        "keep an address or a range (10.0.0.0/8) out; TIME as 30m, 2h, 1d, or in minutes",
        |m, rest| {
            let (target, rest) = first_word(rest)?;
            let (minutes, reason) = minutes(rest)?;
            m.ban(target, minutes, reason)
        },
    ),
    row("/bans", "", "what is banned", |m, _| Ok(m.bans())),
    row("/unban", "ADDRESS", "end a ban", |m, rest| m.unban(first_word(rest)?.0)),
    row("/unlock", "USER", "end a lock after failed passwords", |m, rest| m.unlock(first_word(rest)?.0)),
    row(
        "/account",
        "USER [password|delete]",
        "an account; the word password makes a new one-time password, delete removes it for good",
        |m, rest| match first_word(rest)? {
            (name, "") => m.account(name),
            (name, "password" | "new-password") => m.reset_password(name),
            (name, "delete") => m.delete_account(name),
            _ => {
                Err("Nothing was changed: write /account USER password, with that word, for a new one-time password, \
                      or /account USER delete."
                    .to_owned())
            }
        },
    ),
    row("/rooms", "", "the rooms", |m, _| Ok(m.rooms())),
    row("/say", "ROOM TEXT", "say TEXT in a room, as the server", |m, rest| match first_word(rest)? {
        (_, "") => Err(MISSING.to_owned()),
        (room, text) => m.say(Some(room), text),
    }),
    row("/all", "TEXT", "say TEXT to all users online, as the server", |m, rest| match rest {
        "" => Err(MISSING.to_owned()),
        text => m.say(None, text),
    }),
    row("/help", "", "this list", |_, _| Ok(help())),
];

/// The answer to a command without its arguments; the usage stands in its place.
const MISSING: &str = "";
/// Words without a slash that ask for the list of commands.
const HELP_WORDS: [&str; 3] = ["help", "?", "/?"];

fn first_word(rest: &str) -> Result<(&str, &str), String> {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if word.is_empty() { Err(MISSING.to_owned()) } else { Ok((word, rest.trim_start())) }
}

/// A time in front: minutes, or a number with m, h, d or w. The rest is the reason.
///
/// # Errors
/// What begins with a digit is no time: a ban for ever would follow from a slip of the finger.
fn minutes(rest: &str) -> Result<(Option<u64>, &str), String> {
    let (word, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    if !word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+')) {
        return Ok((None, rest));
    }
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match word[number.len()..].to_lowercase().as_str() {
        "" | "m" | "min" => Some(1),
        "h" => Some(60),
        "d" => Some(24 * 60),
        "w" => Some(7 * 24 * 60),
        _ => None,
    };
    let minutes = unit.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
    match minutes.filter(|minutes| (1..=MOST_MINUTES).contains(minutes)) {
        Some(minutes) => Ok((Some(minutes), reason.trim_start())),
        None => Err(format!("\"{word}\" is no time; write 30m, 2h, 1d or 1w, or nothing for a ban without an end.")),
    }
}

/// Every command: how it is written, and what it does.
pub fn commands() -> impl Iterator<Item = (String, &'static str)> {
    TABLE.iter().map(|row| (format!("{} {}", row.word, row.usage).trim_end().to_owned(), row.help))
}

fn help() -> String {
    let lines = commands().map(|(usage, help)| format!("{usage:<38} {help}"));
    let last = format!("{:<38} {}", "/quit", "stop the server");
    lines.chain([last]).collect::<Vec<_>>().join("\n")
}

/// What a line of the console means.
enum LineOutcome {
    Say(Answer),
    Quit,
}

fn obey(moderator: &Moderator, line: &str) -> LineOutcome {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let word = word.to_lowercase();
    if matches!(word.as_str(), "/quit" | "/exit" | "/q") {
        return LineOutcome::Quit;
    }
    let row = TABLE.iter().find(|row| row.word == word);
    LineOutcome::Say(match row {
        Some(row) => (row.run)(moderator, rest.trim_start()).map_err(|why| match &*why {
            MISSING => format!("Usage: {} {}", row.word, row.usage),
            _ => why,
        }),
        None if line.is_empty() => Ok(String::new()),
        None if HELP_WORDS.contains(&&*word) => Ok(help()),
        None => Err(unknown(&word)),
    })
}

/// What is no command is not said to anybody: an operator who types `help` must not interrupt all users.
fn unknown(word: &str) -> String {
    let bare = word.trim_start_matches('/');
    let known = TABLE.iter().map(|row| &row.word[1..]).chain(["quit"]);
    let meant = nearest(bare, known).map_or(String::new(), |known| format!(" Did you mean /{known}?"));
    let talk = if word.starts_with('/') { "" } else { " /say ROOM TEXT and /all TEXT speak to users." };
    format!("Unknown command {word}.{meant} /help lists the commands.{talk}")
}

/// Reads commands from standard input until it ends, or until one of them stops the server by `stop`.
pub fn run(moderator: &Moderator, screen: &Screen, stop: &Sender<()>) {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        edit_lines(moderator, screen, stop);
        screen.redirect(None);
    } else {
        read_lines(moderator, &mut io::stdin().lock(), stop);
    }
}

/// From a pipe, whose lines may be of any length.
fn read_lines(moderator: &Moderator, stdin: &mut impl Read, stop: &Sender<()>) {
    let mut input = ReceiveBuffer::lines_only(LONGEST_LINE);
    loop {
        let read = match stdin.read(input.space()) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        input.advance(read);
        while let Some(piece) = if read == 0 { input.finish() } else { input.next() } {
            let stops = match piece {
                ReadMessage::Text(line) => answer(moderator, &line, stop),
                ReadMessage::TooLong(_) => refuse_long_line(),
            };
            if stops {
                return;
            }
        }
        if read == 0 {
            return;
        }
    }
}

/// Never stops the server.
fn refuse_long_line() -> bool {
    let _ = writeln!(io::stdout(), "That line is too long: at most {LONGEST_LINE} bytes; nothing was done.");
    false
}

/// With line editing, and with the log printed above the line being typed.
fn edit_lines(moderator: &Moderator, screen: &Screen, stop: &Sender<()>) {
    let editor = Editor::<(), MemHistory>::with_history(Config::default(), MemHistory::new());
    let Ok(mut editor) = editor else { return };
    if let Ok(mut printer) = editor.create_external_printer() {
        // Printing may wait for the terminal; logging must not. What does not fit is still in the file.
        let (lines, printed) = bounded(LINES_TO_PRINT);
        let print = move || while printed.recv().is_ok_and(|line| printer.print(line).is_ok()) {};
        if std::thread::Builder::new().name("printer".into()).spawn(print).is_ok() {
            screen.redirect(Some(Box::new(move |line| drop(lines.try_send(line)))));
        }
    }
    loop {
        match editor.readline("> ") {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                if answer(moderator, &line, stop) {
                    return;
                }
            }
            Err(ReadlineError::Interrupted) => {
                let _ = stop.try_send(());
                return;
            }
            Err(ReadlineError::Signal(_)) => {}
            Err(_) => return,
        }
    }
}

/// Does what a line says and prints the answer. True when the server is to stop.
fn answer(moderator: &Moderator, line: &str, stop: &Sender<()>) -> bool {
    if line.len() > LONGEST_LINE {
        return refuse_long_line();
    }
    // What is pasted may have anything in it, and some of it is said to others.
    match obey(moderator, &clean(line)) {
        LineOutcome::Quit => {
            // Full if a signal was first.
            let _ = stop.try_send(());
            true
        }
        LineOutcome::Say(answer) => {
            let text = answer.unwrap_or_else(|refusal| refusal);
            if !text.is_empty() {
                let _ = writeln!(io::stdout(), "{text}");
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x14_a_ban_has_a_time_with_a_unit_and_a_wrong_one_is_refused() {
        for (rest, expected) in [
            ("", (None, "")),
            ("spam", (None, "spam")),
            ("30", (Some(30), "")),
            ("30m spam and more", (Some(30), "spam and more")),
            ("2h", (Some(120), "")),
            ("1D x", (Some(1_440), "x")),
            ("1w", (Some(10_080), "")),
            ("15min", (Some(15), "")),
            ("spam 30m", (None, "spam 30m")),
        ] {
            assert_eq!(minutes(rest), Ok(expected), "{rest}");
        }
        for rest in ["30x", "0", "0m spam", "-5", "1.5h", "2nd offence", "99999999999999999999", "101y", "1h30"] {
            assert!(minutes(rest).unwrap_err().contains("is no time"), "{rest}");
        }
    }
}
