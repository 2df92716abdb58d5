//! The console: reads the operator's commands from standard input and prints the answers.

use crate::logging::Screen;
use crate::moderation::{Answer, Moderator};
use crossbeam_channel::{Sender, bounded};
use landline_common::clean::clean;
use landline_common::command::help::nearest;
use landline_common::lines::{ReadMessage, ReceiveBuffer};
use landline_common::qr::lines_for_terminal;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal, Read, Write};

/// The longest ban with an end: a century.
const MOST_MINUTES: u64 = 100 * 366 * 24 * 60;
/// Most bytes of one line; a longer one is refused.
const LONGEST_LINE: usize = 8_192;
/// Most log lines that wait for the terminal; further ones are in the log file only.
const LINES_TO_PRINT: usize = 1_000;

/// One command of the console.
struct ConsoleCommand {
    word: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&Moderator, &str) -> Answer,
}

const fn command(
    word: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&Moderator, &str) -> Answer,
) -> ConsoleCommand {
    ConsoleCommand { word, usage, help, run }
}

/// All commands, except those that stop the server.
static TABLE: [ConsoleCommand; 14] = [
    command("/users", "", "list the users online, with addresses", |m, _| Ok(m.users())),
    command("/stats", "", "show users, rooms, messages, uptime and memory", |m, _| Ok(m.stats())),
    command("/kick", "USER [REASON]", "end a user's session", |m, rest| {
        let (name, reason) = first_word(rest)?;
        m.kick(name, reason)
    }),
    command(
        "/ban",
        "USER|ADDRESS [TIME] [REASON]",
        "keep an address or a range (10.0.0.0/8) out; TIME as 30m, 2h, 1d, 1w, or in minutes",
        |m, rest| {
            let (target, rest) = first_word(rest)?;
            let (minutes, reason) = parse_ban_time(rest)?;
            m.ban(target, minutes, reason)
        },
    ),
    command("/bans", "", "list the bans", |m, _| Ok(m.bans())),
    command("/unban", "ADDRESS", "end a ban", |m, rest| m.unban(first_word(rest)?.0)),
    command("/unlock", "USER", "end a lock after failed passwords", |m, rest| m.unlock(first_word(rest)?.0)),
    command(
        "/account",
        "USER [password|delete]",
        "show an account; with password, set a new one-time password; with delete, remove it for good",
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
    command("/code", "", "make a new code for /claim, which makes a user an owner of this server", |m, _| {
        m.new_claim_code()
    }),
    command("/rooms", "", "list the rooms", |m, _| Ok(m.rooms())),
    command("/link", "[ROOM]", "show the address of the web page, with its QR code for phones", |m, rest| {
        let url = m.link(rest)?;
        let code = columns().map_or_else(Vec::new, |columns| lines_for_terminal(&url, columns));
        Ok(std::iter::once(url).chain(code).collect::<Vec<_>>().join("\n"))
    }),
    command("/say", "ROOM TEXT", "say TEXT in a room, as the server", |m, rest| match first_word(rest)? {
        (_, "") => Err(MISSING.to_owned()),
        (room, text) => m.say(Some(room), text),
    }),
    command("/all", "TEXT", "say TEXT to all users online, as the server", |m, rest| match rest {
        "" => Err(MISSING.to_owned()),
        text => m.say(None, text),
    }),
    command("/help", "[COMMAND]", "list the commands, or explain one", |_, rest| help(rest)),
];

/// The refusal of a command that lacks arguments. [`execute`] replaces it by the usage.
const MISSING: &str = "";
/// Words without a slash that ask for the list of commands.
const HELP_WORDS: [&str; 3] = ["help", "?", "/?"];

/// Splits off the first word.
///
/// # Errors
/// There is none.
fn first_word(rest: &str) -> Result<(&str, &str), String> {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if word.is_empty() { Err(MISSING.to_owned()) } else { Ok((word, rest.trim_start())) }
}

/// Splits off a duration in front: minutes, or a number with m, h, d or w. The rest is the reason of the ban.
///
/// # Errors
/// The first word starts like a number and is not a duration. It is not taken for a reason, since a mistyped duration
/// would then become a permanent ban.
fn parse_ban_time(rest: &str) -> Result<(Option<u64>, &str), String> {
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
        None => Err(format!("\"{word}\" is not a time: write 30m, 2h, 1d or 1w, or no time for a permanent ban.")),
    }
}

/// Returns the usage and the help of every command.
pub fn commands() -> impl Iterator<Item = (String, &'static str)> {
    TABLE.iter().map(|command| (format!("{} {}", command.word, command.usage).trim_end().to_owned(), command.help))
}

