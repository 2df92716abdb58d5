//! Runs steps against a real server over real sockets, and compares their outcomes with the model's.

use crate::model::{Model, WAIT};
use crate::refusal::{self, Refusal};
use crate::steps::{Action, NAMES, ROOMS, USERS, UserIndex, UserStep, has_token, name, other_name};
use landline_server::clock::Clock;
use landline_tests::{DoorClient, TestServer, eventually};
use proptest::prelude::TestCaseError;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

const PASSWORD: &str = "correct horse";
const NAME_TOKEN: &str = "5b1e8c0f3a7d42968e21c4b7d0f9a365";

/// A server with the clients of its users, and the model of it.
struct World {
    server: TestServer,
    /// Milliseconds by which the server's clock is ahead.
    ahead: Arc<AtomicI64>,
    clients: [Option<DoorClient>; NAMES.len()],
    /// The token of each user's last session.
    tokens: [Option<String>; NAMES.len()],
    model: Model,
    steps: usize,
}

/// What happened to a step.
struct Seen {
    refused: Option<Refusal>,
    heard: Vec<UserIndex>,
    /// What the step's user has received.
    lines: Vec<String>,
}

/// Runs the steps. Returns how many were run.
pub fn play(steps: &[UserStep]) -> Result<usize, TestCaseError> {
    let ahead = Arc::new(AtomicI64::new(0));
    let offset = ahead.clone();
    let server = TestServer::with_clock(Clock::wrong_by(move || offset.load(SeqCst)), |config| {
        config.lantalk_port = Some(0);
        config.limits.mail_per_sender = 10_000;
        config.limits.mail_per_receiver = 10_000;
        config.limits.requests_per_address = u64::MAX;
        config.limits.presence_lines = u64::MAX;
        config.limits.renames_per_session = 100;
        config.limits.wrong_keys_per_address = u64::MAX;
    });
    for (name, (_, is_account)) in NAMES.iter().zip(USERS) {
        if is_account {
            server.register(name, PASSWORD);
        }
    }
    let mut world = World {
        server,
        ahead,
        clients: Default::default(),
        tokens: Default::default(),
        model: Model::default(),
        steps: 0,
    };
    // The first change stores the rules, so that a restart does not take all known rooms for older than them.
    for action in [Action::Say, Action::Claim] {
        world.run(&UserStep { user: 0, room: 0, action })?;
    }
    for step in steps {
        world.run(step)?;
    }
    Ok(world.steps)
}

impl World {
    fn run(&mut self, step: &UserStep) -> Result<(), TestCaseError> {
        self.steps += 1;
        let user = step.user;
        let text = format!("text{}", self.steps);
        let (doing, expected, lines) = if self.model.is_lost(user) {
            ("resume", self.model.resume(user), self.resume(user))
        } else if self.model.is_signed_in(user) {
            let lines = self.act(user, step.action, &text);
            let Some(lines) = lines else { return Ok(()) };
            ("act", self.model.perform(user, step.action), lines)
        } else if self.tokens[user].is_some() {
            // The session has ended for good, so its token is worth nothing.
            let lines = self.resume(user);
            self.tokens[user] = None;
            ("resume in vain", self.model.resume(user), lines)
        } else {
            ("sign in", self.model.sign_in(user, step.room), self.sign_in(step))
        };
        let seen = self.seen(user, &text, lines);
        let is_same = seen.heard.iter().copied().eq(expected.heard.iter().copied())
            && match seen.refused {
                Some(refused) => expected.refused.contains(&refused),
                None => expected.refused.is_empty(),
            };
        if is_same {
            return Ok(());
        }
        let Seen { refused, heard, lines } = seen;
        Err(TestCaseError::fail(format!(
            "step {}: {doing} {} {:?}: {refused:?} {heard:?} {lines:?}, not {expected:?}\n{:?}",
            self.steps, NAMES[user], step.action, self.model
        )))
    }

