//! Carries out the authentication requests of a door: a guest's name, an account, a password. This module writes
//! nothing to the client; the door answers.

use super::passwords::Passwords;
use super::{Connection, ServerContext};
use crate::door::{AuthRequest, AuthResult, SessionRequest};
use crate::guard::{Origin, throttle};
use crate::hub::{
    CountedAddress, NameHolder, NameReservation, NameTaken, Session, SignInOptions, SignInRequest, Token,
};
use landline_common::command::SignIn;
use landline_common::{Cause, Rendering, Report, RoomName, UserName, password};
use std::net::IpAddr;
use std::time::Instant;

/// A user who may sign in.
struct AdmittedUser {
    reservation: NameReservation,
    is_account: bool,
    room: RoomName,
    /// The name token of a guest, or of the guest who has registered the account.
    name_token: Option<Token>,
}

impl AdmittedUser {
    fn guest(reservation: NameReservation, room: RoomName) -> AdmittedUser {
        AdmittedUser { reservation, is_account: false, room, name_token: None }
    }

    fn account(reservation: NameReservation, room: RoomName) -> AdmittedUser {
        AdmittedUser { reservation, is_account: true, room, name_token: None }
    }

    fn with_name_token(self, name_token: Option<Token>) -> AdmittedUser {
        AdmittedUser { name_token, ..self }
    }
}

