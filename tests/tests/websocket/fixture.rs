//! A hub without ports and doors.

use landline_common::{Limits, OffsetDateTime, Rendering, RoomName};
use landline_server::fanout::{Bounds, Flushers, Outbox, Poller};
use landline_server::hub::{Hub, SessionOptions, SignInOptions, SignInRequest};
use landline_server::net::Stream;
use landline_tests::NullStorage;
use std::net::TcpStream;
use std::sync::Arc;

pub const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_248_000_000, offset_s: 0 };

/// A hub with its threads, stopped on drop.
pub struct HubFixture {
    pub hub: Arc<Hub>,
    flushers: Arc<Flushers>,
    poller: Arc<Poller>,
}

impl HubFixture {
    pub fn new() -> HubFixture {
        let limits = Limits { presence_lines: u64::MAX, ..Limits::default() };
        let flushers = Flushers::start(&limits).unwrap();
        let poller = Poller::start(Bounds::of(&limits)).unwrap();
        let hub =
            Hub::new("Landline", "http://10.0.0.1:8080".into(), &limits, &flushers, &poller, Arc::new(NullStorage), 1);
        HubFixture { hub, flushers, poller }
    }

    /// Makes the sign-in of a client whose connection ends at `socket`.
    pub fn request(
        &self,
        client: u64,
        socket: TcpStream,
        rendering: Rendering,
        session: Option<SessionOptions>,
    ) -> SignInRequest {
        let stream = Arc::new(Stream::new(socket, 128 << 10).unwrap());
        SignInRequest {
            outbox: Outbox::new(client, &stream, &self.poller),
            rendering,
            account: false,
            room: RoomName::parse("hall").unwrap(),
            address: "".into(),
            options: SignInOptions { session, ..SignInOptions::default() },
        }
    }
}

impl Drop for HubFixture {
    fn drop(&mut self) {
        self.flushers.stop();
        self.poller.stop();
    }
}
