//! One client's thread, from the first byte to the last: the only module that uses every layer.
//!
//! ```text
//! bytes ─▶ Transport ─▶ ReceiveBuffer ─▶ message ─▶ before the sign-in: the door, then a request (sign_in.rs)
//!                                               └─▶ afterwards: Dispatcher ─▶ hub::Session (dispatch.rs)
//! ```
//!
//! [`serve`] finds the client's protocol by its first bytes (arrival.rs) and signs the client in, both on a thread that
//! then ends (apart.rs). It runs the session, and closes the connection. Each round of the session's loop carries out
//! every message that has arrived, and publishes their talk with one append to the room's log. Then it waits in `read`
//! until bytes arrive or the next deadline passes: the idle timeout, or a report about dropped lines. Another thread ends
//! the session by [`Outbox::disconnect`], which wakes the `read`.

mod account;
mod apart;
mod arrival;
mod authenticate;
mod context;
mod deadline;
mod dispatch;
mod http;
mod inbound;
mod input;
mod keep_alive;
mod passwords;
mod probing;
mod questions;
mod record;
mod renaming;
mod resuming;
mod sign_in;
mod transport;
mod unsent;

pub use context::ServerContext;

use crate::codec::{PortKind, Protocol};
use crate::connections::ConnectionGuard;
use crate::door::{Door, DoorKind, DoorSpec};
use crate::fanout::{DisconnectReason, Outbox};
use crate::guard::{IdleState, IdleTimer, LogCause, Rate, RateVerdict};
use crate::hub::{AfterCommand, Session};
use crate::net::{ReadResult, Stream};
use arrival::Arrival;
use dispatch::Dispatcher;
use input::{End, Input, WebSocketInput};
use keep_alive::{KeepAlive, Liveness};
use landline_common::limits::count;
use landline_common::lines::{Framing, ReadMessage, ReceiveBuffer};
use landline_common::websocket::write_ping;
use landline_common::{Cause, Limits};
use log::Level;
use passwords::Passwords;
use record::SessionRecord;
use sign_in::SignedIn;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::{Chunks, Transport};
use unsent::DroppedLines;

/// Time that a client may take to close after the server has closed its sending side.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// One connected client.
struct Connection<'s> {
    context: &'s ServerContext,
    outbox: &'s Arc<Outbox>,
    transport: Transport<'s>,
    port_kind: PortKind,
    /// The client's address, by which it is limited.
    address: IpAddr,
    door: &'static DoorSpec,
    guard: &'s ConnectionGuard,
    input: Input,
    /// The rate limit of lines.
    rate: Rate,
    /// The rate limit of command objects that only keep the connection going: pings, pongs, acknowledgements.
    upkeep_rate: Rate,
    /// The client waited for the greeting at a main port, as a user at a terminal does.
    waited_for_greeting: bool,
}

fn upkeep_rate(context: &ServerContext) -> Rate {
    let lines = u32::try_from(context.limits.upkeep_lines).unwrap_or(u32::MAX);
    // Never ends a session: other users and the server itself cause acknowledgements and pongs.
    Rate::new(context.rate.map(|(_, per)| (lines, per)), u64::MAX)
}

/// The reason for which a session ended, as `sessions.jsonl` has it.
type Reason = &'static str;

/// Reasons after which a session may be resumed: the user did not mean to leave.
const LOST: Reason = "connection lost";
const CLOSED: Reason = "connection closed";
const TOO_SLOW: Reason = "too slow";
/// The sign-in was refused, or the client left during it.
const REFUSED: Reason = "not signed in";
/// The client resumed the session over another connection.
const RESUMED: Reason = "resumed elsewhere";

/// Time after the sign-in from which bytes of a client prove that it has read the answer, and so has its token.
const TOKEN_CONFIRMED: Duration = Duration::from_secs(2);

