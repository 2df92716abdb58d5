//! A WebSocket client of another project (tungstenite), with deadlines.

use crate::DEADLINE;
use serde_json::Value;
use std::net::{SocketAddr, TcpStream};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Response;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket, client};

/// A WebSocket that is open.
pub struct WebSocketClient {
    /// The socket.
    pub socket: WebSocket<TcpStream>,
}

impl WebSocketClient {
    /// Opens a WebSocket at `address`, whose page has the same origin.
    #[must_use]
    pub fn connect(address: SocketAddr) -> WebSocketClient {
        let (client, response) = WebSocketClient::connect_with(address, &[("Sec-WebSocket-Protocol", "landline.v1")]);
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "landline.v1");
        client
    }

    /// Opens a WebSocket with additional headers.
    #[must_use]
    pub fn connect_with(address: SocketAddr, headers: &[(&'static str, &str)]) -> (WebSocketClient, Response) {
        WebSocketClient::try_connect(address, headers).expect("a handshake")
    }

    /// Tries to open a WebSocket with additional headers.
    ///
    /// # Errors
    /// The server refuses; the text has its status.
    pub fn try_connect(
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<(WebSocketClient, Response), String> {
        let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let stream = TcpStream::connect(address).expect("connecting");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        match client::client(request, stream) {
            Ok((socket, response)) => Ok((WebSocketClient { socket }, response)),
            Err(why) => Err(why.to_string()),
        }
    }

    /// Sends a text.
    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("sending");
    }

    /// Signs in as a guest, and waits until the server confirms it.
    pub fn sign_in(&mut self, name: &str, room: &str) -> Value {
        self.send(&serde_json::json!({ "type": "guest", "user": name, "room": room }).to_string());
        self.receive_until(|event| event["event"] == "auth_ok" || event["type"] == "auth_ok")
    }

    /// Returns the next object.
    pub fn receive(&mut self) -> Value {
        loop {
            match self.socket.read().expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("an object"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns the first object that `is_wanted` accepts.
    pub fn receive_until(&mut self, mut is_wanted: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let event = self.receive();
            if is_wanted(&event) {
                return event;
            }
        }
    }

    /// Waits for the end. Returns the server's close frame; `None` if there was none.
    pub fn close_frame(&mut self) -> Option<CloseFrame> {
        let mut closed = None;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => closed = frame,
                Ok(_) => {}
                Err(_) => return closed,
            }
        }
    }
}
