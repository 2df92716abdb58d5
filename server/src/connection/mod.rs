//! One client's thread, from the first byte to the last: the only place that sees every layer.

mod account;
mod authenticate;
mod deadline;
mod dispatch;
mod inbound;
mod passwords;
mod probing;
mod questions;
mod resuming;
mod sign_in;
mod unsent;

use crate::clock::Clock;
use crate::connections::ConnectionGuard;
use crate::door::{Door, PortKind};
use crate::fanout::{DisconnectReason, Outbox, Poller};
use crate::guard::{
    AddressBudgets, Bans, DepartedUsers, Hasher, IdleState, IdleTimer, Lockout, LogBudgets, LogCause, LogVerdict,
    Probes, Rate, RateVerdict, Throttle,
};
use crate::hub::{AfterCommand, Hub, Session, User};
use crate::log_throttle::KeyedLogThrottle;
use crate::net::{ReadResult, Stream};
use crate::store::{Accounts, Record, Sessions};
use dispatch::Dispatcher;
use landline_common::limits::count;
use landline_common::lines::{Framing, ReadMessage, ReceiveBuffer};
use landline_common::{Cause, Limits};
use log::Level;
use passwords::Passwords;
use std::fmt::Arguments;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use unsent::Unsent;

/// How long a client that was told to go may take to close.
const PARTING: Duration = Duration::from_secs(1);

/// What every session of a server works with.
#[derive(Debug)]
pub struct ServerContext {
    /// Who is here.
    pub hub: Arc<Hub>,
    /// Who has an account.
    pub accounts: Arc<Accounts>,
    /// When people came and went.
    pub sessions: Arc<Sessions>,
    /// Checks passwords.
    pub hasher: Hasher,
    /// Counts failed passwords by name.
    pub lockout: Lockout,
    /// Counts failed passwords by address.
    pub throttle: Throttle,
    /// Counts new accounts by address.
    pub registrations: Throttle,
    /// Counts sign-ins by address.
    pub sign_ins: Throttle,
    /// Bounds how many clients are asked for a sign of life at once.
    pub probes: Probes,
    /// What all sessions of one address together may say.
    pub budgets: AddressBudgets,
    /// Bounds what one address writes into the log.
    pub log_budgets: LogBudgets,
    /// Bounds how often a failure that recurs is logged.
    pub log_throttle: KeyedLogThrottle,
    /// Who is kept out.
    pub bans: Arc<Bans>,
    /// Who has just left.
    pub departed: DepartedUsers,
    /// Looks after slow clients.
    pub poller: Arc<Poller>,
    /// The time people read.
    pub clock: Clock,
    /// Every limit.
    pub limits: Limits,
    /// What guests must know to come in.
    pub password: Option<String>,
    /// Lines in so much time; `None` is without a limit.
    pub rate: Option<(u32, Duration)>,
    /// How long somebody may be silent.
    pub timeout: Duration,
    /// Pings do not count as a sign of life.
    pub strict_timeout: bool,
}

impl ServerContext {
    /// Logs what clients at that address may cause as often as they like.
    fn log(&self, address: IpAddr, cause: LogCause, level: Level, line: Arguments<'_>) {
        match self.log_budgets.charge(cause, address, Instant::now()) {
            LogVerdict::Write => log::log!(level, "{line}"),
            LogVerdict::Announce => log::warn!("{address}: too many log lines ({cause:?}); leaving them out"),
            LogVerdict::Skip => {}
        }
    }
}

/// One client, connected.
struct Connection<'s> {
    context: &'s ServerContext,
    stream: &'s Stream,
    outbox: &'s Arc<Outbox>,
    port_kind: PortKind,
    entry: &'s ConnectionGuard,
    input: ReceiveBuffer,
    rate: Rate,
    /// The client waited for the greeting at a main port, as a user at a terminal does.
    greeted: bool,
    /// Pings and acknowledgements by object, which are no lines of a user's.
    upkeep: Rate,
}

