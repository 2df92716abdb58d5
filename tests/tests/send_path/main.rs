//! The send path without a hub: outboxes, rooms, flushers and the poller over loopback sockets.

mod mail;
mod model;
mod order;
mod outboxes;
mod pacing;
mod receipts;
mod rig;
mod rooms;
mod tls;
