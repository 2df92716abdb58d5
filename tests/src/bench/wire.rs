//! The bytes of one client: its messages as lines or as frames, in the clear or through TLS.
//!
//! A codec without a socket: [`super::crowd`] sends what it appends. Handshakes need no waiting either. A client sends
//! its first messages at once; TLS keeps them until its handshake is complete, and they may follow the request for a
//! WebSocket directly.

use super::splitter::{split_frames, split_lines};
use crate::any_certificate;
use anyhow::Context;
use landline_common::tls::TlsSession;
use memchr::memmem;
use rustls::ClientConfig;
use std::io::{IoSlice, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The key of the example in RFC 6455, section 1.3. The answer to it is not checked.
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// Browsers need an unpredictable mask, against proxies that interpret frames.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// End of the head of an HTTP response.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Beginning of the response that opens a WebSocket.
const UPGRADED: &[u8] = b"HTTP/1.1 101 ";

/// The protocol by which the clients of a run talk to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientProtocol {
    /// Whether the clients use TLS.
    pub tls: bool,
    /// The form of messages and events.
    pub form: MessageForm,
}

/// The form of messages and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageForm {
    /// Lines of text.
    #[default]
    Text,
    /// Command objects and events, one per line.
    JsonLines,
    /// Command objects and events, one per frame of a WebSocket.
    WebSocket,
}

/// Makes the wires of all clients.
#[derive(Clone, Debug)]
pub struct WireFactory {
    form: MessageForm,
    tls: Option<Arc<ClientConfig>>,
}

/// The state of one client's bytes.
#[derive(Debug)]
pub struct Wire {
    form: MessageForm,
    tls: Option<TlsSession>,
    /// The response to the request for a WebSocket has not arrived yet.
    awaits_upgrade: bool,
    /// Beginning of a message whose end has not arrived yet.
    partial: Vec<u8>,
}

/// The connection must end: the server broke a protocol, or has closed it.
#[derive(Debug)]
pub struct WireEnd;

impl WireFactory {
    /// Prepares for the clients of a run.
    pub fn new(protocol: ClientProtocol) -> WireFactory {
        WireFactory { form: protocol.form, tls: protocol.tls.then(any_certificate) }
    }

    /// Makes the wire of a client, and appends the first bytes to send.
    ///
    /// # Errors
    /// TLS cannot be used.
    pub fn connect(&self, address: SocketAddr, out: &mut Vec<u8>) -> anyhow::Result<Wire> {
        let session = |config| TlsSession::client(config, address.ip().into()).context("TLS");
        let tls = self.tls.as_ref().map(session).transpose()?;
        let is_websocket = self.form == MessageForm::WebSocket;
        let mut wire = Wire { form: self.form, tls, awaits_upgrade: is_websocket, partial: Vec::new() };
        if is_websocket {
            let request = format!(
                "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {WEBSOCKET_KEY}\r\n\
                 Sec-WebSocket-Protocol: landline.v1\r\n\r\n"
            );
            wire.encrypt(request.as_bytes(), out);
        } else if let Some(tls) = &mut wire.tls {
            tls.take_output(out);
        }
        Ok(wire)
    }
}

