//! The Landline server. [`server::Server::start`] returns the handle of a running server; tests start several in one
//! process.

pub mod banner;
pub mod clock;
pub mod config;
pub mod console;
pub mod discovery;
pub mod door;
pub mod fanout;
#[cfg(feature = "faults")]
pub mod faults;
pub mod guard;
pub mod housekeeping;
pub mod hub;
pub mod import;
pub mod keeping;
pub mod logging;
pub mod moderation;
pub mod net;
pub mod ranked;
pub mod reception;
pub mod reload;
pub mod roster;
pub mod seldom;
pub mod server;
pub mod session;
pub mod signals;
pub mod store;
