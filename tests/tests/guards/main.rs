//! What one client may take: lines, silence, connections, passwords.

mod admission;
mod idle;
mod passwords;
mod rate;
