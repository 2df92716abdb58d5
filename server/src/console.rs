//! The console: what the person who runs the server types at it.

use crate::logging::Screen;
use crate::moderation::{Answer, Moderator};
use crossbeam_channel::{Sender, bounded};
use landline_common::clean::clean;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, BufRead, IsTerminal, Write};

/// Lines of the log that may wait for the terminal.
const LINES_TO_PRINT: usize = 1_000;

/// One command of the console.
struct Row {
    word: &'static str,
    usage: &'static str,
    help: &'static str,
    run: fn(&Moderator, &str) -> Answer,
}

const fn row(word: &'static str, usage: &'static str, help: &'static str, run: fn(&Moderator, &str) -> Answer) -> Row {
    Row { word, usage, help, run }
}

/// All commands but those that end the console.
static TABLE: [Row; 10] = [
    row("/users", "", "who is online, with addresses", |m, _| Ok(m.users())),
    row("/stats", "", "how the server is doing", |m, _| Ok(m.stats())),
    row("/kick", "USER [REASON]", "end somebody's session", |m, rest| {
        let (name, reason) = first_word(rest)?;
        m.kick(name, reason)
    }),
    row("/ban", "USER|ADDRESS [MINUTES] [REASON]", "keep an address or a range (10.0.0.0/8) out", |m, rest| {
        let (target, rest) = first_word(rest)?;
        let (minutes, reason) = minutes(rest);
        m.ban(target, minutes, reason)
    }),
    row("/bans", "", "what is banned", |m, _| Ok(m.bans())),
    row("/unban", "ADDRESS", "end a ban", |m, rest| m.unban(first_word(rest)?.0)),
    row("/unlock", "USER", "end a lock after failed passwords", |m, rest| m.unlock(first_word(rest)?.0)),
    row("/rooms", "", "the rooms", |m, _| Ok(m.rooms())),
    row("/say", "ROOM TEXT", "say something in a room, as the server", |m, rest| match first_word(rest)? {
        (_, "") => Err(MISSING.to_owned()),
        (room, text) => m.say(Some(room), text),
    }),
    row("/help", "", "this list", |_, _| Ok(help())),
];

const MISSING: &str = "Something is missing; /help shows what to write.";

fn first_word(rest: &str) -> Result<(&str, &str), String> {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if word.is_empty() { Err(MISSING.to_owned()) } else { Ok((word, rest.trim_start())) }
}

/// A number in front is minutes; the rest is the reason.
fn minutes(rest: &str) -> (Option<u64>, &str) {
    let (word, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    word.parse().map_or((None, rest), |minutes| (Some(minutes), reason.trim_start()))
}

/// Every command: how it is written, and what it does.
pub fn commands() -> impl Iterator<Item = (String, &'static str)> {
    TABLE.iter().map(|row| (format!("{} {}", row.word, row.usage).trim_end().to_owned(), row.help))
}

fn help() -> String {
    let lines = commands().map(|(usage, help)| format!("{usage:<38} {help}"));
    let last = ["/quit                                  stop the server", "anything else is said to everybody"];
    lines.chain(last.map(str::to_owned)).collect::<Vec<_>>().join("\n")
}

/// What a line of the console means.
enum Outcome {
    Say(Answer),
    Quit,
}

fn obey(moderator: &Moderator, line: &str) -> Outcome {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let word = word.to_lowercase();
    if matches!(word.as_str(), "/quit" | "/exit" | "/q") {
        return Outcome::Quit;
    }
    let row = TABLE.iter().find(|row| row.word == word);
    Outcome::Say(match row {
        Some(row) => (row.run)(moderator, rest.trim_start()),
        None if line.is_empty() => Ok(String::new()),
        None if line.starts_with('/') => Err(format!("There is no command {word}; /help lists them.")),
        None => moderator.say(None, line),
    })
}

/// Reads commands from standard input until it ends, or until one of them stops the server by `stop`.
pub fn run(moderator: &Moderator, screen: &Screen, stop: &Sender<()>) {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        edit_lines(moderator, screen, stop);
        screen.redirect(None);
    } else {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if answer(moderator, &line, stop) {
                return;
            }
        }
    }
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
    // What is pasted may have anything in it, and some of it is said to others.
    match obey(moderator, &clean(line)) {
        Outcome::Quit => {
            // Full if a signal was first.
            let _ = stop.try_send(());
            true
        }
        Outcome::Say(answer) => {
            let text = answer.unwrap_or_else(|refusal| refusal);
            if !text.is_empty() {
                let _ = writeln!(io::stdout(), "{text}");
            }
            false
        }
    }
}
