//! Resuming a session by its token: over a connection that still stands, or after it was lost.

use super::Connection;
use crate::door::{AuthResult, SessionRequest};
use crate::guard::LogCause;
use crate::hub::{NotResumed, Resumable, Session, SessionOptions, SignInOptions, SignInRequest, Token, Transport};
use landline_common::{Cause, Rendering, RoomName};
use log::Level;
use std::time::Instant;

/// How often a session may change under our hands before the client has to try again.
const TRIES: usize = 5;

impl Connection<'_> {
    /// How this client is connected.
    fn transport(&self) -> Transport {
        Transport::Clear
    }

    /// What makes a session of this client resumable. `None` if the system has no randomness: then it is not.
    pub(super) fn session_options(&self, stay: &SessionRequest) -> Option<SessionOptions> {
        let mut bits = [0; 16];
        if let Err(why) = getrandom::fill(&mut bits) {
            log::error!("no random numbers for a session's token: {why}; it cannot be resumed");
            return None;
        }
        Some(SessionOptions { token: Token::of(bits), transport: self.transport(), acks: stay.acks, seq: stay.seq })
    }

    /// Goes on with the session of that token.
    pub(super) fn resume(&self, token: &str, stay: SessionRequest) -> Result<Session, AuthResult> {
        let unknown = || AuthResult::Refused(Cause::TokenUnknown.report());
        let attempt = self.passwords().throttled(&self.context.sign_ins, Cause::AddressSignIns)?;
        let used = Token::parse(token).ok_or_else(unknown)?;
        let options = self.session_options(&stay).ok_or_else(unknown)?;
        for _ in 0..TRIES {
            let resumed = match self.context.hub.resumable(used, options.transport).ok_or_else(unknown)? {
                Resumable::Live => self.take_over(used, options, &stay),
                Resumable::Lost(name) => {
                    let Ok(reservation) = self.reserve(name.clone()) else {
                        attempt.count(Instant::now());
                        return Err(AuthResult::NameTaken(Cause::NameTaken.of_user(name.to_string())));
                    };
                    let now = self.context.clock.now();
                    self.context.hub.come_back(reservation, used, self.newcomer_to_resume(&stay), options, now)
                }
            };
            match resumed {
                Ok(mut session) => {
                    attempt.count(Instant::now());
                    self.entry.mark_signed_in();
                    session.catch_up(&stay.rooms, self.context.clock.now());
                    return Ok(session);
                }
                Err(NotResumed::Busy) => break,
                Err(NotResumed::Changed) => {}
            }
        }
        Err(AuthResult::Refused(Cause::ResumeBusy.report()))
    }

    fn take_over(&self, used: Token, options: SessionOptions, stay: &SessionRequest) -> Result<Session, NotResumed> {
        let newcomer = self.newcomer_to_resume(stay);
        let session = self.context.hub.take_over(used, newcomer, options, self.context.clock.now())?;
        let line = format_args!("{} goes on over another connection", session.user().name);
        self.context.log(self.stream.address(), LogCause::Sessions, Level::Info, line);
        Ok(session)
    }

    /// A client whose name and rooms its session knows.
    fn newcomer_to_resume(&self, stay: &SessionRequest) -> SignInRequest {
        let options = SignInOptions {
            rooms: stay.room.iter().cloned().collect(),
            rate: self.told_rate(),
            label: stay.label.clone(),
            session: None,
        };
        SignInRequest {
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
        let rate = self.context.rate;
        rate.map(|(lines, per)| (lines.into(), u64::try_from(per.as_millis()).unwrap_or(u64::MAX)))
    }
}
