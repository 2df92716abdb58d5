//! What a door asks to try: a guest's name, an account, a password. Nothing here writes to the client.

use super::Session;
use crate::door::{Attempt, Outcome};
use crate::guard::{HashError, Throttle, throttle};
use crate::hub::{Claim, NameTaken, Newcomer, Visit};
use crate::store::RegisterError;
use landline_common::limits::{PASSWORD_MAX_BYTES, count};
use landline_common::{Rendering, RoomName, UserName};
use std::time::Instant;

/// Somebody who may come in: the name, whether it is an account's, and the room.
type Admitted = (Claim, bool, RoomName);

impl Session<'_> {
    /// Tries it: somebody who is in, or what the door has to answer.
    pub(super) fn attempt(&self, attempt: Attempt, rendering: Rendering) -> Result<Visit, Outcome> {
        match attempt {
            Attempt::ServerPassword(given) => Err(self.check_server_password(&given).err().unwrap_or(Outcome::Done)),
            Attempt::Guest { name, room, server_password } => self.counted(rendering, || {
                self.check_server_password(server_password.as_deref().unwrap_or_default())?;
                Ok((self.claim_new(name)?, false, room))
            }),
            Attempt::Register { name, password } => Err(self.register(name, &password).err().unwrap_or(Outcome::Done)),
            Attempt::Name { name, password } => self.counted(rendering, || self.come_in(name, &password)),
            Attempt::Login { alias, password } => self.counted(rendering, || self.log_in(&alias, &password)),
        }
    }

    /// Signs in, if that does not happen too often from this address: everybody hears of each coming and going.
    fn counted(
        &self,
        rendering: Rendering,
        sign_in: impl FnOnce() -> Result<Admitted, Outcome>,
    ) -> Result<Visit, Outcome> {
        let attempt = self.throttled(&self.services.sign_ins, 429, "sign-ins")?;
        let admitted = sign_in();
        // Before anybody hears that they are in: from then on it counts for the next one. A right password of somebody
        // who is here has cost as much as any.
        if matches!(admitted, Ok(_) | Err(Outcome::AlreadyHere)) {
            attempt.count(Instant::now());
        }
        admitted.map(|(claim, account, room)| self.welcome(claim, rendering, account, room))
    }

    fn check_server_password(&self, given: &str) -> Result<(), Outcome> {
        if self.services.password.is_none() {
            return Ok(());
        }
        let attempt = self.password_attempt()?;
        if self.is_server_password(given) {
            return Ok(());
        }
        attempt.count(Instant::now());
        log::warn!("a wrong server password from {}", self.stream.address());
        Err(Outcome::WrongPassword)
    }

    fn is_server_password(&self, given: &str) -> bool {
        self.services.password.as_ref().is_some_and(|password| same(password.as_bytes(), given.as_bytes()))
    }

    /// An attempt at a password, if this address may still make one.
    fn password_attempt(&self) -> Result<throttle::Try<'_>, Outcome> {
        self.throttled(&self.services.throttle, 403, "wrong passwords")
    }

    /// An attempt of the kind that `throttle` counts, if this address may still make one.
    fn throttled<'t>(&self, throttle: &'t Throttle, code: u16, what: &str) -> Result<throttle::Try<'t>, Outcome> {
        throttle.attempt(self.stream.address(), Instant::now()).map_err(|refused| match refused {
            throttle::Refused::Wait(seconds) => {
                Outcome::Refused(code, format!("too many {what} from your address; try again in {seconds} s"))
            }
            throttle::Refused::Busy => {
                Outcome::Refused(503, "too many are signing in from your address; try again in a moment".into())
            }
        })
    }

    /// Comes in under a name, where one password stands for the server's and for the account's: LanTalk's way. Nothing
    /// is learned about a name without the server's password.
    fn come_in(&self, name: UserName, password: &str) -> Result<Admitted, Outcome> {
        let (has_password, is_account) = (self.services.password.is_some(), self.services.accounts.exists(name.key()));
        if !password.is_empty() && (has_password || is_account) {
            // Before comparing, or the right guess would get through where wrong ones are refused.
            let from_here = self.password_attempt()?;
            if !self.is_server_password(password) {
                return self.log_in_from(from_here, has_password, name.as_str(), password);
            }
        } else if has_password {
            return Err(Outcome::WrongPassword);
        }
        Ok((self.claim_new(name)?, false, RoomName::lobby()))
    }

    /// Claims a name that no account has. Claiming comes first: an account of that name may just be registered.
    fn claim_new(&self, name: UserName) -> Result<Claim, Outcome> {
        let claim = self.services.hub.claim(name).map_err(|taken| {
            let why = match taken {
                NameTaken::InUse => "that name, or one that looks like it, is in use; choose another",
                NameTaken::Servers => "that is the server's own name; choose another",
            };
            Outcome::NameTaken(why.into())
        })?;
        #[cfg(feature = "faults")]
        crate::faults::strike("sign-in", claim.name().as_str().as_bytes());
        if self.services.accounts.exists(claim.name().key()) {
            let why = "that name belongs to an account; choose another, or LOGIN if it is yours";
            return Err(Outcome::NameTaken(why.into()));
        }
        Ok(claim)
    }

    fn register(&self, name: UserName, password: &str) -> Result<(), Outcome> {
        let least = count(self.services.limits.password_min_bytes);
        if !(least..=PASSWORD_MAX_BYTES).contains(&password.len()) {
            let why = format!("a password needs {least} to {PASSWORD_MAX_BYTES} bytes; nothing was registered");
            return Err(Outcome::Refused(400, why));
        }
        // First: somebody who may make no more accounts could go on asking which names have one.
        let attempt = self.throttled(&self.services.registrations, 429, "new accounts")?;
        let claim = self.claim_new(name)?;
        let hash = self.services.hasher.hash(password).map_err(refusal)?;
        let now = self.services.clock.now();
        self.services.accounts.register(claim.name(), hash, now).map_err(|error| match error {
            RegisterError::Taken => Outcome::Refused(403, "that alias belongs to an account; choose another".into()),
            RegisterError::Full => {
                Outcome::Refused(503, "this server takes no more accounts; come in as a guest".into())
            }
            RegisterError::NotStored(why) => {
                log::error!("an account could not be stored: {why}");
                Outcome::Refused(500, "the account could not be stored; try again, or tell who runs the server".into())
            }
        })?;
        attempt.count(Instant::now());
        log::info!("{} registered from {}", claim.name(), self.stream.address());
        Ok(())
    }

    fn log_in(&self, alias: &str, password: &str) -> Result<Admitted, Outcome> {
        self.log_in_from(self.password_attempt()?, false, alias, password)
    }

    /// Logs in by an attempt that was begun. `was_compared`: this password has been found not to be the server's, so the
    /// attempt counts even where the name is locked, or guesses under a locked name would be free.
    fn log_in_from(
        &self,
        from_here: throttle::Try<'_>,
        was_compared: bool,
        alias: &str,
        password: &str,
    ) -> Result<Admitted, Outcome> {
        let checked = self.check_account(alias, password);
        if matches!(checked, Err(Outcome::WrongPassword)) || (was_compared && checked.is_err()) {
            from_here.count(Instant::now());
        }
        let claim = self.services.hub.claim(checked?).map_err(|_| Outcome::AlreadyHere)?;
        Ok((claim, true, RoomName::lobby()))
    }

    /// The name of the account, if that is its password.
    fn check_account(&self, alias: &str, password: &str) -> Result<UserName, Outcome> {
        let services = self.services;
        let Ok(name) = UserName::parse(alias) else {
            // Nobody can have registered that; it takes as long as if somebody had.
            services.hasher.verify(password, None).map_err(refusal)?;
            return Err(Outcome::WrongPassword);
        };
        let attempt = services
            .lockout
            .attempt(name.key(), Instant::now())
            .map_err(|refused| Outcome::Refused(403, refused.to_string()))?;
        let account = services.accounts.find(name.key());
        let hash = account.as_ref().map(|account| account.hash.as_str());
        let right = services.hasher.verify(password, hash).map_err(refusal)?;
        let is_account = account.is_some();
        let Some(account) = account.filter(|_| right) else {
            // What is no account may be a password typed at the wrong question.
            if attempt.failed(Instant::now()) && is_account {
                log::warn!("{name} is locked after failed passwords, the last from {}", self.stream.address());
            }
            return Err(Outcome::WrongPassword);
        };
        attempt.succeeded();
        Ok(account.name)
    }

    fn welcome(&self, claim: Claim, rendering: Rendering, account: bool, room: RoomName) -> Visit {
        // Before they are told: from then on nobody may take their place.
        self.entry.signed_in();
        let newcomer = Newcomer { outbox: self.outbox.clone(), rendering, account, room };
        self.services.hub.sign_in(claim, newcomer, self.services.clock.now())
    }
}

fn refusal(error: HashError) -> Outcome {
    match error {
        HashError::Busy => Outcome::Refused(503, "too many people are signing in; try again in a moment".into()),
        HashError::Unusable => Outcome::Refused(400, "that password cannot be used; choose another".into()),
        HashError::Failed(why) => {
            log::error!("a password could not be hashed: {why}");
            Outcome::Refused(500, "the password could not be checked; tell who runs the server".into())
        }
    }
}

/// Compares in a time that says nothing about where two passwords differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}
