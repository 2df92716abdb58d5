//! The contract of the send path (above `server/src/fanout/mod.rs`), line by line, over real sockets.

mod contexts;
mod early_ends;
mod flood;
mod moves;
mod one_order;
mod party;
mod slow;
mod stress;
mod visits;
