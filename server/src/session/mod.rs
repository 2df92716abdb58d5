//! One client's thread, from the first byte to the last: the only place that sees every layer.

mod sign_in;

use crate::clock::Clock;
use crate::fanout::{Cut, Outbox, Poller};
use crate::guard::{Hasher, Lockout};
use crate::hub::{Hub, Person, Stay, Visit};
use crate::net::{Arrived, Stream};
use crate::store::{Accounts, Record, Sessions};
use landline_common::clean::clean;
use landline_common::command::parse;
use landline_common::limits::count;
use landline_common::lines::{Framing, Input, Piece};
use landline_common::{Limits, Moment, What};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a client that was told to go may take to close.
const PARTING: Duration = Duration::from_secs(1);
/// A client that says nothing is looked after this often.
const IDLE: Duration = Duration::from_secs(24 * 3_600);
/// Characters of a refusal that quotes what was typed.
const LONGEST_REFUSAL: usize = 300;

/// What every session of a server works with.
#[derive(Debug)]
pub struct Services {
    /// Who is here.
    pub hub: Arc<Hub>,
    /// Who has an account.
    pub accounts: Accounts,
    /// When people came and went.
    pub sessions: Sessions,
    /// Checks passwords.
    pub hasher: Hasher,
    /// Counts failed passwords.
    pub lockout: Lockout,
    /// Looks after slow clients.
    pub poller: Arc<Poller>,
    /// The time people read.
    pub clock: Clock,
    /// Every limit.
    pub limits: Limits,
    /// What guests must know to come in.
    pub password: Option<String>,
}

/// One client, connected.
struct Session<'s> {
    services: &'s Services,
    stream: &'s Stream,
    outbox: &'s Arc<Outbox>,
    input: Input,
    /// An unframed client is sending a file.
    in_file: bool,
}

/// Why a session ended, as the records have it.
type Reason = &'static str;

/// Serves one client until it leaves or is cut off.
pub fn serve(services: &Services, stream: &Stream, outbox: &Arc<Outbox>) {
    let input = Input::new(count(services.limits.line_bytes));
    let mut session = Session { services, stream, outbox, input, in_file: false };
    if let Some(visit) = session.sign_in() {
        session.stay(visit);
    }
    let flush = Limits::seconds(services.limits.flush_seconds);
    if outbox.flush(Instant::now() + flush) {
        stream.part(Instant::now() + PARTING);
    }
    outbox.cut(Cut::Closed);
}

impl Session<'_> {
    /// From the greeting to the last line, with both in the records.
    fn stay(&mut self, mut visit: Visit) {
        let (person, address) = (visit.person().clone(), self.stream.address().to_string());
        let record = |services: &Services| Record {
            at: services.clock.now(),
            name: person.name.as_str(),
            account: person.account,
            address: &address,
            port: self.stream.port(),
        };
        let services = self.services;
        services.sessions.login(&record(services));
        log::info!("{} joined from {address}", person.name);
        let reason = self.talk(&mut visit);
        let reason = self.outbox.cut_reason().map_or(reason, |cut| match cut {
            Cut::TooSlow => "too slow",
            Cut::Broken => "connection lost",
            Cut::Closed => "server stopped",
        });
        services.sessions.logout(&record(services), reason);
        log::info!("{} left ({reason})", person.name);
    }

    fn talk(&mut self, visit: &mut Visit) -> Reason {
        let person = visit.person().clone();
        loop {
            // What came right behind the sign-in is already here.
            if self.obey_pieces(visit, &person).is_break() {
                return "quit";
            }
            match self.stream.read(self.input.space(), Instant::now() + IDLE) {
                Arrived::Bytes(n) => self.input.filled(n),
                Arrived::Nothing => {}
                Arrived::Closed => {
                    let now = self.services.clock.now();
                    if let Some(Piece::Text(text)) = self.input.finish() {
                        obey(visit, &person, &text, now);
                        visit.flush();
                    }
                    return "connection closed";
                }
            }
        }
    }

    /// Does everything that has arrived, and says what was said with one append.
    fn obey_pieces(&mut self, visit: &mut Visit, person: &Person) -> ControlFlow<()> {
        let now = self.services.clock.now();
        let unframed = self.input.framing() == Framing::Unframed;
        while let Some(piece) = self.input.next() {
            match piece {
                Piece::Text(text) if unframed && is_rest_of_file(&mut self.in_file, &text) => {}
                Piece::TooLong => {
                    let most = self.services.limits.line_bytes;
                    let why = format!("that line is too long: at most {most} bytes; nothing was sent");
                    visit.refuse(What::error(413, why), now);
                }
                Piece::Text(text) => {
                    if obey(visit, person, &text, now) == Stay::Leaving {
                        return ControlFlow::Break(());
                    }
                }
            }
        }
        visit.flush();
        ControlFlow::Continue(())
    }
}

/// Chat77's clients send a file as many messages at once, so a read may begin inside one of them. Such a rest is nothing
/// to be said; it has no spaces in it, and everything that these clients send for people to read has.
fn is_rest_of_file(in_file: &mut bool, text: &str) -> bool {
    let begins = text.starts_with("FILE_START|") || text.starts_with("FILE_CHUNK|");
    let rest = *in_file && !text.contains(' ');
    *in_file = (begins || rest) && !text.contains("FILE_END|");
    rest
}

/// Does what one message asks for.
fn obey(visit: &mut Visit, person: &Person, text: &str, now: Moment) -> Stay {
    match parse(text, person.name.as_str()) {
        None => Stay::Here,
        Some(Ok(command)) => visit.perform(command, now),
        Some(Err(why)) => {
            // It may quote what was typed.
            let why: String = clean(&why.to_string()).chars().take(LONGEST_REFUSAL).collect();
            visit.refuse(What::error(400, why), now);
            Stay::Here
        }
    }
}
