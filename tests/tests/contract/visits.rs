//! Line 6: talking takes no hub lock. Also, a session that panics leaves nothing behind. The tests run sessions on
//! their own threads, without a server.

use landline_common::command::Command;
use landline_common::limits::Limits;
use landline_common::{Cause, OffsetDateTime, Rendering, Report, RoomName, UserName};
use landline_server::fanout::{Bounds, Flushers, Outbox, Poller};
use landline_server::hub::{
    CountedAddress, Hub, NotResumed, Session, SessionOptions, SignInOptions, SignInRequest, Tag, Token, Transport,
};
use landline_server::net::Stream;
use landline_tests::{DEADLINE, NullStorage};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_248_000_000, offset_s: 0 };

/// A hub with its threads, without ports and doors.
struct HubFixture {
    hub: Arc<Hub>,
    flushers: Arc<Flushers>,
    poller: Arc<Poller>,
}

/// A signed-in guest: the session, and the client's end of the connection.
struct Guest {
    visit: Session,
    lines: BufReader<TcpStream>,
}

impl HubFixture {
    fn new(inline_members: u64) -> HubFixture {
        // The test waits for each arrival and departure.
        let limits = Limits { inline_members, presence_lines: u64::MAX, rooms_per_address: 2, ..Limits::default() };
        let flushers = Flushers::start(&limits).unwrap();
        let poller = Poller::start(Bounds::of(&limits)).unwrap();
        HubFixture {
            hub: Hub::new(
                "Landline",
                "http://10.0.0.1:8080".into(),
                &limits,
                &flushers,
                &poller,
                Arc::new(NullStorage),
                1,
            ),
            flushers,
            poller,
        }
    }

    /// A client that is connected but not signed in, and its end of the connection.
    fn newcomer(&self, number: u64, room: &str) -> (SignInRequest, BufReader<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let stream = Arc::new(Stream::new(listener.accept().unwrap().0, 128 << 10).unwrap());
        let outbox = Outbox::new(number, &stream, &self.poller);
        let room = RoomName::parse(room).unwrap();
        let options = SignInOptions::default();
        let newcomer =
            SignInRequest { outbox, rendering: Rendering::Text, account: false, room, address: "".into(), options };
        (newcomer, BufReader::new(socket))
    }

    /// Signs a guest of a network in, whose bounds are four times those of an address.
    fn guest_of_network(&self, number: u64, room: &str) -> Result<Session, Report<'static>> {
        let (mut newcomer, _) = self.newcomer(number, room);
        newcomer.address = CountedAddress { multiplier: 4, ..CountedAddress::from("fd00::/64") };
        let name = UserName::parse(&format!("guest{number}")).unwrap();
        self.hub.sign_in(self.hub.reserve(name).unwrap(), newcomer, NOW)
    }

    fn guest(&self, number: u64, name: &str, room: &str) -> Guest {
        let (newcomer, lines) = self.newcomer(number, room);
        let reserve = self.hub.reserve(UserName::parse(name).unwrap()).unwrap();
        let mut guest = Guest { visit: self.hub.sign_in(reserve, newcomer, NOW).unwrap(), lines };
        assert!(guest.line().starts_with("200 "));
        guest
    }
}

impl Drop for HubFixture {
    fn drop(&mut self) {
        self.flushers.stop();
        self.poller.stop();
    }
}

impl Guest {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn run_command(&mut self, command: Command<'_>) {
        self.visit.perform(command, Tag::default(), NOW);
        self.visit.flush();
    }
}

#[test]
fn a_network_opens_a_multiple_of_the_rooms_of_an_address() {
    let fixture = HubFixture::new(16);
    let mut opened: Vec<_> = (1..=8).map(|n| fixture.guest_of_network(n, &format!("room{n}")).unwrap()).collect();
    let refused = fixture.guest_of_network(9, "room9").unwrap_err();
    assert_eq!((refused.cause, refused.about.count), (Cause::AddressRooms, Some(8)));
    opened.pop();
    assert!(fixture.guest_of_network(10, "room9").is_ok(), "a room has closed");
}

/// Debug builds panic when a thread takes the hub's lock while it holds another lock of the same rank.
#[test]
#[cfg(debug_assertions)]
fn line_6_talking_takes_no_hub_lock() {
    use landline_server::ordered_mutex::OrderedMutex;
    for inline in [16, 0] {
        let fixture = HubFixture::new(inline);
        let mut alice = fixture.guest(1, "alice", "hall");
        let mut bob = fixture.guest(2, "bob", "hall");
        assert_eq!(alice.line(), "bob has connected to the chatroom");
        // The first line of a session waits until its arrival is announced, so no lock may be held yet.
        alice.run_command(Command::Say("first words"));
        assert_eq!(bob.line(), "alice: first words");
        let another_hub = OrderedMutex::<(), 1>::new(());
        let held = another_hub.lock();
        for _ in 0..100 {
            alice.run_command(Command::Say("hello"));
            assert_eq!(bob.line(), "alice: hello");
        }
        let listing = catch_unwind(AssertUnwindSafe(|| alice.run_command(Command::Online { after: None })));
        assert!(listing.is_err(), "this test does not notice a hub lock");
        drop(held);
        alice.run_command(Command::Online { after: None });
        assert_eq!(alice.line(), "Online clients: alice, bob");
    }
}

#[test]
fn a_panic_in_a_session_leaves_nothing_behind() {
    for inline in [16, 0] {
        let fixture = HubFixture::new(inline);
        let mut bob = fixture.guest(1, "bob", "hall");
        for round in 2..20 {
            let session = AssertUnwindSafe(|| {
                let mut alice = fixture.guest(round, "alice", "hall");
                alice.run_command(Command::Join("attic"));
                alice.run_command(Command::Connect("bob"));
                bob.run_command(Command::Accept(None));
                alice.run_command(Command::Say("in the attic"));
                alice.run_command(Command::Join("hall"));
                alice.visit.perform(Command::Say("last words"), Tag::default(), NOW);
                panic!("this panic is part of a test");
            });
            assert!(catch_unwind(session).is_err());
            for line in [
                "alice has connected to the chatroom",
                "PRIVATE_REQUEST_FROM:alice",
                "INFO: alice wants an off-the-record chat. /accept alice or /reject alice",
                "PRIVATE_CONNECTED:alice",
                "alice: last words",
                "PRIVATE_ENDED:alice:disconnected",
                "alice has left the chatroom",
            ] {
                assert_eq!(bob.line(), line);
            }
            assert_eq!(fixture.hub.user_count(), 1);
            bob.run_command(Command::Rooms { after: None });
            assert_eq!(bob.line(), "Rooms: hall (1)");
        }
    }
}

/// A session may be revoked between the moment when it is found and the moment when it goes on.
#[test]
fn a_client_whose_session_was_revoked_meanwhile_hears_the_refusal() {
    let fixture = HubFixture::new(16);
    let (newcomer, mut lines) = fixture.newcomer(1, "hall");
    let outbox = newcomer.outbox.clone();
    let token = Token::from_bits([1; 16]);
    let options = SessionOptions { token, transport: Transport::Clear, acks: false, seq: None };
    let reserve = fixture.hub.reserve(UserName::parse("alice").unwrap()).unwrap();
    let resumed = fixture.hub.resume_lost(reserve, token, newcomer, options, NOW);
    assert!(matches!(resumed, Err(NotResumed::Changed)));
    outbox.push_control(b"refused\n");
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "refused\n");
}
