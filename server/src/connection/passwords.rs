//! Checking passwords, and setting new ones: in the bounds that all of this has together, wherever it is asked for.

use super::ServerContext;
use crate::door::AuthResult;
use crate::guard::{HashError, Throttle, throttle};
use crate::hub::User;
use crate::store::{Account, PasswordError, RegisterError};
use landline_common::command::PasswordChange;
use landline_common::history::HistoryOwner;
use landline_common::limits::{PASSWORD_MAX_BYTES, count};
use landline_common::{Cause, Report, UserName, password};
use std::net::IpAddr;
use std::time::Instant;

/// Passwords as one client may ask about them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passwords<'s> {
    pub(super) context: &'s ServerContext,
    /// Where the client is: attempts are counted there, too.
    pub(super) address: IpAddr,
}

/// A new password that may be set. Until then it counts as an attempt under way.
pub(super) struct NewPassword<'s> {
    passwords: Passwords<'s>,
    text: String,
    attempt: throttle::ThrottledAttempt<'s>,
}

impl<'s> Passwords<'s> {
    /// An attempt of the kind that `throttle` counts, if this address may still make one.
    pub(super) fn throttled<'t>(
        &self,
        throttle: &'t Throttle,
        cause: Cause,
    ) -> Result<throttle::ThrottledAttempt<'t>, AuthResult> {
        throttle.start(self.address, Instant::now()).map_err(|refused| match refused {
            throttle::Throttled::Wait(seconds) => AuthResult::Refused(cause.of_seconds(seconds)),
            throttle::Throttled::Busy => AuthResult::Refused(Cause::AddressBusy.report()),
        })
    }

    /// An attempt at a password, if this address may still make one.
    pub(super) fn attempt(&self) -> Result<throttle::ThrottledAttempt<'s>, AuthResult> {
        self.throttled(&self.context.throttle, Cause::AddressPasswords)
    }

    /// The account of that name, if that is its password.
    pub(super) fn check_account(&self, alias: &str, password: &str) -> Result<Account, AuthResult> {
        let context = self.context;
        let Ok(name) = UserName::parse(alias) else {
            // Nobody can have registered that; it takes as long as if somebody had.
            self.opens(password, None)?;
            return Err(AuthResult::WrongPassword);
        };
        let attempt = context
            .lockout
            .start(name.key(), Instant::now())
            .map_err(|refused| AuthResult::Refused(Cause::Locked.of_seconds(refused.seconds)))?;
        let account = context.accounts.find(name.key());
        let hash = account.as_ref().map(|account| account.hash.as_str());
        let right = self.opens(password, hash)?;
        let is_account = account.is_some();
        let Some(account) = account.filter(|_| right) else {
            // What is no account may be a password typed at the wrong question.
            if attempt.fail(Instant::now()) && is_account {
                log::warn!("{name} is locked after failed passwords, the last from {}", self.address);
            }
            return Err(AuthResult::WrongPassword);
        };
        attempt.succeed();
        Ok(account)
    }

    /// Whether `hash` was made of that password, as it was typed or in its composed form: new accounts have the latter,
    /// older ones the former. Without an account it takes the same time.
    fn opens(&self, password: &str, hash: Option<&str>) -> Result<bool, AuthResult> {
        let verify = |password: &str| self.context.hasher.verify(password, hash).map_err(refusal);
        let composed = password::composed(password);
        Ok(verify(password)? || (composed != password && verify(&composed)?))
    }

    /// A new password, if it is long enough and this address may set one more.
    pub(super) fn new_password(&self, typed: &str) -> Result<NewPassword<'s>, AuthResult> {
        let text = password::composed(typed).into_owned();
        let least = count(self.context.limits.password_min_bytes);
        if !(least..=PASSWORD_MAX_BYTES).contains(&text.len()) {
            return Err(AuthResult::Refused(Cause::PasswordLength.of_count(least as u64)));
        }
        let attempt = self.throttled(&self.context.registrations, Cause::AddressAccounts)?;
        Ok(NewPassword { passwords: *self, text, attempt })
    }

    /// Makes an account of the name of a guest who is here.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn register_guest(&self, guest: &User, password: &str) -> Result<(), Report<'static>> {
        let name = &guest.name;
        // The name may be older than the rules for new ones.
        name.check_new()?;
        let done = self.new_password(password).and_then(|new| new.register(name));
        done.map_err(AuthResult::report)
    }

    /// Changes the password of an account that is here. No session of before can be resumed afterwards.
    ///
    /// # Errors
    /// Why it stays the same.
    pub(super) fn change(&self, owner: &User, change: PasswordChange<'_>) -> Result<(), Report<'static>> {
        self.try_change(owner, change).map_err(AuthResult::report)
    }

    fn try_change(&self, owner: &User, PasswordChange { old, new }: PasswordChange<'_>) -> Result<(), AuthResult> {
        let new = self.new_password(new)?;
        let from_here = self.attempt()?;
        let account = match self.check_account(owner.name.as_str(), old) {
            Err(AuthResult::WrongPassword) => {
                from_here.count(Instant::now());
                log::warn!("a wrong present password of {} from {}", owner.name, self.address);
                return Err(AuthResult::Refused(Cause::WrongOldPassword.report()));
            }
            checked => checked?,
        };
        new.replace(&account)?;
        // The token of this session, too: it may be known to the one for whose sake the password is changed.
        self.context.hub.revoke_session(owner);
        Ok(())
    }
}

