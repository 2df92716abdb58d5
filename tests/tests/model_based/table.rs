//! Runs steps against a real server over real sockets, and compares the received lines with the model's.

use crate::steps::{ACCOUNTS, NAMES, ROOMS, USERS, UserAction, UserIndex, UserStep};
use crate::world::{MAIL, MAIL_OF_ONE, ModelServer, ReceivedLines, ResolvedStep};
use landline_common::UserName;
use landline_tests::{Client, TestServer, eventually};
use proptest::prelude::TestCaseError;

const PASSWORD: &str = "correct horse";

/// A server with its clients, and the model of it.
struct ModelComparison {
    server: TestServer,
    clients: [Option<Client>; USERS],
    model: ModelServer,
}

/// Runs the steps. Returns how many were not skipped.
pub fn play(steps: &[UserStep]) -> Result<usize, TestCaseError> {
    let server = TestServer::new(|config| {
        config.limits.mail_per_receiver = MAIL as u64;
        config.limits.mail_per_sender = MAIL_OF_ONE as u64;
        // Do not let searches time out on a busy machine.
        config.limits.search_ms = 20_000;
    });
    NAMES[..ACCOUNTS].iter().for_each(|name| server.register(name, PASSWORD));
    let mut comparison = ModelComparison { server, clients: Default::default(), model: ModelServer::default() };
    let mut done = 0;
    for (at, step) in steps.iter().enumerate() {
        let resolved = comparison.model.resolve(step);
        if matches!(resolved, ResolvedStep::Skip) {
            continue;
        }
        done += 1;
        let (heard, expected) = comparison.run_step(step, resolved);
        for (user, name) in NAMES[..USERS].iter().enumerate() {
            let heard = &heard[user];
            let expected = &expected[user];
            if heard != expected {
                let about = format!("step {at}, {} ({resolved:?}): {name}", NAMES[step.user]);
                return Err(TestCaseError::fail(format!("{about} receives {heard:#?} instead of {expected:#?}")));
            }
        }
    }
    Ok(done)
}

impl ModelComparison {
    /// Runs one step. Returns the lines that each user has received, and those that the model predicts.
    fn run_step(&mut self, step: &UserStep, resolved: ResolvedStep) -> (ReceivedLines, ReceivedLines) {
        let user = step.user;
        let typed = self.typed(step, resolved);
        let mut heard = ReceivedLines::default();
        match resolved {
            ResolvedStep::Skip => {}
            ResolvedStep::SignIn => {
                let mut client = self.server.connect();
                client.send(&typed.unwrap_or_default());
                heard[user] = client.drain_lines();
                self.clients[user] = Some(client);
            }
            ResolvedStep::Do(UserAction::Restart) => heard = self.restart(),
            ResolvedStep::Do(UserAction::Quit) => {
                let mut client = self.clients[user].take().expect("an online user");
                client.send("/quit");
                heard[user] = std::iter::from_fn(|| client.next_line()).collect();
            }
            ResolvedStep::Do(act @ (UserAction::Close | UserAction::Reset)) => {
                let client = self.clients[user].take().expect("an online user");
                if matches!(act, UserAction::Reset) {
                    client.reset()
                } else {
                    drop(client)
                }
                self.wait_until_gone(user);
            }
            ResolvedStep::Do(_) => {
                let client = self.clients[user].as_mut().expect("an online user");
                client.send(&typed.unwrap_or_default());
                heard[user] = client.drain_lines();
            }
        }
        let expected = self.model.perform(step);
        // The answer to a ping comes after all lines that the step has caused.
        for (other, client) in self.clients.iter_mut().enumerate().filter(|(other, _)| *other != user) {
            if let Some(client) = client {
                heard[other] = client.drain_lines();
            }
        }
        heard.iter_mut().flatten().for_each(|line| *line = comparable(line));
        (heard, expected)
    }

    /// Returns the text to send for a step, if there is one.
    fn typed(&self, step: &UserStep, resolved: ResolvedStep) -> Option<String> {
        match resolved {
            ResolvedStep::Skip => None,
            ResolvedStep::SignIn if step.user < ACCOUNTS => Some(format!("LOGIN\n{}\n{PASSWORD}", NAMES[step.user])),
            ResolvedStep::SignIn => Some(format!("{}_{}", NAMES[step.user], ROOMS[step.room])),
            ResolvedStep::Do(act) => act.typed(self.model.number()),
        }
    }

    /// Waits until a session has ended. A user may block all others, so that no client receives a notice. Poll until
    /// the name is free, which is the last step of a sign-out.
    fn wait_until_gone(&self, user: UserIndex) {
        let hub = &self.server.server().context().hub;
        let name = UserName::parse(NAMES[user]).expect("a name");
        eventually("the name is free", || hub.reserve(name.clone()).is_ok());
    }

    /// Restarts the server. Returns the lines that each client received before the end of its connection.
    fn restart(&mut self) -> ReceivedLines {
        self.server.restart();
        let mut heard = ReceivedLines::default();
        for (client, heard) in self.clients.iter_mut().zip(&mut heard) {
            if let Some(mut client) = client.take() {
                *heard = std::iter::from_fn(|| client.next_line()).collect();
            }
        }
        heard
    }
}

/// Removes times and ids from a line, and sorts names whose order is unspecified.
fn comparable(line: &str) -> String {
    if let Some((before, names)) = line.split_once(" s: ").filter(|_| line.starts_with("Online in the last ")) {
        let mut names: Vec<&str> = names.split(", ").collect();
        names.sort_unstable();
        return format!("{before} s: {}", names.join(", "));
    }
    if let Some((before, after)) = line.split_once(" before ").filter(|_| line.starts_with("INFO: ")) {
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{before} before ID{after}");
    }
    without_time(line).unwrap_or_else(|| line.to_owned())
}

/// Turns `[ops 2026-11-21 14:22] alice: hi` into `[ops TIME] alice: hi`. Returns `None` for other lines.
fn without_time(line: &str) -> Option<String> {
    let (destination, said) = line.strip_prefix('[')?.split_once("] ")?;
    let (destination, time) = destination.split_once(' ')?;
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    (shape == "0000-00-00 00:00").then(|| format!("[{destination} TIME] {said}"))
}
