//! The contract of the send path (see `server/src/fanout/mod.rs`), line by line, over real sockets. Test names begin
//! with the numbers of the contract's lines.

mod contexts;
mod early_ends;
mod flood;
mod moves;
mod one_order;
mod party;
mod slow;
mod stress;
mod visits;