impl Connection<'_> {
    /// Carries out a request. Returns the session of a client that has signed in.
    ///
    /// # Errors
    /// The client is not signed in: the result for the door to answer, also of a request that succeeded.
    pub(super) fn authenticate(&self, request: AuthRequest, rendering: Rendering) -> Result<Session, AuthResult> {
        match request {
            AuthRequest::ServerPassword(given) => {
                Err(self.check_server_password(&given).err().unwrap_or(AuthResult::Done))
            }
            AuthRequest::Guest { name, room, server_password } => self.sign_in_limited(rendering, None, || {
                self.check_server_password(server_password.as_deref().unwrap_or_default())?;
                Ok(AdmittedUser::guest(self.reserve_unregistered(name, None)?, room))
            }),
            AuthRequest::Register { name, password } => {
                Err(self.register(name, &password, None).err().unwrap_or(AuthResult::Done))
            }
            AuthRequest::Name { name, password } => {
                self.sign_in_limited(rendering, None, || self.sign_in_by_name(name, &password))
            }
            AuthRequest::Login { alias, password } => self.sign_in_limited(rendering, None, || {
                Ok(AdmittedUser::account(self.log_in(&alias, &password)?, RoomName::lobby()))
            }),
            AuthRequest::Object { sign_in, server_password, session } => {
                self.authenticate_object(sign_in, server_password, session, rendering)
            }
        }
    }

    /// Carries out a sign-in by command object.
    fn authenticate_object(
        &self,
        sign_in: SignIn,
        server_password: Option<String>,
        request: SessionRequest,
        rendering: Rendering,
    ) -> Result<Session, AuthResult> {
        if let SignIn::Resume { token } = &sign_in {
            return self.resume(token, request, rendering);
        }
        let name_the_server = |result| match result {
            AuthResult::WrongPassword => AuthResult::Refused(Cause::WrongServerPassword.report()),
            other => other,
        };
        self.check_server_password(server_password.as_deref().unwrap_or_default()).map_err(name_the_server)?;
        let parse = |user: &str| {
            UserName::parse(user).map_err(|why| AuthResult::Refused(Report::from_user_name_error(why, user)))
        };
        let room = request.room.clone().unwrap_or_else(RoomName::lobby);
        self.sign_in_limited(rendering, Some(request), || match sign_in {
            SignIn::Guest { user, name_token } => {
                let name_token = parse_name_token(name_token.as_deref())?;
                let reservation = self.reserve_unregistered(parse(&user)?, name_token)?;
                Ok(AdmittedUser::guest(reservation, room).with_name_token(name_token))
            }
            SignIn::Login { user, password } => Ok(AdmittedUser::account(self.log_in(&user, &password)?, room)),
            SignIn::Register { user, password, name_token } => {
                let name_token = parse_name_token(name_token.as_deref())?;
                let reservation = self.register(parse(&user)?, &password, name_token)?;
                Ok(AdmittedUser::account(reservation, room).with_name_token(name_token))
            }
            SignIn::Resume { .. } => Err(AuthResult::Refused(Cause::TokenUnknown.report())),
        })
    }

    /// Runs `sign_in` and starts the session. Refuses an address that signs in too often, since all users get a notice of
    /// each sign-in and sign-out. `request`: the options of a sign-in by command object; `None` for lines.
    fn sign_in_limited(
        &self,
        rendering: Rendering,
        request: Option<SessionRequest>,
        sign_in: impl FnOnce() -> Result<AdmittedUser, AuthResult>,
    ) -> Result<Session, AuthResult> {
        let attempt = self.passwords().start_throttled(&self.context.sign_ins, Cause::AddressSignIns)?;
        let admitted = sign_in();
        // Counts before the session starts, so that the next sign-in of this address sees it. Two refusals count too: a
        // right password for a signed-in account costs a bcrypt check, and a name that is held disturbs its holder.
        if matches!(admitted, Ok(_) | Err(AuthResult::AlreadyHere | AuthResult::NameTaken(_))) {
            attempt.count(Instant::now());
        }
        admitted.and_then(|admitted| self.start_session(admitted, rendering, request))
    }

    /// Returns the password checks of this client.
    pub(super) fn passwords(&self) -> Passwords<'_> {
        Passwords { context: self.context, address: self.address }
    }

    /// Returns the unit for which rooms, requests, lost sessions and searches count: the address, or the /64 network of
    /// an IPv6 address. A sign-in and its resumption must have the same one.
    pub(super) fn counted_address(&self) -> CountedAddress {
        counted_address(self.address)
    }

    fn check_server_password(&self, given: &str) -> Result<(), AuthResult> {
        if self.context.password.is_none() {
            return Ok(());
        }
        let attempt = self.passwords().start_attempt()?;
        if self.is_server_password(given) {
            return Ok(());
        }
        attempt.count(Instant::now());
        log::warn!("sign-in: wrong server password address={}", self.address);
        Err(AuthResult::WrongPassword)
    }

    fn is_server_password(&self, given: &str) -> bool {
        let given = password::to_nfc(given);
        let own = self.context.password.as_deref().map(password::to_nfc);
        own.is_some_and(|own| equals_in_constant_time(own.as_bytes(), given.as_bytes()))
    }

    /// Signs in as LanTalk's clients do: one password field stands for the server's password or the account's. Without
    /// the server's password the result tells nothing about a name.
    fn sign_in_by_name(&self, name: UserName, password: &str) -> Result<AdmittedUser, AuthResult> {
        let has_password = self.context.password.is_some();
        let is_account = self.context.accounts.exists(name.key());
        if !password.is_empty() && (has_password || is_account) {
            // Started before the comparison: otherwise a throttled address could still find the right password.
            let attempt = self.passwords().start_attempt()?;
            if !self.is_server_password(password) {
                let reservation = self.log_in_with_attempt(attempt, has_password, name.as_str(), password)?;
                return Ok(AdmittedUser::account(reservation, RoomName::lobby()));
            }
        } else if has_password {
            return Err(AuthResult::WrongPassword);
        }
        Ok(AdmittedUser::guest(self.reserve_unregistered(name, None)?, RoomName::lobby()))
    }

    /// Reserves a name for a sign-in. A client that holds it is probed.
    fn reserve_unregistered(&self, name: UserName, token: Option<Token>) -> Result<NameReservation, AuthResult> {
        claim_name(self.context, name, token.map(NameHolder::of), |name| self.reserve(name))
    }

    /// Registers an account. Its name stays reserved until the result is dropped.
    fn register(&self, name: UserName, password: &str, token: Option<Token>) -> Result<NameReservation, AuthResult> {
        // Throttled before the name is looked up: otherwise a throttled address could still ask which names are taken.
        let new = self.passwords().new_password(password)?;
        let reservation = self.reserve_unregistered(name, token)?;
        new.register(reservation.name())?;
        Ok(reservation)
    }

    fn log_in(&self, alias: &str, password: &str) -> Result<NameReservation, AuthResult> {
        self.log_in_with_attempt(self.passwords().start_attempt()?, false, alias, password)
    }

    /// Checks an account's password by an attempt that has started, and reserves its name. With `was_compared`, the
    /// password has been compared with the server's. The attempt then counts even if the name is locked: otherwise
    /// guesses at the server's password would be free under a locked name.
    fn log_in_with_attempt(
        &self,
        attempt: throttle::ThrottledAttempt<'_>,
        was_compared: bool,
        alias: &str,
        password: &str,
    ) -> Result<NameReservation, AuthResult> {
        let checked = self.passwords().check_account(alias, password);
        if matches!(checked, Err(AuthResult::WrongPassword)) || (was_compared && checked.is_err()) {
            attempt.count(Instant::now());
        }
        let account = checked?;
        let reservation = self.reserve(account.name.clone()).map_err(|_| AuthResult::AlreadyHere)?;
        // The password may have been changed, or the account deleted, while it was checked.
        if self.context.accounts.find(reservation.name().key()).is_none_or(|now| now.hash != account.hash) {
            return Err(AuthResult::WrongPassword);
        }
        Ok(reservation)
    }

    /// Starts the session of an admitted user.
    fn start_session(
        &self,
        admitted: AdmittedUser,
        rendering: Rendering,
        request: Option<SessionRequest>,
    ) -> Result<Session, AuthResult> {
        let AdmittedUser { reservation, is_account, room, name_token } = admitted;
        let session = request.as_ref().and_then(|request| self.session_options(request));
        let request = request.unwrap_or_default();
        // Marked before the user is told: afterwards a crowd of new connections cannot replace this one.
        self.guard.mark_signed_in();
        let now = self.context.clock.now();
        let sign_in = SignInRequest {
            outbox: self.outbox.clone(),
            rendering,
            account: is_account,
            room,
            address: self.counted_address(),
            options: SignInOptions {
                rooms: request.rooms.iter().filter_map(|(room, _)| room.clone()).collect(),
                refused_rooms: request.refused_rooms,
                rate: self.advertised_rate(),
                session,
                label: request.label,
                name_token,
            },
        };
        let mut session = self.context.hub.sign_in(reservation, sign_in, now).map_err(AuthResult::Refused)?;
        session.catch_up(&request.rooms, now);
        // The programs of unframed clients take lines that they do not know for talk.
        if !rendering.is_unframed() {
            session.send_room_notices();
        }
        // Only users at a terminal get the recent talk: programs would read lines that they do not expect.
        if self.waited_for_greeting && rendering == Rendering::Text && !is_account {
            session.show_recent(now);
        }
        Ok(session)
    }
}