impl Wire {
    /// Appends the bytes of a message.
    pub fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) {
        let mut bytes = Vec::with_capacity(message.len() + 16);
        if self.form == MessageForm::WebSocket {
            write_masked(OpCode::Data(Data::Text), message, &mut bytes);
        } else {
            bytes.extend_from_slice(message);
            bytes.push(b'\n');
        }
        self.encrypt(&bytes, out);
    }

    fn encrypt(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.tls {
            None => out.extend_from_slice(bytes),
            Some(tls) => tls.encrypt(&[IoSlice::new(bytes)], out),
        }
    }

    /// Passes each whole message in received bytes to `handle`, and appends what must be answered to `out`. `scratch` is
    /// shared by all clients, for decrypted bytes.
    ///
    /// # Errors
    /// The connection must end.
    pub fn decode(
        &mut self,
        received: &[u8],
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
        handle: impl FnMut(&[u8]),
    ) -> Result<(), WireEnd> {
        let Some(tls) = &mut self.tls else { return self.split(received, out, handle) };
        scratch.clear();
        let outcome = tls.receive(received, scratch);
        tls.take_output(out);
        self.split(scratch, out, handle)?;
        outcome.map_err(|_| WireEnd)
    }

    fn split(&mut self, bytes: &[u8], out: &mut Vec<u8>, mut handle: impl FnMut(&[u8])) -> Result<(), WireEnd> {
        if self.form != MessageForm::WebSocket {
            split_lines(&mut self.partial, bytes, handle);
            return Ok(());
        }
        if !self.awaits_upgrade {
            return self.split_frames(bytes, out, handle);
        }
        self.partial.extend_from_slice(bytes);
        let Some(end) = memmem::find(&self.partial, HEAD_END) else { return Ok(()) };
        let head = std::mem::take(&mut self.partial);
        if !head.starts_with(UPGRADED) {
            handle(&head[..end]);
            return Err(WireEnd);
        }
        self.awaits_upgrade = false;
        self.split_frames(&head[end + HEAD_END.len()..], out, handle)
    }

    fn split_frames(&mut self, bytes: &[u8], out: &mut Vec<u8>, mut handle: impl FnMut(&[u8])) -> Result<(), WireEnd> {
        let mut pongs = Vec::new();
        let whole = split_frames(&mut self.partial, bytes, |opcode, payload| match opcode {
            OpCode::Data(Data::Text) => {
                handle(payload);
                true
            }
            OpCode::Control(Control::Ping) => {
                write_masked(OpCode::Control(Control::Pong), payload, &mut pongs);
                true
            }
            OpCode::Control(Control::Pong) => true,
            _ => false,
        });
        if !pongs.is_empty() {
            self.encrypt(&pongs, out);
        }
        if whole { Ok(()) } else { Err(WireEnd) }
    }

    /// Returns the bytes of the message that has not arrived completely.
    pub fn partial_bytes(&self) -> usize {
        self.partial.len()
    }
}

/// Appends a frame of a client.
fn write_masked(opcode: OpCode, payload: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, mask: Some(MASK), is_final: true, ..FrameHeader::default() };
    // A vector takes all bytes.
    let _ = header.format(payload.len() as u64, out);
    let _ = out.write_all(&payload.iter().zip(MASK.iter().cycle()).map(|(b, mask)| b ^ mask).collect::<Vec<u8>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(form: MessageForm, first: &mut Vec<u8>) -> Wire {
        let factory = WireFactory::new(ClientProtocol { tls: false, form });
        factory.connect("127.0.0.1:80".parse().unwrap(), first).unwrap()
    }

    fn decode(wire: &mut Wire, received: &[u8]) -> (Vec<String>, Vec<u8>, bool) {
        let (mut messages, mut out) = (Vec::new(), Vec::new());
        let outcome = wire.decode(received, &mut Vec::new(), &mut out, |message| {
            messages.push(String::from_utf8_lossy(message).into_owned());
        });
        (messages, out, outcome.is_ok())
    }

    #[test]
    fn a_websocket_is_opened_then_carries_frames() {
        let mut first = Vec::new();
        let mut wire = wire(MessageForm::WebSocket, &mut first);
        assert!(first.starts_with(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"));
        assert_eq!(decode(&mut wire, b"HTTP/1.1 101 Switching\r\n\r"), (vec![], vec![], true));
        assert_eq!(decode(&mut wire, b"\n\x81\x02hi\x81"), (vec!["hi".to_owned()], vec![], true));
        let (messages, pong, _) = decode(&mut wire, b"\x02ho\x89\x01!");
        assert_eq!((messages, &pong[..2]), (vec!["ho".to_owned()], &[0x8a, 0x81][..]));
        assert!(!decode(&mut wire, b"\x88\x00").2, "a close frame ends the connection");
        let mut sent = Vec::new();
        wire.encode(b"abcde", &mut sent);
        assert_eq!(
            (&sent[..6], sent[6], sent[10]),
            (&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d][..], b'a' ^ 0x37, b'e' ^ 0x37)
        );
    }

    #[test]
    fn a_refused_websocket_shows_the_response() {
        let mut wire = wire(MessageForm::WebSocket, &mut Vec::new());
        let refused = decode(&mut wire, b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(refused, (vec!["HTTP/1.1 503 Service Unavailable".to_owned()], vec![], false));
    }

    #[test]
    fn lines_end_with_a_line_feed() {
        let mut first = Vec::new();
        let mut wire = wire(MessageForm::JsonLines, &mut first);
        wire.encode(b"{}", &mut first);
        assert_eq!(first, b"{}\n");
        assert_eq!(decode(&mut wire, b"{\"a\":1}\n{").0, ["{\"a\":1}"]);
        assert_eq!(wire.partial_bytes(), 1);
    }
}
