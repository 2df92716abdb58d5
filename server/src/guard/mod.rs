//! Limits that protect the server from overload and from password guessing: bounded work, attempts and clients. The
//! time is an argument, except in `probes`, which waits for a probe.

pub mod address_budget;
pub mod admission;
pub mod bans;
pub mod capacity;
pub mod departed;
pub mod hasher;
pub mod idle;
pub mod lockout;
pub mod log_budgets;
pub mod origin;
pub mod probes;
pub mod rate;
pub mod throttle;

pub use address_budget::{AddressBudget, AddressBudgets};
pub use admission::{Admission, AdmissionResult, Stage};
pub use bans::Bans;
pub use capacity::Capacity;
pub use departed::DepartedUsers;
pub use hasher::{HashError, Hasher};
pub use idle::{IdleState, IdleTimer};
pub use lockout::{LockedOut, Lockout, PasswordAttempt};
pub use log_budgets::{LogBudgets, LogCause, LogVerdict};
pub use origin::Origin;
pub use probes::Probes;
pub use rate::{Rate, RateVerdict};
pub use throttle::Throttle;

/// Returns a time in whole seconds, so that a client that waits for them does not try too early.
fn seconds_rounded_up(left: std::time::Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
