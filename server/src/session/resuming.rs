//! Resuming a session by its token: over a connection that still stands, or after it was lost.

use super::Session;
use crate::door::{Outcome, Stay};
use crate::guard::LogCause;
use crate::hub::{Newcomer, NotResumed, Resumable, SessionOptions, SignInOptions, Token, Transport, Visit};
use landline_common::{Cause, Rendering, RoomName};
use log::Level;
use std::time::Instant;

/// How often a session may change under our hands before the client has to try again.
const TRIES: usize = 5;

impl Session<'_> {
    /// How this client is connected.
    fn transport(&self) -> Transport {
        Transport::Clear
    }

    /// What makes a session of this client resumable. `None` if the system has no randomness: then it is not.
    pub(super) fn session_options(&self, stay: &Stay) -> Option<SessionOptions> {
        let mut bits = [0; 16];
        if let Err(why) = getrandom::fill(&mut bits) {
            log::error!("no random numbers for a session's token: {why}; it cannot be resumed");
            return None;
        }
        Some(SessionOptions { token: Token::of(bits), transport: self.transport(), acks: stay.acks, seq: stay.seq })
    }

    /// Goes on with the session of that token.
    pub(super) fn resume(&self, token: &str, stay: Stay) -> Result<Visit, Outcome> {
        let unknown = || Outcome::Refused(Cause::TokenUnknown.report());
        let attempt = self.passwords().throttled(&self.services.sign_ins, Cause::AddressSignIns)?;
        let used = Token::parse(token).ok_or_else(unknown)?;
        let options = self.session_options(&stay).ok_or_else(unknown)?;
        for _ in 0..TRIES {
            let resumed = match self.services.hub.resumable(used, options.transport).ok_or_else(unknown)? {
                Resumable::Live => self.take_over(used, options, &stay),
                Resumable::Lost(name) => {
                    let Ok(claim) = self.claim(name.clone()) else {
                        attempt.count(Instant::now());
                        return Err(Outcome::NameTaken(Cause::NameTaken.of_user(name.to_string())));
                    };
                    let now = self.services.clock.now();
                    self.services.hub.come_back(claim, used, self.newcomer_to_resume(&stay), options, now)
                }
            };
            match resumed {
                Ok(mut visit) => {
                    attempt.count(Instant::now());
                    self.entry.signed_in();
                    visit.catch_up(&stay.rooms, self.services.clock.now());
                    return Ok(visit);
                }
                Err(NotResumed::Busy) => break,
                Err(NotResumed::Changed) => {}
            }
        }
        Err(Outcome::Refused(Cause::ResumeBusy.report()))
    }

    fn take_over(&self, used: Token, options: SessionOptions, stay: &Stay) -> Result<Visit, NotResumed> {
        let newcomer = self.newcomer_to_resume(stay);
        let visit = self.services.hub.take_over(used, newcomer, options, self.services.clock.now())?;
        let line = format_args!("{} goes on over another connection", visit.person().name);
        self.services.log(self.stream.address(), LogCause::Sessions, Level::Info, line);
        Ok(visit)
    }

    /// A client whose name and rooms its session knows.
    fn newcomer_to_resume(&self, stay: &Stay) -> Newcomer {
        let options = SignInOptions {
            rooms: stay.room.iter().cloned().collect(),
            rate: self.told_rate(),
            label: stay.label.clone(),
            session: None,
        };
        Newcomer {
            outbox: self.outbox.clone(),
            rendering: Rendering::Json,
            account: false,
            room: RoomName::lobby(),
            address: self.origin().into(),
            options,
        }
    }

    /// Lines that this client may send in so many milliseconds, as it is told.
    pub(super) fn told_rate(&self) -> Option<(u64, u64)> {
        let rate = self.services.rate;
        rate.map(|(lines, per)| (lines.into(), u64::try_from(per.as_millis()).unwrap_or(u64::MAX)))
    }
}
