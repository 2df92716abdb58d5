//! What one client may take: lines, silence, connections, passwords.

mod admission;
mod churn;
mod idle;
mod passwords;
mod rate;
mod together;