impl NewPassword<'_> {
    /// Makes an account of that name, which is claimed.
    pub(super) fn register(self, name: &UserName) -> Result<(), AuthResult> {
        let Passwords { context, address } = self.passwords;
        let hash = context.hasher.hash(&self.text).map_err(refusal)?;
        context.accounts.register(name, hash, context.clock.now()).map_err(|error| match error {
            RegisterError::Taken => AuthResult::Refused(Cause::AliasTaken.report()),
            RegisterError::Full => AuthResult::Refused(Cause::AccountsFull.report()),
            RegisterError::NotStored(why) => {
                if context.log_throttle.allow("accounts", context.poller.uptime()) {
                    log::error!("an account could not be stored: {why}");
                }
                AuthResult::Refused(Cause::AccountNotStored.report())
            }
        })?;
        self.attempt.count(Instant::now());
        // Failures before there was an account say nothing about its password, and would lock out its owner.
        context.lockout.unlock(name.key());
        // A guest of that name whose connection was lost could come back under it without the password.
        context.hub.revoke_lost(|lost, _| lost.key() == name.key());
        log::info!("{name} registered from {address}");
        Ok(())
    }

    /// Replaces the password of an account.
    fn replace(self, account: &Account) -> Result<(), AuthResult> {
        let Passwords { context, address } = self.passwords;
        let (name, key) = (&account.name, account.name.key());
        let hash = context.hasher.hash(&self.text).map_err(refusal)?;
        context.accounts.set_password(key, &account.hash, hash).map_err(|error| match error {
            PasswordError::Changed => AuthResult::Refused(Cause::WrongOldPassword.report()),
            PasswordError::NotStored(why) => {
                if context.log_throttle.allow("accounts", context.poller.uptime()) {
                    log::error!("the new password of {name} could not be stored: {why}");
                }
                AuthResult::Refused(Cause::PasswordNotStored.report())
            }
        })?;
        self.attempt.count(Instant::now());
        let account_of = HistoryOwner::Account(key.clone());
        context.hub.revoke_lost(|_, party| *party == account_of);
        log::info!("{name} has changed the password, from {address}");
        Ok(())
    }
}

fn refusal(error: HashError) -> AuthResult {
    match error {
        HashError::Busy => AuthResult::Refused(Cause::HashesBusy.report()),
        HashError::Unusable => AuthResult::Refused(Cause::PasswordUnusable.report()),
        HashError::Failed(why) => {
            log::error!("a password could not be hashed: {why}");
            AuthResult::Refused(Cause::PasswordUnchecked.report())
        }
    }
}
