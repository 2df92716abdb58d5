//! The bytes on their way to one client: sent at once while the kernel takes them, otherwise kept in a bounded backlog.
//!
//! Several threads send to one client: its own session, the threads that run cycles of its rooms, and the poller. None
//! of them may wait for a client that does not read. All fields that change are therefore behind one short lock, and a
//! send is a non-blocking system call under that lock. The invariants, each while the lock is free:
//!
//! - Bytes go to the kernel in the order of the pushes.
//! - At most [`Bounds::backlog_bytes`](super::Bounds) wait; a push that exceeds this disconnects the client.
//! - If bytes wait and the outbox is neither held nor disconnected, the poller has been asked for a wakeup
//!   ([`PollTarget::on_wakeup`]).
//! - Each [`Receipt`] is called exactly once.
//!
//! | state | a push | left by |
//! |---|---|---|
//! | clear | sends; what the kernel does not take becomes the backlog | a full kernel buffer: blocked |
//! | blocked | appends to the backlog | the poller, once all is sent, or after `stalled` without progress: disconnected |
//! | held | keeps the bytes apart; those from before are still sent | [`Outbox::release`], which sends the greeting first |
//! | input closed | drops the bytes; the backlog is still sent | [`Outbox::disconnect`] |
//! | disconnected | drops the bytes | never |
//!
//! "Input closed" and "held" combine with the states above them. A *paced* outbox queues whole messages instead of bytes,
//! see [`super::pacing`].
//!
//! The outbox of a client that uses TLS encrypts under the same lock: records carry sequence numbers, so encrypting and
//! queueing are one step. The backlog then has records. Held bytes and paced messages stay plaintext until they are sent.
//! The client's thread decrypts under the lock too ([`Outbox::receive`]), and what TLS answers goes out like all bytes.
//!
//! This module does not render, does not know rooms, and does not end a session: disconnecting wakes the session's
//! thread, which then ends the session.

mod held;
mod sending;

use super::pacing::{PacedQueue, Pacing};
use super::poller::{PollTarget, Poller};
use super::receipts::{Receipt, Receipts};
use super::{ClientId, DisconnectReason};
use crate::net::Stream;
use crate::ordered_mutex::{OrderedMutex, OrderedMutexGuard};
use held::HeldBytes;
use landline_common::tls::{TlsError, TlsSession};
use parking_lot::Condvar;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

/// Appends the last bytes for a client whose connection the server ends, by the reason.
pub type Farewell = fn(DisconnectReason, &mut Vec<u8>);

/// Sends to one client, without ever waiting for it.
#[derive(Debug)]
pub struct Outbox {
    client: ClientId,
    stream: Arc<Stream>,
    poller: Arc<Poller>,
    state: OrderedMutex<OutboxState, 4>,
    /// Notified when the last waiting byte is sent, and on disconnection.
    drained: Condvar,
}

#[derive(Debug)]
struct OutboxState {
    /// Encrypts and decrypts, once the client has begun TLS.
    tls: Option<TlsSession>,
    /// Bytes that the kernel did not take, as they go out. Those before `sent` have gone out since.
    backlog: Vec<u8>,
    sent: usize,
    /// The backlog has bytes to send, since the kernel's buffer was full; new bytes must queue behind them.
    blocked: bool,
    /// The bytes pushed since [`Outbox::hold`].
    held: Option<HeldBytes>,
    /// New bytes are dropped.
    input_closed: bool,
    disconnected: Option<DisconnectReason>,
    /// While blocked: when the kernel last took bytes.
    progress: Instant,
    /// The earliest time for which the poller has been asked to call [`Outbox::on_wakeup`].
    wakeup: Option<Instant>,
    paced: Option<PacedQueue>,
    receipts: Receipts,
    farewell: Option<Farewell>,
    /// The end of this side has been sent.
    is_ended: bool,
}

type StateGuard<'a> = OrderedMutexGuard<'a, OutboxState, 4>;

impl Outbox {
    /// Makes the outbox of a client that has just connected.
    #[must_use]
    pub fn new(client: ClientId, stream: &Arc<Stream>, poller: &Arc<Poller>) -> Arc<Outbox> {
        let state = OutboxState {
            tls: None,
            backlog: Vec::new(),
            sent: 0,
            blocked: false,
            held: None,
            input_closed: false,
            disconnected: None,
            progress: Instant::now(),
            wakeup: None,
            paced: None,
            receipts: Receipts::default(),
            farewell: None,
            is_ended: false,
        };
        Arc::new(Outbox {
            client,
            stream: stream.clone(),
            poller: poller.clone(),
            state: OrderedMutex::new(state),
            drained: Condvar::new(),
        })
    }

    /// Returns the client that this outbox sends to.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// Returns the connection.
    #[must_use]
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Encrypts all later bytes. Call it before anything is pushed.
    pub fn start_tls(&self, session: TlsSession) {
        self.state.lock().tls = Some(session);
    }

    /// Decrypts bytes that were received, and appends the plaintext. Sends what TLS answers. Returns true if the client
    /// has ended its side in order.
    ///
    /// # Errors
    /// The client violated the protocol; it has been told, and the connection must end.
    pub fn receive(self: &Arc<Self>, received: &[u8], plaintext: &mut Vec<u8>) -> Result<bool, TlsError> {
        let mut state = self.state.lock();
        let Some(tls) = &mut state.tls else {
            plaintext.extend_from_slice(received);
            return Ok(false);
        };
        let outcome = tls.receive(received, plaintext).map(|()| tls.is_closed_by_peer());
        let mut answer = Vec::new();
        tls.take_output(&mut answer);
        if !answer.is_empty() && state.disconnected.is_none() {
            self.send_records(&mut state, &answer);
        }
        outcome
    }

