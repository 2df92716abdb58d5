//! The Python package `websockets` as client. Only the HTTP upgrade is tungstenite's.

use crate::fixture::{HubFixture, NOW};
use landline_common::command::SignIn;
use landline_common::command::object::label_in_beginning;
use landline_common::lines::{Framing, ReadMessage};
use landline_common::websocket::{MessageReader, Received, write_close, write_pong};
use landline_common::{Cause, Limits, Rendering, Request, UserName};
use landline_server::door::websocket::WebSocketDoor;
use landline_server::door::{AuthRequest, Door, DoorAction, ServerInfo};
use landline_server::fanout::DisconnectReason;
use landline_server::hub::{Session, SessionOptions, SignInRequest, Tag, Token, Transport};
use landline_tests::{DEADLINE, python_with};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Instant;
use tungstenite::handshake::server::{Request as Upgrade, Response};

/// The server's side of one connection.
struct Served<'f> {
    fixture: &'f HubFixture,
    door: WebSocketDoor,
    request: Option<SignInRequest>,
    session: Option<Session>,
}

impl Served<'_> {
    fn handle(&mut self, message: &ReadMessage<'_>) {
        match (message, &mut self.session) {
            (ReadMessage::Text(text), None) => self.sign_in(text),
            (ReadMessage::Text(text), Some(session)) => {
                let request = Request::parse(text).unwrap();
                let tag = Tag { label: request.answer_label(), ..Tag::default() };
                session.perform(request.command().unwrap(), tag, NOW);
                session.flush();
            }
            (ReadMessage::TooLong(beginning), session) => {
                let session = session.as_mut().unwrap();
                session.refuse_labeled(label_in_beginning(beginning), Cause::LineTooLong.with_count(1), NOW);
            }
        }
    }

    fn sign_in(&mut self, text: &str) {
        match self.door.handle_line(text, Framing::Lines) {
            DoorAction::Reply(events) => {
                let mut bytes = Vec::new();
                for event in events {
                    self.door.rendering().write(&event.at(NOW), &Limits::default(), &mut bytes);
                }
                self.request.as_ref().unwrap().outbox.push_control(&bytes);
            }
            DoorAction::Try(AuthRequest::Object { sign_in: SignIn::Guest { user, .. }, session, .. }) => {
                let mut request = self.request.take().unwrap();
                request.options.label = session.label;
                let reservation = self.fixture.hub.reserve(UserName::parse(&user).unwrap()).unwrap();
                let mut session = self.fixture.hub.sign_in(reservation, request, NOW).unwrap();
                session.catch_up(&[], NOW);
                self.session = Some(session);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Upgrades one connection and serves it up to a close or a violation, which the client gets.
fn serve(fixture: &HubFixture, socket: TcpStream) {
    // The type of the error is tungstenite's.
    #[allow(clippy::result_large_err)]
    let add_protocol = |_: &Upgrade, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", "landline.v1".parse().unwrap());
        Ok(response)
    };
    let mut socket = tungstenite::accept_hdr(socket, add_protocol).unwrap().into_inner();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let token = Token::from_bits([1; 16]);
    let options = SessionOptions { token, transport: Transport::Clear, acks: false, seq: None };
    let request = fixture.request(1, socket.try_clone().unwrap(), Rendering::WebSocket, Some(options));
    let outbox = request.outbox.clone();
    let door = WebSocketDoor::new(ServerInfo { has_password: false });
    let mut served = Served { fixture, door, request: Some(request), session: None };
    let mut reader = MessageReader::new(64 << 10);
    let mut bytes = [0; 4_096];
    loop {
        let count = socket.read(&mut bytes).unwrap();
        assert!(count > 0, "the client left without a close");
        reader.append(&bytes[..count]);
        while let Some(received) = reader.next() {
            let mut answer = Vec::new();
            match received {
                Received::Message(message) => served.handle(&message),
                Received::Ping(payload) => write_pong(payload, &mut answer),
                Received::Pong => {}
                Received::Close { .. } => return,
                Received::Violation(violation) => {
                    write_close(violation.code, violation.reason, &mut answer);
                    outbox.push_control(&answer);
                    outbox.flush(Instant::now() + DEADLINE);
                    return outbox.disconnect(DisconnectReason::Closed);
                }
            }
            outbox.push_control(&answer);
        }
    }
}

#[test]
fn python_websockets_client_chats_and_hears_why_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python_with("websockets==17.4", folder.path()) else { return };
    let fixture = HubFixture::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    thread::scope(|scope| {
        scope.spawn(|| serve(&fixture, listener.accept().unwrap().0));
        let output = Command::new(python).args(["-c", include_str!("client.py"), &url]).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "done", "{complaint}");
    });
}
