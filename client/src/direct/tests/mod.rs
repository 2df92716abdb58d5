mod chats;
mod strangers;

use super::meet::Pair;
use super::*;
use crate::engine::typed::{line, object};
use crossbeam_channel::{bounded, unbounded};
use landline_common::Event;
use landline_common::link::PublicKey;
use std::time::Duration;

/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// A connection to a server that is the test.
#[derive(Debug)]
struct Inner {
    lines: Sender<String>,
    news: Receiver<(u64, News)>,
    is_local: bool,
}

impl Connection for Inner {
    fn news(&self) -> &Receiver<(u64, News)> {
        &self.news
    }

    fn current(&mut self, (number, news): (u64, News)) -> Option<News> {
        (number == 1).then_some(news)
    }

    fn connect(&mut self, _: SignIn) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, line: &str) {
        let _ = self.lines.send(line.to_owned());
    }

    fn disconnect(&mut self) {}

    fn is_local(&self) -> bool {
        self.is_local
    }

    fn finish(self: Box<Self>) {}
}

/// Somebody with a client, and the server's end of it.
struct Client {
    direct: Direct<Inner>,
    lines: Receiver<String>,
    server: Sender<(u64, News)>,
    /// What was not taken when its turn was, and is before everything else.
    aside: VecDeque<(u64, News)>,
}

impl Client {
    fn new() -> Client {
        let (server, news) = bounded(64);
        let (lines, sent) = unbounded();
        let direct = Direct::around(Inner { lines, news, is_local: true }, server.clone()).unwrap();
        Client { direct, lines: sent, server, aside: VecDeque::new() }
    }

    /// The server tells something. What of it is for the screens; what its chats tell waits.
    fn hear(&mut self, what: What<'static>) -> Option<What<'static>> {
        self.server.send((1, news(what, None))).unwrap();
        self.take_from(1)
    }

    /// What its own program answers to a line; what its chats tell waits.
    fn own(&mut self) -> What<'static> {
        self.take_from(HERE).expect("that is always news")
    }

    fn take_from(&mut self, number: u64) -> Option<What<'static>> {
        loop {
            let told = self.direct.news().recv_timeout(DEADLINE).expect("something is told");
            if told.0 == number {
                return self.direct.current(told).map(what_of);
            }
            self.aside.push_back(told);
        }
    }

    /// The next that its chats tell.
    fn next(&mut self) -> What<'static> {
        loop {
            let aside = self.aside.pop_front();
            let told = aside.unwrap_or_else(|| self.direct.news().recv_timeout(DEADLINE).expect("something is told"));
            if let Some(told) = self.direct.current(told) {
                return what_of(told);
            }
        }
    }

    fn ended(&mut self) -> String {
        loop {
            if let What::DirectEnded { reason, .. } = self.next() {
                return reason.into_owned();
            }
        }
    }

    /// A command of the user's.
    fn type_in(&mut self, command: &str) {
        self.direct.send(&object(command, "lobby"));
    }

    fn sent(&self) -> String {
        line(&self.lines.recv_timeout(DEADLINE).expect("a line"))
    }

    fn key(&self) -> PublicKey {
        self.direct.keys.public()
    }
}

fn what_of(news: News) -> What<'static> {
    match news {
        News::Event { event, line, .. } => {
            let read: Event<'static> = json::read(&line).expect("an event as programs read it");
            assert_eq!(read.what, event.what);
            event.what
        }
        other => panic!("{other:?}"),
    }
}

/// The addresses of an answer that reach this machine.
fn loopback(accept: &str) -> String {
    let addresses = accept.rsplit(' ').next().unwrap();
    addresses.split(',').filter(|address| address.starts_with("127.")).collect()
}

/// Bob has accepted what alice asked. The line in which he says so.
fn accepted(alice: &mut Client, bob: &mut Client) -> String {
    alice.type_in("/direct bob");
    assert_eq!(alice.sent(), "/direct bob");
    let request = What::DirectRequest { from: "alice".into(), key: alice.key().to_string().into() };
    assert_eq!(bob.hear(request.clone()), Some(request));
    bob.type_in("/accept alice");
    let accept = bob.sent();
    assert!(accept.starts_with(&format!("/direct-accept alice {} ", alice.key())), "{accept}");
    assert!(accept.len() < 1_024 && !loopback(&accept).is_empty(), "{accept}");
    accept
}

fn ready(key: PublicKey, addresses: &str) -> What<'static> {
    What::DirectReady { user: "bob".into(), key: key.to_string().into(), addresses: addresses.to_owned().into() }
}

/// Alice and bob, who talk.
fn two() -> [Client; 2] {
    let (mut alice, mut bob) = (Client::new(), Client::new());
    let accept = accepted(&mut alice, &mut bob);
    let told = ready(bob.key(), &loopback(&accept));
    assert_eq!(alice.hear(told.clone()), Some(told));
    let (one, other) = (alice.next(), bob.next());
    let fingerprint = alice.key().fingerprint_with(&bob.key());
    assert_eq!(one, What::DirectConnected { with: "bob".into(), fingerprint: fingerprint.clone().into() });
    assert_eq!(other, What::DirectConnected { with: "alice".into(), fingerprint: fingerprint.into() });
    [alice, bob]
}

fn talk(with: &'static str, own: bool, text: &'static str) -> What<'static> {
    What::DirectTalk { with: with.into(), own, text: text.into() }
}
