//! What all connections share, and what they log.

use crate::clock::Clock;
use crate::fanout::Poller;
use crate::guard::{
    AddressBudgets, Bans, DepartedUsers, Hasher, Lockout, LogBudgets, LogCause, LogVerdict, Probes, Throttle,
};
use crate::http::exchange::ServerFacts;
use crate::hub::Hub;
use crate::log_throttle::KeyedLogThrottle;
use crate::store::{Accounts, Sessions};
use crate::tls::ServerTls;
use ipnet::IpNet;
use landline_common::clean::clean;
use landline_common::{Cause, Limits, Report};
use log::Level;
use std::fmt::Arguments;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

/// Characters of a reason that a banned client is told.
const SHOWN_REASON_CHARS: usize = 200;

/// The parts of a server that each connection uses.
#[derive(Debug)]
pub struct ServerContext {
    /// Users and rooms.
    pub hub: Arc<Hub>,
    /// The registered accounts.
    pub accounts: Arc<Accounts>,
    /// The record of sign-ins and sign-outs.
    pub sessions: Arc<Sessions>,
    /// Hashes and checks passwords.
    pub hasher: Hasher,
    /// Counts failed passwords by name.
    pub lockout: Lockout,
    /// Counts failed passwords by address.
    pub throttle: Throttle,
    /// Counts new accounts by address.
    pub registrations: Throttle,
    /// Counts sign-ins by address.
    pub sign_ins: Throttle,
    /// Bounds the probes of silent clients.
    pub probes: Probes,
    /// Bounds the talk of all sessions of one address together.
    pub budgets: AddressBudgets,
    /// Bounds the log lines that one address causes.
    pub log_budgets: LogBudgets,
    /// Bounds the log lines about a failure that recurs.
    pub log_throttle: KeyedLogThrottle,
    /// The banned addresses.
    pub bans: Arc<Bans>,
    /// The users who left lately.
    pub departed: DepartedUsers,
    /// Finishes sends to slow clients.
    pub poller: Arc<Poller>,
    /// The TLS of all ports; `None` if it is off.
    pub tls: Option<Arc<ServerTls>>,
    /// Clients on other machines must use TLS.
    pub require_tls: bool,
    /// The wall clock, for times that are shown or stored.
    pub clock: Clock,
    /// All numeric limits.
    pub limits: Limits,
    /// The server's password; `None` if guests need none.
    pub password: Option<String>,
    /// The rate limit of a session as lines and window; `None` means no limit.
    pub rate: Option<(u32, Duration)>,
    /// The idle time after which a session ends.
    pub timeout: Duration,
    /// Pings do not restart the idle timeout.
    pub strict_timeout: bool,
    /// Number of clients that arrive on a thread of their own, at present.
    pub arrivals: AtomicUsize,
    /// What answers of HTTP tell about the server.
    pub facts: ServerFacts,
    /// The proxies whose word about the address of a client is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl ServerContext {
    /// Returns the refusal of a banned address, with the end of the ban in the server's local time and the operator's
    /// reason; `None` if it is not banned.
    pub fn ban_report(&self, address: IpAddr) -> Option<Report<'static>> {
        let ban = self.bans.find(address, self.clock.now())?;
        let until =
            ban.until.map_or(String::new(), |until| format!(" until {}", self.clock.at(until.as_millisecond()).date()));
        // bans.json may have been edited by hand.
        let reason: String = clean(&ban.reason).chars().take(SHOWN_REASON_CHARS).collect();
        let reason = if reason.is_empty() { reason } else { format!(" Reason: {reason}") };
        let text = format!("Your address is banned from this server{until}.{reason}");
        Some(Cause::AddressBanned.report().with_text(text))
    }

    /// Logs a line about a client at `address`, unless that address has used up its log lines for this cause.
    pub(super) fn log(&self, address: IpAddr, cause: LogCause, level: Level, line: Arguments<'_>) {
        match self.log_budgets.charge(cause, address, Instant::now()) {
            LogVerdict::Write => log::log!(level, "{line}"),
            LogVerdict::Announce => log::warn!(
                "log: too many lines address={address} cause={cause:?}; further ones are left out, and this is logged \
                 every 10 min"
            ),
            LogVerdict::Skip => {}
        }
    }
}