fn upkeep_rate(context: &ServerContext) -> Rate {
    let lines = u32::try_from(context.limits.upkeep_lines).unwrap_or(u32::MAX);
    // Never ends a session: other users and the server itself cause acknowledgements and pongs.
    Rate::new(context.rate.map(|(_, per)| (lines, per)), u64::MAX)
}

/// Why a session ended, as the records have it.
type Reason = &'static str;

/// Reasons after which a session may be resumed: the user did not mean to leave.
const LOST: Reason = "connection lost";
const CLOSED: Reason = "connection closed";
const TOO_SLOW: Reason = "too slow";
/// The session goes on over another connection.
const RESUMED: Reason = "resumed elsewhere";

/// After so long, a line of a client proves that it has read the answer to its sign-in.
const TOKEN_CONFIRMED: Duration = Duration::from_secs(2);

/// Serves one client until it leaves or is cut off.
pub fn serve(
    context: &ServerContext,
    stream: &Stream,
    outbox: &Arc<Outbox>,
    port_kind: PortKind,
    entry: &ConnectionGuard,
) {
    let longest = count((port_kind.spec(&[]).max_message_bytes)(&context.limits));
    let input = if port_kind.speaks_first() { ReceiveBuffer::of_lines(longest) } else { ReceiveBuffer::new(longest) };
    let rate = Rate::new(context.rate, context.limits.dropped_lines);
    let upkeep = upkeep_rate(context);
    let mut connection = Connection { context, stream, outbox, port_kind, entry, input, rate, greeted: false, upkeep };
    if let Some((session, door)) = connection.sign_in() {
        connection.stay(session, door.as_ref());
    }
    let flush = Limits::seconds(context.limits.flush_seconds);
    if outbox.flush(Instant::now() + flush) {
        stream.close_gracefully(Instant::now() + PARTING);
    }
    outbox.disconnect(DisconnectReason::Closed);
}

