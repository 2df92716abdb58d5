//! Resumes a session by its token: takes it over from a connection that still stands, or continues it after a loss.

use super::Connection;
use crate::door::{AuthResult, SessionRequest};
use crate::guard::LogCause;
use crate::hub::{NotResumed, Resumable, Session, SessionOptions, SignInOptions, SignInRequest, Token, Transport};
use landline_common::{Cause, Rendering, RoomName, UserName};
use log::Level;
use std::time::Instant;

/// Attempts at a session that changes between the look-up and the resumption. Then the client must try again.
const MOST_TRIES: usize = 5;

impl Connection<'_> {
    /// Returns the transport of this connection.
    fn transport(&self) -> Transport {
        if self.transport.is_encrypted() { Transport::Tls } else { Transport::Clear }
    }

    /// Returns the options of a resumable session, with a new token. `None` if the system has no randomness: then the
    /// session cannot be resumed.
    pub(super) fn session_options(&self, request: &SessionRequest) -> Option<SessionOptions> {
        let mut bits = [0; 16];
        if let Err(why) = getrandom::fill(&mut bits) {
            log::error!(
                "session: no random numbers for a resume token: {why}; the user is signed in, but cannot \
                 resume this session"
            );
            return None;
        }
        Some(SessionOptions {
            token: Token::from_bits(bits),
            transport: self.transport(),
            acks: request.acks,
            seq: request.seq,
        })
    }

    /// Resumes the session of a token over this connection.
    ///
    /// # Errors
    /// The token is unknown, the name is held by another client, or the session is busy.
    pub(super) fn resume(
        &self,
        token: &str,
        request: SessionRequest,
        rendering: Rendering,
    ) -> Result<Session, AuthResult> {
        let unknown = || AuthResult::Refused(Cause::TokenUnknown.report());
        let attempt = self.passwords().start_throttled(&self.context.sign_ins, Cause::AddressSignIns)?;
        let used = Token::parse(token).ok_or_else(unknown)?;
        let options = self.session_options(&request).ok_or_else(unknown)?;
        let sign_in = || self.resume_request(&request, rendering);
        for _ in 0..MOST_TRIES {
            let now = self.context.clock.now();
            let name_taken = |name: UserName| AuthResult::NameTaken(Cause::NameTaken.with_user(name.to_string()));
            let resumed = match self.context.hub.resumable(used, options.transport, now).ok_or_else(unknown)? {
                Resumable::NameKept(name) => {
                    attempt.count(Instant::now());
                    return Err(name_taken(name));
                }
                Resumable::Live => self.take_over(used, options, sign_in()),
                Resumable::Lost(name) => {
                    let Ok(reservation) = self.reserve(name.clone()) else {
                        attempt.count(Instant::now());
                        return Err(name_taken(name));
                    };
                    self.context.hub.resume_lost(reservation, used, sign_in(), options, now)
                }
            };
            match resumed {
                Ok(mut session) => {
                    attempt.count(Instant::now());
                    self.guard.mark_signed_in();
                    session.catch_up(&request.rooms, self.context.clock.now());
                    return Ok(session);
                }
                Err(NotResumed::Busy) => break,
                Err(NotResumed::Banned(report)) => {
                    attempt.count(Instant::now());
                    return Err(AuthResult::Refused(report));
                }
                Err(NotResumed::Changed) => {}
            }
        }
        Err(AuthResult::Refused(Cause::ResumeBusy.report()))
    }

    /// Takes the session over from the connection that serves it.
    fn take_over(&self, used: Token, options: SessionOptions, sign_in: SignInRequest) -> Result<Session, NotResumed> {
        let session = self.context.hub.take_over(used, sign_in, options, self.context.clock.now())?;
        let line = format_args!("session: taken over by another connection user={}", session.user().name);
        self.context.log(self.address, LogCause::Sessions, Level::Info, line);
        Ok(session)
    }

    /// Returns the request for a session that has its name and rooms already.
    fn resume_request(&self, request: &SessionRequest, rendering: Rendering) -> SignInRequest {
        let options = SignInOptions {
            rooms: request.room.iter().cloned().collect(),
            refused_rooms: request.refused_rooms.clone(),
            rate: self.advertised_rate(),
            label: request.label.clone(),
            name_token: None,
            session: None,
        };
        SignInRequest {
            outbox: self.outbox.clone(),
            rendering,
            account: false,
            room: RoomName::lobby(),
            address: self.counted_address(),
            options,
        }
    }

    /// Returns the rate limit as the client is told it: lines and milliseconds.
    pub(super) fn advertised_rate(&self) -> Option<(u64, u64)> {
        let rate = self.context.rate;
        rate.map(|(lines, per)| (lines.into(), u64::try_from(per.as_millis()).unwrap_or(u64::MAX)))
    }
}
