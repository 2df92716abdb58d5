//! The same steps at a real server, over real sockets, compared with the model line by line.

use crate::steps::{ACCOUNTS, Act, NAMES, PEOPLE, ROOMS, Step, Who};
use crate::world::{Heard, MAIL, MAIL_OF_ONE, Move, World};
use landline_common::UserName;
use landline_tests::{Client, TestServer, eventually};
use proptest::prelude::TestCaseError;

const PASSWORD: &str = "correct horse";

struct Table {
    server: TestServer,
    clients: [Option<Client>; PEOPLE],
    world: World,
}

/// Plays the steps; says how many there were to do.
pub fn play(steps: &[Step]) -> Result<usize, TestCaseError> {
    let server = TestServer::new(|config| {
        config.limits.mail_per_receiver = MAIL as u64;
        config.limits.mail_per_sender = MAIL_OF_ONE as u64;
        // The machine may be busy; how long a search takes is another test's.
        config.limits.search_ms = 20_000;
    });
    NAMES[..ACCOUNTS].iter().for_each(|name| server.register(name, PASSWORD));
    let mut table = Table { server, clients: Default::default(), world: World::default() };
    let mut done = 0;
    for (at, step) in steps.iter().enumerate() {
        let doing = table.world.what(step);
        if matches!(doing, Move::Nothing) {
            continue;
        }
        done += 1;
        let (heard, expected) = table.take(step, doing);
        for (who, name) in NAMES[..PEOPLE].iter().enumerate() {
            let (heard, expected) = (&heard[who], &expected[who]);
            if heard != expected {
                let about = format!("step {at}, {} ({doing:?}): {name}", NAMES[step.who]);
                return Err(TestCaseError::fail(format!("{about} hears {heard:#?} instead of {expected:#?}")));
            }
        }
    }
    Ok(done)
}

impl Table {
    /// One step: what everybody hears, and what they should.
    fn take(&mut self, step: &Step, doing: Move) -> (Heard, Heard) {
        let (who, typed) = (step.who, self.typed(step, doing));
        let mut heard = Heard::default();
        match doing {
            Move::Nothing => {}
            Move::Come => {
                let mut client = self.server.connect();
                client.send(&typed.unwrap_or_default());
                heard[who] = client.lines_so_far();
                self.clients[who] = Some(client);
            }
            Move::Do(Act::Restart) => heard = self.restart(),
            Move::Do(Act::Quit) => {
                let mut client = self.clients[who].take().expect("somebody who is here");
                client.send("/quit");
                heard[who] = std::iter::from_fn(|| client.next_line()).collect();
            }
            Move::Do(act @ (Act::Close | Act::Reset)) => {
                let client = self.clients[who].take().expect("somebody who is here");
                if matches!(act, Act::Reset) {
                    client.reset()
                } else {
                    drop(client)
                }
                self.until_gone(who);
            }
            Move::Do(_) => {
                let client = self.clients[who].as_mut().expect("somebody who is here");
                client.send(&typed.unwrap_or_default());
                heard[who] = client.lines_so_far();
            }
        }
        let expected = self.world.perform(step);
        // An answer comes after everything that the step made the server send.
        for (other, client) in self.clients.iter_mut().enumerate().filter(|(other, _)| *other != who) {
            if let Some(client) = client {
                heard[other] = client.lines_so_far();
            }
        }
        heard.iter_mut().flatten().for_each(|line| *line = comparable(line));
        (heard, expected)
    }

    fn typed(&self, step: &Step, doing: Move) -> Option<String> {
        match doing {
            Move::Nothing => None,
            Move::Come if step.who < ACCOUNTS => Some(format!("LOGIN\n{}\n{PASSWORD}", NAMES[step.who])),
            Move::Come => Some(format!("{}_{}", NAMES[step.who], ROOMS[step.room])),
            Move::Do(act) => act.typed(self.world.number()),
        }
    }

    /// Nobody may be told of it, so nothing is heard of it: the name can be had again only when all is done.
    fn until_gone(&self, who: Who) {
        let (hub, name) = (&self.server.server().services().hub, UserName::parse(NAMES[who]).expect("a name"));
        eventually("their leaving", || hub.claim(name.clone()).is_ok());
    }

    /// Everything up to the end of each connection.
    fn restart(&mut self) -> Heard {
        self.server.restart();
        let mut heard = Heard::default();
        for (client, heard) in self.clients.iter_mut().zip(&mut heard) {
            if let Some(mut client) = client.take() {
                *heard = std::iter::from_fn(|| client.next_line()).collect();
            }
        }
        heard
    }
}

/// Without times and ids, and without an order where there need not be one.
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

/// `[ops 2026-11-21 14:22] alice: hi` as `[ops TIME] alice: hi`.
fn without_time(line: &str) -> Option<String> {
    let (place, said) = line.strip_prefix('[')?.split_once("] ")?;
    let (place, time) = place.split_once(' ')?;
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    (shape == "0000-00-00 00:00").then(|| format!("[{place} TIME] {said}"))
}
