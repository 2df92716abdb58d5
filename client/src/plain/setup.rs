//! The first questions in lines, for a terminal without the full screen: each is printed, and a line answers it.

use crate::connect::sign_in;
use crate::connection::ConnectFailure;
use crate::password_prompt;
use crate::setup::answers::{SetupContext, SetupResult};
use crate::setup::questions::{Question, Questions, SetupEffect, SetupInput, SignInChoice};
use crate::setup::{self, NotStarted};
use crate::signals::Signal;
use crate::signed_in::SignedIn;
use anyhow::Context;
use crossbeam_channel::{Receiver, bounded, select};
use std::io::{self, BufRead, Read, Write};

/// No answer is longer.
const LONGEST: u64 = 4_096;

/// Asks until the user is in. `None` if the user leaves: by `/quit`, Ctrl-C or Ctrl-D.
///
/// # Errors
/// The terminal is gone.
pub fn ask(
    mut welcome: Questions,
    setting: &SetupContext,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<SetupResult>> {
    let looking = setup::watch_servers().context("starting a thread")?;
    let mut inputs = Vec::new();
    if welcome.step == Question::Server {
        eprintln!("looking for servers…");
        // Whoever hears the questions wants to hear a whole list.
        let Some(found) = wait(&looking, signals) else { return Ok(None) };
        inputs.push(SetupInput::Found(found.unwrap_or_default()));
    }
    loop {
        let mut wishes = Vec::new();
        for input in inputs.drain(..) {
            wishes.extend(welcome.step(input));
        }
        for wish in wishes {
            match wish {
                SetupEffect::Connect(choice) => match connect(&choice, setting, signals) {
                    Ok(None) => return Ok(None),
                    Ok(Some(entered)) => {
                        let who = setting.identity(&choice);
                        let SignInChoice { server, server_id, .. } = choice;
                        return Ok(Some(SetupResult { server, server_id, who, entered, note: welcome.note }));
                    }
                    Err(ConnectFailure { why, cause }) => inputs.push(SetupInput::Refused(why, cause)),
                },
                SetupEffect::Start => match start(&mut welcome, setting, signals)? {
                    Some(started) => inputs.push(SetupInput::Started(started)),
                    None => return Ok(None),
                },
                SetupEffect::GiveUp => {}
                SetupEffect::Leave => return Ok(None),
            }
        }
        if !inputs.is_empty() {
            continue;
        }
        inputs.extend(looking.try_iter().map(SetupInput::Found).last());
        match answer(&welcome, signals)? {
            Some(line) => inputs.push(SetupInput::Line(line)),
            None => return Ok(None),
        }
    }
}

fn connect(
    choice: &SignInChoice,
    setting: &SetupContext,
    signals: &Receiver<Signal>,
) -> Result<Option<SignedIn>, ConnectFailure> {
    sign_in(&choice.server, &setting.identity(choice), signals)
}

/// Starts a server here. `None` if the program is told to end meanwhile.
fn start(
    welcome: &mut Questions,
    setting: &SetupContext,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<Result<String, NotStarted>>> {
    eprintln!("{}", welcome.question());
    let started = setup::start(setting.data.clone()).context("starting a thread")?;
    let Some(started) = wait(&started, signals) else { return Ok(None) };
    let started = started.unwrap_or_else(|| Err(NotStarted::Failed("it was not started".into())));
    if let Ok(started) = &started {
        eprintln!("{}", started.note);
        welcome.note = Some(started.note.clone());
    }
    Ok(Some(started.map(|started| started.address)))
}

/// Waits for what comes out of a thread; the inner `None` if nothing does. `None` if the program is told to end first.
fn wait<T>(coming: &Receiver<T>, signals: &Receiver<Signal>) -> Option<Option<T>> {
    loop {
        select! {
            recv(coming) -> thing => return Some(thing.ok()),
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => {}
                _ => return None,
            },
        }
    }
}

/// Asks one question. `None` where there are no more answers, or the program is told to end: Ctrl-C is a signal here,
/// and reading goes on after it, so the line is read on a thread of its own.
fn answer(welcome: &Questions, signals: &Receiver<Signal>) -> anyhow::Result<Option<String>> {
    if welcome.is_secret() {
        // Asked in one piece: whoever answers the first word of it already must not be seen.
        return Ok(password_prompt::ask(&secret_question(welcome))?);
    }
    eprint!("{}", asked(welcome));
    io::stderr().flush()?;
    let (out, line) = bounded(1);
    let run = move || {
        let mut line = Vec::new();
        let read = io::stdin().lock().take(LONGEST).read_until(b'\n', &mut line);
        // Nobody waits for it any more when the program has ended.
        let _ = out.send(read.map(|bytes| (bytes > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned())));
    };
    std::thread::Builder::new().name("answer".into()).spawn(run).context("starting a thread")?;
    match wait(&line, signals) {
        Some(Some(read)) => read.context("reading an answer"),
        Some(None) => Ok(None),
        None => {
            eprintln!();
            Ok(None)
        }
    }
}

fn secret_question(welcome: &Questions) -> String {
    let problem = welcome.problem.as_ref().map_or(String::new(), |problem| format!("! {problem}\n"));
    let caution = welcome.caution().map_or(String::new(), |caution| format!("{caution}\n"));
    format!("{problem}{caution}Enter alone goes back.\n{}", welcome.question())
}

/// The question, with what there is to choose from and what an empty line means.
fn asked(welcome: &Questions) -> String {
    let mut text = welcome.problem.as_ref().map_or(String::new(), |problem| format!("! {problem}\n"));
    let entries = welcome.entries();
    if entries.is_empty() {
        let proposal = welcome.field.text();
        let proposal = if proposal.is_empty() { String::new() } else { format!(" [{proposal}]") };
        return text + &format!("{}{proposal}: ", welcome.question());
    }
    text += &format!("{}\n", welcome.question());
    for (at, entry) in entries.iter().enumerate() {
        let columns = entry.columns();
        let columns: Vec<&str> = columns.iter().map(String::as_str).filter(|column| !column.is_empty()).collect();
        text += &format!("  {}  {}\n", at + 1, columns.join(", "));
    }
    let what = if welcome.step == Question::Server { "A number, or an address" } else { "A number" };
    text + &format!("{what} [{}]: ", welcome.at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::Offer;
    use crate::setup::questions::KnownAnswers;

    #[test]
    fn a_question_says_what_an_empty_line_means() {
        let mut welcome = Questions::new(KnownAnswers { name: "alice".into(), ..KnownAnswers::default() });
        let offer = Offer {
            name: "Room 12".into(),
            address: "10.0.0.1:12345".into(),
            people: 1,
            password: true,
            ..Offer::default()
        };
        welcome.step(SetupInput::Found(vec![offer]));
        let expected = "Where do you want to talk?\n  1  Room 12, 10.0.0.1:12345, 1 person, password\n  2  another \
                        server: type its address\n  3  start a server here, for everybody on this network\nA number, \
                        or an address [1]: ";
        assert_eq!(asked(&welcome), expected);
        welcome.step(SetupInput::Line(String::new()));
        assert_eq!(asked(&welcome), "Your name [alice]: ");
        welcome.step(SetupInput::Line("INFO".into()));
        assert!(asked(&welcome).starts_with("! that name is reserved"));
    }
}
