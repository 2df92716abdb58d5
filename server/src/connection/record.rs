//! The records of a session: in sessions.jsonl, in the tables of users who were seen and who left lately, and in the log.

use super::ServerContext;
use crate::guard::{LogCause, LogVerdict};
use crate::hub::User;
use crate::store::Record;
use log::Level;
use std::cell::Cell;
use std::net::IpAddr;
use std::time::Instant;

/// Records a sign-in, each change of the name, and the sign-out.
pub(super) struct SessionRecord<'c> {
    context: &'c ServerContext,
    ip: IpAddr,
    address: String,
    port: u16,
    /// One decision for a sign-in and its sign-out: one without the other would look like a session that a kill ended.
    verdict: Cell<LogVerdict>,
}

impl SessionRecord<'_> {
    /// Records the sign-in of a user.
    pub(super) fn begin<'c>(context: &'c ServerContext, ip: IpAddr, port: u16, user: &User) -> SessionRecord<'c> {
        let address = ip.to_string();
        let record = SessionRecord { context, ip, address, port, verdict: Cell::new(LogVerdict::Write) };
        record.sign_in(user);
        record.log(format_args!("session: {} joined address={ip}", user.name));
        record
    }

    /// Records that a user has taken another name: the sign-out of the earlier one, and the sign-in of the new one.
    pub(super) fn rename(&self, former: &User, user: &User) {
        self.sign_out(former, "renamed");
        self.sign_in(user);
        self.log(format_args!("session: {} renamed to={}", former.name, user.name));
    }

    /// Records the sign-out.
    pub(super) fn end(&self, user: &User, reason: &str) {
        self.sign_out(user, reason);
        self.log(format_args!("session: {} left reason={reason:?}", user.name));
    }

    fn sign_in(&self, user: &User) {
        self.verdict.set(self.context.log_budgets.charge(LogCause::Records, self.ip, Instant::now()));
        match self.verdict.get() {
            LogVerdict::Write => self.context.sessions.login(&self.of(user)),
            verdict => self.context.sessions.login_unrecorded(&self.of(user), verdict == LogVerdict::Announce),
        }
    }

    fn sign_out(&self, user: &User, reason: &str) {
        self.context.departed.add(&user.name, self.ip, Instant::now());
        match self.verdict.get() {
            LogVerdict::Write => self.context.sessions.logout(&self.of(user), reason),
            _ => self.context.sessions.logout_unrecorded(&self.of(user)),
        }
    }

    fn of<'r>(&'r self, user: &'r User) -> Record<'r> {
        Record {
            at: self.context.clock.now(),
            name: &user.name,
            account: user.is_account(),
            address: &self.address,
            port: self.port,
        }
    }

    fn log(&self, line: std::fmt::Arguments<'_>) {
        self.context.log(self.ip, LogCause::Sessions, Level::Info, line);
    }
}