    fn sign_in(&mut self, step: &UserStep) -> Vec<String> {
        let (door, is_account) = USERS[step.user];
        let password = is_account.then_some(PASSWORD);
        let (name, room) = (NAMES[step.user], ROOMS[step.room]);
        let signed_in = if has_token(step.user) {
            let object = json!({"type": "guest", "user": name, "room": room, "name_token": NAME_TOKEN});
            DoorClient::by_object(&self.server, &object)
        } else {
            DoorClient::sign_in(&self.server, door, name, password, room)
        };
        match signed_in {
            Ok(client) => self.keep(step.user, client),
            Err(lines) => lines,
        }
    }

    fn resume(&mut self, user: UserIndex) -> Vec<String> {
        let token = self.tokens[user].as_deref().expect("a token");
        match DoorClient::by_object(&self.server, &json!({"type": "resume", "token": token})) {
            Ok(client) => self.keep(user, client),
            Err(lines) => lines,
        }
    }

    /// Keeps a client that has signed in. What it reads then is no message of this step.
    fn keep(&mut self, user: UserIndex, mut client: DoorClient) -> Vec<String> {
        client.drain();
        if let DoorClient::Objects { welcome, .. } = &client {
            self.tokens[user] = welcome["token"].as_str().map(str::to_owned);
        }
        self.clients[user] = Some(client);
        Vec::new()
    }

    /// Performs a step of an online user. Returns the lines that the user has received, or `None` if its door has no
    /// such step.
    fn act(&mut self, user: UserIndex, action: Action, text: &str) -> Option<Vec<String>> {
        match action {
            Action::Wait => {
                self.ahead.fetch_add(i64::try_from(WAIT * 1_000).expect("seconds"), SeqCst);
            }
            Action::Restart => {
                self.clients = Default::default();
                self.server.restart();
            }
            Action::Lose => {
                self.tokens[user].as_ref()?;
                self.clients[user].take().expect("an online user").lose();
                self.wait_until_gone(user);
            }
            Action::Quit => {
                let mut client = self.clients[user].take().expect("an online user");
                client.send("/quit");
                client.last_lines();
                self.wait_until_gone(user);
            }
            Action::Claim => {
                let answer = self.server.server().moderator().new_claim_code().expect("a code");
                let code = answer.split(' ').nth(1).expect("a code").to_owned();
                self.client(user).send(&format!("/claim {code}"));
            }
            Action::SayIn(room) => {
                let DoorClient::Objects { client, .. } = self.client(user) else { return None };
                client.send(&json!({"type": "say", "room": ROOMS[room], "text": text}));
            }
            Action::Nick => {
                let new = name(other_name(self.model.names()[user]));
                self.client(user).send(&format!("/nick {new}"));
            }
            typed => {
                let line = typed.typed(text, self.model.names()).expect("a line");
                self.client(user).send(&line);
            }
        }
        Some(self.clients[user].as_mut().map(DoorClient::drain).unwrap_or_default())
    }

    fn client(&mut self, user: UserIndex) -> &mut DoorClient {
        self.clients[user].as_mut().expect("an online user")
    }

    /// Waits until a session has ended, or is lost.
    fn wait_until_gone(&self, user: UserIndex) {
        let name = landline_common::UserName::parse(&name(self.model.names()[user])).expect("a name");
        let hub = self.server.server().context().hub.clone();
        eventually("the user is gone", || hub.find(name.as_str()).is_none() && hub.reserve(name.clone()).is_ok());
    }

    /// Reads what all clients have received. Clients whose session the step has ended are dropped.
    fn seen(&mut self, author: UserIndex, text: &str, lines: Vec<String>) -> Seen {
        let mut heard = Vec::new();
        for user in (0..NAMES.len()).filter(|user| *user != author) {
            let Some(client) = self.clients[user].take() else { continue };
            if !self.model.is_signed_in(user) {
                client.last_lines();
                self.wait_until_gone(user);
                continue;
            }
            let mut client = client;
            let is_heard = client.drain().iter().any(|line| says(line, text));
            self.clients[user] = Some(client);
            if is_heard {
                heard.push(user);
            }
        }
        Seen { refused: refusal::find(&lines), heard, lines }
    }
}

/// True if a line has a text as a whole word, as in "text1" and not in "text12".
fn says(line: &str, text: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|word| word == text)
}