impl Connection<'_> {
    /// Takes over `n` bytes that were read, and answers telnet's options.
    fn filled(&mut self, n: usize) {
        self.input.filled(n);
        let answers = self.input.telnet_answers();
        if !answers.is_empty() {
            self.outbox.push_control(&answers);
        }
    }

    /// The most bytes of a message at this door.
    fn longest(&self) -> u64 {
        (self.port_kind.spec(&[]).max_message_bytes)(&self.context.limits)
    }

    /// From the greeting to the last line, with both in the records.
    fn stay(&mut self, mut session: Session, door: &dyn Door) {
        let (user, ip) = (session.user().clone(), self.stream.address());
        let address = ip.to_string();
        let record = |context: &ServerContext| Record {
            at: context.clock.now(),
            name: &user.name,
            account: user.is_account(),
            address: &address,
            port: self.stream.port(),
        };
        let context = self.context;
        // The sign-out follows the sign-in, or the next start would take the user for one whom a kill signed out.
        let recorded = context.log_budgets.charge(LogCause::Records, ip, Instant::now());
        match recorded {
            LogVerdict::Write => context.sessions.login(&record(context)),
            left_out => context.sessions.login_unrecorded(&record(context), left_out == LogVerdict::Announce),
        }
        context.log(ip, LogCause::Sessions, Level::Info, format_args!("{} joined from {address}", user.name));
        let reason = self.talk(&mut session, door, &user);
        let reason = self.outbox.disconnect_reason().map_or(reason, |cut| match cut {
            DisconnectReason::TooSlow => TOO_SLOW,
            DisconnectReason::Broken => LOST,
            DisconnectReason::Closed => "server stopped",
            DisconnectReason::Kicked => "kicked",
            DisconnectReason::Banned => "banned",
            DisconnectReason::Resumed => RESUMED,
        });
        if [LOST, CLOSED, TOO_SLOW].contains(&reason) {
            session.lose();
        }
        if self.outbox.has_pending_receipts() {
            // What is on its way to them is theirs or waits again, before they can come back and collect it.
            let flush = Limits::seconds(context.limits.flush_seconds);
            if !self.outbox.flush(Instant::now() + flush) {
                self.outbox.disconnect(DisconnectReason::TooSlow);
            }
        }
        context.departed.add(&user.name, self.stream.address(), Instant::now());
        match recorded {
            LogVerdict::Write => context.sessions.logout(&record(context), reason),
            _ => context.sessions.logout_unrecorded(&record(context)),
        }
        context.log(ip, LogCause::Sessions, Level::Info, format_args!("{} left ({reason})", user.name));
    }

    fn talk(&mut self, session: &mut Session, door: &dyn Door, user: &User) -> Reason {
        let context = self.context;
        let warning = Limits::seconds(context.limits.idle_warning_seconds);
        let mut idle = IdleTimer::new(context.timeout, warning, Instant::now());
        self.rate = Rate::new(context.rate, context.limits.dropped_lines);
        let unframed = self.input.framing() == Framing::Unframed;
        let budget = context.budgets.of(self.stream.address(), Instant::now());
        let mut turn = Dispatcher {
            session,
            door,
            user,
            passwords: Passwords { context, address: self.stream.address() },
            questions: None,
            talk_from: Instant::now(),
            budget,
            unframed,
            in_file: false,
            awake: false,
            crowded: false,
            unsent: Unsent::default(),
            rendering: user.rendering(),
        };
        let mut confirm_at = user.knows_pings().then(|| Instant::now() + TOKEN_CONFIRMED);
        loop {
            // What came right behind the sign-in is already here.
            if let ControlFlow::Break(reason) = self.obey_pieces(&mut turn) {
                return reason;
            }
            if self.outbox.disconnect_reason().is_some_and(|cut| cut != DisconnectReason::Broken) {
                // What it sent before it was cut off is not wanted; what came before it broke off is.
                return "cut off";
            }
            let instant = Instant::now();
            if std::mem::take(&mut turn.awake) {
                idle.restart(instant);
            }
            match idle.poll(instant) {
                IdleState::Active => {}
                IdleState::Warn => {
                    let left = context.limits.idle_warning_seconds;
                    turn.tell(Cause::IdleWarning.of_seconds(left).into(), context.clock.now());
                }
                IdleState::Expired => {
                    turn.tell(Cause::Idle.report().into(), context.clock.now());
                    return "idle";
                }
            }
            if let Some(report) = turn.unsent.take_due(instant) {
                turn.tell(report.into(), context.clock.now());
            }
            let deadline = turn.unsent.due().map_or(idle.deadline(), |due| due.min(idle.deadline()));
            match self.stream.read(self.input.space(), deadline) {
                ReadResult::Bytes(n) => {
                    self.filled(n);
                    turn.awake = !context.strict_timeout;
                    if confirm_at.take_if(|at| Instant::now() >= *at).is_some() {
                        turn.session.confirm_token();
                    }
                }
                ReadResult::TimedOut => {}
                ReadResult::Closed => {
                    self.obey_last(&mut turn);
                    turn.tell_unsent(context.clock.now());
                    return CLOSED;
                }
                // The beginning of a line is none: it may say something else than the whole.
                ReadResult::Broken => return LOST,
            }
        }
    }

    /// The last line of a client that has closed may lack its end. Half of a command object says nothing: it is dropped,
    /// since the client may have died while it wrote something private.
    fn obey_last(&mut self, turn: &mut Dispatcher<'_>) {
        if self.outbox.disconnect_reason().is_some() || !turn.session.begin_turn() {
            return;
        }
        let (now, instant) = (self.context.clock.now(), Instant::now());
        let longest = self.longest();
        let Some(piece) = self.input.finish() else { return turn.session.flush() };
        match (&piece, inbound::object(&piece, turn.rendering, &self.context.limits)) {
            (_, Some(Ok(object))) => {
                let object = Ok(object);
                let lines = turn.lines_of_object(&object);
                if self.rate.charge_message(lines, instant) == RateVerdict::Passes {
                    turn.obey_object(object, now, instant);
                }
            }
            (_, Some(Err(_))) => {}
            (ReadMessage::Text(text), None) => {
                if self.rate.charge_message(turn.lines(text), instant) == RateVerdict::Passes {
                    turn.obey(text, now, instant);
                }
            }
            (ReadMessage::TooLong(_), None) => _ = turn.too_long(longest, now),
        }
        turn.session.flush();
    }

    /// Does everything that has arrived, and says what was said with one append.
    fn obey_pieces(&mut self, turn: &mut Dispatcher<'_>) -> ControlFlow<Reason> {
        let context = self.context;
        let (now, instant, longest) = (context.clock.now(), Instant::now(), self.longest());
        if !turn.session.begin_turn() {
            return ControlFlow::Break(RESUMED);
        }
        while let Some(piece) = inbound::next(&mut self.input, turn.rendering, &context.limits) {
            let object = inbound::object(&piece, turn.rendering, &context.limits);
            let is_upkeep = object.as_ref().is_some_and(inbound::is_upkeep);
            let rate = if is_upkeep { &mut self.upkeep } else { &mut self.rate };
            let lines = match (&piece, &object) {
                (_, Some(object)) => turn.lines_of_object(object),
                (ReadMessage::Text(text), None) => turn.lines(text),
                (ReadMessage::TooLong(_), None) => 1,
            };
            let answers_ping = object.as_ref().is_some_and(inbound::is_pong) && turn.user.answers_ping();
            let leaves = object.is_none() && turn.leaves(&piece);
            let verdict =
                if answers_ping || leaves { RateVerdict::Passes } else { rate.charge_message(lines, instant) };
            match verdict {
                RateVerdict::Passes => {}
                RateVerdict::Dropped { warn, log } => {
                    if log {
                        self.context.log(
                            self.stream.address(),
                            LogCause::Rate,
                            Level::Warn,
                            format_args!("{} hit rate limit", turn.user.name),
                        );
                    }
                    turn.drop_line(&piece, instant);
                    if let (ReadMessage::Text(text), None) = (&piece, &object) {
                        turn.skip(text);
                    }
                    let retry = rate.retry_after(lines, instant);
                    match object
                        .and_then(|object| object.map_or_else(|(label, _)| label, |object| object.answer_label()))
                    {
                        Some(label) => turn.throttled(label, retry, now),
                        None if warn => turn.tell(Cause::SlowDown.report().into(), now),
                        None => {}
                    }
                    continue;
                }
                RateVerdict::Ends => {
                    let name = &turn.user.name;
                    let line = format_args!("{name} is kicked: too many lines over the rate limit");
                    self.context.log(self.stream.address(), LogCause::Rate, Level::Warn, line);
                    turn.tell(Cause::Kicked.report().into(), now);
                    return ControlFlow::Break("flooding");
                }
            }
            if leaves {
                turn.tell_unsent(now);
            }
            let stay = match (&piece, object) {
                (_, Some(object)) => turn.obey_object(object, now, instant),
                (ReadMessage::Text(text), None) => turn.obey(text, now, instant),
                (ReadMessage::TooLong(_), None) => turn.too_long(longest, now),
            };
            if std::mem::take(&mut turn.crowded) {
                turn.drop_line(&piece, instant);
                if self.rate.take_warning(instant) {
                    turn.tell(Cause::SlowDown.report().into(), now);
                }
            }
            if stay == AfterCommand::Leaving {
                return ControlFlow::Break("quit");
            }
        }
        turn.session.flush();
        turn.session.end_turn();
        ControlFlow::Continue(())
    }
}
