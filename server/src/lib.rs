//! The Landline server. [`server::Server::start`] returns the handle of a running server; tests start several in one
//! process.

pub mod acceptor;
pub mod ban_row;
pub mod banner;
pub mod clock;
pub mod codec;
pub mod config;
pub mod connection;
pub mod connections;
pub mod console;
pub mod discovery;
pub mod door;
pub mod fanout;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
pub mod guard;
pub mod housekeeping;
pub mod http;
pub mod hub;
pub mod import;
pub mod log_throttle;
pub mod logging;
pub mod moderation;
pub mod net;
pub mod ordered_mutex;
pub mod refuser;
pub mod reload;
pub mod rules_record;
pub mod server;
pub mod signals;
pub mod store;
pub mod store_backend;
pub mod tls;
pub mod web_files;