/// Serves one client until it leaves or is disconnected.
pub fn serve(
    context: &ServerContext,
    stream: &Stream,
    outbox: &Arc<Outbox>,
    port_kind: PortKind,
    guard: &ConnectionGuard,
) {
    let mut connection = Connection {
        context,
        outbox,
        transport: Transport::new(stream, outbox),
        port_kind,
        address: stream.address(),
        door: DoorKind::Text.spec(),
        guard,
        input: Input::Lines(ReceiveBuffer::new(0)),
        rate: Rate::new(context.rate, context.limits.dropped_lines),
        upkeep_rate: upkeep_rate(context),
        waited_for_greeting: false,
    };
    let reason = match apart::arrive(&mut connection) {
        Ok((session, door)) => connection.run_session(session, door.as_ref()),
        Err(reason) => reason,
    };
    let farewell = connection.input.farewell(reason);
    let flush = Limits::seconds(context.limits.flush_seconds);
    if outbox.flush(Instant::now() + flush) {
        outbox.end(&farewell);
        stream.close_gracefully(Instant::now() + CLOSE_TIME);
    }
    outbox.disconnect(DisconnectReason::Closed);
}

impl Connection<'_> {
    /// Finds the protocol of the client, and signs it in. Otherwise returns the reason for which it ended.
    fn arrive(&mut self) -> Result<SignedIn, Reason> {
        let Arrival { protocol, first, last } = self.identify().ok_or("")?;
        let limits = &self.context.limits;
        let door = match protocol {
            Protocol::LanTalk => DoorKind::LanTalk,
            Protocol::Http => DoorKind::WebSocket,
            Protocol::Text | Protocol::Tls => DoorKind::Text,
        };
        self.door = door.spec();
        let longest = count((self.door.max_message_bytes)(limits));
        let last = if protocol == Protocol::Http {
            let rest = self.serve_requests(first).ok_or(CLOSED)?;
            self.input = Input::WebSocket(Chunks::new(WebSocketInput::new(longest, &rest)));
            if rest.is_empty() { ReadResult::TimedOut } else { ReadResult::Bytes(rest.len()) }
        } else {
            let is_program = self.door.speaks_first;
            let mut lines = if is_program { ReceiveBuffer::lines_only(longest) } else { ReceiveBuffer::new(longest) };
            for read in first {
                lines.accept(&read);
            }
            self.input = Input::Lines(lines);
            last
        };
        self.sign_in(last).ok_or(REFUSED)
    }

    /// Sends what the codec itself answers: telnet options, pongs.
    fn send_codec_answers(&mut self) {
        let answers = self.input.take_answers();
        if !answers.is_empty() {
            self.outbox.push_control(&answers);
        }
    }

    /// Returns the most bytes of a message at this door.
    fn max_message_bytes(&self) -> u64 {
        (self.door.max_message_bytes)(&self.context.limits)
    }

    /// Runs the session of a client that has signed in, until it ends, and records the sign-in and the sign-out.
    fn run_session(&mut self, mut session: Box<Session>, door: &dyn Door) -> Reason {
        let context = self.context;
        let record = SessionRecord::begin(context, self.address, self.transport.stream.port(), session.user());
        let reason = self.run_messages(&mut session, door, &record);
        session.set_time(context.clock.now());
        let reason = self.outbox.disconnect_reason().map_or(reason, |disconnected| match disconnected {
            DisconnectReason::TooSlow => TOO_SLOW,
            DisconnectReason::Broken | DisconnectReason::Failed => LOST,
            DisconnectReason::Closed => "server stopped",
            DisconnectReason::Kicked => "kicked",
            DisconnectReason::Banned => "banned",
            DisconnectReason::Resumed => RESUMED,
        });
        if [LOST, CLOSED, TOO_SLOW].contains(&reason) {
            session.mark_connection_lost();
        }
        if self.outbox.has_pending_receipts() {
            // Decides the mail on its way before the user can sign in again: it is delivered, or back in the mailbox.
            let flush = Limits::seconds(context.limits.flush_seconds);
            if !self.outbox.flush(Instant::now() + flush) {
                self.outbox.disconnect(DisconnectReason::TooSlow);
            }
        }
        record.end(session.user(), reason);
        reason
    }

    /// The loop of a session. Returns the reason for which it ended.
    fn run_messages(&mut self, session: &mut Session, door: &dyn Door, record: &SessionRecord<'_>) -> Reason {
        let context = self.context;
        let user = session.user().clone();
        let warning = Limits::seconds(context.limits.idle_warning_seconds);
        let mut idle = IdleTimer::new(context.timeout, warning, Instant::now());
        self.rate = Rate::new(context.rate, context.limits.dropped_lines);
        let unframed = self.input.framing() == Framing::Unframed;
        let budget = context.budgets.of(self.address, Instant::now());
        let mut dispatcher = Dispatcher {
            session,
            door,
            record,
            passwords: Passwords { context, address: self.address },
            questions: None,
            talk_allowed_from: Instant::now(),
            budget,
            unframed,
            in_file: false,
            active: false,
            over_budget: false,
            dropped: DroppedLines::default(),
            rendering: user.rendering(),
            user,
        };
        let ping_interval = Limits::seconds(context.limits.websocket_ping_seconds);
        let mut keep_alive = self.input.is_websocket().then(|| KeepAlive::new(ping_interval, Instant::now()));
        let mut confirm_at = dispatcher.user.supports_pings().then(|| Instant::now() + TOKEN_CONFIRMED);
        loop {
            // Before the first read: messages that followed the sign-in at once are already in the buffer.
            if let ControlFlow::Break(reason) = self.handle_pending(&mut dispatcher) {
                return reason;
            }
            self.send_codec_answers();
            match self.input.end() {
                Some(End::Closed(_)) => return CLOSED,
                Some(End::Violation(violation)) => return violation.reason,
                None => {}
            }
            // After a broken connection the loop continues: messages that arrived before it broke are still carried
            // out.
            if self.outbox.disconnect_reason().is_some_and(|reason| reason != DisconnectReason::Broken) {
                return "cut off";
            }
            let instant = Instant::now();
            if std::mem::take(&mut dispatcher.active) {
                idle.restart(instant);
            }
            match idle.poll(instant) {
                IdleState::Active => {}
                IdleState::Warn => {
                    let left = context.limits.idle_warning_seconds;
                    dispatcher.send_event(Cause::IdleWarning.with_seconds(left).into(), context.clock.now());
                }
                IdleState::Expired => {
                    dispatcher.send_event(Cause::Idle.report().into(), context.clock.now());
                    return "idle";
                }
            }
            if let Some(report) = dispatcher.dropped.take_due(instant) {
                dispatcher.send_event(report.into(), context.clock.now());
            }
            match keep_alive.as_mut().map(|keep_alive| keep_alive.poll(instant)) {
                Some(Liveness::Lost) => return LOST,
                Some(Liveness::Ping) => {
                    let mut ping = Vec::new();
                    write_ping(b"", &mut ping);
                    self.outbox.push_control(&ping);
                }
                Some(Liveness::Unknown) | None => {}
            }
            let due = dispatcher.dropped.due().into_iter().chain(keep_alive.as_ref().map(KeepAlive::due));
            let deadline = due.fold(idle.deadline(), Instant::min);
            match self.transport.read(&mut self.input, deadline) {
                ReadResult::Bytes(_) => {
                    self.send_codec_answers();
                    match &mut keep_alive {
                        // Pongs are not activity: a browser answers pings by itself.
                        Some(keep_alive) => keep_alive.note_bytes(Instant::now()),
                        None => dispatcher.active = !context.strict_timeout,
                    }
                    if confirm_at.take_if(|at| Instant::now() >= *at).is_some() {
                        dispatcher.session.confirm_token();
                    }
                }
                ReadResult::TimedOut => {}
                ReadResult::Closed => {
                    self.handle_final(&mut dispatcher);
                    dispatcher.report_dropped(context.clock.now());
                    return CLOSED;
                }
                // Drop a partial line: after a reset its end is unknown, and the whole may have meant something else.
                ReadResult::Broken => return LOST,
            }
        }
    }

    /// Handles the last message of a client that has closed; it may lack its line end. A partial command object is
    /// dropped: the client may have died while it wrote something private.
    // Not inlined: its locals would lie on the stack of an idle session.
    #[inline(never)]
    fn handle_final(&mut self, dispatcher: &mut Dispatcher<'_>) {
        if self.outbox.disconnect_reason().is_some() || !dispatcher.session.begin_turn() {
            return;
        }
        let now = self.context.clock.now();
        let instant = Instant::now();
        let longest = self.max_message_bytes();
        let Some(message) = self.input.finish() else { return dispatcher.session.flush() };
        match (&message, inbound::parse_object(&message, dispatcher.rendering, &self.context.limits)) {
            (_, Some(Ok(object))) => {
                let object = Ok(object);
                let lines = dispatcher.lines_of_object(&object);
                if self.rate.charge_message(lines, instant) == RateVerdict::Passes {
                    dispatcher.handle_object(object, now, instant);
                }
            }
            (_, Some(Err(_))) => {}
            (ReadMessage::Text(text), None) => {
                if self.rate.charge_message(dispatcher.lines(text), instant) == RateVerdict::Passes {
                    dispatcher.handle_message(text, now, instant);
                }
            }
            (ReadMessage::TooLong(_), None) => _ = dispatcher.refuse_too_long(longest, now),
        }
        dispatcher.session.flush();
    }

    /// Carries out every message that has arrived, then publishes their talk with one append. Breaks with the reason if
    /// the session must end.
    fn handle_pending(&mut self, dispatcher: &mut Dispatcher<'_>) -> ControlFlow<Reason> {
        let context = self.context;
        let now = context.clock.now();
        let instant = Instant::now();
        let longest = self.max_message_bytes();
        if !dispatcher.session.begin_turn() {
            return ControlFlow::Break(RESUMED);
        }
        while let Some(message) = inbound::next_message(&mut self.input, dispatcher.rendering, &context.limits) {
            dispatcher.active |= !context.strict_timeout;
            let object = inbound::parse_object(&message, dispatcher.rendering, &context.limits);
            let is_upkeep = object.as_ref().is_some_and(inbound::is_upkeep);
            let rate = if is_upkeep { &mut self.upkeep_rate } else { &mut self.rate };
            let lines = match (&message, &object) {
                (_, Some(object)) => dispatcher.lines_of_object(object),
                (ReadMessage::Text(text), None) => dispatcher.lines(text),
                (ReadMessage::TooLong(_), None) => 1,
            };
            let answers_ping = object.as_ref().is_some_and(inbound::is_pong) && dispatcher.user.record_pong();
            let quits = object.is_none() && dispatcher.is_quit(&message);
            let verdict = if answers_ping || quits { RateVerdict::Passes } else { rate.charge_message(lines, instant) };
            match verdict {
                RateVerdict::Passes => {}
                RateVerdict::Dropped { warn, log } => {
                    if log {
                        self.context.log(
                            self.address,
                            LogCause::Rate,
                            Level::Warn,
                            format_args!(
                                "session: rate limit exceeded user={}; lines over it are dropped (--rate)",
                                dispatcher.user.name
                            ),
                        );
                    }
                    dispatcher.count_dropped(&message, instant);
                    if let (ReadMessage::Text(text), None) = (&message, &object) {
                        dispatcher.note_dropped_command(text);
                    }
                    let retry = rate.retry_after(lines, instant);
                    match object
                        .and_then(|object| object.map_or_else(|(label, _)| label, |object| object.answer_label()))
                    {
                        Some(label) => dispatcher.refuse_throttled(label, retry, now),
                        None if warn => dispatcher.send_event(Cause::SlowDown.report().into(), now),
                        None => {}
                    }
                    continue;
                }
                RateVerdict::Ends => {
                    let name = &dispatcher.user.name;
                    let line = format_args!("session: kicked for too many lines over the rate limit user={name}");
                    self.context.log(self.address, LogCause::Rate, Level::Warn, line);
                    dispatcher.send_event(Cause::Kicked.report().into(), now);
                    return ControlFlow::Break("flooding");
                }
            }
            if quits {
                dispatcher.report_dropped(now);
            }
            let after = match (&message, object) {
                (_, Some(object)) => dispatcher.handle_object(object, now, instant),
                (ReadMessage::Text(text), None) => dispatcher.handle_message(text, now, instant),
                (ReadMessage::TooLong(_), None) => dispatcher.refuse_too_long(longest, now),
            };
            if std::mem::take(&mut dispatcher.over_budget) {
                dispatcher.count_dropped(&message, instant);
                if self.rate.take_warning(instant) {
                    dispatcher.send_event(Cause::SlowDown.report().into(), now);
                }
            }
            if after == AfterCommand::Leaving {
                return ControlFlow::Break("quit");
            }
        }
        dispatcher.session.flush();
        dispatcher.session.end_turn();
        ControlFlow::Continue(())
    }
}