    /// Returns true while the client has begun TLS and its handshake is not complete.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.state.lock().tls.as_ref().is_some_and(TlsSession::is_handshaking)
    }

    /// Returns true if the client uses TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.state.lock().tls.is_some()
    }

    /// Switches to pacing: sends each line as a message of its own, without its newline. Bytes that already wait go out
    /// first.
    pub fn pace(&self, pacing: Pacing) {
        self.state.lock().paced.get_or_insert_with(|| PacedQueue::new(pacing));
    }

    /// Keeps later bytes until [`Outbox::release`]: a user enters rooms before the greeting is complete, and clients
    /// expect the greeting first.
    pub fn hold(&self) {
        self.state.lock().held.get_or_insert_with(HeldBytes::default);
    }

    /// Sends `first`, then the bytes pushed since [`Outbox::hold`]. The receipt is called when the kernel has taken all
    /// of these.
    pub fn release(self: &Arc<Self>, first: &[u8], receipt: Option<Receipt>) {
        let mut state = self.state.lock();
        let held = state.held.take().unwrap_or_default();
        // A closed input does not matter here: these bytes were accepted and go out.
        let receipts = self.send_held(&mut state, first, held);
        for receipt in receipts.into_iter().chain(receipt) {
            state.add_receipt(receipt);
        }
    }

    /// Sets the last bytes for a client whose connection another thread ends. They are sent if nothing else waits.
    pub fn set_farewell(&self, farewell: Farewell) {
        self.state.lock().farewell = Some(farewell);
    }

    /// Ends this side in order, after [`Outbox::flush`]: sends `last`, and the end of TLS. Drops all later pushes.
    pub fn end(&self, last: &[u8]) {
        let mut state = self.state.lock();
        state.input_closed = true;
        self.send_end(&mut state, last);
    }

    /// Sends whole lines of talk. For an unframed client that is far behind, talk may be merged into fewer messages.
    /// Returns true if the kernel has taken these lines and all bytes before them.
    pub fn push_talk(self: &Arc<Self>, lines: &[IoSlice<'_>]) -> bool {
        self.push(lines, true).is_clear()
    }

    /// Sends whole lines that must not be merged: answers, and lines that clients compare to the letter.
    pub fn push_control(self: &Arc<Self>, lines: &[u8]) {
        self.push(&[IoSlice::new(lines)], false);
    }

    /// Like [`Outbox::push_control`]; the receipt is called when the kernel has taken these lines.
    pub fn push_with_receipt(self: &Arc<Self>, lines: &[u8], receipt: Receipt) {
        let mut state = self.push(&[IoSlice::new(lines)], false);
        if state.input_closed {
            return receipt(false);
        }
        match &mut state.held {
            Some(held) => held.receipts.push(receipt),
            None => state.add_receipt(receipt),
        }
    }

    /// Returns true if a receipt has not been called yet.
    #[must_use]
    pub fn has_pending_receipts(&self) -> bool {
        !self.state.lock().receipts.is_empty()
    }

    /// Returns true if the kernel has taken all bytes. False once the input is closed or the client is disconnected,
    /// since pushes may have been dropped.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.state.lock().is_clear()
    }

    /// Returns the number of bytes that the kernel has not taken yet.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.state.lock().queued_bytes()
    }

    /// Returns the reason if the server has ended the connection.
    #[must_use]
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.state.lock().disconnected
    }

    /// Waits until the kernel has taken all bytes. Returns false if it has not by `deadline`, or the client was
    /// disconnected.
    pub fn flush(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        while state.disconnected.is_none() && state.queued_bytes() > 0 {
            if !state.wait_until(&self.drained, deadline) {
                return false;
            }
        }
        state.disconnected.is_none()
    }

    /// Drops all later pushes; bytes that already wait are still sent.
    pub fn close_input(&self) {
        self.state.lock().input_closed = true;
    }

    /// Ends the connection and wakes its session's thread. If bytes still wait, the client sees a reset; otherwise the
    /// connection closes in order. Only the first reason counts.
    pub fn disconnect(&self, why: DisconnectReason) {
        self.disconnect_locked(&mut self.state.lock(), why);
    }
}

impl PollTarget for Outbox {
    fn client(&self) -> ClientId {
        self.client
    }

    fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    fn queued_bytes(&self) -> usize {
        self.queued_bytes()
    }

    fn on_wakeup(self: Arc<Self>, now: Instant) {
        let mut state = self.state.lock();
        if state.wakeup.is_some_and(|at| at <= now) {
            state.wakeup = None;
        }
        self.send_waiting(&mut state, now);
    }

    fn disconnect(&self, why: DisconnectReason) {
        self.disconnect(why);
    }
}

impl OutboxState {
    fn queued_bytes(&self) -> usize {
        let held = self.held.as_ref().map_or(0, |held| held.bytes);
        self.backlog.len() - self.sent + self.paced.as_ref().map_or(0, PacedQueue::bytes) + held
    }

    fn is_clear(&self) -> bool {
        self.disconnected.is_none() && !self.input_closed && self.queued_bytes() == 0
    }

    /// Moves the receipts of paced messages, in front of which `bytes` go out that were not counted. Other receipts stand
    /// behind bytes of the backlog, whose number is known.
    fn shift_paced_receipts(&mut self, bytes: usize) {
        if self.paced.is_some() {
            self.receipts.shift(bytes);
        }
    }

    /// Adds a receipt for all bytes pushed so far. Calls it at once if the kernel has taken them, or never will.
    fn add_receipt(&mut self, receipt: Receipt) {
        if self.disconnected.is_some() {
            receipt(false);
        } else {
            self.receipts.add(self.queued_bytes(), receipt);
        }
    }
}
