//! Checks passwords and sets new ones. Sign-ins and account commands share this code, so every attempt is counted by
//! the same lockout and throttles.

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

/// The password checks of one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passwords<'s> {
    pub(super) context: &'s ServerContext,
    /// The client's address; attempts are counted by it too.
    pub(super) address: IpAddr,
}

/// A new password that may be set. Until that is done or it is dropped, it counts as an attempt under way.
pub(super) struct NewPassword<'s> {
    passwords: Passwords<'s>,
    text: String,
    attempt: throttle::ThrottledAttempt<'s>,
}

impl<'s> Passwords<'s> {
    /// Starts an attempt that `throttle` counts.
    ///
    /// # Errors
    /// The address has made too many; the refusal has `cause`.
    pub(super) fn start_throttled<'t>(
        &self,
        throttle: &'t Throttle,
        cause: Cause,
    ) -> Result<throttle::ThrottledAttempt<'t>, AuthResult> {
        throttle.start(self.address, Instant::now()).map_err(|refused| match refused {
            throttle::Throttled::Wait(seconds) => AuthResult::Refused(cause.with_seconds(seconds)),
            throttle::Throttled::Busy => AuthResult::Refused(Cause::AddressBusy.report()),
        })
    }

    /// Starts an attempt at a password.
    ///
    /// # Errors
    /// The address has made too many wrong ones.
    pub(super) fn start_attempt(&self) -> Result<throttle::ThrottledAttempt<'s>, AuthResult> {
        self.start_throttled(&self.context.throttle, Cause::AddressPasswords)
    }

    /// Returns the account called `alias` if `password` is its password.
    ///
    /// # Errors
    /// The password is wrong, there is no such account, or the name is locked.
    pub(super) fn check_account(&self, alias: &str, password: &str) -> Result<Account, AuthResult> {
        let context = self.context;
        let Ok(name) = UserName::parse(alias) else {
            // No account can have this name. The check takes the usual time all the same, so that the time tells
            // nothing.
            self.matches(password, None)?;
            return Err(AuthResult::WrongPassword);
        };
        let attempt = context
            .lockout
            .start(name.key(), Instant::now())
            .map_err(|refused| AuthResult::Refused(Cause::Locked.with_seconds(refused.seconds)))?;
        let account = context.accounts.find(name.key());
        let is_right = self.matches(password, account.as_ref())?;
        let is_account = account.is_some();
        let Some(account) = account.filter(|_| is_right) else {
            // Logs names of accounts only: any other text may be a password typed at the wrong question.
            if attempt.fail(Instant::now()) && is_account {
                log::warn!(
                    "accounts: locked after failed passwords user={name} address={}; /unlock {name} at the console \
                     ends the lock early",
                    self.address
                );
            }
            return Err(AuthResult::WrongPassword);
        };
        attempt.succeed();
        Ok(account)
    }

    /// Returns true if the hash of `account` was made from the password as typed, or from its composed Unicode form.
    /// New accounts have the latter, older ones the former. Without an account it does the same work and returns false.
    fn matches(&self, password: &str, account: Option<&Account>) -> Result<bool, AuthResult> {
        let hash = account.map(|account| account.hash.as_str());
        let user = account.map_or("", |account| account.name.as_str());
        let outcome = "the password was not checked; if the hash in accounts.json is damaged, /account NAME password \
                       at the console sets a new one";
        let refuse = |error| refusal(&error, user, outcome);
        let verify = |password: &str| self.context.hasher.verify(password, hash).map_err(refuse);
        let composed = password::to_nfc(password);
        Ok(verify(password)? || (composed != password && verify(&composed)?))
    }

    /// Accepts a new password.
    ///
    /// # Errors
    /// Its length is out of bounds, or the address has set too many.
    pub(super) fn new_password(&self, typed: &str) -> Result<NewPassword<'s>, AuthResult> {
        let text = password::to_nfc(typed).into_owned();
        let least = count(self.context.limits.password_min_bytes);
        if !(least..=PASSWORD_MAX_BYTES).contains(&text.len()) {
            return Err(AuthResult::Refused(Cause::PasswordLength.with_count(least as u64)));
        }
        let attempt = self.start_throttled(&self.context.registrations, Cause::AddressAccounts)?;
        Ok(NewPassword { passwords: *self, text, attempt })
    }

    /// Registers the name of a signed-in guest as an account.
    ///
    /// # Errors
    /// The report says why no account was made.
    pub(super) fn register_guest(&self, guest: &User, password: &str) -> Result<(), Report<'static>> {
        let name = &guest.name;
        // A session may be older than the rules for new names.
        name.check_new()?;
        let registered = self.new_password(password).and_then(|new| new.register(name));
        registered.map_err(AuthResult::report)
    }

    /// Changes the password of a signed-in account. Its earlier sessions cannot be resumed afterwards.
    ///
    /// # Errors
    /// The report says why the password stays the same.
    pub(super) fn change_password(&self, owner: &User, change: PasswordChange<'_>) -> Result<(), Report<'static>> {
        self.try_change_password(owner, change).map_err(AuthResult::report)
    }

    fn try_change_password(
        &self,
        owner: &User,
        PasswordChange { old, new }: PasswordChange<'_>,
    ) -> Result<(), AuthResult> {
        let new = self.new_password(new)?;
        let attempt = self.start_attempt()?;
        let account = match self.check_account(owner.name.as_str(), old) {
            Err(AuthResult::WrongPassword) => {
                attempt.count(Instant::now());
                log::warn!(
                    "accounts: /password with a wrong present password user={} address={}; the password stays",
                    owner.name,
                    self.address
                );
                return Err(AuthResult::Refused(Cause::WrongOldPassword.report()));
            }
            checked => checked?,
        };
        new.replace(&account)?;
        // Revokes the token of this session too: the password may be changed because an attacker has both.
        self.context.hub.revoke_session(owner);
        Ok(())
    }
}

