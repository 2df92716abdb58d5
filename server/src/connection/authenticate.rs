//! What a door asks to try: a guest's name, an account, a password. Nothing here writes to the client.

use super::Connection;
use super::passwords::Passwords;
use crate::door::{AuthRequest, AuthResult, SessionRequest};
use crate::guard::{Origin, throttle};
use crate::hub::{NameReservation, NameTaken, Session, SignInOptions, SignInRequest};
use landline_common::command::SignIn;
use landline_common::{Cause, Rendering, Report, RoomName, UserName, password};
use std::time::Instant;

/// Somebody who may come in: the name, whether it is an account's, and the room.
type AdmittedUser = (NameReservation, bool, RoomName);

impl Connection<'_> {
    /// Tries it: somebody who is in, or what the door has to answer.
    pub(super) fn attempt(&self, attempt: AuthRequest, rendering: Rendering) -> Result<Session, AuthResult> {
        match attempt {
            AuthRequest::ServerPassword(given) => {
                Err(self.check_server_password(&given).err().unwrap_or(AuthResult::Done))
            }
            AuthRequest::Guest { name, room, server_password } => self.counted(rendering, || {
                self.check_server_password(server_password.as_deref().unwrap_or_default())?;
                Ok((self.claim_new(name)?, false, room))
            }),
            AuthRequest::Register { name, password } => {
                Err(self.register(name, &password).err().unwrap_or(AuthResult::Done))
            }
            AuthRequest::Name { name, password } => self.counted(rendering, || self.come_in(name, &password)),
            AuthRequest::Login { alias, password } => self.counted(rendering, || self.log_in(&alias, &password)),
            AuthRequest::Object { sign_in, server_password, session } => {
                self.attempt_object(sign_in, server_password, session)
            }
        }
    }

    /// What a command object asks for.
    fn attempt_object(
        &self,
        sign_in: SignIn,
        server_password: Option<String>,
        stay: SessionRequest,
    ) -> Result<Session, AuthResult> {
        if let SignIn::Resume { token } = &sign_in {
            return self.resume(token, stay);
        }
        let wrong = |outcome| match outcome {
            AuthResult::WrongPassword => AuthResult::Refused(Cause::WrongServerPassword.report()),
            other => other,
        };
        self.check_server_password(server_password.as_deref().unwrap_or_default()).map_err(wrong)?;
        let parse =
            |user: &str| UserName::parse(user).map_err(|why| AuthResult::Refused(Report::of_user_name(why, user)));
        let room = stay.room.clone().unwrap_or_else(RoomName::lobby);
        self.counted_in(Rendering::Json, Some(stay), || match sign_in {
            SignIn::Guest { user } => Ok((self.claim_new(parse(&user)?)?, false, room)),
            SignIn::Login { user, password } => {
                let (reservation, account, _) = self.log_in(&user, &password)?;
                Ok((reservation, account, room))
            }
            SignIn::Register { user, password } => Ok((self.register(parse(&user)?, &password)?, true, room)),
            SignIn::Resume { .. } => Err(AuthResult::Refused(Cause::TokenUnknown.report())),
        })
    }

    /// Signs in, if that does not happen too often from this address: everybody hears of each coming and going.
    fn counted(
        &self,
        rendering: Rendering,
        sign_in: impl FnOnce() -> Result<AdmittedUser, AuthResult>,
    ) -> Result<Session, AuthResult> {
        self.counted_in(rendering, None, sign_in)
    }

    /// The same for a client that says how it wants to be in.
    fn counted_in(
        &self,
        rendering: Rendering,
        stay: Option<SessionRequest>,
        sign_in: impl FnOnce() -> Result<AdmittedUser, AuthResult>,
    ) -> Result<Session, AuthResult> {
        let attempt = self.passwords().throttled(&self.context.sign_ins, Cause::AddressSignIns)?;
        let admitted = sign_in();
        // Before anybody hears that they are in: from then on it counts for the next one. A right password of somebody
        // who is here has cost as much as any, and asking for a name that is held disturbs its holder.
        if matches!(admitted, Ok(_) | Err(AuthResult::AlreadyHere | AuthResult::NameTaken(_))) {
            attempt.count(Instant::now());
        }
        admitted.and_then(|admitted| self.welcome(admitted, rendering, stay))
    }

    /// Passwords as this client may ask about them.
    pub(super) fn passwords(&self) -> Passwords<'_> {
        Passwords { context: self.context, address: self.stream.address() }
    }

    /// The key under which the rooms, lost sessions and searches of this client count together with others: the address,
    /// or the /64 network of an IPv6 address. A sign-in and a resumed session must have the same.
    pub(super) fn origin(&self) -> String {
        Origin::of(self.stream.address()).last().map_or(String::new(), |origin| format!("{origin:?}"))
    }

    fn check_server_password(&self, given: &str) -> Result<(), AuthResult> {
        if self.context.password.is_none() {
            return Ok(());
        }
        let attempt = self.passwords().attempt()?;
        if self.is_server_password(given) {
            return Ok(());
        }
        attempt.count(Instant::now());
        log::warn!("a wrong server password from {}", self.stream.address());
        Err(AuthResult::WrongPassword)
    }

    fn is_server_password(&self, given: &str) -> bool {
        let (given, own) = (password::composed(given), self.context.password.as_deref().map(password::composed));
        own.is_some_and(|own| same(own.as_bytes(), given.as_bytes()))
    }

    /// Comes in under a name, where one password stands for the server's and for the account's: LanTalk's way. Nothing
    /// is learned about a name without the server's password.
    fn come_in(&self, name: UserName, password: &str) -> Result<AdmittedUser, AuthResult> {
        let (has_password, is_account) = (self.context.password.is_some(), self.context.accounts.exists(name.key()));
        if !password.is_empty() && (has_password || is_account) {
            // Before comparing, or the right guess would get through where wrong ones are refused.
            let from_here = self.passwords().attempt()?;
            if !self.is_server_password(password) {
                return self.log_in_from(from_here, has_password, name.as_str(), password);
            }
        } else if has_password {
            return Err(AuthResult::WrongPassword);
        }
        Ok((self.claim_new(name)?, false, RoomName::lobby()))
    }

    /// Claims a name that no account has. Claiming comes first: an account of that name may just be registered.
    fn claim_new(&self, name: UserName) -> Result<NameReservation, AuthResult> {
        // An account's name is refused below: its holder is not disturbed for that.
        let has_account = self.context.accounts.exists(name.key());
        let reservation = if has_account { self.context.hub.reserve(name) } else { self.reserve(name) };
        let reservation = reservation.map_err(|taken| {
            let cause = match taken {
                NameTaken::InUse => Cause::NameTaken,
                NameTaken::Servers => Cause::NameOfServer,
            };
            AuthResult::NameTaken(cause.report())
        })?;
        #[cfg(feature = "faults")]
        crate::faults::strike("sign-in", reservation.name().as_str().as_bytes());
        if self.context.accounts.exists(reservation.name().key()) {
            return Err(AuthResult::NameTaken(Cause::NameRegistered.of_user(reservation.name().to_string())));
        }
        // Last: who looks like another user is told that the name is taken.
        reservation.name().check_new().map_err(|why| AuthResult::Refused(why.into()))?;
        Ok(reservation)
    }

    /// Makes an account. Its name stays claimed until the claim is dropped.
    fn register(&self, name: UserName, password: &str) -> Result<NameReservation, AuthResult> {
        // First: somebody who may make no more accounts could go on asking which names have one.
        let new = self.passwords().new_password(password)?;
        let reservation = self.claim_new(name)?;
        new.register(reservation.name())?;
        Ok(reservation)
    }

    fn log_in(&self, alias: &str, password: &str) -> Result<AdmittedUser, AuthResult> {
        self.log_in_from(self.passwords().attempt()?, false, alias, password)
    }

    /// Logs in by an attempt that was begun. `was_compared`: this password has been found not to be the server's, so the
    /// attempt counts even where the name is locked, or guesses under a locked name would be free.
    fn log_in_from(
        &self,
        from_here: throttle::ThrottledAttempt<'_>,
        was_compared: bool,
        alias: &str,
        password: &str,
    ) -> Result<AdmittedUser, AuthResult> {
        let checked = self.passwords().check_account(alias, password);
        if matches!(checked, Err(AuthResult::WrongPassword)) || (was_compared && checked.is_err()) {
            from_here.count(Instant::now());
        }
        let account = checked?;
        let reservation = self.reserve(account.name.clone()).map_err(|_| AuthResult::AlreadyHere)?;
        // The password may have been changed, or the account deleted, while it was checked.
        if self.context.accounts.find(reservation.name().key()).is_none_or(|now| now.hash != account.hash) {
            return Err(AuthResult::WrongPassword);
        }
        Ok((reservation, true, RoomName::lobby()))
    }

    fn welcome(
        &self,
        (reservation, account, room): AdmittedUser,
        rendering: Rendering,
        stay: Option<SessionRequest>,
    ) -> Result<Session, AuthResult> {
        let session = stay.as_ref().and_then(|stay| self.session_options(stay));
        let stay = stay.unwrap_or_default();
        // Before they are told: from then on nobody may take their place.
        self.entry.mark_signed_in();
        let now = self.context.clock.now();
        let newcomer = SignInRequest {
            outbox: self.outbox.clone(),
            rendering,
            account,
            room,
            address: self.origin().into(),
            options: SignInOptions {
                rooms: stay.rooms.iter().filter_map(|(room, _)| room.clone()).collect(),
                rate: self.told_rate(),
                session,
                label: stay.label,
            },
        };
        let mut session = self.context.hub.sign_in(reservation, newcomer, now).map_err(AuthResult::Refused)?;
        session.catch_up(&stay.rooms, now);
        // Programs that sign in by a first line of their own read what follows, and get nothing that they do not know.
        if self.greeted && rendering == Rendering::Text && !account {
            session.show_recent(now);
        }
        Ok(session)
    }
}

/// Compares in a time that says nothing about where two passwords differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}