/// Lists the commands, or only the one of this name.
///
/// # Errors
/// There is no such command.
fn help(word: &str) -> Answer {
    let word = word.trim().trim_start_matches('/').to_lowercase();
    let all = commands().chain([("/quit".to_owned(), "stop the server")]);
    let is_meant = |usage: &str| word.is_empty() || usage[1..].split(' ').next() == Some(&word);
    let lines = all.filter(|(usage, _)| is_meant(usage)).map(|(usage, help)| format!("{usage:<38} {help}"));
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() { Err(unknown(&format!("/{word}"))) } else { Ok(lines.join("\n")) }
}

/// Returns the number of columns if standard output is a terminal.
#[must_use]
pub fn columns() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col))
}

/// The result of a line.
enum LineResult {
    /// Print this answer.
    Print(Answer),
    /// Stop the server.
    Quit,
}

/// Executes a line.
fn execute(moderator: &Moderator, line: &str) -> LineResult {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let word = word.to_lowercase();
    if matches!(word.as_str(), "/quit" | "/exit" | "/q") {
        return LineResult::Quit;
    }
    let command = TABLE.iter().find(|command| command.word == word);
    LineResult::Print(match command {
        Some(command) => (command.run)(moderator, rest.trim_start()).map_err(|why| match &*why {
            MISSING => format!("Usage: {} {}", command.word, command.usage),
            _ => why,
        }),
        None if line.is_empty() => Ok(String::new()),
        None if HELP_WORDS.contains(&&*word) => help(rest),
        None => Err(unknown(&word)),
    })
}

/// Returns the refusal of an unknown command. Text without a slash is not sent to users: an operator who types `help`
/// must not interrupt all of them.
fn unknown(word: &str) -> String {
    let bare = word.trim_start_matches('/');
    let known = TABLE.iter().map(|command| &command.word[1..]).chain(["quit"]);
    let meant = nearest(bare, known).map_or(String::new(), |known| format!(" Did you mean /{known}?"));
    let talk = if word.starts_with('/') { "" } else { " /say ROOM TEXT and /all TEXT speak to users." };
    format!("Unknown command {word}.{meant} /help lists the commands.{talk}")
}

/// Reads commands from standard input until it ends, or until a command stops the server by `stop`.
pub fn run(moderator: &Moderator, screen: &Screen, stop: &Sender<()>) {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        edit_lines(moderator, screen, stop);
        screen.redirect(None);
    } else {
        read_lines(moderator, &mut io::stdin().lock(), stop);
    }
}

/// Reads lines from a pipe. They may have any length, so they are read into a bounded buffer.
fn read_lines(moderator: &Moderator, stdin: &mut impl Read, stop: &Sender<()>) {
    let mut input = ReceiveBuffer::lines_only(LONGEST_LINE);
    loop {
        let read = match stdin.read(input.space()) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        input.advance(read);
        while let Some(message) = if read == 0 { input.finish() } else { input.next() } {
            let stops = match message {
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

/// Refuses a line that is too long. Returns false: such a line never stops the server.
fn refuse_long_line() -> bool {
    let _ = writeln!(io::stdout(), "That line is too long: at most {LONGEST_LINE} bytes; nothing was done.");
    false
}

/// Reads lines from a terminal with line editing, and prints the log above the line being typed.
fn edit_lines(moderator: &Moderator, screen: &Screen, stop: &Sender<()>) {
    let editor = Editor::<(), MemHistory>::with_history(Config::default(), MemHistory::new());
    let Ok(mut editor) = editor else { return };
    if let Ok(mut printer) = editor.create_external_printer() {
        // A thread of its own prints: it may wait for the terminal, and logging must not. Lines that do not fit into
        // the queue are in the log file only.
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

/// Executes a line and prints the answer. Returns true if the server must stop.
fn answer(moderator: &Moderator, line: &str, stop: &Sender<()>) -> bool {
    if line.len() > LONGEST_LINE {
        return refuse_long_line();
    }
    // Cleaned: pasted text may contain control characters, and /say and /all send it to users.
    match execute(moderator, &clean(line)) {
        LineResult::Quit => {
            // Fails if a signal has requested the stop already.
            let _ = stop.try_send(());
            true
        }
        LineResult::Print(answer) => {
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
    fn x14_ban_times_have_units_and_malformed_ones_are_refused() {
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
            assert_eq!(parse_ban_time(rest), Ok(expected), "{rest}");
        }
        for rest in ["30x", "0", "0m spam", "-5", "1.5h", "2nd offence", "99999999999999999999", "101y", "1h30"] {
            assert!(parse_ban_time(rest).unwrap_err().contains("is not a time"), "{rest}");
        }
    }
}
