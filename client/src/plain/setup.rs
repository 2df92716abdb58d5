//! Asks the setup questions in plain lines, for a terminal without the full screen.

use crate::connect::{print_first_meetings, sign_in};
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

/// Bytes of an answer at most.
const MAX_BYTES: u64 = 4_096;

/// Asks until the user is signed in. Returns `None` if the user leaves with `/quit`, Ctrl-C or Ctrl-D.
///
/// # Errors
/// The terminal is gone.
pub fn ask(
    mut questions: Questions,
    context: &SetupContext,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<SetupResult>> {
    let searches = setup::watch_servers().context("cannot start a thread")?;
    let mut inputs = Vec::new();
    if questions.question == Question::Server {
        eprintln!("searching for servers…");
        // Wait for the first search, so that a screen reader reads a complete list.
        let Some(found) = wait(&searches, signals) else { return Ok(None) };
        inputs.push(SetupInput::Found(found.unwrap_or_default()));
    }
    loop {
        let mut effects = Vec::new();
        for input in inputs.drain(..) {
            effects.extend(questions.step(input));
        }
        for effect in effects {
            match effect {
                SetupEffect::Connect(choice) => match connect(&choice, context, signals) {
                    Ok(None) => return Ok(None),
                    Ok(Some(signed_in)) => {
                        return Ok(Some(SetupResult::new(context, choice, signed_in, questions.started)));
                    }
                    Err(ConnectFailure { why, cause }) => inputs.push(SetupInput::Refused(why, cause)),
                },
                SetupEffect::Start => match start(&mut questions, context, signals)? {
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
        inputs.extend(searches.try_iter().map(SetupInput::Found).last());
        match answer(&questions, signals)? {
            Some(line) => inputs.push(SetupInput::Line(line)),
            None => return Ok(None),
        }
    }
}

fn connect(
    choice: &SignInChoice,
    context: &SetupContext,
    signals: &Receiver<Signal>,
) -> Result<Option<SignedIn>, ConnectFailure> {
    sign_in(&choice.server, &context.identity(choice), &context.security(choice), signals)
        .inspect_err(|_| print_first_meetings(&context.security))
}

/// Starts a server on this machine. Returns `None` if a signal ends the program meanwhile.
fn start(
    questions: &mut Questions,
    context: &SetupContext,
    signals: &Receiver<Signal>,
) -> anyhow::Result<Option<Result<String, NotStarted>>> {
    eprintln!("{}", questions.question_text());
    let started = setup::start(context.data.clone()).context("cannot start a thread")?;
    let Some(started) = wait(&started, signals) else { return Ok(None) };
    let started = started.unwrap_or_else(|| Err(NotStarted::Failed("the starting thread has ended".into())));
    if let Ok(started) = &started {
        eprintln!("{}", started.note);
        questions.started = Some(started.clone());
    }
    Ok(Some(started.map(|started| started.address)))
}

/// Waits for the result of a thread; the inner `None` means that the thread ended without one. Returns `None` if a signal
/// ends the program first.
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

/// Asks one question. Returns `None` at the end of the input, or if a signal ends the program. The line is read on a
/// thread of its own, since Ctrl-C is a signal here and does not interrupt the reading.
fn answer(questions: &Questions, signals: &Receiver<Signal>) -> anyhow::Result<Option<String>> {
    if questions.is_secret() {
        // Print the whole question after the echo is off, so that an early answer is not shown either.
        return Ok(password_prompt::ask(&secret_question(questions))?);
    }
    eprint!("{}", question_text(questions));
    io::stderr().flush()?;
    let (out, line) = bounded(1);
    let run = move || {
        let mut line = Vec::new();
        let read = io::stdin().lock().take(MAX_BYTES).read_until(b'\n', &mut line);
        // The receiver is gone if a signal has ended the program.
        let _ = out.send(read.map(|bytes| (bytes > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned())));
    };
    std::thread::Builder::new().name("answer".into()).spawn(run).context("cannot start a thread")?;
    match wait(&line, signals) {
        Some(Some(read)) => read.context("cannot read an answer from standard input"),
        Some(None) => Ok(None),
        None => {
            eprintln!();
            Ok(None)
        }
    }
}

fn secret_question(questions: &Questions) -> String {
    let problem = questions.problem.as_ref().map_or(String::new(), |problem| format!("! {problem}\n"));
    let caution = questions.caution().map_or(String::new(), |caution| format!("{caution}\n"));
    format!("{problem}{caution}Enter alone goes back.\n{}", questions.question_text())
}

/// Returns the text of a question: the last error, the entries to choose from, and the meaning of an empty line.
fn question_text(questions: &Questions) -> String {
    let mut text = questions.problem.as_ref().map_or(String::new(), |problem| format!("! {problem}\n"));
    let entries = questions.entries();
    if entries.is_empty() {
        let proposal = questions.field.text();
        let proposal = if proposal.is_empty() { String::new() } else { format!(" [{proposal}]") };
        return text + &format!("{}{proposal}: ", questions.question_text());
    }
    text += &format!("{}\n", questions.question_text());
    for (at, entry) in entries.iter().enumerate() {
        let columns = entry.columns();
        let columns: Vec<&str> = columns.iter().map(String::as_str).filter(|column| !column.is_empty()).collect();
        text += &format!("  {}  {}\n", at + 1, columns.join(", "));
    }
    let what = if questions.question == Question::Server { "Number or address" } else { "Number" };
    text + &format!("{what} [{}]: ", questions.at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::Offer;
    use crate::setup::questions::KnownAnswers;

    #[test]
    fn a_question_shows_the_answer_of_an_empty_line() {
        let mut questions = Questions::new(KnownAnswers { name: "alice".into(), ..KnownAnswers::default() });
        let offer = Offer {
            name: "Room 12".into(),
            address: "10.0.0.1:12345".into(),
            people: 1,
            password: true,
            ..Offer::default()
        };
        questions.step(SetupInput::Found(vec![offer]));
        let expected = "Where do you want to talk?\n  1  Room 12, 10.0.0.1:12345, 1 person, password\n  2  another \
                        server: type its address\n  3  start a server here, for all users on this network\nNumber \
                        or address [1]: ";
        assert_eq!(question_text(&questions), expected);
        questions.step(SetupInput::Line(String::new()));
        assert_eq!(question_text(&questions), "Your name [alice]: ");
        questions.step(SetupInput::Line("INFO".into()));
        assert!(question_text(&questions).starts_with("! that name is reserved"));
    }
}
