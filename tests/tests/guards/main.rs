//! Limits that protect the server: rates, idle time, connections, passwords.

mod admission;
mod churn;
mod idle;
mod passwords;
mod rate;
mod together;