impl NewPassword<'_> {
    /// Registers an account under `name`, which the caller has reserved.
    pub(super) fn register(self, name: &UserName) -> Result<(), AuthResult> {
        let Passwords { context, address } = self.passwords;
        let refuse = |error| refusal(&error, name.as_str(), "nothing was registered");
        let hash = context.hasher.hash(&self.text).map_err(refuse)?;
        context.accounts.register(name, hash, context.clock.now()).map_err(|error| match error {
            RegisterError::Taken(_) => AuthResult::Refused(Cause::AliasTaken.report()),
            RegisterError::Full => AuthResult::Refused(Cause::AccountsFull.report()),
            RegisterError::NotStored(why) => {
                if context.log_throttle.allow("accounts", context.poller.uptime()) {
                    log::error!(
                        "accounts: accounts.json not written user={name}: {why}; nothing is registered now, and \
                         the user was told to try again; if this repeats, check the disk"
                    );
                }
                AuthResult::Refused(Cause::AccountNotStored.report())
            }
        })?;
        self.attempt.count(Instant::now());
        // Failures under this name before there was an account were not guesses at its password. They would lock out
        // its owner.
        context.lockout.unlock(name.key());
        // A guest of that name whose connection was lost could resume under it without the password.
        context.hub.revoke_lost(|lost, _| lost.key() == name.key());
        log::info!("accounts: registered user={name} address={address}");
        Ok(())
    }

    /// Replaces the password of an account.
    fn replace(self, account: &Account) -> Result<(), AuthResult> {
        let Passwords { context, address } = self.passwords;
        let name = &account.name;
        let key = name.key();
        let refuse = |error| refusal(&error, name.as_str(), "the old password stays");
        let hash = context.hasher.hash(&self.text).map_err(refuse)?;
        context.accounts.set_password(key, &account.hash, hash).map_err(|error| match error {
            PasswordError::Changed => AuthResult::Refused(Cause::WrongOldPassword.report()),
            PasswordError::NotStored(why) => {
                if context.log_throttle.allow("accounts", context.poller.uptime()) {
                    log::error!(
                        "accounts: accounts.json not written user={name}: {why}; the old password stays, and \
                         the user was told to try again; if this repeats, check the disk"
                    );
                }
                AuthResult::Refused(Cause::PasswordNotStored.report())
            }
        })?;
        self.attempt.count(Instant::now());
        let account_of = HistoryOwner::Account(key.clone());
        context.hub.revoke_lost(|_, owner| *owner == account_of);
        log::info!("accounts: password changed user={name} address={address}");
        Ok(())
    }
}

/// Returns the refusal for a password that was not hashed or checked. Logs a failure of bcrypt with its `outcome`.
fn refusal(error: &HashError, user: &str, outcome: &str) -> AuthResult {
    match error {
        HashError::Busy => AuthResult::Refused(Cause::HashesBusy.report()),
        HashError::Unusable => AuthResult::Refused(Cause::PasswordUnusable.report()),
        HashError::Failed(_) => {
            log::error!("accounts: {error} user={user}; {outcome}");
            AuthResult::Refused(Cause::PasswordUnchecked.report())
        }
    }
}
