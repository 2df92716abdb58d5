mod chats;
mod strangers;

use super::handshake::ExpectedKeys;
use super::*;
use crate::engine::typed::{line, object};
use crossbeam_channel::{bounded, unbounded};
use landline_common::Event;
use landline_common::link::PublicKey;
use std::time::Duration;

/// Time limit of one step, far above the need of a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// A fake connection: the test plays the server.
#[derive(Debug)]
struct Inner {
    lines: Sender<String>,
    news: Receiver<(u64, ConnectionEvent)>,
    is_local: bool,
}

impl Connection for Inner {
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)> {
        &self.news
    }

    fn process(&mut self, (number, news): (u64, ConnectionEvent)) -> Option<ConnectionEvent> {
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

    fn close(self: Box<Self>) {}
}

/// A client under test, with the server's end of its connection.
struct Client {
    direct: DirectChats<Inner>,
    lines: Receiver<String>,
    server: Sender<(u64, ConnectionEvent)>,
    /// Events that `take_from` skipped; `next` returns them first.
    skipped: VecDeque<(u64, ConnectionEvent)>,
}

impl Client {
    fn new() -> Client {
        let (server, news) = bounded(64);
        let (lines, sent) = unbounded();
        let direct = DirectChats::wrap(Inner { lines, news, is_local: true }, server.clone()).unwrap();
        Client { direct, lines: sent, server, skipped: VecDeque::new() }
    }

    /// Delivers an event of the server. Returns the event if the UI is to see it. Events of chats wait.
    fn hear(&mut self, what: EventKind<'static>) -> Option<EventKind<'static>> {
        self.server.send((1, local_event(what, None))).unwrap();
        self.take_from(1)
    }

    /// Returns the next local answer. Events of chats wait.
    fn own(&mut self) -> EventKind<'static> {
        self.take_from(LOCAL_NUMBER).expect("the UI sees each local answer")
    }

    fn take_from(&mut self, number: u64) -> Option<EventKind<'static>> {
        loop {
            let event = self.direct.events().recv_timeout(DEADLINE).expect("an event");
            if event.0 == number {
                return self.direct.process(event).map(event_of);
            }
            self.skipped.push_back(event);
        }
    }

    /// Returns the next event for the UI, skipped ones first.
    fn next(&mut self) -> EventKind<'static> {
        loop {
            let skipped = self.skipped.pop_front();
            let event = skipped.unwrap_or_else(|| self.direct.events().recv_timeout(DEADLINE).expect("an event"));
            if let Some(event) = self.direct.process(event) {
                return event_of(event);
            }
        }
    }

    fn ended(&mut self) -> String {
        loop {
            if let EventKind::DirectEnded { reason, .. } = self.next() {
                return reason.into_owned();
            }
        }
    }

    /// Sends a command of the user.
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

fn event_of(news: ConnectionEvent) -> EventKind<'static> {
    match news {
        ConnectionEvent::Event { event, line, .. } => {
            let read: Event<'static> = json::read(&line).expect("an event as programs read it");
            assert_eq!(read.what, event.what);
            event.what
        }
        other => panic!("{other:?}"),
    }
}

/// Returns the loopback addresses of a `/direct-accept` line.
fn loopback(accept: &str) -> String {
    let addresses = accept.rsplit(' ').next().unwrap();
    addresses.split(',').filter(|address| address.starts_with("127.")).collect()
}

/// Lets Alice ask and Bob accept. Returns Bob's `/direct-accept` line.
fn accepted(alice: &mut Client, bob: &mut Client) -> String {
    alice.type_in("/direct bob");
    assert_eq!(alice.sent(), "/direct bob");
    let request = EventKind::DirectRequest { from: "alice".into(), key: alice.key().to_string().into() };
    assert_eq!(bob.hear(request.clone()), Some(request));
    bob.type_in("/accept alice");
    let accept = bob.sent();
    assert!(accept.starts_with(&format!("/direct-accept alice {} ", alice.key())), "{accept}");
    assert!(accept.len() < 1_024 && !loopback(&accept).is_empty(), "{accept}");
    accept
}

fn ready(key: PublicKey, addresses: &str) -> EventKind<'static> {
    EventKind::DirectReady { user: "bob".into(), key: key.to_string().into(), addresses: addresses.to_owned().into() }
}

/// Returns two clients with an open chat.
fn two() -> [Client; 2] {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let event = ready(bob.key(), &loopback(&accept));
    assert_eq!(alice.hear(event.clone()), Some(event));
    let one = alice.next();
    let other = bob.next();
    let fingerprint = alice.key().fingerprint_with(&bob.key());
    assert_eq!(one, EventKind::DirectConnected { with: "bob".into(), fingerprint: fingerprint.clone().into() });
    assert_eq!(other, EventKind::DirectConnected { with: "alice".into(), fingerprint: fingerprint.into() });
    [alice, bob]
}

fn talk(with: &'static str, own: bool, text: &'static str) -> EventKind<'static> {
    EventKind::DirectTalk { with: with.into(), own, text: text.into() }
}