/// Parses the name token of a sign-in.
fn parse_name_token(text: Option<&str>) -> Result<Option<Token>, AuthResult> {
    let bad = || AuthResult::Refused(Cause::BadObject.with_word("name_token has 32 hexadecimal digits"));
    text.map(|text| Token::parse(text).ok_or_else(bad)).transpose()
}

/// Claims a name that no account has, and that is kept for no guest but `holder`, for a guest or a new account; `reserve`
/// reserves it.
///
/// # Errors
/// The name is taken, belongs to an account or to the server, is kept for another guest, or is reserved.
pub(super) fn claim_name(
    context: &ServerContext,
    name: UserName,
    holder: Option<NameHolder>,
    reserve: impl FnOnce(UserName) -> Result<NameReservation, NameTaken>,
) -> Result<NameReservation, AuthResult> {
    let check_kept = |name: &UserName| context.hub.check_name(name, holder, context.clock.now());
    // The name of an account or of another guest is refused in any case, so its holder is not probed.
    let is_refused = context.accounts.exists(name.key()) || check_kept(&name).is_err();
    let reservation = if is_refused { context.hub.reserve(name) } else { reserve(name) };
    let reservation = reservation.map_err(|taken| {
        let cause = match taken {
            NameTaken::InUse => Cause::NameTaken,
            NameTaken::ServerName => Cause::NameOfServer,
        };
        AuthResult::NameTaken(cause.report())
    })?;
    #[cfg(feature = "faults")]
    crate::faults::strike("sign-in", reservation.name().as_str().as_bytes());
    // Checked again under the reservation: another client may just have registered the name.
    if context.accounts.exists(reservation.name().key()) {
        return Err(AuthResult::NameTaken(Cause::NameRegistered.with_user(reservation.name().to_string())));
    }
    check_kept(reservation.name()).map_err(AuthResult::NameTaken)?;
    // Checked last, so that a name which looks like that of another user is reported as taken.
    reservation.name().check_new().map_err(|why| AuthResult::Refused(why.into()))?;
    Ok(reservation)
}

fn counted_address(address: IpAddr) -> CountedAddress {
    // The network of an IPv6 address comes last.
    let origin = Origin::of(address).last().unwrap_or(Origin::Address(address));
    let multiplier = u32::try_from(origin.multiplier()).unwrap_or(u32::MAX);
    CountedAddress { key: format!("{origin:?}").into(), shown: address.to_string().into(), multiplier }
}

/// Compares two passwords in a time that does not depend on where they differ.
fn equals_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_an_ipv6_network_count_together_at_a_multiple() {
        let of = |text: &str| counted_address(text.parse().unwrap());
        let (one, other) = (of("fd00::1"), of("fd00::2"));
        assert_eq!((&one.key, one.multiplier), (&other.key, 4));
        assert_ne!(one.key, of("fd00:0:0:1::1").key);
        assert_eq!((of("10.0.0.1").multiplier, of("::1").multiplier), (1, 1));
        assert_ne!(of("10.0.0.1").key, of("10.0.0.2").key);
    }
}
